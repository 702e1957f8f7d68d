"""Pictures of definitions, and of what executions have done."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pictures
import wire
from errors import InvalidInputError
from pictures import Seen
from starter import checking, replays, runs
from starter.runs import Event, attributes
from starter.sightings import Sightings, Traces, untraced
from swf_client import SwfClient
from wire import Json
from workflow import Definition, Execution, definition_to_json

FORMATS = ("svg", "mermaid")


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

    def embedded(self, link: Callable[[str], str] | None = None) -> str:
        """The picture as SVG for a page that has its colours; states lead where `link` says."""
        return pictures.svg(self.document, self.seen, styled=False, link=link)


def of_definition(definition: Definition) -> Picture:
    """A definition by itself."""
    title = f"{definition.name} {definition.version}"
    return Picture(definition_to_json(definition), title)


def of_execution(client: SwfClient, workflow_id: str, run_id: str) -> Picture:
    """An execution: its newest run, or an earlier one of the chain as it was left."""
    events = replays.events_of(client, workflow_id, run_id)
    definition = replays.needed_definition(dict(attributes(events[0])))
    execution = replays.folded(client, definition, events, workflow_id, run_id)
    traces = Traces()
    traces.take(events)
    if untraced(execution, traces):
        for earlier in _before(client, workflow_id, run_id):
            traces.take(replays.events_of(client, workflow_id, earlier))
            if not untraced(execution, traces):
                break
    return folded(execution, traces, workflow_id, events)


def _before(client: SwfClient, workflow_id: str, run_id: str) -> list[str]:
    """The runs of the chain before one, newest first."""
    chain = runs.chain(client, workflow_id, run_id)
    return chain[: chain.index(run_id)][::-1]


def of_history(client: SwfClient, document: Json) -> Picture:
    """An execution whose history was saved, as `history --json` prints it."""
    found = list(checking.saved_runs(document))
    last = found[-1]
    if last.lacks:
        raise InvalidInputError(f"this history cannot be drawn: {last.lacks}")
    definition = replays.needed_definition(
        {"workflowType": {"name": last.name, "version": last.version}}
    )
    execution = replays.folded(client, definition, last.events, last.workflow_id, last.run_id)
    traces = Traces()
    for run in found:
        traces.take(run.events)
    return folded(execution, traces, last.workflow_id, last.events)


def folded(execution: Execution, traces: Traces, workflow_id: str, events: list[Event]) -> Picture:
    """An execution that was read already."""
    definition = execution.definition
    seen = Sightings(execution, traces, time.time()).seen()
    title = f"{workflow_id} · {definition.name} {definition.version} · {_state(execution, events)}"
    return Picture(definition_to_json(definition), title, seen)


def _state(execution: Execution, events: list[Event]) -> str:
    """The state of the execution, as `status` tells it."""
    details = wire.loads(attributes(events[-1]).get("details")) if execution.state.closed else None
    if isinstance(details, dict) and details.get("TimedOut"):
        return "TIMED_OUT"
    return str(execution.status()["state"])
