"""Signatures of functions, `<s-nn?:s>`: which arguments they take, and what stands in for them.

The symbols of the arguments (s text, n number, b boolean, l null, a list, o object, f function,
m nothing) are matched against a regular expression made of the signature.  It is RE2's, for a
signature is part of the expression and may be written to be slow.
"""

from __future__ import annotations

from typing import NamedTuple

from expressions import patterns
from expressions.errors import ExpressionSyntaxError
from expressions.jsonata.errors import PATTERN, JsonataError
from expressions.jsonata.values import UNDEFINED, Function, Value

LENGTH = 200  # characters of a signature
KEPT = 64  # combinations of arguments remembered for each signature

_SYMBOLS: dict[type, str] = {
    str: "s", int: "n", float: "n", bool: "b", type(None): "l", list: "a", dict: "o",
    type(UNDEFINED): "m",
}  # fmt: skip

_FORMS = {
    **{sign: f"[{sign}m]" for sign in "snblo"},
    "a": "[asnblfom]", "f": "f", "j": "[asnblom]", "x": "[asnblfom]",
}  # fmt: skip


def symbol(value: Value) -> str:
    """The letter of a value's type."""
    found = _SYMBOLS.get(type(value))
    if found is None:
        found = "a" if isinstance(value, list) else "f" if isinstance(value, Function) else "m"
    return found


class Parameter(NamedTuple):
    """One parameter of a signature."""

    form: str
    kind: str
    context: bool = False
    """The context stands in where the argument is missing."""
    accepts: str = ""
    """The types of which a context may be."""
    inside: str = ""
    """The types of a list's elements."""


class Signature:
    """A signature; `bind` checks arguments against it."""

    __slots__ = ("_known", "_pattern", "parameters", "simple", "text")

    def __init__(self, text: str, parameters: tuple[Parameter, ...]) -> None:
        self.text = text
        self.parameters = parameters
        form = "".join(f"({parameter.form})" for parameter in parameters)
        try:
            self._pattern = patterns.compile(form)
        except ExpressionSyntaxError as error:
            raise JsonataError(PATTERN, f"the signature {text} cannot be used: {error}") from None
        self._known: dict[str, tuple[str | None, ...] | None] = {}
        self.simple = all(parameter.kind != "a" for parameter in parameters)

    @classmethod
    def parse(cls, text: str, position: int = 0) -> Signature:
        """Read a signature."""
        if len(text) > LENGTH:
            raise JsonataError(PATTERN, f"a signature may have {LENGTH} characters", position)
        parameters: list[Parameter] = []
        at = 1
        while at < len(text) and text[at] != ":":
            sign = text[at]
            if sign in _FORMS:
                parameters.append(Parameter(_FORMS[sign], sign))
            elif sign == "(":
                end = _closing(text, at, "(", ")")
                choice = text[at + 1 : end]
                if "<" in choice:
                    raise JsonataError("S0402", "a choice may not have type parameters", position)
                letters = "".join(letter for letter in choice if letter in "snblaofjx")
                parameters.append(Parameter(f"[{letters}m]", f"({letters})"))
                at = end
            elif parameters:
                at = _modify(text, at, parameters, position)
            at += 1
        return cls(text, tuple(parameters))

    def bind(self, arguments: list[Value], context: Value, name: str) -> list[Value]:
        """The arguments as the function takes them; T0410 to T0412 where they do not fit."""
        symbols = "".join([symbol(argument) for argument in arguments])
        try:
            groups = self._known[symbols]
        except KeyError:
            found = self._pattern.fullmatch(symbols)
            groups = None if found is None else found.groups
            if len(self._known) < KEPT:
                self._known[symbols] = groups
        if groups is None:
            raise self._mismatch(symbols, name)
        if self.simple and len(groups) == len(arguments) and "" not in groups:
            return arguments
        return self._bound(arguments, groups, context, name)

    def _bound(
        self, arguments: list[Value], groups: tuple[str | None, ...], context: Value, name: str
    ) -> list[Value]:
        bound: list[Value] = []
        at = 0
        for number, parameter in enumerate(self.parameters):
            taken = groups[number] or ""
            if not taken and parameter.context:
                given = symbol(context)
                if given not in parameter.accepts:
                    raise JsonataError(
                        "T0411", f"the context does not fit argument {number + 1} of {name}"
                    )
                bound.append(context)
            elif not taken:
                bound.append(arguments[at] if at < len(arguments) else UNDEFINED)
                at += 1
            for single in taken:
                argument = arguments[at] if at < len(arguments) else UNDEFINED
                if parameter.kind == "a":
                    argument = _listed(argument, single, taken, parameter, number, name)
                bound.append(argument)
                at += 1
        return bound

    def _mismatch(self, symbols: str, name: str) -> JsonataError:
        """Which argument is the first that does not fit."""
        fitting = 0
        for number in range(len(self.parameters)):
            form = "".join(f"({parameter.form})" for parameter in self.parameters[: number + 1])
            if not any(
                patterns.compile(form).fullmatch(symbols[:end]) for end in range(len(symbols) + 1)
            ):
                break
            fitting = number + 1
        return JsonataError("T0410", f"argument {fitting + 1} of {name} does not fit {self.text}")


def _listed(  # noqa: PLR0917 - made for one place
    argument: Value, single: str, taken: str, parameter: Parameter, number: int, name: str
) -> Value:
    """An argument where a list is wanted."""
    if single == "m":
        return UNDEFINED
    inside = parameter.inside
    if inside:
        if single != "a":
            fits = taken == inside
        elif argument:
            first = symbol(argument[0])
            kinds = set(map(type, argument))
            fits = first == inside[0] and (
                len(kinds) == 1 or all(symbol(item) == first for item in argument)
            )
        else:
            fits = True
        if not fits:
            raise JsonataError(
                "T0412", f"argument {number + 1} of {name} must be a list of {inside}"
            )
    return argument if single == "a" else [argument]


def _modify(text: str, at: int, parameters: list[Parameter], position: int) -> int:
    """`-`, `?`, `+` or `<...>` after a parameter; gives where the modifier ends."""
    last = parameters[-1]
    sign = text[at]
    if sign == "-":
        accepts = last.form.strip("[]")
        parameters[-1] = last._replace(form=last.form + "?", context=True, accepts=accepts)
    elif sign in "?+":
        parameters[-1] = last._replace(form=last.form + sign)
    elif sign == "<":
        if last.kind not in "af":
            raise JsonataError("S0401", "only functions and lists have type parameters", position)
        end = _closing(text, at, "<", ">")
        parameters[-1] = last._replace(inside=text[at + 1 : end])
        return end
    return at


def _closing(text: str, at: int, opening: str, closing: str) -> int:
    depth = 0
    for end in range(at, len(text)):
        if text[end] == opening:
            depth += 1
        elif text[end] == closing:
            depth -= 1
            if depth == 0:
                return end
    return len(text)
