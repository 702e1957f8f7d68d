"""How data go through the states of States Language: one JSON document, and variables.

Each frame has the document in force and the variables set in it; a state takes the document in
and leaves another.  Everything raises `ExpressionError`, and then has moved nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from errors import UndecidableError
from expressions.errors import RUNTIME, ExpressionError
from expressions.scope import Content
from wire import (
    ENVELOPE,
    PAYLOAD_CHARACTERS,
    Json,
    dumps,
    is_reference,
    length,
    loads,
)
from workflow.graph import (
    ALL_ERRORS,
    HEARTBEAT_TIMEOUT,
    STEPS,
    TASK_FAILED,
    TIMEOUT,
    Await,
    Child,
    Choice,
    Fail,
    Map,
    Task,
    Wait,
    catchers_of,
)
from workflow.language import context, resources
from workflow.language.fields import Fields, Left
from workflow.language.view import DATA_LIMIT_EXCEEDED, MOST_BYTES, View, checked, resolved
from workflow.machine import Failure, Machine, no_content
from workflow.state import Frame, Outcome, Visit, Work

SWEEP = 2_000  # editions of data that are made between two looks for those nobody needs


# --- what is seen -----------------------------------------------------------------------------


def fields_of(machine: Machine, visit: Visit) -> Fields:
    """The compiled fields of the state that a visit is in."""
    return machine.definition.fields(visit.name)


def view_of(machine: Machine, visit: Visit, variables: dict[str, Json] | None = None) -> View:
    """What the fields of a visit's state are evaluated on."""
    state = machine.state
    return View(
        state.inputs[visit.input],
        lambda: context.context_of(machine, visit),
        _visible(machine, visit) if variables is None else variables,
        chance=machine.draw,
        now=state.now,
        content=_content(machine),
    )


def _visible(machine: Machine, visit: Visit) -> dict[str, Json]:
    """The variables that a visit sees: its frame's, over those of the frames around it."""
    state = machine.state
    own, outer = state.variables[visit.variables], machine.frame(visit).outer
    return {**state.variables[outer], **own} if outer else own


# --- states that are over at once -------------------------------------------------------------


def entered(machine: Machine, visit: Visit) -> None:
    """Take note of when and with what a state was entered."""
    visit.entered = machine.state.now
    visit.variables = machine.frame(visit).variables


def passed(machine: Machine, visit: Visit) -> None:
    """A Pass, Wait or Succeed is left."""
    fields, view = fields_of(machine, visit), view_of(machine, visit)
    _leave(machine, visit, fields.passed(view, fields.effective(view)))


def chosen(machine: Machine, visit: Visit, state: Choice) -> str:
    """The state that a Choice leads to."""
    found = fields_of(machine, visit).chosen(view_of(machine, visit))
    if found.target is None:
        why = f"no rule of {state.name} holds, and there is no Default"
        raise ExpressionError(why, "States.NoChoiceMatched")
    _leave(machine, visit, found.left)
    return found.target


def wait(machine: Machine, visit: Visit, _: Wait) -> tuple[int | None, float | None]:
    """Seconds to wait, or the moment to wait for."""
    return fields_of(machine, visit).wait(view_of(machine, visit))


def limit(machine: Machine, visit: Visit, _: Await) -> int | None:
    """TimeoutSeconds of a state that waits for a signal."""
    return fields_of(machine, visit).seconds(view_of(machine, visit), "TimeoutSeconds")


def failure(machine: Machine, visit: Visit, _: Fail) -> Failure:
    """Error and cause that a Fail says."""
    error, cause = fields_of(machine, visit).failure(view_of(machine, visit))
    return named_failure(error, cause)


def named_failure(error: str | None, cause: str | None, *, retryable: bool = True) -> Failure:
    """A failure with a name and a cause, of which either may be missing."""
    reason = ": ".join(text for text in (error, cause) if text) or "it failed"
    return Failure(reason, retryable=retryable, name=error or "", cause=cause)


def _checked(machine: Machine, value: Json, what: str) -> Json:
    return checked(value, what, _content(machine))


def _content(machine: Machine) -> Content | None:
    """What gives the values of references; None where there are none."""
    return None if machine.contents is no_content else machine.content


def _leave(machine: Machine, visit: Visit, left: Left) -> None:
    """Put on record what a state left: the document in force, and the variables."""
    frame, state = machine.frame(visit), machine.state
    output = left.output
    if output is state.inputs[visit.input]:
        key = visit.input
    else:
        key = state.add_input(_checked(machine, output, f"the output of {visit.name}"))
    in_force = frame.variables if visit.kept is None else visit.kept
    if left.assigned:
        _checked(machine, left.assigned, f"the Assign of {visit.name}")
        in_force = state.add_variables({**state.variables[in_force], **left.assigned})
    frame.variables = in_force
    visit.output = frame.input = key
    visit.left_at = state.now
    if state.inputs_made % SWEEP == 0:
        state.sweep()


# --- work -------------------------------------------------------------------------------------


def attempt(machine: Machine, visit: Visit, work: Work) -> None:
    """Take what an attempt at a state's work gets: evaluated anew each time."""
    fields, view = fields_of(machine, visit), view_of(machine, visit)
    graph = machine.graph(visit)
    work.until = work.poll = None
    _credentials(machine, visit)  # what cannot be read fails the attempt
    given = fields.effective(view)
    if isinstance(graph, Child):
        _take_child(machine, work, graph, given)
        return
    work.input = (
        given if given is view.document else _checked(machine, given, f"the input of {visit.name}")
    )
    if isinstance(graph, Task):
        names = ("TimeoutSeconds", "HeartbeatSeconds")
        work.limits = [fields.seconds(view, name) for name in names]
        work.activity = graph.activity
        if graph.activity == resources.FUNCTION:
            work.input = {"FunctionName": _resource(graph), "Payload": work.input}
        elif graph.activity == resources.INVOKE:
            work.input = _event(work.input)
        if resources.is_function(graph.activity):
            work.limits = _of_a_function(*work.limits)
            _check_event(machine, visit, work.input["Payload"])
        seconds = work.limits[0]
        work.until = None if seconds is None else machine.state.now + seconds


def _resource(graph: Task) -> Json:
    return "" if graph.says is None else graph.says.members["Resource"]


def _take_child(machine: Machine, work: Work, graph: Child, given: Json) -> None:
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


def _check_event(machine: Machine, visit: Visit, event: Json) -> None:
    """SWF hands a function what it is given: it knows no references, and takes no longer texts."""
    if not machine.policy.lambda_tasks:
        return
    text = dumps(resolved(event, _content(machine)))
    if length(text) > PAYLOAD_CHARACTERS:
        why = f"the event of {visit.name} has more than SWF's {PAYLOAD_CHARACTERS:,} characters"
        raise ExpressionError(why, DATA_LIMIT_EXCEEDED)


def _of_a_function(limit: int | None, beat: int | None) -> list[int | None]:
    """The limits of a function, which cannot be heard of before it is done."""
    given = [seconds for seconds in (limit, beat) if seconds is not None]
    return [min(given, default=None), beat]


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


def took(machine: Machine, visit: Visit, result: Json, outcome: Outcome) -> None:
    """Take a state's result: its output becomes the document in force."""
    if not isinstance(machine.graph(visit), STEPS):
        passed(machine, visit)  # a wait that is skipped
        return
    fields, view = fields_of(machine, visit), view_of(machine, visit)
    _checked(machine, result, f"the result of {visit.name}")
    skipped = outcome is Outcome.SKIPPED
    left = Left(fields.replaced(view, result), {}) if skipped else fields.after(view, result)
    if visit.base is not None:
        output = _instead(machine, visit, view, result, skipped=skipped)
        left = Left(output, left.assigned)
    visit.result = result
    _leave(machine, visit, left)


def check_result(machine: Machine, visit: Visit, result: Json) -> None:
    """Raise where ResultPath or OutputPath do not fit a result that an operator gives."""
    if not isinstance(machine.graph(visit), STEPS):
        if result not in ({}, None):
            raise ExpressionError("a state that only waits gives no result")
        return
    fields_of(machine, visit).replaced(view_of(machine, visit), result)
    _checked(machine, result, f"the result of {visit.name}")


def _instead(machine: Machine, visit: Visit, view: View, result: Json, *, skipped: bool) -> Json:
    """The output of a state that was run again: its result in the data that are in force now.

    Where its output is the result itself, or computed, the data in force stay as they are: what
    follows goes on with them.
    """
    says = machine.graph(visit).says
    now = machine.state.inputs[visit.base or 0]
    members = {} if says is None else says.members
    if members.get("ResultPath", "$") in ("$", None) or members.get("OutputPath", "$") != "$":
        return now
    base = View(
        now,
        lambda: view.context,
        view.variables,
        chance=machine.draw,
        now=view.now,
        content=view.content,
    )
    fields = fields_of(machine, visit)
    return fields.replaced(base, result) if skipped else fields.after(base, result).output


# --- failures ---------------------------------------------------------------------------------


UNCATCHABLE = (RUNTIME,)
TIMEOUTS = (TIMEOUT, HEARTBEAT_TIMEOUT)


def matches(errors: Iterable[str], failure: Failure) -> bool:
    """Whether a retrier's or catcher's ErrorEquals are for a failure (States Language, errors)."""
    error = failure.error
    if error in UNCATCHABLE:
        return False
    for name in errors:
        if name in (error, ALL_ERRORS):
            return True
        if name == TASK_FAILED and error not in TIMEOUTS:
            return True
        if name == TIMEOUT and error in TIMEOUTS:
            return True
    return False


def caught(machine: Machine, visit: Visit, failure: Failure) -> str | None:
    """The state at which a catcher goes on; None where no catcher takes the failure."""
    graph = machine.graph(visit)
    for number, catcher in enumerate(catchers_of(graph)):
        if matches(catcher.errors, failure):
            left = fields_of(machine, visit).caught(
                view_of(machine, visit), number, error_output(failure)
            )
            _leave(machine, visit, left)
            return catcher.next
    return None


def error_output(failure: Failure) -> dict[str, Json]:
    """What Catch gets: `Error` and `Cause`, each only where there is one.

    A missed heartbeat has a name of its own to match, and is told as a timeout.
    """
    error = TIMEOUT if failure.error == HEARTBEAT_TIMEOUT else failure.error
    found = {"Error": error or None, "Cause": failure.told_cause}
    return {key: item for key, item in found.items() if item is not None}


# --- branches and items -----------------------------------------------------------------------


def reads(machine: Machine, visit: Visit, state: Map) -> Json:
    """What the activity gets that reads a map's items; None where they are in the data."""
    says = state.says
    if says is None or "ItemReader" not in says.members:
        return None
    reader: Any = says.members["ItemReader"]
    fields, view = fields_of(machine, visit), view_of(machine, visit)
    config = dict(reader.get("ReaderConfig", {}))
    most = fields.whole(view, config, "MaxItems", 0)
    config.pop("MaxItemsPath", None)
    if most is not None:
        config["MaxItems"] = most
    return {
        "Resource": reader["Resource"],
        "ReaderConfig": config,
        "Parameters": fields.template(view, _arguments(reader), "ItemReader/Arguments"),
    }


def _arguments(member: dict[str, Json]) -> Json:
    return member.get("Parameters", member.get("Arguments", {}))


def items(machine: Machine, visit: Visit, state: Map, read: Json = None) -> list[Json]:
    """What a map works on: the items, or batches of them; `read` are those of its reader."""
    fields, view = fields_of(machine, visit), view_of(machine, visit)
    tolerance = fields.tolerance(view)
    visit.rules = [tolerance.concurrency, tolerance.failures, tolerance.percentage]
    found = fields.items(view) if read is None else machine.content(read)
    if not isinstance(found, list):
        raise ExpressionError("what was read for the Map is no list", "States.ItemReaderFailed")
    says = state.says
    batcher: Any = None if says is None else says.members.get("ItemBatcher")
    return found if batcher is None else _batches(fields, view, found, batcher)


def _batches(fields: Fields, view: View, found: list[Json], batcher: Any) -> list[Json]:
    most = fields.whole(view, batcher, "MaxItemsPerBatch", 1) or len(found)
    most_bytes = fields.whole(view, batcher, "MaxInputBytesPerBatch", 1)
    shared: dict[str, Json] = {}
    if "BatchInput" in batcher:
        place = "ItemBatcher/BatchInput"
        shared["BatchInput"] = fields.template(view, batcher["BatchInput"], place)
    selected = [
        fields.item(view.with_item(index, value)) if fields.selects() else value
        for index, value in enumerate(found)
    ]
    whole = min(most_bytes or MOST_BYTES, MOST_BYTES) - _bytes({**shared, "Items": []})
    batches: list[list[Json]] = []
    room = 0
    for item in selected:
        size = _bytes(item) + 1
        if not batches or len(batches[-1]) == most or size > room:
            batches.append([])
            room = whole
        batches[-1].append(item)
        room -= size
    return [{**shared, "Items": batch} for batch in batches]


def _bytes(value: Json) -> int:
    return len(dumps(value).encode("utf-8", "surrogatepass"))


def begin_frame(machine: Machine, visit: Visit, frame: Frame) -> None:
    """What a branch or an item begins with."""
    graph, state = machine.graph(visit), machine.state
    if isinstance(graph, Map) and graph.distributed:
        frame.outer = 0
    else:
        frame.outer = _outer(machine, visit)
    if not isinstance(graph, Map):
        frame.input = frame.begins = _shared(machine, visit)
        return
    value = (visit.items or [])[frame.index]
    batched = graph.says is not None and "ItemBatcher" in graph.says.members
    fields = fields_of(machine, visit)
    if not batched and fields.selects():
        value = fields.item(view_of(machine, visit).with_item(frame.index, value))
        _checked(machine, value, f"the input of an item of {visit.name}")
    frame.input = frame.begins = state.add_input(value)


def _shared(machine: Machine, visit: Visit) -> int:
    """The key of the input that all branches get."""
    work = machine.state.works[f"s{visit.entry}"]
    if work.input is machine.state.inputs[visit.input]:
        return visit.input
    if visit.frames:
        return machine.state.frames[visit.frames[0]].begins
    return machine.state.add_input(work.input)


def _outer(machine: Machine, visit: Visit) -> int:
    """The key of the variables that a branch or an item sees."""
    frame = machine.frame(visit)
    if not frame.outer:
        return visit.variables
    if visit.frames:
        return machine.state.frames[visit.frames[0]].outer
    seen = _visible(machine, visit)
    return machine.state.add_variables(seen) if visit.variables else frame.outer


def concurrency(visit: Visit, _: Map) -> int:
    """How many items are worked on at once; 0 means all."""
    return int((visit.rules or [0])[0] or 0)


def is_tolerated(machine: Machine, visit: Visit, failed: int) -> bool:
    """Whether a map goes on with so many failed items."""
    graph = machine.graph(visit)
    _, count, percentage = visit.rules or [0, None, None]
    if not isinstance(graph, Map) or (count is None and percentage is None):
        return False
    if count is not None and failed > count:
        return False
    in_all = len(visit.items or ())
    return percentage is None or failed * 100 <= float(percentage) * in_all


def tolerates(machine: Machine, visit: Visit) -> bool:
    """Whether failed items of a map are counted, rather than failing it with their own error."""
    graph = machine.graph(visit)
    said = any(item is not None for item in (visit.rules or [0])[1:])
    return isinstance(graph, Map) and (graph.distributed or said)


def composite_result(machine: Machine, visit: Visit) -> list[Json]:
    """What the branches or items left, in their order; items that failed leave none."""
    frames = [machine.state.frames[number] for number in visit.frames]
    return [machine.state.inputs[frame.input] for frame in frames if frame.error is None]


def writes(machine: Machine, visit: Visit) -> Json:
    """What the activity gets that writes a map's results; None where they are the result."""
    says = machine.graph(visit).says
    if says is None or "ResultWriter" not in says.members:
        return None
    writer: Any = says.members["ResultWriter"]
    if not writer.get("Resource"):
        return None
    fields, view = fields_of(machine, visit), view_of(machine, visit)
    arn = context.execution_arn(machine)
    return {
        "Resource": writer["Resource"],
        "Parameters": fields.template(view, _arguments(writer), "ResultWriter/Arguments"),
        "WriterConfig": writer.get("WriterConfig", {}),
        "MapRunArn": f"{arn}/{visit.path}".replace(":execution:", ":mapRun:"),
        "Results": [_item_result(machine, number) for number in visit.frames],
    }


def _item_result(machine: Machine, number: int) -> dict[str, Json]:
    state = machine.state
    frame = state.frames[number]
    arn = context.execution_arn(machine)
    found: dict[str, Json] = {
        "ExecutionArn": f"{arn}/{frame.path}",
        "Input": dumps(state.inputs[frame.begins]),
        "Name": frame.path,
        "Status": "SUCCEEDED" if frame.error is None else "FAILED",
    }
    if frame.error is None:
        return {**found, "Output": dumps(state.inputs[frame.input])}
    return {**found, **frame.error}


# --- jumps ------------------------------------------------------------------------------------


def returned(machine: Machine, frame: Frame, last: Visit) -> None:
    """A frame goes back to what a state had when it was entered last."""
    frame.input, frame.variables = last.input, last.variables


# --- on the wire ------------------------------------------------------------------------------


def work_input(machine: Machine, work: Work, envelope: dict[str, Json]) -> Json:
    """The input of an activity: exactly what the state says, and who it is."""
    envelope = {**envelope, "json": True}
    if work.poll is not None:
        envelope["poll"] = work.poll["state"]
    if work.kind != "step":
        return _wrapped(_undo_input(machine, work), envelope)
    credentials = _credentials(machine, machine.visit(work.entry))
    if credentials is not None:
        envelope["credentials"] = credentials
    return _wrapped(work.input, envelope)


def _credentials(machine: Machine, visit: Visit) -> Json:
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


def output(machine: Machine) -> Json:
    """The execution's output: the document as the last state left it."""
    return machine.state.inputs[machine.state.root.input]


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
