"""A definition's text while it is written: what is wrong with it, and its picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import asl
import config
import published
from asl import Diagnostic, loading
from starter.definitions import validating
from starter.executions.graphing import Picture
from wire import Json
from workflow import Definition

MOST_STATES = 1_500  # that are drawn while somebody types
MOST_DIAGNOSTICS = 100  # that are told; so many more are a number


@dataclass(frozen=True)
class Draft:
    """What a text says."""

    text: str
    diagnostics: tuple[Diagnostic, ...]
    """In the order of the text, `MOST_DIAGNOSTICS` at most."""
    further: int
    """Diagnostics that are left out."""
    valid: bool
    """Whether nothing of it is an ERROR."""
    document: Json = None
    """None where the text is neither JSON nor YAML."""
    states: int = 0

    @property
    def too_large(self) -> bool:
        """Whether it has more states than are drawn."""
        return self.states > MOST_STATES

    def picture(self, title: str) -> Picture | None:
        """Its picture, as far as it says what to draw; None where it says nothing."""
        if self.document is None or self.too_large or not self.states:
            return None
        return Picture(self.document, title)


def draft(text: str) -> Draft:
    """Everything that can be told of a text, whatever it is."""
    found = validating.diagnostics(text, "STANDARD", config.environment())
    found.sort(key=lambda item: item.severity != "ERROR")
    kept = sorted(found[:MOST_DIAGNOSTICS], key=lambda item: (item.line, item.column))
    try:
        document = asl.read(text).document
    except asl.DocumentError:
        document = None
    return Draft(
        text,
        tuple(kept),
        len(found) - len(kept),
        not asl.errors_of(found),
        document,
        sum(1 for _ in states_of(document)),
    )


def states_of(document: Json) -> Iterator[tuple[str, Json]]:
    """Every state of a document with its name, however deep; of what is no state, nothing."""
    waiting: list[Any] = [document]
    while waiting:
        scope = waiting.pop()
        states = scope.get("States") if isinstance(scope, dict) else None
        for name, state in states.items() if isinstance(states, dict) else ():
            yield name, state
            waiting += inner_scopes(state)


def inner_scopes(state: Json) -> list[Json]:
    """The graphs within a state, as the document has them."""
    if not isinstance(state, dict):
        return []
    branches = state.get("Branches")
    found = list(branches) if isinstance(branches, list) else []
    return found + [state[key] for key in ("ItemProcessor", "Iterator") if key in state]


def definition_of(text: str, name: str, version: str) -> Definition:
    """The definition that a text says, each `${NAME}` that nothing stands for as it is.

    For looking and simulating.  `DefinitionError` lists what is wrong with it.
    """
    document = asl.read(text).document
    if "Rollback" in document:
        return published.parsed(text, name, version)
    values = config.environment()
    lacking = {name: f"${{{name}}}" for name in validating.without_value(document, values)}
    return loading.load(text, name, version, environment={**values, **lacking})
