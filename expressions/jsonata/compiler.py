"""Compiles a tree into closures: one Python function for each node.

A closure takes the context (`$`) and the frame of variables, and gives a value.  Steps are
counted where work repeats, by the number of nodes that one round may evaluate; the depth where
functions are called, in levels of nodes, as JSONata's own suite counts it.
"""

from __future__ import annotations

from collections.abc import Callable

from expressions.jsonata import operators
from expressions.jsonata.errors import JsonataError, too_deep
from expressions.jsonata.groups import group_code, object_code
from expressions.jsonata.machine import (
    Code,
    Composed,
    Frame,
    Lambda,
    Partial,
    TailCall,
    call,
)
from expressions.jsonata.paths import Narrow, Paths, filter_code, lookup
from expressions.jsonata.regexes import Regex
from expressions.jsonata.transforms import transformer
from expressions.jsonata.tree import Node
from expressions.jsonata.values import (
    UNDEFINED,
    Cons,
    Function,
    Outer,
    Value,
    collapse,
    kept,
    truth,
)


class Compiler(Paths):
    """Compiles one expression."""

    def compile(self, node: Node) -> Code:
        """The closure of a node, with its predicates and group."""
        self.level += 1
        self.count += 1
        code = _KINDS[node.kind](self, node)
        if node.predicates:
            tests = [
                filter_code(self, stage.test) for stage in node.predicates if stage.test is not None
            ]
            code = _filtered(code, tests, keep=node.keep_array)
        if node.kind != "path" and node.group is not None:
            code = group_code(self, code, node.group)
        elif node.keep_array and not node.predicates and node.kind != "path":
            code = _kept(code)
        self.level -= 1
        return code

    def weighed(self, node: Node) -> tuple[Code, int]:
        """The closure of a node, and how many nodes one run of it evaluates."""
        before = self.count
        code = self.compile(node)
        return code, self.count - before

    # --- values

    def constant(self, node: Node) -> Code:
        """A text, number, true, false or null."""
        value = node.value
        return lambda _context, _frame: value

    def regex(self, node: Node) -> Code:
        """A regular expression, which is a function."""
        pattern, flags = node.value
        value = Regex.compile(pattern, flags, node.position)
        return lambda _context, _frame: value

    def variable(self, node: Node) -> Code:
        """`$`, `$$` or `$name`."""
        name: str = node.value
        if name == "":
            return _context

        def find(_: Value, frame: Frame | None) -> Value:
            while frame is not None:
                if name in frame.names:
                    return frame.names[name]
                frame = frame.outer
            return UNDEFINED

        return find

    def parent(self, node: Node) -> Code:
        """`%`: what an earlier step kept."""
        slot = node.slot
        assert slot is not None  # noqa: S101 - the shaper gave it
        return lambda _, frame: frame.find(slot.label)  # led to its step after it was made

    def array(self, node: Node) -> Code:
        """`[a, b..c]`: lists of ranges and paths are flattened, other constructors are not."""
        items = [(self.compile(item), item.kind == "array") for item in node.list()]
        kind: type[list[Value]] = Cons if node.cons else list

        def make(context: Value, frame: Frame) -> Value:
            result = kind()
            for code, constructed in items:
                value = code(context, frame)
                if value is UNDEFINED:
                    continue
                if constructed or not isinstance(value, list):
                    result.append(value)
                else:
                    frame.state.elements(len(value))
                    result.extend(value)
            frame.state.elements(len(items))
            return result

        return make

    def object(self, node: Node) -> Code:
        """`{key: value}`."""
        return object_code(self, node)

    def wildcard(self, _: Node) -> Code:
        """`*`: all members' values."""
        return operators.wildcard

    def descendant(self, _: Node) -> Code:
        """`**`: everything within."""
        return operators.descendants

    def name(self, node: Node) -> Code:
        """A name as a step: the member of that name."""
        name = str(node.value)
        return lambda context, frame: lookup(context, name, frame.state)

    # --- operators

    def minus(self, node: Node) -> Code:
        """The number below 0."""
        code, position = self.compile(node.part()), node.position
        return lambda context, frame: operators.negated(code(context, frame), position)

    def binary(self, node: Node) -> Code:
        """An operator between two values."""
        left, right = self.compile(node.part()), self.compile(node.second())
        sign, position = node.value, node.position
        if sign == "and":
            return lambda context, frame: (
                truth(left(context, frame)) and truth(right(context, frame))
            )
        if sign == "or":
            return lambda context, frame: (
                truth(left(context, frame)) or truth(right(context, frame))
            )
        quick = operators.ARITHMETIC.get(sign)
        if quick is not None:
            return _arithmetic(left, right, sign, quick, position)
        does = operators.OTHERS[sign]
        return lambda context, frame: does(
            left(context, frame), right(context, frame), frame.state, position
        )

    def condition(self, node: Node) -> Code:
        """`a ? b : c`."""
        test, then = self.compile(node.part()), self.compile(node.second())
        otherwise = None if node.other is None else self.compile(node.other)

        def choose(context: Value, frame: Frame) -> Value:
            if truth(test(context, frame)):
                return then(context, frame)
            return UNDEFINED if otherwise is None else otherwise(context, frame)

        return choose

    def default(self, node: Node) -> Code:
        """`a ?: b`: a where it counts as true."""
        first, second = self.compile(node.part()), self.compile(node.second())

        def choose(context: Value, frame: Frame) -> Value:
            value = first(context, frame)
            return value if truth(value) else second(context, frame)

        return choose

    def coalesce(self, node: Node) -> Code:
        """`a ?? b`: a where it is there."""
        first, second = self.compile(node.part()), self.compile(node.second())

        def choose(context: Value, frame: Frame) -> Value:
            value = first(context, frame)
            return second(context, frame) if value is UNDEFINED else value

        return choose

    # --- variables and blocks

    def bind(self, node: Node) -> Code:
        """`$name := value`."""
        name, code = node.value, self.compile(node.second())
        self.binds += 1

        def bind(context: Value, frame: Frame) -> Value:
            value = frame.names[name] = code(context, frame)
            return value

        return bind

    def block(self, node: Node) -> Code:
        """`(a; b; c)`: the last one's value; names bound within are its own."""
        before = self.binds
        codes = [self.compile(item) for item in node.list()]
        if not codes:
            return lambda _context, _frame: UNDEFINED
        first, last = codes[:-1], codes[-1]
        if self.binds == before:
            return last if not first else _run_all(first, last)

        def run(context: Value, frame: Frame) -> Value:
            inner = Frame({}, frame, frame.state)
            for code in first:
                code(context, inner)
            return last(context, inner)

        return run

    # --- functions

    def function(self, node: Node) -> Code:
        """A call."""
        return self._call(node, None, keep=node.keep_array)

    def _call(self, node: Node, first: Code | None, *, keep: bool) -> Code:
        """A call; `first` gives an argument before the others, for `~>`."""
        position, level, tail = node.position, self.level, node.tail
        function_node = node.part()
        function = self.compile(function_node)
        codes = [self.compile(item) for item in node.list()]
        if first is not None:
            codes.insert(0, first)
        name = _called(function_node)
        path = name if function_node.kind == "path" else ""
        evaluates = function_node.kind == "variable" and name == "eval"

        def invoke(context: Value, frame: Frame) -> Value:
            callee = function(context, frame)
            if callee is UNDEFINED and path and frame.find(path) is not UNDEFINED:
                raise JsonataError("T1005", f"no function; is ${path} meant?", position)
            arguments = []
            for code in codes:  # no comprehension: it would take a frame of its own
                arguments.append(code(context, frame))  # noqa: PERF401 - as above
            if tail:
                return TailCall(callee, arguments, context, name)
            state = frame.state
            depth = state.depth
            state.depth = depth + level
            if state.depth >= state.limit:
                raise too_deep()
            if evaluates:
                state.here = (context, frame)
            try:
                result = call(callee, arguments, context, state, name)
            except JsonataError as error:
                raise _placed(error, position) from None
            state.depth = depth
            return kept(result) if keep else collapse(result)

        return invoke

    def partial(self, node: Node) -> Code:
        """`f(?, 1)`: a function of what is left out."""
        position, function_node = node.position, node.part()
        function = self.compile(function_node)
        arguments = [
            None if item.kind == "placeholder" else self.compile(item) for item in node.list()
        ]
        places = [place for place, code in enumerate(arguments) if code is None]
        path = _called(function_node) if function_node.kind == "path" else ""

        def make(context: Value, frame: Frame) -> Value:
            callee = function(context, frame)
            if callee is UNDEFINED and path and frame.find(path) is not UNDEFINED:
                raise JsonataError("T1007", f"no function; is ${path} meant?", position)
            if not isinstance(callee, Function):
                raise JsonataError("T1008", "what is applied in part is no function", position)
            given = [UNDEFINED if code is None else code(context, frame) for code in arguments]
            frame.state.elements(len(given))
            return Partial(callee, given, places)

        return make

    def lambda_(self, node: Node) -> Code:
        """A function of the expression."""
        level, count = self.level, self.count
        self.level = 0
        names = tuple(str(argument.value) for argument in node.list())
        body, weight = self.weighed(node.part())
        self.level, self.count = level, count
        signature = node.signature

        def make(context: Value, frame: Frame) -> Value:
            return Lambda(names, body, weight, signature, context, frame)

        return make

    def apply(self, node: Node) -> Code:
        """`value ~> function`."""
        position, level, keep = node.position, self.level, node.keep_array
        first = self.compile(node.part())
        right = node.second()
        if right.kind == "function" and not right.predicates and right.group is None:
            right.tail = False
            return self._call(right, first, keep=node.keep_array)
        second = self.compile(right)

        def run(context: Value, frame: Frame) -> Value:
            value = first(context, frame)
            function = second(context, frame)
            if not isinstance(function, Function):
                raise JsonataError("T2006", "the right side of ~> is no function", position)
            if isinstance(value, Function):
                return Composed(value, function)
            state = frame.state
            depth = state.depth
            state.depth = depth + level
            if state.depth >= state.limit:
                raise too_deep()
            result = call(function, [value], UNDEFINED, state, "")
            state.depth = depth
            return kept(result) if keep else collapse(result)

        return run

    def transform(self, node: Node) -> Code:
        """`|pattern|update, delete|`: a function."""
        before = self.count
        pattern, update = self.compile(node.part()), self.compile(node.second())
        delete = None if node.other is None else self.compile(node.other)
        weight = self.count - before

        def make(_: Value, frame: Frame) -> Value:
            return transformer(pattern, update, delete, weight, frame)

        return make


def _run_all(first: list[Code], last: Code) -> Code:
    def run(context: Value, frame: Frame) -> Value:
        for code in first:
            code(context, frame)
        return last(context, frame)

    return run


def _called(node: Node) -> str:
    """The name of what is called, for messages."""
    if node.kind == "path":
        step = node.list()[0]
        return str(step.value) if step.kind in ("name", "variable") else ""
    return str(node.value) if node.kind == "variable" else ""


def _placed(error: JsonataError, position: int) -> JsonataError:
    """An error with a position, if it has none."""
    if error.position is not None:
        return error
    return type(error)(error.code, error.message, position)


def _context(context: Value, _: Frame) -> Value:
    return context[0] if type(context) is Outer else context


def _kept(code: Code) -> Code:
    """`[]` after something that is no path: a sequence of one stays a list."""

    def keep(context: Value, frame: Frame) -> Value:
        value = code(context, frame)
        return kept(value)

    return keep


def _filtered(code: Code, tests: list[Narrow], *, keep: bool) -> Code:
    def run(context: Value, frame: Frame) -> Value:
        value = code(context, frame)
        for test in tests:
            value = test(value, frame)
        return kept(value) if keep else collapse(value)

    return run


def _arithmetic(left: Code, right: Code, sign: str, quick: operators.Quick, position: int) -> Code:
    def run(context: Value, frame: Frame) -> Value:
        one, other = left(context, frame), right(context, frame)
        if type(one) is int and type(other) is int:
            return quick(one, other)
        return operators.arithmetic(one, other, sign, position)

    return run


_KINDS: dict[str, Callable[[Compiler, Node], Code]] = {
    "string": Compiler.constant,
    "number": Compiler.constant,
    "value": Compiler.constant,
    "regex": Compiler.regex,
    "variable": Compiler.variable,
    "parent": Compiler.parent,
    "array": Compiler.array,
    "object": Compiler.object,
    "wildcard": Compiler.wildcard,
    "descendant": Compiler.descendant,
    "name": Compiler.name,
    "path": Compiler.path,
    "unary": Compiler.minus,
    "binary": Compiler.binary,
    "condition": Compiler.condition,
    "default": Compiler.default,
    "coalesce": Compiler.coalesce,
    "bind": Compiler.bind,
    "block": Compiler.block,
    "function": Compiler.function,
    "partial": Compiler.partial,
    "lambda": Compiler.lambda_,
    "apply": Compiler.apply,
    "transform": Compiler.transform,
}
