"""How Python users write a process: small typed functions that give a `Definition`.

process("Order", "1.0", [
    step("Receive"),
    choice("InStock?", (where("$.previous_results.Receive.stock").less_than(1), [step("Order")])),
    parallel("Prepare", [step("Pack", compensation="Unpack")], [step("Invoice")]),
    wait_for_signal("Approve", signal="APPROVAL", seconds=86400, default={"approved": False}),
    step("Ship", needs=["Pack"], retry=Retry(attempts=5)),
])
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from errors import DefinitionError
from wire import Json
from workflow.definition import Definition, Rollback
from workflow.graph import (
    ALL_ERRORS,
    ROLLBACK,
    Await,
    Child,
    Choice,
    Fail,
    Map,
    Parallel,
    Pass,
    Retrier,
    Scope,
    Settings,
    State,
    Task,
    Wait,
)


@dataclass(frozen=True)
class Retry:
    """How often a step is tried, and how long apart."""

    attempts: int = 3
    """In all, per visit of the step."""
    initial_seconds: int = 1
    rate: float = 2.0
    max_seconds: int | None = 60
    jitter: bool = False
    non_retryable: tuple[str, ...] = ()
    """Names of errors after which there is no further attempt."""

    def retriers(self) -> tuple[Retrier, ...]:
        """The same as rules, in the order in which they are scanned."""
        never = [Retrier(tuple(self.non_retryable), 0)] if self.non_retryable else []
        rule = Retrier(
            (ALL_ERRORS,),
            self.attempts - 1,
            self.initial_seconds,
            self.rate,
            self.max_seconds,
            self.jitter,
        )
        return (*never, rule)


@dataclass(frozen=True)
class Where:
    """A place in the data, to be compared; each comparison gives a `Condition`."""

    path: str

    def equals(self, value: str | float | bool) -> Condition:  # noqa: FBT001 - a value
        """Whether the value there is this text, number or truth value."""
        kind = "Boolean" if isinstance(value, bool) else _kind(value)
        return Condition({"Variable": self.path, f"{kind}Equals": value})

    def less_than(self, value: str | float) -> Condition:
        """Whether the text or number there comes before this one."""
        return Condition({"Variable": self.path, f"{_kind(value)}LessThan": value})

    def greater_than(self, value: str | float) -> Condition:
        """Whether the text or number there comes after this one."""
        return Condition({"Variable": self.path, f"{_kind(value)}GreaterThan": value})

    def at_least(self, value: str | float) -> Condition:
        """Whether the text or number there is this one or comes after it."""
        return Condition({"Variable": self.path, f"{_kind(value)}GreaterThanEquals": value})

    def at_most(self, value: str | float) -> Condition:
        """Whether the text or number there is this one or comes before it."""
        return Condition({"Variable": self.path, f"{_kind(value)}LessThanEquals": value})

    def matches(self, pattern: str) -> Condition:
        """Whether the text there matches a pattern, in which `*` stands for anything."""
        return Condition({"Variable": self.path, "StringMatches": pattern})

    def is_present(self) -> Condition:
        """Whether there is a value at all."""
        return Condition({"Variable": self.path, "IsPresent": True})

    def is_null(self) -> Condition:
        """Whether the value there is null."""
        return Condition({"Variable": self.path, "IsNull": True})


@dataclass(frozen=True)
class Condition:
    """A condition on data: a rule of States Language.  Combine with `&`, `|` and `~`."""

    rule: dict[str, Json]

    def __and__(self, other: Condition) -> Condition:
        return Condition({"And": [self.rule, other.rule]})

    def __or__(self, other: Condition) -> Condition:
        return Condition({"Or": [self.rule, other.rule]})

    def __invert__(self) -> Condition:
        return Condition({"Not": self.rule})


@dataclass(frozen=True)
class Fork:
    """A choice before it is linked with what surrounds it."""

    name: str
    rules: tuple[tuple[Condition, Sequence[Part] | str | None], ...]
    otherwise: Sequence[Part] | str | None


Part: TypeAlias = "State | Fork"


def _kind(value: object) -> str:
    return "String" if isinstance(value, str) else "Numeric"


def where(path: str) -> Where:
    """A place in the data of the process: `$.total`, `$.previous_results.Step.member`."""
    return Where(path)


# --- steps ------------------------------------------------------------------------------------


def step(
    name: str,
    *,
    activity: str | None = None,
    needs: Iterable[str] | None = None,
    compensation: str | None = None,
    on_failure: str = ROLLBACK,
    retry: Retry | None = None,
    start_to_close: int | str | None = None,
    schedule_to_start: int | str | None = None,
    schedule_to_close: int | str | None = None,
    heartbeat: int | str | None = None,
    task_list: str | None = None,
    priority: int | None = None,
) -> Task:
    """A step of one activity, which has the step's own name unless another is given.

    `needs` names the earlier results it gets (all by default); `compensation` the activity that
    undoes it; `on_failure` is `rollback` or `pause`.  Timeouts are seconds or "NONE".
    """
    settings = Settings(
        retry=retry.retriers() if retry else None,
        start_to_close=_text(start_to_close),
        schedule_to_start=_text(schedule_to_start),
        schedule_to_close=_text(schedule_to_close),
        heartbeat=_text(heartbeat),
        task_list=task_list,
        priority=priority,
    )
    return Task(
        name=name,
        activity=activity or name,
        needs=None if needs is None else tuple(needs),
        compensation=compensation,
        on_failure=on_failure,
        settings=settings,
    )


def child(
    name: str,
    process: str,
    *,
    needs: Iterable[str] | None = None,
    compensation: str | None = None,
    on_failure: str = ROLLBACK,
    retry: Retry | None = None,
    timeout: int | None = None,
    task_list: str | None = None,
) -> Child:
    """A step that runs another process, `NAME@VERSION`; its result is that process's.

    A child is tried once unless `retry` says otherwise.  `timeout` is for each of its executions,
    in seconds.
    """
    kind, _, version = process.partition("@")
    settings = Settings(
        retry=(retry or Retry(attempts=1)).retriers(),
        start_to_close=_text(timeout),
        task_list=task_list,
    )
    chosen = None if needs is None else tuple(needs)
    return Child(
        name,
        kind,
        version,
        needs=chosen,
        compensation=compensation,
        on_failure=on_failure,
        settings=settings,
    )


NO_DEFAULT = object()


def wait_for_signal(
    name: str,
    *,
    signal: str,
    seconds: int | None = None,
    default: Json = NO_DEFAULT,
    on_failure: str = ROLLBACK,
    compensation: str | None = None,
) -> Await:
    """A step that waits for a signal: an approval, corrected data, another system's word.

    The JSON that the signal carries is the step's result.  After `seconds` the `default` is taken;
    without one the step fails.
    """
    given = default is not NO_DEFAULT
    return Await(
        name,
        signal,
        seconds=seconds,
        default=default if given else None,
        has_default=given,
        on_failure=on_failure,
        compensation=compensation,
    )


def wait(
    name: str,
    seconds: int | None = None,
    *,
    until: str | None = None,
    seconds_path: str | None = None,
    until_path: str | None = None,
) -> Wait:
    """A wait of so many seconds, or until a moment (RFC 3339); given, or read from the data."""
    return Wait(
        name,
        seconds=seconds,
        timestamp=until,
        seconds_path=seconds_path,
        timestamp_path=until_path,
    )


def choice(
    name: str,
    *rules: tuple[Condition, Sequence[Part] | str | None],
    otherwise: Sequence[Part] | str | None = None,
) -> Fork:
    """A fork: the first rule whose condition holds says what comes next.

    What comes next is a list of parts, after which the process goes on behind the choice; the
    name of a state of the same sequence, to go there; or None, to go on at once.
    """
    return Fork(name, rules, otherwise)


def parallel(
    name: str,
    *branches: Sequence[Part],
    on_failure: str = ROLLBACK,
    retry: Retry | None = None,
) -> Parallel:
    """Several sequences at once.  The result is a list: per branch, its steps' results by name."""
    scopes = tuple(_scope(branch, name) for branch in branches)
    return Parallel(name, scopes, on_failure=on_failure, settings=_retrying(retry))


def map_items(
    name: str,
    steps: Sequence[Part],
    *,
    items: str = "$.items",
    concurrency: int = 0,
    on_failure: str = ROLLBACK,
    retry: Retry | None = None,
) -> Map:
    """The same sequence for each item of a list; activities get `item` and `item_index`.

    The list itself, where it is a member of the input, they do not get.

    `concurrency` is how many items are worked on at once; 0 means all.  The result is a list: per
    item, its steps' results by name.
    """
    scope = _scope(steps, name)
    return Map(name, items, scope, concurrency, on_failure=on_failure, settings=_retrying(retry))


def fail(name: str, error: str = "", cause: str = "") -> Fail:
    """The process fails here, and rolls back."""
    return Fail(name, error, cause)


def _retrying(retry: Retry | None) -> Settings:
    return Settings(retry=retry.retriers()) if retry else Settings()


def _text(seconds: int | str | None) -> str | None:
    return None if seconds is None else str(seconds)


# --- linking ----------------------------------------------------------------------------------


def process(
    name: str,
    version: str,
    steps: Iterable[Part],
    *,
    rollback: Rollback | None = None,
    deadline: int | None = None,
    comment: str = "",
) -> Definition:
    """A definition whose parts run one after the other, in the order given.

    `deadline` is in seconds, for the execution as a whole.  `DefinitionError` lists every mistake.
    """
    scope = _scope(list(steps), f"definition {name} {version}")
    return Definition(
        name,
        version,
        scope.start_at,
        scope.states,
        rollback or Rollback(),
        comment,
        deadline,
    )


def _scope(parts: Sequence[Part], where_it_is: str) -> Scope:
    ordered = list(parts)
    if not ordered:
        raise DefinitionError(f"{where_it_is} cannot be used: it has no step")
    states = _linked(ordered, None)
    names = [state.name for state in states]
    doubled = sorted(name for name, times in Counter(names).items() if times > 1)
    if doubled:
        raise DefinitionError(
            f"{where_it_is} cannot be used: steps named twice: {', '.join(doubled)}"
        )
    return Scope(ordered[0].name, {state.name: state for state in states})


def _linked(parts: Sequence[Part], after: str | None) -> list[State]:
    """The states of a sequence, each leading to the next and the last one to `after`."""
    following = [*(part.name for part in parts[1:]), after]
    states: list[State] = []
    for part, target in zip(parts, following, strict=True):
        if isinstance(part, Fork):
            states += _forked(part, target)
        elif isinstance(part, Choice | Fail):
            states.append(part)
        else:
            states.append(replace(part, next=target))
    return states


def _forked(fork: Fork, after: str | None) -> list[State]:
    ends: list[State] = []
    inner: list[State] = []

    def target(way: Sequence[Part] | str | None) -> str:
        if isinstance(way, str):
            return way
        if way:
            inner.extend(_linked(way, after))
            return way[0].name
        if after is not None:
            return after
        if not ends:  # a choice cannot end a sequence itself
            ends.append(_ending(fork.name))
        return ends[0].name

    rules = tuple((condition.rule, target(way)) for condition, way in fork.rules)
    return [Choice(fork.name, rules, target(fork.otherwise)), *inner, *ends]


def _ending(name: str) -> State:
    return Pass(f"{name[:70]} (end)")
