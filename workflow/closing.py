"""How a run ends: with a result, a failure, a cancellation, or as another run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wire import REASON_CHARACTERS, Json, cut, dumps, wrap_start
from workflow import data, interrupts
from workflow.graph import TIMEOUT, compensation_of
from workflow.machine import Machine
from workflow.saga import named
from workflow.snapshot import carried


def close(machine: Machine) -> dict[str, Any]:
    """The decision that closes the execution."""
    how = machine.state.ending
    if how == "complete":
        result = data.of(machine).output(machine)
        kind, block = "CompleteWorkflowExecution", {"result": dumps(result)}
    elif how == "cancel":
        kind, block = "CancelWorkflowExecution", {"details": dumps(_cancel_details(machine))}
    else:
        reason, details = failure(machine)
        kind, block = "FailWorkflowExecution", {"reason": reason, "details": dumps(details)}
    name = kind[0].lower() + kind[1:] + "DecisionAttributes"
    return {"decisionType": kind, name: block}


def told(machine: Machine) -> tuple[str, Json, str, Json]:
    """The same for a parent: status, result, reason; of States Language, details of a failure."""
    how = machine.state.ending
    if how == "complete":
        return "COMPLETED", data.of(machine).output(machine), "", None
    if how == "cancel":
        return "CANCELED", None, "it was canceled", None
    reason, details = failure(machine)
    return "FAILED", None, reason, details if machine.definition.by_document else None


def continue_as_new(machine: Machine) -> dict[str, Any]:
    """The attributes of the decision that goes on in a new run; nothing is inherited."""
    state = machine.state
    envelope: dict[str, Json] = {"start_id": state.start_id}
    envelope["snapshot"] = carried(state, machine.definition)
    return {
        "input": dumps(wrap_start(state.inputs[0], envelope)),
        "workflowTypeVersion": machine.definition.version,
        **state.started,
    }


def failure(machine: Machine) -> tuple[str, dict[str, Json]]:
    """Reason and details of a failed execution: what failed, what was undone, what was not."""
    if machine.definition.by_document:
        return _error_output(machine)
    if machine.state.failure is not None:
        return _plain_failure(machine.state.failure)
    rollback = machine.rollback
    undone = _names(rollback.compensated) or "nothing"
    where = rollback.failed or "The execution"
    reason = f"{where} failed: {rollback.reason}; compensated: {undone}"
    if rollback.not_compensated:
        reason += "; NOT compensated: " + _names(rollback.not_compensated)
    details = {
        "failed_activity": rollback.failed,
        "reason": rollback.reason,
        "last_error": rollback.error,
        "compensated": rollback.compensated,
        "not_compensated": rollback.not_compensated,
    }
    return cut(reason, REASON_CHARACTERS), details


def _error_output(machine: Machine) -> tuple[str, dict[str, Json]]:
    """As States Language fails: `Error` and `Cause`, each where there is one; and what was undone.

    `TimedOut` says that the process's own time limit was over.
    """
    state, rollback = machine.state, machine.state.rollback
    if state.failure is not None:
        why, at = state.failure, str(state.failure["at"])
    else:
        undone = machine.rollback
        why = {"reason": undone.reason, "error": undone.error, "told": undone.told}
        at = undone.failed
    told = _told_error(why)
    details: dict[str, Json] = {**told, "at": at}
    if rollback is not None and state.failure is None:
        details |= {
            "compensated": rollback.compensated,
            "not_compensated": rollback.not_compensated,
        }
    reason = str(told.get("Error") or "failed")
    return cut(reason, REASON_CHARACTERS), details


def _told_error(why: Mapping[str, Json]) -> dict[str, Json]:
    """Error and cause: of what failed, of the time limit, or of whoever had it rolled back."""
    if why["reason"] == interrupts.DEADLINE:
        return {"Error": TIMEOUT, "TimedOut": True}
    if why.get("told") is not None:
        return dict(why["told"])
    return {"Error": why["reason"]} | ({"Cause": why["error"]} if why["error"] else {})


def _plain_failure(found: dict[str, Json]) -> tuple[str, dict[str, Json]]:
    reason = f"{found['reason']} at {found['at']}" if found["at"] else str(found["reason"])
    details = {"reason": found["reason"], "last_error": found["error"], "at": found["at"]}
    return cut(reason, REASON_CHARACTERS), details


def _names(items: list[Json]) -> str:
    return ", ".join(item["step"] for item in items[:REASON_CHARACTERS])


def _cancel_details(machine: Machine) -> dict[str, Json]:
    rollback = machine.state.rollback
    if rollback is not None and rollback.ending == "cancel":
        lists = named("compensated", rollback.compensated)
        return {"reason": rollback.reason, **lists, "not_compensated": rollback.not_compensated}
    trail = machine.trail(machine.state.root.trail)
    return {
        "completed": [visit.path for visit in trail],
        "not_compensated": [v.path for v in trail if compensation_of(machine.graph(v))],
    }
