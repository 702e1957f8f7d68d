"""What is wrong with a definition: every mistake in one report, before anything reaches SWF."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from expressions import choices, jsonpath
from expressions.moments import instant
from expressions.values import is_number
from workflow.graph import (
    PAUSE,
    ROLLBACK,
    Await,
    Child,
    Choice,
    Fail,
    Map,
    Parallel,
    Scope,
    Settings,
    State,
    Task,
    Wait,
    compensation_of,
    exits,
    scopes_of,
)

if TYPE_CHECKING:
    from workflow.definition import Definition

NAME_CHARACTERS = 80  # of a state, as in States Language
TYPE_CHARACTERS = 256  # of an activity's, signal's or process's name, as in SWF
LONGEST_SECONDS = 99_999_999

CONTROL_SIGNALS = frozenset(
    {
        "RESUME_FROM_STEP",
        "GO_BACK",
        "REPROCESS_STEP",
        "SKIP_STEP",
        "PAUSE",
        "CONTINUE",
        "ROLL_BACK",
        "TASK_SUCCESS",
        "TASK_FAILURE",
        "TASK_HEARTBEAT",
        "REPORT_TO_PARENT",
        "CHILD_CLOSED",
    }
)
"""Signals that mean the same in every process, so that no step may wait for one."""


def problems(definition: Definition) -> Iterator[str]:
    """Every mistake, in words; none when the definition can be used."""
    names = [name for scope in _scopes(definition.root) for name in scope.states]
    doubled = sorted(name for name, times in Counter(names).items() if times > 1)
    if doubled:
        yield f"steps named twice: {', '.join(doubled)}"
    for scope in _scopes(definition.root):
        yield from _scope_problems(scope, frozenset(names))
    for activity in (definition.rollback.step, definition.rollback.transaction):
        if not _is_type_name(activity):
            yield f"the rollback's activity {activity!r} is no name that SWF takes"
    if definition.deadline is not None and not _is_seconds(definition.deadline, 1):
        yield f"the deadline {definition.deadline!r} must be whole seconds from 1"


def _scopes(root: Scope) -> Iterator[Scope]:
    waiting = [root]
    while waiting:
        scope = waiting.pop()
        yield scope
        waiting += [inner for state in scope.states.values() for inner in scopes_of(state)]


def _scope_problems(scope: Scope, names: frozenset[str]) -> Iterator[str]:
    if scope.start_at not in scope.states:
        yield f"StartAt names {scope.start_at!r}, which is no state"
    for name, state in scope.states.items():
        yield from _state_problems(name, state, scope, names)
    reached = _reached(scope)
    for name in scope.states:
        if name not in reached:
            yield f"state {name!r} is never reached"
    caught = reached - _with_exit(scope)
    endless = [name for name in scope.states if name in caught]
    if endless:
        yield f"the steps never end: no way leads out of {', '.join(map(repr, endless))}"


def _reached(scope: Scope) -> set[str]:
    waiting, seen = [scope.start_at], set()
    while waiting:
        name = waiting.pop()
        if name in scope.states and name not in seen:
            seen.add(name)
            waiting += [target for target in exits(scope.states[name]) if target]
    return seen


def _with_exit(scope: Scope) -> set[str]:
    """States from which the end of the scope can be reached, or something that does not exist."""
    before: dict[str, list[str]] = {}
    found = []
    for name, state in scope.states.items():
        targets = exits(state)
        if not targets or any(t is None or t not in scope.states for t in targets):
            found.append(name)
        for target in targets:
            before.setdefault(str(target), []).append(name)
    seen: set[str] = set()
    while found:
        name = found.pop()
        if name not in seen:
            seen.add(name)
            found += before.get(name, [])
    return seen


# --- states -----------------------------------------------------------------------------------


def _state_problems(name: str, state: State, scope: Scope, names: frozenset[str]) -> Iterator[str]:
    if not 1 <= len(name) <= NAME_CHARACTERS or set(name) & set(".[]/:|") or name == "arn":
        yield f"step name {name!r} needs 1 to {NAME_CHARACTERS} characters, none of . [ ] / : |"
    for target in exits(state):
        if target is not None and target not in scope.states:
            yield f"state {name!r} leads to {target!r}, which is no state of its sequence"
    for needed in getattr(state, "needs", None) or ():
        if needed not in names:
            yield f"state {name!r} needs the result of {needed!r}, which is no state"
    for problem in (*_kind_problems(state), *_common_problems(state)):
        yield f"state {name!r}: {problem}"


def _common_problems(state: State) -> Iterator[str]:
    compensation = compensation_of(state)
    if compensation is not None and not _is_type_name(compensation):
        yield f"compensation {compensation!r} is no activity"
    on_failure = getattr(state, "on_failure", ROLLBACK)
    if on_failure not in (ROLLBACK, PAUSE):
        yield f"on_failure {on_failure!r} must be {ROLLBACK} or {PAUSE}"
    settings = getattr(state, "settings", None)
    if settings is not None:
        yield from _settings_problems(settings)


def _kind_problems(state: State) -> Iterable[str]:
    check = _KINDS.get(type(state))
    return check(state) if check else ()


def _task_problems(state: Task) -> Iterator[str]:
    if not _is_type_name(state.activity):
        yield f"{state.activity!r} is no name of an activity"


def _child_problems(state: Child) -> Iterator[str]:
    if not _is_type_name(state.process) or not state.version:
        yield "a child needs the name and version of a process, NAME@VERSION"


def _parallel_problems(state: Parallel) -> Iterator[str]:
    if not state.branches:
        yield "it has no branch"


def _await_problems(state: Await) -> Iterator[str]:
    if not _is_type_name(state.signal) or state.signal in CONTROL_SIGNALS:
        yield f"{state.signal!r} cannot be the name of a signal to wait for"
    if state.seconds is not None and not _is_seconds(state.seconds, 1):
        yield f"the time limit {state.seconds!r} must be whole seconds from 1"
    if state.has_default and state.seconds is None:
        yield "a default needs a time limit after which it is taken"


def _wait_problems(state: Wait) -> Iterator[str]:
    given = (state.seconds, state.timestamp, state.seconds_path, state.timestamp_path)
    if sum(item is not None for item in given) != 1:
        yield "a wait needs exactly one of seconds, timestamp and the paths to them"
    if state.seconds is not None and not _is_seconds(state.seconds, 0):
        yield f"{state.seconds!r} must be whole seconds from 0 to {LONGEST_SECONDS}"
    if state.timestamp is not None and instant(state.timestamp) is None:
        yield f"{state.timestamp!r} is no time such as 2030-01-31T08:00:00Z"
    for path in (state.seconds_path, state.timestamp_path):
        if path is not None:
            yield from _path_problems(path)


def _choice_problems(state: Choice) -> Iterator[str]:
    if not state.rules:
        yield "a choice needs a rule"
    for condition, _ in state.rules:
        yield from (problem.message for problem in choices.problems(dict(condition)))


def _map_problems(state: Map) -> Iterator[str]:
    yield from _path_problems(state.items_path)
    if not _is_seconds(state.concurrency, 0):
        yield f"concurrency {state.concurrency!r} must be a whole number from 0"


def _fail_problems(state: Fail) -> Iterator[str]:
    if state.error.startswith("States."):
        yield f"error {state.error!r} may not begin with States."


def _settings_problems(settings: Settings) -> Iterator[str]:
    for retrier in settings.retry or ():
        if not retrier.errors or not all(isinstance(item, str) and item for item in retrier.errors):
            yield "a retry needs the names of errors"
        if not _is_seconds(retrier.interval, 1):
            yield f"retry interval {retrier.interval!r} must be whole seconds from 1"
        if not _is_seconds(retrier.retries, 0):
            yield f"{retrier.retries!r} retries: a whole number from 0"
        if not is_number(retrier.rate) or retrier.rate < 1:
            yield f"retry rate {retrier.rate!r} must be a number from 1"
        if retrier.cap is not None and not _is_seconds(retrier.cap, retrier.interval):
            yield f"longest retry wait {retrier.cap!r} must be whole seconds from the interval on"
    timeouts = {
        "start_to_close": settings.start_to_close,
        "schedule_to_start": settings.schedule_to_start,
        "schedule_to_close": settings.schedule_to_close,
        "heartbeat": settings.heartbeat,
    }
    for name, text in timeouts.items():
        if text is not None and text != "NONE" and not (text.isdigit() and len(text) <= 8):
            yield f"{name} {text!r} must be whole seconds or NONE"
    if settings.task_list is not None and not _is_type_name(settings.task_list):
        yield f"task list {settings.task_list!r} is no name that SWF takes"


_KINDS: dict[type, Callable[[Any], Iterable[str]]] = {
    Task: _task_problems,
    Child: _child_problems,
    Await: _await_problems,
    Wait: _wait_problems,
    Choice: _choice_problems,
    Parallel: _parallel_problems,
    Map: _map_problems,
    Fail: _fail_problems,
}


def _path_problems(path: object) -> Iterator[str]:
    yield from (problem.message for problem in jsonpath.problems(path))


def _is_seconds(value: object, least: object) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and isinstance(least, int) and least <= value <= LONGEST_SECONDS  # type: ignore[operator]


def _is_type_name(name: object) -> bool:
    """What SWF takes as the name of a type, list or signal."""
    if not isinstance(name, str) or not 1 <= len(name) <= TYPE_CHARACTERS or name == "arn":
        return False
    return not any(c in ":/|" or ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F for c in name)
