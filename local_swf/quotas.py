"""Request rates: SWF's published buckets, off unless asked for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

from local_swf import errors

_API_BUCKETS: dict[tuple[int, int], tuple[str, ...]] = {
    (2000, 200): (
        "PollForActivityTask",
        "PollForDecisionTask",
        "RespondActivityTaskCompleted",
        "RespondActivityTaskFailed",
        "RespondActivityTaskCanceled",
        "RespondDecisionTaskCompleted",
        "StartWorkflowExecution",
    ),
    (2000, 160): ("RecordActivityTaskHeartbeat",),
    (2000, 60): ("GetWorkflowExecutionHistory", "TerminateWorkflowExecution"),
    (2000, 30): ("SignalWorkflowExecution", "RequestCancelWorkflowExecution"),
    (2000, 6): (
        "CountOpenWorkflowExecutions",
        "CountClosedWorkflowExecutions",
        "DescribeActivityType",
        "DescribeWorkflowType",
        "DescribeWorkflowExecution",
    ),
    (200, 60): ("RegisterActivityType", "RegisterWorkflowType"),
    (200, 48): ("ListOpenWorkflowExecutions",),
    (200, 6): (
        "CountPendingActivityTasks",
        "CountPendingDecisionTasks",
        "DeleteActivityType",
        "DeleteWorkflowType",
        "DeprecateActivityType",
        "DeprecateWorkflowType",
        "UndeprecateActivityType",
        "UndeprecateWorkflowType",
        "DescribeDomain",
        "ListActivityTypes",
        "ListWorkflowTypes",
        "ListClosedWorkflowExecutions",
    ),
    (100, 6): ("RegisterDomain", "DeprecateDomain", "UndeprecateDomain", "ListDomains"),
    (50, 30): ("TagResource", "UntagResource", "ListTagsForResource"),
}
_DECISION_BUCKETS = {
    "StartTimer": (2000, 200),
    "ScheduleActivityTask": (1000, 200),
    "SignalExternalWorkflowExecution": (1200, 120),
    "RequestCancelExternalWorkflowExecution": (1200, 120),
    "StartChildWorkflowExecution": (500, 12),
}
_RUN_BUCKETS = {
    "SignalWorkflowExecution": (1000, 1000),
    "RecordActivityTaskHeartbeat": (1000, 1000),
    "GetWorkflowExecutionHistory": (400, 200),
    "RequestCancelWorkflowExecution": (200, 200),
}
OF_ONE = ":run"
"""Ends the name of a quota that each run, or client, has for itself."""

_MOST_LEVELS = 10_000


def published() -> dict[str, tuple[float, float]]:
    """SWF's default quotas: operation or decision to size of the bucket and refill a second.

    Quotas of each single run are those of `<operation>:run`.
    """
    quotas: dict[str, tuple[float, float]] = dict(_DECISION_BUCKETS)
    for bucket, names in _API_BUCKETS.items():
        quotas.update(dict.fromkeys(names, bucket))
    quotas.update({name + OF_ONE: bucket for name, bucket in _RUN_BUCKETS.items()})
    return quotas


class Rates:
    """One bucket of permits for each operation and decision that has a quota."""

    def __init__(self, quotas: Mapping[str, tuple[float, float]], now: Callable[[], int]) -> None:
        self._quotas = quotas
        self._now = now
        self._levels: dict[tuple[str, Hashable], tuple[float, int]] = {}

    def check(self, operation: str) -> None:
        """Take a permit for a request; ThrottlingException when there is none."""
        if self._quotas and not self._take(operation):
            raise errors.throttled()

    def check_one(self, operation: str, one: Hashable) -> None:
        """Take a permit for a request about one run, or of one client, as `check`."""
        if self._quotas and not self._take(operation + OF_ONE, one):
            raise errors.throttled()

    def excess(self, decision: str, cause: str) -> str | None:
        """Take a permit for a decision; answers `cause` when there is none."""
        return cause if self._quotas and not self._take(decision) else None

    def _take(self, name: str, one: Hashable = 0) -> bool:
        quota = self._quotas.get(name)
        if quota is None:
            return True
        size, refill = quota
        now = self._now()
        level, since = self._levels.get((name, one), (size, now))
        level = min(size, level + (now - since) / 1000 * refill)
        enough = level >= 1
        if len(self._levels) >= _MOST_LEVELS:
            self._forget_full(now)
        self._levels[name, one] = (level - 1 if enough else level, now)
        return enough

    def _forget_full(self, now: int) -> None:
        """Let go of the buckets that are full again: runs come and go."""
        self._levels = {
            (name, run): (level, since)
            for (name, run), (level, since) in self._levels.items()
            if level + (now - since) / 1000 * self._quotas[name][1] < self._quotas[name][0]
        }
