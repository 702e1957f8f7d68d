"""Heartbeats of the tasks in work, in the background: one thread for all of them.

They tell the engine that the work lives, and bring back whether it should stop.  Knows
nothing of SWF but a function that sends one heartbeat.
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections.abc import Callable

import logs
from activities.context import TaskContext
from config import HEARTBEAT_INTERVAL_SECONDS
from errors import BusinessProcessError, TaskLostError

SHORTEST_SECONDS = 1.0  # between two heartbeats of a task that an activity asks for
RETRY_SECONDS = 2.0  # after a heartbeat that did not get through
JITTER = 0.2  # of the interval, taken off at random

Send = Callable[[str, str], bool]
"""Token and details to whether the work should stop; `TaskLostError` when it is not ours."""

log = logs.get(__name__)


class Heartbeats:
    """Beats for each task between `add` and `remove`, every interval less a jitter.

    The thread starts with the first task, and wakes only when a heartbeat is due.
    """

    def __init__(self, send: Send, interval: float = HEARTBEAT_INTERVAL_SECONDS) -> None:
        self._send = send
        self._interval = interval  # seconds
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, _Pulse]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def add(self, task: TaskContext) -> _Pulse:
        """Keep a task alive until `remove`; its `heartbeat` sends through this."""
        pulse = _Pulse(task, self)
        task.beat = pulse.beat
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="heartbeats", daemon=True)
                self._thread.start()
            self._schedule(pulse, self._a_while())
        return pulse

    def remove(self, pulse: _Pulse) -> None:
        """The task is done; what is scheduled for it falls away when it comes up."""
        pulse.task = None

    def stop(self) -> None:
        """End the thread; tasks still in work beat no more."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def again(self, pulse: _Pulse, seconds: float) -> None:
        """Let a task's next background heartbeat come in so many seconds."""
        with self._changed:
            self._schedule(pulse, seconds)

    def send(self, token: str, details: str) -> bool:
        """One heartbeat, now."""
        return self._send(token, details)

    def _a_while(self) -> float:
        return self._interval * (1 - JITTER * random.random())  # noqa: S311 - no secret

    def _schedule(self, pulse: _Pulse, seconds: float) -> None:
        pulse.due = time.monotonic() + seconds
        heapq.heappush(self._due, (pulse.due, next(self._order), pulse))
        if self._due[0][2] is pulse:
            self._changed.notify()

    def _run(self) -> None:
        while (pulse := self._next()) is not None:
            sent = pulse.send_pending()
            if pulse.task is not None and not pulse.task.lost:
                self.again(pulse, self._a_while() if sent else min(RETRY_SECONDS, self._interval))

    def _next(self) -> _Pulse | None:
        """The next task whose heartbeat is due, waited for; None once stopped."""
        with self._changed:
            while not self._stopped:
                now = time.monotonic()
                if self._due and self._due[0][0] <= now:
                    due, _, pulse = heapq.heappop(self._due)
                    if pulse.task is not None and due == pulse.due:
                        return pulse
                else:
                    self._changed.wait(self._due[0][0] - now if self._due else None)
            return None


class _Pulse:
    """The heartbeats of one task: those of the background and those its activity asks for."""

    def __init__(self, task: TaskContext, beats: Heartbeats) -> None:
        self.task: TaskContext | None = task
        self.due = 0.0  # monotonic seconds; other entries of the heap are out of date
        self._beats = beats
        self._details = ""
        self._sent_at = float("-inf")
        self._sending = threading.Lock()

    def beat(self, details: str) -> None:
        """From the activity: now, or with the next one when the last was just now."""
        self._details = details
        rest = self._sent_at + SHORTEST_SECONDS - time.monotonic()
        if rest <= 0:
            self.send_pending()
        elif self.due > time.monotonic() + rest:
            self._beats.again(self, rest)

    def send_pending(self) -> bool:
        """Send the newest details; whether the engine answered."""
        with self._sending:
            task = self.task
            if task is None or task.lost:
                return True
            self._sent_at = time.monotonic()
            with logs.bound(**task.log_fields):
                return self._sent(task)

    def _sent(self, task: TaskContext) -> bool:
        try:
            if self._beats.send(task.token, self._details):
                task.request_cancel()
        except TaskLostError:
            task.lose()
        except BusinessProcessError as error:
            log.debug("Heartbeat not sent", error=str(error))
            return False
        except Exception:
            log.exception("Heartbeat not sent")
            return False
        return True
