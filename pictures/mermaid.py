"""A document as a Mermaid flowchart, which shows nesting, labels and outcomes.

Every name is written as entities wherever Mermaid or HTML could take it for syntax.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from pictures.reading import CATCH, Scope, State, Way, read
from pictures.seen import OUTCOMES, Seen, figures
from wire import Json

SHAPES = {
    "Choice": ("{{", "}}"),
    "Wait": ("(", ")"),
    "Pass": ("(", ")"),
    "Succeed": ("([", "])"),
    "Fail": ("([", "])"),
}
Lines: TypeAlias = "Iterator[str | Lines]"
"""Lines, with the lines of what is inside in between."""

LABEL_CHARACTERS = 120
"""What is longer is cut."""
PLAIN = frozenset(" .,-_")
"""What may stand as it is beside letters and digits."""

STYLES = {
    "succeeded": "fill:#dcfce7,stroke:#16a34a,color:#14532d",
    "failed": "fill:#fee2e2,stroke:#dc2626,color:#7f1d1d,stroke-width:2px",
    "caught": "fill:#ffedd5,stroke:#ea580c,color:#7c2d12",
    "running": "fill:#dbeafe,stroke:#2563eb,color:#1e3a8a,stroke-width:2px",
    "waiting": "fill:#cffafe,stroke:#0891b2,color:#164e63",
    "retrying": "fill:#fef9c3,stroke:#ca8a04,color:#713f12,stroke-width:2px",
    "skipped": "fill:#f8fafc,stroke:#94a3b8,color:#334155,stroke-dasharray:3 3",
    "undone": "fill:#f3e8ff,stroke:#9333ea,color:#581c87",
    "canceled": "fill:#f1f5f9,stroke:#64748b,color:#334155",
    "added": "fill:#dcfce7,stroke:#16a34a,color:#14532d,stroke-width:2px",
    "removed": "fill:#fee2e2,stroke:#dc2626,color:#7f1d1d,stroke-dasharray:5 3",
    "changed": "fill:#fef9c3,stroke:#ca8a04,color:#713f12,stroke-width:2px",
    "unknown": "fill:none,stroke:#94a3b8,stroke-dasharray:5 4",
}


def mermaid(document: Mapping[str, Json], seen: Mapping[str, Seen] | None = None) -> str:
    """A document in the Amazon States Language as a Mermaid flowchart.

    Branches and the processors of Maps are subgraphs, catches are dotted, what was seen of a
    state is written in its node and told by its class.
    """
    root = read(document)
    return "\n".join(["flowchart TD", *_Writer(seen or {}).lines(root)]) + "\n"


def escaped(text: str) -> str:
    """Text for the inside of a quoted label: letters and digits as they are, signs as entities."""
    text = " ".join(text.split())
    if len(text) > LABEL_CHARACTERS:
        text = text[: LABEL_CHARACTERS - 1] + "…"
    return "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character.isalnum() or character in PLAIN:
        return character
    if not character.isprintable():
        return "�"
    return f"#{ord(character)};" if character.isascii() else character


class _Writer:
    """Writes nodes and edges, and gives the states their short names, `s1` and so on."""

    def __init__(self, seen: Mapping[str, Seen]) -> None:
        self._seen = seen
        self._count = 0
        self._classes: dict[str, list[str]] = {}

    def lines(self, root: Scope) -> Iterator[str]:
        """The scope and all in it, then the classes; a stack instead of recursion."""
        stack: list[Lines] = [self._scope(root, "  ")]
        while stack:
            for found in stack[-1]:
                if isinstance(found, str):
                    yield found
                else:
                    stack.append(found)
                    break
            else:
                stack.pop()
        for name, nodes in self._classes.items():
            yield f"  classDef {name} {STYLES[name]}"
            yield f"  class {','.join(nodes)} {name}"

    def _name(self) -> str:
        self._count += 1
        return f"s{self._count}"

    def _scope(self, scope: Scope, indent: str) -> Lines:
        names = {name: self._name() for name in scope.states}
        start = self._name()
        if scope.start is not None:
            yield f"{indent}{start}((#32;))"
        for name, state in scope.states.items():
            yield self._state(state, names[name], indent)
        if scope.start is not None:
            yield f"{indent}{start} --> {names[scope.start]}"
        for name, state in scope.states.items():
            for way in state.ways:
                yield f"{indent}{names[name]} {_arrow(way)} {names[way.target]}"
        ends = [names[name] for name, state in scope.states.items() if state.ends]
        if ends:
            end = self._name()
            yield f"{indent}{end}(((#32;)))"
            yield from (f"{indent}{name} --> {end}" for name in ends)

    def _state(self, state: State, name: str, indent: str) -> Lines:
        self._classify(state, name)
        # A title in several lines would lie over what is in the subgraph.
        joint = " · " if state.scopes else "<br/>"
        text = joint.join(filter(None, map(escaped, self._texts(state))))
        if not state.scopes:
            before, after = SHAPES.get(state.kind, ("[", "]"))
            yield f'{indent}{name}{before}"{text}"{after}'
            return
        yield f'{indent}subgraph {name}["{text}"]'
        for inner in state.scopes:
            yield f'{indent}  subgraph {self._name()}["{escaped(inner.title)}"]'
            yield self._scope(inner, indent + "    ")
            yield f"{indent}  end"
        yield f"{indent}end"

    def _texts(self, state: State) -> Iterator[str]:
        yield state.name
        yield state.about
        if state.undo:
            yield f"undo: {state.undo}"
        if (seen := self._seen.get(state.name)) is not None:
            yield seen.outcome
            yield figures(seen)
            yield seen.note

    def _classify(self, state: State, name: str) -> None:
        seen = self._seen.get(state.name)
        if seen is not None and seen.outcome in OUTCOMES:
            self._classes.setdefault(seen.outcome, []).append(name)
        elif state.missing:
            self._classes.setdefault("unknown", []).append(name)


def _arrow(way: Way) -> str:
    line = "-.->" if way.kind == CATCH else "-->"
    text = escaped((", " if way.kind == CATCH else " or ").join(way.labels))
    return f'{line}|"{text}"|' if text else line
