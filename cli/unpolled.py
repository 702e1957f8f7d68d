"""Tasks that nothing takes: which task list nobody seems to poll, and the command to start.

SWF says who polls a task list no more than that a task waits in one, so that is what is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from arguments import safe
from starter.executions.status import seconds
from starter.runs import Event, attributes

if TYPE_CHECKING:
    from swf_client import SwfClient
    from workflow_starter import WorkflowStarter

PATIENCE_SECONDS = 5.0  # a task that waits no longer is nothing to tell of
NEWEST_EVENTS = 200  # that are looked at; what waits longer than those has been told before
TASKS = ("DecisionTask", "ActivityTask")


@dataclass(frozen=True)
class Untaken:
    """A task that waits in its list."""

    event_id: int
    """Of the event that scheduled it."""
    step: str | None
    """Its activity; None for a decision task."""
    task_list: str
    since: float
    """Seconds since 1970."""

    def line(self, usual: str, now: float) -> str:
        """What to do about it; `usual` is the task list that workers poll unless told."""
        task = "the decision task" if self.step is None else f"the task of {self.step}"
        script = "decision_worker.py" if self.step is None else "activity_worker.py"
        which = "" if self.task_list == usual else f" --task-list {self.task_list}"
        kind = "a decider" if self.step is None else "an activity worker"
        return safe(
            f"nothing has taken {task} from the task list {self.task_list} for "
            f"{now - self.since:.0f} s; start {kind}, or another where all are busy: "
            f"python {script}{which}"
        )


def untaken(newest_first: Iterator[Event]) -> Iterator[Untaken]:
    """The tasks of one run that wait to be taken, as far as its newest events tell.

    A decision task on a decider's own list is left out: if that decider is gone, it goes to the
    shared list in a few seconds.
    """
    taken: set[int] = set()
    for event in newest_first:
        task, _, what = event["eventType"].partition("Task")
        if f"{task}Task" not in TASKS:
            continue
        facts = attributes(event)
        if "scheduledEventId" in facts:
            taken.add(facts["scheduledEventId"])
        elif what == "Scheduled" and event["eventId"] not in taken:
            own = task == "Decision" and facts.get("scheduleToStartTimeout", "NONE") != "NONE"
            if not own:
                step = facts["activityType"]["name"] if task == "Activity" else None
                since = seconds(event["eventTimestamp"]) or 0.0
                yield Untaken(event["eventId"], step, facts["taskList"]["name"], since)


class Lookout:
    """Looks at an execution now and then, and says of each task once that nothing takes it."""

    def __init__(
        self,
        starter: WorkflowStarter,
        workflow_id: str,
        tell: Callable[[str], object],
        *,
        now: Callable[[], float] | None = None,
    ) -> None:
        """`now` gives seconds since 1970 (default: the clock)."""
        self._starter = starter
        self._workflow_id = workflow_id
        self._tell = tell
        self._now = now or time.time
        self._next = self._now() + PATIENCE_SECONDS
        self._told: set[tuple[str, int]] = set()
        self.run_id = ""
        """Which run to look at, as soon as that is known."""
        self.lines: list[str] = []
        """What waited too long at the last look, told before or not."""

    def look(self) -> None:
        """Look, unless that was done a moment ago."""
        now = self._now()
        if now < self._next or not self.run_id:
            return
        self._next, self.lines = now + PATIENCE_SECONDS, []
        client = self._starter.swf_client
        for task in late(client, self._workflow_id, self.run_id, now):
            self.lines.append(task.line(client.settings.swf_task_list, now))
            if (self.run_id, task.event_id) not in self._told:
                self._told.add((self.run_id, task.event_id))
                self._tell(self.lines[-1])


def late(client: SwfClient, workflow_id: str, run_id: str, now: float) -> list[Untaken]:
    """The tasks of a run that nothing has taken for longer than `PATIENCE_SECONDS`."""
    events = client.history(workflow_id, run_id, reverse=True, page_size=NEWEST_EVENTS)
    found = untaken(islice(events, NEWEST_EVENTS))
    return [task for task in found if now - task.since >= PATIENCE_SECONDS]
