"""The virtual clock: when it jumps by itself, when not, and in the hands of a client."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from botocore.exceptions import ConnectionClosedError

from local_swf.testing import LocalSWF
from tests.contract.local_swf.swf_world import COMPLETE, World, decision, last, schedule, timer
from tests.contract.local_swf.test_polls import until, waiting


@pytest.fixture
def skipping():
    with LocalSWF(virtual_clock=True) as swf:
        yield World(swf, swf.client()).register()


def test_a_wait_of_an_hour_is_over_at_once_when_nobody_works(skipping):
    run_id = skipping.start(executionStartToCloseTimeout="7200")
    skipping.decide(timer("t", 3600))
    task = skipping.decision()
    events = skipping.history(run_id)
    fired = next(event for event in events if event["eventType"] == "TimerFired")
    started = next(event for event in events if event["eventType"] == "TimerStarted")
    waited = (fired["eventTimestamp"] - started["eventTimestamp"]).total_seconds()
    assert 3600 <= waited < 3601
    skipping.respond(task, COMPLETE)


def test_it_does_not_jump_while_a_task_is_with_a_worker(skipping):
    run_id = skipping.start()
    skipping.decide(schedule(heartbeatTimeout="10"), timer("t", 50))
    token = skipping.activity()["taskToken"]
    time.sleep(0.1)  # longer than the clock waits when it is free to jump
    assert skipping.types(run_id)[-1] == "ActivityTaskStarted"
    skipping.client.respond_activity_task_completed(taskToken=token)
    skipping.decide()
    until(lambda: "TimerFired" in skipping.types(run_id))


def test_it_does_not_jump_past_the_timeout_of_a_run_and_says_that_it_is_idle(skipping):
    run_id = skipping.start(executionStartToCloseTimeout="100")
    skipping.decide(timer("t", 500))
    until(lambda: skipping.swf.clock.idle)
    assert skipping.describe(run_id)["executionInfo"]["executionStatus"] == "OPEN"
    skipping.swf.clock.advance(100)
    assert skipping.describe(run_id)["executionInfo"]["closeStatus"] == "TIMED_OUT"


def test_waiting_polls_do_not_keep_it_from_jumping(skipping):
    skipping.start()
    skipping.decide(timer("t", 600))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(skipping.decision)
        assert answer.result(5)["startedEventId"] == 8


def test_it_jumps_to_the_timeout_of_a_task_that_a_fault_swallowed(skipping):
    run_id = skipping.start()
    skipping.decide(schedule())
    skipping.swf.faults.add("drop", "PollForActivityTask", count=1)
    with pytest.raises(ConnectionClosedError):
        skipping.activity()
    until(lambda: "ActivityTaskTimedOut" in skipping.types(run_id))


def test_a_task_that_nobody_polls_for_times_out(skipping):
    run_id = skipping.start()
    skipping.decide(schedule(taskList={"name": "nobody"}, scheduleToStartTimeout="60"))
    until(lambda: "ActivityTaskTimedOut" in skipping.types(run_id))


def test_locked_it_moves_by_advance_only(world):
    run_id = world.start()
    world.decide(timer("t", 60))
    before = world.swf.clock.now()
    time.sleep(0.05)
    assert world.swf.clock.now() - before < 5
    world.swf.clock.advance(59)
    assert "TimerFired" not in world.types(run_id)
    world.swf.clock.unlock()
    until(lambda: "TimerFired" in world.types(run_id))
    world.swf.clock.lock()


def test_advance_fires_what_is_due_on_the_way_at_its_own_time(world):
    run_id = world.start()
    world.decide(*(timer(str(number), number * 10) for number in (3, 1, 2)))
    world.swf.clock.advance(100)
    events = [e for e in world.history(run_id) if e["eventType"] == "TimerFired"]
    assert [e["timerFiredEventAttributes"]["timerId"] for e in events] == ["1", "2", "3"]
    gaps = [
        (after["eventTimestamp"] - before["eventTimestamp"]).total_seconds()
        for before, after in pairwise(events)
    ]
    assert all(9.9 < gap < 10.1 for gap in gaps)


def test_an_endpoint_with_a_wall_clock_cannot_be_advanced():
    with LocalSWF() as swf, pytest.raises(Exception, match="not virtual"):
        swf.clock.advance(1)


def test_time_goes_on_from_where_it_was_after_a_restart(tmp_path):
    with LocalSWF(tmp_path / "swf.sqlite", virtual_clock=True, skipping=False) as swf:
        world = World(swf, swf.client()).register()
        run_id = world.start(executionStartToCloseTimeout="100000")
        world.decide(timer("t", 9000))
        swf.clock.advance(8000)
        before = swf.clock.now()
        swf.restart()
        assert swf.clock.now() >= before
        assert "TimerFired" not in world.types(run_id)
        swf.clock.advance(1000)
        assert "TimerFired" in world.types(run_id)


def test_the_fixture_skips(local_swf):
    world = World(local_swf, local_swf.client()).register()
    run_id = world.start()
    world.decide(decision("RecordMarker", markerName="m"), timer("t", 1000))
    world.decide(COMPLETE)
    assert last(world.history(run_id), "WorkflowExecutionCompleted")


def test_a_poller_that_comes_back_soon_gets_its_task_before_the_clock_jumps(skipping):
    run_id = skipping.start()
    skipping.decide(schedule("a"), schedule("b"))
    for _ in range(2):
        token = skipping.activity()["taskToken"]
        skipping.client.respond_activity_task_completed(taskToken=token)
        time.sleep(0.1)  # a worker that takes its time between two tasks
    assert "ActivityTaskTimedOut" not in skipping.types(run_id)
    assert waiting(skipping.swf, 0) is None
