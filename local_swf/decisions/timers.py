"""StartTimer, CancelTimer and RecordMarker."""

from __future__ import annotations

from local_swf.deadlines import TIMER, Deadline
from local_swf.decisions.batch import Args, Batch


def start(batch: Batch, given: Args) -> None:
    """Set a timer; 0 seconds is legal and wakes the decider at once."""
    cause = _cause(batch, given["timerId"])
    if cause is not None:
        batch.fail("StartTimerFailed", cause, {"timerId": given["timerId"]})
        return
    started_id = batch.append(
        "TimerStarted",
        {
            "control": given.get("control"),
            "startToFireTimeout": given["startToFireTimeout"],
            "timerId": given["timerId"],
        },
    )
    fire_at = batch.work.now + int(given["startToFireTimeout"]) * 1000
    batch.work.database.execute(
        "INSERT INTO timers VALUES (?, ?, ?, ?)",
        (batch.run.id, started_id, given["timerId"], fire_at),
    )
    batch.run.open_timers += 1
    batch.work.set_deadline(Deadline(TIMER, batch.run.id, started_id), fire_at)


def _cause(batch: Batch, timer_id: str) -> str | None:
    if _find(batch, timer_id) is not None:
        return "TIMER_ID_ALREADY_IN_USE"
    if batch.run.open_timers >= batch.work.limits.open_timers:
        return "OPEN_TIMERS_LIMIT_EXCEEDED"
    return batch.work.state.rates.excess("StartTimer", "TIMER_CREATION_RATE_EXCEEDED")


def _find(batch: Batch, timer_id: str) -> int | None:
    row = batch.work.database.one(
        "SELECT started_id FROM timers WHERE run = ? AND timer_id = ?", batch.run.id, timer_id
    )
    return row[0] if row else None


def cancel(batch: Batch, given: Args) -> None:
    """Drop an open timer."""
    started_id = _find(batch, given["timerId"])
    if started_id is None:
        batch.fail("CancelTimerFailed", "TIMER_ID_UNKNOWN", {"timerId": given["timerId"]})
        return
    batch.append("TimerCanceled", {"startedEventId": started_id, "timerId": given["timerId"]})
    batch.work.database.execute(
        "DELETE FROM timers WHERE run = ? AND started_id = ?", (batch.run.id, started_id)
    )
    batch.run.open_timers -= 1
    batch.work.set_deadline(Deadline(TIMER, batch.run.id, started_id), None)


def record_marker(batch: Batch, given: Args) -> None:
    """Write a marker."""
    marker = {"details": given.get("details"), "markerName": given["markerName"]}
    batch.append("MarkerRecorded", marker)
