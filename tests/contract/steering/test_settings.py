"""What a step says of its attempts and timeouts arrives in SWF, and stays with a run."""

from __future__ import annotations

import pytest

import published
from activity_worker import ActivityWorker, NonRetryableError
from setup import main as set_up
from workflow import Retry, child, process, step

FULL = step(
    "Full",
    start_to_close=11,
    schedule_to_start=22,
    schedule_to_close=33,
    heartbeat=5,
    task_list="special",
    priority=7,
)


class Refused(Exception):  # noqa: N818 - a business error's name
    """What a step says is of no use to try again."""


def broken(_):
    raise ValueError("no disk")


def waits(stage, run):
    return [event["startToFireTimeout"] for event in stage.events(run, "TimerStarted")]


def test_each_setting_of_a_step_is_in_its_events(stage):
    line = process("Line", "1.0", [step("Plain"), FULL])
    stage.serve(line)
    special = stage.work(line, task_list="special")
    run = stage.start(line)
    stage.ends(run)
    plain, full = stage.events(run, "ActivityTaskScheduled")
    settings = stage.app.settings
    assert plain["startToCloseTimeout"] == settings.activity_start_to_close_timeout
    assert plain["heartbeatTimeout"] == settings.activity_heartbeat_timeout
    assert plain["taskList"] == {"name": settings.swf_task_list}
    assert "taskPriority" not in plain
    told = {key: full[key] for key in full if key.endswith("Timeout")}
    assert told == {
        "startToCloseTimeout": "11", "scheduleToStartTimeout": "22",
        "scheduleToCloseTimeout": "33", "heartbeatTimeout": "5",
    }  # fmt: skip
    assert (full["taskList"], full["taskPriority"]) == ({"name": "special"}, "7")
    assert isinstance(special, ActivityWorker)


@pytest.mark.parametrize(
    ("retry", "expected"),
    [
        (Retry(attempts=1), []),
        (Retry(attempts=4, initial_seconds=2, rate=3.0, max_seconds=10), ["2", "6", "10"]),
        (Retry(attempts=5, non_retryable=("ValueError",)), []),
        (Retry(attempts=2, non_retryable=("KeyError",)), ["1"]),
        (None, ["1", "2"]),
    ],
)
def test_the_retry_policy_of_a_step_is_followed(stage, retry, expected):
    line = process("Line", "1.0", [step("Work", retry=retry)])
    stage.serve(line)
    stage.play("Work", broken)
    run = stage.start(line)
    stage.ends(run, "FAILED")
    assert waits(stage, run) == expected
    tried = [call.attempt for call in stage.calls if call.activity == "Work"]
    assert tried == list(range(1, len(expected) + 2))


def test_jitter_spreads_the_waits_and_every_replay_draws_alike(stage):
    retry = Retry(attempts=8, initial_seconds=1000, rate=1.0, max_seconds=1000, jitter=True)
    line = process("Line", "1.0", [step("Work", retry=retry)])
    stage.serve(line)
    stage.play("Work", broken)
    run = stage.start(line)
    stage.ends(run, "FAILED")
    found = [int(wait) for wait in waits(stage, run)]
    assert len(found) == 7
    assert len(set(found)) > 3
    assert all(0 <= wait <= 1000 for wait in found)


def test_an_error_marked_as_final_is_not_tried_again(stage):
    def refuse(_):
        raise NonRetryableError("no such customer")

    line = process("Line", "1.0", [step("Work", retry=Retry(attempts=9))])
    stage.serve(line)
    stage.play("Work", refuse)
    run = stage.start(line)
    stage.ends(run, "FAILED")
    assert len([call for call in stage.calls if call.activity == "Work"]) == 1
    [marker] = stage.markers(run, "ROLLBACK_INITIATED")
    assert marker["last_error"].startswith("NonRetryableError: no such customer")


def test_a_changed_retry_value_is_for_runs_that_begin_afterwards(stage):
    def line(attempts):
        policy = Retry(attempts=attempts, initial_seconds=1, rate=1.0)
        return process("Line", "1.0", [step("First"), step("Work", retry=policy)])

    old, new = line(2), line(4)
    assert old.hash == new.hash, "attempts are no part of the shape"
    stage.publish(old)
    first = stage.app.decider(definitions=[old])
    worker = stage.work(old)
    gate = stage.hold("First")
    stage.play("Work", broken)
    before = stage.start(old)
    gate.wait()
    first.stop()
    stage.app.decider(definitions=[new])  # deployed with another value
    after = stage.start(new)
    gate.open()
    stage.ends(before, "FAILED")
    stage.ends(after, "FAILED")
    assert len(waits(stage, before)) == 1
    assert len(waits(stage, after)) == 3
    assert worker.concurrency == 8


# --- versions -----------------------------------------------------------------------------------


def test_an_execution_finishes_on_the_version_it_began_with(stage):
    old = process("Line", "1.0", [step("First"), step("Second")])
    new = process("Line", "2.0", [step("First"), step("Check"), step("Second")])
    stage.serve(old)
    stage.work(new)
    gate = stage.hold("First")
    before = stage.start(old)
    gate.wait()
    stage.publish(new)
    after = stage.start(new)
    gate.wait()
    named = dict(stage.starter.start_workflow({"order_id": "2"}, definition="Line"))
    gate.open()
    assert list(stage.results(before)) == ["First", "Second"]
    assert list(stage.results(after)) == ["First", "Check", "Second"]
    assert stage.ends(named)["version"] == "2.0", "the highest version, unless one is named"
    versions = {e["activityType"]["version"] for e in stage.events(before, "ActivityTaskScheduled")}
    assert versions == {"1.0"}


def test_setup_registers_what_is_published_and_children_run(stage, capsys):
    inner = process("Inner", "1.0", [step("Book")])
    outer = process("Outer", "1.0", [child("Travel", "Inner@1.0")])
    for definition in (inner, outer):
        published.write(definition)
    assert set_up([]) == 0
    printed = capsys.readouterr().out
    for name in ("Inner 1.0", "Outer 1.0", "Book 1.0"):
        assert name in printed
    stage.app.decider()
    stage.work(inner, outer)
    run = dict(stage.starter.start_workflow({}, definition="Outer@1.0"))
    assert set(stage.results(run)["Travel"]["previous_results"]) == {"Book"}


def test_a_child_that_is_not_registered_blocks_and_says_what_to_do(stage):
    outer = process("Outer", "1.0", [child("Travel", "Inner@1.0")])
    inner = process("Inner", "1.0", [step("Book")])
    stage.clock.lock()
    stage.serve(outer)
    stage.work(inner)
    run = stage.start(outer)
    stage.reaches(run, state="BLOCKED")
    assert "setup.py" in stage.status(run)["blocked"]
    stage.publish(inner)
    stage.clock.unlock()
    assert set(stage.results(run)) == {"Travel"}
