"""`status`: where one execution stands."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from arguments import safe
from cli import unpolled
from cli.command import Arguments, Command, add_execution, chosen
from cli.output import Output
from starter.clock import written
from starter.executions.status import Status
from wire import Json, cut

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter

SHOWN_CHARACTERS = 1_000  # of a result or of details; `--json` has the rest


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Print the status; exit code 0 whatever it is."""
    found = starter.status(**chosen(arguments))
    output.result(found, text(found))
    if found["closed_at"] is None and not output.as_json:
        _tell_untaken(starter, found, output)
    return 0


def _tell_untaken(starter: WorkflowStarter, found: Status, output: Output) -> None:
    client, now = starter.swf_client, time.time()
    for task in unpolled.late(client, found["workflow_id"], found["run_id"], now):
        output.remark(task.line(client.settings.swf_task_list, now))


def text(found: Status) -> list[str]:
    """The status for people, a fact a line, what is not known left out."""
    progress = found["progress"]
    facts: dict[str, Json] = {
        "Workflow ID": found["workflow_id"],
        "Run ID": found["run_id"],
        "Continues run": found["previous_run_id"],
        "Continued by": found["next_run_id"],
        "Type": f"{found['type']} {found['version']}",
        "State": found["state"],
        "Blocked": found["blocked"],
        "Step": found["step"],
        "Attempt": found["attempt"] if found["closed_at"] is None else None,
        "Next retry": _time(found["next_retry_at"]),
        "Waits for": ", ".join(awaited(w) + f" at {w['path']}" for w in found["waits_for"] or ()),
        "Task token": ", ".join(w["token"] for w in found["waits_for"] or () if "token" in w),
        "Waits until": _time(found["waits_until"]),
        "Failed": ", ".join(f"{f['path']}: {f['error']}" for f in found["failed"] or ()),
        "In hand": ", ".join(found["places"] or ()),
        "Last error": found["last_error"],
        "Progress": progress and f"{progress['done']} of {progress['of']} steps",
        "Cancel": "requested" if found["cancel_requested"] else None,
        "Reason": found["reason"],
        "Error": found["error"],
        "Cause": _shown(found["cause"]),
        "Details": _shown(_details(found)),
        "Result": _result(found),
        "Tags": ", ".join(found["tags"]),
        "Started": _time(found["started_at"]),
        "Closed": _time(found["closed_at"]),
    }
    return [f"{label}: {safe(fact)}" for label, fact in facts.items() if fact]


def awaited(wait: dict[str, Json]) -> str:
    """What a step waits for: the signal's name, or its task token."""
    return "its task token" if "token" in wait else str(wait["signal"])


def _details(found: Status) -> Json:
    """The details, but for what stands in lines of its own."""
    details = found["details"]
    if found["error"] is None and found["cause"] is None:
        return details
    return {key: item for key, item in details.items() if key not in ("Error", "Cause")}


def _result(found: Status) -> str | None:
    """The result; null and the like are results too."""
    if found["result"] is None and found["state"] == "COMPLETED":
        return "null"
    return _shown(found["result"])


def _time(moment: float | None) -> str | None:
    return None if moment is None else written(moment)


def _shown(value: Json) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return cut(text, SHOWN_CHARACTERS)


COMMAND = Command(
    name="status",
    help="show where an execution stands",
    example="status WORKFLOW_ID",
    fields="workflow_id, run_id, type, version, state, tags, started_at, closed_at, "
    "cancel_requested,\n  step, visit, attempt, last_error, next_retry_at, waits_until, waits_for, "
    "failed, places,\n  blocked, progress {done, of}, previous_run_id, next_run_id, reason, error, "
    "cause, details,\n  result (times: seconds since 1970)",
    add_arguments=add_execution,
    run=run,
)
