"""Work that is asked for again until it is done (`.sync`): limits, failures, jumps, new workers."""

from __future__ import annotations

from runner import Completed, Failed, TimedOut
from wire import pending
from workflow import commands

from .language import Life, machine, task

RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 2}]
AGAIN = Completed(pending({"id": 1}, 10))


def job(**members):
    return machine({"Job": task("Job", **members)})


def polls(life):
    return [(call.attempt, (call.envelope.get("poll") or {}).get("id")) for call in life.calls]


def test_it_is_asked_until_it_is_done():
    life = Life(job(), plays={"Job": [AGAIN, AGAIN, Completed(5)]})
    assert life.output() == 5
    assert polls(life) == [(1, None), (1, 1), (1, 1)]
    assert life.now == 20


def test_the_time_limit_is_over_all_of_it():
    life = Life(job(TimeoutSeconds=25), plays={"Job": AGAIN})
    assert life.failure()["Error"] == "States.Timeout"
    assert life.now == 25


def test_a_retry_after_a_timeout_begins_anew_with_its_whole_limit():
    life = Life(job(TimeoutSeconds=15, Retry=RETRY), plays={"Job": [AGAIN] * 4 + [Completed(1)]})
    assert life.output() == 1
    assert polls(life) == [(1, None), (1, 1), (2, None), (2, 1), (3, None)]


def test_a_retry_after_a_failure_begins_anew():
    plays = {"Job": [AGAIN, Failed("Job.Failed: no"), Completed(1)]}
    life = Life(job(Retry=RETRY), plays=plays)
    assert life.output() == 1
    assert polls(life) == [(1, None), (1, 1), (2, None)]
    assert life.now == 12


def test_a_worker_that_died_between_is_replaced_and_asks_on():
    plays = {"Job": [AGAIN, TimedOut("HEARTBEAT"), Completed(1)]}
    life = Life(job(), plays=plays)
    assert life.output() == 1
    assert polls(life) == [(1, None), (1, 1), (1, 1)]


def test_a_jump_away_while_it_waits():
    definition = machine({"A": task("A", Next="Job"), "Job": task("Job")})
    life = Life(definition, plays={"Job": [AGAIN, Completed(1)]}).go_on(5)
    life.signal("RESUME_FROM_STEP", step_name="A")
    assert life.output() == 1
    assert life.paths() == ["A", "Job", "A", "Job"]


def test_a_jump_away_while_it_is_asked():
    definition = machine({"A": task("A", Next="Job"), "Job": task("Job")})
    slow = Completed(pending({"id": 1}, 10), after=5, stops=False)
    life = Life(definition, plays={"Job": [slow, Completed(1)]}).at("Job")
    life.signal("RESUME_FROM_STEP", step_name="A")
    assert life.output() == 1
    assert life.paths() == ["A", "Job", "A", "Job"]


def test_it_is_carried_into_a_continued_run(monkeypatch):
    monkeypatch.setattr(commands, "HISTORY_SOFT_LIMIT", 8)
    life = Life(job(TimeoutSeconds=45), plays={"Job": AGAIN})
    life.until(lambda: len(life.run.histories) > 1)
    monkeypatch.setattr(commands, "HISTORY_SOFT_LIMIT", 8_000)
    assert life.failure()["Error"] == "States.Timeout"
    assert polls(life) == [(1, None), *[(1, 1)] * 4]
    assert life.now == 45


def test_skipped_while_it_waits():
    life = Life(job(ResultPath="$.r"), {"n": 1}, {"Job": AGAIN}).go_on(5)
    life.signal("SKIP_STEP", step_name="Job", result=3)
    assert life.output() == {"n": 1, "r": 3}
