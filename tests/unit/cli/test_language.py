"""The commands for definitions: validate, export, express, graph; and answers to task tokens."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

import asl
from activities import registry
from activities.context import current_task
from cli import main
from cli.yaml_text import to_yaml
from errors import NonRetryableError
from tests.unit.cli.conftest import FakeStarter
from workflow import definition_to_json, process, step
from workflow.language.context import Token, written

Capsys = pytest.CaptureFixture[str]
DEFINITIONS = sorted((Path(__file__).parents[3] / "definitions").glob("*.asl.*"))


def wrote(path: Path, document: Any) -> str:
    path.write_text(json.dumps(document, indent=2), encoding="utf-8")
    return str(path)


def machine(*activities: str, **members: Any) -> dict[str, Any]:
    """Tasks of these activities, one after the other."""
    states: dict[str, Any] = {}
    for name, following in zip(activities, [*activities[1:], None], strict=True):
        onward = {"Next": following} if following else {"End": True}
        states[name] = {"Type": "Task", "Resource": f"arn:aws:states:::activity:{name}", **onward}
    return {"StartAt": activities[0], "States": states, **members}


def said(capsys: Capsys) -> Any:
    return json.loads(capsys.readouterr().out)


# --- validate -----------------------------------------------------------------------------------


def test_what_is_published_is_valid(capsys: Capsys) -> None:
    assert main(["validate", *map(str, DEFINITIONS), "--json"]) == 0
    assert all(report["valid"] for report in said(capsys))


def test_every_problem_of_every_file_has_its_place(tmp_path: Path, capsys: Capsys) -> None:
    bad = machine("A")
    bad["States"]["A"] |= {"Next": "B", "Bogus": 1}
    first = wrote(tmp_path / "a.json", bad)
    second = tmp_path / "b.yaml"
    second.write_text("StartAt: A\nStates:\n  A:\n    Type: Nothing\n")

    assert main(["validate", first, str(second), str(tmp_path / "none.json")]) == 2

    lines = capsys.readouterr().out.splitlines()
    found = "ERROR SCHEMA_VALIDATION_FAILED Field 'Bogus' is not supported (at /States/A/Bogus)"
    assert f"{first}:9:16: {found}" in lines
    assert any(line.startswith(f"{first}:8:15: ERROR MISSING_TRANSITION_TARGET") for line in lines)
    assert any(line.startswith(f"{second}:4:11: ERROR") for line in lines)
    assert any("none.json does not exist" in line for line in lines)


def test_standard_input_may_be_broken_json(capsys: Capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.TextIOWrapper(io.BytesIO(b'{"StartAt": '), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", text)

    assert main(["validate", "-", "--json"]) == 2

    (report,) = said(capsys)
    assert (report["file"], report["valid"]) == ("-", False)
    assert report["diagnostics"][0]["code"] == "INVALID_JSON_DESCRIPTION"


def test_a_name_without_a_value_is_one_warning_and_hides_nothing(
    tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = machine("A", "B", "C")
    document["States"]["A"]["Resource"] = document["States"]["B"]["Resource"] = "${CHARGE}"
    document["States"]["C"]["Resource"] = "${HERE}"
    monkeypatch.setenv("HERE", "arn:aws:states:::activity:C")
    file = wrote(tmp_path / "a.json", document)

    assert main(["validate", file]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert "WARNING SUBSTITUTION_MISSING no value for ${CHARGE}" in line

    document["States"]["C"]["Wrong"] = 1
    assert main(["validate", wrote(tmp_path / "a.json", document)]) == 2
    assert "Field 'Wrong'" in capsys.readouterr().out

    monkeypatch.setenv("CHARGE", "nonsense")
    assert main(["validate", file, "--json"]) == 2
    pointers = [item["pointer"] for item in said(capsys)[0]["diagnostics"]]
    assert pointers == ["/States/A/Resource", "/States/B/Resource", "/States/C/Wrong"]


def test_a_target_without_a_value_leaves_states_unreached(tmp_path: Path) -> None:
    document = machine("A", "B")
    document["States"]["A"]["Next"] = "${WHERE}"
    assert main(["validate", wrote(tmp_path / "a.json", document)]) == 0


def test_what_aws_takes_and_nothing_here_runs_is_a_warning(tmp_path: Path, capsys: Capsys) -> None:
    document = machine("A")
    document["States"]["A"]["Resource"] = "arn:aws:sns:us-east-1:123456789012:topic"
    assert main(["validate", wrote(tmp_path / "a.json", document)]) == 0
    assert "WARNING CANNOT_RUN_HERE" in capsys.readouterr().out


def test_express_machines_have_no_activities(tmp_path: Path) -> None:
    file = wrote(tmp_path / "a.json", machine("A"))
    assert main(["validate", file]) == 0
    assert main(["validate", file, "--type", "EXPRESS"]) == 2


def test_files_of_processes_in_python_are_checked_too(tmp_path: Path, capsys: Capsys) -> None:
    document = definition_to_json(process("P", "1", [step("A"), step("B")]))
    assert main(["validate", wrote(tmp_path / "a.json", document)]) == 0
    states: Any = document["States"]
    states["A"]["Next"], states["B"]["Needs"] = "Gone", ["Nobody"]
    assert main(["validate", wrote(tmp_path / "a.json", document)]) == 2
    printed = capsys.readouterr().out
    assert "'A' leads to 'Gone'" in printed
    assert "needs the result of 'Nobody'" in printed


# --- export -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_what_is_exported_is_read_again(tmp_path: Path, capsys: Capsys, form: str) -> None:
    document = machine("A")
    document["States"]["A"] |= {"Compensation": "Undo", "Comment": "yes", "TimeoutSeconds": 5}
    file = wrote(tmp_path / "a.json", document)
    where = ["--region", "eu-west-1", "--account", "123456789012"]

    assert main(["export", file, "--format", form, *where]) == 0

    printed = capsys.readouterr()
    found = asl.read(printed.out)
    assert not asl.errors_of(asl.validate(found))
    state = found.document["States"]["A"]
    assert state["Resource"] == "arn:aws:states:eu-west-1:123456789012:activity:A"
    assert "Compensation" not in state
    assert "A: Compensation is stripped" in printed.err


def test_what_is_shipped_is_exported_with_its_policy(
    capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_ATTEMPTS", "7")
    assert main(["export", "BusinessProcess"]) == 0
    document = said(capsys)
    assert document["States"]["ProcessData"]["Retry"][-1]["MaxAttempts"] == 6
    assert "${AWS_REGION}" in document["States"]["ProcessData"]["Resource"]


def test_what_is_wrong_is_not_exported(tmp_path: Path, capsys: Capsys) -> None:
    assert main(["export", wrote(tmp_path / "a.json", machine("A", Bogus=1))]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Field 'Bogus' is not supported" in printed.err


@pytest.mark.parametrize(
    "value",
    ["yes", "No", "1e5", "1.0", "~", "null", "a: b", "# c", "{% $x %}", "é", "a\nb", "", "=", "<<",
     "0x1F", "2020-01-01", "$.a", "States.Format('{}', $.x)", "- a", "x:", "12:30", "_1"],
)  # fmt: skip
def test_yaml_says_the_same_to_every_reader(value: str) -> None:
    document = {"StartAt": value, "States": {value or "k": {"n": 1.5, "t": True, "x": [None, "a"]}}}
    assert asl.read(to_yaml(document)).document == document


# --- express ------------------------------------------------------------------------------------


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Activities of the test's own."""
    own: dict[str, Any] = {}
    monkeypatch.setattr("cli.in_process.ACTIVITIES", own)
    monkeypatch.setattr("cli.in_process.FUNCTIONS", own)
    assert registry.ACTIVITIES is not own
    return own


def express(tmp_path: Path, document: Any, *options: str) -> int:
    return main(["express", "--definition", wrote(tmp_path / "M@2.asl.json", document), *options])


def test_it_prints_the_output_and_nothing_else(
    tmp_path: Path, capsys: Capsys, functions: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "INFO")

    def called(data: Any) -> Any:
        task = current_task()
        print("activities may print")
        return [data, task.path, task.visit, task.attempt, task.activity, task.any_json]

    functions["A"] = called

    assert express(tmp_path, machine("A"), "--input", '{"n": 1}') == 0

    printed = capsys.readouterr()
    output = [{"n": 1}, "A", 1, 1, "A", True]
    assert json.loads(printed.out) == {"status": "SUCCEEDED", "output": output}
    assert len(printed.out.splitlines()) == 1
    assert "Engine" not in printed.err


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("no"), {"error": "ValueError", "cause": "no"}),
        (NonRetryableError("x" * 2000), {"error": "NonRetryableError", "cause": "x" * 2000}),
    ],
)
def test_an_error_comes_out_as_on_a_worker(
    tmp_path: Path, capsys: Capsys, functions: dict[str, Any], error: Exception, expected: Any
) -> None:
    def fails(_: Any) -> Any:
        raise error

    functions["A"] = fails
    assert express(tmp_path, machine("A")) == 1
    assert said(capsys) == {"status": "FAILED", **expected}


def test_what_is_not_there_is_a_failure_that_says_so(
    tmp_path: Path, capsys: Capsys, functions: dict[str, Any]
) -> None:
    assert express(tmp_path, machine("A")) == 1
    found = said(capsys)
    assert found["error"] == "States.TaskFailed"
    assert "activities/registry.py" in found["cause"]


def test_lambda_names_are_functions(
    tmp_path: Path, capsys: Capsys, functions: dict[str, Any]
) -> None:
    functions["charge"] = lambda event: event["n"] + 1
    document = machine("A")
    document["States"]["A"]["Resource"] = "arn:aws:lambda:eu-west-1:123456789012:function:charge"
    assert express(tmp_path, document, "--input", '{"n": 1}') == 0
    assert said(capsys)["output"] == 2


def test_outcomes_come_before_activities_and_clocks_may_jump(
    tmp_path: Path, capsys: Capsys, functions: dict[str, Any]
) -> None:
    functions["B"] = lambda data: {"after": data}
    document = machine("A", "B")
    retry = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 100, "MaxAttempts": 1}]
    document["States"]["A"]["Retry"] = retry
    outcomes = {"steps": {"A": [{"error": "Busy: wait"}, {"result": 5}], "Nobody": {"result": 1}}}

    options = ["--virtual", "--outcomes", json.dumps(outcomes)]
    assert express(tmp_path, document, *options) == 0

    printed = capsys.readouterr()
    assert json.loads(printed.out)["output"] == {"after": 5}
    assert "Nobody" in printed.err


def test_branches_run_at_once(tmp_path: Path, capsys: Capsys, functions: dict[str, Any]) -> None:
    import threading

    both = threading.Barrier(2, timeout=20)

    def meets(_: Any) -> Any:
        both.wait()
        return 1

    functions["A"] = functions["B"] = meets
    fork = {"Type": "Parallel", "Branches": [machine("A"), machine("B")], "End": True}
    assert express(tmp_path, {"StartAt": "Fork", "States": {"Fork": fork}}) == 0
    assert said(capsys)["output"] == [1, 1]


def test_a_process_in_python_runs_too(
    tmp_path: Path, capsys: Capsys, functions: dict[str, Any]
) -> None:
    functions["A"] = lambda order: {"id": order["order_id"]}
    document = definition_to_json(process("P", "1", [step("A")]))
    assert express(tmp_path, document, "--input", '{"order_id": 7}') == 0
    assert said(capsys)["output"] == {"order_id": 7, "previous_results": {"A": {"id": 7}}}


def test_a_wait_for_nobody_takes_as_long_as_step_functions_lets_it(
    tmp_path: Path, capsys: Capsys
) -> None:
    document = machine("A")
    document["States"]["A"]["Resource"] = "arn:aws:states:::signal:GO"
    assert express(tmp_path, document, "--virtual") == 1
    assert said(capsys) == {"status": "TIMED_OUT", "error": "States.Timeout"}


@pytest.mark.parametrize(
    "options",
    [
        ["--input", "nonsense"],
        ["--input", '{"_process": 1}'],
        ["--outcomes", '{"signals": [{"at": 1, "signal": "GO"}]}'],
        ["--outcomes", "[]"],
    ],
)
def test_what_is_to_be_mended_gives_code_2(
    tmp_path: Path, capsys: Capsys, options: list[str]
) -> None:
    assert express(tmp_path, machine("A"), *options) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1


# --- graph --------------------------------------------------------------------------------------


def test_a_graph_of_a_file_asks_nobody(fake: FakeStarter, tmp_path: Path, capsys: Capsys) -> None:
    assert main(["graph", wrote(tmp_path / "M@2.asl.json", machine("A", "B"))]) == 0
    drawn = capsys.readouterr().out
    assert drawn.startswith("<svg")
    assert "M 2" in drawn
    assert fake.calls == []


def test_a_graph_of_an_execution_names_it(fake: FakeStarter, capsys: Capsys) -> None:
    fake.answers["graph"] = "flowchart TD\n"
    assert main(["graph", "w-1", "r-1", "--format", "mermaid", "--json"]) == 0
    assert said(capsys) == {"format": "mermaid", "file": None, "picture": "flowchart TD\n"}
    assert fake.calls == [("graph", ("w-1", "r-1"), {"format": "mermaid"})]


def test_a_definition_comes_before_an_execution_unless_a_run_is_named(fake: FakeStarter) -> None:
    fake.answers["graph"] = ""
    assert main(["graph", "BusinessProcess"]) == 0
    assert fake.calls == []
    assert main(["graph", "BusinessProcess", "r-1"]) == 0
    assert fake.calls[0][1] == ("BusinessProcess", "r-1")


# --- task tokens --------------------------------------------------------------------------------

TOKEN = written(Token("w-1", "s-1", "Ask", 1, 1))
SENT = {"workflow_id": "w-1", "run_id": "r-1", "request_id": "q-1"}
FORESEEN = {"workflow_id": "w-1", "run_id": "r-1", "outcome": "done", "why": "", "words": ["Ah"]}


def test_an_answer_is_foreseen_sent_and_reported(fake: FakeStarter, capsys: Capsys) -> None:
    fake.answers |= {"foresee": FORESEEN, "send_task_success": SENT}
    fake.answers["signal_outcome"] = {"outcome": "done", "why": None}

    assert main(["send-task-success", TOKEN, "--output", "5", "--actor", "ana", "--json"]) == 0

    assert said(capsys) == {**SENT, "outcome": "done"}
    foreseen, sent, _ = fake.calls
    assert foreseen[2] == {"workflow_id": "w-1", "run_id": None, "token": TOKEN, "output": 5}
    assert sent == (
        "send_task_success",
        (TOKEN,),
        {"output": 5, "reason": None, "actor": "ana"},
    )


def test_a_failure_carries_what_is_said(fake: FakeStarter) -> None:
    fake.answers |= {"foresee": FORESEEN, "send_task_failure": SENT}
    options = ["--cause", "why", "--answer-timeout", "0"]
    assert main(["send-task-failure", TOKEN, *options]) == 0
    assert fake.calls[1][2] == {"cause": "why", "reason": None, "actor": None}


def test_nonsense_is_no_token(fake: FakeStarter, capsys: Capsys) -> None:
    assert main(["send-task-success", "nonsense"]) == 2
    assert "that is no task token" in capsys.readouterr().err
    assert fake.calls == []
