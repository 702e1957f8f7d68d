"""What the branches of a Parallel and the items of a Map begin with, and what they leave.

An item of a distributed Map is a frame like any other; to its states it is an execution, with a
context object of its own and without the variables around it.
"""

from __future__ import annotations

from typing import Any

from expressions.errors import ExpressionError
from wire import Json, dumps
from workflow.graph import Map
from workflow.language import context
from workflow.language.fields import Fields
from workflow.language.surroundings import (
    content_of,
    fields_of,
    view_of,
    visible,
    within_limits,
)
from workflow.language.view import MOST_BYTES, View, resolved
from workflow.machine import Machine
from workflow.state import Frame, Visit

# --- what a map works on ----------------------------------------------------------------------


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


# --- what branches and items begin with, and leave --------------------------------------------


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
        within_limits(machine, value, f"the input of an item of {visit.name}")
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
    seen = visible(machine, visit)
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
        "Input": _text(machine, frame.begins),
        "Name": frame.path,
        "Status": "SUCCEEDED" if frame.error is None else "FAILED",
    }
    if frame.error is None:
        return {**found, "Output": _text(machine, frame.input)}
    return {**found, **frame.error}


def _text(machine: Machine, key: int) -> str:
    return dumps(resolved(machine.state.inputs[key], content_of(machine)))
