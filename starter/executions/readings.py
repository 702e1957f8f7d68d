"""One run of an execution as far as its history was read, and what that tells.

Everything is taken from events: an execution that was saved in a file tells the same as one that
an engine keeps, and no Describe is spent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import wire
from errors import BusinessProcessError, UnknownExecutionError
from starter import runs
from starter.costs import forecasting
from starter.costs.forecasting import Assumed, Forecast
from starter.definitions import checking
from starter.executions import auditing, graphing, history, replays, timeline
from starter.executions.auditing import Entry
from starter.executions.graphing import Picture
from starter.executions.happenings import DECISION_TASK, Happening, happenings
from starter.executions.scenes import LAST_EVENTS, Scene, rows
from starter.executions.sightings import Traces, untraced
from starter.executions.status import Status, advanced, told_by
from starter.executions.timeline import Bar
from starter.runs import Event, attributes
from swf.events import decoded_for_core
from swf_client import SwfClient
from wire import Json
from workflow import Definition, Execution

EARLIER_RUNS = 20  # of a chain that are read for attempts and times, at most
EARLIER_EVENTS = 30_000  # of those runs, after which no further one is read
FOLDED_ANEW = 2_000  # events of a run that may be folded again for each look
PAGE = 100  # events that a look asks for; more than one interval usually brings


class Reading:
    """The history of one run as far as it was read.  Not safe for many threads."""

    def __init__(
        self,
        client: SwfClient,
        workflow_id: str,
        run_id: str,
        earlier: list[list[Event]] | None = None,
    ) -> None:
        """Make one that has read nothing; `earlier` are the runs before it, newest first.

        Without them those are read from the engine when they are needed.
        """
        self.client = client
        self.workflow_id, self.run_id = workflow_id, run_id
        self.events: list[Event] = []
        """As the core reads them: references in inputs and results are not resolved."""
        self.execution: Execution | None = None
        """None where the definition, or what the core has to read, is not here."""
        self.definition: Definition | None = None
        self._earlier = earlier
        self._status: Status | None = None
        self.lacks: BusinessProcessError | None = None
        """Why nothing is told of its states: no definition here, no key, no store."""
        self._traces, self._traced, self._opened = Traces(), 0, dict[int, int]()
        self._traced_before = False
        self._spans: timeline.Spans | None = None
        self._spanned = 0

    # --- reading -------------------------------------------------------------------------

    @property
    def last_event_id(self) -> int:
        """The newest event that was read; 0 before the first."""
        return int(self.events[-1]["eventId"]) if self.events else 0

    @property
    def closed(self) -> bool:
        """Whether its last event was read."""
        return bool(self.events) and self.events[-1]["eventType"] in runs.CLOSINGS

    def refresh(self, progress: Callable[[int], object] = lambda _: None) -> bool:
        """Read what is new; whether there was anything.

        `progress` hears how many events of the first read have come.  Raises
        `UnknownExecutionError` where the engine has no such run.
        """
        if self.closed:
            return False
        news = self._newer() if self.events else self._whole(progress)
        self.take(news)
        return bool(news)

    def _whole(self, progress: Callable[[int], object]) -> list[Event]:
        found: list[Event] = []
        try:
            for event in self.client.history(self.workflow_id, self.run_id):
                found.append(event)
                if len(found) % 1000 == 0:
                    progress(len(found))
        except UnknownExecutionError:
            raise runs.unknown(self.client, self.workflow_id, self.run_id) from None
        return found

    def _newer(self) -> list[Event]:
        news = []
        newest_first = self.client.history(
            self.workflow_id, self.run_id, reverse=True, page_size=PAGE
        )
        for event in newest_first:
            if event["eventId"] <= self.last_event_id:
                break
            news.append(event)
        return news[::-1]

    def take(self, news: Iterable[Event]) -> None:
        """Take further events, oldest first."""
        decoded = self._decoded(list(news))
        if not decoded:
            return
        known = self._foldable(len(self.events))
        self.events += decoded
        self._status = self._status or told_by(self.events[0], self.workflow_id, self.run_id)
        self._status = advanced(self.client, self._status, reversed(decoded))
        try:
            self._fold(known)
        except BusinessProcessError as error:
            self._give_up(error)

    def _foldable(self, count: int) -> int:
        """How many of the first events can be folded for good.

        What came during a decision counts after it (`workflow.history.in_order`).
        """
        for index in range(count - 1, -1, -1):
            kind = self.events[index]["eventType"]
            if kind.startswith(DECISION_TASK) and not kind.endswith("Scheduled"):
                return index if kind == "DecisionTaskStarted" else count
        return count

    def _decoded(self, events: list[Event]) -> list[Event]:
        """Events as the core reads them; as they are where that cannot be."""
        try:
            return [decoded_for_core(event, self.client.payloads) for event in events]
        except BusinessProcessError as error:  # sealed under a key that is not here, say
            self._give_up(error)
            return events

    def _give_up(self, why: BusinessProcessError) -> None:
        """Tell no more of the states: the status has to do."""
        self.lacks, self.execution = why, None

    def _fold(self, known: int) -> None:
        """Bring the execution up to date; so many events are folded for good.

        A long history is not folded anew for what comes while a decision is being made.
        """
        if self.lacks is not None:
            return
        if self.definition is None:
            self.definition = replays.needed_definition(attributes(self.events[0]))
        end = len(self.events)
        if end > FOLDED_ANEW:
            end = self._foldable(end)
        if self.execution is None or self.execution.event_id > known:
            self.execution = replays.begun(
                self.client, self.definition, self.workflow_id, self.run_id
            )
        self.execution.apply(self.events[self.execution.event_id : end])

    # --- telling -------------------------------------------------------------------------

    def status(self) -> Status:
        """Where the run stands."""
        if self._status is None:
            raise LookupError("nothing was read yet")
        return self._status

    def scene(self, now: float, status: Status | None = None) -> Scene:
        """How it stands, at a moment; `status` may know more than events do."""
        status = status or self.status()
        told = self._told(self.events[-10 * LAST_EVENTS :])
        last = tuple(item for item in told if not item.kind.startswith(DECISION_TASK))
        last = last[-LAST_EVENTS:]
        if self.execution is None:
            return Scene(status, (), last, status["started_at"])
        begun = self.execution.state.begun or status["started_at"]
        return Scene(status, rows(self.execution, self.traces(), now), last, begun)

    def happenings(self) -> list[Happening]:
        """The events in words, oldest first."""
        return self._told(self.events)

    def _told(self, events: list[Event]) -> list[Happening]:
        visits = {} if self.execution is None else self.execution.state.visits
        return list(happenings(events, visits))

    def picture(self, now: float) -> Picture | None:
        """Its definition, coloured by what happened; None where that cannot be told."""
        if self.execution is None:
            return None
        last = self.events[-1]
        return graphing.of_execution(self.execution, self.traces(), self.workflow_id, last, now)

    def timeline(self, now: float) -> list[Bar]:
        """Its visits with their attempts and waits, those of earlier runs included."""
        if self.execution is None:
            return []
        if self._spans is None:
            self._spans = timeline.Spans()
            for events in reversed(self.earlier()):
                self._spans.begin()
                self._spans.take(events)
            self._spans.begin()
        self._spans.take(self.events[self._spanned :])
        self._spanned = len(self.events)
        return timeline.bars(self.execution, self._spans, now)

    def audit(self) -> list[Entry]:
        """Who did what to it and to the runs that it continues, oldest first."""
        if self.lacks is not None:
            return auditing.asked(self.events, self.run_id)
        return auditing.of_runs(self.client, self.workflow_id, self.chain())

    def forecast(self, assumed: Assumed) -> Forecast:
        """What it has cost, with the runs that it continues, and will.

        Raises what `lacks` says, where there is something.
        """
        if self.lacks is not None:
            raise self.lacks
        histories = [events for _, events in self.chain()]
        return forecasting.of_runs(self.client, self.workflow_id, self.run_id, histories, assumed)

    def chain(self) -> list[tuple[str, list[Event]]]:
        """Run id and events of the runs that it continues, as far as they are here, and its own.

        Oldest run first.
        """
        found = [(self.run_id, self.events)]
        for events in self.earlier():
            found.append((runs.origin_of(found[-1][1][0], "").previous_run_id or "", events))
        return found[::-1]

    def saved(self) -> dict[str, Json]:
        """The run as a file keeps it: what `history --json` prints, and `of_saved` reads."""
        first = attributes(self.events[0])
        envelope = wire.unwrap_start(wire.loads(first.get("input")))[1]
        return {
            "workflow_id": self.workflow_id,
            "run_id": self.run_id,
            "type": first["workflowType"],
            "events": [history.plain(self.client, event) for event in self.events],
            "envelope": envelope,
        }

    def resolved(self, value: Json) -> Json:
        """A value with what is kept elsewhere in its place; as it is where that cannot be had."""
        text = wire.dumps(value)
        if wire.REFERENCE not in text:
            return value
        try:
            return wire.loads(self.client.payloads.expand_deep(text))
        except BusinessProcessError:
            return value

    def traces(self) -> Traces:
        """What the events tell; those of earlier runs too, where they are needed for that."""
        self._traces.take(self.events[self._traced :], self._opened)
        self._traced = len(self.events)
        needed = self.execution is not None and untraced(self.execution, self._traces)
        if needed and not self._traced_before:
            self._traced_before = True
            for events in self.earlier():
                self._traces.take(events)
        return self._traces

    def earlier(self) -> list[list[Event]]:
        """The events of the runs that it continues, newest run first."""
        if self._earlier is None:
            self._earlier = list(_before(self.client, self.workflow_id, self.events[0]))
        return self._earlier


def of_saved(client: SwfClient, document: Json) -> Reading:
    """The execution whose history was saved, as `history --json` prints it: its last run.

    `InvalidInputError` for what is no such document.
    """
    *earlier, last = checking.saved_runs(document)
    before = [[decoded_for_core(e, client.payloads) for e in run.events] for run in earlier]
    reading = Reading(client, last.workflow_id, last.run_id, before[::-1])
    reading.take(last.events)
    return reading


def _before(client: SwfClient, workflow_id: str, first: Event) -> Iterator[list[Event]]:
    read = 0
    for _ in range(EARLIER_RUNS):
        previous = runs.origin_of(first, "").previous_run_id
        if previous is None or read > EARLIER_EVENTS:
            return
        try:
            events = replays.events_of(client, workflow_id, previous)
        except BusinessProcessError:
            return  # retention has removed it, or it cannot be read here
        yield events
        read += len(events)
        first = events[0]
