"""The states of a graph: what a definition is made of, as plain frozen values.

A graph never holds code: activities, signals and other processes are names.  What a step does
when it fails, how often and how long it may run are its `Settings`: not part of the shape,
so that they may change under a published version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from wire import Json

ALL_ERRORS = "States.ALL"
TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
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


JSONPATH, JSONATA = "JSONPath", "JSONata"


@dataclass(frozen=True)
class Catcher:
    """Where a state of States Language goes on when it failed with one of these errors."""

    errors: tuple[str, ...]
    next: str
    members: Mapping[str, Json]
    """ResultPath, Output, Assign: what becomes of the error, as written in the document."""


@dataclass(frozen=True)
class Says:
    """What a document in States Language says of a state's data: its fields as they stand there.

    States of a process whose data are `previous_results` have none.
    """

    language: str = JSONPATH
    members: Mapping[str, Json] = field(default_factory=dict)
    catch: tuple[Catcher, ...] = ()


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
    says: Says | None = None
    """What States Language says of its data; so it is in every kind below."""
    token: bool = False
    """Whether it is over only when somebody answers with its task token."""


@dataclass(frozen=True)
class Child:
    """A step that is another process: its result is what that one gave."""

    name: str
    process: str
    """Name of the workflow type; empty where the data say it."""
    version: str
    """Empty where the highest that is published is meant."""
    next: str | None = None
    needs: tuple[str, ...] | None = None
    compensation: str | None = None
    on_failure: str = ROLLBACK
    settings: Settings = Settings()
    says: Says | None = None
    awaited: str = "sync:2"
    """What its result is in States Language: `sync:2` (output as a value), `sync` (as a text), or
    empty: it is started and left to itself."""


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
    says: Says | None = None


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
    says: Says | None = None


@dataclass(frozen=True)
class Choice:
    """A fork: the first rule that holds says where to go on."""

    name: str
    rules: tuple[tuple[Mapping[str, Json], str], ...]
    """Condition (see `expressions.choices`) and the state it leads to, in order."""
    default: str | None = None
    next: str | None = None
    """Always None: the rules say it."""
    says: Says | None = None


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
    says: Says | None = None


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
    says: Says | None = None
    distributed: bool = False
    """Whether each item is an execution of its own to States Language: it sees no variables."""


@dataclass(frozen=True)
class Pass:
    """A place to pass through: nothing is done."""

    name: str
    next: str | None = None
    says: Says | None = None


@dataclass(frozen=True)
class Succeed:
    """Its sequence ends here, well."""

    name: str
    next: str | None = None
    says: Says | None = None


@dataclass(frozen=True)
class Fail:
    """The process fails here."""

    name: str
    error: str = ""
    cause: str = ""
    next: str | None = None
    says: Says | None = None


State: TypeAlias = Task | Child | Await | Wait | Choice | Parallel | Map | Pass | Succeed | Fail
Step: TypeAlias = Task | Child | Await | Parallel | Map
"""States whose results count."""
STEPS = (Task, Child, Await, Parallel, Map)

NO_CATCHERS: tuple[Catcher, ...] = ()


def scopes_of(state: State) -> tuple[Scope, ...]:
    """The graphs within a state; none for most kinds."""
    if isinstance(state, Parallel):
        return state.branches
    return (state.processor,) if isinstance(state, Map) else ()


def catchers_of(state: State) -> tuple[Catcher, ...]:
    """Where a state goes on when it failed, in the order in which they are scanned."""
    return NO_CATCHERS if state.says is None else state.says.catch


def exits(state: State) -> tuple[str | None, ...]:
    """Where one may go from a state; None is the end of its sequence."""
    if isinstance(state, Choice):
        targets = [target for _, target in state.rules]
        return (*targets, state.default) if state.default else tuple(targets)
    if isinstance(state, Fail):
        return ()
    return (state.next, *(catcher.next for catcher in catchers_of(state)))


def compensation_of(state: State) -> str | None:
    """The activity that undoes a state, if it declares one."""
    return state.compensation if isinstance(state, Task | Child | Await) else None
