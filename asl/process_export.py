"""Processes written in Python as plain States Language, with the same data for activities.

A step's result goes to `$.previous_results.NAME`, where the steps after it find it.  What States
Language has no member for takes a Pass of its own: the empty `previous_results` at the beginning,
`item` and `item_index` of a Map, the bare result of a child.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from asl.arns import Arns
from wire import Json
from workflow.definition import Definition
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
    compensation_of,
)
from workflow.policy import Policy

CHILD = "arn:aws:states:::states:startExecution.sync:2"
CHILD_INPUT = (
    "States.JsonMerge($, States.StringToJson(States.Format("
    "'\\{\"parent_results\":{}\\}', States.JsonToString($.previous_results))), false)"
)
NEVER = {"ErrorEquals": ["NonRetryableError"], "MaxAttempts": 0}
LONGEST, LONGEST_DELAY = 99_999_999, 31_622_400  # seconds that AWS takes
_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)

States = dict[str, dict[str, Json]]


def exported_process(
    definition: Definition, policy: Policy, arns: Arns, notes: list[str]
) -> dict[str, Json]:
    """The machine that a process becomes; what differs is added to `notes`."""
    return _Process(definition, policy, arns, notes).machine()


class _Process:
    def __init__(
        self, definition: Definition, policy: Policy, arns: Arns, notes: list[str]
    ) -> None:
        self._definition = definition
        self._policy = policy
        self._arns = arns
        self._notes = notes
        self._names = set(definition.places)

    def machine(self) -> dict[str, Json]:
        definition, rollback = self._definition, self._definition.rollback
        undo = [name for name in (rollback.step, rollback.transaction) if name]
        if undo:
            self._notes.append(f"a failed execution undoes nothing: {', '.join(undo)} do not run")
        begin = fresh("Begin", self._names)
        scope = self._scope(definition.root, inner=False)
        first = {"Type": "Pass", "Result": {}, "ResultPath": "$.previous_results"}
        states = {begin: {**first, "Next": scope["StartAt"]}, **scope["States"]}
        made: dict[str, Json] = {"Comment": definition.comment, "StartAt": begin, "States": states}
        if definition.deadline is not None:
            made["TimeoutSeconds"] = min(definition.deadline, LONGEST)
        return made

    def _scope(self, scope: Scope, *, inner: bool) -> dict[str, Json]:
        """A sequence; within others it gives its results only."""
        states: States = {}
        for state in scope.states.values():
            self._strip(state)
            for made, document in _WRITERS[type(state)](self, state):
                states[made] = document
                if inner and document.get("End"):
                    document["OutputPath"] = "$.previous_results"
        return {"StartAt": scope.start_at, "States": states}

    def _strip(self, state: State) -> None:
        name = state.name
        undo = compensation_of(state)
        if undo is not None:
            self._notes.append(f"{name}: the compensation {undo} is stripped: nothing undoes it")
        if getattr(state, "on_failure", ROLLBACK) != ROLLBACK:
            self._notes.append(f"{name}: it does not wait for an operator when it fails")
        if getattr(state, "needs", None) is not None:
            self._notes.append(f"{name}: it gets every earlier result, not only what it needs")
        settings = getattr(state, "settings", None) or Settings()
        ours = ("schedule_to_start", "schedule_to_close", "task_list", "priority")
        if any(getattr(settings, member) is not None for member in ours):
            self._notes.append(
                f"{name}: its task list, priority and limits of waiting are stripped"
            )

    # --- kinds of states: each gives the state, and those that it needs beside it ---------------

    def task(self, state: Task) -> Iterable[tuple[str, dict[str, Json]]]:
        settings = state.settings
        timeout = _seconds(settings.start_to_close or self._policy.start_to_close)
        beat = _seconds(settings.heartbeat or self._policy.heartbeat)
        document: dict[str, Json] = {
            "Type": "Task",
            "Resource": self._arns.activity(state.activity),
            "ResultPath": result_path(state.name),
            "Retry": self._retry(settings),
        }
        if timeout is not None:
            document["TimeoutSeconds"] = timeout
        if beat is not None and (timeout is None or beat < timeout):
            document["HeartbeatSeconds"] = beat
        yield state.name, document | _onward(state.next)

    def child(self, state: Child) -> Iterable[tuple[str, dict[str, Json]]]:
        named = f"{state.process}@{state.version}"
        self._notes += self._arns.dropped_version(state.name, named)
        place = result_path(state.name)
        only = fresh(f"{state.name} (output)", self._names)
        document: dict[str, Json] = {
            "Type": "Task",
            "Resource": CHILD,
            "Parameters": {
                "StateMachineArn": self._arns.state_machine(named),
                "Input.$": CHILD_INPUT,
            },
            "ResultPath": place,
            "Retry": self._retry(state.settings),
        }
        timeout = _seconds(state.settings.start_to_close or "NONE")
        if timeout is not None:
            document["TimeoutSeconds"] = timeout
        yield state.name, {**document, "Next": only}
        taken = {"Type": "Pass", "InputPath": f"{place}.Output", "ResultPath": place}
        yield only, taken | _onward(state.next)

    def waits_for_signal(self, state: Await) -> Iterable[tuple[str, dict[str, Json]]]:
        place = result_path(state.name)
        self._notes.append(f"{state.name}: the signal {state.signal} is an activity of that name")
        document: dict[str, Json] = {
            "Type": "Task",
            "Resource": self._arns.activity(state.signal),
            "ResultPath": place,
        }
        if state.seconds is not None:
            document["TimeoutSeconds"] = state.seconds
        if not state.has_default:
            yield state.name, document | _onward(state.next)
            return
        taken = fresh(f"{state.name} (default)", self._names)
        document["Catch"] = [default_catcher(taken)]
        yield state.name, document | _onward(state.next)
        default = {"Type": "Pass", "Result": state.default, "ResultPath": place}
        yield taken, default | _onward(state.next)

    def wait(self, state: Wait) -> Iterable[tuple[str, dict[str, Json]]]:
        members = {
            "Seconds": state.seconds,
            "Timestamp": state.timestamp,
            "SecondsPath": state.seconds_path,
            "TimestampPath": state.timestamp_path,
        }
        given = {key: item for key, item in members.items() if item is not None}
        yield state.name, {"Type": "Wait", **given, **_onward(state.next)}

    def choice(self, state: Choice) -> Iterable[tuple[str, dict[str, Json]]]:
        rules = [{**rule, "Next": target} for rule, target in state.rules]
        document: dict[str, Json] = {"Type": "Choice", "Choices": rules}
        yield state.name, document | ({"Default": state.default} if state.default else {})

    def parallel(self, state: Parallel) -> Iterable[tuple[str, dict[str, Json]]]:
        branches = [self._scope(branch, inner=True) for branch in state.branches]
        self._notes.append(f"{state.name}: each branch's results have the earlier ones beside them")
        document: dict[str, Json] = {
            "Type": "Parallel",
            "Branches": branches,
            "ResultPath": result_path(state.name),
        }
        yield state.name, document | self._own_retry(state.settings) | _onward(state.next)

    def map(self, state: Map) -> Iterable[tuple[str, dict[str, Json]]]:
        inside = self._scope(state.processor, inner=True)
        merge = fresh(f"{state.name} (item)", self._names)
        merged = {
            "Type": "Pass",
            "Parameters": {"merged.$": "States.JsonMerge($.data, $.item, false)"},
            "OutputPath": "$.merged",
            "Next": inside["StartAt"],
        }
        self._notes.append(
            f"{state.name}: items get the whole list too, and each item's results have the "
            "earlier ones beside them"
        )
        document: dict[str, Json] = {
            "Type": "Map",
            "ItemsPath": state.items_path,
            "ItemSelector": {
                "data.$": "$",
                "item": {
                    "item.$": "$$.Map.Item.Value",
                    "item_index.$": "$$.Map.Item.Index",
                },
            },
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": merge,
                "States": {merge: merged, **inside["States"]},
            },
            "ResultPath": result_path(state.name),
        }
        if state.concurrency:
            document["MaxConcurrency"] = state.concurrency
        yield state.name, document | self._own_retry(state.settings) | _onward(state.next)

    def pass_(self, state: Pass) -> Iterable[tuple[str, dict[str, Json]]]:
        yield state.name, {"Type": "Pass", **_onward(state.next)}

    def fail(self, state: Fail) -> Iterable[tuple[str, dict[str, Json]]]:
        said = {"Error": state.error, "Cause": state.cause}
        yield state.name, {"Type": "Fail"} | {key: item for key, item in said.items() if item}

    # --- attempts -------------------------------------------------------------------------------

    def _retry(self, settings: Settings) -> list[Json]:
        """The rules of a step, or the policy's."""
        if settings.retry is not None:
            return [NEVER, *map(_retrier, settings.retry)]
        policy = self._policy
        rule = Retrier(
            (ALL_ERRORS,),
            policy.max_attempts - 1,
            policy.retry_initial_seconds,
            policy.retry_backoff_rate,
            policy.retry_max_seconds,
        )
        return [NEVER, _retrier(rule)]

    @staticmethod
    def _own_retry(settings: Settings) -> dict[str, Json]:
        """A state of several branches or items is tried again only where it says so."""
        return {"Retry": [_retrier(rule) for rule in settings.retry]} if settings.retry else {}


_WRITERS: dict[type, Callable[[_Process, Any], Iterable[tuple[str, dict[str, Json]]]]] = {
    Task: _Process.task,
    Child: _Process.child,
    Await: _Process.waits_for_signal,
    Wait: _Process.wait,
    Choice: _Process.choice,
    Parallel: _Process.parallel,
    Map: _Process.map,
    Pass: _Process.pass_,
    Fail: _Process.fail,
}


# --- members ------------------------------------------------------------------------------------


def _retrier(rule: Retrier) -> dict[str, Json]:
    """A rule within what AWS takes: an interval from 1 second, and below the longest wait."""
    interval = max(1, rule.interval)
    document: dict[str, Json] = {
        "ErrorEquals": [ALL_ERRORS] if ALL_ERRORS in rule.errors else list(rule.errors),
        "IntervalSeconds": interval,
        "MaxAttempts": min(rule.retries, LONGEST),
        "BackoffRate": max(1.0, rule.rate),
    }
    if rule.cap is not None and rule.cap > interval:
        document["MaxDelaySeconds"] = min(rule.cap, LONGEST_DELAY)
    elif rule.cap is not None:
        document |= {"IntervalSeconds": max(1, rule.cap), "BackoffRate": 1.0}
    return document | ({"JitterStrategy": "FULL"} if rule.jitter else {})


def _seconds(text: str) -> int | None:
    return min(max(1, int(text)), LONGEST) if text.isdigit() else None


def _onward(target: str | None) -> dict[str, Json]:
    return {"End": True} if target is None else {"Next": target}


def result_path(name: str) -> str:
    """Where the result of a step goes."""
    return "$.previous_results" + _key(name)


def _key(name: str) -> str:
    if _PLAIN.fullmatch(name):
        return f".{name}"
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"


def default_catcher(target: str) -> dict[str, Json]:
    """What leads to a default result when the time is up, the data untouched."""
    return {"ErrorEquals": ["States.Timeout"], "ResultPath": None, "Next": target}


def fresh(wanted: str, taken: set[str]) -> str:
    """A name for a further state that no other has, within the 80 characters of one."""
    for number in range(1, len(taken) + 2):
        end = "" if number == 1 else f" {number}"
        name = wanted[: 80 - len(end)] + end
        if name not in taken:
            break
    taken.add(name)
    return name
