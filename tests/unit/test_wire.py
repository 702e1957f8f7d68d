"""The shapes on the wire: lengths as SWF counts them, envelopes, references."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wire
from errors import InvalidInputError

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "characters"),
    [("", 0), ("abc", 3), ("é", 1), ("漢字", 2), ("\U0001f600", 2), ("a\U0001f600é", 4)],
)
def test_length_counts_a_character_outside_the_basic_plane_twice(
    text: str, characters: int
) -> None:
    assert wire.length(text) == characters


@given(st.text(max_size=60), st.integers(1, 30))
def test_cut_fits_and_leaves_short_texts_alone(text: str, room: int) -> None:
    kept = wire.cut(text, room)
    assert wire.length(kept) <= room
    if wire.length(text) <= room:
        assert kept == text
    else:
        assert kept.endswith("…")
        assert text.startswith(kept[:-1])


@given(values)
def test_json_text_is_compact_and_comes_back(value: wire.Json) -> None:
    text = wire.dumps(value)
    assert wire.loads(text) == value
    assert text == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def test_not_a_number_is_no_json() -> None:
    with pytest.raises(ValueError, match="JSON"):
        wire.dumps(float("nan"))


@pytest.mark.parametrize(("text", "value"), [(None, None), ("no json", "no json"), ("1", 1)])
def test_loads_gives_the_text_itself_where_it_is_not_json(
    text: str | None, value: wire.Json
) -> None:
    assert wire.loads(text) == value


class TestStartInput:
    @given(values)
    def test_what_goes_in_comes_out(self, value: wire.Json) -> None:
        envelope = {"start_id": "s", "snapshot": {"a": 1}}
        assert wire.unwrap_start(wire.wrap_start(value, envelope)) == (value, envelope)

    def test_an_object_keeps_its_members_beside_the_envelope(self) -> None:
        wrapped = wire.wrap_start({"order_id": "ORD-1"}, {"start_id": "s"})
        assert wrapped == {"order_id": "ORD-1", "_process": {"start_id": "s"}}

    def test_anything_else_goes_inside_it(self) -> None:
        assert wire.wrap_start([1], {"start_id": "s"}) == {
            "_process": {"start_id": "s", "input": [1]}
        }
        reference = wire.reference("0" * 64, 1)
        assert wire.wrap_start(reference, {})["_process"]["input"] == reference

    @pytest.mark.parametrize("value", [{"a": 1}, [1], None, "x", {"_process": "not ours"}])
    def test_a_start_by_hand_has_no_envelope(self, value: wire.Json) -> None:
        assert wire.unwrap_start(value) == (value, {})


class TestReservedKeys:
    @pytest.mark.parametrize(
        "value",
        [{"_process": 1}, {"a": [{"_process_ref": {}}]}, [[{"b": {"_process": None}}]]],
    )
    def test_are_refused_at_any_depth(self, value: wire.Json) -> None:
        with pytest.raises(InvalidInputError, match="reserved key '_process"):
            wire.check_free_of_reserved_keys(value)

    def test_may_stand_in_texts(self) -> None:
        wire.check_free_of_reserved_keys({"a": "_process", "b": ["_process_ref"]})


@pytest.mark.parametrize(
    "value",
    [
        {"_process_ref": {"sha256": "x"}, "more": 1},
        {"_process_ref": "x"},
        ["_process_ref"],
        None,
    ],
)
def test_a_reference_is_an_object_with_that_one_key(value: wire.Json) -> None:
    assert wire.is_reference(wire.reference("0" * 64, 5))
    assert not wire.is_reference(value)
