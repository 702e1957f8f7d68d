"""What goes into steps and comes out of them: the input, and `previous_results`."""

from __future__ import annotations

from expressions import jsonpath
from expressions.errors import RUNTIME, ExpressionError
from expressions.scope import Scope
from wire import ENVELOPE, Json, is_reference
from workflow.graph import ALL_ERRORS, TASK_FAILED, TIMEOUT, Await, Choice, Fail, Map, Wait
from workflow.language import fields
from workflow.machine import Failure, Machine
from workflow.state import ROOT, Frame, Outcome, Visit, Work


def results(machine: Machine, visit: Visit) -> dict[str, Json]:
    """`previous_results` of a visit: all that it follows, or those that its step names."""
    needs = getattr(machine.graph(visit), "needs", None)
    frame = machine.frame(visit)
    end = visit.previous if visit.sees is None else visit.sees or None
    if needs is not None and end == frame.trail:
        return _named(machine, frame, needs)
    found = {item.name: item.result for item in machine.trail(end)}
    found = {**_outer(machine, frame), **found}
    return found if needs is None else {name: found[name] for name in needs if name in found}


def _named(machine: Machine, frame: Frame, needs: tuple[str, ...]) -> dict[str, Json]:
    """The results of those names, each found without walking what came before."""
    known = machine.known(frame)
    missing = [name for name in needs if name not in known]
    outer = _outer(machine, frame) if missing and frame.id != ROOT else {}
    found = {name: machine.visit(known[name]).result for name in needs if name in known}
    found |= {name: outer[name] for name in missing if name in outer}
    return {name: found[name] for name in needs if name in found}


def _outer(machine: Machine, frame: Frame) -> dict[str, Json]:
    """What was known when the composite state around a frame was entered."""
    if frame.owner is None:
        return {}
    return results(machine, machine.visit(frame.owner))


def own_results(machine: Machine, frame: Frame) -> dict[str, Json]:
    """The results of a frame's own steps, by name: what a branch or an item gives."""
    return {name: machine.visit(entry).result for name, entry in machine.known(frame).items()}


def read(machine: Machine, frame: Frame, path: str) -> Json:
    """The value at a path of the data that a frame sees now."""
    return machine.content(jsonpath.compile(path).need(_scope(machine, frame)))


def _scope(machine: Machine, frame: Frame) -> Scope:
    return Scope(_view(machine, frame), content=machine.content)


def _view(machine: Machine, frame: Frame) -> Json:
    value = machine.content(machine.state.inputs[frame.input])
    if not isinstance(value, dict):
        value = {"input": value}
    known = {**_outer(machine, frame), **own_results(machine, frame)}
    return {**value, **item_of(machine, frame), "previous_results": known}


def item_of(machine: Machine, frame: Frame) -> dict[str, Json]:
    """`item` and `item_index` of the innermost map around a frame; nothing outside of maps."""
    while frame.owner is not None:
        owner = machine.visit(frame.owner)
        if owner.items is not None:
            return {"item": owner.items[frame.index], "item_index": frame.index}
        frame = machine.frame(owner)
    return {}


def _without_lists(machine: Machine, visit: Visit) -> Json:
    """The input in force, without the lists of the maps around: each of thousands gets its item."""
    value, frame = machine.state.inputs[visit.input], machine.frame(visit)
    while frame.owner is not None:
        owner = machine.visit(frame.owner)
        state = machine.graph(owner)
        if isinstance(state, Map) and isinstance(value, dict) and owner.items is not None:
            name = state.items_path.removeprefix("$.")
            value = {key: item for key, item in value.items() if key != name}
        frame = machine.frame(owner)
    return value


# --- what activities get ----------------------------------------------------------------------


def work_input(machine: Machine, work: Work, envelope: dict[str, Json]) -> Json:
    """The input of an activity on the wire: the caller's, earlier results, and who it is."""
    state = machine.state
    if work.kind == "transaction":
        value, extra = state.inputs[state.root.input], _reversal(machine)
    else:
        visit = machine.visit(work.entry)
        value = _without_lists(machine, visit)
        extra = item_of(machine, machine.frame(visit))
        if work.kind == "step":
            extra["previous_results"] = results(machine, visit)
        else:
            extra |= _undo(machine, visit)
    if isinstance(value, dict) and not is_reference(value):
        return {**value, **extra, ENVELOPE: envelope}
    return {**extra, ENVELOPE: {**envelope, "input": value}}


def child_input(machine: Machine, work: Work, envelope: dict[str, Json]) -> Json:
    """The input of a child on the wire: the parent's, with what it needs as `parent_results`."""
    visit = machine.visit(work.entry)
    value = _without_lists(machine, visit)
    extra = item_of(machine, machine.frame(visit)) | {"parent_results": results(machine, visit)}
    if isinstance(value, dict) and not is_reference(value):
        return {**value, **extra, ENVELOPE: envelope}
    return {ENVELOPE: {**envelope, "input": {"input": value, **extra}}}


def _undo(machine: Machine, visit: Visit) -> dict[str, Json]:
    known = own_results(machine, machine.state.root)
    frame = machine.frame(visit)
    if frame.id != ROOT:
        known = {**known, **_outer(machine, frame), **own_results(machine, frame)}
    return {"step_to_rollback": visit.path, **_why(machine), "previous_results": known}


def _reversal(machine: Machine) -> dict[str, Json]:
    rollback = machine.rollback
    return {
        **_why(machine),
        "previous_results": own_results(machine, machine.state.root),
        "compensated": rollback.compensated,
        "not_compensated": rollback.not_compensated,
    }


def _why(machine: Machine) -> dict[str, Json]:
    rollback = machine.rollback
    return {
        "failed_activity": rollback.failed,
        "reason": rollback.reason,
        "last_error": rollback.error,
    }


# --- what the execution gives -----------------------------------------------------------------


def output(machine: Machine) -> Json:
    """The execution's result: the caller's input with the results of all steps."""
    root = machine.state.root
    found = own_results(machine, root)
    value = machine.state.inputs[root.input]
    if isinstance(value, dict) and not is_reference(value):
        return {**value, "previous_results": found}
    return {"input": value, "previous_results": found}


# --- states -----------------------------------------------------------------------------------


def entered(_: Machine, __: Visit) -> None:
    """Nothing is kept of a state's entrance but the visit."""


def passed(_: Machine, __: Visit) -> None:
    """Nothing becomes of the data."""


def chosen(machine: Machine, visit: Visit, state: Choice) -> str:
    """The target of the first rule that holds."""
    scope = _scope(machine, machine.frame(visit))
    for holds, target in machine.definition.rules(state.name):
        if holds(scope):
            return target
    if state.default is None:
        raise ExpressionError(f"no rule of {state.name} holds", "States.NoChoiceMatched")
    return state.default


def wait(machine: Machine, visit: Visit, state: Wait) -> tuple[int | None, float | None]:
    """Seconds or a moment, given or read from the data."""
    frame = machine.frame(visit)
    until: Json = state.timestamp
    seconds: Json = state.seconds
    if state.seconds_path is not None:
        found = read(machine, frame, state.seconds_path)
        seconds = fields.whole_number(found, state.seconds_path, RUNTIME)
    if state.timestamp_path is not None:
        until = read(machine, frame, state.timestamp_path)
    if until is None:
        return int(seconds), None
    return None, fields.moment(until, state.timestamp_path or "the time", RUNTIME)


def limit(_: Machine, __: Visit, state: Await) -> int | None:
    """As the step says."""
    return state.seconds


def failure(_: Machine, __: Visit, state: Fail) -> Failure:
    """The error and cause that are written."""
    reason = ": ".join(text for text in (state.error, state.cause) if text)
    return Failure(reason or f"{state.name} fails", retryable=False)


def attempt(_: Machine, __: Visit, ___: Work) -> None:
    """What an attempt gets is read when it is asked for: it does not change meanwhile."""


def of_work(_: Machine, __: Work, result: Json) -> Json:
    """What the activity gave."""
    return result


def child_result(_: Machine, __: Work, result: Json) -> Json:
    """What the child gave."""
    return result


def took(_: Machine, visit: Visit, result: Json, __: Outcome) -> None:
    """The result counts from now on, under the step's name."""
    visit.result = result


def check_result(_: Machine, __: Visit, ___: Json) -> None:
    """Any JSON may be a step's result."""


def caught(_: Machine, __: Visit, ___: Failure) -> str | None:
    """There are no catchers."""
    return None


def matches(errors: tuple[str, ...], failure: Failure) -> bool:
    """Whether a retrier's errors name a failure's."""
    error = failure.error
    for name in errors:
        if name in (error, ALL_ERRORS) or (name == TASK_FAILED and error != TIMEOUT):
            return True
    return False


# --- branches and items -----------------------------------------------------------------------


def reads(_: Machine, __: Visit, ___: Map) -> Json:
    """Items are in the data."""
    return None


def items(machine: Machine, visit: Visit, state: Map, _: Json = None) -> list[Json]:
    """The list at the map's path."""
    found = read(machine, machine.frame(visit), state.items_path)
    if not isinstance(found, list):
        raise ExpressionError(f"there is no list at {state.items_path}")
    return found


def concurrency(_: Visit, state: Map) -> int:
    """As the step says."""
    return state.concurrency


def tolerates(_: Machine, __: Visit) -> bool:
    """One failed item fails the map."""
    return False


def is_tolerated(_: Machine, __: Visit, ___: int) -> bool:
    """As above."""
    return False


def begin_frame(_: Machine, visit: Visit, frame: Frame) -> None:
    """All have the same input."""
    frame.input = visit.input


def composite_result(machine: Machine, visit: Visit) -> list[Json]:
    """Per branch or item, its steps' results by name."""
    frames = [machine.state.frames[number] for number in visit.frames]
    return [own_results(machine, frame) for frame in frames]


def writes(_: Machine, __: Visit) -> Json:
    """Results are not written anywhere."""
    return None


def returned(_: Machine, frame: Frame, last: Visit) -> None:
    """The edition of the input that a step had."""
    frame.input = last.input
