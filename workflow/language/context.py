"""The context object, `$$` or `$states.context`; and the ARNs and task tokens in it.

An execution has no ARN in SWF.  Those here are for definitions that print or split them; region
and account in them are always the same.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from errors import InvalidInputError
from wire import Json, dumps
from workflow.graph import Child, Map, Parallel, Task
from workflow.machine import Machine
from workflow.state import Frame, Visit, Work

ARN = "arn:aws:states:us-east-1:123456789012"
ROLE = "arn:aws:iam::123456789012:role/business-process"

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Token(NamedTuple):
    """What a task token names."""

    workflow_id: str
    start_id: str
    path: str
    visit: int
    attempt: int


def written(token: Token) -> str:
    """The token as a text that may stand in any message or URL."""
    return base64.urlsafe_b64encode(dumps(list(token)).encode()).decode().rstrip("=")


def read_token(text: str) -> Token:
    """What a token names; `InvalidInputError` for a text that is none."""
    try:
        padded = text.encode() + b"=" * (-len(text) % 4)
        parts: Any = json.loads(base64.b64decode(padded, b"-_", validate=True))
        workflow_id, start_id, path, visit, attempt = parts
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise InvalidInputError("that is no task token: one was cut or changed") from None
    texts = all(isinstance(part, str) for part in parts[:3])
    if not texts or not all(type(part) is int for part in parts[3:]):
        raise InvalidInputError("that is no task token: one was cut or changed")
    return Token(workflow_id, start_id, path, visit, attempt)


def token_of(machine: Machine, visit: Visit, work: Work) -> str:
    """The token by which the attempt of a visit is answered."""
    state = machine.state
    return written(
        Token(machine.workflow_id, state.start_id, visit.path, visit.number, work.attempt)
    )


def instant(seconds: float) -> str:
    """A moment as the context object has it: ISO 8601 in UTC, with milliseconds."""
    moment = _EPOCH + timedelta(milliseconds=round(seconds * 1000))
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def execution_arn(machine: Machine) -> str:
    """The execution's ARN."""
    return f"{ARN}:execution:{machine.definition.name}:{machine.workflow_id}"


def context_of(machine: Machine, visit: Visit) -> dict[str, Json]:
    """The context object for a state, without the item of a map."""
    frame = machine.frame(visit)
    name = machine.definition.name
    found: dict[str, Json] = {
        "Execution": _execution(machine, frame),
        "StateMachine": {"Id": f"{ARN}:stateMachine:{name}", "Name": name},
        "State": {"EnteredTime": instant(visit.entered), "Name": visit.name},
    }
    graph = machine.graph(visit)
    work = machine.state.works.get(f"s{visit.entry}")
    if work is not None and isinstance(graph, Task | Child | Parallel | Map):
        found["State"]["RetryCount"] = work.attempt - 1
    if work is not None and isinstance(graph, Task | Child) and getattr(graph, "token", False):
        found["Task"] = {"Token": token_of(machine, visit, work)}
    item = _item(machine, frame)
    if item is not None:
        found["Map"] = {"Item": item}
    return found


def _execution(machine: Machine, frame: Frame) -> dict[str, Json]:
    own = _own_execution(machine, frame)
    value = machine.state.inputs[0] if own is None else machine.state.inputs[own.begins]
    arn, name = execution_arn(machine), machine.workflow_id
    if own is not None:
        arn, name = f"{arn}/{own.path}", f"{name}/{own.path}"
    return {
        "Id": arn,
        "Input": value,
        "Name": name,
        "RoleArn": ROLE,
        "StartTime": instant(machine.state.begun),
        "RedriveCount": 0,
    }


def _own_execution(machine: Machine, frame: Frame) -> Frame | None:
    """The item of a distributed map that a frame lies in: to States Language an execution."""
    while frame.owner is not None:
        owner = machine.visit(frame.owner)
        graph = machine.graph(owner)
        if isinstance(graph, Map) and graph.distributed:
            return frame
        frame = machine.frame(owner)
    return None


def _item(machine: Machine, frame: Frame) -> dict[str, Json] | None:
    """Index and value of the innermost map's item around a frame."""
    while frame.owner is not None:
        owner = machine.visit(frame.owner)
        graph = machine.graph(owner)
        if isinstance(graph, Map) and graph.distributed:
            return None
        if owner.items is not None:
            return {"Index": frame.index, "Value": owner.items[frame.index]}
        frame = machine.frame(owner)
    return None
