"""What the rules work on: the state, the definition it runs, and the values it keeps."""

from __future__ import annotations

from dataclasses import dataclass, field

from errors import UndecidableError
from wire import Json
from workflow.definition import Definition, Task
from workflow.policy import Policy
from workflow.state import Note, RollbackState, State, Visit, Work


@dataclass(frozen=True)
class Fact:
    """Something that people should read in a log; `event_id` tells whether it is news."""

    event_id: int
    kind: str
    """`activity_failed`, `retrying`, `activity_completed`, `scheduling`, `refused`, ..."""
    fields: dict[str, Json]


@dataclass
class Machine:
    """One execution being folded."""

    definition: Definition
    policy: Policy = field(default_factory=Policy)
    """The decider's, until the run's own is read from `RUN_OPTIONS`."""
    state: State = field(default_factory=State)
    facts: list[Fact] = field(default_factory=list)
    event_id: int = 0
    """The event that is being applied."""

    def tell(self, kind: str, **fields: Json) -> None:
        """Leave a fact for the log."""
        self.facts.append(Fact(self.event_id, kind, fields))

    def note(self, name: str, **details: Json) -> None:
        """Have a marker recorded with the next response."""
        number = self.state.count()
        self.state.notes.append(Note(number, name, {"n": number, **details}))

    def add_work(self, kind: str, entry: int, activity: str) -> Work:
        """Put an activity on the list of what is to be done."""
        work = Work(kind, entry, activity)
        self.state.works[work.key] = work
        return work

    @property
    def rollback(self) -> RollbackState:
        """The rollback that runs or ran; asked only when there is one."""
        if self.state.rollback is None:
            raise UndecidableError("no rollback is on record; report this as a bug")
        return self.state.rollback

    def task(self, visit: Visit) -> Task:
        """The state that a visit is in."""
        return self.definition.state(visit.path)

    def trail(self, end: int | None) -> list[Visit]:
        """The visits whose results count, oldest first, up to the entry `end`."""
        found: list[Visit] = []
        while end is not None:
            visit = self.state.visit(end)
            found.append(visit)
            end = visit.previous
        found.reverse()
        return found
