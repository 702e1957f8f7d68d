"""Branches and items: jumps into and out of them, what is kept, what is undone."""

from __future__ import annotations

import json

import pytest

from workflow import (
    Definition,
    Policy,
    Retry,
    Rollback,
    choice,
    map_items,
    parallel,
    process,
    step,
    wait,
    wait_for_signal,
    where,
)
from workflow import child as child_step
from workflow.state import State, Undone

from .history_model import History

ONCE = Policy(max_attempts=1)


def forked(**more) -> Definition:
    """Before; A then B beside C then D; After."""
    left = [step("A", compensation="UndoA"), step("B", compensation="UndoB")]
    right = [step("C", compensation="UndoC"), step("D", compensation="UndoD")]
    return process(
        "Forked",
        "1.0",
        [
            step("Before", compensation="UndoBefore"),
            parallel("Fork", left, right, **more),
            step("After", compensation="UndoAfter"),
        ],
    )


EACH = process(
    "Each",
    "1.0",
    [map_items("Each", [step("Bill", compensation="UndoBill"), step("Send")], concurrency=1)],
)


def scheduled(history: History, name: str) -> int:
    """The open activity of that name."""
    return next(item for item in history.scheduled() if history.name_of(item) == name)


def names(history: History) -> list[str]:
    return [history.name_of(item) for item in history.scheduled()]


def all_scheduled(history: History) -> list[str]:
    return [
        f"{control['path']}:{control['visit']}"
        for control in history.attempts.values()
        if not control.get("undo")
    ]


def complete(history: History, *steps: str) -> None:
    """Let those activities complete, one decision after each."""
    for name in steps:
        history.complete(scheduled=scheduled(history, name))
        if history.wants_decision:
            history.decide()


def begun(definition: Definition, *steps: str, policy: Policy | None = None, **value) -> History:
    history = History({"items": ["x", "y", "z"], **value}, definition, policy)
    history.decide()
    complete(history, *steps)
    return history


def steer(history: History, name: str, **payload) -> None:
    history.signal(name, payload)
    history.decide()


def state(history: History) -> State:
    return history.execution().state


def results(history: History):
    return json.loads(history.close_attributes["result"])["previous_results"]


def undone(history: History) -> list[str]:
    return [f"{m['step']}:{m['visit']}" for m in history.markers("STEP_COMPENSATED")]


def answers(history: History) -> list[str]:
    return [marker["outcome"] for marker in history.markers("SIGNAL_HANDLED")]


# --- walking ----------------------------------------------------------------------------------


def test_branches_run_at_once_and_their_results_come_together():
    history = begun(forked(), "Before")
    assert names(history) == ["A", "C"]
    assert history.run() == "WorkflowExecutionCompleted"
    assert results(history)["Fork"] == [
        {"A": {"did": "A"}, "B": {"did": "B"}},
        {"C": {"did": "C"}, "D": {"did": "D"}},
    ]


def test_a_branch_sees_what_came_before_the_fork_and_its_own():
    history = begun(forked(), "Before", "A")
    found = history.input_of(scheduled(history, "B"))["previous_results"]
    assert list(found) == ["Before", "A"]


def test_items_are_worked_on_so_many_at_once():
    history = begun(EACH)
    assert names(history) == ["Bill"]
    assert history.input_of(history.scheduled()[0])["item"] == "x"
    assert history.run() == "WorkflowExecutionCompleted"
    assert len(results(history)["Each"]) == 3


def test_a_map_over_nothing_gives_an_empty_list():
    history = begun(EACH, items=[])
    assert history.run() == "WorkflowExecutionCompleted"
    assert results(history)["Each"] == []


def test_a_map_over_what_is_no_list_fails():
    assert begun(EACH, items=3).run() == "WorkflowExecutionFailed"


def test_a_failed_branch_stops_its_siblings_and_rolls_back_newest_first():
    history = begun(forked(), "Before", "A", policy=ONCE)
    history.start_activity(scheduled(history, "C"))
    history.fail(scheduled=scheduled(history, "B"))
    history.decide()
    history.cancel_activity(scheduled(history, "C"))
    assert history.run() == "WorkflowExecutionFailed"
    assert undone(history) == ["Fork[0].B:1", "Fork[1].C:1", "Fork[0].A:1", "Before:1"]


def test_a_fork_with_a_retry_begins_anew():
    history = begun(forked(retry=Retry(attempts=2)), "Before", "A", policy=ONCE)
    history.fail(scheduled=scheduled(history, "B"))
    assert history.run() == "WorkflowExecutionCompleted"
    assert "Fork[0].A:2" in all_scheduled(history)


# --- jumps ------------------------------------------------------------------------------------


def test_a_jump_inside_one_branch_lets_the_siblings_run_on():
    history = begun(forked(), "Before", "A")
    steer(history, "RESUME_FROM_STEP", step_name="A")
    history.decide()
    assert sorted(names(history)) == ["A", "C"]
    assert history.input_of(scheduled(history, "A"))["_process"]["visit"] == 2
    assert history.run() == "WorkflowExecutionCompleted"
    assert all_scheduled(history).count("Fork[1].C:1") == 1


def test_a_jump_out_of_a_branch_stops_all_of_them():
    history = begun(forked(), "Before", "A")
    steer(history, "RESUME_FROM_STEP", step_name="After")
    history.decide()
    assert names(history) == ["After"]


def test_a_jump_into_a_closed_fork_keeps_the_results_of_the_other_branches():
    history = begun(forked(), "Before", "A", "B", "C", "D")
    assert names(history) == ["After"]
    steer(history, "RESUME_FROM_STEP", step_name="B")
    history.decide()
    assert names(history) == ["B"]
    history.complete({"new": 1})
    assert history.run() == "WorkflowExecutionCompleted"
    assert results(history)["Fork"] == [
        {"A": {"did": "A"}, "B": {"new": 1}},
        {"C": {"did": "C"}, "D": {"did": "D"}},
    ]
    assert all_scheduled(history).count("Fork[1].D:1") == 1
    assert "Fork[1].D:2" not in all_scheduled(history)


def test_a_jump_into_an_item_by_its_path():
    history = begun(EACH, "Bill", "Send", "Bill")
    steer(history, "RESUME_FROM_STEP", step_name="Each[0].Send")
    assert sorted(names(history)) == ["Send", "Send"]
    assert history.run() == "WorkflowExecutionCompleted"
    assert "Each[0].Send:2" in all_scheduled(history)


def test_no_more_items_at_once_than_allowed_after_a_jump_back_into_one():
    history = begun(EACH, "Bill", "Send", "Bill")
    steer(history, "RESUME_FROM_STEP", step_name="Each[0].Send")
    complete(history, "Send")
    assert len(history.scheduled()) == 1, "two items ran; the third waits for both"


@pytest.mark.parametrize("path", ["Each[2].Send", "Each[9].Send", "Each[0].In[4].X"])
def test_a_jump_into_an_item_that_has_not_begun_is_refused(path):
    inner = map_items("In", [step("X")], items="$.none")
    steps = [step("Bill"), choice("C", (where("$.none").is_present(), [inner])), step("Send")]
    each = map_items("Each", steps, concurrency=1)
    history = begun(process("P", "1", [each, step("Z")]))
    steer(history, "RESUME_FROM_STEP", step_name=path)
    while "Z" not in names(history):
        complete(history, names(history)[0])
    steer(history, "RESUME_FROM_STEP", step_name="Each[0].In[4].X")
    assert answers(history) == ["refused", "refused"]
    assert history.run() == "WorkflowExecutionCompleted"


def test_a_name_in_progress_in_several_places_needs_a_path():
    definition = process("P", "1", [map_items("Each", [step("Bill")])])
    history = begun(definition)
    steer(history, "RESUME_FROM_STEP", step_name="Bill")
    [answer] = history.markers("SIGNAL_HANDLED")
    assert "in progress in 3 places" in answer["why"]


def test_a_second_jump_out_of_a_fork_takes_the_place_of_the_first():
    history = begun(forked(), "Before")
    for item in history.scheduled():
        history.start_activity(item)
    steer(history, "RESUME_FROM_STEP", step_name="After")
    steer(history, "RESUME_FROM_STEP", step_name="Before")
    complete(history, "A", "C")
    assert names(history) == ["Before"], "no branch that was left goes on"
    assert history.run() == "WorkflowExecutionCompleted"
    assert [m["step"] for m in history.markers("RESUMED")] == ["Before"]


def test_a_step_that_completes_while_it_is_stopped_is_not_run_again_in_its_branch():
    history = begun(forked(), "Before")
    for item in history.scheduled():
        history.start_activity(item)
    steer(history, "RESUME_FROM_STEP", step_name="After")
    history.complete(scheduled=scheduled(history, "A"))
    history.cancel_activity(scheduled(history, "C"))
    history.decide()
    steer(history, "RESUME_FROM_STEP", step_name="C")
    history.decide()
    assert sorted(names(history)) == ["B", "C"], "A is done: its branch goes on behind it"


def test_branches_that_a_pause_held_do_not_go_on_after_the_fork_was_left():
    history = begun(forked(), "Before")
    steer(history, "PAUSE")
    complete(history, "A")
    steer(history, "RESUME_FROM_STEP", step_name="After")
    steer(history, "CONTINUE")
    assert names(history) == ["After"]


def test_a_jump_with_compensate_undoes_what_it_passes_over_newest_first():
    history = begun(forked(), "Before", "A", "B", "C", "D")
    steer(history, "RESUME_FROM_STEP", step_name="Before", compensate=True)
    assert history.run() == "WorkflowExecutionCompleted"
    assert undone(history) == [
        *["Fork[1].D:1", "Fork[1].C:1", "Fork[0].B:1", "Fork[0].A:1"],
        "Before:1",
    ]
    assert all_scheduled(history).count("Before:2") == 1


def test_a_jump_with_compensate_into_a_branch_leaves_the_siblings_as_they_are():
    history = begun(forked(), "Before", "A", "B", "C", "D")
    steer(history, "RESUME_FROM_STEP", step_name="A", compensate=True)
    assert history.run() == "WorkflowExecutionCompleted"
    assert undone(history) == ["Fork[0].B:1", "Fork[0].A:1"]


def test_a_sibling_that_fails_while_a_jump_is_undone_for_rolls_everything_back_once():
    history = begun(forked(), "Before", "A", policy=ONCE)
    steer(history, "RESUME_FROM_STEP", step_name="A", compensate=True)
    history.decide()
    assert "UndoA" in names(history)
    history.start_activity(scheduled(history, "UndoA"))
    history.fail(scheduled=scheduled(history, "C"))
    assert history.run() == "WorkflowExecutionFailed"
    assert undone(history) == ["Fork[0].A:1", "Fork[1].C:1", "Before:1"]


def test_a_cancellation_while_a_jump_is_undone_for_is_carried_out_afterwards():
    history = begun(forked(), "Before", "A")
    steer(history, "RESUME_FROM_STEP", step_name="Before", compensate=True)
    history.request_cancel()
    assert history.run() == "WorkflowExecutionCanceled"


def test_a_signal_that_a_sibling_waits_for_is_taken_while_a_jump_is_undone_for():
    branches = [step("A", compensation="UndoA"), step("B")], [wait_for_signal("W", signal="GO")]
    history = begun(process("P", "1", [parallel("Fork", *branches)]), "A")
    steer(history, "RESUME_FROM_STEP", step_name="A", compensate=True)
    history.decide()
    history.signal("GO", {"yes": 1})
    assert history.run() == "WorkflowExecutionCompleted"
    assert results(history)["Fork"][1] == {"W": {"yes": 1}}


@pytest.mark.parametrize(("back", "at"), [(1, "Fork"), (2, "Before")])
def test_going_back_so_many_steps(back, at):
    history = begun(forked(), "Before", "A", "B", "C", "D")
    steer(history, "GO_BACK", steps=back)
    history.decide()
    assert history.markers("RESUMED")[0]["step"] == at


def test_going_back_inside_the_branch_that_is_named():
    history = begun(forked(), "Before", "A")
    steer(history, "GO_BACK", step_name="B")
    history.decide()
    assert sorted(names(history)) == ["A", "C"]


# --- running a step again ---------------------------------------------------------------------


def test_a_step_is_run_again_after_the_one_in_flight_and_its_result_replaced():
    history = begun(forked(), "Before")
    history.run()
    history = begun(process("P", "1", [step("A"), step("B"), step("C")]), "A")
    steer(history, "REPROCESS_STEP", step_name="A")
    assert names(history) == ["B"]
    assert answers(history) == ["waiting"]
    complete(history, "B")
    assert names(history) == ["A"]
    history.complete({"new": 1})
    history.decide()
    assert names(history) == ["C"]
    assert history.input_of(history.scheduled()[0])["previous_results"]["A"] == {"new": 1}
    assert history.run() == "WorkflowExecutionCompleted"
    assert results(history)["A"] == {"new": 1}


def test_a_step_that_is_run_again_sees_what_it_saw():
    history = begun(process("P", "1", [step("A"), step("B"), step("C")]), "A", "B")
    steer(history, "REPROCESS_STEP", step_name="B")
    complete(history, "C")
    assert list(history.input_of(scheduled(history, "B"))["previous_results"]) == ["A"]


def test_a_step_in_a_closed_fork_is_run_again_and_the_fork_closes_again():
    history = begun(forked(), "Before", "A", "B", "C", "D")
    steer(history, "REPROCESS_STEP", step_name="A")
    complete(history, "After")
    assert names(history) == ["A"]
    history.complete({"new": 1})
    assert history.run() == "WorkflowExecutionCompleted"
    assert results(history)["Fork"][0] == {"A": {"new": 1}, "B": {"did": "B"}}
    assert "Fork[0].B:2" not in all_scheduled(history)


# --- skipping ---------------------------------------------------------------------------------

LINE = process("Line", "1", [step("A"), step("B", on_failure="pause"), step("C")])


def test_a_step_in_flight_is_stopped_and_skipped():
    history = begun(LINE, "A")
    history.start_activity()
    steer(history, "SKIP_STEP", step_name="B", result={"given": 1})
    assert answers(history) == ["waiting"]
    history.cancel_activity()
    assert history.run() == "WorkflowExecutionCompleted"
    assert results(history)["B"] == {"given": 1}


def test_a_step_that_waits_for_its_retry_is_skipped_at_once():
    history = begun(LINE, "A")
    history.fail()
    history.decide()
    steer(history, "SKIP_STEP", step_name="B", result={"given": 1})
    assert not history.timers
    assert names(history) == ["C"]


def test_a_step_that_failed_and_stands_still_is_skipped():
    history = begun(LINE, "A", policy=ONCE)
    history.fail()
    history.decide()
    assert history.execution().status()["state"] == "PAUSED"
    steer(history, "SKIP_STEP", step_name="B")
    assert history.run() == "WorkflowExecutionCompleted"


def test_a_fork_is_skipped_as_a_whole():
    history = begun(forked(), "Before")
    steer(history, "SKIP_STEP", step_name="Fork", result=[])
    assert history.run() == "WorkflowExecutionCompleted"
    assert results(history)["Fork"] == []


def test_a_step_that_is_not_in_progress_cannot_be_skipped():
    history = begun(LINE, "A")
    steer(history, "SKIP_STEP", step_name="A")
    assert answers(history) == ["refused"]


# --- standing still ---------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["CONTINUE", "RESUME_FROM_STEP", "SKIP_STEP", "ROLL_BACK"])
def test_a_branch_that_stands_still_goes_on_as_an_operator_says(how):
    left = [step("A", on_failure="pause"), step("B")]
    definition = process("P", "1", [parallel("Fork", left, [step("C")])])
    history = begun(definition, policy=ONCE)
    history.fail(scheduled=scheduled(history, "A"))
    history.decide()
    complete(history, "C")
    assert not history.wants_decision
    steer(history, how, **({} if how in ("CONTINUE", "ROLL_BACK") else {"step_name": "A"}))
    wanted = "Failed" if how == "ROLL_BACK" else "Completed"
    assert history.run() == f"WorkflowExecution{wanted}"


def test_what_failed_can_be_resumed_inside_a_closed_run_with_its_siblings_results():
    history = begun(forked(), "Before", "A", "C", "D", policy=ONCE)
    history.fail(scheduled=scheduled(history, "B"))
    assert history.run({"UndoC": ["bad"]}) == "WorkflowExecutionFailed"
    again = resumed(history, "Fork[0].B", force=True)
    again.decide()
    assert names(again) == ["B"]
    assert again.run() == "WorkflowExecutionCompleted"
    assert results(again)["Fork"][1] == {"C": {"did": "C"}, "D": {"did": "D"}}


def test_a_run_that_was_terminated_while_paused_goes_on_in_no_branch_that_was_left():
    history = begun(forked(), "Before")
    steer(history, "PAUSE")
    complete(history, "A", "C")
    history.add("WorkflowExecutionTerminated", childPolicy="TERMINATE", cause="OPERATOR_INITIATED")
    again = resumed(history, "After")
    again.decide()
    assert names(again) == ["After"]


def test_what_could_not_be_undone_is_undone_by_resuming_there():
    history = begun(forked(), "Before", "A", policy=ONCE)
    history.fail(scheduled=scheduled(history, "B"))
    history.run({"UndoA": ["bad"], "CompensateTransaction": ["ok"]})
    again = resumed(history, "UndoA")
    assert again.run() == "WorkflowExecutionFailed"
    assert undone(again) == ["Fork[0].A:1"]
    visits = again.execution().state.visits.values()
    assert all(visit.undone is not Undone.FAILED for visit in visits)


def resumed(history: History, step_name: str, **more) -> History:
    old = history.execution()
    old.check_resume(step_name, **more)
    envelope = {
        "start_id": "s",
        "previous_run_id": "r",
        "snapshot": json.loads(json.dumps(old.snapshot())),
        "resume": {"step_name": step_name, "request_id": "q", **more},
    }
    value = {"items": ["x", "y", "z"], "_process": envelope}
    return History(value, history.definition, history.policy, history.now)


# --- stragglers -------------------------------------------------------------------------------


def test_an_abandoned_task_that_a_worker_may_still_get_is_undone_too():
    history = begun(process("P", "1", [step("A", compensation="UndoA"), step("B")]))
    history.refuse["RequestCancelActivityTask"] = "OPERATION_NOT_PERMITTED"
    steer(history, "RESUME_FROM_STEP", step_name="B")
    history.decide()
    history.fire()  # the grace is over; nobody had the task
    history.decide()
    history.start_activity(scheduled(history, "A"))
    history.fail("NonRetryableError: no", scheduled=scheduled(history, "B"))
    history.decide()
    history.complete(scheduled=scheduled(history, "A"))
    assert history.run() == "WorkflowExecutionFailed"
    assert "A:1" in undone(history)


# --- pausing ----------------------------------------------------------------------------------


def test_a_pause_holds_retries_and_next_steps_until_it_is_over():
    history = begun(LINE, "A")
    steer(history, "PAUSE")
    history.fail()
    history.decide()
    assert not history.timers
    assert not history.scheduled()
    steer(history, "CONTINUE")
    assert len(history.timers) == 1
    assert history.run() == "WorkflowExecutionCompleted"


def test_a_pause_at_the_end_holds_the_close():
    history = begun(LINE, "A", "B")
    steer(history, "PAUSE")
    complete(history, "C")
    assert not history.closed
    assert history.execution().status()["state"] == "PAUSED"
    steer(history, "CONTINUE")
    assert history.closed == "WorkflowExecutionCompleted"


def test_a_pause_during_a_rollback_holds_the_next_undo():
    history = begun(forked(), "Before", "A", policy=ONCE)
    history.fail(scheduled=scheduled(history, "B"))
    history.decide()
    history.decide()
    steer(history, "PAUSE")
    complete(history, "UndoB")
    assert names(history) == []
    steer(history, "CONTINUE")
    assert history.run() == "WorkflowExecutionFailed"
    assert undone(history)[-1] == "Before:1"


# --- waiting ----------------------------------------------------------------------------------


def waiting(**more) -> Definition:
    return process("P", "1", [step("A"), wait_for_signal("W", signal="GO", **more), step("B")])


@pytest.mark.parametrize("early", [True, False])
def test_a_signal_is_taken_whether_it_comes_before_its_step_or_after(early):
    history = begun(waiting())
    if early:
        history.signal("GO", {"yes": 1, "request_id": "q"})
    history.complete()
    history.decide()
    if not early:
        assert not history.wants_decision
        history.signal("GO", {"yes": 1, "request_id": "q"})
    assert history.run() == "WorkflowExecutionCompleted"
    assert results(history)["W"] == {"yes": 1}


def test_a_signal_in_a_map_goes_to_the_item_that_is_named():
    each = map_items("Each", [wait_for_signal("W", signal="GO")])
    history = begun(process("P", "1", [each]))
    steer(history, "GO", answer=1)
    assert answers(history) == ["refused"]
    for index in (2, 0, 1):
        steer(history, "GO", answer=index, step_name=f"Each[{index}].W")
    assert history.closed == "WorkflowExecutionCompleted"
    assert results(history)["Each"] == [{"W": {"answer": index}} for index in range(3)]


@pytest.mark.parametrize(("more", "close"), [({"default": {"no": 1}}, "Completed"), ({}, "Failed")])
def test_the_time_limit_of_a_wait_gives_the_default_or_fails(more, close):
    history = begun(waiting(seconds=60, **more), "A")
    assert history.run() == f"WorkflowExecution{close}"
    if more:
        assert results(history)["W"] == {"no": 1}


def test_a_wait_reads_its_seconds_from_the_data():
    history = begun(process("P", "1", [wait("W", seconds_path="$.n"), step("A")]), n=7)
    assert next(iter(history.timers.values()))["startToFireTimeout"] == "7"


# --- time limits and cancellations ------------------------------------------------------------


@pytest.mark.parametrize("undo", [True, False])
def test_a_process_past_its_time_limit_fails_and_undoes_if_it_says_so(undo):
    parts = [step("A", compensation="UndoA"), step("B")]
    definition = process("P", "1", parts, deadline=50, rollback=Rollback(on_deadline=undo))
    history = begun(definition, "A")
    history.fire()
    history.decide()
    history.decide()
    assert history.run() == "WorkflowExecutionFailed"
    assert undone(history) == (["A:1"] if undo else [])
    assert "Deadline exceeded" in history.close_attributes["reason"]


def test_a_rollback_that_is_about_to_begin_is_not_lost_to_the_time_limit():
    parts = [step("A", compensation="UndoA"), step("B")]
    history = begun(process("P", "1", parts, deadline=5), "A")
    history.start_activity()
    steer(history, "ROLL_BACK")
    history.fire(next(e for e, t in history.timers.items() if t["timerId"] == "deadline"))
    assert history.decide() == [], "the time limit is not asked for again"
    history.cancel_activity()
    assert history.run() == "WorkflowExecutionFailed"
    assert undone(history) == ["A:1"]


def test_the_time_limit_holds_after_a_jump_that_was_undone_for():
    parts = [step("A", compensation="U"), step("B"), wait_for_signal("W", signal="GO")]
    history = begun(process("P", "1", parts, deadline=50), "A")
    steer(history, "RESUME_FROM_STEP", step_name="A", compensate=True)
    history.decide()
    history.fire(next(e for e, t in history.timers.items() if t["timerId"] == "deadline"))
    assert history.run() == "WorkflowExecutionFailed"
    assert "Deadline exceeded" in history.close_attributes["reason"]


@pytest.mark.parametrize("undo", [True, False])
def test_a_cancellation_undoes_if_the_process_says_so(undo):
    parts = [step("A", compensation="UndoA"), step("B")]
    history = begun(process("P", "1", parts, rollback=Rollback(on_cancel=undo)), "A")
    history.request_cancel()
    assert history.run() == "WorkflowExecutionCanceled"
    assert undone(history) == (["A:1"] if undo else [])


# --- children ---------------------------------------------------------------------------------


PARENT = process("P", "1", [child_step("Sub", "Sub@1", retry=Retry(attempts=2)), step("Z")])


def only(history: History):
    [child] = history.children.values()
    return child


def test_a_child_s_result_is_its_step_s():
    history = begun(PARENT)
    history.end_child(only(history), "Completed", {"n": 1})
    assert history.run() == "WorkflowExecutionCompleted"
    assert results(history)["Sub"] == {"n": 1}


@pytest.mark.parametrize("how", ["Failed", "TimedOut", "Terminated", "Canceled"])
def test_a_child_that_gives_no_result_is_started_again_under_another_id(how):
    history = begun(PARENT)
    first = only(history).workflow_id
    history.end_child(only(history), how)
    history.decide()
    history.fire()
    history.decide()
    assert only(history).workflow_id != first
    assert history.run() == "WorkflowExecutionCompleted"


@pytest.mark.parametrize(
    ("cause", "how"),
    [("WORKFLOW_TYPE_DOES_NOT_EXIST", "BLOCKED"), ("OPEN_CHILDREN_LIMIT_EXCEEDED", "RETRYING")],
)
def test_a_child_that_swf_does_not_start_is_asked_for_again(cause, how):
    history = History({}, PARENT)
    history.refuse["StartChildWorkflowExecution"] = cause
    history.decide()
    history.decide()
    assert history.execution().status()["state"] == how
    history.refuse.clear()
    history.fire()
    history.decide()
    assert history.execution().status()["state"] != "BLOCKED"
    assert history.run() == "WorkflowExecutionCompleted"


def test_a_child_is_canceled_with_its_parent_and_waited_for():
    history = begun(PARENT)
    history.start_child(only(history))
    history.request_cancel()
    history.decide()
    history.deliver()
    assert only(history).cancel_requested
    history.decide()
    history.fire()
    history.decide()
    assert not history.closed, "children are never left behind"
    history.end_child(only(history), "Canceled")
    assert history.run() == "WorkflowExecutionCanceled"


def test_a_child_that_was_not_there_yet_is_asked_again_to_cancel():
    history = begun(PARENT)
    history.request_cancel()
    history.decide()
    history.deliver(gone=True)
    history.start_child(only(history))
    history.decide()
    history.deliver()
    assert only(history).cancel_requested


def continued(history: History, monkeypatch) -> History:
    monkeypatch.setattr("workflow.commands.HISTORY_SOFT_LIMIT", len(history.events))
    while not history.closed:
        if history.letters:
            history.deliver()
        if not history.wants_decision:
            history.signal("NOISE", {})
        history.decide()
    monkeypatch.undo()
    new = history.next_run()
    new.decide()
    return new


@pytest.mark.parametrize(("how", "close"), [("Completed", "Completed"), ("Failed", "Completed")])
def test_a_child_tells_a_parent_that_continued_as_new(monkeypatch, how, close):
    new = continued(begun(PARENT), monkeypatch)
    assert only(new).reports
    new.end_child(only(new), how, {"n": 1})
    assert new.run() == f"WorkflowExecution{close}"
    if how == "Completed":
        assert results(new)["Sub"] == {"n": 1}


def test_a_second_attempt_of_a_child_is_asked_to_report_too(monkeypatch):
    new = continued(begun(PARENT), monkeypatch)
    new.end_child(only(new), "Failed")
    new.decide()
    new.fire(next(e for e, t in new.timers.items() if not t["timerId"].startswith("watch")))
    new.decide()
    third = continued(new, monkeypatch)
    assert only(third).reports
    third.end_child(only(third), "Completed", {"n": 2})
    assert third.run() == "WorkflowExecutionCompleted"
    assert results(third)["Sub"] == {"n": 2}


def test_a_child_that_vanished_is_found_missing(monkeypatch):
    new = continued(begun(PARENT), monkeypatch)
    new.end_child(only(new), "Terminated")
    for _ in range(4):
        new.fire() if new.timers and not new.wants_decision else None
        new.decide() if new.wants_decision else None
        new.deliver() if new.letters else None
    assert new.run() == "WorkflowExecutionCompleted"


def test_a_question_that_finds_an_earlier_attempt_closed_costs_no_second_attempt(monkeypatch):
    history = begun(PARENT)
    monkeypatch.setattr("workflow.commands.HISTORY_SOFT_LIMIT", len(history.events))
    history.signal("NOISE", {})
    history.decide()
    monkeypatch.undo()
    history.end_child(only(history), "Failed")
    history.deliver(gone=True)
    assert history.run() == "WorkflowExecutionCompleted"


@pytest.mark.parametrize("kind", ["SignalExternal", "RequestCancelExternal"])
def test_what_swf_does_not_pass_on_waits_and_does_not_spin(monkeypatch, kind):
    history = begun(PARENT)
    history.start_child(only(history))
    history.refuse[f"{kind}WorkflowExecution"] = "OPERATION_NOT_PERMITTED"
    if kind == "SignalExternal":
        monkeypatch.setattr("workflow.commands.HISTORY_SOFT_LIMIT", len(history.events))
        history.signal("NOISE", {})
    else:
        history.request_cancel()
    history.decide()
    history.deliver()
    history.decide()
    assert not history.letters
    assert [t["timerId"][:5] for t in history.timers.values()][-1] == "again"


def test_a_child_reports_in_responses_that_swf_takes():
    envelope = {"start_id": "s.1.1", "parent": {"workflow_id": "p", "work": "s1", "attempt": 1}}
    history = History({"_process": envelope}, LINE)
    history.signal("REPORT_TO_PARENT", {"workflow_id": "p"})
    history.decide()
    complete(history, "A", "B")
    for number in range(150):
        history.signal("DANCE", {"request_id": f"r{number}"})
    history.complete()
    assert history.run() == "WorkflowExecutionCompleted"
    told = [e for e in history.types() if e == "SignalExternalWorkflowExecutionInitiated"]
    assert len(told) == 1
