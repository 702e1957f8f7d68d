"""What an evaluation carries: what it may cost, the variables, and how functions are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from expressions.budget import Budget
from expressions.jsonata.errors import JsonataError, too_deep, too_large, too_long
from expressions.jsonata.signatures import Signature
from expressions.jsonata.values import UNDEFINED, Function, Value

ELEMENT = 8  # bytes that an element of a new list or object counts for
CALL = 8  # steps that calling a function of the expression costs besides its nodes
FRAMES = 3  # levels that a function calling another counts for, besides the call itself


class State:
    """One evaluation: the budget, time and chance it draws from.  Not shared by threads."""

    __slots__ = ("budget", "bytes", "chance", "depth", "here", "limit", "now", "steps")

    def __init__(self, budget: Budget, chance: Callable[[], float], now: float) -> None:
        self.budget = budget
        self.steps = budget.steps
        self.bytes = budget.bytes
        self.limit = budget.depth
        self.depth = 0
        self.here: tuple[Value, Frame] | None = None
        self.chance = chance
        self.now = now

    def spend(self, steps: int) -> None:
        """Take so many steps."""
        self.steps -= steps
        if self.steps < 0:
            raise too_long()

    def make(self, size: int) -> None:
        """Take the bytes of what is about to be made."""
        self.bytes -= size
        if self.bytes < 0:
            raise too_large()

    def elements(self, count: int) -> None:
        """Take what a list of so many elements costs."""
        self.steps -= count >> 3
        self.bytes -= count * ELEMENT
        if self.bytes < 0:
            raise too_large()
        if self.steps < 0:
            raise too_long()

    def close(self) -> None:
        """Give what is left back to the budget."""
        self.budget.steps = self.steps
        self.budget.bytes = self.bytes


class Frame:
    """The variables of a block or a call; looked up outwards."""

    __slots__ = ("names", "outer", "state")

    def __init__(self, names: dict[str, Value], outer: Frame | None, state: State) -> None:
        self.names = names
        self.outer = outer
        self.state = state

    def find(self, name: str) -> Value:
        """What a variable stands for; UNDEFINED for one that is not there."""
        frame: Frame | None = self
        while frame is not None:
            if name in frame.names:
                return frame.names[name]
            frame = frame.outer
        return UNDEFINED


Code: TypeAlias = Callable[[Value, Frame], Value]
"""A compiled node: the value it gives for a context and variables."""

Implementation: TypeAlias = Callable[..., Value]
"""A function of the library: the state and the arguments in, a value out."""


class Native(Function):
    """A function of the library."""

    __slots__ = ("count", "does", "name", "signature")

    def __init__(
        self, name: str, signature: Signature | None, arity: int, count: int, does: Implementation
    ) -> None:
        self.name = name
        self.signature = signature
        self.arity = arity
        self.count = count
        self.does = does


class Lambda(Function):
    """A function of the expression, with what surrounds it."""

    __slots__ = ("body", "context", "frame", "names", "signature", "weight")

    def __init__(  # noqa: PLR0917 - made in one place
        self,
        names: tuple[str, ...],
        body: Code,
        weight: int,
        signature: Signature | None,
        context: Value,
        frame: Frame,
    ) -> None:
        self.names = names
        self.body = body
        self.weight = weight + CALL
        self.signature = signature
        self.context = context
        self.frame = frame
        self.arity = len(names)


class Partial(Function):
    """A function of which some arguments are given; UNDEFINED places are to come."""

    __slots__ = ("arguments", "function", "places")

    def __init__(self, function: Function, arguments: list[Value], places: list[int]) -> None:
        self.function = function
        self.arguments = arguments
        self.places = places
        self.arity = len(places)


class Composed(Function):
    """Two functions, one after the other: `f ~> g`."""

    __slots__ = ("first", "then")

    def __init__(self, first: Function, then: Function) -> None:
        self.first = first
        self.then = then
        self.arity = 1


class TailCall:
    """What a call in tail position leaves to be done, so that it needs no further level."""

    __slots__ = ("arguments", "context", "function", "name")

    def __init__(self, function: Value, arguments: list[Value], context: Value, name: str) -> None:
        self.function = function
        self.arguments = arguments
        self.context = context
        self.name = name


def call(  # noqa: C901 - the loop that everything runs in, kept flat for speed
    function: Value, arguments: list[Value], context: Value, state: State, name: str
) -> Value:
    """What a function gives for arguments; `context` stands in for one that may be missing."""
    while True:
        kind = type(function)
        if kind is Lambda:
            state.steps -= function.weight
            if state.steps < 0:
                raise too_long()
            if function.signature is not None:
                arguments = function.signature.bind(arguments, context, name)
            names = function.names
            bound = dict(zip(names, arguments, strict=False))
            if len(bound) < len(names):
                for missing in names[len(arguments) :]:
                    bound[missing] = UNDEFINED
            result = function.body(function.context, Frame(bound, function.frame, state))
            if type(result) is not TailCall:
                return result
            function, arguments, context = result.function, result.arguments, result.context
            name = result.name
        elif isinstance(function, Native):
            return _run(function, arguments, context, state)
        elif kind is Partial:
            arguments = _filled(function, arguments)
            function, context = function.function, UNDEFINED
            state.spend(2)
        elif kind is Composed:
            arguments = [apply(function.first, arguments[:1], state)]
            function, context = function.then, UNDEFINED
        else:
            raise JsonataError("T1006", "what is called is no function")


def _run(function: Native, arguments: list[Value], context: Value, state: State) -> Value:
    signature = function.signature
    if signature is not None:
        arguments = signature.bind(arguments, context, function.name)
    state.steps -= 4
    if state.steps < 0:
        raise too_long()
    missing = function.count - len(arguments)
    if missing == 0 or function.count < 0:
        return function.does(state, *arguments)
    if missing > 0:
        arguments = [*arguments, *[UNDEFINED] * missing]
    return function.does(state, *arguments[: function.count])


def _filled(function: Partial, given: list[Value]) -> list[Value]:
    arguments = list(function.arguments)
    for place, argument in zip(function.places, given, strict=False):
        arguments[place] = argument
    return arguments


def apply(function: Value, arguments: list[Value], state: State) -> Value:
    """Call a function from within another: a level deeper."""
    depth = state.depth
    state.depth = depth + FRAMES
    if state.depth > state.limit:
        raise too_deep()
    result = call(function, arguments, UNDEFINED, state, "")
    state.depth = depth
    return result


def arguments_for(
    function: Function, value: Value, key: Value = UNDEFINED, whole: Value = UNDEFINED
) -> list[Value]:
    """As many of value, index (or key) and the whole as a function takes."""
    arity = function.arity
    if arity >= 3:
        return [value, key, whole]
    return [value, key] if arity == 2 else [value]
