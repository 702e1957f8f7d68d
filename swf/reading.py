"""Reading what happened: descriptions, and histories as they are and as they grow."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from errors import PayloadError
from payloads.texts import references_in
from swf import events as swf_events
from swf.lists import SwfLists
from wire import Json

NEARBY_INTERVAL = 0.005  # seconds between looks while events come
AWS_INTERVAL = 0.05  # SWF grants 60 history reads a second to an account
GROWTH = 1.5  # of the interval, with each look that finds nothing
FIRST_LOOK_EVENTS = 20  # the size of the first page, newest first; enough for most looks


class SwfReading(SwfLists):
    """Histories, descriptions and lists.  Nothing here changes anything."""

    def describe(self, workflow_id: str, run_id: str) -> dict[str, Json]:
        """What SWF knows of a run (DescribeWorkflowExecution); 6 calls a second on AWS.

        `latestExecutionContext` is readable, where it can be read at all.  Raises
        `UnknownExecutionError`.
        """
        found = self._call("describe_workflow_execution", self._run(workflow_id, run_id))
        if "latestExecutionContext" in found:
            with contextlib.suppress(PayloadError):
                context = self.payloads.expand(found["latestExecutionContext"])
                found["latestExecutionContext"] = context
        return found

    def history(
        self, workflow_id: str, run_id: str, *, reverse: bool = False, page_size: int = 1000
    ) -> Iterator[dict[str, Json]]:
        """A run's events in SWF's own shape, page after page as they are taken.

        Sealed texts are opened, references stay as they are: see `decode_event`.  Raises
        `UnknownExecutionError`.
        """
        for event in self._raw_history(workflow_id, run_id, reverse=reverse, page_size=page_size):
            yield swf_events.opened(event, self.payloads)

    def _raw_history(
        self, workflow_id: str, run_id: str, *, reverse: bool = False, page_size: int = 1000
    ) -> Iterator[dict[str, Json]]:
        members = {
            **self._run(workflow_id, run_id),
            "maximumPageSize": page_size,
            "reverseOrder": reverse,
        }
        return self._paged("get_workflow_execution_history", members, "events")

    def history_for_core(self, workflow_id: str, run_id: str) -> Iterator[dict[str, Json]]:
        """A run's events as `poll_decision_task` gives them: what the core reads is resolved.

        Raises `PayloadError` and its kinds where that cannot be done, `UnknownExecutionError`.
        """
        for event in self._raw_history(workflow_id, run_id):
            yield swf_events.decoded_for_core(event, self.payloads)

    def first_event(self, workflow_id: str, run_id: str) -> dict[str, Json]:
        """A run's WorkflowExecutionStarted, the envelope in its input readable.

        Raises `PayloadError` and its kinds where it is not, `UnknownExecutionError`.
        """
        first = next(self._raw_history(workflow_id, run_id, page_size=1))
        found: dict[str, Json] = swf_events.with_envelope(first, self.payloads)
        return found

    def references(self, workflow_id: str, run_id: str) -> Iterator[Json]:
        """Every reference that a run's history holds, sealed or not, in the order of events.

        What they stand for may hold more.  Raises `PayloadKeyError` where a text is sealed
        under a key that is not here, `UnknownExecutionError`.
        """
        for event in self._raw_history(workflow_id, run_id):
            yield from references_in(swf_events.open_text(event, self.payloads))

    def follow(
        self,
        workflow_id: str,
        run_id: str,
        *,
        after: int = 0,
        shortest_interval: float | None = None,
        longest_interval: float = 1.0,
    ) -> Iterator[dict[str, Json]]:
        """A run's events after event id `after`, as they come, until the run closes.

        Between looks it waits `shortest_interval` seconds (5 ms near by, 50 ms on AWS), longer
        and longer while nothing comes, up to `longest_interval`.  `stop()` ends it.
        """
        usual = NEARBY_INTERVAL if self._connection.is_nearby else AWS_INTERVAL
        shortest = usual if shortest_interval is None else shortest_interval
        interval = shortest
        while True:
            news = self._after(workflow_id, run_id, after)
            for event in news:
                yield event
                if event["eventType"] in swf_events.CLOSING:
                    return
            after = news[-1]["eventId"] if news else after
            interval = shortest if news else min(interval * GROWTH, longest_interval)
            if self._connection.stopping.wait(interval):
                return

    def _after(self, workflow_id: str, run_id: str, after: int) -> list[dict[str, Json]]:
        """All events after an event id, oldest first, read from the end."""
        if after == 0:
            return list(self.history(workflow_id, run_id))
        news = []
        for event in self.history(workflow_id, run_id, reverse=True, page_size=FIRST_LOOK_EVENTS):
            if event["eventId"] <= after:
                break
            news.append(event)
        return news[::-1]

    def decode_event(self, event: dict[str, Json]) -> dict[str, Json]:
        """A copy of an event with every reference in its input, result or details resolved.

        What cannot be found stays a reference, with an error in the log.  Raises
        `PayloadStoreError` where the store is away.
        """
        decoded: dict[str, Json] = swf_events.decoded(event, self.payloads)
        return decoded

    def _run(self, workflow_id: str, run_id: str) -> dict[str, Json]:
        return {"domain": self.domain, "execution": {"workflowId": workflow_id, "runId": run_id}}
