"""`audit`: who did what to an execution, when and why, and which data that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.command import Arguments, Command, add_execution, chosen
from cli.output import Output
from progress import bar
from starter.clock import written
from starter.control.steering import edit_in_words
from starter.executions.auditing import Entry

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """One line for each action, and one for each piece of data it changed."""
    with bar("reading histories", as_json=output.as_json):
        entries = starter.audit(**chosen(arguments))
    lines = [line for entry in entries for line in _lines(entry)]
    output.result(entries, lines or ["nobody has done anything to it"])
    return 0


def _lines(entry: Entry) -> list[str]:
    parts = [written(entry["at"]), entry["actor"] or "?", entry["what"]]
    parts += [part for part in (entry["step"], entry["outcome"]) if part]
    why = [f"reason: {entry['reason']}"] if entry["reason"] else []
    answer = [entry["why"]] if entry["why"] else []
    changes = [f"    {edit_in_words(change)}" for change in entry["changes"]]
    return ["  ".join([*parts, *why, *answer]), *changes]


COMMAND = Command(
    name="audit",
    help="who did what to an execution, when and why, and which data that changed",
    example="audit WORKFLOW_ID",
    fields="a list of at, run_id, event_id, what, step, actor, reason, request_id, outcome, why, "
    "changes (before, after)\n  (at: seconds since 1970)",
    add_arguments=add_execution,
    run=run,
)
