"""Tasks that nothing takes: which task list nobody seems to poll, and the command to start.

SWF says who polls a task list no more than that a task waits in one, so that is what is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING

from starter.lists.untaken import Untaken, untaken

if TYPE_CHECKING:
    from swf_client import SwfClient
    from workflow_starter import WorkflowStarter

PATIENCE_SECONDS = 5.0  # a task that waits no longer is nothing to tell of
NEWEST_EVENTS = 200  # that are looked at; what waits longer than those has been told before


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
