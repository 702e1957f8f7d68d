"""Whether executions fit the definitions on disk: open ones, and saved histories."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypedDict

import process
import published
import wire
from errors import InvalidInputError, UnknownExecutionError
from starter.executions import replays
from starter.pace import Pace
from starter.runs import Event, attributes, run_id_of
from swf.events import attribute_name, misfit
from swf_client import SwfClient
from wire import Json
from workflow import Definition
from workflow.checking import Checked, Divergence, advice, check

RUNS_PER_SECOND = 20.0  # SWF grants an account 60 history reads a second; deciders need some
RUNS_AT_ONCE = 200

START, CONTINUED = "WorkflowExecutionStarted", "WorkflowExecutionContinuedAsNew"


class Difference(TypedDict):
    """One thing that would be decided otherwise."""

    event_id: int
    step: str
    """Path; empty where it is about the execution as a whole."""
    expected: str
    """What the definition asks for."""
    actual: str
    """What the history has."""
    version: str


class Finding(TypedDict):
    """An execution that does not fit, or could not be checked."""

    workflow_id: str
    run_id: str
    type: str
    version: str
    blocked: str | None
    """Why deciders would not go on with it."""
    divergences: list[Difference]
    """Of the first decision that differs."""
    advice: str
    """What to do."""


class Report(TypedDict):
    """What a check found."""

    checked: int
    """Executions, or saved runs."""
    decisions: int
    """Decisions that were compared."""
    fit: int
    findings: list[Finding]
    """Those that do not fit."""


Definitions = Callable[[str, str], "Definition | None"]
Progress = Callable[[int], object]


def definitions(wanted: str | None, *, code: bool) -> Definitions:
    """Under which definition each workflow type is checked.

    That which deciders here would use; with `code` what `process.py` has, if it has that type;
    or the one `wanted`, `NAME[@VERSION]`, for executions of every version of that name.
    """
    if wanted is not None:
        chosen = published.named(wanted)
        return lambda name, _: chosen if name == chosen.name else None
    ours = process.ours() if code else {}
    return lambda name, version: ours.get((name, version)) or published.find(name, version)


def open_executions(
    client: SwfClient,
    find: Definitions,
    *,
    type_name: str | None = None,
    progress: Progress = lambda _: None,
    most: int | None = None,
) -> Report:
    """Check every open execution, those of one type where its name is given; `most` at most."""
    report = Report(checked=0, decisions=0, fit=0, findings=[])
    pace = Pace(RUNS_PER_SECOND, RUNS_AT_ONCE) if client.settings.swf_endpoint == "aws" else None
    for info in islice(client.open_executions(type_name=type_name), most):
        if pace is not None:
            pace.wait()
        workflow_id, run_id = info["execution"]["workflowId"], run_id_of(info)
        try:
            events = replays.events_of(client, workflow_id, run_id)
        except UnknownExecutionError:
            continue  # removed while we looked
        _take(report, client, find, Saved(workflow_id, run_id, info["workflowType"], events))
        progress(report["checked"])
    return report


def saved(client: SwfClient, find: Definitions, documents: Iterable[Json]) -> Report:
    """Check histories as `history --json` prints them: one object each, or a list of them."""
    report = Report(checked=0, decisions=0, fit=0, findings=[])
    for document in documents:
        for item in document if isinstance(document, list) else [document]:
            for run in saved_runs(item):
                _take(report, client, find, run)
    return report


# --- one run ------------------------------------------------------------------------------------


class Saved:
    """One run's history, and whose it is."""

    def __init__(self, workflow_id: str, run_id: str, kind: Json, events: list[Event]) -> None:
        self.workflow_id, self.run_id = workflow_id, run_id
        self.name, self.version = str(kind["name"]), str(kind["version"])
        self.events = events
        self.lacks = ""
        """Why it cannot be replayed from what was saved."""


def _take(report: Report, client: SwfClient, find: Definitions, run: Saved) -> None:
    report["checked"] += 1
    definition = find(run.name, run.version)
    if run.lacks or definition is None:
        report["findings"].append(_unchecked(run))
        return
    found = check(
        run.events,
        definition,
        start_id=run.run_id,
        workflow_id=run.workflow_id,
        contents=lambda reference: wire.loads(client.payloads.get(reference)),
    )
    report["decisions"] += found.decisions
    if found.fits:
        report["fit"] += 1
    else:
        report["findings"].append(_finding(run, found, advice(found, definition)))


def _finding(run: Saved, found: Checked, what_to_do: str) -> Finding:
    return Finding(
        workflow_id=run.workflow_id,
        run_id=run.run_id,
        type=run.name,
        version=run.version,
        blocked=found.blocked or None,
        divergences=[_difference(item) for item in found.divergences],
        advice=what_to_do,
    )


def _difference(found: Divergence) -> Difference:
    return Difference(
        event_id=found.event_id,
        step=found.step,
        expected=found.expected,
        actual=found.actual,
        version=found.version,
    )


def _unchecked(run: Saved) -> Finding:
    if run.lacks:
        return _finding(run, Checked(blocked=run.lacks), "check it while the engine keeps it")
    file = published.file_of(run.name, run.version).name
    why = f"there is no definition of {run.name} {run.version} here"
    return _finding(run, Checked(blocked=why), f"put {file} into definitions/")


# --- saved histories ----------------------------------------------------------------------------


def saved_runs(document: Any) -> Iterator[Saved]:
    """The runs in a saved history: one, or a chain, in which event ids begin again at 1."""
    try:
        kind, events = document["type"], list(document["events"])
        ids = str(document["workflow_id"]), str(document["run_id"])
        for event in events:
            if wrong := misfit(event):
                raise InvalidInputError(f"{_WRONG}: event {event.get('eventId')}: {wrong}")
        "".join(ids).encode()  # half a surrogate pair names nothing
        starts = [index for index, event in enumerate(events) if event["eventId"] == 1]
        cut = [*starts, len(events)]
        parts = [events[cut[index] : cut[index + 1]] for index in range(len(starts))]
        carried = document.get("envelope")
        for part in parts:
            if part[0]["eventType"] != START:
                raise InvalidInputError(f"{_WRONG}: an event 1 is no {START}")
            run = Saved(*ids, attributes(part[0]).get("workflowType", kind), part)
            _carry(run, carried)
            yield run
            carried = _continued(part[-1])
        well = bool(parts)
    except (KeyError, TypeError, AttributeError, UnicodeEncodeError) as error:
        raise InvalidInputError(f"{_WRONG}: {type(error).__name__} {error}") from None
    if not well:
        raise InvalidInputError(f"{_WRONG}: it has no event 1")


_WRONG = "this is no history as 'workflow_starter.py history WORKFLOW_ID --json' prints it"


def _carry(run: Saved, envelope: Json) -> None:
    """Put back what the start carried and the saved history leaves out."""
    first = run.events[0]
    told = attributes(first)
    value, own = wire.unwrap_start(wire.loads(told.get("input")))
    if not own and envelope is None:
        envelope = {"start_id": _start_id(run.events) or run.run_id}
        if told.get("continuedExecutionRunId") or _resumed(run.events):
            run.lacks = "it goes on from another run, and what that one left is not in this file"
    text = wire.dumps(wire.wrap_start(value, own or envelope))
    run.events[0] = {**first, attribute_name(START): {**told, "input": text}}


def _continued(last: Event) -> Json:
    """What a run that continues as new carries over."""
    if last["eventType"] != CONTINUED:
        return None
    return wire.unwrap_start(wire.loads(attributes(last).get("input")))[1]


def _markers(events: list[Event], name: str) -> Iterator[dict[str, Json]]:
    for event in events:
        told = attributes(event)
        if event["eventType"] == "MarkerRecorded" and told["markerName"] == name:
            details = wire.loads(told.get("details"))
            if isinstance(details, dict):
                yield details


def _start_id(events: list[Event]) -> str:
    found = next(_markers(events, "RUN_OPTIONS"), {})
    return str(found.get("start_id") or "")


def _resumed(events: list[Event]) -> bool:
    return any(details.get("from_run_id") for details in _markers(events, "RESUMED"))
