"""Going on with an execution that has closed: one story over a chain of runs."""

from __future__ import annotations

import threading

import pytest

from errors import ExecutionAlreadyStartedError, SignalRefusedError
from starter import runs
from workflow import Retry, map_items, process, step

ONCE = Retry(attempts=1)
LINE = process(
    "Line",
    "1.0",
    [
        step("First"),
        step("Second", compensation="UndoSecond"),
        step("Third", retry=ONCE),
        step("Fourth"),
    ],
)


def broken(_):
    raise ValueError("no disk")


@pytest.fixture
def failed(stage):
    """An execution that failed at its third step and undid the second."""
    stage.serve(LINE)
    stage.play("Third", broken)
    run = stage.start(LINE, tags=["vip"])
    stage.ends(run, "FAILED")
    stage.play("Third", lambda _: {"third": "works"})
    stage.calls.clear()
    return run


def resume(stage, run, step_name, **options):
    return dict(
        stage.starter.resume_workflow_from_step(
            run["workflow_id"], run["run_id"], step_name=step_name, **options
        )
    )


@pytest.mark.parametrize("at", ["First", "Second"])
def test_from_a_step_with_the_results_before_it_and_edited_input(stage, failed, at):
    again = resume(stage, failed, at, input={"city": "Recife"}, reason="disk is back", actor="ana")
    assert again["previous_run_id"] == failed["run_id"]
    results = stage.results(again)
    assert list(results) == list(LINE.steps)
    assert stage.done() == list(LINE.steps[LINE.steps.index(at) :])
    assert stage.calls[0].data["city"] == "Recife"
    kept = list(LINE.steps[: LINE.steps.index(at)])
    assert list(stage.calls[0].data["previous_results"]) == kept


def test_what_was_undone_before_it_is_refused_with_the_step_to_use_instead(stage, failed):
    with pytest.raises(SignalRefusedError, match="resume from Second instead"):
        resume(stage, failed, "Third")
    printed = stage.command("resume", failed["workflow_id"], "--step", "Third", code=2)
    assert "resume from Second instead" in printed
    dry = stage.command("resume", failed["workflow_id"], "--step", "Third", "--dry-run", code=2)
    assert "resume from Second instead" in dry
    stage.command("resume", failed["workflow_id"], "--step", "Third", "--force")
    stage.ends({**failed, "run_id": stage.starter.status(failed["workflow_id"])["run_id"]})
    assert stage.done() == ["Third", "Fourth"]


def test_a_dry_run_says_what_a_new_run_would_do_and_starts_none(stage, failed):
    printed = stage.command(
        "resume", failed["workflow_id"], "--step", "First", "--input", '{"city": "Recife"}',
        "--dry-run",
    )  # fmt: skip
    assert f"A new run continues run {failed['run_id']}" in printed
    assert 'city null becomes "Recife"' in printed
    assert "goes on at First (visit 2)" in printed
    assert stage.starter.status(failed["workflow_id"])["run_id"] == failed["run_id"]


def test_a_chain_reads_as_one_story(stage, failed):
    again = resume(stage, failed, "Second", input={"city": "Recife"}, reason="mended", actor="ana")
    stage.ends(again)
    who = failed["workflow_id"]
    [entry] = stage.json("audit", who)
    told = (entry["actor"], entry["reason"], entry["step"], entry["run_id"])
    assert told == ("ana", "mended", "Second", again["run_id"])
    assert entry["changes"][0]["after"]["city"] == "Recife"
    events = stage.json("history", who, "--chain")["events"]
    kinds = [event["eventType"] for event in events]
    assert kinds.count("WorkflowExecutionStarted") == 2
    assert kinds.index("WorkflowExecutionFailed") < kinds.index("WorkflowExecutionCompleted")
    assert stage.json("status", who)["previous_run_id"] == failed["run_id"]
    assert f"Continues run: {failed['run_id']}" in stage.command("status", who)
    listed = stage.json("list", "--id", who)
    assert [item["state"] for item in listed] == ["COMPLETED", "FAILED"]
    assert {tuple(item["tags"]) for item in listed} == {("vip",)}


@pytest.mark.parametrize("way", ["terminate", "cancel", "complete", "time out"])
def test_however_it_closed(stage, way):
    stage.serve(LINE)
    gate = stage.hold("Third")
    run = stage.start(LINE, timeout=60 if way == "time out" else None)
    stage.closes(run, way, gate)
    stage.play("Third", lambda _: {})
    assert set(stage.results(resume(stage, run, "Third"))) == set(LINE.steps)
    assert [call.visit for call in stage.calls if call.path == "Third"] == [1, 2]


def test_into_an_item_of_a_map(stage):
    each = process(
        "Each", "1.0", [map_items("Bills", [step("Bill", retry=ONCE)]), step("Send")]
    )  # fmt: skip
    stage.serve(each)
    stage.play("Bill", lambda data: broken(data) if data["item"] == "b" else {"of": data["item"]})
    run = stage.start(each, {"items": ["a", "b", "c"]})
    stage.ends(run, "FAILED")
    stage.play("Bill", lambda data: {"again": data["item"]})
    again = resume(stage, run, "Bills[1].Bill")
    bills = stage.results(again)["Bills"]
    assert bills[1]["Bill"] == {"again": "b"}
    assert [next(iter(item["Bill"].values())) for item in bills] == ["a", "b", "c"]


# --- another version ----------------------------------------------------------------------------


def test_under_a_newer_published_version(stage, failed):
    newer = process(
        "Line",
        "1.1",
        [
            step("First"),
            step("Second", compensation="UndoSecond"),
            step("Check"),
            step("Third"),
            step("Fourth"),
        ],
    )
    stage.publish(newer)
    stage.work(newer)
    printed = stage.command(
        "resume", failed["workflow_id"], "--step", "Second", "--definition-version", "1.1"
    )
    assert "A new run continues" in printed
    found = stage.ends({**failed, "run_id": stage.starter.status(failed["workflow_id"])["run_id"]})
    assert found["version"] == "1.1"
    assert stage.done() == ["Second", "Check", "Third", "Fourth"]


@pytest.mark.parametrize(
    ("steps", "at", "why"),
    [
        ([step("First"), step("Third")], "Second", "unknown step 'Second'"),
        (None, "First", "no definition of Line 2.0"),
    ],
)
def test_a_version_in_which_it_cannot_go_on_is_refused(stage, failed, steps, at, why):
    if steps:
        stage.publish(process("Line", "2.0", steps))
    printed = stage.command(
        "resume", failed["workflow_id"], "--step", at, "--definition-version", "2.0", code=2
    )
    assert why in printed


def test_a_version_that_forgets_how_to_undo_is_refused(stage):
    stage.serve(LINE)
    gate = stage.hold("Third")
    run = stage.start(LINE)
    gate.wait()
    stage.starter.terminate_workflow(**run)
    stage.publish(process("Line", "2.0", [step("First"), step("Second"), step("Third")]))
    with pytest.raises(SignalRefusedError, match="does not say how to undo Second"):
        resume(stage, run, "Third", version="2.0")


# --- two at once --------------------------------------------------------------------------------


def test_two_operators_at_once_start_one_run(stage, failed):
    gate = stage.hold("Second")
    outcomes = []
    ready = threading.Barrier(2)

    def operator(name):
        ready.wait()
        try:
            outcomes.append(resume(stage, failed, "Second", actor=name))
        except (ExecutionAlreadyStartedError, SignalRefusedError) as error:
            outcomes.append(str(error))

    people = [threading.Thread(target=operator, args=(name,)) for name in ("ana", "rui")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    gate.open()
    stage.starter.wait(failed["workflow_id"])
    listed = stage.json("list", "--id", failed["workflow_id"])
    assert len(listed) == 2
    new = [item["run_id"] for item in outcomes if isinstance(item, dict)]
    assert set(new) == {listed[0]["run_id"]}


def test_who_was_faster_is_named(stage, failed, monkeypatch):
    gate = stage.hold("Second")
    first = resume(stage, failed, "Second", actor="ana")
    gate.wait()
    looks = [None]  # it was not there yet when we looked
    found = runs.open_run

    def look(*given):
        return looks.pop() if looks else found(*given)

    monkeypatch.setattr(runs, "open_run", look)
    with pytest.raises(ExecutionAlreadyStartedError, match="resumed meanwhile by ana"):
        resume(stage, failed, "Second", actor="rui")
    gate.open()
    stage.app.finish(first)


def test_a_rolled_back_process_can_be_rolled_back_again(stage, failed):
    stage.play("Third", broken)
    stage.ends(resume(stage, failed, "Second"), "FAILED")
    undone = [(call.path, call.visit) for call in stage.calls if call.undo]
    assert undone == [("Third", 2), ("Second", 2)]
