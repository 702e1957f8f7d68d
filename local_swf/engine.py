"""The engine: requests in, answers out, and everything that happens by itself.

All of it runs on one event loop. Every request works in a savepoint of its own inside the
open transaction; what it answers leaves only once that transaction is on the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

from local_swf import activity_tasks, decision_tasks, errors, lifecycle, queues, recovery, timeouts
from local_swf.backoff import Backoff, seconds_after
from local_swf.clock import VirtualClock, WallClock
from local_swf.database import Database, GroupCommit, Told
from local_swf.deadlines import (
    NOT_SKIPPED,
    Deadline,
    Deadlines,
)
from local_swf.functions import Functions, Outcome
from local_swf.jsontext import Json, dumps
from local_swf.limits import Limits
from local_swf.operations.registry import OPERATIONS, POLLS
from local_swf.quotas import Rates
from local_swf.tasklists import HandOut, ListKey, Poller, Task, TaskLists
from local_swf.tokens import Tokens
from local_swf.work import State, Work

log = logging.getLogger(__name__)

T = TypeVar("T")

_FIRED_AT_ONCE = 200
"""Deadlines that fire before requests get their turn again."""

SETTLE_SECONDS = 0.02
"""How long nothing may have happened before a virtual clock jumps: a client that has just
been answered is about to ask again."""

KEPT_AHEAD_MS = 100
"""How far ahead the file's last time may be: after a crash the clock goes on there."""

RETRY_SECONDS = 1.0
"""How long a task whose hand-out failed, or the outcome of a Lambda task that could not be
written, waits for another try."""

HELD_SECONDS = 5.0
"""The longest that deadlines wait after a commit that failed: meanwhile they would only fail,
too. Requests are always tried."""

AWAITED_SECONDS = 1.0
"""The same while a task waits on a list that has been polled: its poller is about to be
back."""


class Engine:
    """One embedded SWF on one database; made and used on a running event loop."""

    def __init__(
        self,
        database: Database,
        clock: WallClock,
        *,
        limits: Limits | None = None,
        quotas: Mapping[str, tuple[float, float]] | None = None,
        functions: Functions | None = None,
        denied: frozenset[str] = frozenset(),
        region: str = "us-east-1",
    ) -> None:
        clock.not_before(database.last_time)
        self.clock = clock
        self.limits = limits or Limits()
        self.rates = Rates(quotas or {}, clock.now)
        self.functions = functions or Functions()
        self.idle = False
        """A virtual clock found nothing that it may jump to."""
        self._loop = asyncio.get_running_loop()
        self._database = database
        self._commits = GroupCommit(
            database, clock.now, self._recover, ahead_ms=0 if clock.virtual else KEPT_AHEAD_MS
        )
        self._in_service = 0
        self._changed = False
        self._last_change = self._loop.time()
        self._wake: asyncio.TimerHandle | None = None
        self._wake_due = 0
        self._closed = False
        self._duplicates: dict[ListKey, list[HandOut]] = {}
        self._backoff = Backoff()
        self._stale = False
        self._held_until = self._loop.time()
        self._state = State(
            database=database,
            tokens=Tokens(database.token_key),
            limits=self.limits,
            tasks=TaskLists(),
            deadlines=Deadlines(),
            started=set(),
            on_full=lifecycle.terminate_full,
            invoke_lambda=self._invoke_lambda,
            rates=self.rates,
            denied=denied,
            region=region,
        )
        self._rebuild()
        self._call_started_lambdas()
        self._arm()

    @property
    def waiting_pollers(self) -> int:
        """How many polls wait for a task."""
        return self._state.tasks.pollers()

    def task_lists(self) -> list[Json]:
        """The task lists, as `queues.told` has them."""
        self._refresh()
        return queues.told(Work(self._state, self.clock.now()))

    def call(self, operation: str, arguments: dict[str, Json]) -> bytes:
        """Carry out an operation that does not wait; the answer must wait for `committed`."""
        self.rates.check(operation)
        if operation in POLLS:
            return self._read(decision_tasks.next_page, arguments)
        handler, reads = OPERATIONS[operation]
        if reads:
            return _body(self._read(handler, arguments))
        return _body(self._change(lambda work: handler(work, arguments)))

    def when_committed(self, told: Told) -> None:
        """Call `told` once everything so far is on the disk, or with what went wrong."""
        self._commits.when_done(told)

    def poll(self, operation: str, arguments: dict[str, Json], alive: Callable[[], bool]) -> Poller:
        """Wait for a task; the poller's `answer` is set when one is handed to it."""
        self.rates.check(operation)
        self._refresh()
        work = Work(self._state, self.clock.now())
        domain = work.domain(arguments["domain"])
        key = ListKey(POLLS[operation], domain.id, arguments["taskList"]["name"])
        if self._state.tasks.waiting_pollers(key) >= self.limits.pollers:
            raise errors.fault(
                "LimitExceededFault",
                "Limit on maximum concurrent poll requests per task list reached",
            )
        self._changed = True
        poller = Poller(key, arguments, alive, self.clock.now())
        if copies := self._duplicates.pop(key, None):
            poller.answer.set_result(copies[0])
            return poller
        self._state.tasks.join(poller)
        self._dispatch()
        return poller

    def leave(self, poller: Poller) -> None:
        """Stop waiting for a task."""
        self._state.tasks.leave(poller)

    def give_back(self, handout: HandOut) -> None:
        """Hand a task to somebody else: its answer could not be written."""
        module = decision_tasks if handout.task.kind == "decision" else activity_tasks
        self._change(
            lambda work: module.give_back(work, handout.task, handout.started_id, handout.delivery)
        )

    def lose(self, handout: HandOut) -> None:
        """Note that an injected fault swallowed a task: a virtual clock may jump to its timeout."""
        self._state.started.discard(handout.task)

    def duplicate(self, poller: Poller, handout: HandOut) -> None:
        """Give what a poller got to the next poller of its list as well, same token and all."""
        other = self._state.tasks.take_poller(poller.list)
        if other is not None:
            other.answer.set_result(handout)
        else:
            self._duplicates.setdefault(poller.list, []).append(handout)

    def enter(self) -> None:
        """A request is in service: a virtual clock stands by."""
        self._in_service += 1

    def exit(self) -> None:
        """A request has been answered, or waits as a poll.

        Whoever only reads does not keep a virtual clock from jumping: a monitor that asks
        all the time would stop time itself.
        """
        self._in_service -= 1
        if self._changed:
            self._last_change = self._loop.time()
            self._changed = self._in_service > 0
        self._arm()

    def advance(self, seconds: float) -> None:
        """Move a virtual clock; what falls due on the way fires at its own time, in order."""
        clock = self._virtual()
        target = clock.now() + round(seconds * 1000)
        while (due := self._state.deadlines.next()) is not None and due[0] <= target:
            clock.not_before(due[0])
            self._fire(due[1])
            if self._stale:  # nothing can be written: the rest fires when that is over
                break
        clock.not_before(target)
        self._commits.begin()  # the time is kept although nothing may have happened
        self._touch()

    def unlock_clock(self) -> None:
        """Let a virtual clock jump by itself."""
        self._virtual().unlock()
        self._touch()

    def lock_clock(self) -> None:
        """Let a virtual clock move by `advance` only."""
        self._virtual().lock()

    def close(self) -> None:
        """Write what is open and let go of the database."""
        if self._wake is not None:
            self._wake.cancel()
        self._closed = True
        try:
            self._commits.close()  # no event may hold the time that clients have seen
        except sqlite3.Error:
            log.exception("the last time could not be written")
        self._database.close()

    def _virtual(self) -> VirtualClock:
        if not isinstance(self.clock, VirtualClock):
            raise errors.validation("The clock of this endpoint is not virtual")
        return self.clock

    def _touch(self) -> None:
        self._last_change = self._loop.time()
        self._arm()

    def _read(self, handler: Callable[[Work, dict[str, Json]], T], arguments: dict[str, Json]) -> T:
        self._refresh()
        return handler(Work(self._state, self.clock.now()), arguments)

    def _change(self, operation: Callable[[Work], T]) -> T:
        result = self._work(operation)
        self._dispatch()
        if not self._in_service:
            self._arm()
        return result

    def _work(self, operation: Callable[[Work], T]) -> T:
        self._commits.begin()
        self._refresh()
        self._changed = True
        execute = self._database.execute
        execute("SAVEPOINT work")
        work = Work(self._state, self.clock.now())
        try:
            result = operation(work)
            work.finish()
            execute("RELEASE work")
        except BaseException as error:
            work.forget()
            self._roll_back(error)
            raise
        work.apply()
        return result

    def _roll_back(self, error: BaseException) -> None:
        """Undo one piece of work; when that is not to be had, all that share its commit go too."""
        if isinstance(error, sqlite3.Error):
            log.error("database error: %s", error)
        try:
            self._database.execute("ROLLBACK TO work")
            self._database.execute("RELEASE work")
        except sqlite3.Error as gone:
            self._commits.abandon(gone)

    def _dispatch(self) -> None:
        if self._stale:
            return
        for task, poller in self._state.tasks.matches():
            self._hand_out(task, poller)
            if self._stale:
                return

    def _hand_out(self, task: Task, poller: Poller) -> None:
        module = decision_tasks if task.kind == "decision" else activity_tasks
        try:
            given = self._work(lambda work: module.hand_out(work, task, poller.arguments))
        except Exception as error:  # noqa: BLE001 - it goes to the poller, who gets a 500
            poller.answer.set_exception(error)
            self._loop.call_later(RETRY_SECONDS, self._offer_again, task)
            return
        if given is None:
            self._state.tasks.join_first(poller)
            return
        body, started_id, delivery = given
        poller.answer.set_result(HandOut(body, task, started_id, delivery, self._commits.outcome()))

    def _offer_again(self, task: Task) -> None:
        """Put a task back on its list: it is nobody's, as its hand-out failed."""
        if self._closed:
            return
        try:
            work = Work(self._state, self.clock.now())
            recovery.restore_task(work, task)
        except sqlite3.Error:
            log.exception("a task could not be offered again")
            self._loop.call_later(RETRY_SECONDS, self._offer_again, task)
            return
        work.apply()
        self._dispatch()
        self._arm()

    def _arm(self) -> None:
        """Set the loop's timer to the next deadline, or to the next look at a virtual clock."""
        due = self._state.deadlines.next()
        if self._wake is not None:
            if due is not None and due[0] >= self._wake_due and not self.clock.virtual:
                return
            self._wake.cancel()
            self._wake = None
        self.idle = False
        if due is None:
            self.idle = self.clock.virtual
            return
        self._wake_due = due[0]
        wait = max(0.0, (due[0] - self.clock.now()) / 1000)
        if wait and (jump := self._jump_in(due[1])) is not None:
            wait = min(wait, jump)
        wait = max(wait, self._held_for())
        self._wake = self._loop.call_later(min(wait, 3600), self._on_wake)

    @property
    def recovers(self) -> bool:
        """Whether it waits after a commit that failed."""
        return self._held_for() > 0

    def _held_for(self) -> float:
        """Seconds until deadlines may fire after a commit that failed."""
        if not self._commits.failures:
            return 0.0
        return max(0.0, self._held_until - self._loop.time())

    def _jump_in(self, deadline: Deadline) -> float | None:
        """Seconds until a virtual clock may jump to a deadline, None if it may not."""
        if not isinstance(self.clock, VirtualClock) or not self.clock.skipping:
            return None
        if self._in_service or self._state.started:
            return None
        if deadline.kind in NOT_SKIPPED:
            self.idle = True
            return None
        quiet = AWAITED_SECONDS if self._state.tasks.awaited() else SETTLE_SECONDS
        return max(0.0, self._last_change + quiet - self._loop.time())

    def _on_wake(self) -> None:
        self._wake = None
        if self._held_for():
            self._arm()
            return
        due = self._state.deadlines.next()
        if due is not None and due[0] > self.clock.now() and self._jump_in(due[1]) == 0:
            self.clock.not_before(due[0])
        for _ in range(_FIRED_AT_ONCE):
            due = self._state.deadlines.next()
            if due is None or due[0] > self.clock.now():
                break
            self._last_change = self._loop.time()
            self._fire(due[1])
            if self._stale:
                return
        self._arm()

    def _fire(self, deadline: Deadline) -> None:
        """Do what is due. What cannot be done is tried again later, and holds up nothing else."""
        self._state.deadlines.discard(deadline)
        try:
            self._work(lambda work: timeouts.fire(work, deadline))
        except Exception as error:
            wait = self._backoff.failed(deadline)
            told = "%s could not be carried out, next try in %g s: %s"
            log.error(told, deadline, wait, error, exc_info=_worth_a_trace(error))  # noqa: TRY400
            self._state.deadlines.set(deadline, self.clock.now() + round(wait * 1000))
        else:
            self._backoff.succeeded(deadline)
        self._dispatch()

    def _invoke_lambda(self, run_number: int, scheduled_id: int) -> None:
        """Call a Lambda task's function once its Started event is on the disk."""
        task = Task("lambda", run_number, scheduled_id)
        self._state.started.add(task)
        self._commits.outcome().add_done_callback(lambda done: self._call_function(task, done))

    def _call_function(self, task: Task, committed: asyncio.Future[None]) -> None:
        if committed.exception() is not None or self._closed:
            return
        work = Work(self._state, self.clock.now())
        run = work.run(task.run)
        sql = "SELECT expires_at FROM lambdas WHERE run = ? AND scheduled_id = ?"
        row = self._database.one(sql, task.run, task.scheduled_id)
        if run is None or row is None:
            self._state.started.discard(task)
            return
        scheduled = work.event(run, task.scheduled_id)
        seconds = (row[0] - work.now) / 1000

        def call() -> None:
            outcome = self.functions.call(scheduled["name"], scheduled.get("input"), seconds)
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                self._loop.call_soon_threadsafe(self._lambda_ended, task, outcome)

        # A daemon thread: a function that takes its time does not keep the process alive.
        threading.Thread(target=call, name="lambda", daemon=True).start()

    def _call_started_lambdas(self) -> None:
        """Call again what was running when the endpoint ended: nobody else would answer."""
        sql = "SELECT run, scheduled_id FROM lambdas WHERE started_id > 0"
        for run_number, scheduled_id in self._database.all(sql):
            self._invoke_lambda(run_number, scheduled_id)

    def _lambda_ended(self, task: Task, outcome: Outcome) -> None:
        if self._closed:
            return
        self._state.started.discard(task)

        def end(work: Work) -> None:
            run = work.run(task.run)
            if run is not None and run.is_open:
                timeouts.end_lambda(work, run, task.scheduled_id, outcome.name, outcome.attributes)

        try:
            self._change(end)
        except Exception as error:
            told = "the outcome of %s could not be written: %s"
            log.error(told, task, error, exc_info=_worth_a_trace(error))  # noqa: TRY400
            self._end_lambda_later(task, outcome)
            return
        self._touch()

        def written(done: asyncio.Future[None]) -> None:
            if done.exception() is not None:
                self._end_lambda_later(task, outcome)

        self._commits.outcome().add_done_callback(written)

    def _end_lambda_later(self, task: Task, outcome: Outcome) -> None:
        self._loop.call_later(RETRY_SECONDS, self._lambda_ended, task, outcome)

    def _recover(self) -> None:
        """A commit failed: what is in memory is ahead of the file."""
        self._stale = True
        wait = min(HELD_SECONDS, seconds_after(self._commits.failures))
        self._held_until = self._loop.time() + wait
        self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        """Take up the file's state after a failed commit; tried until the file can be read."""
        if self._closed:
            return
        try:
            self._refresh()
        except sqlite3.Error:
            log.exception("the file cannot be read")
            self._loop.call_later(RETRY_SECONDS, self._go_on)
            return
        self._dispatch()
        self._arm()

    def _refresh(self) -> None:
        """Bring memory in line with the file, if a failed commit has left it ahead."""
        if self._stale:
            self._rebuild()
            self._stale = False

    def _rebuild(self) -> None:
        recovery.rebuild(self._state, self.clock.now())


def _worth_a_trace(error: Exception) -> Exception | None:
    """The error, unless it is the disk's: that is no mistake of ours, and its words say it all."""
    return None if isinstance(error, sqlite3.Error) else error


def _body(answer: dict[str, Json] | bytes | None) -> bytes:
    if answer is None:
        return b""
    return answer if isinstance(answer, bytes) else dumps(answer)
