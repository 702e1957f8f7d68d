"""A status is SWF's own facts with the deciders' context over them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

import wire
from starter.executions.history import callers_input
from starter.executions.status import line, outcome, summary
from starter.runs import origin_of
from tests.unit.starter_samples import closing, info, started, status


def test_a_summary_names_ids_type_times_and_tags() -> None:
    found = summary(info(tagList=["a"]))

    assert found == {
        "workflow_id": "w-1",
        "run_id": "r-1",
        "type": "BusinessProcess",
        "version": "1.0",
        "state": "OPEN",
        "tags": ["a"],
        "started_at": 1_000.5,
        "closed_at": None,
        "cancel_requested": False,
    }


def test_a_closed_run_is_in_the_state_that_swf_says() -> None:
    moment = datetime.fromtimestamp(2_000, timezone.utc)

    found = summary(info(executionStatus="CLOSED", closeStatus="FAILED", closeTimestamp=moment))

    assert (found["state"], found["closed_at"]) == ("FAILED", 2_000.0)


@pytest.mark.parametrize(
    ("kind", "facts", "expected"),
    [
        ("Completed", {"result": '{"total":1}'}, {"state": "COMPLETED", "result": {"total": 1}}),
        ("Completed", {"result": "done"}, {"result": "done"}),
        ("Failed", {"reason": "r", "details": "[1]"}, {"reason": "r", "details": [1]}),
        ("Terminated", {"cause": "OPERATOR_INITIATED"}, {"reason": "OPERATOR_INITIATED"}),
        ("TimedOut", {"timeoutType": "START_TO_CLOSE"}, {"reason": "timed out: START_TO_CLOSE"}),
        ("Canceled", {}, {"state": "CANCELED", "reason": None}),
        ("ContinuedAsNew", {"newExecutionRunId": "r-2"}, {"next_run_id": "r-2"}),
    ],
)
def test_the_closing_event_says_how_it_ended(
    kind: str, facts: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = outcome(closing(kind, **facts))

    assert found | expected == found


def test_an_event_that_closes_nothing_says_nothing() -> None:
    assert outcome(started('{"order_id":1}')) == {}


def test_a_line_shows_step_attempt_and_retry_of_an_open_execution() -> None:
    text = line(
        status(state="RETRYING", step="SaveResults", attempt=2, next_retry_at=1_000.0,
               progress={"done": 3, "of": 5})
    )  # fmt: skip

    assert "w-1  RETRYING  SaveResults (attempt 2)  next retry " in text
    assert text.endswith("3 of 5 steps")


def test_a_line_of_a_closed_execution_says_why() -> None:
    text = line(status(state="FAILED", step="SaveResults", closed_at=2.0, reason="Max retries"))

    assert text.endswith("w-1  FAILED  Max retries")


@pytest.mark.parametrize(
    ("envelope", "expected"),
    [
        ({"start_id": "s"}, ("s", None, {})),
        ({"start_id": "s", "previous_run_id": "r-0", "resume": {"actor": "ana"}},
         ("s", "r-0", {"actor": "ana"})),
        ({}, ("r-1", None, {})),
    ],
)  # fmt: skip
def test_the_first_event_says_where_a_run_comes_from(
    envelope: dict[str, Any], expected: tuple[str, str | None, dict[str, Any]]
) -> None:
    text = wire.dumps(wire.wrap_start({"order_id": 1}, envelope))

    found = origin_of(started(text), "r-1")

    assert (found.start_id, found.previous_run_id, found.resume) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a":1,"_process":{"start_id":"s"}}', '{"a":1}'),
        ('{"_process":{"start_id":"s","input":[1]}}', "[1]"),
        ('{"_process":{"start_id":"s","input":null}}', "null"),
        ('{ "by": "hand" }', '{ "by": "hand" }'),
        ("no json", "no json"),
    ],
)
def test_callers_see_the_input_they_gave(text: str, expected: str) -> None:
    assert callers_input(text) == expected
