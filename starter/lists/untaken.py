"""Tasks of one execution that wait to be taken, as far as its newest events tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from arguments import safe
from starter.executions.status import seconds
from starter.runs import Event, attributes

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


def untaken(newest_first: Iterable[Event]) -> Iterator[Untaken]:
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
