"""Runs from outside: start, signal, cancel, terminate, describe, list, count, retention."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.contract.local_swf.swf_world import (
    COMPLETE,
    WORKFLOW,
    attributes,
    decision,
    last,
    schedule,
    timer,
)
from tests.contract.local_swf.test_domains_and_types import code


def test_a_plain_start_shows_these_members_and_no_others(world):
    run_id = world.start(input="x")
    assert attributes(world.history(run_id)[0]) == {
        "childPolicy": "TERMINATE",
        "executionStartToCloseTimeout": "3600",
        "input": "x",
        "parentInitiatedEventId": 0,
        "taskList": {"name": "main"},
        "taskStartToCloseTimeout": "30",
        "workflowType": WORKFLOW,
    }


def test_what_the_start_gives_beats_the_type(world):
    given = {
        "childPolicy": "ABANDON",
        "executionStartToCloseTimeout": "10",
        "lambdaRole": "arn:aws:iam::1:role/r",
        "tagList": ["a", "b"],
        "taskList": {"name": "other"},
        "taskPriority": "7",
        "taskStartToCloseTimeout": "NONE",
    }
    run_id = world.start(**given)
    started = attributes(world.history(run_id)[0])
    assert {name: started[name] for name in given} == given
    configuration = world.describe(run_id)["executionConfiguration"]
    assert configuration == {name: given[name] for name in given if name != "tagList"}


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "executionStartToCloseTimeout"),
        ({"executionStartToCloseTimeout": "1"}, "taskList"),
        (
            {"executionStartToCloseTimeout": "1", "taskList": {"name": "l"}},
            "taskStartToCloseTimeout",
        ),
        (
            {
                "executionStartToCloseTimeout": "1",
                "taskList": {"name": "l"},
                "taskStartToCloseTimeout": "1",
            },
            "childPolicy",
        ),
    ],
)
def test_a_setting_that_nobody_gives_is_named(world, given, missing):
    world.client.register_workflow_type(domain="d", name="bare", version="1")
    bare = {"domain": "d", "workflowId": "w", "workflowType": {"name": "bare", "version": "1"}}
    assert code(world.client.start_workflow_execution, **bare, **given) == (
        "DefaultUndefinedFault",
        missing,
    )


def test_a_workflow_id_is_taken_while_its_run_is_open(world):
    run_id = world.start()
    with pytest.raises(ClientError, match="Already Started"):
        world.start()
    world.client.terminate_workflow_execution(domain="d", workflowId="w")
    assert world.start() != run_id


def test_a_start_needs_a_registered_type(world):
    start = {"domain": "d", "workflowId": "w", "workflowType": {"name": "no", "version": "9"}}
    assert code(world.client.start_workflow_execution, **start) == (
        "UnknownResourceFault",
        "Unknown type: WorkflowType=[name=no, version=9]",
    )
    world.client.deprecate_workflow_type(domain="d", workflowType=WORKFLOW)
    start["workflowType"] = WORKFLOW
    assert code(world.client.start_workflow_execution, **start) == (
        "TypeDeprecatedFault",
        "WorkflowType=[name=order, version=1]",
    )


def test_signals_and_cancel_requests_say_that_no_run_sent_them(world):
    run_id = world.start()
    world.client.signal_workflow_execution(
        domain="d", workflowId="w", runId=run_id, signalName="s", input="i"
    )
    world.client.request_cancel_workflow_execution(domain="d", workflowId="w")
    events = world.history(run_id)
    assert last(events, "WorkflowExecutionSignaled") == {
        "externalInitiatedEventId": 0,
        "input": "i",
        "signalName": "s",
    }
    assert last(events, "WorkflowExecutionCancelRequested") == {"externalInitiatedEventId": 0}
    assert world.describe(run_id)["executionInfo"]["cancelRequested"] is True
    world.decide(decision("CancelWorkflowExecution"))
    assert world.describe(run_id)["executionInfo"]["cancelRequested"] is False


def test_what_needs_an_open_run_says_which_it_did_not_find(world):
    run_id = world.start()
    world.decide(COMPLETE)
    client = world.client
    for call, members in (
        (client.signal_workflow_execution, {"signalName": "s"}),
        (client.request_cancel_workflow_execution, {}),
        (client.terminate_workflow_execution, {}),
    ):
        assert code(call, domain="d", workflowId="w", **members) == (
            "UnknownResourceFault",
            "Unknown execution, workflowId = w",
        )
        assert code(call, domain="d", workflowId="w", runId=run_id, **members) == (
            "UnknownResourceFault",
            f"Unknown execution: WorkflowExecution=[workflowId=w, runId={run_id}]",
        )
    missing = {"workflowId": "w", "runId": "no"}
    assert code(client.describe_workflow_execution, domain="d", execution=missing)[1] == (
        "Unknown execution: WorkflowExecution=[workflowId=w, runId=no]"
    )


def test_termination_closes_at_once_and_voids_what_is_out(world):
    run_id = world.start()
    task = world.decision()
    world.client.terminate_workflow_execution(
        domain="d", workflowId="w", reason="r", details="x", childPolicy="ABANDON"
    )
    assert last(world.history(run_id), "WorkflowExecutionTerminated") == {
        "cause": "OPERATOR_INITIATED",
        "childPolicy": "ABANDON",
        "details": "x",
        "reason": "r",
    }
    with pytest.raises(ClientError, match="Unknown execution: WorkflowExecution"):
        world.respond(task)
    assert world.describe(run_id)["openCounts"]["openDecisionTasks"] == 1


def test_describe_counts_what_is_open(world):
    run_id = world.start()
    world.decide(
        schedule("a"),
        schedule("b"),
        timer("t", 9),
        decision("StartChildWorkflowExecution", workflowId="child", workflowType=WORKFLOW),
    )
    described = world.describe(run_id)
    assert described["openCounts"] == {
        "openActivityTasks": 2,
        "openChildWorkflowExecutions": 1,
        "openDecisionTasks": 1,
        "openLambdaFunctions": 0,
        "openTimers": 1,
    }
    assert "latestActivityTaskTimestamp" in described


def test_history_in_pages_either_way_round(world):
    run_id = world.start()
    for number in range(5):
        world.client.signal_workflow_execution(domain="d", workflowId="w", signalName=str(number))

    def ids(**options):
        pages = world.client.get_paginator("get_workflow_execution_history").paginate(
            domain="d",
            execution={"workflowId": "w", "runId": run_id},
            PaginationConfig={"PageSize": 3},
            **options,
        )
        return [[event["eventId"] for event in page["events"]] for page in pages]

    assert ids() == [[1, 2, 3], [4, 5, 6], [7]]
    assert ids(reverseOrder=True) == [[7, 6, 5], [4, 3, 2], [1]]


@pytest.fixture
def many(world):
    """Six runs a second apart: open o0 and o1, closed c0 (completed) to c3 (terminated)."""
    client = world.client
    client.register_workflow_type(
        domain="d",
        name="order",
        version="2",
        defaultTaskList={"name": "main"},
        defaultChildPolicy="TERMINATE",
        defaultTaskStartToCloseTimeout="30",
        defaultExecutionStartToCloseTimeout="3600",
    )
    for number, version in enumerate(["1", "2", "1", "2"]):
        client.start_workflow_execution(
            domain="d",
            workflowId=f"c{number}",
            workflowType={"name": "order", "version": version},
            tagList=[f"t{number % 2}", "all"],
        )
        world.swf.clock.advance(1)
    for number in reversed(range(4)):
        client.terminate_workflow_execution(domain="d", workflowId=f"c{number}")
        world.swf.clock.advance(1)
    for number in range(2):
        world.start(f"o{number}", tagList=["all"])
        world.swf.clock.advance(1)
    return world


def ids(answer):
    return [info["execution"]["workflowId"] for info in answer["executionInfos"]]


ALL = {"oldestDate": 0}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"startTimeFilter": ALL}, ["c3", "c2", "c1", "c0"]),
        ({"startTimeFilter": ALL, "reverseOrder": True}, ["c0", "c1", "c2", "c3"]),
        ({"closeTimeFilter": ALL}, ["c0", "c1", "c2", "c3"]),
        ({"startTimeFilter": ALL, "executionFilter": {"workflowId": "c2"}}, ["c2"]),
        ({"startTimeFilter": ALL, "typeFilter": {"name": "order"}}, ["c3", "c2", "c1", "c0"]),
        ({"startTimeFilter": ALL, "typeFilter": {"name": "order", "version": "2"}}, ["c3", "c1"]),
        ({"startTimeFilter": ALL, "tagFilter": {"tag": "t0"}}, ["c2", "c0"]),
        ({"startTimeFilter": ALL, "tagFilter": {"tag": "T0"}}, []),
        (
            {"closeTimeFilter": ALL, "closeStatusFilter": {"status": "TERMINATED"}},
            ["c0", "c1", "c2", "c3"],
        ),
        ({"closeTimeFilter": ALL, "closeStatusFilter": {"status": "FAILED"}}, []),
    ],
)
def test_closed_runs_by_every_filter_in_pages(many, filters, expected):
    client = many.client
    assert ids(client.list_closed_workflow_executions(domain="d", **filters)) == expected
    paged, token = [], {}
    while True:
        page = client.list_closed_workflow_executions(
            domain="d", maximumPageSize=1, **filters, **token
        )
        paged += ids(page)
        if "nextPageToken" not in page:
            break
        token = {"nextPageToken": page["nextPageToken"]}
    assert paged == expected
    counted = {name: value for name, value in filters.items() if name != "reverseOrder"}
    answer = client.count_closed_workflow_executions(domain="d", **counted)
    assert (answer["count"], answer["truncated"]) == (len(expected), False)


def test_open_runs_by_filter(many):
    client = many.client
    listed = client.list_open_workflow_executions
    assert ids(listed(domain="d", startTimeFilter=ALL)) == ["o1", "o0"]
    assert ids(listed(domain="d", startTimeFilter=ALL, reverseOrder=True)) == ["o0", "o1"]
    assert ids(listed(domain="d", startTimeFilter=ALL, executionFilter={"workflowId": "o0"})) == [
        "o0"
    ]
    assert ids(listed(domain="d", startTimeFilter={"oldestDate": 0, "latestDate": 1})) == []
    count = client.count_open_workflow_executions(
        domain="d", startTimeFilter=ALL, tagFilter={"tag": "all"}
    )
    assert count["count"] == 2


def test_pages_stay_put_while_runs_come_and_go(many):
    client = many.client
    first = client.list_open_workflow_executions(domain="d", startTimeFilter=ALL, maximumPageSize=1)
    many.start("newer")
    second = client.list_open_workflow_executions(
        domain="d", startTimeFilter=ALL, maximumPageSize=1, nextPageToken=first["nextPageToken"]
    )
    assert (ids(first), ids(second)) == (["o1"], ["o0"])
    assert "nextPageToken" not in second


def test_filters_that_do_not_go_together_are_refused(many, raw):
    both = {"domain": "d", "startTimeFilter": ALL, "closeTimeFilter": ALL}
    two = {
        "domain": "d",
        "startTimeFilter": ALL,
        "tagFilter": {"tag": "x"},
        "executionFilter": {"workflowId": "x"},
    }
    for operation in ("ListClosedWorkflowExecutions", "CountClosedWorkflowExecutions"):
        assert raw.refusal(operation, {"domain": "d"})[1] == "Must specify time filter"
        assert raw.refusal(operation, both)[1].startswith("Cannot specify both")
        assert raw.refusal(operation, two)[1].startswith("Cannot specify more than one exclusive")


def test_retention_removes_a_closed_run_and_everything_of_it(world):
    run_id = world.start(tagList=["t"])
    world.decide(COMPLETE)
    world.swf.clock.advance(7 * 86_400 - 5)
    assert world.describe(run_id)["executionInfo"]["closeStatus"] == "COMPLETED"
    world.swf.clock.advance(10)
    for call in (world.describe, world.history):
        with pytest.raises(ClientError, match="Unknown execution"):
            call(run_id)
    assert (
        world.client.count_closed_workflow_executions(domain="d", startTimeFilter=ALL)["count"] == 0
    )
    left = world.swf.call(
        lambda endpoint: [
            endpoint.engine._database.one(f"SELECT count(*) FROM {table}")[0]
            for table in ("runs", "events", "tags")
        ]
    )
    assert left == [0, 0, 0]


def test_the_room_of_removed_runs_is_used_again(world):
    pages = []
    for _ in range(4):
        for number in range(15):
            world.start(f"w-{number}", input="x" * 5_000, tagList=["t"])
            world.decide(COMPLETE)
        world.swf.clock.advance(8 * 86_400)
        pages.append(world.swf.call(_pages))
    assert pages[-1] <= pages[1]


def _pages(endpoint):
    """How large the database is; it does not shrink."""
    return endpoint.engine._database.one("PRAGMA page_count")[0]


def test_without_retention_a_run_can_be_read_for_a_minute_after_its_end(swf):
    client = swf.client()
    client.register_domain(name="n", workflowExecutionRetentionPeriodInDays="NONE")
    client.register_workflow_type(
        domain="n",
        **WORKFLOW,
        defaultTaskList={"name": "l"},
        defaultChildPolicy="TERMINATE",
        defaultTaskStartToCloseTimeout="1",
        defaultExecutionStartToCloseTimeout="1",
    )
    run = client.start_workflow_execution(domain="n", workflowId="w", workflowType=WORKFLOW)
    client.terminate_workflow_execution(domain="n", workflowId="w")
    execution = {"workflowId": "w", "runId": run["runId"]}
    swf.clock.advance(59)
    history = client.get_workflow_execution_history(domain="n", execution=execution)
    assert history["events"][-1]["eventType"] == "WorkflowExecutionTerminated"
    swf.clock.advance(2)
    assert code(client.describe_workflow_execution, domain="n", execution=execution)[0] == (
        "UnknownResourceFault"
    )


def test_waiting_tasks_are_counted_and_started_ones_are_not(world):
    count = world.client.count_pending_decision_tasks
    main = {"domain": "d", "taskList": {"name": "main"}}
    assert count(**main)["count"] == 0
    world.start("a")
    world.start("b")
    assert count(**main)["count"] == 2
    world.decision()
    assert count(**main)["count"] == 1
    assert world.client.count_pending_activity_tasks(**main)["count"] == 0
