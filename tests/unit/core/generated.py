"""Random definitions, made with the public builder."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from errors import DefinitionError
from workflow import (
    Definition,
    Retry,
    Rollback,
    child,
    choice,
    fail,
    map_items,
    parallel,
    process,
    step,
    wait,
    wait_for_signal,
    where,
)

SIGNALS = ("GO", "APPROVAL")
INPUT = {"items": ["x", "y", "z"], "flag": 1, "seconds": 2}

Draw = Callable[[Any], Any]


class Maker:
    """Draws parts of a process; every name is used once."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.numbers = count(1)
        self.names: list[str] = []

    def name(self, kind: str) -> str:
        name = f"{kind}{next(self.numbers)}"
        self.names.append(name)
        return name

    def flag(self, *, often: int = 1) -> bool:
        return self.draw(st.integers(0, often)) == 0

    def retry(self) -> Retry | None:
        if not self.flag(often=2):
            return None
        return Retry(
            attempts=self.draw(st.integers(1, 3)),
            initial_seconds=self.draw(st.integers(1, 3)),
            rate=self.draw(st.sampled_from([1, 1.5, 2.0])),
            max_seconds=self.draw(st.sampled_from([None, 4])),
            jitter=self.flag(),
            non_retryable=self.draw(st.sampled_from([(), ("ValueError",)])),
        )

    def failing(self) -> dict[str, Any]:
        return {"on_failure": "pause"} if self.flag(often=4) else {}

    def undoing(self) -> dict[str, Any]:
        return (
            {"compensation": self.draw(st.sampled_from(["Undo", "RollbackStep"]))}
            if (self.flag())
            else {}
        )

    # --- parts --------------------------------------------------------------------------------

    def sequence(self, depth: int, longest: int) -> list[Any]:
        parts: list[Any] = []
        for _ in range(self.draw(st.integers(1, longest))):
            parts += self.part(depth)
        return parts

    def part(self, depth: int) -> list[Any]:
        flat = [self.step, self.step, self.step, self.wait, self.signal, self.child, self.loop]
        deep = [self.parallel, self.map, self.choice]
        make = self.draw(st.sampled_from([*flat, *deep] if depth else flat))
        return make(depth)

    def step(self, _: int) -> list[Any]:
        known = list(self.names)
        needs = None
        if known and self.flag(often=3):
            needs = [self.draw(st.sampled_from(known))]
        name = self.name("Step")
        return [step(name, needs=needs, retry=self.retry(), **self.failing(), **self.undoing())]

    def wait(self, _: int) -> list[Any]:
        if self.flag():
            return [wait(self.name("Wait"), self.draw(st.integers(0, 3)))]
        return [wait(self.name("Wait"), seconds_path="$.seconds")]

    def signal(self, _: int) -> list[Any]:
        limits: dict[str, Any] = {}
        if self.flag():
            limits["seconds"] = 30
            if self.flag():
                limits["default"] = {"approved": False}
        signal = self.draw(st.sampled_from(SIGNALS))
        return [
            wait_for_signal(
                self.name("Await"), signal=signal, **limits, **self.failing(), **self.undoing()
            )
        ]

    def child(self, _: int) -> list[Any]:
        name = self.name("Child")
        return [child(name, "Sub@1", retry=self.retry(), **self.failing(), **self.undoing())]

    def loop(self, _: int) -> list[Any]:
        """A step, and back to it while its result says so."""
        body = self.step(0)
        place = where(f"$.previous_results.{body[0].name}.again")
        again = place.is_present() & place.equals(value=True)
        return [*body, choice(self.name("Again"), (again, body[0].name))]

    def parallel(self, depth: int) -> list[Any]:
        branches = [self.sequence(depth - 1, 2) for _ in range(self.draw(st.integers(1, 3)))]
        return [parallel(self.name("Fork"), *branches, retry=self.retry(), **self.failing())]

    def map(self, depth: int) -> list[Any]:
        steps = self.sequence(depth - 1, 2)
        at_once = self.draw(st.integers(0, 2))
        more = {"concurrency": at_once, "retry": self.retry(), **self.failing()}
        return [map_items(self.name("Each"), steps, **more)]

    def choice(self, depth: int) -> list[Any]:
        rules = [
            (where("$.flag").equals(self.draw(st.integers(1, 2))), self.way(depth)),
            (where("$.never").is_present(), self.way(depth)),
        ]
        return [choice(self.name("Choice"), *rules, otherwise=self.way(depth))]

    def way(self, depth: int) -> list[Any] | None:
        kind = self.draw(st.sampled_from(["on", "parts", "parts", "fail"]))
        if kind == "on":
            return None
        if kind == "fail" and self.flag(often=2):
            return [fail(self.name("Fail"), "Business.No")]
        return self.sequence(depth - 1, 2)


@st.composite
def definitions(draw: Any) -> Definition:
    """Processes of up to four parts, nested two deep."""
    maker = Maker(draw)
    parts = maker.sequence(2, 4)
    rollback = Rollback(on_cancel=maker.flag(), on_deadline=maker.flag())
    deadline = draw(st.sampled_from([None, None, 20, 5_000]))
    parts.append(step("Last", compensation="Undo"))
    try:
        return process("Random", "1.0", parts, rollback=rollback, deadline=deadline)
    except DefinitionError as error:  # a choice may fail whatever it chooses
        assume("never reached" not in str(error))
        raise
