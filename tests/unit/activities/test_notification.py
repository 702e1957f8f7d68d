import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from activities import notification
from activities.context import TaskContext, entered
from activities.notification import notify_completion
from activities.undo import rollback_step
from config import Settings
from errors import StaleVisitError, TombstoneError

TaskOf = Callable[..., TaskContext]
STEP = "NotifyCompletion"

ORDER = {
    "order_id": "ORD-1",
    "customer_id": "C-1",
    "previous_results": {
        "ProcessData": {"total": "10.00"},
        "EnrichData": {"customer_tier": "gold", "delivery_days": 1},
        "SaveResults": {"record_id": "record-1"},
    },
}


def notify(task: TaskContext) -> dict[str, Any]:
    with entered(task):
        return notify_completion(ORDER)


def undo(task: TaskContext) -> None:
    with entered(task):
        rollback_step({"step_to_rollback": STEP})


@pytest.fixture
def sent(settings: Settings) -> Callable[[], list[Any]]:
    path = settings.data_dir / "outbox.jsonl"
    return lambda: [json.loads(line) for line in path.read_text().splitlines()]


class Remote:
    channel = "webhook"

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, key: str, message: Any) -> None:
        self.sent.append(key)


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> Remote:
    notifier = Remote()
    monkeypatch.setattr(notification, "chosen", lambda _: notifier)
    return notifier


def test_the_notification_says_what_became_of_the_order(
    task_of: TaskOf, sent: Callable[[], list[Any]]
) -> None:
    result = notify(task_of(STEP))
    (line,) = sent()
    assert line["key"] == result["message_id"]
    assert line["message"] == {
        "event": "order.completed",
        "order_id": "ORD-1",
        "customer_id": "C-1",
        "customer_tier": "gold",
        "delivery_days": 1,
        "total": "10.00",
        "record_id": "record-1",
        "workflow_id": "workflow-1",
        "run_id": "run-1",
        "visit": 1,
    }
    assert (result["status"], result["channel"]) == ("notified", "outbox")


def test_retries_send_once_and_a_later_visit_again(
    task_of: TaskOf, sent: Callable[[], list[Any]]
) -> None:
    for visit, attempt in ((1, 1), (1, 2), (2, 1), (2, 2)):
        notify(task_of(STEP, visit, attempt=attempt))
    assert [line["message"]["visit"] for line in sent()] == [1, 2]


def test_a_straggler_after_the_undo_sends_nothing(
    task_of: TaskOf, sent: Callable[[], list[Any]]
) -> None:
    notify(task_of(STEP, 1))
    undo(task_of(STEP, 2, undo=True))
    with pytest.raises(TombstoneError):
        notify(task_of(STEP, 2))
    assert len(sent()) == 1


def test_a_straggler_after_a_later_visit_sends_nothing(task_of: TaskOf) -> None:
    notify(task_of(STEP, 2))
    with pytest.raises(StaleVisitError):
        notify(task_of(STEP, 1))


def test_a_service_gets_the_same_key_for_every_attempt(task_of: TaskOf, remote: Remote) -> None:
    for attempt in (1, 2):
        notify(task_of(STEP, attempt=attempt))
    assert remote.sent == [task_of(STEP).idempotency_key] * 2


def test_a_service_is_not_called_after_the_undo(task_of: TaskOf, remote: Remote) -> None:
    undo(task_of(STEP, undo=True))
    with pytest.raises(TombstoneError):
        notify(task_of(STEP))
    assert remote.sent == []


def test_an_order_that_names_no_target_is_told_so(task_of: TaskOf, settings: Settings) -> None:
    task = replace(task_of(STEP), settings=replace(settings, notifier="sns"))
    with pytest.raises(Exception, match="NOTIFIER_TARGET"):
        notify(task)
