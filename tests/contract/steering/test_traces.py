"""Traces of executions that go on in another run, and of those that start others."""

from __future__ import annotations

import pytest

from telemetry import ids
from tests.contract.steering.conftest import Stage, continued, definitions, stage
from tests.contract.steering.machines import machine
from tests.telemetry_in_memory import in_memory
from workflow import child, map_items, process, step

__all__ = ["definitions", "stage"]


def test_runs_that_continue_one_another_are_one_trace_each_linked_to_the_one_before(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_memory() as seen:
        _, ended = continued(stage, monkeypatch)
        stage.app.stop()
        runs = seen.spans("Looping")
    assert len(runs) > 1
    assert len({run.context.trace_id for run in seen.spans()}) == 1
    assert [link.context.span_id for run in runs[1:] for link in run.links] == [
        run.context.span_id for run in runs[:-1]
    ]
    assert not runs[0].links
    assert [run.attributes["outcome"] for run in runs[:-1]] == ["CONTINUED_AS_NEW"] * (
        len(runs) - 1
    )
    assert runs[-1].context.span_id == ids.run_span(ended["run_id"])


def test_a_chain_of_runs_counts_as_one_execution(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_memory() as seen:
        continued(stage, monkeypatch)
        stage.app.stop()
        assert seen.total("ExecutionsStarted") == seen.total("ExecutionsSucceeded") == 1
        assert seen.total("ExecutionTime") == 1
        assert seen.total("process.attempts", step="Count") == 9


def test_a_child_has_its_own_trace_and_each_links_to_the_other(stage: Stage) -> None:
    trip = process("Trip", "1.0", [step("Book")])
    order = process("Order", "1.0", [child("Travel", "Trip@1.0")])
    with in_memory() as seen:
        stage.serve(order, trip)
        stage.ends(stage.start(order))
        stage.app.stop()
    inner, outer, attempt = seen.span("Trip"), seen.span("Order"), seen.span("Trip attempt 1")
    assert inner.context.trace_id != outer.context.trace_id == attempt.context.trace_id
    for one, other in ((inner, attempt), (attempt, inner)):
        (link,) = one.links
        assert link.context.trace_id == other.context.trace_id
        assert link.context.span_id == other.context.span_id


def test_indexes_of_items_are_no_attributes_of_metrics(stage: Stage) -> None:
    made = process("Many", "1.0", [map_items("Each", [step("Bill")])])
    with in_memory() as seen:
        stage.serve(made)
        stage.ends(stage.start(made, {"items": [1, 2, 3]}))
        stage.app.stop()
        assert seen.total("process.attempts", step="Each[].Bill") == 3
    assert {span.name for span in seen.spans("Each")} == {f"Each[{n}].Bill" for n in range(3)}


def test_an_execution_whose_time_limit_is_over_timed_out_and_did_not_fail(stage: Stage) -> None:
    rest = {"Type": "Wait", "Seconds": 3_600, "End": True}
    made = machine({"Rest": rest}, "Slow", TimeoutSeconds=60)
    with in_memory() as seen:
        stage.serve(made)
        stage.ends(stage.start(made), "TIMED_OUT")
        stage.app.stop()
        assert seen.total("ExecutionsTimedOut", process="Slow") == 1
        assert seen.total("ExecutionsFailed") == 0
        assert seen.total("ExecutionTime", outcome="ExecutionsTimedOut") == 1
    assert seen.span("Slow").attributes["outcome"] == "TIMED_OUT"
