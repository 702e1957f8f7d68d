"""The state of an execution: a plain value, a tree that serialises to JSON.

It moves on events only (`workflow.fold`).  The deciders' cache, continue-as-new, resuming a
closed run and the tests all use this one value.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from wire import Json

CORE_REVISION = 1
"""Recorded in every run; a later core keeps the behaviour of the revisions before it."""


class Mode(str, Enum):
    """What the execution as a whole is doing."""

    FORWARD = "forward"
    ROLLING_BACK = "rolling_back"
    COMPENSATING = "compensating"
    ENDING = "ending"


class Phase(str, Enum):
    """Where one piece of work stands."""

    READY = "ready"
    """To be scheduled."""
    SCHEDULED = "scheduled"
    STARTED = "started"
    BACKOFF = "backoff"
    """To wait for `Work.delay` seconds, or until `Work.due`."""
    WAITING = "waiting"
    """Its timer runs."""


class Outcome(str, Enum):
    """How a visit ended."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    ABANDONED = "abandoned"
    """Left by a jump or a cancellation before it gave a result."""


class Undone(str, Enum):
    """What became of a visit's effect."""

    NO = "no"
    YES = "yes"
    FAILED = "failed"


@dataclass
class Visit:
    """One entrance into a state.  Visits stay on record for the whole chain of runs."""

    entry: int
    """Ordinal among all entrances of the chain."""
    path: str
    number: int
    """Ordinal among the visits of this path: the visit that users see."""
    previous: int | None
    """Entry of the visit whose result this one follows: the trail that `previous_results` walks."""
    input: int
    """Index in `State.inputs`."""
    outcome: Outcome = Outcome.OPEN
    given_out: bool = False
    """Whether a worker had it at least once, so that it may have had an effect."""
    closed: int = 0
    """Chain-wide ordinal of its last event: compensations run newest first by it."""
    result: Json = None
    undone: Undone = Undone.NO


@dataclass
class Work:
    """An activity to be done, with its retries: a step, an undo, or the transaction's record."""

    kind: str
    """`step`, `undo` or `transaction`."""
    entry: int
    """The visit it works on; for `transaction`, the ordinal of the rollback."""
    activity: str
    attempt: int = 1
    phase: Phase = Phase.READY
    delay: int = 0
    due: float | None = None
    """When its wait ends, seconds since 1970; carried over into a continued run."""
    tries: int = 0
    """Refusals and missing functions in a row, which do not count as attempts."""
    error: str = ""
    """The last failure's reason."""
    cancel_requested: bool = False

    @property
    def key(self) -> str:
        """Short ordinal name, unique among all work of the chain."""
        return f"{self.kind[0]}{self.entry}"

    @property
    def activity_id(self) -> str:
        """Unique among open activities."""
        prefix = "a" if self.kind == "step" else self.kind[0]
        return f"{prefix}{self.entry}.{self.attempt}"

    @property
    def in_flight(self) -> bool:
        """Whether SWF has it: queued, or with a worker."""
        return self.phase in (Phase.SCHEDULED, Phase.STARTED)


@dataclass
class Open:
    """Something of ours that is open in SWF, known by its Scheduled or TimerStarted event."""

    kind: str
    """`activity`, or the timers `retry`, `grace`, `wake` and `again`."""
    id: str
    """Activity or timer id."""
    work: str = ""
    """Key of the work it belongs to."""


@dataclass
class Note:
    """A marker that is still to be recorded."""

    number: int
    name: str
    details: dict[str, Json]


@dataclass
class Stop:
    """Work in flight was asked to stop; what comes after it did, or after its grace."""

    then: str
    """`jump`, `cancel` or `finish`."""
    jump: dict[str, Json] | None = None
    """The jump's request: step_name, input, request_id, reason, actor, signal."""


@dataclass
class RollbackState:
    """The undoing that runs, or ran last."""

    number: int
    """Ordinal among the rollbacks of the chain."""
    failed: str
    """Path of the step that failed."""
    reason: str
    error: str
    pending: list[int] = field(default_factory=list)
    """Entries of the visits still to undo, newest first."""
    compensated: list[Json] = field(default_factory=list)
    not_compensated: list[Json] = field(default_factory=list)


@dataclass
class State:
    """Everything that an execution has become."""

    start_id: str = ""
    started: dict[str, Json] = field(default_factory=dict)
    """Settings of the start that a continued run needs again (timeouts, tags, lists)."""
    options: dict[str, Json] | None = None
    """Details of `RUN_OPTIONS`: the values that this run keeps."""
    options_recorded: bool = False
    mode: Mode = Mode.FORWARD
    inputs: list[Json] = field(default_factory=list)
    """The caller's input, and each edition of it that an operator made."""
    input: int = 0
    """Index of the edition in force."""
    visits: list[Visit] = field(default_factory=list)
    """By entry: `visits[entry - 1]`."""
    latest: dict[str, int] = field(default_factory=dict)
    """Path to the entry of its last visit."""
    current: int | None = None
    """Entry of the visit in progress."""
    trail: int | None = None
    """Entry of the last visit whose result counts; none before the first result."""
    works: dict[str, Work] = field(default_factory=dict)
    open: dict[int, Open] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    counter: int = 0
    """Chain-wide ordinal of notes and of events that close something."""
    stop: Stop | None = None
    cancel: bool = False
    """Whether somebody asked for the execution's cancellation."""
    rollback: RollbackState | None = None
    rollbacks: int = 0
    """How many there were, in the whole chain."""
    ending: str = ""
    """In mode ENDING: `complete`, `fail` or `cancel`."""
    handled: list[str] = field(default_factory=list)
    """Request ids of the signals seen."""
    blocked: str = ""
    """What keeps the execution from going on although nobody's process failed."""
    held: bool = False
    """Whether nothing is to be sent before the timer `again` has fired."""
    held_times: int = 0
    no_timers: str = ""
    """Why SWF refuses timers, while it does."""
    event_id: int = 0
    """Last event of this run that was applied."""
    now: float = 0.0
    """Time of the last event that moved the execution, seconds since 1970."""
    closed: str = ""
    """SWF's close status, once the run closed."""

    def count(self) -> int:
        """The next chain-wide ordinal."""
        self.counter += 1
        return self.counter

    def visit(self, entry: int) -> Visit:
        """The visit of that entry."""
        return self.visits[entry - 1]

    def to_json(self) -> dict[str, Json]:
        """The whole state as JSON."""
        document = asdict(self)
        document["open"] = {str(key): item for key, item in document["open"].items()}
        return document

    @classmethod
    def from_json(cls, document: Any) -> State:
        """The state that `to_json` gave."""
        known = {name: document[name] for name in cls.__dataclass_fields__ if name in document}
        known["mode"] = Mode(known["mode"])
        known["visits"] = [_visit(item) for item in known["visits"]]
        known["works"] = {
            key: Work(**{**item, "phase": Phase(item["phase"])})
            for key, item in known["works"].items()
        }
        known["open"] = {int(key): Open(**item) for key, item in known["open"].items()}
        known["notes"] = [Note(**item) for item in known["notes"]]
        known["stop"] = Stop(**known["stop"]) if known["stop"] else None
        known["rollback"] = RollbackState(**known["rollback"]) if known["rollback"] else None
        return cls(**known)


def _visit(document: Any) -> Visit:
    outcome, undone = Outcome(document["outcome"]), Undone(document["undone"])
    return Visit(**{**document, "outcome": outcome, "undone": undone})
