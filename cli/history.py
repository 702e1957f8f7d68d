"""`history`: the events of a run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from arguments import safe
from cli.command import Arguments, Command, add_execution, chosen
from cli.output import Output, to_json
from progress import bar, can_be_shown
from starter.clock import written
from starter.executions.status import seconds
from starter.runs import Event, Info, attributes, last_event
from wire import cut

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter

SHOWN_CHARACTERS = 160  # of one event's attributes
DULL = ("decisionTaskCompletedEventId", "executionContext")  # said by other events or `status`


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, and whether to go on as events come."""
    add_execution(parser)
    parser.add_argument("--chain", action="store_true", help="all runs that continue one another")
    parser.add_argument("--follow", action="store_true", help="print events as they come")


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Print every event, oldest first."""
    if arguments.follow:
        for event in starter.follow(**chosen(arguments)):
            output.item(event, line(event))
        return 0
    info = starter.describe(**chosen(arguments))["executionInfo"]
    workflow_id, run_id = info["execution"]["workflowId"], info["execution"]["runId"]
    with bar(
        "reading events", _length(starter, info, arguments, output), as_json=output.as_json
    ) as tell:
        events = starter.get_workflow_history(
            workflow_id, run_id, chain=arguments.chain, progress=tell
        )
    kept = {
        "workflow_id": workflow_id,
        "run_id": run_id,
        "type": info["workflowType"],
        "events": events,
    }
    if output.as_json and not arguments.chain:
        kept["envelope"] = starter.start_envelope(workflow_id, run_id)
    output.result(kept, map(line, events))
    return 0


def _length(
    starter: WorkflowStarter, info: Info, arguments: Arguments, output: Output
) -> int | None:
    """How many events there are, where a bar can show it."""
    if arguments.chain or not can_be_shown(as_json=output.as_json):
        return None
    run = info["execution"]
    return int(last_event(starter.swf_client, run["workflowId"], run["runId"])["eventId"])


def line(event: Event) -> str:
    """One event for people: id, time, type, and its attributes cut short."""
    moment = seconds(event["eventTimestamp"]) or 0.0
    facts = {key: item for key, item in attributes(event).items() if key not in DULL}
    shown = cut(safe(to_json(facts)), SHOWN_CHARACTERS) if facts else ""
    head = f"{event['eventId']:>5}  {written(moment, millis=True)}  {event['eventType']}"
    return f"{head}  {shown}".rstrip()


COMMAND = Command(
    name="history",
    help="print the events of a run",
    example="history WORKFLOW_ID --follow",
    fields="workflow_id, run_id, type (name, version), envelope (what the start carried beside\n"
    "  the input, for 'check --history'), events: SWF's own shape, oldest first,\n"
    "  eventTimestamp in seconds since 1970; with --follow one event a line",
    add_arguments=add_arguments,
    run=run,
)
