"""Programs of the kinds that people write on SWF, as they write them: boto3 and threads."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import suppress

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ReadTimeoutError

from local_swf.limits import Limits
from local_swf.testing import LocalSWF
from tests.contract.local_swf.swf_world import (
    COMPLETE,
    WORKFLOW,
    World,
    attributes,
    decision,
    schedule,
)


@pytest.fixture
def world():
    with LocalSWF() as swf:
        yield World(swf, swf.client()).register()


def test_a_poll_is_answered_within_the_patience_that_boto3_has_by_default(world):
    default = world.swf.client(config=Config())
    assert Limits().poll_seconds < default.meta.config.read_timeout


def test_a_client_that_gives_up_its_polls_early_loses_no_task(world):
    hasty = world.swf.client(
        config=Config(read_timeout=0.05, retries={"total_max_attempts": 1}),
    )
    for _ in range(5):
        with pytest.raises(ReadTimeoutError):
            hasty.poll_for_decision_task(domain="d", taskList={"name": "main"})
    run_id = world.start()
    world.decide(COMPLETE)
    assert world.types(run_id)[-1] == "WorkflowExecutionCompleted"


def test_each_signal_of_a_storm_is_seen_once_by_a_decider_that_reads_what_is_new(world):
    run_id = world.start()
    number = 200

    def storm(first: int) -> None:
        client = world.swf.client()
        for signal in range(first, number, 4):
            client.signal_workflow_execution(
                domain="d", workflowId="w", signalName="s", input=str(signal)
            )

    threads = [threading.Thread(target=storm, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    seen: Counter[str] = Counter()
    known = 0
    while len(seen) < number:
        task = world.decision(startAtPreviousStartedEvent=True)
        assert task["previousStartedEventId"] == known
        assert task["events"][0]["eventId"] == max(known, 1)
        seen.update(
            attributes(event)["input"]
            for event in task["events"]
            if event["eventType"] == "WorkflowExecutionSignaled" and event["eventId"] > known
        )
        known = task["startedEventId"]
        world.respond(task, decision("RecordMarker", markerName="seen", details=str(len(seen))))
    for thread in threads:
        thread.join()
    assert set(seen.values()) == {1}
    assert world.types(run_id).count("WorkflowExecutionSignaled") == number


def test_the_paginator_reads_a_decision_task_backwards(world):
    world.start()
    for number in range(20):
        world.client.signal_workflow_execution(
            domain="d", workflowId="w", signalName="s", input=str(number)
        )
    pages = list(
        world.client.get_paginator("poll_for_decision_task").paginate(
            domain="d",
            taskList={"name": "main"},
            reverseOrder=True,
            PaginationConfig={"PageSize": 5},
        )
    )
    ids = [event["eventId"] for page in pages for event in page["events"]]
    assert ids == list(range(23, 0, -1))
    assert {page["startedEventId"] for page in pages} == {23}
    world.respond(pages[-1], COMPLETE)


def decide_for_ever(world: World, closed: threading.Semaphore) -> None:
    """A decider: an activity, then the end; until the endpoint is gone."""
    with suppress(BotoCoreError):
        while True:
            task = world.decision()
            if any(event["eventType"] == "ActivityTaskCompleted" for event in task["events"]):
                world.respond(task, COMPLETE)
                closed.release()
            else:
                world.respond(task, schedule())


def work_for_ever(world: World, _: threading.Semaphore) -> None:
    """An activity worker, until the endpoint is gone."""
    with suppress(BotoCoreError):
        while True:
            task = world.activity()
            world.client.respond_activity_task_completed(
                taskToken=task["taskToken"], result=task["workflowExecution"]["workflowId"]
            )


def test_pools_of_threads_share_the_work(world):
    closed = threading.Semaphore(0)
    threads = [
        threading.Thread(target=role, args=(World(world.swf, world.swf.client()), closed))
        for role in [decide_for_ever] * 4 + [work_for_ever] * 4
    ]
    for thread in threads:
        thread.start()
    runs = {f"w{number}": world.start(f"w{number}") for number in range(40)}
    for _ in runs:
        assert closed.acquire(timeout=60)
    for workflow_id, run_id in runs.items():
        events = world.history(run_id, workflow_id)
        assert len(events) == 11
        assert attributes(events[6])["result"] == workflow_id
    world.swf.stop()
    for thread in threads:
        thread.join()


def test_closed_runs_are_paged_the_same_way_whatever_the_page(world):
    for number in range(7):
        world.start(f"w{number}", tagList=["t"])
        world.client.terminate_workflow_execution(domain="d", workflowId=f"w{number}")
    paginator = world.client.get_paginator("list_closed_workflow_executions")
    asked = {"domain": "d", "closeTimeFilter": {"oldestDate": 0}, "tagFilter": {"tag": "t"}}
    whole = paginator.paginate(**asked).build_full_result()["executionInfos"]
    paged = paginator.paginate(**asked, PaginationConfig={"PageSize": 2}).build_full_result()
    assert [info["execution"]["workflowId"] for info in whole] == [
        f"w{n}" for n in range(6, -1, -1)
    ]
    assert paged["executionInfos"] == whole
    resumed, token = [], None
    while not resumed or token:
        part = paginator.paginate(
            **asked, PaginationConfig={"MaxItems": 3, "StartingToken": token}
        ).build_full_result()
        resumed += part["executionInfos"]
        token = part.get("NextToken")
    assert resumed == whole
    assert whole[0]["workflowType"] == WORKFLOW
