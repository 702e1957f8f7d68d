"""Telemetry that is on: what is told becomes spans and measurements of OpenTelemetry."""

from __future__ import annotations

import functools
import re
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec

from opentelemetry import context as contexts
from opentelemetry import metrics, trace
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

import logs
from telemetry import ids, names, pulse
from telemetry.census import Census
from telemetry.folding import Attempt, Fold, News, Run, Step
from telemetry.ids import ChosenIds
from telemetry.loops import LoopPulse
from telemetry.recorder import Decided, Event, Recorder, Task
from wire import loads

SCOPE = "business-process"
SAMPLED = TraceFlags(TraceFlags.SAMPLED)
P = ParamSpec("P")

_log = logs.get("telemetry")
_complained: set[str] = set()


def harmless(method: Callable[P, None]) -> Callable[P, None]:
    """Have a method log its first failure, and swallow all: telemetry never fails work."""

    @functools.wraps(method)
    def guarded(*arguments: P.args, **named: P.kwargs) -> None:
        try:
            method(*arguments, **named)
        except Exception as error:  # noqa: BLE001 - whatever an SDK, exporter or bug raises
            _complain(method.__name__, error)

    return guarded


def _complain(what: str, error: Exception) -> None:
    again = f"{what} {type(error).__name__}" in _complained
    _complained.add(f"{what} {type(error).__name__}")
    (_log.debug if again else _log.warning)(f"Telemetry fails, work goes on: {error}", at=what)


class Reporting(Recorder):
    """Reports to the providers it is given; either may be missing."""

    def __init__(
        self,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        self._spans = None if tracer_provider is None else Spans(tracer_provider)
        self._meters = None if meter_provider is None else Meters(meter_provider)
        # As long as the decider remembers an execution, and no longer.
        self._folds: weakref.WeakKeyDictionary[object, Fold] = weakref.WeakKeyDictionary()

    @harmless
    def started(
        self, start_id: str, workflow_id: str, run_id: str, kind: tuple[str, str], begun: float
    ) -> None:
        """A span of whoever started it, in the trace of the execution."""
        if self._spans is None:
            return
        own = trace.get_current_span().get_span_context()
        self._spans.write(
            Written(
                f"Start {kind[0]}",
                ids.trace_id(start_id),
                parent=ids.run_span(run_id),
                begun=begun,
                ended=time.time(),
                kind=SpanKind.PRODUCER,
                attributes={**_execution(workflow_id, run_id), **_process(*kind)},
                links=(Link(own),) if own.is_valid else (),
            )
        )

    @harmless
    def folded(self, execution: object, events: Iterable[Event]) -> None:
        """Have the execution's fold take them in."""
        fold = self._folds.get(execution)
        if fold is None:
            fold = self._folds[execution] = Fold()
        fold.apply(events)

    def deciding(self, execution: object, outcome: Callable[[int], str]) -> object:
        """The news, and the fold that they are of."""
        try:
            fold = self._folds.get(execution)
            return None if fold is None else (fold, fold.news(outcome))
        except Exception as error:  # noqa: BLE001 - see `harmless`
            _complain("deciding", error)
            return None

    @harmless
    def decided(self, news: object, answer: Decided) -> None:
        """Tell the news, and the run's end where this decision ends it."""
        if not isinstance(news, tuple):
            return
        if self._meters is not None:
            self._meters.decided(news[1], answer)
        if self._spans is not None:
            self._spans.decided(news[1], answer)

    @harmless
    def undecided(self, news: object) -> None:
        """Have the fold keep them."""
        if isinstance(news, tuple):
            news[0].put_back(news[1])

    @harmless
    def looked_up(self, *, found: bool) -> None:
        """Count it."""
        if self._meters is not None:
            self._meters.count("process.cache.lookups", found=str(found).lower())

    @harmless
    def called(self, operation: str, seconds: float, outcome: str) -> None:
        """Count it; polls are no measure of SWF's speed."""
        meters = self._meters
        if meters is None:
            return
        meters.count("swf.calls", operation=operation, outcome=outcome)
        if outcome == "throttled":
            meters.count("swf.throttles", operation=operation)
        if not operation.startswith("poll_for"):
            meters.measure("swf.call.duration", seconds, operation=operation)

    @harmless
    def counts(self, domain: str, count: Callable[[], int]) -> None:
        """Have the gauge ask so."""
        if self._meters is not None:
            complain = functools.partial(_complain, "counting open executions")
            self._meters.censuses[domain] = Census(count, complain)

    @contextmanager
    def executing(self, task: Task) -> Iterator[None]:
        """A span around the activity, current in its thread: its own spans lie in this one."""
        span = token = None
        if self._spans is not None:
            try:
                span = self._spans.executing(task)
                token = contexts.attach(trace.set_span_in_context(span))
            except Exception as error:  # noqa: BLE001 - see `harmless`
                _complain("executing", error)
        try:
            yield
        finally:
            if token is not None:
                contexts.detach(token)
            if span is not None:
                _end(span, task.error)


@harmless
def _end(span: Span, error: str) -> None:
    if error:
        span.set_attribute("error.type", error)
        span.set_status(Status(StatusCode.ERROR, error))
    span.end()


# --- spans -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Written:
    """A span that is over."""

    name: str
    trace: int
    begun: float
    ended: float
    span: int | None = None
    """Its id; a random one unless given."""
    parent: int | None = None
    attributes: Mapping[str, Any] | None = None
    links: Sequence[Link] = ()
    error: str = ""
    kind: SpanKind = SpanKind.INTERNAL


class Spans:
    """Writes spans under the ids that `telemetry.ids` derives."""

    def __init__(self, provider: trace.TracerProvider) -> None:
        self._sampler = getattr(provider, "sampler", None)
        own = getattr(provider, "id_generator", None)
        self._ids = own if isinstance(own, ChosenIds) else ChosenIds()
        if own is not None and own is not self._ids:
            provider.id_generator = self._ids  # type: ignore[attr-defined]
        self._tracer = provider.get_tracer(SCOPE)

    def write(self, written: Written) -> None:
        """One span, begun and ended in the past."""
        if not self._sampled(written.trace, written.name):
            return
        with self._ids.choosing(written.trace, written.span):
            span = self._tracer.start_span(
                written.name,
                context=self._under(written.trace, written.parent),
                kind=written.kind,
                attributes=dict(written.attributes or {}),
                links=written.links,
                start_time=_ns(written.begun),
            )
        if written.error:
            span.set_attribute("error.type", written.error)
            span.set_status(Status(StatusCode.ERROR, written.error))
        span.end(_ns(max(written.ended, written.begun)))

    def executing(self, task: Task) -> Span:
        """A worker's span, which begins now."""
        number = ids.trace_id(task.start_id)
        if not self._sampled(number, task.activity):
            context = SpanContext(number, ids.run_span(task.run_id), is_remote=True)
            return NonRecordingSpan(context)
        return self._tracer.start_span(
            f"Execute {task.activity}",
            context=self._under(number, ids.attempt_span(task.run_id, task.activity_id)),
            kind=SpanKind.CONSUMER,
            attributes={
                **_execution(task.workflow_id, task.run_id),
                "step": task.step,
                "attempt": task.attempt,
                "activity_id": task.activity_id,
            },
        )

    def decided(self, news: News, answer: Decided) -> None:
        """Spans of attempts, steps, the decision, and of the run when it is over."""
        number, about = _shared(answer)
        run = ids.run_span(answer.run_id)
        for attempt in news.attempts:
            self.write(_of_attempt(attempt, answer))
        for ended_step in news.steps:
            self.write(_of_step(ended_step, answer))
        ended = max(time.time(), news.last)
        told = {**about, "decision_id": answer.decision_id, "decisions": len(answer.decisions)}
        begun = news.deciding or ended - answer.seconds
        self.write(
            Written("Decide", number, begun, begun + answer.seconds, parent=run, attributes=told)
        )
        closing = _closing(answer.decisions)
        if closing and news.run is not None:
            self.write(_of_run(news.run, closing, ended, answer))

    def _sampled(self, number: int, name: str) -> bool:
        """Every process decides alike, by the trace's id: our parents say nothing of sampling."""
        if self._sampler is None:
            return True
        sampled: bool = self._sampler.should_sample(None, number, name).decision.is_sampled()
        return sampled

    @staticmethod
    def _under(number: int, parent: int | None) -> contexts.Context:
        if parent is None:
            return contexts.Context()
        remote = SpanContext(number, parent, is_remote=True, trace_flags=SAMPLED)
        return trace.set_span_in_context(NonRecordingSpan(remote), contexts.Context())


def _of_attempt(attempt: Attempt, answer: Decided) -> Written:
    number, about = _shared(answer)
    run = ids.run_span(answer.run_id)
    parent = ids.step_span(answer.start_id, attempt.entry) if attempt.is_step else run
    links: tuple[Link, ...] = ()
    if attempt.run:  # a child: an execution of its own, whose start id is the id of its workflow
        links = (_link(ids.trace_id(attempt.id), ids.run_span(attempt.run)),)
    return Written(
        f"{attempt.activity} attempt {attempt.number}",
        number,
        attempt.scheduled,
        attempt.ended,
        span=ids.attempt_span(answer.run_id, attempt.id),
        parent=parent,
        attributes={
            **about,
            "step": attempt.path,
            "attempt": attempt.number,
            "activity_id": attempt.id,
            "outcome": attempt.outcome,
            "queue_seconds": (attempt.started or attempt.ended) - attempt.scheduled,
        },
        links=links,
        error=attempt.error,
    )


def _of_step(ended: tuple[int, Step, str], answer: Decided) -> Written:
    number, about = _shared(answer)
    entry, step, outcome = ended
    return Written(
        step.path,
        number,
        step.begun,
        step.ended,
        span=ids.step_span(answer.start_id, entry),
        parent=ids.run_span(answer.run_id),
        attributes={**about, "step": step.path, "attempts": step.attempts, "outcome": outcome},
        error="" if outcome in GOOD else outcome,
    )


GOOD = ("done", "skipped", "caught")
"""Outcomes of a visit that do not make its span an error."""


def _of_run(run: Run, closing: str, ended: float, answer: Decided) -> Written:
    number, about = _shared(answer)
    links = [_link(number, ids.run_span(run.previous))] if run.previous else []
    if run.parent is not None:
        above, child_id = run.parent
        parents = ids.trace_id(ids.parents_start_id(child_id))
        links.append(_link(parents, ids.attempt_span(above, child_id)))
    return Written(
        run.name,
        number,
        run.begun,
        ended,
        span=ids.run_span(answer.run_id),
        attributes={**about, **_process(run.name, run.version), "outcome": closing},
        links=links,
        error=closing if closing in ("FAILED", "CANCELED", "TIMED_OUT") else "",
    )


def _link(number: int, span: int) -> Link:
    return Link(SpanContext(number, span, is_remote=True, trace_flags=SAMPLED))


CLOSES = {
    "CompleteWorkflowExecution": "COMPLETED",
    "FailWorkflowExecution": "FAILED",
    "CancelWorkflowExecution": "CANCELED",
    "ContinueAsNewWorkflowExecution": "CONTINUED_AS_NEW",
}


def _closing(decisions: Sequence[Mapping[str, Any]]) -> str:
    """How these decisions end the run; nothing where they do not."""
    if not decisions:
        return ""
    last = decisions[-1]
    closing = CLOSES.get(last["decisionType"], "")
    if closing == "FAILED":  # SWF's word too where the process's own time limit was over
        told = loads(last["failWorkflowExecutionDecisionAttributes"].get("details"))
        return "TIMED_OUT" if isinstance(told, dict) and told.get("TimedOut") else closing
    return closing


def _execution(workflow_id: str, run_id: str) -> dict[str, str]:
    return {"workflow_id": workflow_id, "run_id": run_id}


def _shared(answer: Decided) -> tuple[int, dict[str, str]]:
    """What all spans of an execution have: the trace, and who it is."""
    return ids.trace_id(answer.start_id), _execution(answer.workflow_id, answer.run_id)


def _process(name: str, version: str) -> dict[str, str]:
    return {"process": name, "version": version}


def _ns(seconds: float) -> int:
    return int(seconds * 1_000_000_000)


# --- metrics -----------------------------------------------------------------------------


class Meters:
    """The instruments of `telemetry.names`."""

    def __init__(self, provider: metrics.MeterProvider) -> None:
        meter = provider.get_meter(SCOPE)
        self._counters = {
            name: meter.create_counter(name, description=told)
            for name, told in names.COUNTERS.items()
        }
        self._histograms = {
            name: meter.create_histogram(
                name,
                unit=unit,
                description=told,
                explicit_bucket_boundaries_advisory=[bound * factor for bound in names.SECONDS],
            )
            for table, unit, factor in (
                (names.IN_SECONDS, "s", 1.0),
                (names.IN_MILLISECONDS, "ms", 1000.0),
            )
            for name, told in table.items()
        }
        self.censuses: dict[str, Census] = {}
        """By domain."""
        meter.create_observable_gauge(names.SLOTS, [_slots], description=names.SLOTS_TOLD)
        meter.create_observable_gauge(names.LAG, [_lags], unit="s", description=names.LAG_TOLD)
        meter.create_observable_gauge(names.OPEN, [self._open], description=names.OPEN_TOLD)

    def count(self, name: str, /, **attributes: str) -> None:
        """Count one more."""
        self._counters[name].add(1, attributes)

    def measure(self, name: str, value: float, /, **attributes: str) -> None:
        """Measure something."""
        self._histograms[name].record(max(0.0, value), attributes)

    def _open(self, _: metrics.CallbackOptions) -> Iterator[metrics.Observation]:
        for domain, census in list(self.censuses.items()):
            found = census.found()
            if found is not None:
                yield metrics.Observation(found, {"domain": domain})

    def decided(self, news: News, answer: Decided) -> None:
        """What an answered decision has to tell."""
        run = news.run
        kind = {} if run is None else _process(run.name, run.version)
        self.measure("process.decision.duration", answer.seconds, **kind)
        if news.began is not None and not news.began.continued:
            self.count("ExecutionsStarted", **kind)
        for waited, seconds in news.waits:
            self.measure("process.queue.age", seconds, kind=waited)
        for path in news.retries:
            self.count("process.retries", step=_plain(path), **kind)
        for attempt in news.attempts:
            about = {"step": _plain(attempt.path), "outcome": attempt.outcome, **kind}
            self.count("process.attempts", **about)
            if attempt.started is not None:
                seconds = attempt.ended - attempt.started
                self.measure("process.attempt.duration", seconds, **about)
        for _, step, outcome in news.steps:
            about = {"step": _plain(step.path), "outcome": outcome, **kind}
            self.measure("process.step.duration", step.ended - step.begun, **about)
        for _ in range(news.rollbacks):
            self.count("process.rollbacks", **kind)
        name = ENDINGS.get(_closing(answer.decisions))
        if name is not None and run is not None:
            self.count(name, **kind)
            begun = answer.begun if run.continued and answer.begun else run.begun
            took = max(time.time(), news.last) - begun
            self.measure("ExecutionTime", took * 1000, outcome=name, **kind)


ENDINGS = {
    "COMPLETED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "CANCELED": "ExecutionsAborted",
    "TIMED_OUT": "ExecutionsTimedOut",
}


def _plain(path: str) -> str:
    """A step's path without indexes, of which there may be thousands."""
    return _INDEX.sub("[]", path)


_INDEX = re.compile(r"\[\d+\]")


def _lags(_: metrics.CallbackOptions) -> Iterator[metrics.Observation]:
    for one in pulse.everything():
        if isinstance(one, LoopPulse):
            yield metrics.Observation(one.lag, {"loop": one.name})


def _slots(_: metrics.CallbackOptions) -> Iterator[metrics.Observation]:
    for one in pulse.pulses():
        for state, number in one.slots().items():
            yield metrics.Observation(number, {"worker": one.name, "state": state})
