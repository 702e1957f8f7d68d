"""Starting and steering executions: the class `WorkflowStarter`, and the command line's door.

    from workflow_starter import WorkflowStarter

    starter = WorkflowStarter()
    started = starter.start_workflow({"order_id": "ORD-1", "items": ["a"]})
    print(starter.wait(started["workflow_id"], started["run_id"])["state"])

From a shell: `python workflow_starter.py --help`.
"""

from __future__ import annotations

if __name__ == "__main__":
    import dependencies

    dependencies.check()

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import logs
import process
import published
import telemetry
import wire
from config import YEAR_SECONDS, Settings
from errors import InvalidInputError
from runner.simulation import Simulation
from starter import batch, garbage, requests, runs
from starter.batch import BatchResult
from starter.control.operating import Operating
from starter.costs import forecasting
from starter.definitions import checking, simulating
from starter.executions import graphing, history, readings, watching
from starter.executions import status as statuses
from starter.executions.graphing import Picture
from starter.executions.readings import Reading
from starter.executions.status import Status, Summary
from starter.lists import listing
from starter.lists.listing import Filter
from starter.pace import Pace
from starter.runs import Event, Started
from starter.waiting import until
from swf_client import SwfClient
from wire import Json
from workflow import Definition

UNDO_SECONDS = 86_400  # that SWF's time limit leaves a process after its own, to roll back

_log = logs.get("workflow_starter")


class WorkflowStarter(Operating):
    """Starts, follows and steers executions.  No network before the first call.

    Every method raises the errors of `errors`: `SwfError` and its kinds when SWF cannot be
    reached or refuses, `InvalidInputError` for arguments that cannot work.  Where `run_id`
    may be left out, the newest run of the workflow id is meant.
    """

    def __init__(
        self, settings: Settings | None = None, *, swf_client: SwfClient | None = None
    ) -> None:
        self.swf_client = swf_client or SwfClient(settings)
        telemetry.begin("starter", self.swf_client.identity)

    # --- starting ------------------------------------------------------------------------

    def start_workflow(
        self,
        input: Json,  # noqa: A002 - part of the public interface, here and below
        workflow_id: str | None = None,
        tags: Iterable[str] | None = None,
        timeout: int | str | None = None,
        definition: Definition | str | None = None,
    ) -> Started:
        """Start an execution and give its `{"workflow_id", "run_id"}`.

        `input` is any JSON value (an order is an object with `order_id`), of any size.
        `workflow_id` is `workflow-<uuid4>` unless given; `tags` are five at most; `timeout`
        is for the whole execution, in seconds; `definition` is the shipped process unless
        another is given: itself, or the `NAME` or `NAME@VERSION` of a published one.  An id
        that is in use by an open execution raises `ExecutionAlreadyStartedError`.
        """
        chosen_id = requests.checked_workflow_id(workflow_id or requests.new_workflow_id())
        kind = _definition(definition)
        chosen_tags = requests.checked_tags(tags, _own_tags(kind))
        seconds = requests.checked_timeout(timeout) or self._room_for(kind)
        value = requests.checked_input(input)
        requests.checked_for_secrets(value, self.settings, workflow_id=chosen_id)
        self.register_missing(kind)
        start_id = requests.new_start_id()
        run_id = self.swf_client.start_execution(
            workflow_id=chosen_id,
            name=kind.name,
            version=kind.version,
            input=wire.dumps(wire.wrap_start(value, {"start_id": start_id})),
            start_id=start_id,
            tags=tuple(chosen_tags),
            execution_timeout=seconds,
            lambda_role=requests.checked_role(self.swf_client.settings, kind),
        )
        fields = self._log_fields(chosen_id, run_id)
        _log.info(f"Started workflow: {chosen_id} (run {run_id})", **fields)
        return Started(workflow_id=chosen_id, run_id=run_id)

    def start_batch(
        self,
        orders: Iterable[Json],
        *,
        tags: Iterable[str] | None = None,
        timeout: int | str | None = None,
        on_result: Callable[[BatchResult], None] | None = None,
    ) -> list[BatchResult]:
        """Start one execution for each order, within SWF's request rates.

        Gives, in the orders' order, `{"index", "workflow_id", "run_id", "error",
        "error_type"}`: an order that cannot be started has an `error` and does not stop the
        others, unless none can be started (no engine, no credentials, no registration).
        `on_result` hears each result as it comes, from this thread.
        """
        shared_tags = requests.checked_tags(tags)

        def start(order: Json) -> Started:
            return self.start_workflow(order, tags=shared_tags, timeout=timeout)

        pace = Pace(batch.STARTS_PER_SECOND, batch.STARTS_AT_ONCE)
        return batch.Batch(start, pace, on_result).run(orders)

    # --- looking -------------------------------------------------------------------------

    def status(self, workflow_id: str, run_id: str | None = None) -> Status:
        """Where an execution stands, as JSON values (`starter.executions.status.Status`)."""
        return statuses.status(self.swf_client, workflow_id, self._run(workflow_id, run_id))

    def describe(self, workflow_id: str, run_id: str | None = None) -> dict[str, Any]:
        """SWF's own description of a run (DescribeWorkflowExecution)."""
        return self.swf_client.describe(workflow_id, self._run(workflow_id, run_id))

    def list_workflows(
        self, wanted: Filter | None = None, *, limit: int | None = 100
    ) -> list[Summary]:
        """Executions that pass a `starter.lists.listing.Filter`, open ones first, newest first."""
        return listing.executions(self.swf_client, wanted or Filter(), limit)

    def get_workflow_history(
        self,
        workflow_id: str,
        run_id: str | None = None,
        *,
        chain: bool = False,
        progress: Callable[[int], object] = lambda _: None,
    ) -> list[Event]:
        """Every event of exactly that run, oldest first, in SWF's own shape.

        `workflowExecutionStartedEventAttributes.input` is the caller's JSON text and
        `activityTaskCompletedEventAttributes.result` the activity's.  With `chain`, the
        events of all runs that continue one another, oldest run first; event ids begin
        again at 1 with each run.  `progress` hears how many have been read.
        """
        client, own = self.swf_client, self._run(workflow_id, run_id)
        events = []
        for run in runs.chain(client, workflow_id, own) if chain else [own]:
            for event in client.history(workflow_id, run):
                events.append(history.plain(client, event))
                progress(len(events))
        return events

    def read(self, workflow_id: str, run_id: str | None = None) -> Reading:
        """All that the history of a run tells, as data: states, attempts, times, who did what.

        `refresh` of what this gives reads on, where the run is open.
        """
        reading = Reading(self.swf_client, workflow_id, self._run(workflow_id, run_id))
        reading.refresh()
        return reading

    def start_envelope(self, workflow_id: str, run_id: str) -> dict[str, Json]:
        """What the start of a run carried beside the caller's input (docs/ARCHITECTURE.md)."""
        first = self.swf_client.first_event(workflow_id, run_id)
        return wire.unwrap_start(wire.loads(runs.attributes(first).get("input")))[1]

    def follow(
        self, workflow_id: str, run_id: str | None = None, *, after: int = 0
    ) -> Iterator[Event]:
        """The events of a run past event id `after`, as they happen, until the run closes."""
        chosen = self._run(workflow_id, run_id)
        for event in self.swf_client.follow(workflow_id, chosen, after=after):
            yield history.plain(self.swf_client, event)

    def wait(
        self, workflow_id: str, run_id: str | None = None, timeout: float | None = None
    ) -> Status:
        """The status of the execution once it closed, or after `timeout` seconds.

        Where SWF continues the run as new, the newer run is waited for.  `closed_at` is None
        when the time was up first.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        chosen = self._run(workflow_id, run_id)
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            until(partial(self._closing, workflow_id, chosen), left, self._rhythm)
            found = statuses.status(self.swf_client, workflow_id, chosen)
            if not found["next_run_id"]:
                return found
            chosen = found["next_run_id"]

    def watch(
        self,
        workflow_id: str,
        run_id: str | None = None,
        interval: float = 5,
        *,
        before_pause: Callable[[], object] = lambda: None,
    ) -> Iterator[Status]:
        """The status now and after each change, looked for every `interval` seconds.

        Ends with the status of the closed execution.  `before_pause` is called ahead of each
        wait for the next look.
        """
        chosen = self._run(workflow_id, run_id)
        seconds = _checked_interval(interval)

        def pause() -> None:
            before_pause()
            time.sleep(seconds)

        return watching.watch(self.swf_client, workflow_id, chosen, pause)

    def monitor(
        self,
        workflow_id: str,
        run_id: str | None = None,
        interval: float = 5,
        *,
        show: Callable[[str], object] = print,
    ) -> Status:
        """Show one line at each change until the execution closes; gives its last status.

        `interval` is in seconds.  `watch` gives the same as data.
        """
        for current in self.watch(workflow_id, run_id, interval):
            show(statuses.line(current))
        return current

    # --- pictures ------------------------------------------------------------------------

    def graph(
        self,
        workflow_id: str,
        run_id: str | None = None,
        *,
        format: str = "svg",  # noqa: A002
    ) -> str:
        """A picture of what an execution has done: its definition, coloured by outcomes.

        `format` is `svg` or `mermaid`.  Earlier runs of the same chain count; the newest visit of
        a state decides its colour.  `DefinitionError` where the definition is not here.
        """
        return _picture(self.read(workflow_id, run_id)).drawn(format)

    def graph_definition(
        self,
        definition: Definition | str | None = None,
        *,
        format: str = "svg",  # noqa: A002
    ) -> str:
        """A picture of a definition."""
        return graphing.of_definition(_definition(definition)).drawn(format)

    def graph_history(self, document: Json, *, format: str = "svg") -> str:  # noqa: A002
        """The picture of an execution whose history was saved, as `history --json` prints it."""
        return _picture(readings.of_saved(self.swf_client, document)).drawn(format)

    # --- knowing before doing ------------------------------------------------------------

    def check_open_workflows(
        self,
        *,
        definition: str | None = None,
        code: bool = False,
        progress: Callable[[int], object] = lambda _: None,
    ) -> checking.Report:
        """Which open executions would be decided otherwise under the definitions on disk.

        Each is checked under the definition that deciders here would use; with `code` under what
        `process.py` has of its type; with `definition`, `NAME[@VERSION]`, those of every version
        of that name under that one.  `progress` hears how many have been checked.
        """
        find = checking.definitions(definition, code=code)
        name = None if definition is None else definition.partition("@")[0]
        return checking.open_executions(self.swf_client, find, type_name=name, progress=progress)

    def check_histories(
        self, documents: Iterable[Json], *, definition: str | None = None, code: bool = False
    ) -> checking.Report:
        """The same for saved histories, as `history --json` prints them."""
        find = checking.definitions(definition, code=code)
        return checking.saved(self.swf_client, find, documents)

    def forecast_definition(
        self,
        definition: Definition | str | None = None,
        assumed: forecasting.Assumed | None = None,
        *,
        input: Json = None,  # noqa: A002
    ) -> forecasting.Forecast:
        """What one execution of a definition costs, and how near it comes to every limit.

        Events, API calls, billed units and dollars, as `starter.costs.forecasting.Forecast` has
        them, for the longest way through the definition; `assumed` says what is taken for granted.
        """
        chosen = forecasting.checked(assumed or forecasting.Assumed())
        value = requests.checked_input({} if input is None else input)
        return forecasting.of_definition(self.settings, _definition(definition), chosen, value)

    def forecast_workflow(
        self,
        workflow_id: str,
        run_id: str | None = None,
        assumed: forecasting.Assumed | None = None,
    ) -> forecasting.Forecast:
        """The same for an execution: what happened so far, and what is left if all goes well."""
        chosen = forecasting.checked(assumed or forecasting.Assumed())
        run = self._run(workflow_id, run_id)
        return forecasting.of_execution(self.swf_client, workflow_id, run, chosen)

    def simulate(
        self,
        input: Json = None,  # noqa: A002
        plan: Json = None,
        *,
        definition: Definition | str | None = None,
        timeout: int | str | None = None,
        start: float | None = None,
    ) -> Simulation:
        """Run a definition on a virtual clock; nothing is started and nothing asked of SWF.

        `plan` is `{"steps": {STEP: OUTCOME or list}, "signals": [...]}`, as
        `runner.simulation.plan_of` describes it; `start` is in seconds since 1970 (default: now).
        """
        return simulating.simulation(
            self.settings,
            _definition(definition),
            requests.checked_input({} if input is None else input),
            {} if plan is None else plan,
            timeout=requests.checked_timeout(timeout),
            start=start,
        )

    # --- keeping house -------------------------------------------------------------------

    def collect_garbage(
        self,
        *,
        older_than_days: float = 1.0,
        dry_run: bool = False,
        progress: Callable[[int], object] = lambda _: None,
    ) -> garbage.Collected:
        """Remove stored payloads that no history names which the engine still keeps.

        Gives `{"dry_run", "runs", "stored", "named", "young", "removed", "bytes"}`.  What was
        stored less than `older_than_days` ago stays: its start or result may be on its way.
        `progress` hears how many histories have been read.
        """
        return garbage.collect(self.swf_client, older_than_days, dry_run=dry_run, progress=progress)

    # --- helpers -------------------------------------------------------------------------

    def _room_for(self, kind: Definition) -> str | None:
        """SWF's own time limit: later than the process's, which needs time to undo."""
        if kind.deadline is None:
            return None
        usual = int(self.settings.workflow_execution_timeout)
        return str(min(max(usual, kind.deadline + UNDO_SECONDS), YEAR_SECONDS))

    def register_missing(self, definition: Definition | None = None) -> None:
        """Register domain and types that are missing, on the local engine; others have `setup.py`.

        Those of the shipped process, unless another definition is given.
        """
        if self.settings.swf_endpoint == "local":
            from setup import ensure_registered  # noqa: PLC0415 - only this engine needs it

            ensure_registered(self.swf_client, definition or process.shipped())

    def _closing(self, workflow_id: str, run_id: str) -> Event | None:
        last = runs.last_event(self.swf_client, workflow_id, run_id)
        return last if last["eventType"] in runs.CLOSINGS else None


def _picture(reading: Reading) -> Picture:
    """What a run did; where that cannot be told, the error that says why."""
    if reading.lacks is not None:
        raise reading.lacks
    found = reading.picture(time.time())
    if found is None:
        raise InvalidInputError("this history cannot be drawn")
    return found


def _definition(wanted: Definition | str | None) -> Definition:
    """The process to start: the shipped one, a published one by name, or the one given."""
    if isinstance(wanted, str):
        return published.named(wanted)
    return wanted or process.shipped()


def _own_tags(kind: Definition) -> tuple[str, ...]:
    return (listing.PERSON_TAG,) if kind.waits_for_people else ()


def _checked_interval(interval: float) -> float:
    if not 0 < interval <= 3600:
        raise InvalidInputError(f"interval {interval}: seconds above 0 and up to 3600")
    return interval


if __name__ == "__main__":
    from cli import main

    sys.exit(main())
