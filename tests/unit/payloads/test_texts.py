"""Texts on their way to SWF and back: short enough, sealed with keys, never trusted."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import config
import wire
from errors import PayloadError, PayloadKeyError, PayloadStoreError
from payloads import Codec, DirectoryStore, Payloads, S3Store, texts
from payloads.stores import NoStore, name_of, place

LONG = "x" * (wire.PAYLOAD_CHARACTERS + 1)
KEYS = (("k1", b"1" * 32), ("k0", b"0" * 32))


@pytest.fixture(params=[(), KEYS], ids=["plain", "sealed"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Payloads:
    """The whole chain on a folder, without keys and with them."""
    return Payloads(DirectoryStore(tmp_path / "payloads"), Codec(request.param))


@pytest.fixture
def plain(tmp_path: Path) -> Payloads:
    return Payloads(DirectoryStore(tmp_path / "payloads"))


@pytest.fixture
def sealing(tmp_path: Path) -> Payloads:
    return Payloads(DirectoryStore(tmp_path / "payloads"), Codec(KEYS))


def folder_of(payloads: Payloads) -> Path:
    assert isinstance(payloads.store, DirectoryStore)
    return payloads.store.folder


def file_of(payloads: Payloads, reference: wire.Json) -> Path:
    return folder_of(payloads) / place(str(reference[wire.REFERENCE]["sha256"]))


def noise(characters: int) -> str:
    """Text that does not compress."""
    return "".join(map(chr, random.Random(7).choices(range(0x4E00, 0x9FFF), k=characters)))


class TestReferences:
    @pytest.mark.parametrize("text", ["", "x", "é漢\U0001f600", "lone \ud800", "a\r\nb", LONG])
    def test_give_back_what_was_put(self, store: Payloads, text: str) -> None:
        assert store.get(store.put(text)) == text

    def test_name_hash_and_size_of_what_is_stored(self, store: Payloads) -> None:
        reference = store.put(LONG)
        data = file_of(store, reference).read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        assert reference == {"_process_ref": {"sha256": sha256, "size": len(data)}}

    def test_the_same_plain_text_is_one_file(self, plain: Payloads) -> None:
        assert plain.put(LONG) == plain.put(LONG)

    def test_the_same_sealed_text_is_not_for_that_would_tell(self, sealing: Payloads) -> None:
        assert sealing.put(LONG) != sealing.put(LONG)

    @pytest.mark.parametrize("text", [LONG, "é" * 40_000, '{"a":1}', "lone \ud800"])
    def test_what_the_release_before_stored_is_still_read(self, store: Payloads, text: str) -> None:
        data = text.encode("utf-8", "surrogatepass")
        store.store.put(name_of(data), data)
        assert store.get(wire.reference(name_of(data), len(data))) == text

    @pytest.mark.parametrize("content", [b"short", b"y" * 60])
    def test_a_changed_value_is_refused_by_its_name(self, store: Payloads, content: bytes) -> None:
        reference = store.put(LONG)
        file_of(store, reference).write_bytes(content)
        with pytest.raises(PayloadError, match=reference[wire.REFERENCE]["sha256"] + ".*damaged"):
            store.get(reference)

    def test_a_wrong_size_too(self, store: Payloads) -> None:
        reference = store.put(LONG)
        reference[wire.REFERENCE]["size"] += 1
        with pytest.raises(PayloadError, match="damaged"):
            store.get(reference)

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
    def test_malformed_lead_nowhere(self, store: Payloads, inner: wire.Json) -> None:
        with pytest.raises(PayloadError, match="not a reference"):
            store.get({wire.REFERENCE: inner})

    def test_other_members_are_for_later_releases(self, store: Payloads) -> None:
        reference = store.put(LONG)
        reference[wire.REFERENCE]["later"] = 1
        assert store.get(reference) == LONG


class TestSealing:
    @pytest.mark.parametrize("text", ["x", '{"card":"4111"}', "lone \ud800", "a" * 30_000])
    def test_a_short_text_is_sealed_where_it_stands(self, sealing: Payloads, text: str) -> None:
        sealed = sealing.shrink(text)
        assert wire.loads(sealed)[wire.SEALED]["k"] == "k1"
        assert not folder_of(sealing).exists()
        assert sealing.expand(sealed) == sealing.expand_deep(sealed) == text

    def test_one_that_no_longer_fits_is_stored(self, sealing: Payloads) -> None:
        text = noise(wire.PAYLOAD_CHARACTERS)
        short = sealing.shrink(text)
        assert wire.is_reference(wire.loads(short))
        assert sealing.expand(short) == text

    def test_nothing_is_nothing(self, sealing: Payloads) -> None:
        assert sealing.shrink("") == sealing.cut_to("", 10) == ""

    def test_without_the_key_the_error_names_it(self, sealing: Payloads, plain: Payloads) -> None:
        with pytest.raises(PayloadKeyError, match=r"'k1'.*PAYLOAD_KEYS") as raised:
            plain.expand(sealing.shrink("x"))
        assert raised.value.key_id == "k1"

    @pytest.mark.parametrize("inner", ["1", "{}", '{"d":1}', '{"d":"***"}', '{"k":"k1","d":"eA"}'])
    def test_what_is_not_ours_is_told(self, sealing: Payloads, inner: str) -> None:
        with pytest.raises(PayloadError, match="not a sealed text"):
            sealing.opened(f'{{"_process_enc":{inner}}}')

    @pytest.mark.parametrize("text", ["x" * 5_000, noise(3_000), "\U0001f600" * 3_000])
    def test_a_heartbeat_takes_as_much_as_fits(self, store: Payloads, text: str) -> None:
        short = store.cut_to(text, 2_048)
        assert wire.length(short) <= 2_048
        shown = store.opened(short)
        assert text.startswith(shown[:400])


class TestSettings:
    @pytest.mark.parametrize(
        ("environment", "kind"),
        [
            ({}, DirectoryStore),
            ({"PAYLOAD_STORE": "there"}, DirectoryStore),
            ({"PAYLOAD_STORE": "s3://bucket/a/b"}, S3Store),
            ({"SWF_ENDPOINT": "aws", "PAYLOAD_STORE": "there"}, DirectoryStore),
            ({"SWF_ENDPOINT": "aws"}, NoStore),
        ],
    )
    def test_choose_the_store(self, environment: dict[str, str], kind: type) -> None:
        assert isinstance(Payloads.of(config.load(environment)).store, kind)

    def test_bucket_and_prefix(self) -> None:
        store = Payloads.of(config.load({"PAYLOAD_STORE": "s3://bucket/a/b/"})).store
        assert isinstance(store, S3Store)
        assert (store.bucket, store.prefix, str(store)) == ("bucket", "a/b", "s3://bucket/a/b")

    def test_on_aws_without_one_only_what_is_too_long_fails(self) -> None:
        payloads = Payloads.of(config.load({"SWF_ENDPOINT": "aws"}))
        assert payloads.shrink("short") == "short"
        with pytest.raises(PayloadStoreError, match="set PAYLOAD_STORE to s3://"):
            payloads.shrink(LONG)
        with pytest.raises(PayloadStoreError, match="set PAYLOAD_STORE"):
            payloads.get(wire.reference("0" * 64, 1))
        with pytest.raises(PayloadStoreError, match="set PAYLOAD_STORE"):
            payloads.store.list()
        with pytest.raises(PayloadStoreError, match="set PAYLOAD_STORE"):
            payloads.store.delete("0" * 64, unless_since=0)


class TestTexts:
    def test_what_swf_takes_stays(self, plain: Payloads) -> None:
        text = "x" * wire.PAYLOAD_CHARACTERS
        assert plain.shrink(text) is text
        assert not folder_of(plain).exists()

    @pytest.mark.parametrize("text", [LONG, "\U0001f600" * 16_385])
    def test_what_it_does_not_becomes_a_reference(self, store: Payloads, text: str) -> None:
        short = store.shrink(text)
        assert wire.is_reference(wire.loads(short))
        assert store.expand(short) == text

    @pytest.mark.parametrize("text", ["", "x", '{"_process_ref":1}', '"_process_ref"', "{"])
    def test_other_texts_expand_to_themselves(self, store: Payloads, text: str) -> None:
        assert store.expand(text) == store.expand_deep(text) == text

    def test_expand_resolves_only_the_whole(self, store: Payloads) -> None:
        text = wire.dumps({"a": store.put("1")})
        assert store.expand(text) == text
        assert store.expand_deep(text) == '{"a":1}'


class TestStartTexts:
    """The input of a start keeps its envelope readable."""

    def shrunk(self, store: Payloads, value: wire.Json, **envelope: wire.Json) -> wire.Json:
        text = wire.dumps(wire.wrap_start(value, {"start_id": "s", **envelope}))
        sent = store.shrink_start(text)
        assert wire.length(sent) <= wire.PAYLOAD_CHARACTERS
        short = store.opened(sent)
        expanded = store.expand_all(wire.loads(short))
        assert wire.unwrap_start(expanded) == wire.unwrap_start(wire.loads(text))
        return wire.loads(short)

    def test_a_short_one_stays(self, store: Payloads) -> None:
        assert self.shrunk(store, {"a": 1}) == {"a": 1, "_process": {"start_id": "s"}}

    @pytest.mark.parametrize("value", [{"a": LONG}, [LONG], LONG])
    def test_the_callers_value_becomes_a_reference(self, store: Payloads, value: wire.Json) -> None:
        envelope = self.shrunk(store, value, snapshot={"b": 1})[wire.ENVELOPE]
        assert envelope["start_id"] == "s"
        assert envelope["snapshot"] == {"b": 1}
        assert wire.is_reference(envelope["input"])

    def test_a_long_snapshot_does_and_the_value_stays(self, store: Payloads) -> None:
        short = self.shrunk(store, {"a": 1}, snapshot={"b": LONG})
        assert short["a"] == 1
        assert wire.is_reference(short[wire.ENVELOPE]["snapshot"])

    def test_both_do_when_both_are_long(self, store: Payloads) -> None:
        envelope = self.shrunk(store, {"a": LONG}, snapshot={"b": LONG})[wire.ENVELOPE]
        assert wire.is_reference(envelope["input"])
        assert wire.is_reference(envelope["snapshot"])

    def test_an_envelope_too_long_by_itself_goes_whole(self, store: Payloads) -> None:
        assert wire.is_reference(self.shrunk(store, {"a": 1}, resume={"input": LONG}))

    def test_a_text_without_envelope_goes_whole(self, store: Payloads) -> None:
        assert wire.is_reference(wire.loads(store.shrink_start(wire.dumps([LONG]))))


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
        store = Payloads(DirectoryStore(tmp_path_factory.getbasetemp() / "expand-all"))

        def hide(item: wire.Json) -> wire.Json:
            if isinstance(item, dict):
                item = {key: hide(inner) for key, inner in item.items()}
            elif isinstance(item, list):
                item = [hide(inner) for inner in item]
            return store.put(wire.dumps(item)) if data.draw(st.booleans()) else item

        assert store.expand_all(hide(value)) == value

    def test_the_value_given_is_not_changed(self, store: Payloads) -> None:
        value = {"a": [store.put("1")]}
        before = wire.dumps(value)
        assert store.expand_all(value) == {"a": [1]}
        assert wire.dumps(value) == before

    def test_content_that_is_not_json_is_text(self, store: Payloads) -> None:
        assert store.expand_all([store.put("plain text")]) == ["plain text"]

    def test_deep_values_do_not_exhaust_the_stack(self, store: Payloads) -> None:
        value: wire.Json = store.put("1")
        for _ in range(5000):
            value = [value]
        expanded = store.expand_all(value)
        for _ in range(5000):
            (expanded,) = expanded
        assert expanded == 1

    def test_references_nested_too_deep_are_refused(self, store: Payloads) -> None:
        value: wire.Json = 1
        for _ in range(texts.NESTED_REFERENCES + 1):
            value = store.put(wire.dumps(value))
        with pytest.raises(PayloadError, match="not made by this application"):
            store.expand_all(value)

    def test_so_is_what_would_fill_the_memory(
        self, store: Payloads, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(texts, "EXPANDED_BYTES", 10_000)
        value: wire.Json = 1
        for _ in range(20):
            value = [store.put(wire.dumps([value] * 4))] * 4
        with pytest.raises(PayloadError, match="not made by this application"):
            store.expand_all(value)

    def test_a_forged_file_that_refers_to_itself_is_refused(self, store: Payloads) -> None:
        reference = wire.reference("a" * 64, 0)
        file_of(store, reference).parent.mkdir(parents=True)
        file_of(store, reference).write_text(wire.dumps(reference))
        with pytest.raises(PayloadError, match="is damaged"):
            store.expand_all(reference)
