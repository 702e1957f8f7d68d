"""What a list of executions is asked for, and which part of it SWF can answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from starter.executions.status import Status
from starter.runs import CLOSINGS
from swf.lists import CLOSED, OPEN, Wanted

ENDS = tuple(CLOSINGS.values())
"""Close statuses of SWF."""

BOTH = "ANY"
"""Open and closed."""

WAITING = "WAITING"
"""Waits for somebody: for a signal, a task token, or an operator where a step failed."""

TOLD = (
    "RUNNING",
    "RETRYING",
    "PAUSED",
    WAITING,
    "ROLLING_BACK",
    "COMPENSATING",
    "BLOCKED",
)
"""States of open executions that deciders tell; SWF has no filter for them."""

_PARTS = re.compile(r"[.\[\]]+")


@dataclass(frozen=True)
class Query:
    """What a list shows.  Everything given must hold; empty means whatever."""

    state: str = ""
    """`OPEN`, `CLOSED`, a close status of SWF, or one of `TOLD`."""
    workflow_id: str = ""
    type: str = ""
    """`NAME` or `NAME@VERSION`."""
    tag: str = ""
    since: datetime | None = None
    """Started at or after this moment."""
    until: datetime | None = None
    step: str = ""
    """Is at this step, failed there, or ended there; a path or a part of one."""
    text: str = ""
    """Stands in its ids, type, tags, input, reason, error or result."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Which of SWF's two lists are asked: the open runs come first."""
        if self.state in ("OPEN", *TOLD):
            return (OPEN,)
        if self.state in ("CLOSED", *ENDS):
            return (CLOSED,)
        return (OPEN, CLOSED)

    @property
    def is_scan(self) -> bool:
        """Whether runs have to be looked at one by one."""
        return bool(self.step or self.text) or self.state in TOLD

    def wanted(self) -> Wanted:
        """What lists can tell."""
        name, _, version = self.type.partition("@")
        return Wanted(
            workflow_id=self.workflow_id or None,
            tag=self.tag or None,
            type_name=name or None,
            version=version or None,
            status=self.state if self.state in ENDS else None,
            since=self.since,
            until=self.until,
        )

    def holds(self, status: Status) -> bool:
        """Whether state and step are those that are asked for."""
        if self.state in TOLD and not is_in(status, self.state):
            return False
        return not self.step or any(_is_at(path, self.step) for path in places_of(status))


def is_in(status: Status, state: str) -> bool:
    """Whether an open execution is in a state of `TOLD`."""
    if status["closed_at"] is not None:
        return False
    if state == WAITING:
        return bool(status["waits_for"] or status["failed"])
    return status["state"] == state


def places_of(status: Status) -> list[str]:
    """Paths of the steps that a run is at; of a closed one, of the step that it ended at."""
    where = [step_of(status), *(status["places"] or ())]
    told = [*(status["waits_for"] or ()), *(status["failed"] or ())]
    return [str(path) for path in [*where, *(item.get("path") for item in told)] if path]


def step_of(status: Status) -> str | None:
    """The step in hand; of a failed execution the one that failed."""
    details = status["details"]
    if status["closed_at"] is not None and isinstance(details, dict):
        return details.get("failed_activity") or details.get("at") or status["step"]
    return status["step"]


def _is_at(path: str, wanted: str) -> bool:
    return path == wanted or wanted in _PARTS.split(path)
