"""Random clients, and what holds of every history whatever they do."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_swf.deadlines import LAMBDA
from local_swf.limits import Limits
from local_swf.testing import LocalSWF
from tests.contract.local_swf.history_rules import check_all_histories
from tests.contract.local_swf.swf_world import WORKFLOW, World, decision, schedule, timer
from tests.contract.local_swf.test_commits import empty_disk, fill_disk
from tests.contract.local_swf.test_fuzz import check_file

NAMES = ("w0", "w1", "w2")


class WriteFailedError(Exception):
    """A request was answered with 500."""


class Walk:
    """A seeded sequence of requests of every kind about three workflow ids."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.client = world.client
        self.chance = random.Random(seed)
        self.decisions: list[dict[str, Any]] = []
        self.activities: list[dict[str, Any]] = []

    def step(self) -> None:
        """One request; one that is refused is as good as any."""
        steps = (
            self.start, self.poll, self.poll, self.answer, self.answer, self.work, self.finish,
            self.tell, self.wait,
        )  # fmt: skip
        try:
            self.chance.choice(steps)()
        except ClientError as refused:
            if refused.response["ResponseMetadata"]["HTTPStatusCode"] != 400:
                raise WriteFailedError from refused

    def name(self) -> str:
        return self.chance.choice(NAMES)

    def start(self) -> None:
        policy = self.chance.choice(("TERMINATE", "REQUEST_CANCEL", "ABANDON"))
        seconds = self.chance.choice(("40", "3600"))
        self.world.start(
            self.name(),
            childPolicy=policy,
            executionStartToCloseTimeout=seconds,
            lambdaRole="arn:aws:iam::1:role/r",
        )

    def poll(self) -> None:
        options = {"reverseOrder": True} if self.chance.random() < 0.2 else {}
        task = self.world.decision(self.chance.choice(("main", "main", "sticky")), **options)
        if task.get("taskToken"):
            self.decisions.append(task)

    def answer(self) -> None:
        if self.decisions:
            task = self.decisions.pop(self.chance.randrange(len(self.decisions)))
            made = [self.decision() for _ in range(self.chance.randrange(4))]
            if self.chance.random() < 0.1:
                made.append(self.closing())
            options: dict[str, Any] = {}
            if self.chance.random() < 0.3:
                options = {"taskList": {"name": "sticky"}, "taskListScheduleToStartTimeout": "5"}
            self.world.respond(task, *made, **options)

    def decision(self) -> dict[str, Any]:
        one = self.chance.choice("abc")
        other = {"workflowId": self.name()}
        return self.chance.choice(
            [
                schedule(one),
                schedule(one, heartbeatTimeout="3", scheduleToStartTimeout="7"),
                decision("RequestCancelActivityTask", activityId=one),
                timer(one, self.chance.randrange(9)),
                decision("CancelTimer", timerId=one),
                decision("RecordMarker", markerName=one),
                decision("SignalExternalWorkflowExecution", signalName="s", **other),
                decision("RequestCancelExternalWorkflowExecution", **other),
                decision("StartChildWorkflowExecution", workflowType=WORKFLOW, **other),
                decision("ScheduleLambdaFunction", id=one, name="none"),
            ]
        )

    def closing(self) -> dict[str, Any]:
        verb = self.chance.choice(("Complete", "Fail", "Cancel", "ContinueAsNew"))
        return decision(f"{verb}WorkflowExecution")

    def work(self) -> None:
        task = self.world.activity()
        if task.get("taskToken"):
            self.activities.append(task)

    def finish(self) -> None:
        if self.activities:
            task = self.activities.pop(self.chance.randrange(len(self.activities)))
            answers = ("completed", "failed", "canceled")
            respond = f"respond_activity_task_{self.chance.choice(answers)}"
            getattr(self.client, respond)(taskToken=task["taskToken"])

    def tell(self) -> None:
        name = {"domain": "d", "workflowId": self.name()}
        kind = self.chance.randrange(8)
        if kind == 0:
            self.client.terminate_workflow_execution(**name)
        elif kind == 1:
            self.client.request_cancel_workflow_execution(**name)
        else:
            self.client.signal_workflow_execution(signalName="s", **name)

    def wait(self) -> None:
        self.world.swf.clock.advance(self.chance.choice((0.5, 1, 4, 20)))


@pytest.mark.parametrize("seed", range(6))
def test_every_history_of_a_random_walk_is_sound(seed, tmp_path):
    limits = Limits(poll_seconds=0.001, open_timers=2, open_activities=2, history_events=90)
    file = tmp_path / "swf.sqlite"
    with LocalSWF(file, virtual_clock=True, skipping=False, limits=limits) as swf:
        walk = Walk(World(swf, swf.client()).register(), seed)
        for _ in range(300):
            walk.step()
        assert check_all_histories(swf) > 3
        check_file(swf)
        swf.restart()
        for _ in range(50):
            walk.step()
        check_all_histories(swf)
        check_file(swf)


def memory(endpoint: Any) -> Any:
    """The task lists, deadlines and counters of an endpoint, but for Lambda tasks."""
    state = endpoint.engine._state
    lists = {key: dict(found.tasks) for key, found in state.tasks._lists.items() if found.tasks}
    due = {deadline: at for deadline, at in state.deadlines._due.items() if deadline.kind != LAMBDA}
    started = {task for task in state.started if task.kind != LAMBDA}
    return lists, due, started, +state.open_runs


def made_anew(endpoint: Any) -> Any:
    """The same after it has been made anew from the file."""
    endpoint.engine._commits.commit()
    endpoint.engine._rebuild()
    return memory(endpoint)


@pytest.mark.parametrize("seed", range(6))
def test_what_lies_in_memory_is_what_the_file_says_though_commits_fail(seed, tmp_path):
    limits = Limits(poll_seconds=0.001, history_events=90)
    file = tmp_path / "swf.sqlite"
    with LocalSWF(file, virtual_clock=True, skipping=False, limits=limits) as swf:
        walk = Walk(World(swf, swf.client()).register(), seed)
        for number in range(150):
            if fails := number % 10 == 9:
                swf.call(fill_disk)
            with suppress(WriteFailedError):
                walk.step()
            if fails:
                swf.call(empty_disk)
                swf.call(lambda endpoint: endpoint.engine._refresh())
            if number % 5 == 4:
                assert swf.call(memory) == swf.call(made_anew)
        check_all_histories(swf)
        check_file(swf)
