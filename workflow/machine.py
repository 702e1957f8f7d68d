"""What the rules work on: the state, the definition it runs, and the values it keeps."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from errors import UndecidableError
from wire import Json, is_reference
from workflow.definition import Definition, settings_of
from workflow.graph import TIMEOUT, Pass, Settings
from workflow.graph import State as GraphState
from workflow.policy import Policy
from workflow.serial import settings_from_json
from workflow.state import Frame, Note, Open, Outcome, Phase, RollbackState, State, Via, Visit, Work


@dataclass(frozen=True)
class Fact:
    """Something that people should read in a log; `event_id` tells whether it is news."""

    event_id: int
    kind: str
    """`activity_failed`, `retrying`, `activity_completed`, `scheduling`, `signal`, ..."""
    fields: dict[str, Json]


@dataclass(frozen=True)
class Failure:
    """Why an attempt, or a visit, gave no result."""

    reason: str
    """`ErrorName: message`, or what a timeout was."""
    retryable: bool = True
    counted: bool = True
    """Whether it uses up an attempt."""
    visit: int = 0
    """Entry of the innermost visit that failed; 0 where it is the one at hand."""
    name: str | None = None
    """The error's name, empty where it has none; None: the reason begins with it."""
    cause: str | None = None
    """Of a failure with a name: its cause, if there is one."""
    of_branch: bool = False
    """Whether a branch of the Parallel that fails had it."""

    @property
    def error(self) -> str:
        """The error's name, as retries name it."""
        if self.name is not None:
            return self.name
        if self.reason.endswith(" timeout"):
            return TIMEOUT
        return self.reason.partition(":")[0].strip()

    @property
    def told_cause(self) -> str | None:
        """The cause, as catchers get it."""
        if self.name is not None:
            return self.cause
        return self.reason.partition(":")[2].strip() or None


def no_content(reference: Json) -> Json:
    """Where nobody gave the means to read what a reference stands for."""
    raise UndecidableError(f"the value {reference} is kept outside and cannot be read here")


Contents = Callable[[Json], Json]
"""Gives the value that a reference stands for; always the same one, for it is named by its hash."""

Versions = Callable[[str], "str | None"]
"""Gives the highest published version of a process; None where there is none."""


def no_versions(_: str) -> None:
    """Where nobody knows the versions of other processes."""


@dataclass
class Machine:
    """One execution being folded."""

    definition: Definition
    policy: Policy = field(default_factory=Policy)
    """The decider's, until the run's own is read from `RUN_OPTIONS`."""
    state: State = field(default_factory=State)
    contents: Contents = no_content
    workflow_id: str = ""
    facts: list[Fact] = field(default_factory=list)
    event_id: int = 0
    """The event that is being applied."""
    settings: dict[str, Settings] | None = None
    """The steps' own settings as the run keeps them; None before `RUN_OPTIONS` was read."""
    draws: int = 0
    """Random numbers drawn for the event that is being applied."""
    versions: Versions = no_versions

    def __post_init__(self) -> None:
        self.adopt(self.state)

    def adopt(self, state: State) -> None:
        """Take a state, and make anew the indexes that are kept beside it."""
        self.state = state
        self.todo: dict[str, dict[str, None]] = {
            "activity": {},
            "lambda": {},
            "child": {},
            "timer": {},
        }
        """Keys of the works that want something of SWF, by what they want, in order."""
        self.leaves: dict[str, Work] = {}
        """Works that are done by somebody: not by branches or items."""
        self.by: dict[Via, dict[str, Work]] = {via: {} for via in Via}
        """All works, by what they are done by."""
        self.carried: list[str] = []
        """Keys of the children that the run before started: SWF tells this run nothing of them."""
        self.agenda: deque[int] = deque()
        """Frames whose turn has come."""
        self.failed: deque[tuple[Visit, Failure]] = deque()
        """Visits that failed for good at this event."""
        self.missed: deque[tuple[Work, Failure]] = deque()
        """Works of which an attempt failed at this event."""
        self.unwound: deque[int] = deque()
        """Frames in which nothing is in flight any more."""
        self.landing: dict[str, Json] | None = None
        """A jump to be made, now that what it passes over is undone."""
        self.counts = {"activity": 0, "lambda": 0, "timer": 0, "child": 0, "other": 0}
        """How many of each are open in SWF."""
        self.special: dict[int, Open] = {}
        """What is open in SWF beside activities, children and retry timers, by event id."""
        self.halted = {number: frame for number, frame in state.frames.items() if frame.halted}
        """Frames that stand still at a failed step."""
        self._known: dict[int, tuple[int | None, dict[str, int]]] = {}
        for work in state.works.values():
            self._enlist(work)
            if work.via is Via.CHILD and work.in_flight and not work.opened:
                self.carried.append(work.key)
        for event_id, item in state.open.items():
            self._count(event_id, item)

    # --- telling ------------------------------------------------------------------------------

    def tell(self, kind: str, **fields: Json) -> None:
        """Leave a fact for the log."""
        self.facts.append(Fact(self.event_id, kind, fields))

    def tell_of(self, work: Work, kind: str, **fields: Json) -> None:
        """The same about an attempt: the step's path, what was asked for, and the number."""
        path = self.path_of(work)
        self.tell(kind, step=path, activity=work.activity, attempt=work.attempt, **fields)

    def note(self, name: str, **details: Json) -> None:
        """Have a marker recorded with the next response."""
        number = self.state.count()
        self.state.notes.append(Note(number, name, {"n": number, **details}))

    # --- work ---------------------------------------------------------------------------------

    def add_work(self, kind: str, entry: int, activity: str, via: Via = Via.ACTIVITY) -> Work:
        """Put something on the list of what is to be done."""
        work = Work(kind, entry, activity, via)
        self.state.works[work.key] = work
        self._enlist(work)
        return work

    def _enlist(self, work: Work) -> None:
        self.by[work.via][work.key] = work
        if work.via is not Via.FRAMES:
            self.leaves[work.key] = work
        self._list(work)

    def drop_work(self, work: Work) -> None:
        """Take a piece of work off the list; what is open for it in SWF is late from now on."""
        self.state.works.pop(work.key, None)
        self._delist(work)
        self.let_go(work)

    def _delist(self, work: Work) -> None:
        self.leaves.pop(work.key, None)
        for works in self.by.values():
            works.pop(work.key, None)
        for keys in self.todo.values():
            keys.pop(work.key, None)

    def let_go(self, work: Work) -> None:
        """What is open in SWF for a piece of work is late from now on."""
        opened = self.state.open.get(work.opened)
        if opened is not None and opened.kind == "retry":
            self.state.unwanted.append(work.opened)
            work.opened = 0
        elif opened is not None:
            self.forget(work.opened)

    def turn(self, work: Work, via: Via) -> None:
        """Have a piece of work done by something else from now on; nothing is open for it."""
        self.let_go(work)
        if work.via is not via:
            self._delist(work)
            work.via = via
            self._enlist(work)

    def fail(self, visit: Visit, failure: Failure) -> None:
        """Have a visit's failure dealt with, when this step of the fold is done."""
        self.failed.append((visit, failure))

    def put(self, work: Work, phase: Phase) -> None:
        """Move a piece of work to another phase."""
        work.phase = phase
        self._list(work)

    def _list(self, work: Work) -> None:
        wanted = "timer" if work.phase is Phase.BACKOFF else ""
        if work.phase is Phase.READY:
            wanted = work.via.value
        for kind, keys in self.todo.items():
            if kind == wanted:
                keys[work.key] = None
            else:
                keys.pop(work.key, None)

    def opened(self, event_id: int, item: Open) -> None:
        """Remember what is open in SWF since that event."""
        self.state.open[event_id] = item
        self._count(event_id, item)
        work = self.state.works.get(item.work)
        if work is not None and item.kind in _OF_WORK:
            work.opened = event_id

    def _count(self, event_id: int, item: Open) -> None:
        self.counts[_counted(item.kind)] += 1
        if item.kind not in _OF_WORK:
            self.special[event_id] = item

    def forget(self, event_id: int) -> Open | None:
        """What was open since that event, which is over; None where it is not ours."""
        item = self.state.open.pop(event_id, None)
        if item is None:
            return None
        self.counts[_counted(item.kind)] -= 1
        self.state.timers_full = False
        self.special.pop(event_id, None)
        work = self.state.works.get(item.work)
        if work is not None and work.opened == event_id:
            work.opened = 0
        if event_id in self.state.unwanted:
            self.state.unwanted.remove(event_id)
        return item

    def stand(self, frame: Frame, why: str) -> None:
        """Have a frame stand still until an operator acts; with no reason, go on."""
        frame.halted = why
        if why:
            self.halted[frame.id] = frame
        else:
            self.halted.pop(frame.id, None)

    # --- looking --------------------------------------------------------------------------------

    @property
    def rollback(self) -> RollbackState:
        """The rollback that runs or ran; asked only when there is one."""
        if self.state.rollback is None:
            raise UndecidableError("no rollback is on record; report this as a bug")
        return self.state.rollback

    def visit(self, entry: int) -> Visit:
        """The visit of that entry."""
        return self.state.visits[entry]

    def path_of(self, work: Work) -> str:
        """The path of the step that is done or undone; the transaction's record has its own."""
        return work.activity if work.kind == "transaction" else self.visit(work.entry).path

    def graph(self, visit: Visit) -> GraphState:
        """The state that a visit is in; a mere place where this version has it no more."""
        place = self.definition.places.get(visit.name)
        return Pass(visit.name) if place is None else place.state

    def frame(self, visit: Visit) -> Frame:
        """The frame that a visit is in."""
        return self.state.frames[visit.frame]

    def last_visit(self, path: str) -> Visit | None:
        """The latest visit of a path, if there was one."""
        entry = self.state.latest.get(path)
        return None if entry is None else self.state.visits.get(entry)

    def current(self, frame: Frame) -> Visit | None:
        """The visit in progress in a frame."""
        return None if frame.current is None else self.visit(frame.current)

    def trail(self, end: int | None) -> list[Visit]:
        """The visits whose results count, oldest first, up to the entry `end`."""
        found: list[Visit] = []
        while end is not None:
            visit = self.visit(end)
            found.append(visit)
            end = visit.previous
        found.reverse()
        return found

    def known(self, frame: Frame) -> dict[str, int]:
        """Entry of the result in force, by step name: those of the frame's own sequence."""
        end, found = self._known.get(frame.id, (None, {}))
        if end != frame.trail:
            newest = None if frame.trail is None else self.visit(frame.trail)
            if newest is not None and newest.previous == end:
                found[newest.name] = newest.entry
            else:
                found = {visit.name: visit.entry for visit in self.trail(frame.trail)}
            self._known[frame.id] = (frame.trail, found)
        return found

    def inside(self, frame: Frame) -> Iterator[Frame]:
        """The live frames of the composite state that a frame is in, and those in them."""
        visit = self.current(frame)
        for number in visit.frames if visit is not None else ():
            inner = self.state.frames[number]
            yield inner
            yield from self.inside(inner)

    def is_live(self, frame: Frame) -> bool:
        """Whether a frame is being walked: not one of a visit that is over or begun anew."""
        while frame.owner is not None:
            visit = self.state.visits.get(frame.owner)
            if visit is None or visit.outcome is not Outcome.OPEN:
                return False
            if frame.index >= len(visit.frames) or visit.frames[frame.index] != frame.id:
                return False
            frame = self.frame(visit)
        return True

    def within(self, frame: Frame) -> bool:
        """Whether a frame, or one around it, is being unwound."""
        number: int | None = frame.id
        while number is not None:
            if number in self.state.stops:
                return True
            owner = self.state.frames[number].owner
            number = None if owner is None else self.visit(owner).frame
        return False

    def of(self, state: GraphState) -> Settings:
        """What a step says about its attempts, as this run keeps it."""
        if self.settings is None:
            return settings_of(state)
        return self.settings.get(state.name) or _NONE

    def keep(self, options: dict[str, Json]) -> None:
        """Take the values that a run keeps, as its `RUN_OPTIONS` tells them."""
        self.policy = Policy.from_json(options["policy"])
        found = options.get("steps", {})
        self.settings = {name: settings_from_json(item) for name, item in found.items()}

    def content(self, value: Json) -> Json:
        """The value itself where it is kept outside."""
        return self.contents(value) if is_reference(value) else value

    def draw(self) -> float:
        """A number from 0 up to 1 that every replay draws alike."""
        self.draws += 1
        seed = f"{self.state.start_id}:{self.event_id}:{self.draws}"
        return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:6], "big") / 2**48


_NONE = Settings()


_OF_WORK = ("activity", "lambda", "child", "retry")
"""What is open for the work itself."""


def _counted(kind: str) -> str:
    if kind in ("activity", "lambda", "child"):
        return kind
    return "other" if kind in ("report", "ask") else "timer"
