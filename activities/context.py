"""What an activity may know about the task it works on: `current_task()`.

A worker enters one `TaskContext` around each call of an activity.  Outside a worker (a unit
test, a notebook) `current_task()` gives a detached one, so that every activity can be called
directly: the calls of one process count as successive visits of one imaginary execution.
"""

from __future__ import annotations

import itertools
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import config
import wire
from config import Settings
from wire import Json

KEYS = uuid.UUID("6b1f2f0e-5c0f-4f55-9f0c-8d1c7a5b7d11")
"""The name space of idempotency keys; final, for keys outlive releases."""


def _nobody(details: str) -> None:
    """Where the heartbeats of a detached task go."""


@dataclass(eq=False)
class TaskContext:
    """The task that an activity works on; safe to hand to threads of the activity's own."""

    workflow_id: str
    run_id: str
    start_id: str
    """Id of the start, kept through resumes and continued runs."""
    path: str
    """The step: its name, or where it lies (`Ship[1].Pack`); of an undo, what it undoes.

    Empty in a detached task: each activity then goes by its own name."""
    visit: int
    """Which entrance of the step this is, from 1; a retry is the same visit."""
    attempt: int = 1
    """Which attempt of the visit this is, from 1."""
    undo: bool = False
    """Whether the task undoes `path` and `visit` rather than working on them."""
    activity: str = ""
    """Name of the activity type."""
    activity_id: str = ""
    token: str = ""
    """SWF's task token; empty in a detached task."""
    poll: Json = None
    """What the activity gave as `wire.pending` when it was called last; None at first."""
    credentials: Json = None
    """`Credentials` of the state, where a definition in States Language names some."""
    any_json: bool = False
    """Whether the result may be any JSON value, as in States Language; else it is an object."""
    settings: Settings = field(default_factory=config.settings, repr=False)
    """The settings of the worker."""
    beat: Callable[[str], None] = field(default=_nobody, repr=False)
    """How the worker sends a heartbeat; activities call `heartbeat`."""
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)
    _lost: bool = False

    @property
    def log_fields(self) -> dict[str, Json]:
        """What log lines about this task say beside their text."""
        return {
            "domain": self.settings.swf_domain,
            "workflow_id": self.workflow_id,
            "run_id": self.run_id,
            "step": self.path,
            "attempt": self.attempt,
            "activity_id": self.activity_id,
        }

    @property
    def cancel_requested(self) -> bool:
        """Whether the work should stop: asked for by the decider, or the task is lost.

        An activity that honours it cleans up and raises `ActivityCanceled`.
        """
        return self._stop.is_set()

    @property
    def lost(self) -> bool:
        """Whether the task is no longer ours (timed out, closed): no result will be taken."""
        return self._lost

    @property
    def idempotency_key(self) -> str:
        """A UUID that names the effect of this visit: the same for all its attempts.

        Made of workflow id, start id, path and visit; an undo has one of its own.  Fit for
        the `Idempotency-Key` header of other people's services.
        """
        parts = [self.workflow_id, self.start_id, self.path, self.visit]
        return str(uuid.uuid5(KEYS, json.dumps([*parts, "undo"] if self.undo else parts)))

    def heartbeat(self, details: Any = "") -> None:
        """Tell SWF that the work goes on, now, with `details` (text or JSON) for operators.

        Afterwards `cancel_requested` is fresh.  May be called as often as one likes: sends
        at most once a second, details in between go out with the next one, and are cut to
        SWF's 2,048 characters.  Never raises for an engine that does not answer.
        """
        text = details if isinstance(details, str) else wire.dumps(details)
        self.beat(wire.cut(text, wire.HEARTBEAT_CHARACTERS))

    def wait_for_cancel(self, seconds: float) -> bool:
        """Wait, but no longer than until the work should stop; whether it should."""
        return self._stop.wait(seconds)

    def request_cancel(self) -> None:
        """Called by the worker (or a test): the decider asks the work to stop."""
        self._stop.set()

    def lose(self) -> None:
        """Called by the worker (or a test): the task is no longer ours."""
        self._lost = True
        self._stop.set()


_current: ContextVar[TaskContext | None] = ContextVar("current_task", default=None)
_detached_execution = f"detached-{uuid.uuid4()}"
_detached_visits = itertools.count(1)


def current_task() -> TaskContext:
    """The task that the calling activity works on; outside a worker a detached one.

    Threads that an activity starts do not inherit it: hand them the object.
    """
    return _current.get() or detached()


def detached(settings: Settings | None = None) -> TaskContext:
    """A task of no worker: the next visit of this process's imaginary execution."""
    return TaskContext(
        workflow_id=_detached_execution,
        run_id=_detached_execution,
        start_id=_detached_execution,
        path="",
        visit=next(_detached_visits),
        settings=settings or config.settings(),
    )


def inside_a_task() -> bool:
    """Whether the caller runs within `entered`."""
    return _current.get() is not None


@contextmanager
def entered(task: TaskContext) -> Iterator[TaskContext]:
    """Within the block, `current_task()` is `task`."""
    before = _current.set(task)
    try:
        yield task
    finally:
        _current.reset(before)
