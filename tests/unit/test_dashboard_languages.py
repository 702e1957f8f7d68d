"""The page in Portuguese: every text that it shows has its translation."""

from __future__ import annotations

import re

import pytest
from botocore.loaders import Loader

from dashboard import pages
from dashboard.languages import (
    ENGLISH,
    LANGUAGES,
    PORTUGUESE,
    catalog,
    number,
    preferred,
    translated,
)
from dashboard.views.actions import ACTIONS
from dashboard.views.execution import TABS
from starter.control.steering import in_words
from starter.executions.graphing import WORDS
from starter.executions.happenings import happenings
from swf.events import attribute_name
from workflow.preview import Preview

TEXTS = re.compile(r"""_\(\s*(?:"([^"]+)"|'([^']+)')\s*\)""")


def shown() -> set[str]:
    """Every text in the templates, and those that views hand to them."""
    found = set(TABS.values()) | {text for a in ACTIONS.values() for text in (a.title, a.about)}
    for action in ACTIONS.values():
        for field in action.fields:
            found |= {field.label, field.help} - {""}
    for path in pages.TEMPLATES.glob("*.html"):
        for either in TEXTS.findall(path.read_text(encoding="utf-8")):
            found.add(next(filter(None, either)))
    return found


def test_every_text_is_translated() -> None:
    assert sorted(shown() - catalog(PORTUGUESE).keys()) == []


def test_translations_have_the_places_of_their_texts() -> None:
    for text, found in catalog(PORTUGUESE).items():
        assert found, text
        assert found.count("{}") == text.count("{}"), text


@pytest.mark.parametrize(
    "found",
    [
        Preview("refused", "step Pack is not in progress"),
        Preview("done", stops=["Pack"], undoes=["Pay"], enters=["Pay (visit 2)"], ends="fail"),
        Preview("done"),
    ],
)
def test_what_will_happen_is_said_in_portuguese(found: Preview) -> None:
    for words in in_words(found):
        assert translated(PORTUGUESE, words) != words


def test_a_sentence_made_elsewhere_keeps_what_it_names() -> None:
    words = "step Pay comes before Ship and its effect was undone; resume from Pay instead"
    assert translated(PORTUGUESE, f"It would be refused: {words}").startswith("Seria recusado: ")
    assert "Ship" in translated(PORTUGUESE, words)
    assert translated("en", words) == words
    assert translated(PORTUGUESE, "never heard of") == "never heard of"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt-BR"),
        ("pt", "pt-BR"),
        ("de, en;q=0.5", "en"),
        ("en-US,pt;q=0.2", "en"),
        ("", "en"),
        ("*", "en"),
    ],
)
def test_the_browsers_language_is_taken(accepted: str, language: str) -> None:
    assert preferred(accepted) == language
    assert language in LANGUAGES


def test_every_event_is_said_in_portuguese() -> None:
    kinds = Loader().load_service_model("swf", "service-2")["shapes"]["EventType"]["enum"]
    for kind in kinds:
        attributes = {
            "WorkflowExecutionSignaled": {"signalName": "GO"},
            "MarkerRecorded": {"markerName": "NOTE"},
        }
        undo = {"control": '{"undo": true}'}
        for told in ({}, {"reason": "the disk is full"}, undo):
            event = {
                "eventId": 1,
                "eventType": kind,
                "eventTimestamp": 0.0,
                attribute_name(kind): {**attributes.get(kind, {}), **told},
            }
            (found,) = happenings([event], {})
            said = translated(PORTUGUESE, found.words)
            assert said != found.words, found.words
            assert told.get("reason", "") in said


def test_every_outcome_in_a_picture_is_said_in_portuguese() -> None:
    for word in WORDS:
        assert translated(PORTUGUESE, word) != word, word


@pytest.mark.parametrize(
    ("value", "decimals", "english", "portuguese"),
    [
        (100_000, None, "100,000", "100.000"),
        (1234.5, None, "1,234.5", "1.234,5"),
        (0.000325, 6, "0.000325", "0,000325"),
        (7, None, "7", "7"),
    ],
)
def test_numbers_are_written_as_in_the_language(
    value: float, decimals: int | None, english: str, portuguese: str
) -> None:
    assert number(ENGLISH, value, decimals) == english
    assert number(PORTUGUESE, value, decimals) == portuguese
