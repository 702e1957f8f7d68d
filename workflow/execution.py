"""An execution: the fold of a history, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from errors import UndecidableError
from wire import Json
from workflow import commands, fold, jumps, preview, saga, signals, snapshot, status
from workflow.answers import TASK_SUCCESS
from workflow.definition import Definition
from workflow.history import Event, in_order
from workflow.language import context
from workflow.machine import (
    Contents,
    Fact,
    Machine,
    Versions,
    no_content,
    no_versions,
)
from workflow.policy import Policy
from workflow.preview import Preview
from workflow.snapshot import restored
from workflow.state import State, Via


class Execution:
    """One execution under its definition.  It moves by `apply` and by nothing else."""

    def __init__(
        self,
        definition: Definition,
        policy: Policy | None = None,
        *,
        start_id: str = "",
        workflow_id: str = "",
        contents: Contents = no_content,
        versions: Versions = no_versions,
    ) -> None:
        """Begin before the first event.

        `policy` is for a run that has not recorded its own yet; `start_id` for one whose start
        has none, because somebody started it by hand: its run id.  `workflow_id` is what its
        children report to.  `contents` gives what a reference stands for, asked only where an
        expression reads it; `versions` the highest version of a process that a step starts.
        """
        self._machine = Machine(
            definition, policy or Policy(), State(start_id=start_id), contents, workflow_id
        )
        self._machine.versions = versions

    @classmethod
    def from_history(
        cls,
        events: Iterable[Event],
        definition: Definition,
        policy: Policy | None = None,
        *,
        start_id: str = "",
        workflow_id: str = "",
        contents: Contents = no_content,
    ) -> Execution:
        """The execution that a history, from its first event on, tells of."""
        execution = cls(
            definition, policy, start_id=start_id, workflow_id=workflow_id, contents=contents
        )
        execution.apply(events)
        return execution

    @classmethod
    def from_snapshot(cls, snapshot: Json, definition: Definition) -> Execution:
        """The closed execution that `snapshot()` gave, under this or a newer definition."""
        execution = cls(definition)
        execution._machine.adopt(restored(snapshot, definition))
        execution.state.closed = "CLOSED"
        return execution

    @property
    def definition(self) -> Definition:
        """The definition that it runs."""
        return self._machine.definition

    @property
    def state(self) -> State:
        """The state as it is; not to be changed."""
        return self._machine.state

    @property
    def pressed(self) -> bool:
        """Whether SWF has just refused a timer for its rate."""
        return self.state.timers_pressed

    @property
    def event_id(self) -> int:
        """The last event that was applied."""
        return self.state.event_id

    def apply(self, events: Iterable[Event]) -> None:
        """Take in events, oldest first.  Those it knows are passed over; a gap is an error."""
        batch = list(events)
        known = self.state.event_id
        if batch and batch[0]["eventId"] > known + 1:
            raise UndecidableError(
                f"events {known + 1} to {batch[0]['eventId'] - 1} are missing from the history"
            )
        for event in in_order(batch):
            if event["eventId"] > known:
                fold.apply(self._machine, event)
                self.state.event_id = max(self.state.event_id, event["eventId"])

    def decisions(self, *, any_shape: bool = False) -> list[commands.Decision]:
        """The SWF decisions for the state as it is; reading them moves nothing.

        `any_shape` asks under a definition of another shape than the run began under, too: for
        those who compare, never for those who decide.
        """
        if not any_shape:
            self._check_definition()
        return commands.decide(self._machine)

    def facts(self, after: int = 0) -> list[Fact]:
        """What happened in events after that id, for people to read; asked once, then forgotten."""
        found = [fact for fact in self._machine.facts if fact.event_id > after]
        self._machine.facts.clear()
        return found

    def status(self) -> dict[str, Json]:
        """The status that goes into the execution context (see `workflow.status`)."""
        return status.status(self._machine)

    def snapshot(self) -> dict[str, Json]:
        """The state as a new run of this, closed, execution carries it on."""
        return snapshot.resumable(self.state, self.definition)

    def preview(self, signal_name: str, payload: Json) -> Preview:
        """What a signal with that payload would do; tried on a copy."""
        return preview.preview(self._machine, signal_name, payload)

    @property
    def standing(self) -> list[str]:
        """Names of the states at which it is, or is about to be."""
        return jumps.standing(self._machine)

    @property
    def waits_for(self) -> list[tuple[str, str]]:
        """Signals that are waited for, each with the path of the state that does."""
        machine = self._machine
        works = [*machine.by[Via.SIGNAL].values()]
        found = [(work.activity, machine.visit(work.entry).path) for work in works]
        asking = machine.by[Via.TOKEN].values()
        return found + [(TASK_SUCCESS, machine.visit(work.entry).path) for work in asking]

    def token_of(self, path: str) -> str:
        """The task token of the state that waits for an answer at a path; empty for none."""
        machine = self._machine
        visit = machine.last_visit(path)
        work = None if visit is None else self.state.works.get(f"s{visit.entry}")
        return "" if visit is None or work is None else context.token_of(machine, visit, work)

    def divert(self, way: Definition, value: Json) -> None:
        """Go on another way with other data from now on: for those who estimate what is left."""
        machine, state = self._machine, self.state
        machine.definition = way
        key = state.add_input(value)
        for frame in state.frames.values():
            frame.input = key
        for visit in state.visits.values():
            visit.input = key
        kind = {"name": way.name, "version": way.version, "hash": way.hash}
        state.options = {**(state.options or {}), "definition": kind, "steps": way.settings}
        machine.keep({"policy": machine.policy.to_json(), **state.options})

    def unresolved(self) -> list[str]:
        """Paths of the steps whose effect can still be undone, or could not be."""
        return [visit.path for visit in saga.undoable(self._machine, None)]

    def check_resume(self, step_name: str, *, force: bool = False) -> None:
        """Raise `UnknownStepError` or `SignalRefusedError` where a resume would be refused."""
        signals.check_resume(self._machine, step_name, force=force)

    def _check_definition(self) -> None:
        options: Any = self.state.options
        if options is None:
            return
        begun, here = options["definition"], self.definition
        if begun["version"] == here.version and begun["hash"] != here.hash:
            raise UndecidableError(
                f"this execution began under {begun['name']} {begun['version']} of shape "
                f"{begun['hash']}, and the definition here has shape {here.hash}: give the "
                "decider the published definition, or publish the change as a new version"
            )
