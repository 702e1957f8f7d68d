"""The processes that live through the chaos, and the functions of their steps."""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import process as shipped
from activities import effects
from activity_worker import NonRetryableError, current_task
from asl.loading import load
from tests.chaos.sealing import UNSPOKEN
from workflow import (
    Definition,
    Retry,
    child,
    choice,
    commands,
    map_items,
    parallel,
    process,
    step,
    wait,
    wait_for_signal,
    where,
)

VERSION = "1.0"
UNDO = "RollbackStep"
APPROVAL = "APPROVAL"
ROWS = 2  # that one visit of a writing step leaves
LARGE = 45_000  # characters; SWF takes 32,768
SOFT_LIMIT, HARD_LIMIT = 40, 80  # events of a run, where SWF's own limit allows thousands


def shorten_histories() -> None:
    """Let runs continue as new early, in this process: whoever decides or checks must agree."""
    commands.HISTORY_SOFT_LIMIT, commands.HISTORY_HARD_LIMIT = SOFT_LIMIT, HARD_LIMIT


rows = effects.effect_table(
    "chaos_rows", sa.Column("token", sa.Text, primary_key=True), several_rows=True
)
"""What writing steps leave.  Tokens are drawn anew by each attempt, so a doubled effect shows."""


def _writing(name: str) -> Any:
    return step(name, activity="Write", compensation=UNDO)


def _working() -> list[Any]:
    return [
        _writing("Reserve"),
        parallel("Both", [_writing("Left")], [_writing("Right")]),
        map_items("Each", [_writing("Bill")], concurrency=2),
    ]


WIDE = process(
    "ChaosWide",
    VERSION,
    [
        *_working(),
        choice(
            "Many",
            (where("$.many").equals(True), [step("Pack", activity="Flaky")]),
            otherwise=[step("Wrap", activity="Note")],
        ),
        step("Finish", activity="Write"),
    ],
)
SAGA = process("ChaosSaga", VERSION, [*_working(), step("Ship", activity="Refuse")])
WAITS = process(
    "ChaosWaits",
    VERSION,
    [
        step("Ask", activity="Note"),
        wait("Breath", 1),
        wait_for_signal("Approve", signal=APPROVAL),
        _writing("Settle"),
    ],
)
LONG = process(
    "ChaosLong",
    VERSION,
    [
        map_items("Much", [_writing("Piece")], concurrency=2),
        wait_for_signal("Once", signal=APPROVAL),
        step("Between", activity="Write"),
        wait_for_signal("Twice", signal=APPROVAL),
        _writing("Last"),
    ],
)
"""Continues as new, with answers on the way that it does not wait for yet."""
HELD = process("ChaosHeld", VERSION, [wait_for_signal("Hold", signal=APPROVAL), _writing("Settle")])
"""Cannot end before it is answered."""
CHILD = process("ChaosChild", VERSION, [_writing("Inside"), wait("Nap", 1)])
PARENT = process(
    "ChaosParent",
    VERSION,
    [
        _writing("Open"),
        child("Call", f"ChaosChild@{VERSION}", retry=Retry(attempts=3)),
        step("Close", activity="Write"),
    ],
)
LARGER = process(
    "ChaosLarge",
    VERSION,
    [step("Make"), step("Carry"), step("Compare", needs=["Make", "Carry"])],
)
MACHINE = load(
    (Path(__file__).parent / "machine.asl.json").read_text("utf-8"), "ChaosMachine", VERSION
)

SHIPPED = shipped.shipped()

SHARES = {
    SHIPPED.name: 34,
    WIDE.name: 14,
    LONG.name: 4,
    SAGA.name: 12,
    WAITS.name: 12,
    MACHINE.name: 12,
    PARENT.name: 6,
    LARGER.name: 6,
}
"""How many of a hundred executions are of each process."""

OURS: tuple[Definition, ...] = (WIDE, SAGA, WAITS, LONG, HELD, CHILD, PARENT, LARGER, MACHINE)
"""All but the one that ships."""

APPROVALS = {WAITS.name: 1, LONG.name: 2, HELD.name: 1}
"""How often somebody has to answer."""


def named(name: str) -> Definition:
    """The definition of that name."""
    return next(item for item in (SHIPPED, *OURS) if item.name == name)


def input_of(name: str, number: int, chance: random.Random) -> dict[str, Any]:
    """What an execution is started with."""
    note = f"{UNSPOKEN}-{number}"
    order = {
        "order_id": f"ORD-{number}",
        "items": ["a", "b", "c"][: chance.randint(1, 3)],
        "note": note,
    }
    if name == SHIPPED.name:
        items = [{"sku": "A", "quantity": chance.randint(1, 3), "price": 5}]
        return {"order_id": f"ORD-{number}", "items": items, "metadata": {"note": note}}
    if name == LONG.name:
        return {**order, "items": list("abcdefghijkl")}  # two runs at least
    if name == WIDE.name:
        return {**order, "many": chance.random() < 0.5}
    if name == LARGER.name:
        return {**order, "seed": number, "blob": text_of(number) if chance.random() < 0.5 else ""}
    return order


# --- what steps do ------------------------------------------------------------------------------


def write(data: dict[str, Any]) -> dict[str, Any]:
    """Leave the rows of this visit in place of those that it left before."""
    task = current_task()
    with effects.write(task, task.activity) as connection:
        for _ in range(ROWS):
            row = {**effects.key_of(task, task.activity), "token": str(uuid.uuid4())}
            connection.execute(sa.insert(rows), row)
    return {"wrote": task.path, "visit": task.visit, "said": UNSPOKEN}


def note(data: dict[str, Any]) -> dict[str, Any]:
    """Say where this was done."""
    return {"at": current_task().path}


def flaky(data: dict[str, Any]) -> dict[str, Any]:
    """Fail the first time."""
    if current_task().attempt == 1:
        raise ConnectionError(f"not yet, {UNSPOKEN}")
    return {"at": current_task().path}


def refuse(data: dict[str, Any]) -> dict[str, Any]:
    """Fail for good."""
    raise NonRetryableError("no carrier")


def text_of(seed: int) -> str:
    """A large text that is not easily made smaller."""
    block = hashlib.sha512(str(seed).encode()).hexdigest()
    return UNSPOKEN + "".join(f"{number}{block}" for number in range(LARGE // len(block)))


def make(data: dict[str, Any]) -> dict[str, Any]:
    """Make a large result."""
    return {"text": text_of(data["seed"])}


def carry(data: dict[str, Any]) -> dict[str, Any]:
    """Read a large result and give another."""
    _same(data["previous_results"]["Make"]["text"], text_of(data["seed"]))
    return {"text": text_of(-data["seed"])}


def compare(data: dict[str, Any]) -> dict[str, Any]:
    """See that both are what they were."""
    results, seed = data["previous_results"], data["seed"]
    _same(results["Make"]["text"], text_of(seed))
    _same(results["Carry"]["text"], text_of(-seed))
    _same(data["blob"] or text_of(seed), text_of(seed))
    return {"same": True}


def _same(text: str, wanted: str) -> None:
    if text != wanted:
        raise NonRetryableError(f"another text than was made, of {len(text)} characters")


ACTIVITIES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "Write": write,
    "Note": note,
    "Flaky": flaky,
    "Refuse": refuse,
    "Make": make,
    "Carry": carry,
    "Compare": compare,
}
