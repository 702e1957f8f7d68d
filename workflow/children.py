"""Steps that are other processes: how they are started, stopped and heard of.

SWF tells a run when its child closes.  A run that continued as new is another run, and is not
told any more.  So before it does, it asks its open children to report by themselves
(`REPORT_TO_PARENT`); a child that was asked sends `CHILD_CLOSED` before it closes.  The new run
asks now and then whether they are still there, for a child that was terminated cannot report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from errors import UndecidableError
from wire import Json, dumps, loads
from workflow import data, failures, flow, unwinding
from workflow.divergence import diverged, unwanted
from workflow.graph import TASK_FAILED, TIMEOUT, Child
from workflow.machine import Failure, Machine
from workflow.policy import patience
from workflow.state import Open, Phase, Via, Work

REPORT_TO_PARENT = "REPORT_TO_PARENT"
CHILD_CLOSED = "CHILD_CLOSED"

GONE = "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"

UNPUBLISHED = "unpublished"
"""The version of a process of which none is here: SWF says that it does not exist.

Which one is the highest is asked when the child is started, and never when a history is read:
it may be another one by then.
"""

FIRST_WATCH, LONGEST_WATCH = 60, 3600  # seconds between two questions whether children are there


def workflow_id(machine: Machine, work: Work) -> str:
    """The id of a child: unique among all executions, the same at every replay."""
    return f"{machine.state.start_id}.{work.entry}.{work.attempt}"


def work_of(machine: Machine, child_id: str) -> Work | None:
    """The work that a child's id belongs to."""
    start_id, _, numbers = child_id.rpartition(".")
    start_id, _, entry = start_id.rpartition(".")
    work = machine.state.works.get(f"s{entry}")
    ours = work is not None and start_id == machine.state.start_id and work.via is Via.CHILD
    return work if ours and work is not None and str(work.attempt) == numbers else None


def start(machine: Machine, work: Work) -> dict[str, Any]:
    """The attributes of the decision that starts a child."""
    visit = machine.visit(work.entry)
    state = machine.graph(visit)
    if not isinstance(state, Child):
        raise UndecidableError(f"{visit.path} is no child; report this as a bug")
    child_id, started = workflow_id(machine, work), machine.state.started
    settings = machine.of(state)
    name, _, version = work.activity.partition("@")
    version = version or machine.versions(name) or UNPUBLISHED
    limit = (work.limits or [None])[0]
    policy = started.get("childPolicy")
    envelope = {
        "start_id": child_id,
        "parent": {"workflow_id": machine.workflow_id, "work": work.key, "attempt": work.attempt},
    }
    found: dict[str, Any] = {
        "workflowType": {"name": name, "version": version},
        "workflowId": child_id,
        "control": dumps({"path": visit.path, "visit": visit.number, "attempt": work.attempt}),
        "input": dumps(data.of(machine).child_input(machine, work, envelope)),
        "childPolicy": policy if state.awaited else "ABANDON",
        "taskList": {"name": settings.task_list} if settings.task_list else started.get("taskList"),
        "executionStartToCloseTimeout": settings.start_to_close
        or (None if limit is None else str(limit))
        or started.get("executionStartToCloseTimeout"),
        "taskStartToCloseTimeout": started.get("taskStartToCloseTimeout"),
        "tagList": started.get("tagList"),
        "lambdaRole": started.get("lambdaRole"),
    }
    return {key: item for key, item in found.items() if item is not None}


def report(
    machine: Machine, status: str, result: Json, reason: str, details: Json
) -> dict[str, Any]:
    """The attributes of the decision by which a child that is about to close tells its parent."""
    parent = machine.state.parent or {}
    told = {"work": parent["work"], "attempt": parent["attempt"], "status": status}
    payload = told | ({"result": result} if status == "COMPLETED" else {"reason": reason})
    if details is not None:
        payload["details"] = dumps(details)
    return {
        "workflowId": parent["workflow_id"],
        "signalName": CHILD_CLOSED,
        "input": dumps(payload),
        "control": dumps({"about": "report"}),
    }


def ask(machine: Machine, work: Work) -> dict[str, Any]:
    """The attributes of the decision that asks a child to report by itself from now on."""
    return {
        "workflowId": workflow_id(machine, work),
        "signalName": REPORT_TO_PARENT,
        "input": dumps({"workflow_id": machine.workflow_id}),
        "control": dumps({"about": "child", "work": work.key}),
    }


def open_works(machine: Machine) -> list[Work]:
    """The works whose child is open."""
    return [work for work in machine.by[Via.CHILD].values() if work.in_flight]


def carried(machine: Machine) -> list[Work]:
    """Those of them that the run before started."""
    works = [machine.state.works.get(key) for key in machine.carried]
    return [work for work in works if work is not None and work.in_flight and not work.opened]


def watch_seconds(machine: Machine) -> int:
    """How long to wait before asking again whether the children are there."""
    return patience(machine.state.watched, FIRST_WATCH, LONGEST_WATCH)


# --- what is heard of them --------------------------------------------------------------------


def initiated(machine: Machine, found: Mapping[str, Any]) -> None:
    """SWF is starting a child."""
    work = work_of(machine, found["workflowId"])
    _check_expected(machine, work, found)
    if work is not None:
        machine.put(work, Phase.SCHEDULED)
        work.cancel_requested = work.told = False
        if not machine.state.held:
            machine.state.blocked = ""
        machine.opened(machine.event_id, Open("child", found["workflowId"], work.key))


def _check_expected(machine: Machine, work: Work | None, found: Mapping[str, Any]) -> None:
    """Replaying must ask for the child that the history has; else another definition made it."""
    kind = f"{found['workflowType']['name']}@{found['workflowType']['version']}"
    if work is not None and work.activity == f"{found['workflowType']['name']}@":
        work.activity = kind  # its version was the highest that was published then
    if work is not None and work.activity != kind:
        step = machine.visit(work.entry).path
        raise diverged(machine, f"child {work.activity}", f"child {kind}", step)
    if work is None and _is_ours(machine, found["workflowId"]):
        raise unwanted(machine, f"child {kind}", found)


def _is_ours(machine: Machine, child_id: str) -> bool:
    start_id, *numbers = child_id.rsplit(".", 2)
    both = len(numbers) == 2 and all(number.isdecimal() for number in numbers)
    return both and start_id == machine.state.start_id != ""


def refused(machine: Machine, found: Mapping[str, Any]) -> None:
    """SWF did not start a child."""
    work = work_of(machine, found["workflowId"])
    if work is None:
        return
    machine.forget(found["initiatedEventId"])
    if found["cause"] == "WORKFLOW_ALREADY_RUNNING":
        closed(machine, work, Failure("a child of the same id is running already"))
    else:
        failures.schedule_refused(machine, work, found["cause"])


def started(machine: Machine, found: Mapping[str, Any]) -> None:
    """A child runs."""
    work = _open_work(machine, found)
    if work is not None:
        machine.put(work, Phase.STARTED)
        work.cancel_requested = False  # one that came before it was there found nothing
        visit = machine.visit(work.entry)
        visit.given_out = True
        state = machine.graph(visit)
        if isinstance(state, Child) and not state.awaited:
            machine.forget(found["initiatedEventId"])
            done(machine, work, None)


def completed(machine: Machine, found: Mapping[str, Any]) -> None:
    """A child gave its result."""
    work = _open_work(machine, found)
    if work is not None:
        machine.forget(found["initiatedEventId"])
        done(machine, work, loads(found.get("result")))


def ended(how: str) -> Callable[[Machine, Mapping[str, Any]], None]:
    """What to do when a child closed without a result."""

    def handler(machine: Machine, found: Mapping[str, Any]) -> None:
        work = _open_work(machine, found)
        if work is not None:
            machine.forget(found["initiatedEventId"])
            closed(machine, work, _failure(machine, found, how))

    return handler


def _failure(machine: Machine, found: Mapping[str, Any], how: str) -> Failure:
    """Why a child gave no result; in States Language its description is the cause."""
    reason = f"ChildFailed: {found.get('reason') or how}"
    if not machine.definition.by_document:
        return Failure(reason)
    if how == "it timed out":
        return Failure(reason, name=TIMEOUT)
    text = found.get("details")
    details = loads(text) if isinstance(text, str) else None
    told = details if isinstance(details, dict) else {"Cause": str(text or how)}
    status = "ABORTED" if how in ("it was canceled", "it was terminated") else "FAILED"
    status = "TIMED_OUT" if told.get("TimedOut") else status
    cause = {key: told[key] for key in ("Error", "Cause") if key in told} | {"Status": status}
    return Failure(reason, name=TASK_FAILED, cause=dumps(cause))


def _open_work(machine: Machine, found: Mapping[str, Any]) -> Work | None:
    item = machine.state.open.get(found["initiatedEventId"])
    return None if item is None else machine.state.works.get(item.work)


def done(machine: Machine, work: Work, result: Json) -> None:
    """Take a child's result."""
    machine.tell_of(work, "activity_completed")
    result = data.of(machine).child_result(machine, work, result)
    flow.finish(machine, machine.visit(work.entry), result)
    unwinding.stopped(machine, work)


def closed(machine: Machine, work: Work, failure: Failure) -> None:
    """A child closed without a result: as asked, or it failed."""
    machine.put(work, Phase.READY)
    if unwinding.awaited(machine, work):
        unwinding.leave(machine, machine.frame(machine.visit(work.entry)))
        unwinding.stopped(machine, work)
    else:
        failures.attempt_failed(machine, work, failure)


# --- reports ----------------------------------------------------------------------------------


def _asked_to_report(machine: Machine, payload: Any) -> None:
    if machine.state.parent is not None and not machine.state.report:
        machine.state.report = "asked"


def _child_closed(machine: Machine, payload: Any) -> None:
    if not isinstance(payload, dict):
        return
    work = machine.state.works.get(str(payload.get("work")))
    if work is None or work.via is not Via.CHILD or work.attempt != payload.get("attempt"):
        return
    machine.forget(work.opened)
    if payload.get("status") == "COMPLETED":
        done(machine, work, payload.get("result"))
    else:
        told = {"reason": payload.get("reason"), "details": payload.get("details")}
        how = "it was canceled" if payload.get("status") == "CANCELED" else "it closed"
        closed(machine, work, _failure(machine, told, how))


SIGNALS: dict[str, Callable[[Machine, Any], None]] = {
    REPORT_TO_PARENT: _asked_to_report,
    CHILD_CLOSED: _child_closed,
}
"""Signals that processes send one another; they have no request id and no answer."""


def told(machine: Machine, found: Mapping[str, Any]) -> None:
    """A signal of ours reached the other execution."""
    item = machine.forget(found["initiatedEventId"])
    if item is None:
        return
    if item.kind == "report":
        machine.state.report = "told"
        return
    work = work_of(machine, item.id)
    if work is not None:
        work.told = True


def not_told(machine: Machine, found: Mapping[str, Any]) -> None:
    """A signal of ours did not arrive: the other execution is closed, or SWF is pressed."""
    item = machine.forget(found["initiatedEventId"])
    if item is None:
        return
    gone = found["cause"] == GONE
    if not gone:
        failures.hold(machine, f"SWF did not take a signal to {item.id}: {found['cause']}")
    if item.kind == "report":
        machine.state.report = "told" if gone else "asked"
        return
    work = work_of(machine, item.id)
    if work is not None and gone:
        work.told = True
        _lost(machine, work)


def _lost(machine: Machine, work: Work) -> None:
    """A child is not there any more: one that was carried over closed without a report."""
    if work.in_flight and not work.opened:
        closed(machine, work, Failure("ChildFailed: it closed, and its parent had gone on"))


def telling(machine: Machine, found: Mapping[str, Any]) -> None:
    """A signal of ours is on its way."""
    control = loads(found.get("control"))
    if not isinstance(control, dict) or control.get("about") not in ("report", "child"):
        return
    if control["about"] == "report":
        machine.state.report = "sending"
        machine.opened(machine.event_id, Open("report", found["workflowId"]))
    else:
        machine.opened(machine.event_id, Open("ask", found["workflowId"], control["work"]))


def cancel_asked(machine: Machine, found: Mapping[str, Any]) -> None:
    """A child was, or is being, asked to cancel."""
    work = work_of(machine, found["workflowId"])
    if work is not None:
        work.cancel_requested = True


def cancel_refused(machine: Machine, found: Mapping[str, Any]) -> None:
    """A child could not be asked to cancel: it is gone, or SWF is pressed."""
    work = work_of(machine, found["workflowId"])
    if work is None:
        return
    if found["cause"] == GONE:
        _lost(machine, work)
    else:
        work.cancel_requested = False
        failures.hold(machine, f"SWF did not cancel {found['workflowId']}: {found['cause']}")
