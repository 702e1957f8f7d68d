import time
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given, settings

import pictures
from pictures import Seen, svg
from pictures.reading import every_scope, read
from pictures.seen import OUTCOMES

from .documents import chain, machine, nested, scopes, spoiled, task

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</text><script>alert('\"&#x0;\x00\ud800\uffff\n]]>"


def groups(text: str) -> list[ET.Element]:
    return [one for one in ET.fromstring(text).iter(f"{SVG}g") if one.get("data-state") is not None]


def words(element: ET.Element) -> str:
    return " ".join("".join(text.itertext()) for text in element.iter(f"{SVG}text"))


def drawn(document: dict[str, Any], **seen: Seen) -> dict[str, ET.Element]:
    return {one.get("data-state", ""): one for one in groups(svg(document, seen))}


@given(scopes())
@settings(max_examples=60, deadline=None)
def test_every_state_appears_once(document):
    found = groups(svg(document))
    assert len({one.get("id") for one in found}) == len(found)
    states = [name for scope in every_scope(read(document)) for name in scope.states]
    assert len(found) == len(states)


@given(scopes())
@settings(max_examples=30, deadline=None)
def test_the_same_document_gives_the_same_bytes(document):
    assert svg(document).encode() == svg(document).encode()


@given(spoiled())
@settings(max_examples=150, deadline=None)
def test_no_dict_makes_it_raise(document):
    ET.fromstring(svg(document).encode())


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"StartAt": None, "States": []},
        {"StartAt": "A", "States": {}},
        {"States": {"A": None, "B": 1, "C": []}},
        {"StartAt": "A", "States": {"A": {"Type": ["Task"], "Next": {}, "Catch": {"Next": 1}}}},
        {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": float("nan")}}},
        {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 10**400}}},
        {"StartAt": "A", "States": {"A": {"Type": "Parallel", "Branches": [{}, None, []]}}},
        {1: 2, "States": {3: {"Type": "Pass", "Next": "4"}}},
    ],
)
def test_what_is_not_understood_is_left_out(document):
    ET.fromstring(svg(document))


def test_the_room_offers_these_names_alone():
    assert pictures.__all__ == ["DARK", "STYLE", "Seen", "mermaid", "svg"]


def test_a_missing_target_is_drawn_as_unknown():
    found = drawn(machine(A=task("B")))
    assert found["B"].get("class") == "state unknown"
    assert "not defined" in words(found["B"])


def test_hostile_names_stay_text():
    document = machine(**{HOSTILE: task(HOSTILE, Resource=HOSTILE, Compensation=HOSTILE)})
    text = svg(document, {HOSTILE: Seen(HOSTILE, note=HOSTILE)}, title=HOSTILE)
    root = ET.fromstring(text.encode())
    assert not list(root.iter(f"{SVG}script"))
    assert groups(text)[0].get("data-state", "").startswith("</text><script>alert('\"&#x0;")


def test_it_is_self_contained():
    text = svg(chain(10))
    for word in ("<script", "href", "@import", "url(", "@font-face"):
        assert word not in text


def test_it_has_a_title_and_a_description():
    root = ET.fromstring(svg(machine(A=task()), {"A": Seen("failed")}, title="Orders"))
    assert root.findtext(f"{SVG}title") == "Orders"
    assert root.findtext(f"{SVG}desc") == "1 state, starting at A. 1 failed."


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_outcome_has_a_colour_a_sign_and_a_word(outcome):
    text = svg(machine(A=task()), {"A": Seen(outcome)})
    group = groups(text)[0]
    assert outcome in (group.get("class") or "").split()
    assert f".{outcome} > .box" in text
    assert group.find(f"{SVG}g[@class='outcome']/{SVG}path") is not None
    assert outcome in words(group)


def test_a_box_tells_what_happened():
    found = Seen(
        "running", visits=2, attempts=3, seconds=1.2, open=3, failed=1, note="next try at 14:03"
    )
    text = words(drawn(machine(Charge=task(Compensation="Refund")), Charge=found)["Charge"])
    assert "×3 · 2 visits · 1.2 s · open 3, failed 1" in text
    assert "next try at 14:03" in text
    assert "undo: Refund" in text
    assert "activity Work" in text


def test_a_state_that_was_not_reached_is_paler():
    found = drawn(machine(A=task("B"), B=task()), A=Seen("succeeded"))
    assert found["B"].get("class") == "state task untouched"


@pytest.mark.parametrize(("dark", "count"), [(None, 1), (True, 0), (False, 0)])
def test_dark_is_chosen_by_the_reader_or_by_the_caller(dark, count):
    assert svg({}, dark=dark).count("prefers-color-scheme") == count


def test_a_long_name_is_cut_but_told_in_full():
    name = "A very long name that goes on and on " * 2
    group = drawn(machine(**{name: task()}))[name]
    assert "…" in words(group)
    assert (group.findtext(f"{SVG}title") or "").startswith(name)


@pytest.mark.parametrize(
    ("document", "seconds"), [(chain(1000), 5), (chain(10_000), 40), (nested(50), 2)]
)
def test_large_documents_are_drawn_in_time(document, seconds):
    before = time.process_time()
    svg(document)
    assert time.process_time() - before < seconds
