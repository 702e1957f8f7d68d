"""What the fields of a state are evaluated on, and the limits of what they give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from expressions.budget import Budget
from expressions.errors import RUNTIME, ExpressionError
from expressions.scope import Chance, Content, Scope
from wire import REFERENCE, Json, dumps, is_reference

MOST_BYTES: Final = 262_144
"""Of the UTF-8 JSON of any payload (Step Functions: 256 KiB)."""

DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"


class View:
    """The surroundings of a state at one moment: its raw input, context object and variables."""

    __slots__ = (
        "_budget",
        "_context",
        "_whole",
        "chance",
        "content",
        "document",
        "now",
        "variables",
    )

    def __init__(
        self,
        document: Json,
        context: Callable[[], Json],
        variables: Mapping[str, Json],
        *,
        chance: Chance,
        now: float,
        content: Content | None = None,
    ) -> None:
        self.document = document
        self.variables = variables
        self.chance = chance
        self.now = now
        self.content = content
        """Gives what references stand for; None where there are none."""
        self._context: Callable[[], Json] | None = context
        self._whole: Json = None
        self._budget: Budget | None = None

    @property
    def context(self) -> Json:
        """The context object; made when it is first asked for."""
        if self._context is not None:
            self._whole, self._context = self._context(), None
        return self._whole

    @property
    def budget(self) -> Budget:
        """What all evaluations of the state at this moment may spend together."""
        if self._budget is None:
            self._budget = Budget()
        return self._budget

    def scope(self, document: Json, *, context: bool) -> Scope:
        """What a JSONPath field is evaluated on; `context`: whether it looks at that."""
        return Scope(
            document,
            self.context if context else None,
            self.variables,
            chance=self.chance,
            content=self.content,
            budget=self._budget,
        )

    def with_item(self, index: int, value: Json) -> View:
        """The same view with an item of a map in its context object."""
        item = {"Map": {"Item": {"Index": index, "Value": value}}}
        return View(
            self.document,
            lambda: {**self.context, **item},
            self.variables,
            chance=self.chance,
            now=self.now,
            content=self.content,
        )


def checked(value: Json, what: str, content: Content | None) -> Json:
    """A payload; `States.DataLimitExceeded` where its JSON has too many bytes.

    What references in it stand for counts.
    """
    try:
        text = dumps(value)
        if content is not None and f'"{REFERENCE}"' in text:
            text = dumps(resolved(value, content))
    except (ValueError, RecursionError):
        raise ExpressionError(f"{what} is no JSON, or nests too deep", RUNTIME) from None
    if 4 * len(text) > MOST_BYTES and len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise ExpressionError(
            f"{what} has more than {MOST_BYTES:,} bytes of JSON", DATA_LIMIT_EXCEEDED
        )
    return value


def resolved(value: Json, content: Content | None) -> Json:
    """A value in which no reference is left, at any depth: JSONata looks everywhere."""
    if content is None:
        return value
    if is_reference(value):
        return resolved(content(value), content)
    if isinstance(value, dict):
        return {key: resolved(item, content) for key, item in value.items()}
    return [resolved(item, content) for item in value] if isinstance(value, list) else value
