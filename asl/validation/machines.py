"""Machines, branches and processors: their states, where each leads, what can be reached.

Every one of them is a scope: names of states lead only to states of the same scope.  Scopes
are taken one after the other, without a call per level.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from asl.diagnostics import DUPLICATE_NAME, INVALID_NAME, MISSING_END, MISSING_TARGET
from asl.validation import extensions, failures, fields, maps, states, values
from asl.validation.report import Node, Report, Trail, quoted
from wire import Json

NAME = 80
"""Characters of the name of a state."""


@dataclass(slots=True)
class Scope:
    """A machine, a branch or a processor."""

    node: Node
    outer: Scope | None = None
    """The scope whose variables are seen."""
    names: frozenset[str] = frozenset()
    """The names of its states."""
    assigned: dict[str, list[Trail]] = field(default_factory=dict)
    """By variable: where it is assigned."""
    ends: bool = False
    """Whether some state of it ends it."""


class Machine:
    """Checks a whole machine."""

    def __init__(self, report: Report, document: dict[str, Json]) -> None:
        self.report = report
        self.root = Node(report, None, document)
        self.jsonata = _language(self.root, inherited=False)
        self.waiting: deque[Scope] = deque()
        self.scopes: list[Scope] = []
        self.known: set[str] = set()
        self.labels: set[str] = set()

    def check(self) -> None:
        """Report what is wrong, anywhere in it."""
        self._top()
        self.waiting.append(Scope(self.root))
        while self.waiting:
            scope = self.waiting.popleft()
            self.scopes.append(scope)
            self._scope(scope)
        for scope in self.scopes:
            _shadows(scope)

    def _top(self) -> None:
        fields.check(self.root, fields.MACHINE)
        values.whole(self.root, "TimeoutSeconds", 1, values.SECONDS)
        values.one_of(self.root, "Version", "1.0")
        extensions.machine(self.root)

    def _scope(self, scope: Scope) -> None:
        node = scope.node
        values.required(node, "States", "StartAt")
        start = values.text(node, "StartAt")
        inside = node.object("States")
        if inside is None:
            return
        if not inside.members:
            inside.error("States needs at least one state")
            return
        scope.names = frozenset(inside.members)
        self._target(scope, node, "StartAt")
        for name, body in inside.members.items():
            self._state(scope, inside, name, body)
        if node is self.root and not scope.ends:
            node.error("Workflow has no terminal state", code=MISSING_END)
        elif start is not None:
            _reach(scope, inside, start)

    # --- states

    def _state(self, scope: Scope, inside: Node, name: str, body: Json) -> None:
        self._name(inside, name)
        plain = inside.within(body, inside.at(name))
        if plain is None:
            scope.ends = True  # nobody knows
            return
        downgraded = self.jsonata and plain.members.get("QueryLanguage") == fields.JSONPATH
        jsonata = _language(plain, inherited=self.jsonata)
        node = Node(self.report, plain.trail, plain.members, jsonata)
        if downgraded:
            node.error(
                "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
            )
        kind = self._type(node)
        if kind is None:
            scope.ends = True
            return
        self._moves(scope, node, kind)
        allowed = fields.STATES[kind] | fields.EXTENSIONS.get(kind, frozenset())
        if not downgraded:
            fields.check(node, allowed)
        self._parts(scope, node.only(allowed), kind)

    def _parts(self, scope: Scope, node: Node, kind: str) -> None:
        states.common(node, kind)
        failures.retriers(node)
        catchers = failures.catchers(node)
        extensions.state(node)
        if kind == "Map":
            maps.check(node, self.labels)
            self._processor(scope, node)
        else:
            states.CHECKS[kind](node)
        if kind == "Parallel":
            self._branches(scope, node)
        self._assigns(scope, node, catchers, kind)

    def _assigns(self, scope: Scope, node: Node, catchers: list[Node], kind: str) -> None:
        rules = _within(node, "Choices") if kind == "Choice" else []
        holders = [(holder, False) for holder in (node, *rules)]
        for holder, caught in holders + [(catcher, True) for catcher in catchers]:
            for name in values.assign(holder, caught=caught):
                scope.assigned.setdefault(name, []).append(holder.at("Assign"))

    def _name(self, inside: Node, name: str) -> None:
        if name in self.known:
            inside.error(f"Duplicate State name: {quoted(name)}", name, DUPLICATE_NAME)
        self.known.add(name)
        if not 0 < len(name) <= NAME:
            message = f"the name of a state has 1 to {NAME} characters"
            inside.error(message, name, INVALID_NAME)

    def _type(self, node: Node) -> str | None:
        if not values.required(node, "Type"):
            return None
        kind = values.text(node, "Type")
        if kind is not None and kind not in fields.STATES:
            node.error(
                f"The field 'Type' should have one of these values: [{', '.join(fields.STATES)}]",
                "Type",
            )
            return None
        return kind

    # --- where states lead

    def _moves(self, scope: Scope, node: Node, kind: str) -> None:
        """Check where a state leads, and whether it ends its scope."""
        if "Next" in fields.STATES[kind]:
            self._next(scope, node)
        elif kind == "Choice":
            self._target(scope, node, "Default")
            for rule in _within(node, "Choices"):
                self._target(scope, rule, "Next")
        else:
            scope.ends = True
        if "Catch" in fields.STATES[kind]:
            for catcher in _within(node, "Catch"):
                values.text(catcher, "Next")
                self._target(scope, catcher, "Next")

    def _next(self, scope: Scope, node: Node) -> None:
        values.text(node, "Next")
        self._target(scope, node, "Next")
        ends = values.boolean(node, "End")
        unclear = ends is None and "End" in node.members
        if "Next" in node.members and ends:
            node.error("There should only be one of the following fields: [Next, End]")
        elif "Next" not in node.members and not ends and not unclear:
            node.error("There should be one of the following fields: [Next, End]")
        scope.ends = scope.ends or bool(ends) or unclear

    def _target(self, scope: Scope, node: Node, key: str) -> None:
        """Report a member that names a state which is not there."""
        target = node.members.get(key)
        if isinstance(target, str) and target not in scope.names:
            node.error(f"Missing 'Next' target: {quoted(target)}", key, MISSING_TARGET)

    # --- states within

    def _branches(self, scope: Scope, node: Node) -> None:
        for branch in node.objects("Branches"):
            fields.check(branch, fields.BRANCH)
            self.waiting.append(Scope(branch, scope))

    def _processor(self, scope: Scope, node: Node) -> None:
        for name in ("ItemProcessor", "Iterator"):
            processor = node.object(name)
            if processor is not None:
                fields.check(processor, fields.PROCESSOR)
                maps.processor(processor)
                alone = maps.is_distributed(processor)
                self.waiting.append(Scope(processor, None if alone else scope))


# --- parts ------------------------------------------------------------------------------------


def _language(node: Node, *, inherited: bool) -> bool:
    """Whether JSONata is meant: what is not exactly `JSONPath` is, AWS was seen to say."""
    if "QueryLanguage" not in node.members:
        return inherited
    return values.one_of(node, "QueryLanguage", fields.JSONPATH, fields.JSONATA) != fields.JSONPATH


def _within(node: Node, key: str) -> list[Node]:
    """The objects in a list, which somebody else reports on."""
    value = node.members.get(key)
    items = enumerate(value) if isinstance(value, list) else ()
    trail = node.at(key)
    return [
        Node(node.report, (trail, number), item, node.jsonata)
        for number, item in items
        if isinstance(item, dict)
    ]


def _leads(node: Node) -> Iterator[Json]:
    """What may be the names of the states that follow one, whatever its type."""
    yield node.members.get("Next")
    if node.members.get("Type") != "Task":  # there it is a member of ours
        yield node.members.get("Default")
    for key in ("Choices", "Catch"):
        for part in _within(node, key):
            yield part.members.get("Next")


def _reach(scope: Scope, inside: Node, start: str) -> None:
    """Report states that nothing leads to."""
    reached = {start} & scope.names
    pending = list(reached)
    while pending:
        name = pending.pop()
        body = inside.members[name]
        state = Node(inside.report, None, body if isinstance(body, dict) else {})
        for target in _leads(state):
            if isinstance(target, str) and target in scope.names and target not in reached:
                reached.add(target)
                pending.append(target)
    for name in inside.members:
        if name not in reached:
            inside.error(f'State "{quoted(name)}" is not reachable.', name, MISSING_TARGET)


def _shadows(scope: Scope) -> None:
    """Report variables that have the name of one further out: the language forbids it."""
    outer = scope.outer
    while outer is not None:
        for name in scope.assigned.keys() & outer.assigned.keys():
            for trail in scope.assigned[name]:
                message = f"the variable '{name}' is assigned outside as well"
                scope.node.report.add((trail, name), message, severity="WARNING")
        outer = outer.outer
