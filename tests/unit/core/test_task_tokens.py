"""Task tokens: answered before and after the message is out, late, twice; limits and retries."""

from __future__ import annotations

import pytest

from runner import Completed, Failed, TimedOut
from workflow import commands

from .language import Life, asking, machine, task

RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 2}]
CATCH = [{"ErrorEquals": ["States.ALL"], "Next": "Caught", "ResultPath": "$.error"}]


def asked(**members):
    return machine({"Ask": asking(**members), "Caught": task("Mend")} if "Catch" in members
                   else {"Ask": asking(**members)})  # fmt: skip


def test_an_answer_after_the_message_is_out_is_the_result():
    life = Life(asked(ResultPath="$.answer"), {"n": 1}).go_on()
    life.signal("TASK_SUCCESS", token=life.token(), output={"yes": True})
    assert life.output() == {"n": 1, "answer": {"yes": True}}


def test_an_answer_before_the_message_activity_has_ended_is_the_result_too():
    life = Life(asked(), plays={"Ask": Completed({}, after=30)}).at("Ask")
    token = life.calls[0].input["MessageBody"]["token"]
    life.signal("TASK_SUCCESS", token=token, output=7)
    assert life.output() == 7


def test_an_answer_counts_once():
    life = Life(machine({"Ask": asking(Next="B"), "B": task("B")}), plays={"B": Completed(1, 9)})
    token = life.go_on().token()
    life.signal("TASK_SUCCESS", token=token, output=1)
    life.signal("TASK_SUCCESS", token=token, output=2)
    assert "no state waits for this token" in life.refused
    assert life.output() == 1


@pytest.mark.parametrize("token", ["", "abc", None, 5, "eyJhIjoxfQ"])
def test_what_is_no_token_is_refused(token):
    life = Life(asked()).go_on()
    life.signal("TASK_SUCCESS", token=token, output=1)
    assert "no task token" in life.refused


def test_a_failure_is_caught():
    life = Life(asked(Catch=CATCH), {"n": 1}, {"Mend": lambda task: task.input}).go_on()
    life.signal("TASK_FAILURE", token=life.token(), error="No", cause="because")
    assert life.output() == {"n": 1, "error": {"Error": "No", "Cause": "because"}}


def test_after_a_failure_the_retry_sends_a_new_token():
    life = Life(asked(Retry=RETRY, TimeoutSeconds=600, HeartbeatSeconds=100)).go_on(0)
    first = life.token()
    life.signal("TASK_FAILURE", token=first, error="No")
    life.go_on(2)
    assert len(life.calls) == 2
    life.signal("TASK_SUCCESS", token=first, output=1)
    assert "no state waits" in life.refused
    life.signal("TASK_SUCCESS", token=life.token(), output=2)
    assert life.output() == 2


def test_while_a_retry_waits_nobody_is_asked():
    life = Life(asked(Retry=RETRY)).go_on()
    life.signal("TASK_FAILURE", token=life.token(), error="No")
    assert "waits_for" not in life.status
    assert life.status["state"] == "RETRYING"


@pytest.mark.parametrize(
    ("members", "error", "seconds"),
    [
        ({"TimeoutSeconds": 60}, "States.Timeout", 60),
        ({"HeartbeatSeconds": 20}, "States.Timeout", 20),
        ({"TimeoutSeconds": 60, "HeartbeatSeconds": 20}, "States.Timeout", 20),
    ],
)
def test_nobody_answers_in_time(members, error, seconds):
    life = Life(asked(**members))
    assert life.failure()["Error"] == error
    assert life.now == seconds


def test_each_attempt_has_its_whole_time_limit():
    life = Life(asked(TimeoutSeconds=60, Retry=RETRY))
    assert life.failure()["Error"] == "States.Timeout"
    assert len(life.calls) == 3
    assert life.now == 60 + 2 + 60 + 4 + 60


def test_heartbeats_put_the_end_off_up_to_the_time_limit():
    life = Life(asked(TimeoutSeconds=60, HeartbeatSeconds=20)).go_on(15)
    for _ in range(2):
        life.signal("TASK_HEARTBEAT", token=life.token()).go_on(15)
    assert not life.ended.reason
    life.signal("TASK_HEARTBEAT", token=life.token())
    assert life.failure()["Error"] == "States.Timeout"
    assert life.now == 60


def test_a_heartbeat_for_what_is_over_changes_nothing():
    life = Life(asked(HeartbeatSeconds=20, Retry=RETRY)).go_on(5)
    first = life.token()
    life.signal("TASK_FAILURE", token=first, error="No").go_on(3)
    life.signal("TASK_HEARTBEAT", token=first)
    life.signal("TASK_SUCCESS", token=life.token(), output=1)
    assert life.output() == 1


def test_the_message_cannot_be_sent():
    life = Life(asked(Catch=CATCH), {}, {"Ask": Failed("Sqs.Gone: no queue")})
    assert life.output() == {"did": "Caught"}


def test_the_message_is_sent_anew_by_the_retry():
    life = Life(asked(Retry=RETRY), {}, {"Ask": [Failed("Sqs.Gone: no"), Completed({})]}).go_on()
    life.signal("TASK_SUCCESS", token=life.token(), output=3)
    assert life.output() == 3


@pytest.mark.parametrize("members", [{}, {"HeartbeatSeconds": 500}, {"TimeoutSeconds": 900}])
@pytest.mark.parametrize("kind", ["HEARTBEAT", "START_TO_CLOSE"])
def test_a_worker_that_died_with_the_message_is_replaced_without_an_attempt(members, kind):
    life = Life(asked(**members), {}, {"Ask": [TimedOut(kind), Completed({})]}).go_on(400)
    assert [call.attempt for call in life.calls] == [1, 1]
    life.signal("TASK_SUCCESS", token=life.token(), output=3)
    assert life.output() == 3


def test_a_jump_away_leaves_the_token():
    states = {"A": task("A", Next="Ask"), "Ask": asking(ResultPath="$.r")}
    life = Life(machine(states)).go_on()
    first = life.token()
    life.signal("RESUME_FROM_STEP", step_name="A").go_on()
    life.signal("TASK_SUCCESS", token=first, output=1)
    assert life.refused
    life.signal("TASK_SUCCESS", token=life.token(), output=2)
    assert life.output() == {"did": "A", "r": 2}


def test_a_jump_while_the_message_is_sent_does_not_wait_for_the_answer():
    states = {"A": task("A", Next="Ask"), "Ask": asking(ResultPath="$.r")}
    plays = {"Ask": [Completed({}, after=5, stops=False), Completed({})]}
    life = Life(machine(states), {}, plays).at("Ask")
    life.signal("RESUME_FROM_STEP", step_name="A").go_on()
    assert [call.path for call in life.calls] == ["A", "Ask", "A", "Ask"]
    assert len(life.status["waits_for"]) == 1
    life.signal("TASK_SUCCESS", token=life.token(), output=2)
    assert life.output() == {"did": "A", "r": 2}


def test_an_answer_while_paused_is_taken_and_what_follows_waits():
    life = Life(machine({"Ask": asking(Next="B"), "B": task("B")})).go_on()
    life.signal("PAUSE")
    life.signal("TASK_SUCCESS", token=life.token(), output=1).go_on()
    assert life.paths() == ["Ask"]
    life.signal("CONTINUE")
    assert life.output() == {"did": "B"}


def test_an_answer_to_each_item():
    each = {
        "Type": "Map",
        "End": True,
        "ItemProcessor": {"StartAt": "Ask", "States": {"Ask": asking(TimeoutSeconds=50)}},
    }
    life = Life(machine({"Each": each}), [1, 2, 3]).go_on(0)
    for index in (2, 0, 1):
        life.signal("TASK_SUCCESS", token=life.token(f"Each[{index}].Ask"), output=index)
    assert life.output() == [0, 1, 2]


def test_tokens_and_their_limits_are_carried_into_a_continued_run(monkeypatch):
    monkeypatch.setattr(commands, "HISTORY_SOFT_LIMIT", 12)
    life = Life(asked(TimeoutSeconds=100, HeartbeatSeconds=40)).go_on(30)
    first = life.token()
    life.signal("PAUSE").signal("CONTINUE")
    life.signal("TASK_HEARTBEAT", token=first)
    life.until(lambda: len(life.run.histories) > 1)
    monkeypatch.setattr(commands, "HISTORY_SOFT_LIMIT", 8_000)
    life.go_on(30)
    assert life.token() == first
    life.signal("TASK_SUCCESS", token=first, output="late but fine")
    assert life.output() == "late but fine"


def test_a_continued_run_still_times_out(monkeypatch):
    monkeypatch.setattr(commands, "HISTORY_SOFT_LIMIT", 12)
    life = Life(asked(TimeoutSeconds=100)).go_on(30)
    life.signal("PAUSE").signal("CONTINUE")
    life.until(lambda: len(life.run.histories) > 1)
    monkeypatch.setattr(commands, "HISTORY_SOFT_LIMIT", 8_000)
    assert life.failure()["Error"] == "States.Timeout"
    assert life.now == 100


def test_a_skip_takes_the_place_of_the_answer():
    life = Life(asked(ResultPath="$.r"), {"n": 1}).go_on()
    first = life.token()
    life.signal("SKIP_STEP", step_name="Ask", result={"by": "ana"})
    life.signal("TASK_SUCCESS", token=first, output=1) if not life.run.closed else None
    assert life.output() == {"n": 1, "r": {"by": "ana"}}
