"""Members that are ours, not AWS's: sagas, settings of SWF, steps that wait for a signal.

machine: {"Saga": {"Step": "UndoAll", "Transaction": "order", "OnCancel": true}}
Task:    {"Compensation": "refund", "OnFailure": "pause", "Needs": ["Pay"],
          "Settings": {"TaskList": "slow", "Priority": 1, "ScheduleToStart": 60}}
Task:    {"Resource": "arn:aws:states:::signal:approve", "Default": {"ok": false}}
"""

from __future__ import annotations

from collections.abc import Callable

from asl.diagnostics import EXTENSION
from asl.validation.report import Node, quoted
from asl.validation.resources import SIGNAL
from wire import Json

LONGEST = 256  # characters of a name of SWF
PRIORITIES = range(-(2**31), 2**31)  # what SWF takes

Fits = Callable[[Json], bool]


def machine(node: Node) -> None:
    """Check the extension members of a machine."""
    _object(node, "Saga", _SAGA)


def state(node: Node) -> None:
    """Check the extension members of a Task, Parallel or Map state."""
    for key, (fits, wanted) in _STATE.items():
        if key in node.members and not fits(node.members[key]):
            node.error(f"'{key}' must be {wanted}", key, EXTENSION)
    _object(node, "Settings", _SETTINGS)
    is_task = "Resource" in node.members
    if (
        is_task
        and "Default" in node.members
        and not SIGNAL.fullmatch(str(node.members.get("Resource")))
    ):
        message = "'Default' is for a Task that waits for a signal (arn:aws:states:::signal:NAME)"
        node.error(message, "Default", EXTENSION)


def _object(node: Node, key: str, members: dict[str, tuple[Fits, str]]) -> None:
    if key not in node.members:
        return
    value = node.members[key]
    if not isinstance(value, dict):
        node.error(f"'{key}' must be an object", key, EXTENSION)
        return
    inner = Node(node.report, node.at(key), value)
    for name, item in value.items():
        if name == "Comment":
            continue
        if name not in members:
            known = ", ".join(members)
            inner.error(f"'{key}' has no '{quoted(name)}', only {known}", name, EXTENSION)
        elif not members[name][0](item):
            inner.error(f"'{name}' must be {members[name][1]}", name, EXTENSION)


def _name(value: Json) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST


def _seconds(value: Json) -> bool:
    if isinstance(value, str):
        return value == "NONE" or (value.isascii() and value.isdigit() and 0 < len(value) <= 8)
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**8


def _priority(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in PRIORITIES


def _truth(value: Json) -> bool:
    return isinstance(value, bool)


def _names(value: Json) -> bool:
    return isinstance(value, list) and all(map(_name, value))


def _outcome(value: Json) -> bool:
    return value in ("rollback", "pause")


_A_NAME = (_name, f"a text of 1 to {LONGEST} characters")
_A_TRUTH = (_truth, "true or false")
_A_TIME = (_seconds, 'seconds (1 to 99999999) or "NONE"')

_STATE: dict[str, tuple[Fits, str]] = {
    "Compensation": _A_NAME,
    "OnFailure": (_outcome, '"rollback" or "pause"'),
    "Needs": (_names, "a list of names of steps"),
}
_SETTINGS: dict[str, tuple[Fits, str]] = {
    "ScheduleToStart": _A_TIME,
    "ScheduleToClose": _A_TIME,
    "TaskList": _A_NAME,
    "Priority": (_priority, "a whole number of 32 bits"),
}
_SAGA: dict[str, tuple[Fits, str]] = {
    "Step": _A_NAME,
    "Transaction": _A_NAME,
    "OnCancel": _A_TRUTH,
    "OnDeadline": _A_TRUTH,
}
