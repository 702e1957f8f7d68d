import threading
import uuid
from collections.abc import Callable

import pytest

import activities
from activities.context import TaskContext, current_task, detached, entered

TaskOf = Callable[..., TaskContext]


def test_the_package_offers_a_closed_list() -> None:
    assert sorted(activities.__all__) == [
        "ACTIVITIES",
        "Activity",
        "TaskContext",
        "current_task",
        "effect_table",
        "write",
    ]


def test_the_current_task_is_the_one_entered(task_of: TaskOf) -> None:
    outer, inner = task_of("A"), task_of("B")
    with entered(outer):
        with entered(inner):
            assert current_task() is inner
        assert current_task() is outer
    assert current_task() is not outer


def test_threads_of_an_activity_do_not_inherit_it(task_of: TaskOf) -> None:
    seen: list[TaskContext] = []
    with entered(task_of("A")):
        thread = threading.Thread(target=lambda: seen.append(current_task()))
        thread.start()
        thread.join()
    assert seen[0].token == ""
    assert seen[0].workflow_id.startswith("detached-")


def test_detached_tasks_are_successive_visits_of_one_execution() -> None:
    first, second = detached(), detached()
    assert first.start_id == second.start_id
    assert second.visit == first.visit + 1
    first.heartbeat({"done": 1})
    assert not first.cancel_requested


def test_all_attempts_of_a_visit_share_one_key(task_of: TaskOf) -> None:
    key = task_of("Save").idempotency_key
    assert str(uuid.UUID(key)) == key
    assert task_of("Save", attempt=2, run_id="run-2").idempotency_key == key
    others = [
        task_of("Save", 2),
        task_of("Save", undo=True),
        task_of("Other"),
        task_of("Save", start_id="start-2"),
        task_of("Save", workflow_id="workflow-2"),
    ]
    assert len({key, *(other.idempotency_key for other in others)}) == 6


def test_a_key_never_changes_between_releases(task_of: TaskOf) -> None:
    assert task_of("Save").idempotency_key == "a9df52d8-0bbe-5be7-b217-63ee0871cdd2"


@pytest.mark.parametrize(
    ("details", "sent"),
    [("half", "half"), ({"done": 3}, '{"done":3}'), ("x" * 3000, "x" * 2047 + "…"), ("", "")],
)
def test_heartbeat_details_are_text_of_2048_characters(
    task_of: TaskOf, details: object, sent: str
) -> None:
    beats: list[str] = []
    task_of("A", beat=beats.append).heartbeat(details)
    assert beats == [sent]


def test_a_lost_task_asks_the_activity_to_stop(task_of: TaskOf) -> None:
    task = task_of("A")
    assert (task.cancel_requested, task.lost, task.wait_for_cancel(0)) == (False, False, False)
    task.lose()
    assert (task.cancel_requested, task.lost, task.wait_for_cancel(60)) == (True, True, True)


def test_a_canceled_task_is_not_lost(task_of: TaskOf) -> None:
    task = task_of("A")
    task.request_cancel()
    assert (task.cancel_requested, task.lost) == (True, False)
