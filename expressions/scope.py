"""What the names in an expression stand for: `$`, `$$`, variables; and where chance comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from expressions.budget import Budget
from expressions.errors import ExpressionError
from wire import Json

Chance: TypeAlias = Callable[[], float]
"""Gives the next drawn number, 0 <= x < 1; an interpreter seeds it from the event's identity."""

Content: TypeAlias = Callable[[Json], Json]
"""Gives what a reference to a large value stands for, and any other value as it is."""

NO_VARIABLES: Mapping[str, Json] = MappingProxyType({})


def no_chance() -> float:
    """The chance of a scope that was given none."""
    raise ExpressionError("this expression may not draw random numbers")


class Scope:
    """The surroundings of one evaluation.  Make a new one for each field or state.

    `document` is `$`, `context` is `$$`, `variables` are `$name`.  With `content`, references to
    large values (`wire.reference`) are looked into where a path goes through them, and only
    there: a reference that a path ends at is passed on unread, but to conditions and intrinsic
    functions.  `budget` is spent by everything that is evaluated in this scope.
    """

    __slots__ = ("_budget", "chance", "content", "context", "document", "variables")

    def __init__(
        self,
        document: Json,
        context: Json = None,
        variables: Mapping[str, Json] = NO_VARIABLES,
        *,
        chance: Chance = no_chance,
        content: Content | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.document = document
        self.context = context
        self.variables = variables
        self.chance = chance
        self.content = content
        self._budget = budget

    @property
    def budget(self) -> Budget:
        """What evaluations in this scope may still spend; made when it is first asked for."""
        if self._budget is None:
            self._budget = Budget()
        return self._budget
