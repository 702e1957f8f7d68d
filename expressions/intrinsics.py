r"""The intrinsic functions of States Language: `States.Format('{} of {}', $.done, $.all)`.

    compile("States.MathAdd($.n, 1)").need(scope)        # 4; IntrinsicError where a call fails
    check("States.MathAdd($.n)")                         # what is wrong with it, in a definition

Arguments are texts in single quotes (`\'`, `\{`, `\}` and `\\` are the only escapes), numbers,
true, false, null, paths from `$`, `$$` or a variable, and further calls, up to ten within one
another.  A path that finds nothing raises `MissingPathError` (`States.Runtime`), as in a template.
What each function does stands in `intrinsic_functions`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from expressions import jsonpath
from expressions.errors import ExpressionSyntaxError, IntrinsicError, Problem
from expressions.intrinsic_functions import (
    ANY,
    FUNCTIONS,
    Function,
    RefusedError,
    format_pieces,
    formatted,
    kind_of,
)
from expressions.path_parser import CONSTANTS, Parser, number_of
from expressions.scope import Scope
from wire import Json

LENGTH = 16_384  # characters of a call with everything in it
NESTING = 10  # calls within calls, the outermost included (AWS's limit)

_CALL = re.compile(r"States\.([A-Za-z0-9]+)")
_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,299})(?:\.[0-9]{1,300})?(?:[eE][+-]?[0-9]{1,3})?")
_CONSTANT = re.compile(r"(?:true|false|null)\b")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)

Get: TypeAlias = Callable[[Scope], Json]


class Constant(NamedTuple):
    """A literal argument; `raw` is the text between the quotes, escapes included."""

    value: Json
    raw: str | None = None


class Call(NamedTuple):
    """A call with its arguments."""

    name: str
    arguments: tuple[Argument, ...]


Argument: TypeAlias = "Constant | jsonpath.Path | Call"


class Intrinsic:
    """A compiled call; made by `compile`."""

    __slots__ = ("call", "need", "text")

    def __init__(self, text: str, call: Call) -> None:
        self.text = text
        self.call = call
        self.need: Get = _evaluator(call)
        """The value of the call in a scope."""


def is_call(text: str) -> bool:
    """Whether a text is meant as a call, rather than as a path."""
    return text.startswith("States.")


@lru_cache(maxsize=1024)
def compile(text: str) -> Intrinsic:  # noqa: A001 - what re calls it
    """The call that a text says.

    `ExpressionSyntaxError` for a text that cannot be read, an unknown function, another number
    of arguments than it takes, an escape that there is not, and too many calls in one another.
    """
    if len(text) > LENGTH:
        raise ExpressionSyntaxError(f"an intrinsic function may have {LENGTH:,} characters")
    parser = _Parser(text)
    call = parser.call(1)
    parser.blanks()
    if parser.at != len(text):
        raise parser.fail("the call should end")
    return Intrinsic(text, call)


def check(text: Json) -> list[Problem]:
    """What is wrong with a call of a definition: all of `compile`, and calls that cannot succeed.

    Those are a literal (or the result of another call) of a type that the function does not
    take, and the few values that are known beforehand to be refused.
    """
    if not isinstance(text, str):
        return [Problem("", "an intrinsic function must be a text")]
    try:
        call = compile(text).call
    except ExpressionSyntaxError as error:
        return [Problem("", str(error))]
    return [Problem("", found) for found in _impossible(call)]


class _Parser(Parser):
    """Reads calls."""

    def call(self, depth: int) -> Call:
        """A call and all that is in it."""
        name = self.match(_CALL)
        if name is None:
            raise self.fail("a call such as States.Format(...) is expected")
        function = FUNCTIONS.get(name.group(1))
        if function is None:
            raise self.fail(f"there is no intrinsic function {name.group()}")
        if depth > NESTING:
            raise self.fail(f"more than {NESTING} intrinsic functions are nested")
        self.blanks()
        self.want("(")
        arguments = self._arguments(depth)
        if not function.least <= len(arguments) <= function.most:
            raise self.fail(f"{name.group()} does not take {len(arguments)} arguments")
        return Call(name.group(1), arguments)

    def _arguments(self, depth: int) -> tuple[Argument, ...]:
        self.blanks()
        if self.take(")"):
            return ()
        arguments: list[Argument] = []
        while True:
            self.blanks()
            arguments.append(self._argument(depth))
            self.blanks()
            if self.take(")"):
                return tuple(arguments)
            self.want(",")

    def _argument(self, depth: int) -> Argument:
        if self.peek("'"):
            return self._literal_text()
        if self.peek("$"):
            start = self.at
            self.path()
            return jsonpath.compile(self.text[start : self.at])
        if self.peek("States."):
            return self.call(depth + 1)
        word = self.match(_CONSTANT)
        if word is not None:
            return Constant(CONSTANTS[word.group()])
        number = self.match(_NUMBER)
        if number is None:
            raise self.fail("a text in single quotes, number, path or call is expected")
        value = number_of(number.group())
        if value in (float("inf"), float("-inf")):
            raise self.fail("the number is too large")
        return Constant(value)

    def _literal_text(self) -> Constant:
        found = self.match(_TEXT)
        if found is None:
            raise self.fail("the text in quotes does not end")
        raw: str = found.group(1)
        for escape in _ESCAPE.finditer(raw):
            if escape.group(1) not in "'{}\\":
                raise self.fail(rf"there is no escape {escape.group()}, only \' \{{ \}} \\")
        return Constant(_ESCAPE.sub(r"\1", raw), raw)


# --- evaluation -------------------------------------------------------------------------------


def _evaluator(call: Call) -> Get:
    template = call.arguments[0] if call.arguments else None
    if call.name == "Format" and isinstance(template, Constant) and template.raw is not None:
        pieces = format_pieces(template.raw)
        return _applied(call.name, lambda values, scope: formatted(pieces, values, scope), call, 1)
    return _applied(call.name, FUNCTIONS[call.name].run, call, 0)


def _applied(name: str, run: Callable[[list[Json], Scope], Json], call: Call, first: int) -> Get:
    getters = tuple(map(_getter, call.arguments[first:]))

    def need(scope: Scope) -> Json:
        values = [get(scope) for get in getters]
        try:
            return run(values, scope)
        except RefusedError as error:
            raise IntrinsicError(f"States.{name} failed: {error}") from None

    return need


def _getter(argument: Argument) -> Get:
    if isinstance(argument, Constant):
        value = argument.value
        return lambda _scope: value
    if isinstance(argument, Call):
        return _evaluator(argument)
    need = argument.need

    def read(scope: Scope) -> Json:
        found = need(scope)
        return found if scope.content is None else scope.content(found)

    return read


# --- what cannot succeed ----------------------------------------------------------------------


def _impossible(call: Call) -> list[str]:
    function = FUNCTIONS[call.name]
    found = [
        text for inner in call.arguments if isinstance(inner, Call) for text in _impossible(inner)
    ]
    for number, argument in enumerate(call.arguments):
        wanted = function.kinds[min(number, len(function.kinds) - 1)]
        given = _kind(argument)
        if ANY not in (wanted, given) and wanted != given:
            found.append(f"States.{call.name}: argument {number + 1} must be {wanted}, not {given}")
    return found or _refused(call, function)


def _kind(argument: Argument) -> str:
    if isinstance(argument, Constant):
        return kind_of(argument.value)
    return FUNCTIONS[argument.name].result if isinstance(argument, Call) else ANY


def _refused(call: Call, function: Function) -> list[str]:
    """What the values of literals alone make impossible."""
    literals = [item if isinstance(item, Constant) else None for item in call.arguments]
    if call.name == "Format" and literals[0] is not None and literals[0].raw is not None:
        places = len(format_pieces(literals[0].raw)) - 1
        if places != len(literals) - 1:
            return [f"States.Format: {places} places for {len(literals) - 1} arguments"]
    for number, allowed in function.allowed.items():
        literal = literals[number]
        if literal is not None and not any(
            literal.value is item or literal.value == item for item in allowed
        ):
            return [f"States.{call.name}: argument {number + 1} cannot be {literal.value!r}"]
    return []
