r"""Reads the text of a path into its steps: Jayway's dialect, as AWS offers it.

    $.a.b   $['a b']   $["it's"]   $['it\'s']   [0]   [-1]   [0,2]   ['a','b']   [1:3]   [-2:]
    [*]   .*   ..name   ..*   ..[0]   ..[?(...)]   .length()
    [?(@.year == 1997 && (@.tag in ['a','b'] || !@.gone) && @.name =~ /a.*/i)]

A name after a dot goes up to the next dot, bracket, blank, comma or quote, whatever its letters;
a backslash before one of those makes it part of the name (ASL's own example: `$.store\.book`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias, TypeVar

from expressions import patterns
from expressions.budget import DEPTH
from expressions.errors import ExpressionSyntaxError
from wire import Json

T = TypeVar("T")

LENGTH = 8_192  # characters of a path
NESTING = 32  # filters in filters, brackets in conditions, lists in literals

FUNCTIONS = frozenset(
    ["length", "keys", "min", "max", "avg", "sum", "stddev", "first", "last", "index"]
)
WORDS = frozenset(
    ["in", "nin", "subsetof", "anyof", "noneof", "contains", "all", "size", "empty"]
)  # fmt: skip
SYMBOLS = re.compile(r"===|!==|==|!=|<=|>=|=~|<|>")

_NAME = re.compile(r"""(?:[^\s.,()\[\]{}'"*?\\]|\\.)+""", re.DOTALL)
_NAME_IN_FILTER = re.compile(r"""(?:[^\s.,()\[\]{}'"*?\\=<>!~&|]|\\.)+""", re.DOTALL)
_VARIABLE = re.compile(r"[^\W\d]\w{0,79}")
_WORD = re.compile(r"[A-Za-z]+")
_BLANKS = re.compile(r"[ \t\r\n]*")
_INTEGER = re.compile(r"-?[0-9]{1,10}")
_NUMBER = re.compile(r"-?[0-9]{1,300}(\.[0-9]{1,300})?([eE][+-]?[0-9]{1,3})?")
_REGEX = re.compile(r"/((?:[^/\\]|\\.)*)/([A-Za-z]*)", re.DOTALL)
_TEXT = {quote: re.compile(rf"{quote}((?:[^{quote}\\]|\\.)*){quote}", re.DOTALL) for quote in "'\""}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_CONTROL = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


# --- steps ------------------------------------------------------------------------------------


class Union(tuple["str | int", ...]):
    """More than one member or element: `['a','b']`, `[0,2]`."""

    __slots__ = ()


class Slice(NamedTuple):
    """A part of a list: `[1:3]`."""

    start: int | None
    stop: int | None


class Wildcard(NamedTuple):
    """All members or elements: `[*]`."""


class Filter(NamedTuple):
    """Those elements of a list for which a test holds, or the object itself: `[?(...)]`."""

    test: Test


class Scan(NamedTuple):
    """A step taken from a value and from everything within it: `..name`."""

    step: Step


class Function(NamedTuple):
    """A function of what the path has found, always the last step: `.length()`."""

    name: str
    argument: int | None


Step: TypeAlias = "str | int | Union | Slice | Wildcard | Filter | Scan | Function"
"""A key, an index, or one of the above."""

Steps: TypeAlias = "tuple[Step, ...]"


# --- tests of filters -------------------------------------------------------------------------


class SubPath(NamedTuple):
    """A path within a filter, from `@` (the element) or `$` (the whole document)."""

    root: str
    steps: Steps


class Literal(NamedTuple):
    """A constant within a filter."""

    value: Json


class Regex(NamedTuple):
    """A regular expression within a filter."""

    pattern: patterns.Pattern


Operand: TypeAlias = "SubPath | Literal | Regex"


class Exists(NamedTuple):
    """`@.x`: there is something at a path."""

    path: SubPath


class Compare(NamedTuple):
    """`@.x == 1`."""

    left: Operand
    operator: str
    right: Operand


class Not(NamedTuple):
    """`!@.x`."""

    test: Test


class Every(NamedTuple):
    """`a && b`."""

    tests: tuple[Test, ...]


class Some(NamedTuple):
    """`a || b`."""

    tests: tuple[Test, ...]


Test: TypeAlias = "Exists | Compare | Not | Every | Some"


# --- the parser -------------------------------------------------------------------------------


class Parser:
    """Reads a text from a character on; `ExpressionSyntaxError` where it cannot go on."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.text = text
        self.at = at
        self.level = 0

    def fail(self, message: str) -> ExpressionSyntaxError:
        """The error to raise here."""
        where = f"at character {self.at + 1} of {self.text[:200]!r}"
        return ExpressionSyntaxError(f"{message}, {where}", self.at)

    def peek(self, sign: str) -> bool:
        """Whether a text comes next."""
        return self.text.startswith(sign, self.at)

    def take(self, sign: str) -> bool:
        """Go past a text if it comes next."""
        if self.text.startswith(sign, self.at):
            self.at += len(sign)
            return True
        return False

    def want(self, sign: str) -> None:
        """Go past a text that must come next."""
        if not self.take(sign):
            raise self.fail(f"{sign!r} is expected")

    def match(self, form: re.Pattern[str]) -> re.Match[str] | None:
        """Go past what has a form, if it comes next."""
        found = form.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def blanks(self) -> None:
        """Go past blanks."""
        self.match(_BLANKS)

    def enter(self) -> None:
        """One level of nesting deeper."""
        self.level += 1
        if self.level > NESTING:
            raise self.fail(f"more than {NESTING} levels are nested")

    def leave(self) -> None:
        """One level of nesting back."""
        self.level -= 1

    # --- paths

    def path(self) -> tuple[str, Steps]:
        """A path's root (`$`, `$$` or `$name`) and steps."""
        self.want("$")
        if self.take("$"):
            return "$$", self.steps(_NAME)
        name = self.match(_VARIABLE)
        return (f"${name.group()}" if name else "$"), self.steps(_NAME)

    def steps(self, names: re.Pattern[str]) -> Steps:
        """As many steps as there are."""
        steps: list[Step] = []
        while self.peek(".") or self.peek("["):
            if steps and isinstance(steps[-1], Function):
                raise self.fail("nothing may follow a function")
            if len(steps) == DEPTH:
                raise self.fail(f"a path may have {DEPTH} steps")
            if self.take(".."):
                steps.append(Scan(self._scanned(names)))
            else:
                self.take(".")
                steps.append(self._bracket() if self.peek("[") else self._dotted(names))
        return tuple(steps)

    def _scanned(self, names: re.Pattern[str]) -> Step:
        step = self._bracket() if self.peek("[") else self._dotted(names)
        if isinstance(step, Function):
            raise self.fail("a function may not follow '..'")
        return step

    def _dotted(self, names: re.Pattern[str]) -> Step:
        if self.take("*"):
            return Wildcard()
        name = self.match(names)
        if name is None:
            raise self.fail("a name is expected")
        if self.peek("("):
            return self._function(name.group())
        return unescaped(name.group(), {})

    def _function(self, name: str) -> Function:
        if name not in FUNCTIONS:
            raise self.fail(f"there is no function {name}()")
        self.want("(")
        self.blanks()
        number = self.match(_INTEGER)
        self.blanks()
        self.want(")")
        if (number is not None) != (name == "index"):
            raise self.fail("only index() takes an argument, and needs it")
        return Function(name, int(number.group()) if number else None)

    def _bracket(self) -> Step:
        self.want("[")
        self.blanks()
        if self.take("*"):
            step: Step = Wildcard()
        elif self.take("?"):
            step = Filter(self._filter())
        elif self.peek("'") or self.peek('"'):
            names = self._list(self.quoted)
            step = names[0] if len(names) == 1 else Union(names)
        else:
            step = self._numbers()
        self.blanks()
        self.want("]")
        return step

    def _numbers(self) -> Step:
        start = self.match(_INTEGER)
        self.blanks()
        if self.take(":"):
            self.blanks()
            stop = self.match(_INTEGER)
            return Slice(*(int(end.group()) if end else None for end in (start, stop)))
        if start is None:
            raise self.fail("a name in quotes, a number, '*' or '?(' is expected")
        if not self.take(","):
            return int(start.group())
        return Union((int(start.group()), *self._list(self._integer)))

    def _integer(self) -> int:
        number = self.match(_INTEGER)
        if number is None:
            raise self.fail("a number is expected")
        return int(number.group())

    def _list(self, item: Callable[[], T]) -> tuple[T, ...]:
        items: list[T] = []
        while True:
            self.blanks()
            items.append(item())
            self.blanks()
            if not self.take(","):
                return tuple(items)

    def quoted(self) -> str:
        """A text in single or double quotes, without them and its escapes."""
        form = _TEXT.get(self.text[self.at : self.at + 1])
        found = self.match(form) if form else None
        if found is None:
            raise self.fail("a text in quotes is expected")
        return unescaped(found.group(1), _CONTROL)

    # --- filters

    def _filter(self) -> Test:
        self.blanks()
        self.want("(")
        test = self._some()
        self.want(")")
        return test

    def _some(self) -> Test:
        self.enter()
        tests = [self._every()]
        while self.take("||"):
            tests.append(self._every())
        self.leave()
        return tests[0] if len(tests) == 1 else Some(tuple(tests))

    def _every(self) -> Test:
        tests = [self._test()]
        while self.take("&&"):
            tests.append(self._test())
        return tests[0] if len(tests) == 1 else Every(tuple(tests))

    def _test(self) -> Test:
        self.blanks()
        if self.take("("):
            test = self._some()
            self.want(")")
        elif self.peek("!") and not self.peek("!="):
            self.take("!")
            self.enter()
            test = Not(self._test())
            self.leave()
        else:
            test = self._comparison()
        self.blanks()
        return test

    def _comparison(self) -> Test:
        left = self._operand()
        self.blanks()
        operator = self._operator()
        if operator is None:
            if not isinstance(left, SubPath):
                raise self.fail("a comparison is expected")
            return Exists(left)
        self.blanks()
        right = self._operand()
        if (operator == "=~") != (isinstance(left, Regex) or isinstance(right, Regex)):
            raise self.fail("a regular expression goes with =~")
        return Compare(left, operator, right)

    def _operator(self) -> str | None:
        symbol = self.match(SYMBOLS)
        if symbol is not None:
            return symbol.group()
        word = self.match(_WORD)
        if word is None:
            return None
        if word.group().lower() not in WORDS:
            raise self.fail(f"there is no operator {word.group()!r}")
        return word.group().lower()

    def _operand(self) -> Operand:
        for root in "@$":
            if self.take(root):
                if self.peek("$") or self.match(_VARIABLE):
                    raise self.fail("a filter knows '@' and '$' only")
                return SubPath(root, self.steps(_NAME_IN_FILTER))
        if self.peek("/"):
            return self._regex()
        return Literal(self._literal())

    def _regex(self) -> Regex:
        found = self.match(_REGEX)
        if found is None:
            raise self.fail("the regular expression does not end")
        flags = "".join(flag for flag in found.group(2) if flag not in "uUd")
        try:
            return Regex(patterns.compile(found.group(1), flags))
        except ExpressionSyntaxError as error:
            raise self.fail(str(error)) from None

    def _literal(self) -> Json:
        if self.peek("'") or self.peek('"'):
            return self.quoted()
        if self.peek("["):
            return self._literal_list()
        number = self.match(_NUMBER)
        if number is not None:
            return number_of(number.group())
        word = self.match(_WORD)
        if word is None or word.group() not in CONSTANTS:
            raise self.fail("a value is expected")
        return CONSTANTS[word.group()]

    def _literal_list(self) -> list[Json]:
        self.want("[")
        self.enter()
        self.blanks()
        items = [] if self.peek("]") else list(self._list(self._literal))
        self.want("]")
        self.leave()
        return items


CONSTANTS: dict[str, Json] = {"true": True, "false": False, "null": None}


def number_of(digits: str) -> int | float:
    """The number that JSON's digits stand for."""
    return int(digits) if digits.lstrip("-").isdigit() else float(digits)


def unescaped(text: str, control: Mapping[str, str]) -> str:
    r"""A text without its escapes: `\u0041`, the letters in `control`, else the sign itself."""
    if "\\" not in text:
        return text

    def sign_of(found: re.Match[str]) -> str:
        sign: str = found.group(1)
        return chr(int(sign[1:], 16)) if len(sign) == 5 else control.get(sign, sign)

    units = _ESCAPE.sub(sign_of, text).encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "surrogatepass")  # the halves of a pair become one character


def parse(text: str) -> tuple[str, Steps]:
    """The root and steps of a path; blanks may follow it, and nothing else."""
    if len(text) > LENGTH:
        raise ExpressionSyntaxError(f"a path may have {LENGTH:,} characters")
    parser = Parser(text)
    root, steps = parser.path()
    parser.blanks()
    if parser.at != len(text):
        raise parser.fail("the path should end")
    return root, steps
