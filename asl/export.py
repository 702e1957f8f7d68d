"""Definitions as AWS takes them: what is only ours is taken out or said in plain States Language.

    exported = export(document, region="eu-west-1", account="123456789012")
    exported.document     # for CreateStateMachine
    exported.notes        # what AWS will do otherwise, a line each

A document stays as it is but for our members (`Saga`, `Compensation`, `OnFailure`, `Settings`,
`Needs`, `Default`) and our resources.  A process written in Python, as `definition_to_json` gives
it, becomes States Language that hands on the same data (`asl.process_export`).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from asl.arns import ACCOUNT, REGION, Arns
from asl.process_export import default_catcher, exported_process, fresh
from expressions.templates import SUFFIX
from wire import Json, dumps
from workflow.definition import definition_from_json
from workflow.policy import Policy

__all__ = ["ACCOUNT", "REGION", "Exported", "export"]

_OURS = re.compile(r"arn:(aws[a-z-]*):states:::(activity|signal):(.+)", re.DOTALL)
_CHILD = re.compile(r"arn:aws[a-z-]*:states:::states:startExecution(?:\..*)?")
_SHOWN = 60  # characters of a value in a note

_STRIPPED = {
    "Compensation": "nothing undoes it",
    "OnFailure": "a failure that is not caught fails the execution",
    "Settings": "AWS has no task lists and priorities, and no other limits",
    "Needs": "it gets every earlier result",
}
"""Our members of states, and what AWS does without them."""

_COMPUTED = ("InputPath", "Parameters", "ResultSelector", "OutputPath", "Assign")
"""Members with which a default result cannot be put in by a state of its own."""


@dataclass(frozen=True)
class Exported:
    """A definition in plain States Language."""

    document: dict[str, Json]
    notes: tuple[str, ...]
    """What was taken out or is not quite the same there, for people to read."""


def export(
    document: Json,
    *,
    region: str = REGION,
    account: str = ACCOUNT,
    policy: Policy | None = None,
) -> Exported:
    """The definition that a valid document says, as AWS takes it.

    `region` and `account` are for the ARNs of activities and state machines; placeholders unless
    given.  `policy` says how often and how long steps of a process in Python are tried that do
    not say it themselves.  `DefinitionError` for a process in Python that cannot be used.
    """
    notes: list[str] = []
    if "Rollback" in document:
        definition = definition_from_json("process", "1", document)
        made = exported_process(definition, policy or Policy(), Arns(region, account), notes)
    else:
        made = _Document(document, Arns(region, account), notes).exported()
    return Exported(made, tuple(dict.fromkeys(notes)))


class _Document:
    """A document in States Language on its way to AWS."""

    def __init__(self, document: dict[str, Any], arns: Arns, notes: list[str]) -> None:
        self._document = copy.deepcopy(document)
        self._arns = arns
        self._notes = notes
        self._names = {name for scope in _scopes(self._document) for name in scope["States"]}

    def exported(self) -> dict[str, Json]:
        """The document without what is ours."""
        if "$${" in dumps(self._document):
            self._notes.append("$${NAME} stays as it is: to AWS it is no escape")
        if self._document.pop("Saga", None) is not None:
            self._notes.append("Saga is stripped: a failed execution undoes nothing")
        language = self._document.get("QueryLanguage", "JSONPath")
        for scope in list(_scopes(self._document)):
            for name, state in list(scope["States"].items()):
                self._state(scope["States"], name, state, language)
        return self._document

    def _state(self, states: dict[str, Any], name: str, state: dict[str, Any], around: str) -> None:
        for member, consequence in _STRIPPED.items():
            if member in state:
                del state[member]
                self._notes.append(f"{name}: {member} is stripped: {consequence}")
        resource = state.get("Resource")
        if state.get("Type") != "Task" or not isinstance(resource, str):
            return
        plain = state.get("QueryLanguage", around) == "JSONPath"
        ours = _OURS.fullmatch(resource)
        if ours is not None:
            partition, kind, activity = ours.groups()
            state["Resource"] = self._arns.activity(activity, partition)
            if kind == "signal":
                self._notes.append(f"{name}: the signal {activity} is an activity of that name")
        if "Default" in state:
            self._default(states, name, state, plain=plain)
        if _CHILD.fullmatch(resource):
            self._child(name, state)

    def _default(
        self, states: dict[str, Any], name: str, state: dict[str, Any], *, plain: bool
    ) -> None:
        """The result when the time is up: a state of its own, where data go simply."""
        value = state.pop("Default")
        if not plain or any(member in state for member in _COMPUTED):
            shown = dumps(value)[:_SHOWN]
            self._notes.append(f"{name}: Default {shown} is stripped: it fails with States.Timeout")
            return
        taken = fresh(f"{name} (default)", self._names)
        state["Catch"] = [default_catcher(taken), *state.get("Catch", [])]
        kept = {key: state[key] for key in ("ResultPath", "Next", "End") if key in state}
        states[taken] = {"Type": "Pass", "Result": value, **kept}

    def _child(self, name: str, state: dict[str, Any]) -> None:
        for member in ("Parameters", "Arguments"):
            given = state.get(member)
            if not isinstance(given, dict):
                continue
            arn = given.get("StateMachineArn")
            if isinstance(arn, str) and not arn.startswith(("{%", "${")):
                self._notes += self._arns.dropped_version(name, arn)
                given["StateMachineArn"] = self._arns.state_machine(arn)
            elif f"StateMachineArn{SUFFIX}" in given:
                self._notes.append(
                    f"{name}: StateMachineArn comes from the data: ARNs of AWS there"
                )


def _scopes(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The machine, its branches and its processors."""
    waiting = [document]
    while waiting:
        scope = waiting.pop()
        yield scope
        for state in scope["States"].values():
            waiting += state.get("Branches", [])
            waiting += [state[key] for key in ("ItemProcessor", "Iterator") if key in state]
