"""JSONata, as AWS Step Functions evaluates it: compile a text once, evaluate it on values.

    compile("$states.input + 1").evaluate(bindings={"states": {"input": 1}})  # gives 2

The language is JSONata 2, by the rules of its reference implementation (jsonata-js, MIT), whose
suite the tests run; regular expressions are RE2's.  It is an evaluator of our own because none of
those on PyPI can be counted: they end what runs too long by the clock or by Python's stack.
An evaluation is pure: time and chance come in as arguments, and what it may cost is counted by a
`Budget`, never timed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from expressions.budget import Budget
from expressions.errors import BudgetError
from expressions.jsonata import functions_lists, functions_numbers, functions_states, functions_text
from expressions.jsonata.checks import Usage, refuse_context, usage_of
from expressions.jsonata.compiler import Compiler
from expressions.jsonata.errors import TOO_LARGE, TOO_NESTED, JsonataError, too_deep, too_large
from expressions.jsonata.library import LIBRARY, native
from expressions.jsonata.machine import Code, Frame, State
from expressions.jsonata.parser import Parser
from expressions.jsonata.shape import shape
from expressions.jsonata.values import UNDEFINED, Outer, Undefined, Value, collapse, plain
from expressions.scope import no_chance
from wire import Json

__all__ = [
    "UNDEFINED",
    "Expression",
    "JsonataError",
    "Undefined",
    "Usage",
    "check_for_states",
    "compile",
]

KEPT = 1_024  # compiled expressions that are remembered

# the modules that fill the library
_FILLED = (functions_lists, functions_numbers, functions_states, functions_text)


class Expression:
    """A compiled expression; used by many threads at once."""

    __slots__ = ("_code", "_full", "text")

    def __init__(self, text: str, code: Code, *, full: bool) -> None:
        self.text = text
        self._code = code
        self._full = full

    def evaluate(
        self,
        data: Json | Undefined = UNDEFINED,
        bindings: Mapping[str, Json] | None = None,
        *,
        budget: Budget | None = None,
        chance: Callable[[], float] = no_chance,
        now: float = 0.0,
    ) -> Json | Undefined:
        """The value, or UNDEFINED where there is none; `JsonataError` where it fails.

        `data` is `$`, `bindings` are the variables, without the dollar (`states` is `$states`).
        `now` is in seconds since 1970, `chance` gives numbers from 0 up to 1.  The budget is
        spent by what the evaluation costs.  Values go in and come out uncopied where they can.
        """
        state = State(Budget() if budget is None else budget, chance, now)
        names: dict[str, Value] = dict(bindings) if bindings else {}
        names["$"] = data
        frame = Frame(names, Frame(_EVERYTHING if self._full else _STATES, None, state), state)
        context = Outer([data]) if isinstance(data, list) else data
        try:
            value = collapse(self._code(context, frame))
            if isinstance(value, str | int) or value is None or value is UNDEFINED:
                return value
            return plain(value, state)
        except RecursionError:
            raise too_deep() from None
        except MemoryError:
            raise too_large() from None
        except BudgetError as error:
            raise JsonataError(TOO_LARGE, str(error)) from None
        finally:
            state.close()


def compile(text: str, *, states: bool = False) -> Expression:  # noqa: A001 - what it does
    """Compile an expression; `JsonataError` for a text that is none.

    With `states`, as States Language has it: `$` and `$$` at the top are refused, for there is
    no input document, and there is no `$eval`.
    """
    if len(text) > 4_096:
        return _compiled(text, states)
    return _remembered(text, states)


def _compiled(text: str, states: bool) -> Expression:  # noqa: FBT001 - a key of the cache
    try:
        root = Parser(text).whole()
        if states:
            refuse_context(root)
        return Expression(text, Compiler().compile(shape(root)), full=not states)
    except RecursionError:
        raise JsonataError(TOO_NESTED, "the expression nests too deep") from None


_remembered = lru_cache(maxsize=KEPT)(_compiled)


def check_for_states(text: str) -> Usage:
    """What an expression of States Language uses: found without running it.

    `JsonataError` for a text that is no expression, or has `$` or `$$` at its top.
    """
    compile(text, states=True)
    return usage_of(Parser(text).whole())


def _eval(state: State, text: Value, data: Value) -> Value:
    """`$eval`: JSONata has it, Step Functions does not."""
    if text is UNDEFINED:
        return UNDEFINED
    state.spend(100 + 10 * len(text))  # reading it, also when it is remembered
    try:
        expression = compile(text)
    except JsonataError as error:
        raise JsonataError("D3120", f"syntax error in what $eval was given: {error}") from None
    # a call by another name has no surroundings
    context, frame = state.here or (UNDEFINED, Frame({}, Frame(_EVERYTHING, None, state), state))
    if data is not UNDEFINED:
        context = Outer([data]) if isinstance(data, list) else data
    state.depth += EVAL
    if state.depth >= state.limit:
        raise too_deep()
    try:
        value = expression._code(context, frame)  # noqa: SLF001 - its own class
    except JsonataError as error:
        if error.code.startswith("U"):
            raise
        raise JsonataError("D3121", f"what $eval was given failed: {error}") from None
    state.depth -= EVAL
    return value


EVAL = 40  # levels that $eval counts for: it begins an expression within another
_STATES: dict[str, Value] = dict(LIBRARY)
native("eval", "<sx?:x>")(_eval)
_EVERYTHING: dict[str, Value] = {**LIBRARY}
