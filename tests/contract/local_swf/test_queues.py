"""`GET /_local/tasks`: which task lists there are, what waits in them, and who polls."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local_swf import daemon
from local_swf.testing import LocalSWF
from tests.contract.local_swf.swf_world import World
from tests.contract.local_swf.test_polls import waiting


def told(swf: LocalSWF) -> dict[tuple[str, str, str], Any]:
    answer = daemon.ask(swf.url, "tasks")
    assert answer is not None
    return {(item["domain"], item["kind"], item["name"]): item for item in answer["lists"]}


def test_of_what_waits_the_oldest_is_named_and_how_many_there_are(world: World) -> None:
    assert told(world.swf) == {}
    first = world.start("first")
    begun = world.swf.clock.now()
    world.swf.clock.advance(60)
    world.start("second", taskPriority="7")

    found = told(world.swf)["d", "decision", "main"]

    assert found["waiting"] == 2
    assert found["pollers"] == []
    oldest = found["oldest"]
    assert (oldest["workflowId"], oldest["runId"], oldest["eventId"]) == ("first", first, 2)
    assert abs(oldest["since"] - begun) < 5


def test_pollers_are_told_while_they_wait_and_after(world: World) -> None:
    with ThreadPoolExecutor(1) as pool:
        client = world.swf.client()
        poll = pool.submit(
            client.poll_for_decision_task, domain="d", taskList={"name": "main"}, identity="me"
        )
        waiting(world.swf, 1)
        (poller,) = told(world.swf)["d", "decision", "main"]["pollers"]
        assert (poller["identity"], poller["waits"]) == ("me", True)
        world.start()
        assert poll.result(5)["taskToken"]

    found = told(world.swf)["d", "decision", "main"]
    assert (found["waiting"], found["oldest"]) == (0, None)
    assert [(item["identity"], item["waits"]) for item in found["pollers"]] == [("me", False)]


def test_whoever_is_no_endpoint_of_ours_tells_nothing() -> None:
    assert daemon.ask("http://127.0.0.1:9", "tasks") is None
