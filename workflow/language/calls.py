"""What activities, Lambda functions and children get of a state, and what their results become."""

from __future__ import annotations

from errors import UndecidableError
from expressions.errors import RUNTIME, ExpressionError
from wire import (
    ENVELOPE,
    PAYLOAD_CHARACTERS,
    Json,
    dumps,
    is_reference,
    length,
    loads,
)
from workflow.graph import Child, Task
from workflow.language import context, resources
from workflow.language.surroundings import content_of, fields_of, view_of
from workflow.language.view import DATA_LIMIT_EXCEEDED, resolved
from workflow.machine import Machine
from workflow.state import Visit, Work

# --- attempts ---------------------------------------------------------------------------------


def take_task(machine: Machine, visit: Visit, work: Work, graph: Task) -> None:
    """What an attempt at a Task gets, whose input is known, and the limits of its time."""
    fields, view = fields_of(machine, visit), view_of(machine, visit)
    names = ("TimeoutSeconds", "HeartbeatSeconds")
    work.limits = [fields.seconds(view, name) for name in names]
    work.activity = graph.activity
    if resources.is_function(graph.activity):
        work.input = _call(graph, work.input)
        work.limits = _of_a_function(*work.limits)
        _check_event(machine, visit, work.input["Payload"])
    seconds = work.limits[0]
    work.until = None if seconds is None else machine.state.now + seconds


def _call(graph: Task, given: Json) -> dict[str, Json]:
    """The function that a Task calls, and its event."""
    if graph.activity == resources.INVOKE or graph.says is None:
        return _event(given)
    return {"FunctionName": graph.says.members["Resource"], "Payload": given}


def _event(parameters: Json) -> dict[str, Json]:
    """What a function gets of the parameters of `lambda:invoke`: a text may be JSON itself."""
    members = parameters if isinstance(parameters, dict) else {}
    value = members.get("Payload")
    if isinstance(value, str):
        value = loads(value)
    elif value is None:
        value = {}
    name = members.get("FunctionName")
    if not isinstance(name, str) or not name:
        raise ExpressionError("lambda:invoke needs FunctionName, the text that names it", RUNTIME)
    return {"FunctionName": name, "Payload": value}


def _check_event(machine: Machine, visit: Visit, event: Json) -> None:
    """SWF hands a function what it is given: it knows no references, and takes no longer texts."""
    if not machine.policy.lambda_tasks:
        return
    text = dumps(resolved(event, content_of(machine)))
    if length(text) > PAYLOAD_CHARACTERS:
        why = f"the event of {visit.name} has more than SWF's {PAYLOAD_CHARACTERS:,} characters"
        raise ExpressionError(why, DATA_LIMIT_EXCEEDED)


def _of_a_function(limit: int | None, beat: int | None) -> list[int | None]:
    """The limits of a function, which cannot be heard of before it is done."""
    given = [seconds for seconds in (limit, beat) if seconds is not None]
    return [min(given, default=None), beat]


def take_child(machine: Machine, work: Work, graph: Child, given: Json) -> None:
    """What an attempt at a child gets, which the parameters of startExecution say."""
    if not isinstance(given, dict) or not isinstance(given.get("StateMachineArn"), str):
        raise ExpressionError("startExecution needs StateMachineArn, the text that names it")
    name, version = resources.process_of(given["StateMachineArn"])
    if not name:
        raise ExpressionError(f"{given['StateMachineArn']} names no process")
    work.activity = f"{name}@{version or graph.version}"
    value = given.get("Input", {})
    work.input = loads(value) if isinstance(value, str) and graph.awaited == "" else value
    seconds = machine.definition.fields(graph.name).seconds
    view = view_of(machine, machine.visit(work.entry))
    work.limits = [seconds(view, "TimeoutSeconds"), None]


# --- on the wire ------------------------------------------------------------------------------


def work_input(machine: Machine, work: Work, envelope: dict[str, Json]) -> Json:
    """The input of an activity: exactly what the state says, and who it is."""
    envelope = {**envelope, "json": True}
    if work.poll is not None:
        envelope["poll"] = work.poll["state"]
    if work.kind != "step":
        return _wrapped(_undo_input(machine, work), envelope)
    credentials = credentials_of(machine, machine.visit(work.entry))
    if credentials is not None:
        envelope["credentials"] = credentials
    return _wrapped(work.input, envelope)


def credentials_of(machine: Machine, visit: Visit) -> Json:
    """What a state says under `Credentials`; None where it says nothing."""
    says = machine.graph(visit).says
    if says is None or "Credentials" not in says.members:
        return None
    given = says.members["Credentials"]
    return fields_of(machine, visit).template(view_of(machine, visit), given, "Credentials")


def _wrapped(value: Json, envelope: dict[str, Json]) -> Json:
    if isinstance(value, dict) and not is_reference(value):
        return {**value, ENVELOPE: envelope}
    return {ENVELOPE: {**envelope, "input": value}}


def _undo_input(machine: Machine, work: Work) -> dict[str, Json]:
    """What an undo gets: the data as the step left them, and why; or the record of it all."""
    state, rollback = machine.state, machine.rollback
    why: dict[str, Json] = {
        "failed_activity": rollback.failed,
        "reason": rollback.reason,
        "last_error": rollback.error,
    }
    if work.kind == "transaction":
        lists = {"compensated": rollback.compensated, "not_compensated": rollback.not_compensated}
        return {**_object(state.inputs[state.root.input]), **why, **lists}
    visit = machine.visit(work.entry)
    data = state.inputs[visit.input if visit.output is None else visit.output]
    result = {} if visit.result is None else {"result": visit.result}
    return {**_object(data), **result, "step_to_rollback": visit.path, **why}


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) and not is_reference(value) else {"input": value}


def child_input(_: Machine, work: Work, envelope: dict[str, Json]) -> Json:
    """The input of a child: what the state says."""
    return _wrapped(work.input, envelope)


# --- results ----------------------------------------------------------------------------------


def of_work(machine: Machine, work: Work, result: Json) -> Json:
    """What the activity gave; of `lambda:invoke`, what is around the function's own result."""
    graph = machine.graph(machine.visit(work.entry))
    if not isinstance(graph, Task) or graph.activity != resources.INVOKE:
        return result
    if isinstance(result, dict) and {"StatusCode", "Payload"} <= result.keys():
        return result  # given as a whole, by somebody who plays the function
    return {
        "ExecutedVersion": "$LATEST",
        "Payload": result,
        "SdkHttpMetadata": {
            "AllHttpHeaders": {"Content-Type": ["application/json"]},
            "HttpHeaders": {"Content-Type": "application/json"},
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": work.activity_id},
        "StatusCode": 200,
    }


def child_result(machine: Machine, work: Work, result: Json) -> Json:
    """What Step Functions tells of an execution that succeeded."""
    visit = machine.visit(work.entry)
    graph = machine.graph(visit)
    if not isinstance(graph, Child):
        raise UndecidableError(f"{visit.path} is no child; report this as a bug")
    name = f"{machine.state.start_id}.{work.entry}.{work.attempt}"
    process = work.activity.partition("@")[0]
    arn = f"{context.ARN}:execution:{process}:{name}"
    if graph.awaited == "":
        return {"ExecutionArn": arn, "StartDate": context.instant(machine.state.now)}
    as_text = graph.awaited != "sync:2"
    value, given = (dumps(item) if as_text else item for item in (result, work.input))
    return {
        "ExecutionArn": arn,
        "Input": given,
        "InputDetails": {"Included": True},
        "Name": name,
        "Output": value,
        "OutputDetails": {"Included": True},
        "StartDate": context.instant(visit.entered),
        "StateMachineArn": f"{context.ARN}:stateMachine:{process}",
        "Status": "SUCCEEDED",
        "StopDate": context.instant(machine.state.now),
    }
