"""What goes into steps and comes out of them: the input, and `previous_results`."""

from __future__ import annotations

from wire import ENVELOPE, Json, is_reference
from workflow import paths
from workflow.graph import Map
from workflow.machine import Machine
from workflow.state import ROOT, Frame, Visit, Work


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
    """The value at a path of the data that a frame sees now, or `paths.MISSING`."""
    member, *rest = [*paths.parse(path)[:2], None]
    if member == "previous_results" and isinstance(rest[0], str):  # one result, of many perhaps
        view: Json = {member: _named(machine, frame, (rest[0],))}
    else:
        view = _view(machine, frame)
    return paths.read(path, view, machine.content)


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


def work_input(machine: Machine, work: Work) -> Json:
    """The input of an activity on the wire: the caller's, earlier results, and who it is."""
    state = machine.state
    envelope: dict[str, Json] = {"start_id": state.start_id, **identity(machine, work)}
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


def identity(machine: Machine, work: Work) -> dict[str, Json]:
    """By which a worker knows the visit that it works on."""
    if work.kind == "transaction":
        return {"path": work.activity, "visit": work.entry, "attempt": work.attempt}
    visit = machine.visit(work.entry)
    found: dict[str, Json] = {"path": visit.path, "visit": visit.number, "attempt": work.attempt}
    return {**found, "undo": True} if work.kind == "undo" else found


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
