"""Definitions: a process as data, the same graph for Python and for States Language.

A definition never holds code: activities are names.  Its shape (states, order, activities,
compensations) is what a published version fixes for ever and what `Definition.hash` covers;
attempts and timeouts are not shape.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from errors import DefinitionError, UnknownStepError
from wire import Json

ACTIVITY_RESOURCE = "arn:aws:states:::activity:"
RESULTS_PATH = "$.previous_results."
NAME_CHARACTERS = 80  # of a state, as in States Language


@dataclass(frozen=True)
class Task:
    """A step: one activity, whose result joins `previous_results` under the step's name."""

    name: str
    activity: str
    """The activity type's name."""
    next: str | None = None
    """The state that follows; None ends the process."""
    needs: tuple[str, ...] | None = None
    """The earlier results it gets; None means all of them."""
    compensation: str | None = None
    """The activity that undoes it once it completed; None when there is nothing to undo."""


@dataclass(frozen=True)
class Rollback:
    """What happens when a step is out of attempts."""

    step: str = "RollbackStep"
    """The activity that cleans up after the failed step."""
    transaction: str = "CompensateTransaction"
    """The activity that comes last and records the reversal as a whole."""


@dataclass(frozen=True)
class Definition:
    """One version of a process: an SWF workflow type and the graph behind it."""

    name: str
    version: str
    start_at: str
    states: Mapping[str, Task]
    rollback: Rollback = field(default_factory=Rollback)
    comment: str = ""

    def __post_init__(self) -> None:
        problems = list(_problems(self))
        if problems:
            raise DefinitionError(
                f"definition {self.name} {self.version} cannot be used: " + "; ".join(problems)
            )

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """Names of the steps in the order in which they run."""
        return tuple(_walk(self.start_at, self.states))

    @property
    def activities(self) -> tuple[str, ...]:
        """Every activity that the process may schedule, each once, in order of appearance."""
        named = [self.states[step].activity for step in self.steps]
        undoing = [self.states[step].compensation or "" for step in self.steps]
        last = [self.rollback.step, self.rollback.transaction]
        return tuple(dict.fromkeys(name for name in [*named, *undoing, *last] if name))

    @cached_property
    def hash(self) -> str:
        """Hash of the shape, 16 hexadecimal digits."""
        text = json.dumps(definition_to_json(self) | {"Comment": ""}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def state(self, name: str) -> Task:
        """The state of that name; `UnknownStepError` lists the names there are."""
        try:
            return self.states[name]
        except KeyError:
            raise UnknownStepError(name, self.steps) from None


def step(
    name: str,
    *,
    activity: str | None = None,
    needs: Iterable[str] | None = None,
    compensation: str | None = None,
) -> Task:
    """A step for `process`; its activity has the step's own name unless another is given."""
    return Task(
        name=name,
        activity=activity or name,
        needs=None if needs is None else tuple(needs),
        compensation=compensation,
    )


def process(
    name: str,
    version: str,
    steps: Iterable[Task],
    *,
    rollback: Rollback | None = None,
    comment: str = "",
) -> Definition:
    """A definition whose steps run one after the other, in the order given."""
    ordered = list(steps)
    names = [task.name for task in ordered]
    doubled = sorted({item for item in names if names.count(item) > 1})
    if doubled or not ordered:
        problem = f"steps named twice: {', '.join(doubled)}" if doubled else "it has no step"
        raise DefinitionError(f"definition {name} {version} cannot be used: {problem}")
    following = [*names[1:], None]
    states = {
        task.name: Task(task.name, task.activity, after, task.needs, task.compensation)
        for task, after in zip(ordered, following, strict=True)
    }
    return Definition(name, version, names[0], states, rollback or Rollback(), comment)


def definition_to_json(definition: Definition) -> dict[str, Json]:
    """The definition in States Language with our few extensions (Needs, Compensation, Rollback)."""
    return {
        "Comment": definition.comment,
        "StartAt": definition.start_at,
        "States": {name: _state_to_json(definition.states[name]) for name in definition.steps},
        "Rollback": {
            "Step": definition.rollback.step,
            "Transaction": definition.rollback.transaction,
        },
    }


def definition_from_json(name: str, version: str, document: Json) -> Definition:
    """The definition that `definition_to_json` wrote; `DefinitionError` lists what is wrong."""
    try:
        rollback = document["Rollback"]
        return Definition(
            name,
            version,
            document["StartAt"],
            {key: _state_from_json(key, item) for key, item in document["States"].items()},
            Rollback(rollback["Step"], rollback["Transaction"]),
            document.get("Comment", ""),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise DefinitionError(
            f"definition {name} {version} cannot be read: {type(error).__name__} {error}"
        ) from error


def _state_to_json(task: Task) -> dict[str, Json]:
    document: dict[str, Json] = {
        "Type": "Task",
        "Resource": ACTIVITY_RESOURCE + task.activity,
        "ResultPath": RESULTS_PATH + task.name,
    }
    if task.needs is not None:
        document["Needs"] = list(task.needs)
    if task.compensation:
        document["Compensation"] = task.compensation
    return document | ({"Next": task.next} if task.next else {"End": True})


def _state_from_json(name: str, document: Json) -> Task:
    if document["Type"] != "Task" or not document["Resource"].startswith(ACTIVITY_RESOURCE):
        raise DefinitionError(f"state {name!r} is not a Task of an activity")
    needs = document.get("Needs")
    return Task(
        name=name,
        activity=document["Resource"].removeprefix(ACTIVITY_RESOURCE),
        next=document.get("Next"),
        needs=None if needs is None else tuple(needs),
        compensation=document.get("Compensation"),
    )


def _walk(start_at: str, states: Mapping[str, Task]) -> Iterator[str]:
    seen: set[str] = set()
    name: str | None = start_at
    while name is not None and name in states and name not in seen:
        seen.add(name)
        yield name
        name = states[name].next


def _problems(definition: Definition) -> Iterator[str]:
    reached = list(_walk(definition.start_at, definition.states))
    if definition.start_at not in definition.states:
        yield f"StartAt names {definition.start_at!r}, which is no state"
    for name, task in definition.states.items():
        yield from _task_problems(definition, name, task)
        if name not in reached:
            yield f"state {name!r} is never reached"
    following = definition.states[reached[-1]].next if reached else None
    if following in reached:
        yield f"the steps never end: {reached[-1]!r} leads back to {following!r}"


def _task_problems(definition: Definition, name: str, task: Task) -> Iterator[str]:
    if not 1 <= len(name) <= NAME_CHARACTERS or set(name) & set(".[]/:|") or name == "arn":
        yield f"step name {name!r} needs 1 to {NAME_CHARACTERS} characters, none of . [ ] / : |"
    if task.next is not None and task.next not in definition.states:
        yield f"state {name!r} leads to {task.next!r}, which is no state"
    for needed in task.needs or ():
        if needed not in definition.states:
            yield f"state {name!r} needs the result of {needed!r}, which is no state"
