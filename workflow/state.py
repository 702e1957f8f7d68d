"""The state of an execution: a plain value, a tree that serialises to JSON.

It moves on events only (`workflow.fold`).  The deciders' cache, continue-as-new, resuming a
closed run and the tests all use this one value.

A *frame* is a sequence that is being walked: the process itself, one branch, one item of a map.
A *visit* is one entrance into a state.  A *work* is something to be done for a visit, with its
retries: an activity, a child, a wait.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

from wire import Json
from workflow import places

CORE_REVISION = 2
"""Recorded in every run; a later core keeps the behaviour of the revisions before it."""

ROOT = 0
"""Id of the frame that is the process itself."""


class Mode(str, Enum):
    """What the execution as a whole is doing."""

    FORWARD = "forward"
    ROLLING_BACK = "rolling_back"
    COMPENSATING = "compensating"
    ENDING = "ending"


class Phase(str, Enum):
    """Where one piece of work stands."""

    READY = "ready"
    """To be asked of SWF."""
    SCHEDULED = "scheduled"
    STARTED = "started"
    BACKOFF = "backoff"
    """To wait for `Work.delay` seconds, or until `Work.due`."""
    WAITING = "waiting"
    """Its timer runs, or it waits for a signal."""


class Via(str, Enum):
    """By what a piece of work is done."""

    ACTIVITY = "activity"
    CHILD = "child"
    TIMER = "timer"
    SIGNAL = "signal"
    FRAMES = "frames"
    """By the branches or items of a composite state."""
    LAMBDA = "lambda"
    """By a Lambda function that SWF invokes."""
    TOKEN = "token"  # noqa: S105 - no secret
    """By whoever answers its task token."""


class Outcome(str, Enum):
    """How a visit ended."""

    OPEN = "open"
    DONE = "done"
    SKIPPED = "skipped"
    """An operator gave its result."""
    FAILED = "failed"
    CAUGHT = "caught"
    """Failed, and a catcher of the state said where to go on."""
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
    frame: int
    path: str
    """Where it is: the state's name, behind those of the branches and items it lies in."""
    number: int
    """Ordinal among the visits of this path: the visit that users see."""
    previous: int | None
    """Entry of the visit whose result this one follows: the trail that `previous_results` walks."""
    input: int
    """Key in `State.inputs`."""
    outcome: Outcome = Outcome.OPEN
    given_out: bool = False
    """Whether a worker had it at least once, so that it may have had an effect."""
    closed: int = 0
    """Chain-wide ordinal of its last event: compensations run newest first by it."""
    result: Json = None
    undone: Undone = Undone.NO
    sees: int | None = None
    """Entry whose trail it sees instead of `previous`: a step that is run again later."""
    then: str | None = None
    """Where to go on afterwards instead of the state's own next; empty for the end."""
    frames: list[int] = field(default_factory=list)
    """Of a composite state: its frames, by index of branch or item."""
    items: list[Json] | None = None
    """Of a map: what it works on."""
    left: int = 0
    """Of a composite state: how many branches or items have not come to their end."""
    entered: float = 0.0
    """When it was entered, seconds since 1970; in States Language only, as what follows."""
    left_at: float = 0.0
    """When it was left."""
    variables: int = 0
    """Key in `State.variables` of those set in its frame when it was entered."""
    output: int | None = None
    """Key in `State.inputs` of what it left."""
    base: int | None = None
    """Of a step that is run again: key of the data in force, into which its result goes."""
    kept: int | None = None
    """Of the same: key of the variables in force."""
    rules: list[Json] | None = None
    """Of a map: concurrency, and how many and what share of the items may fail."""
    missed: int = 0
    """Of a map: items that failed and are tolerated."""

    @property
    def name(self) -> str:
        """The name of its state."""
        return places.name_of(self.path)


@dataclass
class Frame:
    """A sequence that is being walked."""

    id: int
    path: str
    """`Ship[1]`, `Each[37]`; empty for the process itself."""
    owner: int | None
    """Entry of the composite visit it belongs to."""
    index: int
    input: int
    """Key in `State.inputs` of the input in force."""
    current: int | None = None
    """Entry of the visit in progress."""
    trail: int | None = None
    """Entry of the last visit whose result counts; none before the first result."""
    next: str | None = None
    """The state to enter when its turn has come; empty for the end of the sequence."""
    halted: str = ""
    """Why it stands still until an operator acts: its step is out of attempts."""
    done: bool = False
    queue: list[dict[str, Json]] = field(default_factory=list)
    """Requests to run a step again, after the one in progress."""
    begins: int = 0
    """In States Language: key of the input that it began with."""
    variables: int = 0
    """Key in `State.variables` of the variables set in it."""
    outer: int = 0
    """Key in `State.variables` of those that it sees of the frames around it."""
    error: dict[str, Json] | None = None
    """Of an item that failed and is tolerated: its error output."""


@dataclass
class Work:
    """Something to be done, with its retries: a step, an undo, or the transaction's record."""

    kind: str
    """`step`, `undo` or `transaction`."""
    entry: int
    """The visit it works on; for `transaction`, the ordinal of the rollback."""
    activity: str
    """Activity type, child's `NAME@VERSION` or signal's name."""
    via: Via = Via.ACTIVITY
    attempt: int = 1
    phase: Phase = Phase.READY
    delay: int = 0
    due: float | None = None
    """When its wait ends, seconds since 1970; carried over into a continued run."""
    tries: int = 0
    """Refusals and missing functions in a row, which do not count as attempts."""
    counters: list[int] = field(default_factory=list)
    """Per retrier of the step: how often it was used."""
    error: str = ""
    """The last failure's reason."""
    cancel_requested: bool = False
    told: bool = False
    """Of a child: whether it was asked to report by itself."""
    input: Json = None
    """In States Language: what the attempt gets."""
    limits: list[int | None] | None = None
    """In States Language: seconds that the attempt may take, and may be silent."""
    until: float | None = None
    """When the attempt's time is up, where no activity's own limit says so."""
    beat: float | None = None
    """When whoever holds its task token has to be heard of next."""
    poll: Json = None
    """What an activity that was not done gave, to be asked for again."""
    opened: int = 0
    """Event id of what is open for it in SWF; 0 when nothing is."""

    @property
    def key(self) -> str:
        """Short ordinal name, unique among all work of the chain."""
        return f"{self.kind[0]}{self.entry}"

    @property
    def activity_id(self) -> str:
        """Unique among open activities and timers."""
        prefix = "a" if self.kind == "step" else self.kind[0]
        if self.via is Via.LAMBDA:
            prefix = "l"
        return f"{prefix}{self.entry}.{self.attempt}"

    @property
    def in_flight(self) -> bool:
        """Whether SWF has it: queued, or with a worker or decider."""
        asked = self.phase is Phase.SCHEDULED or self.phase is Phase.STARTED
        return asked and self.via in _IN_SWF


_IN_SWF = (Via.ACTIVITY, Via.CHILD, Via.LAMBDA)


@dataclass
class Open:
    """Something of ours that is open in SWF, known by its Scheduled or TimerStarted event."""

    kind: str
    """`activity`, `child`, `lambda`; the timers `retry`, `grace`, `wake`, `again`, `deadline`,
    `watch`; the signals `report` (to the parent) and `ask` (to a child)."""
    id: str
    """Activity, child workflow or timer id."""
    work: str = ""
    """Key of the work it belongs to; of `grace`, the frame."""


@dataclass
class Note:
    """A marker that is still to be recorded."""

    number: int
    name: str
    details: dict[str, Json]


@dataclass
class Stop:
    """What is in progress in a frame was asked to stop; and what comes after it did."""

    then: str
    """`jump`, `skip`, `rollback`, `fail`, `cancel` or `composite`."""
    what: dict[str, Json] = field(default_factory=dict)
    """The jump's or skip's request, or the failure that caused the stop."""
    waiting: list[str] = field(default_factory=list)
    """Keys of the works that were asked to stop and have not yet."""


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
    ending: str = "fail"
    """How the execution ends afterwards: `fail` or `cancel`; `jump`: it goes on."""
    told: dict[str, Json] | None = None
    """In States Language: the error output that the execution fails with."""
    jump: dict[str, Json] | None = None
    """With `jump`: the request, and the frame it lands in."""


@dataclass
class State:
    """Everything that an execution has become."""

    start_id: str = ""
    started: dict[str, Json] = field(default_factory=dict)
    """Settings of the start that a continued run needs again (timeouts, tags, lists)."""
    parent: dict[str, Json] | None = None
    """Of a child: `workflow_id` and `work` of the process that waits for it."""
    options: dict[str, Json] | None = None
    """Details of `RUN_OPTIONS`: the values that this run keeps."""
    options_recorded: bool = False
    mode: Mode = Mode.FORWARD
    inputs: dict[int, Json] = field(default_factory=dict)
    """The caller's input (0), and each edition of it that an operator made."""
    variables: dict[int, dict[str, Json]] = field(default_factory=lambda: {0: {}})
    """Sets of variables of States Language; a set never changes, assigning makes another."""
    frames: dict[int, Frame] = field(default_factory=dict)
    visits: dict[int, Visit] = field(default_factory=dict)
    """By entry."""
    latest: dict[str, int] = field(default_factory=dict)
    """Path to the entry of its last visit."""
    works: dict[str, Work] = field(default_factory=dict)
    open: dict[int, Open] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    stops: dict[int, Stop] = field(default_factory=dict)
    """By the frame that is being unwound."""
    unwanted: list[int] = field(default_factory=list)
    """Event ids of timers that run for nothing."""
    arrived: list[dict[str, Json]] = field(default_factory=list)
    """Signals that steps wait for, come before the step: `signal`, `payload`, `request_id`."""
    entries: int = 0
    frames_made: int = 0
    inputs_made: int = 0
    variables_made: int = 1
    counter: int = 0
    """Chain-wide ordinal of notes and of events that close something."""
    cancel: bool = False
    """Whether somebody asked for the execution's cancellation."""
    paused: bool = False
    rollback: RollbackState | None = None
    rollbacks: int = 0
    """How many there were, in the whole chain."""
    ending: str = ""
    """In mode ENDING: `complete`, `fail` or `cancel`."""
    failure: dict[str, Json] | None = None
    """Why it fails, where no rollback says it."""
    deadline: float | None = None
    """When its own time is up, seconds since 1970."""
    yielding: bool = False
    """Whether frames wait for a 0-second timer: they went through too many states at once."""
    watched: int = 0
    """How often this run asked whether the children of the run before are there."""
    report: str = ""
    """Of a child whose parent went on in a new run: `asked`, `sending` or `told`."""
    handled: list[str] = field(default_factory=list)
    """Request ids of the signals seen."""
    blocked: str = ""
    """What keeps the execution from going on although nobody's process failed."""
    held: bool = False
    """Whether nothing is to be sent before the timer `again` has fired."""
    held_times: int = 0
    timers_full: bool = False
    """Whether SWF admits no further timer until something of ours has closed."""
    timers_pace: int = 0
    """How many timers are asked for at once since SWF refused one; 0 while it refuses none."""
    timers_pressed: bool = False
    """Whether SWF refused the last timer for its rate."""
    no_timers: str = ""
    """Why SWF refuses timers, while it does."""
    event_id: int = 0
    """Last event of this run that was applied."""
    begun: float = 0.0
    """When the first run of the chain began, seconds since 1970."""
    now: float = 0.0
    """Time of the last event that moved the execution, seconds since 1970."""
    closed: str = ""
    """SWF's close status, once the run closed."""

    def count(self) -> int:
        """The next chain-wide ordinal."""
        self.counter += 1
        return self.counter

    def add_input(self, value: Json) -> int:
        """Keep an edition of the input; gives its key."""
        key = self.inputs_made
        self.inputs[key], self.inputs_made = value, key + 1
        return key

    def add_variables(self, values: dict[str, Json]) -> int:
        """Keep a set of variables; gives its key."""
        key = self.variables_made
        self.variables[key], self.variables_made = values, key + 1
        return key

    def sweep(self) -> None:
        """Drop the editions of data and variables that nothing names any more."""
        frames, visits = self.frames.values(), self.visits.values()
        inputs = {0} | {f.input for f in frames} | {f.begins for f in frames}
        inputs |= {v.input for v in visits} | {v.output for v in visits if v.output is not None}
        inputs |= {v.base for v in visits if v.base is not None}
        variables = {0} | {f.variables for f in frames} | {f.outer for f in frames}
        variables |= {v.variables for v in visits}
        variables |= {v.kept for v in visits if v.kept is not None}
        self.inputs = {key: value for key, value in self.inputs.items() if key in inputs}
        self.variables = {key: item for key, item in self.variables.items() if key in variables}

    @property
    def root(self) -> Frame:
        """The process itself."""
        return self.frames[ROOT]

    def to_json(self) -> dict[str, Json]:
        """The whole state as JSON.  What has its usual value is left out."""
        return _document(self)

    @classmethod
    def from_json(cls, document: Any) -> State:
        """The state that `to_json` gave."""
        state: State = _restored(cls, document)
        return state


_DEFAULTS: dict[type, dict[str, Any]] = {}


def _usual(kind: type) -> dict[str, Any]:
    """The value of each member that has one before anything happens."""
    if kind not in _DEFAULTS:
        found: dict[str, Any] = {}
        for item in fields(kind):
            if callable(item.default_factory):
                found[item.name] = item.default_factory()
            else:
                found[item.name] = item.default  # dataclasses.MISSING equals nothing
        _DEFAULTS[kind] = found
    return _DEFAULTS[kind]


def _document(value: Any) -> dict[str, Json]:
    usual = _usual(type(value))
    members = {name: getattr(value, name) for name in usual}
    return {name: _plain(item) for name, item in members.items() if item != usual[name]}


def _plain(item: Any) -> Json:
    """JSON of a member; JSON values of users are taken as they are."""
    if isinstance(item, Enum):
        return item.value
    if isinstance(item, _OURS):
        return _document(item)
    if isinstance(item, dict):
        if item and isinstance(next(iter(item.values())), _OURS):
            return {str(key): _document(inner) for key, inner in item.items()}
        return {str(key): inner for key, inner in item.items()}
    if isinstance(item, list):
        return [_document(i) if isinstance(i, _OURS) else i for i in item]
    return item


_OURS = (Visit, Frame, Work, Open, Note, Stop, RollbackState)

_MEMBERS: dict[str, type] = {
    "frames": Frame,
    "visits": Visit,
    "works": Work,
    "open": Open,
    "stops": Stop,
}
_BY_NUMBER = frozenset({"frames", "visits", "open", "stops", "inputs", "variables"})
_ENUMS: dict[str, type[Enum]] = {
    "mode": Mode,
    "phase": Phase,
    "via": Via,
    "outcome": Outcome,
    "undone": Undone,
}


def _restored(kind: type, document: Any) -> Any:
    found: dict[str, Any] = {}
    for name in _usual(kind):
        if name in document:
            found[name] = _member(kind, name, document[name])
    return kind(**found)


def _member(kind: type, name: str, value: Any) -> Any:
    if name in _ENUMS:
        return _ENUMS[name](value)
    if kind is not State:
        return value
    if name in _MEMBERS:
        value = {key: _restored(_MEMBERS[name], item) for key, item in value.items()}
    if name in _BY_NUMBER:
        return {int(key): item for key, item in value.items()}
    if name == "notes":
        return [Note(**item) for item in value]
    if name == "rollback":
        return None if value is None else _restored(RollbackState, value)
    return value
