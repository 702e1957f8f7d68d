"""Traces and metrics of the application on the embedded SWF."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.trace.status import StatusCode

import telemetry
from decision_worker import DecisionWorker, workflow_steps
from telemetry import ids
from tests.application import application
from tests.contract.steering.conftest import until
from tests.contract.test_task_logs import ORDER, once_broken
from tests.telemetry_in_memory import InMemory, in_memory


@pytest.fixture
def seen() -> Iterator[InMemory]:
    with in_memory() as found:
        yield found


def closed(app, run):
    """Until the decider's last answer is told, which is after the end of the history."""
    events = app.finish(run)
    app.stop()
    return events


def start_id_of(app, run):
    return app.starter.start_envelope(run["workflow_id"], run["run_id"])["start_id"]


def test_one_trace_for_an_execution_across_starter_decider_and_worker(app, seen):
    app.decider()
    app.worker()
    run = app.starter.start_workflow(ORDER)
    closed(app, run)
    expected = ids.trace_id(start_id_of(app, run))
    assert {span.context.trace_id for span in seen.spans()} == {expected}
    names = Counter(span.name for span in seen.spans())
    assert names["Start BusinessProcess"] == 1
    assert names["BusinessProcess"] == 1
    assert names["Decide"] == 6
    for step in workflow_steps:
        assert names[step] == 1
        assert names[f"{step} attempt 1"] == 1
        assert names[f"Execute {step}"] == 1


def test_spans_lie_in_one_another_execution_step_attempt_and_the_workers_own(app, seen):
    app.decider()
    app.worker()
    run = app.starter.start_workflow(ORDER)
    closed(app, run)
    execution = seen.span("BusinessProcess")
    assert execution.parent is None
    assert execution.context.span_id == ids.run_span(run["run_id"])
    for name in ("Start BusinessProcess", "SaveResults"):
        assert seen.span(name).parent.span_id == execution.context.span_id
    step, attempt = seen.span("SaveResults"), seen.span("SaveResults attempt 1")
    assert attempt.parent.span_id == step.context.span_id
    assert seen.span("Execute SaveResults").parent.span_id == attempt.context.span_id
    assert execution.attributes["outcome"] == "COMPLETED"


def test_times_of_spans_are_those_of_the_events(app, seen):
    app.decider()
    app.worker()
    events = closed(app, app.starter.start_workflow(ORDER))
    scheduled = next(e for e in events if e["eventType"] == "ActivityTaskScheduled")
    completed = next(e for e in events if e["eventType"] == "ActivityTaskCompleted")
    attempt = seen.span("ValidateInput attempt 1")
    assert attempt.start_time == int(scheduled["eventTimestamp"].timestamp() * 1e9)
    assert attempt.end_time == int(completed["eventTimestamp"].timestamp() * 1e9)


def test_a_span_for_each_attempt_and_errors_without_their_messages(app, seen):
    app.decider()
    app.worker().activities["ProcessData"] = once_broken([])
    closed(app, app.starter.start_workflow(ORDER))
    failed = seen.span("ProcessData attempt 1")
    assert failed.status.status_code is StatusCode.ERROR
    assert failed.attributes["error.type"] == "ValueError"
    assert seen.span("ProcessData attempt 2").status.status_code is StatusCode.UNSET
    assert seen.span("ProcessData").attributes["attempts"] == 2
    assert seen.span("ProcessData").status.status_code is StatusCode.UNSET
    assert [s.attributes.get("error.type") for s in seen.spans("Execute ProcessData")] == [
        "ValueError",
        None,
    ]
    assert not any("no disk" in span.to_json() for span in seen.spans())
    assert seen.total("process.retries", step="ProcessData") == 1


def test_a_decider_that_is_restarted_in_mid_run_tells_nothing_twice(app, seen):
    reached, go_on = threading.Event(), threading.Event()

    def halfway(data):
        reached.set()
        assert go_on.wait(30)
        return {"enriched": True}

    first = app.decider()
    app.worker().activities["EnrichData"] = halfway
    run = app.starter.start_workflow(ORDER)
    assert reached.wait(30)
    first.stop()
    app.decider()
    go_on.set()
    closed(app, run)
    names = Counter(span.name for span in seen.spans())
    assert {names[step] for step in workflow_steps} == {1}
    assert {names[f"{step} attempt 1"] for step in workflow_steps} == {1}
    assert names["BusinessProcess"] == 1
    assert seen.total("ExecutionsStarted") == seen.total("ExecutionsSucceeded") == 1
    assert seen.total("process.step.duration") == len(workflow_steps)


def test_a_decider_that_forgets_after_every_decision_tells_nothing_twice(app, seen):
    class Forgetful(DecisionWorker):
        def _handle(self, task):
            self._cache.take(task["workflowExecution"]["runId"])
            super()._handle(task)

    app.decider(Forgetful(app.settings))
    app.worker()
    closed(app, app.starter.start_workflow(ORDER))
    names = Counter(span.name for span in seen.spans())
    assert {names[f"{step} attempt 1"] for step in workflow_steps} == {1}
    assert seen.total("process.attempts") == len(workflow_steps)


def test_a_subclass_that_decides_is_seen_too(app, seen):
    class Own(DecisionWorker):
        def make_decisions(self, task):
            return super().make_decisions(task)

    app.decider(Own(app.settings))
    app.worker()
    closed(app, app.starter.start_workflow(ORDER))
    names = Counter(span.name for span in seen.spans())
    assert {names[step] for step in workflow_steps} == {1}


def test_what_a_lost_answer_had_to_tell_is_told_with_the_next_one(local_swf, tmp_path, seen):
    lost = []

    class Unlucky(DecisionWorker):
        def _respond(self, task, decisions, context, *, sticky):
            if len(lost) < 2 and task["startedEventId"] > 3:
                lost.append(task)
                return False  # it never arrives; the task times out
            return super()._respond(task, decisions, context, sticky=sticky)

    with application(local_swf, tmp_path, DECISION_TASK_TIMEOUT="1") as app:
        app.decider(Unlucky(app.settings))
        app.worker()
        closed(app, app.starter.start_workflow(ORDER))
    assert len(lost) == 2
    names = Counter(span.name for span in seen.spans())
    assert {names[step] for step in workflow_steps} == {1}
    assert {names[f"{step} attempt 1"] for step in workflow_steps} == {1}
    assert seen.total("ExecutionsStarted") == seen.total("ExecutionsSucceeded") == 1


def test_a_resumed_run_is_in_the_same_trace_and_links_to_the_run_it_resumes(app, seen):
    broken = [True]

    def activity(data):
        if broken:
            raise ValueError("no disk")
        return {"saved": True}

    app.decider()
    app.worker().activities["SaveResults"] = activity
    run = app.starter.start_workflow(ORDER)
    app.finish(run)
    broken.clear()
    resumed = app.starter.resume_workflow_from_step(
        workflow_id=run["workflow_id"], run_id=run["run_id"], step_name="SaveResults"
    )
    closed(app, resumed)
    old, new = seen.spans("BusinessProcess")
    assert new.context.trace_id == old.context.trace_id
    assert [link.context.span_id for link in new.links] == [old.context.span_id]
    assert (old.attributes["outcome"], new.attributes["outcome"]) == ("FAILED", "COMPLETED")
    assert len(seen.spans("Start BusinessProcess")) == 2
    assert seen.total("process.rollbacks") == 1
    assert seen.total("ExecutionsFailed", process="BusinessProcess") == 1
    undos = [s for s in seen.spans("RollbackStep") if s.parent.span_id == old.context.span_id]
    assert undos, "undos lie in the run, not in a step"


def test_metrics_of_an_execution_have_step_functions_names(app, seen):
    app.decider()
    app.worker()
    closed(app, app.starter.start_workflow(ORDER))
    for name in ("ExecutionsStarted", "ExecutionsSucceeded", "ExecutionTime"):
        assert seen.total(name, process="BusinessProcess", version="1.0") == 1, name
    assert seen.total("ExecutionsFailed") == 0
    assert 0 < seen.points("ExecutionTime")[0].sum < 60_000, "milliseconds"
    for step in workflow_steps:
        assert seen.total("process.step.duration", step=step, outcome="done") == 1
        assert seen.total("process.attempt.duration", step=step, outcome="completed") == 1
    assert seen.total("process.queue.age", kind="activity") == len(workflow_steps)
    assert seen.total("process.queue.age", kind="decision") == 6
    assert seen.total("process.decision.duration") == 6


def test_metrics_of_the_processes_themselves(app, seen):
    app.decider()
    app.worker()
    run = app.starter.start_workflow(ORDER)
    app.finish(run)
    states = {p.attributes["state"] for p in seen.points("process.poller.slots", worker="decider")}
    assert states == {"busy", "polling", "idle"}
    app.stop()
    assert seen.total("swf.calls", operation="start_workflow_execution", outcome="ok") == 1
    assert seen.total("swf.calls", operation="poll_for_decision_task", outcome="ok") >= 6
    assert seen.total("swf.call.duration", operation="respond_activity_task_completed") == 5
    assert seen.total("process.cache.lookups", found="false") == 1
    assert seen.total("process.cache.lookups", found="true") == 5


def test_open_executions_are_as_many_as_swf_counts(app, seen):
    for _ in range(3):
        app.starter.start_workflow(ORDER)
    app.decider()

    def count():
        return seen.total("OpenExecutionCount", domain=app.settings.swf_domain)

    assert count() == 0, "the first collection asks, and waits for nothing"
    until(lambda: count() == 3, "the count")
    assert seen.total("swf.calls", operation="count_open_workflow_executions") == 1


def test_throttles_are_counted_by_operation(app, seen, local_swf):
    local_swf.faults.add("throttle", "StartWorkflowExecution", count=2)
    app.starter.start_workflow(ORDER)
    assert seen.total("swf.throttles", operation="start_workflow_execution") == 2
    assert seen.total("swf.calls", operation="start_workflow_execution", outcome="throttled") == 2


def test_spans_of_an_activity_lie_in_its_own(app, seen):
    def activity(data):
        with seen.tracer.get_tracer("own").start_as_current_span("ask the bank"):
            return {"done": True}

    app.decider()
    app.worker().activities["ProcessData"] = activity
    closed(app, app.starter.start_workflow(ORDER))
    assert (
        seen.span("ask the bank").parent.span_id == seen.span("Execute ProcessData").context.span_id
    )
    assert not trace.get_current_span().get_span_context().is_valid


def test_who_starts_from_within_a_trace_of_their_own_is_linked(app, seen):
    with seen.tracer.get_tracer("own").start_as_current_span("a web request") as request:
        app.starter.start_workflow(ORDER)
    (link,) = seen.span("Start BusinessProcess").links
    assert link.context.span_id == request.get_span_context().span_id


class TestNothingFailsWork:
    def finished(self, app):
        app.decider()
        app.worker()
        return closed(app, app.starter.start_workflow(ORDER))[-1]["eventType"]

    def test_while_it_is_off(self, app):
        assert type(telemetry.recorder()) is telemetry.Recorder
        assert self.finished(app) == "WorkflowExecutionCompleted"

    def test_when_a_span_processor_raises_at_everything(self, app, caplog):
        from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

        class Broken(SpanProcessor):
            def on_start(self, span, parent_context=None):
                raise RuntimeError("no span today")

            def on_end(self, span):
                raise RuntimeError("no span today")

        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(Broken())
        telemetry.use(provider, None)
        try:
            assert self.finished(app) == "WorkflowExecutionCompleted"
        finally:
            telemetry.end()
        warned = [r for r in caplog.records if r.name == "telemetry" and r.levelname == "WARNING"]
        assert 1 <= len(warned) <= 4, "once for each place"

    def test_when_instruments_raise(self, app, seen, monkeypatch):
        from telemetry.reporting import Meters

        def broken(self, name, /, *values, **attributes):
            raise RuntimeError("no metrics today")

        monkeypatch.setattr(Meters, "count", broken)
        monkeypatch.setattr(Meters, "measure", broken)
        assert self.finished(app) == "WorkflowExecutionCompleted"
