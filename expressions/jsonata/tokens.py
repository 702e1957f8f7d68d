"""Cuts the text of a JSONata expression into tokens."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from expressions.jsonata.errors import JsonataError

DOUBLE = frozenset(["..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??"])
SINGLE = frozenset(".[]{}(),@#;:?+-*/%|=<>^&!~")
_BLANKS = re.compile(r"[ \t\n\r\v]*")
_NUMBER = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?([Ee][-+]?[0-9]+)?")
_NAME = re.compile(r"[^ \t\n\r\v.\[\]{}(),@#;:?+\-*/%|=<>^&!~]+")
_ESCAPES = {
    '"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
}  # fmt: skip
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


class Token(NamedTuple):
    """One token; `kind` is operator, string, number, value, name, variable, regex or end."""

    kind: str
    value: Any
    position: int


class Tokens:
    """Gives the tokens of a text one by one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def next(self, infix: bool) -> Token:  # noqa: FBT001, PLR0911 - what JSONata's grammar depends on
        """The next token; `infix` where an operator may stand, so that `/` is a division."""
        self._skip()
        text, at = self.text, self.at
        if at >= len(text):
            return Token("end", "(end)", at)
        sign = text[at]
        if sign == "/" and not infix:
            return self._regex()
        if text[at : at + 2] in DOUBLE:
            self.at += 2
            return Token("operator", text[at : at + 2], at)
        if sign in SINGLE:
            self.at += 1
            return Token("operator", sign, at)
        if sign in "\"'":
            return self._string(sign)
        if sign == "`":
            return self._quoted()
        number = _NUMBER.match(text, at)
        if number is not None:
            return self._number(number)
        return self._word()

    def _skip(self) -> None:
        """Go past blanks and comments."""
        while True:
            found = _BLANKS.match(self.text, self.at)
            self.at = found.end() if found else self.at
            if not self.text.startswith("/*", self.at):
                return
            end = self.text.find("*/", self.at + 2)
            if end < 0:
                raise JsonataError("S0106", "a comment has no end", self.at)
            self.at = end + 2

    def _number(self, found: re.Match[str]) -> Token:
        at, self.at = self.at, found.end()
        whole, fraction, exponent = found.groups()
        if not fraction and not exponent and len(whole) <= 15:
            return Token("number", int(whole), at)
        value = float(found.group())
        if value == float("inf"):
            raise JsonataError("S0102", f"the number is out of range: {found.group()[:40]}", at)
        return Token("number", int(value) if value.is_integer() and value < 2**53 else value, at)

    def _word(self) -> Token:
        at = self.at
        found = _NAME.match(self.text, at)
        assert found is not None  # noqa: S101 - blanks and operators were taken before
        self.at = found.end()
        word = found.group()
        if word.startswith("$"):
            return Token("variable", word[1:], at)
        if word in ("or", "in", "and"):
            return Token("operator", word, at)
        if word in CONSTANTS:
            return Token("value", CONSTANTS[word], at)
        return Token("name", word, at)

    def _quoted(self) -> Token:
        at = self.at
        end = self.text.find("`", at + 1)
        if end < 0:
            raise JsonataError("S0105", "a quoted name has no closing backquote", at)
        self.at = end + 1
        return Token("name", self.text[at + 1 : end], at)

    def _string(self, quote: str) -> Token:
        start, at, text = self.at, self.at + 1, self.text
        parts: list[str] = []
        while at < len(text):
            sign = text[at]
            if sign == quote:
                self.at = at + 1
                joined = "".join(parts)
                return Token("string", _SURROGATES.sub(_pair, joined), start)
            if sign != "\\":
                parts.append(sign)
                at += 1
                continue
            escape = text[at + 1 : at + 2]
            if escape in _ESCAPES:
                parts.append(_ESCAPES[escape])
                at += 2
            elif escape == "u":
                found = _HEX.match(text, at + 2)
                if found is None:
                    raise JsonataError("S0104", "\\u must be followed by 4 hex digits", at)
                parts.append(chr(int(found.group(), 16)))
                at += 6
            else:
                raise JsonataError("S0103", f"unknown escape sequence: \\{escape}", at)
        raise JsonataError("S0101", "a string has no closing quote", start)

    def _regex(self) -> Token:
        """`/pattern/flags`: ends at a slash outside of brackets, braces and parentheses."""
        start = self.at
        at, depth, text = start + 1, 0, self.text
        while at < len(text):
            sign = text[at]
            if sign == "\\":
                at += 2
                continue
            if sign == "/" and depth == 0:
                pattern = text[start + 1 : at]
                if not pattern:
                    raise JsonataError("S0301", "a regular expression may not be empty", start)
                end = at + 1
                while end < len(text) and text[end] in "im":
                    end += 1
                self.at = end
                return Token("regex", (pattern, text[at + 1 : end]), start)
            if sign in "([{":
                depth += 1
            elif sign in ")]}":
                depth -= 1
            at += 1
        raise JsonataError("S0302", "a regular expression has no closing /", start)


def _pair(found: re.Match[str]) -> str:
    return found.group().encode("utf-16-le", "surrogatepass").decode("utf-16-le")
