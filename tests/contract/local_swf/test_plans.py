"""How SQLite finds runs: by the index that fits, however many runs there are."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from local_swf.process import Endpoint
from tests.contract.local_swf.swf_world import World

ALL = {"oldestDate": 0}
FAILED = {"status": "FAILED"}
RUN = {"workflowId": "w", "runId": "r"}


def plans(world: World, ask: Callable[[], Any]) -> list[str]:
    """How the statements about runs that a request leads to are carried out."""
    statements: list[str] = []

    def trace(told: Callable[[str], Any] | None) -> None:
        def act(endpoint: Endpoint) -> None:
            endpoint.engine._database.connection.set_trace_callback(told)

        world.swf.call(act)

    def explained(endpoint: Endpoint) -> list[str]:
        about = [text for text in statements if "FROM runs" in text]
        database = endpoint.engine._database
        return [row[3] for text in about for row in database.all(f"EXPLAIN QUERY PLAN {text}")]

    trace(statements.append)
    with contextlib.suppress(world.client.exceptions.UnknownResourceFault):
        ask()
    trace(None)
    return world.swf.call(explained)


@pytest.mark.parametrize(
    ("operation", "arguments", "index"),
    [
        ("get_workflow_execution_history", {"execution": RUN}, "runs_closed_by_id"),
        ("describe_workflow_execution", {"execution": RUN}, "runs_closed_by_id"),
        ("list_closed_workflow_executions", {"startTimeFilter": ALL}, "runs_closed_by_start"),
        ("list_closed_workflow_executions", {"closeTimeFilter": ALL}, "runs_closed_by_close"),
        (
            "list_closed_workflow_executions",
            {"startTimeFilter": ALL, "executionFilter": {"workflowId": "w"}},
            "runs_closed_by_id",
        ),
        (
            "list_closed_workflow_executions",
            {"startTimeFilter": ALL, "closeStatusFilter": FAILED},
            "runs_by_status",
        ),
        (
            "count_closed_workflow_executions",
            {"startTimeFilter": ALL, "closeStatusFilter": FAILED},
            "COVERING INDEX runs_by_status",
        ),
        (
            "count_closed_workflow_executions",
            {"startTimeFilter": ALL},
            "runs_closed_by_start",
        ),
        ("list_open_workflow_executions", {"startTimeFilter": ALL}, "runs_open"),
        (
            "list_open_workflow_executions",
            {"startTimeFilter": ALL, "executionFilter": {"workflowId": "w"}},
            "runs_open_by_id",
        ),
    ],
)
def test_runs_are_found_by_the_index_that_fits(
    world: World, operation: str, arguments: dict[str, Any], index: str
) -> None:
    found = plans(world, lambda: getattr(world.client, operation)(domain="d", **arguments))

    assert any(f"{index} (" in step for step in found), found
    sorted_after = "executionFilter" in arguments  # a workflow id has few runs
    assert not any(step.startswith("SCAN") for step in found), found
    assert sorted_after or not any("TEMP B-TREE" in step for step in found), found
