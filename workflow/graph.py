"""The states of a graph: what a definition is made of, as plain frozen values.

A graph never holds code: activities, signals and other processes are names.  What a step does
when it fails, how often and how long it may run are its `Settings`: not part of the shape,
so that they may change under a published version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from wire import Json

ALL_ERRORS = "States.ALL"
TIMEOUT = "States.Timeout"
TASK_FAILED = "States.TaskFailed"

ROLLBACK, PAUSE = "rollback", "pause"


@dataclass(frozen=True)
class Retrier:
    """One rule of a retry: which errors, how often, how long apart."""

    errors: tuple[str, ...] = (ALL_ERRORS,)
    """Error names; `States.ALL` stands for every one."""
    retries: int = 2
    """Further attempts after the first; 0 means never."""
    interval: int = 1
    """Seconds before the first retry."""
    rate: float = 2.0
    """Each further wait is this many times the one before."""
    cap: int | None = None
    """No wait is longer, in seconds."""
    jitter: bool = False
    """Whether a wait is drawn between 0 and what the rule gives."""


@dataclass(frozen=True)
class Settings:
    """What a step says about its own attempts; None means: as the run's policy says."""

    retry: tuple[Retrier, ...] | None = None
    """Scanned in order; the first that names the error counts."""
    start_to_close: str | None = None
    """Seconds as text, or NONE; so are the next three."""
    schedule_to_start: str | None = None
    schedule_to_close: str | None = None
    heartbeat: str | None = None
    task_list: str | None = None
    """Where its activity tasks wait; None means the run's own list."""
    priority: int | None = None
    """SWF's task priority; higher goes first."""


@dataclass(frozen=True)
class Task:
    """A step: one activity, whose result joins `previous_results` under the step's name."""

    name: str
    activity: str
    """The activity type's name."""
    next: str | None = None
    """The state that follows; None ends the sequence.  So it is in every kind below."""
    needs: tuple[str, ...] | None = None
    """The earlier results it gets; None means all of them."""
    compensation: str | None = None
    """The activity that undoes it once it completed; None when there is nothing to undo."""
    on_failure: str = ROLLBACK
    """`rollback`, or `pause`: then the execution waits at the step for an operator."""
    settings: Settings = Settings()


@dataclass(frozen=True)
class Child:
    """A step that is another process: its result is what that one gave."""

    name: str
    process: str
    """Name of the workflow type."""
    version: str
    next: str | None = None
    needs: tuple[str, ...] | None = None
    compensation: str | None = None
    on_failure: str = ROLLBACK
    settings: Settings = Settings()


@dataclass(frozen=True)
class Await:
    """A step that waits for a signal, often a person's: its result is what the signal carries."""

    name: str
    signal: str
    next: str | None = None
    seconds: int | None = None
    """How long; None means for ever."""
    default: Json = None
    """The result when the time is up; without one the step fails with `States.Timeout`."""
    has_default: bool = False
    compensation: str | None = None
    on_failure: str = ROLLBACK
    settings: Settings = Settings()


@dataclass(frozen=True)
class Wait:
    """A pause of so many seconds, or until a moment; given, or read from the data."""

    name: str
    next: str | None = None
    seconds: int | None = None
    timestamp: str | None = None
    """RFC 3339, with zone."""
    seconds_path: str | None = None
    timestamp_path: str | None = None


@dataclass(frozen=True)
class Choice:
    """A fork: the first rule that holds says where to go on."""

    name: str
    rules: tuple[tuple[Mapping[str, Json], str], ...]
    """Condition (see `workflow.conditions`) and the state it leads to, in order."""
    default: str | None = None
    next: str | None = None
    """Always None: the rules say it."""


@dataclass(frozen=True)
class Scope:
    """A graph within a graph: one branch, or what is done with each item."""

    start_at: str
    states: Mapping[str, State]


@dataclass(frozen=True)
class Parallel:
    """A step of several branches at once; its result is the list of their results."""

    name: str
    branches: tuple[Scope, ...]
    next: str | None = None
    on_failure: str = ROLLBACK
    settings: Settings = Settings()


@dataclass(frozen=True)
class Map:
    """A step that does the same with each item of a list; its result is the list of results."""

    name: str
    items_path: str
    """Where the list is in the data, as in `$.items`."""
    processor: Scope
    concurrency: int = 0
    """Items at once; 0 means all."""
    next: str | None = None
    on_failure: str = ROLLBACK
    settings: Settings = Settings()


@dataclass(frozen=True)
class Pass:
    """A place to pass through: nothing is done."""

    name: str
    next: str | None = None


@dataclass(frozen=True)
class Fail:
    """The process fails here."""

    name: str
    error: str = ""
    cause: str = ""
    next: str | None = None


State: TypeAlias = Task | Child | Await | Wait | Choice | Parallel | Map | Pass | Fail
Step: TypeAlias = Task | Child | Await | Parallel | Map
"""States whose results count."""
STEPS = (Task, Child, Await, Parallel, Map)


def scopes_of(state: State) -> tuple[Scope, ...]:
    """The graphs within a state; none for most kinds."""
    if isinstance(state, Parallel):
        return state.branches
    return (state.processor,) if isinstance(state, Map) else ()


def exits(state: State) -> tuple[str | None, ...]:
    """Where one may go from a state; None is the end of its sequence."""
    if isinstance(state, Choice):
        targets = [target for _, target in state.rules]
        return (*targets, state.default) if state.default else tuple(targets)
    return () if isinstance(state, Fail) else (state.next,)


def compensation_of(state: State) -> str | None:
    """The activity that undoes a state, if it declares one."""
    return state.compensation if isinstance(state, Task | Child | Await) else None
