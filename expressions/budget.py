"""What one evaluation may cost, counted: never measured in seconds, so that replays agree."""

from __future__ import annotations

from expressions.errors import RUNTIME, BudgetError

STEPS = 1_000_000
"""Values looked at, comparisons made: the work of about half a second in Python."""

BYTES = 4_194_304
"""Characters of text made on the way; a payload of States Language has 262,144 bytes at most."""

CALLS = 300
"""Levels of evaluation that calls of functions may nest to (JSONata): Python's stack holds them."""

DEPTH = 200
"""Levels of objects and lists, of a value that is walked or of an expression's own nesting."""


class Budget:
    """The steps and bytes that are left; `BudgetError` once they are gone."""

    __slots__ = ("bytes", "depth", "error", "steps")

    def __init__(
        self,
        steps: int = STEPS,
        bytes: int = BYTES,  # noqa: A002 - the unit is the name
        error: str = RUNTIME,
        depth: int = CALLS,
    ) -> None:
        self.steps = steps
        self.depth = depth
        self.bytes = bytes
        self.error = error

    def spend(self, steps: int) -> None:
        """Take so many steps."""
        self.steps -= steps
        if self.steps < 0:
            raise BudgetError("the expression takes too many steps", self.error)

    def make(self, bytes: int) -> None:  # noqa: A002 - the unit is the name
        """Take the bytes (or characters) of a text that is about to be made."""
        self.bytes -= bytes
        if self.bytes < 0:
            raise BudgetError("the expression makes too much text", self.error)


def too_deep(error: str = RUNTIME) -> BudgetError:
    """What is raised where values or expressions nest deeper than `DEPTH`."""
    return BudgetError(f"more than {DEPTH} levels are nested", error)
