"""Definitions: a process as data, the same graph for Python and for States Language.

A definition's shape (states, order, activities, compensations) is what a published version
fixes for ever and what `Definition.hash` covers; attempts and timeouts are not shape.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from errors import DefinitionError, UnknownStepError
from expressions import choices
from expressions.choices import Condition
from expressions.errors import ExpressionError
from wire import Json
from workflow import serial, validation
from workflow.graph import (
    JSONATA,
    STEPS,
    Await,
    Child,
    Choice,
    Map,
    Scope,
    Settings,
    State,
    Task,
    compensation_of,
    exits,
    scopes_of,
)
from workflow.language import reading, resources
from workflow.language.fields import Fields
from workflow.language.jsonata_fields import JsonataFields
from workflow.language.jsonpath_fields import JsonPathFields


@dataclass(frozen=True)
class Rollback:
    """What happens when a step is out of attempts."""

    step: str | None = "RollbackStep"
    """The activity that cleans up after the failed step; None: only what it declares itself."""
    transaction: str | None = "CompensateTransaction"
    """The activity that comes last and records the reversal as a whole; None for none."""
    on_cancel: bool = False
    """Whether a cancellation undoes too."""
    on_deadline: bool = False
    """Whether the process's own time limit undoes too; else it only fails the execution."""


@dataclass(frozen=True)
class Place:
    """Where a state lies: in which composite state, and in which branch of it."""

    state: State
    owner: str | None = None
    branch: int = 0


@dataclass(frozen=True)
class Definition:
    """One version of a process: an SWF workflow type and the graph behind it."""

    name: str
    version: str
    start_at: str
    states: Mapping[str, State]
    rollback: Rollback = field(default_factory=Rollback)
    comment: str = ""
    deadline: int | None = None
    """Seconds that an execution may take in all; None means as long as SWF lets it."""
    document: Mapping[str, Json] | None = None
    """The document in States Language by whose rules data go through the states.

    None for a process whose data are the input and `previous_results`."""

    def __post_init__(self) -> None:
        problems = [] if self.by_document else list(validation.problems(self))
        if problems:
            raise DefinitionError(
                f"definition {self.name} {self.version} cannot be used: " + "; ".join(problems)
            )

    @property
    def by_document(self) -> bool:
        """Whether data go through the states by the rules of States Language."""
        return self.document is not None

    def fields(self, name: str) -> Fields:
        """The compiled fields of a state; of a process in States Language only."""
        found = self._fields.get(name)
        if found is None:
            found = self._fields[name] = compiled(self.state(name))
        return found

    @cached_property
    def _fields(self) -> dict[str, Fields]:
        return {}

    def rules(self, name: str) -> tuple[tuple[Condition, str], ...]:
        """The compiled conditions of a Choice with their targets; of a process in Python only."""
        found = self._rules.get(name)
        if found is None:
            state = self.state(name)
            given = state.rules if isinstance(state, Choice) else ()
            found = tuple((choices.compile(dict(rule)), target) for rule, target in given)
            self._rules[name] = found
        return found

    @cached_property
    def _rules(self) -> dict[str, tuple[tuple[Condition, str], ...]]:
        return {}

    @property
    def root(self) -> Scope:
        """The outermost sequence."""
        return Scope(self.start_at, self.states)

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """Names of the outermost steps, in the order in which they can be reached."""
        return tuple(name for name in walk(self.root) if isinstance(self.states[name], STEPS))

    @cached_property
    def places(self) -> Mapping[str, Place]:
        """Every state of the graph by its name, however deep it lies."""
        return dict(_places(self.root, None, 0))

    @property
    def activities(self) -> tuple[str, ...]:
        """Every activity that the process may schedule, each once, in order of appearance."""
        states = [place.state for place in self.places.values()]
        named = [state.activity for state in states if isinstance(state, Task)]
        undoing = [compensation_of(state) for state in states]
        last = [self.rollback.step, self.rollback.transaction]
        around = [name for state in states for name in _around_items(state)]
        every = [*named, *around, *undoing, *last]
        return tuple(dict.fromkeys(name for name in every if name))

    @property
    def children(self) -> tuple[tuple[str, str], ...]:
        """Name and version of the processes that its steps start, each once.

        The version is empty where the highest is meant; what only the data say is not named.
        """
        states = [place.state for place in self.places.values()]
        found = [(s.process, s.version) for s in states if isinstance(s, Child) and s.process]
        return tuple(dict.fromkeys(found))

    @cached_property
    def signals(self) -> frozenset[str]:
        """Names of the signals that its steps wait for."""
        states = [place.state for place in self.places.values()]
        return frozenset(state.signal for state in states if isinstance(state, Await))

    @property
    def calls_functions(self) -> bool:
        """Whether its steps call Lambda functions."""
        return any(resources.is_function(name) for name in self.activities)

    @property
    def functions(self) -> tuple[str, ...]:
        """ARNs of the Lambda functions that its steps name, each once."""
        states = [place.state for place in self.places.values()]
        found = [s.says.members["Resource"] for s in states if isinstance(s, Task) and s.says]
        return tuple(
            dict.fromkeys(arn for arn in found if ":lambda:" in arn and ":function:" in arn)
        )

    @property
    def waits_for_people(self) -> bool:
        """Whether an execution may come to wait for somebody."""
        states = [place.state for place in self.places.values()]
        return any(
            isinstance(state, Await)
            or getattr(state, "token", False)
            or getattr(state, "on_failure", "") == "pause"
            for state in states
        )

    @cached_property
    def hash(self) -> str:
        """Hash of the shape, 16 hexadecimal digits."""
        if self.document is not None:
            document = {**reading.shape(self.document), "Language": "States"}
        else:
            document = serial.to_json(self, shape_only=True) | {"Comment": ""}
        text = json.dumps(document, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def settings(self) -> dict[str, Json]:
        """What steps say about their own attempts and timeouts, by name, as JSON."""
        found = {name: serial.settings_to_json(p.state) for name, p in self.places.items()}
        return {name: settings for name, settings in found.items() if settings}

    def state(self, name: str) -> State:
        """The state of that name; `UnknownStepError` lists the names there are."""
        try:
            return self.places[name].state
        except KeyError:
            raise UnknownStepError(name, tuple(self.places)) from None


def definition_to_json(definition: Definition) -> dict[str, Json]:
    """The definition in States Language with our few extensions (see `workflow.serial`)."""
    if definition.document is not None:
        return dict(definition.document)
    return serial.to_json(definition)


def definition_from_json(
    name: str, version: str, document: Json, *, filled: Json = None
) -> Definition:
    """The definition that a document says; `DefinitionError` lists what is wrong.

    A document with `Rollback` is one that `definition_to_json` wrote of a process in Python; any
    other is States Language, and must be valid (`asl.validate` tells, and `asl.load` asks it).
    `filled` is the same with its `${NAME}` filled in: what runs, while the document is what a
    version is known by.
    """
    try:
        if "Rollback" not in document:
            return _of_document(name, version, document, document if filled is None else filled)
        rollback = document["Rollback"]
        return Definition(
            name,
            version,
            document["StartAt"],
            serial.states_from_json(document["States"]),
            Rollback(
                rollback["Step"],
                rollback["Transaction"],
                rollback.get("OnCancel", False),
                rollback.get("OnDeadline", False),
            ),
            document.get("Comment", ""),
            document.get("TimeoutSeconds"),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DefinitionError(
            f"definition {name} {version} cannot be read: {type(error).__name__} {error}"
        ) from error


def _of_document(
    name: str, version: str, document: Mapping[str, Json], filled: Mapping[str, Any]
) -> Definition:
    scope = reading.scope(filled)
    saga = filled.get("Saga", {})
    return Definition(
        name,
        version,
        scope.start_at,
        scope.states,
        Rollback(
            saga.get("Step"),
            saga.get("Transaction"),
            saga.get("OnCancel", False),
            saga.get("OnDeadline", False),
        ),
        filled.get("Comment", ""),
        filled.get("TimeoutSeconds"),
        document,
    )


def compiled(state: State) -> Fields:
    """The fields of a state of States Language; `DefinitionError` where one cannot be read."""
    says = state.says
    try:
        if says is not None and says.language == JSONATA:
            return JsonataFields(state)
        return JsonPathFields(state)
    except ExpressionError as error:
        raise DefinitionError(f"state {state.name!r}: {error}") from error


def _around_items(state: State) -> list[str]:
    """The activities by which a distributed map reads its items and writes their results."""
    if not isinstance(state, Map) or state.says is None:
        return []
    found = {"ItemReader": resources.READ_ITEMS, "ResultWriter": resources.WRITE_RESULTS}
    return [activity for member, activity in found.items() if member in state.says.members]


def settings_of(state: State) -> Settings:
    """What a state says about its own attempts; nothing for kinds that make none."""
    return getattr(state, "settings", None) or Settings()


def walk(scope: Scope) -> Iterator[str]:
    """Names of the states that can be reached in a scope, each once, nearest first."""
    waiting, seen = deque([scope.start_at]), set()
    while waiting:
        name = waiting.popleft()
        if name in seen or name not in scope.states:
            continue
        seen.add(name)
        yield name
        waiting += [target for target in exits(scope.states[name]) if target]


def _places(scope: Scope, owner: str | None, branch: int) -> Iterator[tuple[str, Place]]:
    for name in walk(scope):
        state = scope.states[name]
        yield name, Place(state, owner, branch)
        for index, inner in enumerate(scopes_of(state)):
            yield from _places(inner, name, 0 if isinstance(state, Map) else index)
