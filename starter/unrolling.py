"""A definition without choices: one way through it, loops taken so many times.

What a process costs depends on its data.  Where there is none, the longest way through is taken,
each way back `turns` times; lists have `items` items.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workflow import Definition
from workflow.graph import Choice, Fail, Map, Parallel, Pass, Scope, State, Wait, exits, scopes_of

ITEMS = "forecast_items"
"""The member of the input under which every map finds its list."""


class Unrolled:
    """One way through a definition."""

    def __init__(self, definition: Definition, turns: int) -> None:
        self._turns = turns
        self._used: dict[str, int] = {}
        self._definition = definition

    def definition(self) -> Definition:
        """The definition that goes that way."""
        scope = self._scope(self._definition.root)
        return replace(self._definition, start_at=scope.start_at, states=scope.states)

    def _scope(self, scope: Scope) -> Scope:
        way = _way(scope, self._turns)
        names = [self._name(name) for name in way]
        states: dict[str, State] = {}
        for index, name in enumerate(way):
            following = names[index + 1] if index + 1 < len(names) else None
            states[names[index]] = self._state(scope.states[name], names[index], following, states)
        return Scope(names[0], states)

    def _name(self, name: str) -> str:
        self._used[name] = self._used.get(name, 0) + 1
        return name if self._used[name] == 1 else f"{name}~{self._used[name]}"

    def _state(
        self, state: State, name: str, following: str | None, before: Mapping[str, State]
    ) -> State:
        if isinstance(state, Choice | Fail):
            return Pass(name, following)
        changes: dict[str, Any] = {"name": name, "next": following}
        if getattr(state, "needs", None) is not None:
            changes["needs"] = tuple(n for n in getattr(state, "needs") if n in before)  # noqa: B009
        if isinstance(state, Wait) and state.seconds is None:
            changes |= {"seconds": 0, "timestamp": None, "seconds_path": None}
            changes["timestamp_path"] = None
        if isinstance(state, Parallel):
            changes["branches"] = tuple(self._scope(branch) for branch in state.branches)
        if isinstance(state, Map):
            changes |= {"processor": self._scope(state.processor), "items_path": f"$.{ITEMS}"}
        return replace(state, **changes)


def _way(scope: Scope, turns: int) -> list[str]:
    """Names of the states on the longest way, each way back taken so many times."""
    lengths = _Lengths(scope)
    way: list[str] = []
    name: str | None = scope.start_at
    taken: dict[tuple[str, str], int] = {}
    while name is not None:
        way.append(name)
        state = scope.states[name]
        back = [t for t in exits(state) if t and (name, t) in lengths.back]
        again = next((t for t in back if taken.get((name, t), 0) < turns), None)
        if again is not None:
            taken[name, again] = taken.get((name, again), 0) + 1
        name = again or lengths.onward(name)
    return way


class _Lengths:
    """How much lies between a state and the end of its sequence, ways back left aside."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._known: dict[str, float] = {}
        self._onward: dict[str, str | None] = {}
        self.back: set[tuple[str, str]] = set()
        """Ways back: from a state to one that leads to it."""
        self._measure(scope.start_at)

    def onward(self, name: str) -> str | None:
        """The exit from which most is to come."""
        return self._onward.get(name)

    def _measure(self, start: str) -> None:
        """Depth first, without recursion: a sequence may be thousands of states long."""
        open_now: set[str] = set()
        stack = [start]
        while stack:
            name = stack[-1]
            if name in self._known:
                stack.pop()
                continue
            if name not in open_now:
                open_now.add(name)
                ahead = [t for t in exits(self._scope.states[name]) if t]
                self.back |= {(name, t) for t in ahead if t in open_now}
                stack += [t for t in ahead if t not in open_now and t not in self._known]
                continue
            open_now.discard(name)
            stack.pop()
            self._close(name)

    def _close(self, name: str) -> None:
        state = self._scope.states[name]
        targets = [t for t in exits(state) if t is None or t in self._known]
        best = max(targets, key=self._length, default=None)
        self._onward[name] = best
        own = -1e6 if isinstance(state, Fail) else 0 if isinstance(state, Choice | Pass) else 1
        inner = sum(len(scope.states) for scope in scopes_of(state))
        self._known[name] = own + inner + (self._length(best) if targets else 0)

    def _length(self, target: str | None) -> float:
        return 0 if target is None else self._known[target]
