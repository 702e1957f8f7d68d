"""Each command: what it asks of the starter, and what it prints."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import main
from starter.lists.listing import Filter
from tests.unit.cli.conftest import FakeStarter
from tests.unit.starter_samples import event, status

Capsys = pytest.CaptureFixture[str]

ORDER = '{"order_id": "ORD-1"}'


def said(capsys: Capsys) -> Any:
    return json.loads(capsys.readouterr().out)


# --- start -------------------------------------------------------------------------------


def test_start_hands_over_all_that_is_said(fake: FakeStarter, capsys: Capsys) -> None:
    code = main(
        ["start", "--input", ORDER, "--id", "w-1", "--tag", "a", "--tag", "b", "--timeout", "60"]
    )

    assert code == 0
    assert fake.calls == [
        (
            "start_workflow",
            ({"order_id": "ORD-1"},),
            {"workflow_id": "w-1", "tags": ["a", "b"], "timeout": "60", "definition": None},
        )
    ]
    assert capsys.readouterr().out == "Workflow ID: w-1\nRun ID: r-1\n"


@pytest.mark.parametrize(
    ("state", "code"), [("COMPLETED", 0), ("FAILED", 1), ("TERMINATED", 1), ("CANCELED", 1)]
)
def test_start_and_wait_ends_as_the_execution_does(
    fake: FakeStarter, capsys: Capsys, state: str, code: int
) -> None:
    fake.answers["wait"] = status(state=state, closed_at=2_000.0, result={"total": "1.00"})

    assert main(["start", "--input", ORDER, "--wait"]) == code

    printed = capsys.readouterr().out
    assert printed.startswith("Workflow ID: w-1\nRun ID: r-1\n")
    assert f"State: {state}\n" in printed
    assert printed.count("Workflow ID:") == printed.count("Run ID:") == 1


def test_start_and_wait_as_json_is_one_object(fake: FakeStarter, capsys: Capsys) -> None:
    ended = status(state="COMPLETED", closed_at=2_000.0)
    fake.answers["wait"] = ended

    main(["start", "--input", ORDER, "--wait", "--json"])

    assert said(capsys) == ended


# --- looking -----------------------------------------------------------------------------


def test_status_shows_what_is_known_and_leaves_out_the_rest(
    fake: FakeStarter, capsys: Capsys
) -> None:
    fake.answers["status"] = status(
        state="RETRYING", step="SaveResults", attempt=2, next_retry_at=1_000.0,
        progress={"done": 3, "of": 5}, last_error="IOError: disk\nfull",
    )  # fmt: skip

    assert main(["status", "w-1", "r-1"]) == 0

    lines = dict(line.split(":", 1) for line in capsys.readouterr().out.splitlines())
    shown = {label: value.strip() for label, value in lines.items()}
    assert shown["State"] == "RETRYING"
    assert shown["Attempt"] == "2"
    assert shown["Last error"] == "IOError: disk\\nfull"
    assert shown["Progress"] == "3 of 5 steps"
    assert "Next retry" in shown
    assert "Reason" not in shown
    assert fake.calls == [("status", (), {"workflow_id": "w-1", "run_id": "r-1"})]


def test_list_filters_and_aligns(fake: FakeStarter, capsys: Capsys) -> None:
    fake.answers["list_workflows"] = [status(state="OPEN", tags=["a", "b"])]

    assert main(["list", "--closed", "--status", "failed", "--tag", "a", "--since", "24h"]) == 0

    (wanted,) = fake.calls[0][1]
    assert isinstance(wanted, Filter)
    assert (wanted.open, wanted.closed, wanted.status, wanted.tag) == (False, True, "FAILED", "a")
    assert wanted.since is not None
    headings, row = capsys.readouterr().out.splitlines()
    assert headings.index("TAGS") == row.index("a,b")


def test_an_empty_list_says_so_but_not_as_json(fake: FakeStarter, capsys: Capsys) -> None:
    fake.answers["list_workflows"] = []

    main(["list"])
    assert capsys.readouterr().out == "no executions\n"
    main(["list", "--json"])
    assert said(capsys) == []


DESCRIBED = {
    "executionInfo": {
        "execution": {"workflowId": "w-1", "runId": "r-1"},
        "workflowType": {"name": "Order", "version": "1.0"},
    }
}


def test_history_as_json_says_whose_it_is_and_has_moments_in_seconds(
    fake: FakeStarter, capsys: Capsys
) -> None:
    fake.answers["describe"] = DESCRIBED
    fake.answers["get_workflow_history"] = [event("TimerFired", 7, timerId="r1.1")]

    main(["history", "w-1", "--json"])

    kept = said(capsys)
    assert (kept["workflow_id"], kept["run_id"]) == ("w-1", "r-1")
    assert kept["type"] == {"name": "Order", "version": "1.0"}
    assert kept["events"][0]["eventTimestamp"] == 1_000.5
    name, which, options = fake.calls[1]
    assert (name, which, options["chain"]) == ("get_workflow_history", ("w-1", "r-1"), False)


def test_history_for_people_is_one_line_an_event(fake: FakeStarter, capsys: Capsys) -> None:
    fake.answers["describe"] = DESCRIBED
    fake.answers["get_workflow_history"] = [
        event("ActivityTaskCompleted", 7, result="\x1b[31m" + "x" * 1_000),
        event("DecisionTaskCompleted", 8, executionContext="{}"),
    ]

    main(["history", "w-1"])

    first, second = capsys.readouterr().out.splitlines()
    assert "ActivityTaskCompleted" in first
    assert "\x1b" not in first
    assert len(first) < 240
    assert second.endswith("DecisionTaskCompleted")


def test_history_that_follows_prints_events_as_they_come(fake: FakeStarter, capsys: Capsys) -> None:
    fake.answers["follow"] = iter([event("TimerFired", 7), event("TimerFired", 8)])

    main(["history", "w-1", "--follow", "--json"])

    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["eventId"] for line in lines] == [7, 8]


@pytest.mark.parametrize(("state", "code"), [("COMPLETED", 0), ("FAILED", 1)])
def test_monitor_through_a_pipe_prints_a_line_for_each_change(
    fake: FakeStarter, capsys: Capsys, state: str, code: int
) -> None:
    fake.answers["watch"] = iter([status(), status(state=state, closed_at=2_000.0)])

    assert main(["monitor", "w-1", "--interval", "2"]) == code

    assert len(capsys.readouterr().out.splitlines()) == 2
    assert fake.calls[0][2]["interval"] == 2


# --- steering ----------------------------------------------------------------------------

SENT = {"workflow_id": "w-1", "run_id": "r-1", "request_id": "q-1"}


def test_signal_reports_the_answer(fake: FakeStarter, capsys: Capsys) -> None:
    fake.answers["signal_workflow"] = SENT
    fake.answers["signal_outcome"] = {"outcome": "done", "why": None}

    assert main(["signal", "w-1", "--name", "PAUSE", "--input", "{}", "--json"]) == 0

    assert said(capsys) == {**SENT, "outcome": "done"}


def test_a_refused_signal_is_the_users_to_mend(fake: FakeStarter, capsys: Capsys) -> None:
    fake.answers["signal_workflow"] = SENT
    fake.answers["signal_outcome"] = {"outcome": "refused", "why": "a rollback is going on"}

    assert main(["signal", "w-1", "--name", "PAUSE"]) == 2
    assert "PAUSE was refused: a rollback is going on" in capsys.readouterr().err


def test_a_signal_without_an_answer_is_sent_all_the_same(fake: FakeStarter, capsys: Capsys) -> None:
    fake.answers["signal_workflow"] = SENT

    assert main(["signal", "w-1", "--name", "PAUSE"]) == 0

    printed = capsys.readouterr()
    assert printed.out == "PAUSE: sent, not answered yet\n"
    assert "decision_worker.py" in printed.err


def test_no_answer_is_waited_for_when_none_is_wanted(fake: FakeStarter, capsys: Capsys) -> None:
    fake.answers["signal_workflow"] = SENT

    main(["signal", "w-1", "--name", "PAUSE", "--answer-timeout", "0"])

    assert [call[0] for call in fake.calls] == ["signal_workflow"]
    assert capsys.readouterr().err == ""


FORESEEN = {"workflow_id": "w-1", "run_id": "r-1", "outcome": "done", "why": "", "words": ["Ah"]}


def test_resume_of_a_closed_run_names_both_runs(fake: FakeStarter, capsys: Capsys) -> None:
    fake.answers["foresee_resume"] = FORESEEN
    fake.answers["resume_workflow_from_step"] = {**SENT, "previous_run_id": "r-0"}

    code = main(["resume", "w-1", "r-0", "--step", "SaveResults", "--input", '{"a": 1}'])

    assert code == 0
    assert [call[0] for call in fake.calls] == ["foresee_resume", "resume_workflow_from_step"]
    assert [call[2]["step_name"] for call in fake.calls] == ["SaveResults", "SaveResults"]
    assert [call[2]["input"] for call in fake.calls] == [{"a": 1}, {"a": 1}]
    printed = capsys.readouterr()
    assert printed.out == "Workflow ID: w-1\nRun ID: r-1\nContinues run: r-0\n"
    assert "Ah" in printed.err


def test_resume_of_an_open_run_waits_for_the_answer(fake: FakeStarter, capsys: Capsys) -> None:
    fake.answers["foresee_resume"] = FORESEEN
    fake.answers["resume_workflow_from_step"] = SENT
    fake.answers["signal_outcome"] = {"outcome": "waiting", "why": ""}

    assert main(["resume", "w-1", "--step", "SaveResults", "--json"]) == 0

    assert said(capsys) == {**SENT, "previous_run_id": None, "outcome": "waiting"}


@pytest.mark.parametrize("command", ["cancel", "terminate"])
def test_cancel_and_terminate_name_the_execution(
    fake: FakeStarter, capsys: Capsys, command: str
) -> None:
    assert main([command, "w-1", "r-1", "--json"]) == 0

    assert said(capsys) == {"workflow_id": "w-1", "run_id": "r-1"}
    assert fake.calls[0][0] == f"{command}_workflow"


# --- batch -------------------------------------------------------------------------------


def result(index: int, error: str | None = None, kind: str | None = None) -> dict[str, Any]:
    ids = {"workflow_id": None, "run_id": None} if error else {"workflow_id": "w", "run_id": "r"}
    return {"index": index, **ids, "error": error, "error_type": kind}


def test_batch_starts_every_line_and_sums_up(
    fake: FakeStarter, capsys: Capsys, tmp_path: Path
) -> None:
    path = tmp_path / "orders.jsonl"
    path.write_text('{"order_id": 1}\n\n{"order_id": 2}\r\n', encoding="utf-8")
    fake.batch_results = [result(0), result(1)]

    assert main(["batch", str(path), "--tag", "a"]) == 0

    assert list(fake.calls[0][1][0]) == [{"order_id": 1}, {"order_id": 2}]
    assert capsys.readouterr().out.splitlines() == ["w  r", "w  r", "started 2 of 2, 0 failed"]


def test_batch_goes_on_past_a_line_that_is_not_json(
    fake: FakeStarter, capsys: Capsys, tmp_path: Path
) -> None:
    path = tmp_path / "orders.jsonl"
    path.write_text('{"order_id": 1}\nnonsense\n{"order_id": }\n{"order_id": 4}\n')
    fake.batch_results = [result(0), result(1)]

    assert main(["batch", str(path), "--json"]) == 2

    printed = capsys.readouterr()
    summary = json.loads(printed.out)
    assert (summary["started"], summary["failed"]) == (2, 2)
    assert [item["line"] for item in summary["results"]] == [1, 2, 3, 4]
    assert printed.err.splitlines()[0] == "line 2: the line is not a JSON object"


@pytest.mark.parametrize(
    ("kinds", "code"),
    [
        (["InvalidInputError"], 2),
        (["InvalidInputError", "EngineUnreachableError"], 3),
        (["ThrottledError"], 3),
    ],
)
def test_the_gravest_failure_of_a_batch_is_its_exit_code(
    fake: FakeStarter, tmp_path: Path, kinds: list[str], code: int
) -> None:
    path = tmp_path / "orders.jsonl"
    path.write_text('{"order_id": 1}\n' * len(kinds))
    fake.batch_results = [result(i, "no", kind) for i, kind in enumerate(kinds)]

    assert main(["batch", str(path)]) == code


def test_an_interrupted_batch_says_what_it_started(
    fake: FakeStarter, capsys: Capsys, tmp_path: Path
) -> None:
    path = tmp_path / "orders.jsonl"
    path.write_text('{"order_id": 1}\n{"order_id": 2}\n')
    fake.batch_results = [result(1)]
    fake.answers["start_batch"] = KeyboardInterrupt()

    assert main(["batch", str(path), "--json"]) == 130

    printed = capsys.readouterr()
    assert [item["line"] for item in json.loads(printed.out)["results"]] == [2]
    assert printed.err == "interrupted\n"


def test_an_empty_batch_is_a_mistake(fake: FakeStarter, tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    path.write_text("\n\n")

    assert main(["batch", str(path)]) == 2


# --- times -------------------------------------------------------------------------------


def times(fake: FakeStarter) -> None:
    """Let a command tell of the moment 1,000,000 seconds after 1970."""
    moment = 1_000_000.25
    told = status(started_at=moment, waits_for=[{"signal": "GO", "path": "Ok", "until": moment}])
    entry = {"at": moment, "actor": "ana", "what": "PAUSE", "changes": []}
    fake.answers |= {
        "status": told,
        "wait": {**told, "closed_at": moment},
        "list_workflows": [told],
        "waiting": [told],
        "audit": [{**dict.fromkeys(("step", "outcome", "reason", "why")), **entry}],
        "follow": iter([{**event("TimerFired", 7), "eventTimestamp": moment}]),
    }


@pytest.fixture
def two_hours_east() -> Iterator[None]:
    """A local zone two hours ahead of UTC."""
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of this machine cannot be chosen")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "XXX-02:00")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("two_hours_east")
@pytest.mark.parametrize(
    ("command", "fraction"),
    [
        (["status", "w-1"], ""),
        (["start", "--input", ORDER, "--wait"], ""),
        (["list"], ""),
        (["waiting"], ""),
        (["audit", "w-1"], ""),
        (["history", "w-1", "--follow"], ".250"),
    ],
)
def test_times_are_local_unless_utc_is_wanted(
    fake: FakeStarter, capsys: Capsys, command: list[str], fraction: str
) -> None:
    times(fake)
    main([*command, "--utc"])
    assert f"1970-01-12 13:46:40{fraction}Z" in capsys.readouterr().out

    times(fake)
    main(command)
    shown = capsys.readouterr().out
    assert f"1970-01-12 15:46:40{fraction}" in shown
    assert f"15:46:40{fraction}Z" not in shown

    times(fake)
    main(["--utc", *command, "--json"])
    assert "1000000.25" in capsys.readouterr().out
