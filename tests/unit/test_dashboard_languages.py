"""The page in Portuguese: every text that it shows has its translation."""

from __future__ import annotations

import re

import pytest

from dashboard import pages
from dashboard.languages import LANGUAGES, PORTUGUESE, catalog, preferred, translated
from dashboard.views.actions import ACTIONS
from dashboard.views.execution import TABS
from starter.control.steering import in_words
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
