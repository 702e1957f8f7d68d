"""Reads a JSONata expression into a tree: Pratt's method, with JSONata's binding powers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from expressions.jsonata.errors import TOO_NESTED, JsonataError
from expressions.jsonata.signatures import Signature
from expressions.jsonata.tokens import SINGLE, Token, Tokens
from expressions.jsonata.tree import Node, Term

LENGTH = 65_536  # characters of an expression
NESTING = 100  # levels of brackets, operators and calls within each other

POWERS = {
    ".": 75, "[": 80, "{": 70, "(": 80, "@": 80, "#": 80, "?": 20, "+": 50, "-": 50, "*": 60,
    "/": 60, "%": 60, "=": 40, "<": 40, ">": 40, "^": 40, ":=": 10, "!=": 40, "<=": 40, ">=": 40,
    "~>": 40, "?:": 40, "??": 40, "and": 30, "or": 25, "in": 40, "&": 50,
}  # fmt: skip
KNOWN = frozenset(POWERS) | (SINGLE - frozenset("!~")) | {"**", ".."}
FUNCTION = ("function", "λ")


class Parser:
    """One reading of one text."""

    def __init__(self, text: str) -> None:
        if len(text) > LENGTH:
            raise JsonataError(TOO_NESTED, f"an expression may have {LENGTH:,} characters")
        self.tokens = Tokens(text)
        self.token = Token("end", "(end)", 0)
        self.level = 0
        self.advance(infix=False)

    def whole(self) -> Node:
        """The expression that the whole text is."""
        node = self.expression(0)
        if self.token.kind != "end":
            raise JsonataError("S0201", f"syntax error: {self.token.value!r}", self.token.position)
        return node

    # --- tokens

    def advance(self, *, infix: bool) -> Token:
        """Go to the next token."""
        self.token = self.tokens.next(infix)
        if self.token.kind == "operator" and self.token.value not in KNOWN:
            raise JsonataError("S0204", f"unknown operator {self.token.value}", self.token.position)
        return self.token

    def sees(self, sign: str) -> bool:
        """Whether an operator comes next."""
        return self.token.kind == "operator" and self.token.value == sign

    def want(self, sign: str, *, infix: bool = False) -> None:
        """Go past an operator that must come next."""
        if not self.sees(sign):
            token = self.token
            if token.kind == "end":
                raise JsonataError("S0203", f"{sign} is expected before the end", token.position)
            got = token.value if token.kind == "operator" else repr(token.value)
            raise JsonataError("S0202", f"{sign} is expected, not {got}", token.position)
        self.advance(infix=infix)

    # --- expressions

    def expression(self, power: int) -> Node:
        """An expression whose operators bind more tightly than `power`."""
        self.level += 1
        if self.level > NESTING:
            raise JsonataError(TOO_NESTED, f"more than {NESTING} levels", self.token.position)
        token = self.token
        self.advance(infix=True)
        left = self._first(token)
        while self.token.kind == "operator" and power < POWERS.get(self.token.value, 0):
            token = self.token
            self.advance(infix=False)
            left = self._further(token, left)
        self.level -= 1
        return left

    def _first(self, token: Token) -> Node:
        """What a token begins."""
        kind, value, position = token
        if kind != "operator":
            return Node(kind, value, position)
        begin = _FIRST.get(value)
        if begin is None:
            raise JsonataError("S0211", f"{value} cannot be used as a unary operator", position)
        return begin(self, position)

    def _further(self, token: Token, left: Node) -> Node:
        """What a token makes of the expression to its left."""
        go_on = _FURTHER.get(token.value)
        if go_on is not None:
            return go_on(self, token.position, left)
        right = self.expression(POWERS[token.value])
        return Node("binary", token.value, token.position, left, right)

    def minus(self, position: int) -> Node:
        """`-a`."""
        return Node("unary", "-", position, self.expression(70))

    def block(self, position: int) -> Node:
        """`(a; b)`."""
        items: list[Node] = []
        while not self.sees(")"):
            items.append(self.expression(0))
            if not self.sees(";"):
                break
            self.advance(infix=False)
        self.want(")", infix=True)
        return Node("block", "(", position, items=items)

    def array(self, position: int) -> Node:
        """`[a, b..c]`."""
        items: list[Node] = []
        while not self.sees("]"):
            item = self.expression(0)
            if self.sees(".."):
                at = self.token.position
                self.advance(infix=False)
                item = Node("binary", "..", at, item, self.expression(0))
            items.append(item)
            if not self.sees(","):
                break
            self.advance(infix=False)
            if self.sees("]"):
                raise JsonataError("S0211", "] cannot begin an expression", self.token.position)
        self.want("]", infix=True)
        return Node("array", "[", position, items=items)

    def _pairs(self) -> list[tuple[Node, Node]]:
        pairs: list[tuple[Node, Node]] = []
        while pairs or not self.sees("}"):
            key = self.expression(0)
            self.want(":")
            pairs.append((key, self.expression(0)))
            if not self.sees(","):
                break
            self.advance(infix=False)
        self.want("}", infix=True)
        return pairs

    def object(self, position: int) -> Node:
        """`{key: value}`."""
        return Node("object", "{", position, pairs=self._pairs())

    def transform(self, position: int) -> Node:
        """`|pattern|update, delete|`."""
        pattern = self.expression(0)
        self.want("|")
        update = self.expression(0)
        delete = None
        if self.sees(","):
            self.advance(infix=False)
            delete = self.expression(0)
        self.want("|", infix=True)
        return Node("transform", "|", position, pattern, update, delete)

    # --- what follows an expression

    def group(self, position: int, left: Node) -> Node:
        """`a{key: value}`."""
        return Node("group", "{", position, left, pairs=self._pairs())

    def bracket(self, position: int, left: Node) -> Node:
        """`a[b]` and `a[]`."""
        if self.sees("]"):
            step = left
            while step.kind == "subscript":
                step = step.part()
            step.keep_array = True
            self.advance(infix=True)
            return left
        inside = self.expression(0)
        self.want("]", infix=True)
        return Node("subscript", "[", position, left, inside)

    def order(self, position: int, left: Node) -> Node:
        """`a^(<b, >c)`."""
        self.want("(")
        terms: list[Term] = []
        while True:
            descending = self.sees(">")
            if descending or self.sees("<"):
                self.advance(infix=False)
            terms.append(Term(self.expression(0), descending))
            if not self.sees(","):
                break
            self.advance(infix=False)
        self.want(")", infix=True)
        return Node("order", "^", position, left, terms=terms)

    def bind(self, position: int, left: Node) -> Node:
        """`$a := b`."""
        if left.kind != "variable":
            raise JsonataError("S0212", "the left side of := must be a variable", left.position)
        return Node("bind", left.value, position, left, self.expression(POWERS[":="] - 1))

    def _name(self, position: int, left: Node, sign: str) -> Node:
        right = self.expression(POWERS[sign])
        if right.kind != "variable":
            raise JsonataError(
                "S0214", f"the right side of {sign} must be a variable", right.position
            )
        return Node("focus" if sign == "@" else "index", right.value, position, left)

    def focus(self, position: int, left: Node) -> Node:
        """`a@$b`."""
        return self._name(position, left, "@")

    def index(self, position: int, left: Node) -> Node:
        """`a#$b`."""
        return self._name(position, left, "#")

    def condition(self, position: int, left: Node) -> Node:
        """`a ? b : c`."""
        then = self.expression(0)
        otherwise = None
        if self.sees(":"):
            self.advance(infix=False)
            otherwise = self.expression(0)
        return Node("condition", "?", position, left, then, otherwise)

    def default(self, position: int, left: Node) -> Node:
        """`a ?: b`."""
        return Node("default", "?:", position, left, self.expression(0))

    def coalesce(self, position: int, left: Node) -> Node:
        """`a ?? b`."""
        return Node("coalesce", "??", position, left, self.expression(0))

    def call(self, position: int, left: Node) -> Node:
        """`f(a, ?)`, and a function of the expression."""
        arguments: list[Node] = []
        kind = "function"
        while arguments or not self.sees(")"):
            if self.sees("?"):
                kind = "partial"
                arguments.append(Node("placeholder", "?", self.token.position))
                self.advance(infix=True)
            else:
                arguments.append(self.expression(0))
            if not self.sees(","):
                break
            self.advance(infix=False)
        self.want(")", infix=True)
        if left.kind == "name" and left.value in FUNCTION:
            return self._lambda(position, arguments)
        return Node(kind, "(", position, left, items=arguments)

    def _lambda(self, position: int, arguments: list[Node]) -> Node:
        for argument in arguments:
            if argument.kind != "variable":
                raise JsonataError(
                    "S0208", "a parameter must be a variable name", argument.position
                )
        signature = self._signature() if self.sees("<") else None
        self.want("{")
        body = self.expression(0)
        self.want("}", infix=True)
        return Node("lambda", None, position, body, items=arguments, signature=signature)

    def _signature(self) -> Signature:
        """`<s-n?:s>`, told by its tokens."""
        start, depth, text = self.token.position, 1, "<"
        while depth > 0 and not self.sees("{") and self.token.kind != "end":
            token = self.advance(infix=True)
            if self.sees(">"):
                depth -= 1
            elif self.sees("<"):
                depth += 1
            text += str(token.value)
        self.want(">")
        return Signature.parse(text, start)


def _wildcard(_: Parser, position: int) -> Node:
    return Node("wildcard", "*", position)


def _descendants(_: Parser, position: int) -> Node:
    return Node("descendant", "**", position)


def _parent(_: Parser, position: int) -> Node:
    return Node("parent", "%", position)


def _word(word: str) -> Callable[[Parser, int], Node]:
    return lambda _, position: Node("name", word, position)


_FIRST: dict[Any, Callable[[Parser, int], Node]] = {
    "-": Parser.minus,
    "(": Parser.block,
    "[": Parser.array,
    "{": Parser.object,
    "|": Parser.transform,
    "*": _wildcard,
    "**": _descendants,
    "%": _parent,
    "and": _word("and"),
    "or": _word("or"),
    "in": _word("in"),
}
_FURTHER: dict[Any, Callable[[Parser, int, Node], Node]] = {
    "(": Parser.call,
    "[": Parser.bracket,
    "{": Parser.group,
    "^": Parser.order,
    "@": Parser.focus,
    "#": Parser.index,
    "?": Parser.condition,
    "?:": Parser.default,
    "??": Parser.coalesce,
    ":=": Parser.bind,
}
