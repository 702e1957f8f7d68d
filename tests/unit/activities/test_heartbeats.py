import threading
import time
from collections.abc import Callable, Iterator
from queue import Queue

import pytest

from activities import heartbeats
from activities.context import TaskContext
from activities.heartbeats import Heartbeats
from errors import EngineUnreachableError, TaskLostError

TaskOf = Callable[..., TaskContext]

LONG = 3_600.0  # an interval that never comes
SHORT = 0.005
PATIENCE = 30.0  # seconds that a test waits for what must come


class Engine:
    """Takes heartbeats and answers what a test lays down."""

    def __init__(self) -> None:
        self.beats: Queue[tuple[str, str]] = Queue()
        self.answer: bool | Exception = False

    def send(self, token: str, details: str) -> bool:
        self.beats.put((token, details))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def next(self) -> tuple[str, str]:
        return self.beats.get(timeout=PATIENCE)


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def beating(engine: Engine) -> Iterator[Callable[[float], Heartbeats]]:
    made: list[Heartbeats] = []

    def make(interval: float) -> Heartbeats:
        made.append(Heartbeats(engine.send, interval))
        return made[-1]

    yield make
    for item in made:
        item.stop()


Beating = Callable[[float], Heartbeats]


def test_every_task_beats_in_the_background(
    engine: Engine, beating: Beating, task_of: TaskOf
) -> None:
    beats = beating(SHORT)
    beats.add(task_of("A", token="a"))
    beats.add(task_of("B", token="b"))
    tokens = [engine.next()[0] for _ in range(20)]
    assert {"a", "b"} <= set(tokens)


def test_a_task_that_is_done_beats_no_more(
    engine: Engine, beating: Beating, task_of: TaskOf
) -> None:
    beats = beating(SHORT)
    done = beats.add(task_of("A", token="done"))
    beats.add(task_of("B", token="other"))
    beats.remove(done)
    while not engine.beats.empty():
        engine.next()
    assert {engine.next()[0] for _ in range(10)} == {"other"}


def test_the_answer_tells_the_activity_to_stop(
    engine: Engine, beating: Beating, task_of: TaskOf
) -> None:
    engine.answer = True
    task = task_of("A")
    beating(SHORT).add(task)
    assert task.wait_for_cancel(PATIENCE)
    assert not task.lost


def test_a_task_that_is_no_longer_ours_is_lost_and_beats_no_more(
    engine: Engine, beating: Beating, task_of: TaskOf
) -> None:
    engine.answer = TaskLostError("timed out")
    task = task_of("A")
    beats = beating(SHORT)
    beats.add(task)
    assert task.wait_for_cancel(PATIENCE)
    assert task.lost
    engine.answer = False
    beats.add(task_of("B", token="other"))
    engine.next()
    assert {engine.next()[0] for _ in range(5)} == {"other"}


@pytest.mark.parametrize("error", [EngineUnreachableError("down"), RuntimeError("a bug")])
def test_a_heartbeat_that_fails_is_sent_again(
    engine: Engine,
    beating: Beating,
    task_of: TaskOf,
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heartbeats, "RETRY_SECONDS", SHORT)
    engine.answer = error
    task = task_of("A")
    beating(SHORT).add(task)
    for _ in range(3):
        engine.next()
    assert not task.cancel_requested
    engine.answer = True
    assert task.wait_for_cancel(PATIENCE)


def test_an_activitys_own_heartbeat_is_sent_at_once(
    engine: Engine, beating: Beating, task_of: TaskOf
) -> None:
    task = task_of("A", token="a")
    beating(LONG).add(task)
    engine.answer = True
    task.heartbeat({"done": 1})
    assert engine.beats.get_nowait() == ("a", '{"done":1}')
    assert task.cancel_requested


def test_many_heartbeats_are_one_a_second_and_the_last_details_arrive(
    engine: Engine, beating: Beating, task_of: TaskOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeats, "SHORTEST_SECONDS", 0.2)
    task = task_of("A", token="a")
    beating(LONG).add(task)
    for number in range(100):
        task.heartbeat(str(number))
    assert engine.next() == ("a", "0")
    assert engine.beats.empty()
    assert engine.next() == ("a", "99")


def test_an_activity_is_not_bothered_by_an_engine_that_is_down(
    engine: Engine, beating: Beating, task_of: TaskOf
) -> None:
    task = task_of("A")
    beating(LONG).add(task)
    engine.answer = EngineUnreachableError("down")
    task.heartbeat("x")
    assert not task.cancel_requested


def test_without_tasks_there_is_no_thread(beating: Beating) -> None:
    before = threading.active_count()
    beating(SHORT)
    assert threading.active_count() == before


def test_intervals_are_ten_seconds_less_a_jitter(
    beating: Beating, task_of: TaskOf, engine: Engine
) -> None:
    beats = Heartbeats(engine.send)
    dues = []
    for number in range(200):
        before = time.monotonic()
        dues.append(beats.add(task_of(str(number))).due - before)
    beats.stop()
    assert 8.0 <= min(dues) < max(dues) <= 10.1
    assert max(dues) - min(dues) > 1
