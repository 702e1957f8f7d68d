"""The worker's loop on a client in memory; against SWF itself see tests/contract."""

import dataclasses
import json
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

import activity_worker
import config
import polling
from activities import database
from activity_worker import METHODS, ActivityCanceled, ActivityWorker, current_task
from config import Settings
from errors import (
    ConfigurationError,
    CredentialsError,
    DomainNotRegisteredError,
    EngineUnreachableError,
    InvalidInputError,
    PayloadError,
    RequestRefusedError,
    TaskLostError,
    ThrottledError,
)

PATIENCE = 30.0  # seconds that a test waits for what must come
Report = tuple[str, ...]


class Client:
    """What the worker uses of `SwfClient`, in memory."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.tasks: Queue[Any] = Queue()
        self.reports: Queue[Report] = Queue()
        self.refusals: list[Exception] = []
        self.polling = 0
        self.most_polling = 0
        self.polled = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._stopped = False

    def poll_activity_task(self, task_list: str) -> Any:
        with self._lock:
            self.polling += 1
            self.most_polling = max(self.most_polling, self.polling)
        self.polled.release()
        found = self.tasks.get()
        with self._lock:
            self.polling -= 1
        if self._stopped:
            self.tasks.put(None)
        if isinstance(found, Exception):
            raise found
        return found

    def stop(self) -> None:
        self._stopped = True
        self.tasks.put(None)

    def complete_activity_task(self, token: str, result: str, *, timeout: float) -> None:
        self._report("completed", token, result)

    def fail_activity_task(self, token: str, reason: str, details: str, *, timeout: float) -> None:
        self._report("failed", token, reason, details)

    def cancel_activity_task(self, token: str, details: str = "") -> None:
        self._report("canceled", token, details)

    def heartbeat(self, token: str, details: str = "") -> bool:
        raise TaskLostError(f"{token} is no longer ours")

    def _report(self, *report: str) -> None:
        if self.refusals:
            raise self.refusals.pop()
        self.reports.put(report)

    def offer(self, name: str, token: str = "token-1", **data: Any) -> None:
        self.tasks.put(
            {
                "taskToken": token,
                "activityId": "a1.1",
                "activityType": {"name": name, "version": "1.0"},
                "workflowExecution": {"workflowId": "workflow-1", "runId": "run-1"},
                "startedEventId": 6,
                "input": json.dumps(data),
            }
        )

    def next_report(self) -> Report:
        return self.reports.get(timeout=PATIENCE)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    nothing = tmp_path / "empty.env"
    nothing.touch()
    environment = {"DATA_DIR": str(tmp_path), "SWF_ENDPOINT": "http://127.0.0.1:1"}
    yield config.load(environment, nothing)
    database.close()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(polling, "LONGEST_WAIT_SECONDS", 0.002)


@pytest.fixture
def client(settings: Settings) -> Client:
    return Client(settings)


class Running:
    """A worker whose `run` is under way on another thread."""

    def __init__(self, worker: ActivityWorker) -> None:
        self.worker = worker
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.worker.run()
        except Exception as error:  # noqa: BLE001 - kept for the test to see
            self.error = error

    def ended(self) -> bool:
        self._thread.join(PATIENCE)
        return not self._thread.is_alive()


Make = Callable[..., Running]


@pytest.fixture
def running(settings: Settings, client: Client) -> Iterator[Make]:
    started: list[Running] = []

    def make(kind: type[ActivityWorker] = ActivityWorker, **options: Any) -> Running:
        functions = options.pop("activities", {})
        worker = kind(settings, swf_client=client, **options)  # type: ignore[arg-type]
        worker.activities.update(functions)
        started.append(Running(worker))
        return started[-1]

    yield make
    for item in started:
        item.worker.stop()
        assert item.ended()


def lines(caplog: pytest.LogCaptureFixture, text: str) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.getMessage().startswith(text)]


# --- the class ------------------------------------------------------------------------------


def test_each_activity_has_a_method_that_works_without_an_engine(settings: Settings) -> None:
    worker = ActivityWorker(settings)
    order = {"order_id": "TEST-001", "step_to_rollback": "SaveResults"}
    for _ in ("once", "again"):
        for name, method in METHODS.items():
            assert getattr(worker, method)(order)["status"]
            assert name in worker.activities
    assert worker.validate_input({"order_id": "TEST-001"})["status"] == "validated"
    assert (settings.data_dir / "business.sqlite3").exists()


def test_a_method_called_by_hand_uses_the_workers_settings(settings: Settings) -> None:
    seen = []

    class Worker(ActivityWorker):
        def validate_input(self, data: dict[str, Any]) -> dict[str, Any]:
            seen.append(data)
            return super().validate_input(data)

    assert Worker(settings).activities["ValidateInput"]({"order_id": 1})["order_id"] == 1
    assert seen == [{"order_id": 1}]


@pytest.mark.parametrize("count", [0, -1, 1001])
def test_concurrency_has_bounds(settings: Settings, count: int) -> None:
    with pytest.raises(InvalidInputError, match="concurrency"):
        ActivityWorker(settings, concurrency=count)


def test_what_users_meet_can_be_imported_from_here() -> None:
    assert sorted(activity_worker.__all__) == [
        "ActivityCanceled",
        "ActivityError",
        "ActivityNotRegisteredError",
        "ActivityWorker",
        "NonRetryableError",
        "NotificationError",
        "StaleVisitError",
        "TaskContext",
        "TaskFailedError",
        "TaskLostError",
        "TombstoneError",
        "current_task",
    ]


# --- one task -------------------------------------------------------------------------------


def test_a_task_is_run_and_its_result_reported(client: Client, running: Make) -> None:
    running()
    client.offer("ValidateInput", order_id="ORD-1")
    kind, token, result = client.next_report()
    assert (kind, token) == ("completed", "token-1")
    assert json.loads(result) == {"status": "validated", "order_id": "ORD-1", "item_count": 0}


def test_the_log_says_word_for_word_what_is_executed(
    client: Client, running: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    running()
    client.offer(
        "ValidateInput", order_id="ORD-1", _process={"path": "Check", "attempt": 2, "visit": 3}
    )
    client.next_report()
    (line,) = lines(caplog, "Executing: ")
    assert line.getMessage() == "Executing: ValidateInput"
    assert line.levelname == "INFO"
    assert line.fields == {  # type: ignore[attr-defined]
        "domain": "business-process-domain",
        "started_event_id": 6,
        "workflow_id": "workflow-1",
        "run_id": "run-1",
        "step": "Check",
        "attempt": 2,
        "activity_id": "a1.1",
    }
    (engine,) = lines(caplog, "Activity worker started")
    assert "SWF at http://127.0.0.1:1" in engine.fields["engine"]  # type: ignore[attr-defined]


def test_the_activity_knows_its_task(client: Client, running: Make) -> None:
    def tell(data: dict[str, Any]) -> dict[str, Any]:
        task = current_task()
        return {
            "data": data,
            "ids": [task.token, task.workflow_id, task.run_id, task.start_id, task.activity_id],
            "step": [task.activity, task.path, task.visit, task.attempt, task.undo],
        }

    running(activities={"Tell": tell})
    envelope = {"start_id": "s", "path": "Each[3].Tell", "visit": 4, "attempt": 2, "undo": True}
    client.offer("Tell", a=1, _process=envelope)
    assert json.loads(client.next_report()[2]) == {
        "data": {"a": 1},
        "ids": ["token-1", "workflow-1", "run-1", "s", "a1.1"],
        "step": ["Tell", "Each[3].Tell", 4, 2, True],
    }
    client.offer("Tell")
    told = json.loads(client.next_report()[2])
    assert told["ids"][3] == "run-1"
    assert told["step"] == ["Tell", "Tell", 1, 1, False]


def test_the_method_of_a_subclass_is_used(client: Client, running: Make) -> None:
    class Mine(ActivityWorker):
        def process_data(self, data: dict[str, Any]) -> dict[str, Any]:
            return {**super().process_data(data), "mine": True}

    running(Mine)
    client.offer("ProcessData", order_id="ORD-1")
    assert json.loads(client.next_report()[2])["mine"] is True


def test_a_failure_says_what_happened(client: Client, running: Make) -> None:
    running()
    client.offer("ValidateInput", items=[])
    kind, _, reason, details = client.next_report()
    assert kind == "failed"
    assert reason == "NonRetryableError: the order is not valid: order_id is required"
    assert json.loads(details)["retryable"] is False


def test_a_missing_function_fails_the_task_by_name(client: Client, running: Make) -> None:
    running()
    client.offer("Unheard")
    kind, _, reason, details = client.next_report()
    assert kind == "failed"
    assert reason.startswith("ActivityNotRegistered: this worker has no function for 'Unheard'")
    assert json.loads(details)["type"] == "ActivityNotRegistered"
    assert json.loads(details)["retryable"] is True


def test_a_function_may_be_added_while_the_worker_runs(client: Client, running: Make) -> None:
    worker = running().worker
    worker.activities["Late"] = lambda data: {"got": data}
    client.offer("Late", a=1)
    assert json.loads(client.next_report()[2]) == {"got": {"a": 1}}


def test_an_activity_that_honours_a_request_to_stop_is_canceled(
    client: Client, running: Make
) -> None:
    def stop(_: dict[str, Any]) -> dict[str, Any]:
        raise ActivityCanceled("half done")

    running(activities={"Stop": stop})
    client.offer("Stop")
    assert client.next_report() == ("canceled", "token-1", "half done")


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt()])
def test_an_activity_cannot_end_the_worker(
    client: Client, running: Make, error: BaseException
) -> None:
    def leave(_: dict[str, Any]) -> dict[str, Any]:
        raise error

    running(activities={"Leave": leave}, concurrency=1)
    for _ in range(3):
        client.offer("Leave")
        assert client.next_report()[0] == "failed"


@pytest.mark.parametrize(
    "envelope", [{"visit": "one"}, {"attempt": None}, {"start_id": {}, "visit": []}]
)
def test_input_that_cannot_be_read_fails_the_task(
    client: Client, running: Make, envelope: dict[str, Any]
) -> None:
    running()
    client.offer("ValidateInput", order_id=1, _process=envelope)
    assert client.next_report()[0] == "failed"


def test_a_lost_task_is_told_so_and_its_result_is_not_sent(
    client: Client, running: Make, caplog: pytest.LogCaptureFixture
) -> None:
    seen = []

    def work(_: dict[str, Any]) -> dict[str, Any]:
        task = current_task()
        task.heartbeat()
        seen.append((task.lost, task.cancel_requested))
        return {}

    running(activities={"Work": work}, concurrency=1)
    client.offer("Work", token="lost")
    client.offer("ValidateInput", token="next", order_id=1)
    assert client.next_report()[:2] == ("completed", "next")
    assert seen == [(True, True)]
    assert len(lines(caplog, "Too late: Work; its result is not taken")) == 1


@pytest.mark.parametrize(
    "error", [TaskLostError("late"), EngineUnreachableError("down"), ThrottledError("slow down")]
)
def test_a_result_that_is_not_taken_is_survived(
    client: Client, running: Make, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    client.refusals = [error]
    running(concurrency=1)
    for token in ("refused", "taken"):
        client.offer("ValidateInput", token=token, order_id=1)
    assert client.next_report()[:2] == ("completed", "taken")
    assert len([r for r in caplog.records if r.levelno >= logging.WARNING]) == 1


@pytest.mark.parametrize("error", [PayloadError("no room"), RequestRefusedError("too long")])
def test_a_result_that_swf_cannot_take_fails_the_task(
    client: Client, running: Make, error: Exception
) -> None:
    client.refusals = [error]
    running()
    client.offer("ValidateInput", order_id=1)
    kind, _, reason, _ = client.next_report()
    assert (kind, reason) == ("failed", f"{type(error).__name__}: {error}")


# --- polling --------------------------------------------------------------------------------


def test_polls_are_made_only_with_a_free_slot(client: Client, running: Make) -> None:
    proceed = threading.Event()
    busy = threading.Semaphore(0)

    def block(_: dict[str, Any]) -> dict[str, Any]:
        busy.release()
        proceed.wait(PATIENCE)
        return {}

    running(activities={"Block": block}, concurrency=2, pollers=2)
    for token in ("1", "2"):
        client.offer("Block", token=token)
    for _ in range(2):
        assert busy.acquire(timeout=PATIENCE)
    assert client.polling == 0
    proceed.set()
    for _ in range(2):
        client.next_report()
    for _ in range(4):
        assert client.polled.acquire(timeout=PATIENCE)


def test_no_more_polls_than_pollers_are_under_way(client: Client, running: Make) -> None:
    running(concurrency=8, pollers=2)
    for _ in range(2):  # both poll before there is anything to do
        assert client.polled.acquire(timeout=PATIENCE)
    for number in range(50):
        client.offer("ValidateInput", token=str(number), order_id=1)
    for _ in range(50):
        client.next_report()
    assert client.most_polling == 2


def test_a_slow_activity_does_not_keep_others_waiting(client: Client, running: Make) -> None:
    proceed = threading.Event()

    def wait(_: dict[str, Any]) -> dict[str, Any]:
        proceed.wait(PATIENCE)
        return {}

    running(activities={"Wait": wait}, concurrency=2, pollers=1)
    client.offer("Wait", token="slow")
    for number in range(5):
        client.offer("ValidateInput", token=str(number), order_id=1)
    assert [client.next_report()[1] for _ in range(5)] == list("01234")
    proceed.set()
    assert client.next_report()[1] == "slow"


@pytest.mark.parametrize(
    "error",
    [EngineUnreachableError("down"), ThrottledError("slow down"), RuntimeError("a bug")],
)
def test_an_outage_is_said_once_and_survived(
    client: Client, running: Make, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for _ in range(5):
        client.tasks.put(error)
    client.offer("ValidateInput", order_id=1)
    running(pollers=1)
    assert client.next_report()[0] == "completed"
    assert len(lines(caplog, f"Polling fails: {error}")) == 1
    assert len(lines(caplog, "Polling works again")) == 1


@pytest.mark.parametrize(
    "error",
    [CredentialsError("no keys"), DomainNotRegisteredError("run setup.py"),
     RequestRefusedError("a wrong name")],
)  # fmt: skip
def test_what_cannot_work_ends_the_worker_at_its_start_only(
    client: Client, running: Make, error: Exception
) -> None:
    client.offer("ValidateInput", order_id=1)
    client.tasks.put(error)
    client.offer("ValidateInput", order_id=1)
    survivor = running(pollers=1)
    for _ in range(2):
        assert client.next_report()[0] == "completed"
    survivor.worker.stop()
    assert survivor.ended()
    assert survivor.error is None

    other = Client(client.settings)
    other.tasks.put(error)
    worker = ActivityWorker(survivor.worker.settings, swf_client=other)  # type: ignore[arg-type]
    with pytest.raises(type(error), match=str(error)):
        worker.run()


@pytest.mark.parametrize(
    "wrong",
    [{"notifier": "sns"}, {"notifier": "webhook"}, {"database_url": "mysql://localhost/x"},
     {"database_url": "postgresql+pg8000://localhost/x"}],
)  # fmt: skip
def test_settings_that_cannot_work_end_the_worker_before_it_polls(
    settings: Settings, client: Client, wrong: dict[str, str]
) -> None:
    chosen = dataclasses.replace(settings, **wrong)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        ActivityWorker(chosen, swf_client=client).run()  # type: ignore[arg-type]
    assert client.most_polling == 0


def test_an_outage_that_the_worker_does_not_outlive_is_not_said_to_be_over(
    client: Client, running: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    client.tasks.put(EngineUnreachableError("down"))
    item = running(pollers=1)
    for _ in range(2):
        assert client.polled.acquire(timeout=PATIENCE)
    item.worker.stop()
    assert item.ended()
    assert lines(caplog, "Polling fails") != []
    assert lines(caplog, "Polling works again") == []


# --- stopping -------------------------------------------------------------------------------


def test_what_runs_is_finished_and_nothing_new_is_taken(client: Client, running: Make) -> None:
    begun, proceed = threading.Event(), threading.Event()

    def work(_: dict[str, Any]) -> dict[str, Any]:
        begun.set()
        proceed.wait(PATIENCE)
        return {"done": True}

    item = running(activities={"Work": work}, concurrency=1)
    client.offer("Work")
    assert begun.wait(PATIENCE)
    client.offer("ValidateInput", order_id=1)
    item.worker.stop()
    item.worker.stop()
    proceed.set()
    assert item.ended()
    assert client.next_report() == ("completed", "token-1", '{"done":true}')
    assert client.reports.empty()


def test_a_task_that_the_last_poll_brings_is_done(client: Client, running: Make) -> None:
    item = running(concurrency=1)
    assert client.polled.acquire(timeout=PATIENCE)
    client.offer("ValidateInput", order_id=1)
    item.worker.stop()
    assert item.ended()
    assert client.next_report()[0] == "completed"


def test_a_worker_stopped_before_it_runs_ends_at_once(settings: Settings, client: Client) -> None:
    worker = ActivityWorker(settings, swf_client=client)  # type: ignore[arg-type]
    worker.stop()
    worker.run()
    assert client.most_polling == 0
