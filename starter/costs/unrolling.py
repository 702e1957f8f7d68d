"""A definition without choices: one way through it, loops taken so many times.

What a process costs depends on its data.  Where there is none, the longest way through is taken,
each way back `turns` times; lists have `items` items.  What fails is not caught.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from workflow import Definition, Execution
from workflow.graph import (
    STEPS,
    Await,
    Choice,
    Fail,
    Map,
    Parallel,
    Pass,
    Scope,
    Settings,
    State,
    Succeed,
    Task,
    Wait,
    scopes_of,
)
from workflow.graph import exits as all_exits
from workflow.language.resources import READ_ITEMS, WRITE_RESULTS

ITEMS = "forecast_items"
"""The member of the input under which every map finds its list."""


OUTERMOST = (None, 0)


class Way(Definition):
    """One way through a definition, on which nothing is read from data."""

    def __post_init__(self) -> None:
        """What it was made of was valid; names of States Language may be others than ours."""

    @property
    def hash(self) -> str:
        """It is of no published shape."""
        return "way"


class Unrolled:
    """One way through a definition."""

    def __init__(self, definition: Definition, turns: int) -> None:
        self._turns = turns
        self._used: dict[str, int] = {}
        self._definition = definition
        self._live: dict[tuple[str | None, int], list[str]] = {}
        """States at which an execution is, by the scope that they lie in."""

    def definition(self) -> Definition:
        """The definition that goes that way."""
        return self._made(self._scope(self._definition.root, OUTERMOST))

    def rest_of(self, execution: Execution) -> Definition:
        """The definition that goes on that way from wherever an execution is."""
        for name in execution.standing:
            place = self._definition.places.get(name)
            if place is not None:
                self._live.setdefault((place.owner, place.branch), []).append(name)
        return self.definition()

    def _made(self, scope: Scope) -> Definition:
        found = self._definition
        return Way(
            found.name,
            found.version,
            scope.start_at,
            scope.states,
            found.rollback,
            found.comment,
            found.deadline,
        )

    def _scope(self, scope: Scope, place: tuple[str | None, int]) -> Scope:
        """The way from its beginning, and from each of the states at which it is walked."""
        states: dict[str, State] = {}
        starts = self._live.pop(place, [])
        begins = [] if place == OUTERMOST and starts else [scope.start_at]
        firsts = [
            self._chain(scope, _way(scope, self._turns, start), states, live=start in starts)
            for start in [*begins, *starts]
            if start in scope.states and start not in states
        ]
        return Scope(firsts[0], states)

    def _chain(
        self, scope: Scope, way: Iterable[str], states: dict[str, State], *, live: bool
    ) -> str:
        """Put the states of a way behind one another; gives the name of the first.

        `live`: an execution is at the first, and has read what that works on.
        """
        known = [
            found
            for index, name in enumerate(way)
            for found in _with_tasks(scope.states[name], begun=live and index == 0)
        ]
        names = [self._name(state.name) for state in known]
        for index, state in enumerate(known):
            following = names[index + 1] if index + 1 < len(names) else None
            states[names[index]] = self._state(state, names[index], following, states)
        return names[0]

    def _name(self, name: str) -> str:
        self._used[name] = self._used.get(name, 0) + 1
        return name if self._used[name] == 1 else f"{name}~{self._used[name]}"

    def _state(
        self, state: State, name: str, following: str | None, before: Mapping[str, State]
    ) -> State:
        if isinstance(state, Choice | Fail | Succeed):
            return Pass(name, following)
        changes: dict[str, Any] = {"name": name, "next": following}
        if self._definition.by_document:
            changes |= _without_data(state)
        elif getattr(state, "needs", None) is not None:
            changes["needs"] = tuple(n for n in getattr(state, "needs") if n in before)  # noqa: B009
        if isinstance(state, Wait) and state.seconds is None:
            changes |= {"seconds": 0, "timestamp": None, "seconds_path": None}
            changes["timestamp_path"] = None
        if isinstance(state, Parallel):
            branches = enumerate(state.branches)
            changes["branches"] = tuple(self._scope(b, (state.name, n)) for n, b in branches)
        if isinstance(state, Map):
            processor = self._scope(state.processor, (state.name, 0))
            changes |= {"processor": processor, "items_path": f"$.{ITEMS}"}
        return replace(state, **changes)


def _with_tasks(state: State, *, begun: bool) -> list[State]:
    """A state, and around a distributed map the tasks that read its items and write its results."""
    members = state.says.members if isinstance(state, Map) and state.says is not None else {}
    reads = [Task(f"{state.name} (reads)", READ_ITEMS)] if "ItemReader" in members else []
    writes = [Task(f"{state.name} (writes)", WRITE_RESULTS)] if "ResultWriter" in members else []
    return [*([] if begun else reads), state, *writes]


def _without_data(state: State) -> dict[str, Any]:
    """What of a state of States Language is not wanted where nothing is read from data.

    One that says nothing of retries has none.
    """
    changes: dict[str, Any] = {"says": None}
    if isinstance(state, STEPS) and not isinstance(state, Await):
        settings: Settings = state.settings
        changes["settings"] = settings if settings.retry else replace(settings, retry=())
    if isinstance(state, Task):
        changes["needs"] = ()
    return changes


def exits(state: State) -> tuple[str | None, ...]:
    """Where one goes from a state that does not fail."""
    return all_exits(state) if isinstance(state, Choice | Fail) else (state.next,)


def _way(scope: Scope, turns: int, start: str) -> list[str]:
    """Names of the states on the longest way, each way back taken so many times."""
    lengths = _Lengths(scope, start)
    way: list[str] = []
    name: str | None = start
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


_NO_WORK = (Choice, Pass, Succeed)


class _Lengths:
    """How much lies between a state and the end of its sequence, ways back left aside."""

    def __init__(self, scope: Scope, start: str) -> None:
        self._scope = scope
        self._known: dict[str, float] = {}
        self._onward: dict[str, str | None] = {}
        self.back: set[tuple[str, str]] = set()
        """Ways back: from a state to one that leads to it."""
        self._measure(start)

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
        own = -1e6 if isinstance(state, Fail) else 0 if isinstance(state, _NO_WORK) else 1
        inner = sum(len(scope.states) for scope in scopes_of(state))
        self._known[name] = own + inner + (self._length(best) if targets else 0)

    def _length(self, target: str | None) -> float:
        return 0 if target is None else self._known[target]
