"""Pictures of definitions, and of what executions have done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import pictures
import wire
from errors import InvalidInputError
from pictures import Seen
from pictures.seen import OUTCOMES
from starter.executions.sightings import Sightings, Traces
from starter.runs import Event, attributes
from wire import Json
from workflow import Definition, Execution, definition_to_json

FORMATS = ("svg", "mermaid")
WORDS = (*OUTCOMES, "visits", "open")
"""What pictures say in words."""


@dataclass(frozen=True)
class Picture:
    """What is to be drawn."""

    document: Mapping[str, Json]
    title: str
    seen: Mapping[str, Seen] = field(default_factory=dict)
    """By state; empty for a definition."""

    def drawn(self, form: str = "svg") -> str:
        """The picture as SVG, or as text for Mermaid."""
        if form not in FORMATS:
            raise InvalidInputError(f"format {form!r} is not one of {', '.join(FORMATS)}")
        if form == "mermaid":
            return pictures.mermaid(self.document, self.seen)
        return pictures.svg(self.document, self.seen, title=self.title)

    def embedded(
        self,
        link: Callable[[str], str] | None = None,
        say: Callable[[str], str] | None = None,
    ) -> str:
        """The picture as SVG for a page that has its colours.

        States lead where `link` says; `say` gives a word in the reader's language.
        """
        seen = self.seen
        if say is not None:
            words = {word: say(word) for word in WORDS}
            seen = {name: replace(one, words=words) for name, one in seen.items()}
        return pictures.svg(self.document, seen, styled=False, link=link)


def of_definition(definition: Definition) -> Picture:
    """A definition by itself."""
    title = f"{definition.name} {definition.version}"
    return Picture(definition_to_json(definition), title)


def of_execution(
    execution: Execution, traces: Traces, workflow_id: str, last: Event, now: float
) -> Picture:
    """What an execution had done after its `last` event; `now` is for what is still open."""
    definition = execution.definition
    seen = Sightings(execution, traces, now).seen()
    title = f"{workflow_id} · {definition.name} {definition.version} · {_state(execution, last)}"
    return Picture(definition_to_json(definition), title, seen)


def _state(execution: Execution, last: Event) -> str:
    """The state of the execution, as `status` tells it."""
    details = wire.loads(attributes(last).get("details")) if execution.state.closed else None
    if isinstance(details, dict) and details.get("TimedOut"):
        return "TIMED_OUT"
    return str(execution.status()["state"])
