"""Knowing before doing: check, forecast and simulate, on executions of the embedded SWF."""

from __future__ import annotations

import json

import pytest

import process as shipped_process
import published
from cli import main
from starter.costs.forecasting import Assumed
from tests.contract.starter.conftest import decide, fail, work
from workflow import process, step

ORDER = {"order_id": "ORD-1"}


def changed(*names: str):
    kind = shipped_process.shipped()
    return process(kind.name, kind.version, [step(name) for name in names])


@pytest.fixture
def halfway(embedded_client, embedded_starter):
    """An open execution at its second step, after one failure of the first."""
    run = embedded_starter.start_workflow(ORDER)
    decide(embedded_client)
    work(embedded_client, {"status": "validated"})
    decide(embedded_client)
    return run


@pytest.fixture
def definitions(monkeypatch):
    """Lets a test put another definition in the place of the published ones."""

    def put(definition):
        monkeypatch.setattr(published, "find", lambda _name, _version: definition)

    return put


# --- check --------------------------------------------------------------------------------------


def test_open_executions_that_fit(embedded_starter, halfway):
    report = embedded_starter.check_open_workflows()
    assert (report["checked"], report["fit"], report["findings"]) == (1, 1, [])
    assert report["decisions"] == 2


def test_an_open_execution_that_differs_is_told_with_place_and_advice(
    embedded_starter, halfway, definitions
):
    definitions(changed("ValidateInput", "Enrich"))
    counted = []
    report = embedded_starter.check_open_workflows(progress=counted.append)
    (finding,) = report["findings"]
    assert finding["workflow_id"] == halfway["workflow_id"]
    (difference,) = finding["divergences"]
    assert difference["step"] == "Enrich"
    assert difference["actual"] == "activity ProcessData"
    assert "new version" in finding["advice"]
    assert counted == [1]


def test_a_change_that_lies_ahead_blocks(embedded_starter, halfway, definitions):
    definitions(changed("ValidateInput", "ProcessData", "Other"))
    (finding,) = embedded_starter.check_open_workflows()["findings"]
    assert finding["divergences"] == []
    assert "shape" in finding["blocked"]


def test_the_code_is_checked_where_a_published_file_comes_before_it(
    embedded_starter, halfway, monkeypatch
):
    kind = shipped_process.shipped()
    other = {(kind.name, kind.version): changed("ValidateInput", "Other")}
    monkeypatch.setattr(shipped_process, "ours", lambda: other)
    monkeypatch.setattr(published, "find", lambda _name, _version: kind)
    assert embedded_starter.check_open_workflows()["findings"] == []
    (finding,) = embedded_starter.check_open_workflows(code=True)["findings"]
    assert finding["divergences"][0]["step"] == "Other"


def test_another_version_is_tried_on_what_is_open(embedded_starter, halfway, monkeypatch):
    kind = shipped_process.shipped()
    fits = process(kind.name, "2.0", [*shipped_process.STEPS, step("More")])
    monkeypatch.setattr(published, "named", lambda _: fits)
    assert embedded_starter.check_open_workflows(definition=f"{kind.name}@2.0")["fit"] == 1


def test_an_execution_without_a_definition_here(embedded_starter, halfway, definitions):
    definitions(None)
    (finding,) = embedded_starter.check_open_workflows()["findings"]
    assert "definitions/" in finding["advice"]


def saved(capsys, run, *options):
    capsys.readouterr()
    assert main(["history", run["workflow_id"], run["run_id"], "--json", *options]) == 0
    return capsys.readouterr().out


def test_saved_histories_are_checked_offline(
    embedded_client, halfway, capsys, tmp_path, definitions
):
    fail(embedded_client, "no")
    text = saved(capsys, halfway)
    file = tmp_path / "history.json"
    file.write_text(text, encoding="utf-8")
    assert main(["check", "--history", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fit"] == 1
    definitions(changed("ValidateInput", "Other"))
    assert main(["check", "--history", str(file)]) == 1
    said = capsys.readouterr().out
    assert "step Other" in said
    assert "What to do" in said
    assert "0 of 1 fit" in said


def test_a_resumed_run_can_be_checked_from_its_file(
    embedded_client, embedded_starter, halfway, capsys, tmp_path
):
    embedded_starter.terminate_workflow(**halfway, reason="test")
    resumed = embedded_starter.resume_workflow_from_step(
        workflow_id=halfway["workflow_id"], step_name="ProcessData"
    )
    decide(embedded_client)
    text = saved(capsys, {"workflow_id": halfway["workflow_id"], "run_id": resumed["run_id"]})
    file = tmp_path / "history.json"
    file.write_text(text, encoding="utf-8")
    assert main(["check", "--history", str(file)]) == 0
    document = json.loads(text)
    del document["envelope"]
    file.write_text(json.dumps(document), encoding="utf-8")
    assert main(["check", "--history", str(file)]) == 1
    assert "goes on from another run" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["{}", '{"type": {}, "events": []}', "[1]"])
def test_what_is_no_history_is_said_on_one_line(embedded, capsys, tmp_path, text):
    file = tmp_path / "file.json"
    file.write_text(text, encoding="utf-8")
    assert main(["check", "--history", str(file)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


# --- forecast -----------------------------------------------------------------------------------


def test_an_execution_is_counted_and_its_rest_estimated(embedded_starter, halfway):
    found = embedded_starter.forecast_workflow(**halfway)
    assert found["ends"] == "COMPLETED"
    assert found["happened"]["units"]["activity_tasks"] == 2
    assert found["left"]["units"]["activity_tasks"] == 3
    total = found["total"]["units"]
    assert (total["starts"], total["activity_tasks"], total["transitions"]) == (1, 5, 5)
    fresh = embedded_starter.forecast_definition()
    assert found["total"]["events"] == fresh["total"]["events"]
    assert found["total"]["calls"] == fresh["total"]["calls"]


def test_transitions_are_counted_once_wherever_the_execution_stands(
    embedded_client, embedded_starter
):
    run = embedded_starter.start_workflow(ORDER)
    for _ in range(3):
        assert embedded_starter.forecast_workflow(**run)["total"]["units"]["transitions"] == 5
        decide(embedded_client)
        assert embedded_starter.forecast_workflow(**run)["total"]["units"]["transitions"] == 5
        work(embedded_client, {})


def test_assumed_retries_add_to_what_is_left(embedded_starter, halfway):
    found = embedded_starter.forecast_workflow(**halfway, assumed=Assumed(retries=1))
    assert found["left"]["units"]["activity_tasks"] == 3 + 4


def test_a_closed_execution_has_nothing_left(embedded_starter, halfway):
    embedded_starter.terminate_workflow(**halfway, reason="test")
    found = embedded_starter.forecast_workflow(**halfway)
    assert found["left"] is None
    assert found["ends"] == "TERMINATED"
    assert found["total"] == found["happened"]
    assert found["total"]["calls"]["TerminateWorkflowExecution"] == 1


def test_the_command_prints_both_parts(embedded_starter, halfway, capsys):
    assert main(["forecast", halfway["workflow_id"], "--per-month", "1000"]) == 0
    said = capsys.readouterr().out
    assert "SO FAR" in said
    assert "LEFT (ESTIMATED)" in said
    assert "1,000 a month: $" in said
    assert main(["forecast", "--definition", "BusinessProcess", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["type"] == "BusinessProcess"


# --- simulate -----------------------------------------------------------------------------------


def test_a_simulation_touches_no_engine(monkeypatch, capsys, embedded):
    monkeypatch.setenv("SWF_ENDPOINT", "http://127.0.0.1:9")
    plan = {"steps": {"NotifyCompletion": {"error": "OSError: mail"}}}
    code = main(["simulate", "--input", json.dumps(ORDER), "--outcomes", json.dumps(plan)])
    assert code == 1
    said = capsys.readouterr().out
    assert "RollbackStep of SaveResults undone" in said
    assert "ends FAILED: NotifyCompletion failed" in said


def test_a_simulation_as_json(capsys, embedded):
    assert main(["simulate", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["state"] == "COMPLETED"
    assert found["steps"] == list(shipped_process.shipped().steps)


@pytest.mark.parametrize(
    "arguments",
    [
        ["simulate", "--outcomes", '{"steps": {"X": 5}}'],
        ["simulate", "--outcomes", "[]"],
        ["simulate", "--definition", "Nobody"],
        ["forecast", "--items", "-1"],
        ["forecast", "w", "--definition", "P"],
        ["check", "--definition", "Nobody"],
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(arguments, capsys, embedded):
    try:
        code = main(arguments)
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
