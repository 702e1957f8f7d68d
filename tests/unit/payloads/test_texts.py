"""Large values by reference: kept whole, found again, never trusted."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import payloads
import wire
from errors import PayloadError
from payloads import PayloadStore

LONG = "x" * (wire.PAYLOAD_CHARACTERS + 1)


@pytest.fixture
def store(tmp_path: Path) -> PayloadStore:
    return PayloadStore(tmp_path / "payloads")


def file_of(store: PayloadStore, reference: wire.Json) -> Path:
    sha256 = str(reference[wire.REFERENCE]["sha256"])
    return store.folder / sha256[:2] / sha256[2:4] / sha256


class TestStore:
    @pytest.mark.parametrize("text", ["", "x", "é漢\U0001f600", "lone \ud800", "line\r\nline"])
    def test_gives_back_what_was_put(self, store: PayloadStore, text: str) -> None:
        assert store.get(store.put(text)) == text

    def test_a_reference_names_hash_and_size_in_bytes(self, store: PayloadStore) -> None:
        sha256 = hashlib.sha256("é".encode()).hexdigest()
        assert store.put("é") == {"_process_ref": {"sha256": sha256, "size": 2}}

    def test_the_same_text_is_one_file_and_nothing_else_is_left(self, store: PayloadStore) -> None:
        reference = store.put(LONG)
        before = file_of(store, reference).stat().st_ino
        assert store.put(LONG) == reference
        files = [path for path in store.folder.rglob("*") if path.is_file()]
        assert files == [file_of(store, reference)]
        assert files[0].stat().st_ino == before

    def test_what_was_torn_is_written_again(self, store: PayloadStore) -> None:
        reference = store.put(LONG)
        file_of(store, reference).write_text("torn")
        assert store.put(LONG) == reference
        assert store.get(reference) == LONG

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
    def test_others_may_not_read_it(self, store: PayloadStore) -> None:
        path = file_of(store, store.put(LONG))
        assert stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO == 0

    def test_a_missing_value_says_where_to_look(self, store: PayloadStore) -> None:
        with pytest.raises(PayloadError, match="set DATA_DIR to a folder that all processes share"):
            store.get(wire.reference("0" * 64, 3))

    @pytest.mark.parametrize("content", ["short", "y" * len(LONG)])
    def test_a_changed_value_is_refused(self, store: PayloadStore, content: str) -> None:
        reference = store.put(LONG)
        file_of(store, reference).write_text(content)
        with pytest.raises(PayloadError, match="is damaged"):
            store.get(reference)

    def test_an_unreadable_value_is_told(self, store: PayloadStore) -> None:
        reference = store.put(LONG)
        file_of(store, reference).unlink()
        file_of(store, reference).mkdir()
        with pytest.raises(PayloadError, match="cannot be read"):
            store.get(reference)

    def test_a_folder_that_cannot_be_written_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(PayloadError, match="DATA_DIR"):
            PayloadStore(tmp_path / "file" / "payloads").put("x")

    @pytest.mark.parametrize(
        "inner",
        [
            {},
            {"sha256": "../../etc/passwd", "size": 1},
            {"sha256": "0" * 63, "size": 1},
            {"sha256": "A" * 64, "size": 1},
            {"sha256": "0" * 64 + "\n", "size": 1},
            {"sha256": "0" * 64},
            {"sha256": "0" * 64, "size": -1},
            {"sha256": "0" * 64, "size": True},
            {"sha256": ["0" * 64], "size": 1},
        ],
    )
    def test_a_malformed_reference_leads_nowhere(
        self, store: PayloadStore, inner: wire.Json
    ) -> None:
        with pytest.raises(PayloadError, match="not a reference"):
            store.get({wire.REFERENCE: inner})


class TestTexts:
    def test_what_swf_takes_stays(self, store: PayloadStore) -> None:
        text = "x" * wire.PAYLOAD_CHARACTERS
        assert payloads.shrink(text, store) == text
        assert not store.folder.exists()

    @pytest.mark.parametrize("text", [LONG, "\U0001f600" * 16_385])
    def test_what_it_does_not_becomes_a_reference(self, store: PayloadStore, text: str) -> None:
        short = payloads.shrink(text, store)
        assert wire.is_reference(wire.loads(short))
        assert payloads.expand(short, store) == text

    @pytest.mark.parametrize("text", ["", "x", '{"_process_ref":1}', '"_process_ref"', "{"])
    def test_other_texts_expand_to_themselves(self, store: PayloadStore, text: str) -> None:
        assert payloads.expand(text, store) == payloads.expand_deep(text, store) == text

    def test_expand_resolves_only_the_whole(self, store: PayloadStore) -> None:
        text = wire.dumps({"a": store.put("1")})
        assert payloads.expand(text, store) == text
        assert payloads.expand_deep(text, store) == '{"a":1}'


class TestStartTexts:
    """The input of a start keeps its envelope readable."""

    def shrunk(self, store: PayloadStore, value: wire.Json, **envelope: wire.Json) -> wire.Json:
        text = wire.dumps(wire.wrap_start(value, {"start_id": "s", **envelope}))
        short = payloads.shrink_start(text, store)
        assert wire.length(short) <= wire.PAYLOAD_CHARACTERS
        expanded = payloads.expand_all(wire.loads(short), store)
        assert wire.unwrap_start(expanded) == wire.unwrap_start(wire.loads(text))
        return wire.loads(short)

    def test_a_short_one_stays(self, store: PayloadStore) -> None:
        assert self.shrunk(store, {"a": 1}) == {"a": 1, "_process": {"start_id": "s"}}

    @pytest.mark.parametrize("value", [{"a": LONG}, [LONG], LONG])
    def test_the_callers_value_becomes_a_reference(
        self, store: PayloadStore, value: wire.Json
    ) -> None:
        envelope = self.shrunk(store, value, snapshot={"b": 1})[wire.ENVELOPE]
        assert envelope["start_id"] == "s"
        assert envelope["snapshot"] == {"b": 1}
        assert wire.is_reference(envelope["input"])

    def test_a_long_snapshot_does_and_the_value_stays(self, store: PayloadStore) -> None:
        short = self.shrunk(store, {"a": 1}, snapshot={"b": LONG})
        assert short["a"] == 1
        assert wire.is_reference(short[wire.ENVELOPE]["snapshot"])

    def test_both_do_when_both_are_long(self, store: PayloadStore) -> None:
        envelope = self.shrunk(store, {"a": LONG}, snapshot={"b": LONG})[wire.ENVELOPE]
        assert wire.is_reference(envelope["input"])
        assert wire.is_reference(envelope["snapshot"])

    def test_an_envelope_too_long_by_itself_goes_whole(self, store: PayloadStore) -> None:
        assert wire.is_reference(self.shrunk(store, {"a": 1}, resume={"input": LONG}))

    def test_a_text_without_envelope_goes_whole(self, store: PayloadStore) -> None:
        assert wire.is_reference(wire.loads(payloads.shrink_start(wire.dumps([LONG]), store)))


json_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(categories=["Ll"]), max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


class TestExpandAll:
    @settings(max_examples=50, deadline=None)
    @given(value=json_values, data=st.data())
    def test_references_anywhere_are_replaced(
        self, value: wire.Json, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        store = PayloadStore(tmp_path_factory.getbasetemp() / "expand-all")

        def hide(item: wire.Json) -> wire.Json:
            if isinstance(item, dict):
                item = {key: hide(inner) for key, inner in item.items()}
            elif isinstance(item, list):
                item = [hide(inner) for inner in item]
            return store.put(wire.dumps(item)) if data.draw(st.booleans()) else item

        assert payloads.expand_all(hide(value), store) == value

    def test_the_value_given_is_not_changed(self, store: PayloadStore) -> None:
        value = {"a": [store.put("1")]}
        before = wire.dumps(value)
        assert payloads.expand_all(value, store) == {"a": [1]}
        assert wire.dumps(value) == before

    def test_content_that_is_not_json_is_text(self, store: PayloadStore) -> None:
        assert payloads.expand_all([store.put("plain text")], store) == ["plain text"]

    def test_deep_values_do_not_exhaust_the_stack(self, store: PayloadStore) -> None:
        value: wire.Json = store.put("1")
        for _ in range(5000):
            value = [value]
        expanded = payloads.expand_all(value, store)
        for _ in range(5000):
            (expanded,) = expanded
        assert expanded == 1

    def test_references_nested_too_deep_are_refused(self, store: PayloadStore) -> None:
        value: wire.Json = 1
        for _ in range(payloads.NESTED_REFERENCES + 1):
            value = store.put(wire.dumps(value))
        with pytest.raises(PayloadError, match="not made by this application"):
            payloads.expand_all(value, store)

    def test_so_is_what_would_fill_the_memory(
        self, store: PayloadStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(payloads, "EXPANDED_BYTES", 10_000)
        value: wire.Json = 1
        for _ in range(20):
            value = [store.put(wire.dumps([value] * 4))] * 4
        with pytest.raises(PayloadError, match="not made by this application"):
            payloads.expand_all(value, store)

    def test_a_forged_file_that_refers_to_itself_is_refused(self, store: PayloadStore) -> None:
        reference = wire.reference("a" * 64, 0)
        file_of(store, reference).parent.mkdir(parents=True)
        file_of(store, reference).write_text(wire.dumps(reference))
        with pytest.raises(PayloadError, match="is damaged"):
            payloads.expand_all(reference, store)
