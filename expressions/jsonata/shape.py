"""Turns the tree as it was read into the tree that is compiled.

Steps joined by dots become paths; filters, groups and names are hung onto the steps they belong
to; `%` is led back to the step whose parent it means; calls in tail position are marked.  The
rules are those of JSONata's reference implementation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from expressions.jsonata.errors import TOO_NESTED, JsonataError
from expressions.jsonata.tree import Filter, Node, Slot, Term

HEIGHT = 150  # levels of a tree, so that its evaluation fits Python's stack
NO_PARENT = "the parent (%) cannot be derived from this expression"


def shape(root: Node) -> Node:
    """The tree to compile."""
    _check_height(root)
    node = _Shaper().process(root)
    if node.kind == "parent" or node.seeking is not None:
        raise JsonataError("S0217", NO_PARENT, node.position)
    return node


def _check_height(root: Node) -> None:
    level, height = [root], 0
    while level:
        height += 1
        if height > HEIGHT:
            raise JsonataError(TOO_NESTED, f"more than {HEIGHT} levels", level[0].position)
        level = [child for node in level for child in children(node)]


def children(node: Node) -> Iterable[Node]:
    """The nodes right below a node as it was read."""
    for child in (node.left, node.right, node.other):
        if child is not None:
            yield child
    yield from node.items or ()
    for pair in node.pairs or ():
        yield from pair
    for term in node.terms or ():
        yield term.expression


class _Shaper:
    def __init__(self) -> None:
        self.slots: list[Slot] = []

    def process(self, node: Node) -> Node:
        rule = _RULES.get(node.kind)
        result = node if rule is None else rule(self, node)
        if node.keep_array:
            result.keep_array = True
        return result

    # --- paths

    def dot(self, node: Node) -> Node:
        left = self.process(node.part())
        path = left if left.kind == "path" else Node("path", position=left.position, items=[left])
        if left.kind == "parent":
            path.seeking = [_slot(left)]
        rest = self.process(node.second())
        steps = path.list()
        if rest.kind == "path":
            steps.extend(rest.list())
        else:
            if rest.predicates is not None:
                rest.stages, rest.predicates = rest.predicates, None
            steps.append(rest)
        for step in steps:
            if step.kind in ("number", "value"):
                raise JsonataError("S0213", f"{step.value} cannot be a step", step.position)
            if step.kind == "string":
                step.kind = "name"
        if any(step.keep_array for step in steps):
            path.keep_singleton = True
        for end in (steps[0], steps[-1]):
            if end.kind == "array":
                end.cons = True
        self.resolve(path)
        return path

    def name(self, node: Node) -> Node:
        path = Node("path", position=node.position, items=[node])
        path.keep_singleton = node.keep_array
        return path

    def subscript(self, node: Node) -> Node:
        result = self.process(node.part())
        step = result.list()[-1] if result.kind == "path" else result
        if step.group is not None or result.group is not None:
            raise JsonataError("S0209", "a predicate cannot follow a group", node.position)
        test = self.process(node.second())
        if test.seeking is not None:
            for slot in test.seeking:
                if slot.level == 1:
                    self.seek(step, slot)
                else:
                    slot.level -= 1
            _push(step, test)
        stage = Filter("filter", test, position=node.position)
        if result.kind == "path":
            step.stages = [*(step.stages or []), stage]
        else:
            step.predicates = [*(step.predicates or []), stage]
        if node.keep_array:
            step.keep_array = True
        return result

    def group(self, node: Node) -> Node:
        result = self.process(node.part())
        if result.group is not None:
            raise JsonataError("S0210", "a step can have one group only", node.position)
        pairs = [(self.process(key), self.process(value)) for key, value in node.pairs or ()]
        result.group = Node("object", position=node.position, pairs=pairs)
        return result

    def order(self, node: Node) -> Node:
        path = self.process(node.part())
        if path.kind != "path":
            path = Node("path", position=path.position, items=[path])
        step = Node("sort", position=node.position, terms=[])
        terms: list[Term] = []
        for term in node.terms or ():
            expression = self.process(term.expression)
            _push(step, expression)
            terms.append(Term(expression, term.descending))
        step.terms = terms
        path.list().append(step)
        self.resolve(path)
        return path

    def focus(self, node: Node) -> Node:
        result = self.process(node.part())
        step = result.list()[-1] if result.kind == "path" else result
        if step.stages is not None or step.predicates is not None:
            raise JsonataError("S0215", "@ must precede predicates", node.position)
        if step.kind == "sort":
            raise JsonataError("S0216", "@ must precede the order-by clause", node.position)
        step.focus = node.value
        step.keep_array = step.keep_array or node.keep_array
        step.tuple = True
        return result

    def index(self, node: Node) -> Node:
        result = self.process(node.part())
        if result.kind == "path":
            step = result.list()[-1]
        else:
            step = result
            result = Node("path", position=step.position, items=[step])
            if step.predicates is not None:
                step.stages, step.predicates = step.predicates, None
        if step.stages is None:
            step.index = node.value
        else:
            step.stages.append(Filter("index", name=node.value, position=node.position))
        step.tuple = True
        return result

    # --- the others

    def parts(self, node: Node) -> Node:
        """Left, right, other and elements in place."""
        if node.left is not None:
            node.left = self.process(node.left)
            _push(node, node.left)
        if node.right is not None:
            node.right = self.process(node.right)
            _push(node, node.right)
        if node.other is not None:
            node.other = self.process(node.other)
            _push(node, node.other)
        if node.items is not None:
            node.items = [self.process(item) for item in node.items]
            for item in node.items:
                _push(node, item)
        return node

    def bind(self, node: Node) -> Node:
        node.right = self.process(node.second())
        _push(node, node.right)
        return node

    def apply(self, node: Node) -> Node:
        node.kind = "apply"
        left = node.left = self.process(node.part())
        right = node.right = self.process(node.second())
        node.keep_array = node.keep_array or left.keep_array or right.keep_array
        return node

    def binary(self, node: Node) -> Node:
        if node.value == ".":
            return self.dot(node)
        if node.value == "~>":
            return self.apply(node)
        return self.parts(node)

    def minus(self, node: Node) -> Node:
        self.parts(node)
        inside = node.part()
        if inside.kind == "number" and not inside.predicates and not inside.group:
            return Node("number", -inside.value, inside.position)
        return node

    def object(self, node: Node) -> Node:
        pairs = []
        for key, value in node.pairs or ():
            pair = self.process(key), self.process(value)
            _push(node, pair[0])
            _push(node, pair[1])
            pairs.append(pair)
        node.pairs = pairs
        return node

    def call(self, node: Node) -> Node:
        node.items = [self.process(item) for item in node.list()]
        for item in node.items:
            _push(node, item)
        node.left = self.process(node.part())
        return node

    def function(self, node: Node) -> Node:
        node.left = self.process(node.part())
        _mark_tail(node.left)
        return node

    def transform(self, node: Node) -> Node:
        node.left = self.process(node.part())
        node.right = self.process(node.second())
        node.other = None if node.other is None else self.process(node.other)
        return node

    def block(self, node: Node) -> Node:
        self.parts(node)
        for item in node.list():
            if item.cons or (item.kind == "path" and item.list()[0].cons):
                node.cons = True
        return node

    def parent(self, node: Node) -> Node:
        node.slot = Slot(f"!{len(self.slots)}")
        self.slots.append(node.slot)
        return node

    def end(self, node: Node) -> Node:
        raise JsonataError("S0207", "unexpected end of expression", node.position)

    # --- parents

    def seek(self, node: Node, slot: Slot) -> Slot:
        """Find the step whose parent a slot means, from a step leftwards."""
        if node.kind in ("name", "wildcard"):
            slot.level -= 1
            if slot.level == 0:
                if node.ancestor is not None:
                    slot.label = node.ancestor.label
                node.ancestor = slot
                node.tuple = True
        elif node.kind == "parent":
            slot.level += 1
        elif node.kind == "block":
            if node.items:
                node.tuple = True
                slot = self.seek(node.items[-1], slot)
        elif node.kind == "path":
            node.tuple = True
            for step in reversed(node.list()):
                slot = self.seek(step, slot)
                if slot.level <= 0:
                    break
        else:
            raise JsonataError("S0217", NO_PARENT, node.position)
        return slot

    def resolve(self, path: Node) -> None:
        """Lead what the last step seeks back along the path."""
        steps = path.list()
        last = steps[-1]
        slots = list(last.seeking or ())
        if last.kind == "parent":
            slots.append(_slot(last))
        for slot in slots:
            index = len(steps) - 2
            while slot.level > 0:
                if index < 0:
                    path.seeking = [*(path.seeking or []), slot]
                    break
                step = steps[index]
                index -= 1
                # steps that bind the context all have the same parent
                while index >= 0 and step.focus and steps[index].focus:
                    step = steps[index]
                    index -= 1
                self.seek(step, slot)


def _slot(node: Node) -> Slot:
    assert node.slot is not None  # noqa: S101 - every parent node has one
    return node.slot


def _push(result: Node, value: Node) -> None:
    """A node seeks what its parts seek."""
    if value.seeking is None and value.kind != "parent":
        return
    slots = list(value.seeking or ())
    if value.kind == "parent":
        slots.append(_slot(value))
    result.seeking = [*(result.seeking or []), *slots]


def _mark_tail(node: Node) -> None:
    """Mark the calls whose result is the function's own."""
    pending = [node]
    while pending:
        node = pending.pop()
        if node.predicates or node.group or node.keep_array:
            continue
        if node.kind == "function":
            node.tail = True
        elif node.kind == "condition":
            pending.extend(part for part in (node.right, node.other) if part is not None)
        elif node.kind == "block" and node.items:
            pending.append(node.items[-1])


_RULES: dict[str, Callable[[_Shaper, Node], Node]] = {
    "binary": _Shaper.binary,
    "subscript": _Shaper.subscript,
    "group": _Shaper.group,
    "order": _Shaper.order,
    "focus": _Shaper.focus,
    "index": _Shaper.index,
    "bind": _Shaper.bind,
    "unary": _Shaper.minus,
    "object": _Shaper.object,
    "array": _Shaper.parts,
    "function": _Shaper.call,
    "partial": _Shaper.call,
    "lambda": _Shaper.function,
    "condition": _Shaper.parts,
    "default": _Shaper.parts,
    "coalesce": _Shaper.parts,
    "transform": _Shaper.transform,
    "block": _Shaper.block,
    "name": _Shaper.name,
    "parent": _Shaper.parent,
    "end": _Shaper.end,
}
