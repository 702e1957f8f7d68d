"""docs/ASL.md is run as it stands: its definitions, its Python and its commands, in its order."""

from __future__ import annotations

import contextlib
import html
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import asl
import config
import published
import setup
from activities import database
from activities.registry import FUNCTIONS
from activity_worker import ActivityWorker
from runner import VirtualClock, express
from tests.application import Application
from tests.asl.drivers import InProcessHost
from tests.contract import documents
from tests.contract.documents import blocks_of, read

TEXT = read("docs/ASL.md")
BLOCKS = blocks_of(TEXT)
COMMANDS = [
    (block.section, line)
    for block in BLOCKS
    if not block.language
    for line in block.text.splitlines()
]


def machines() -> dict[str, str]:
    """Every definition in the text, by the state it starts at."""
    texts = [b.text for b in BLOCKS if b.language in ("json", "yaml")]
    found = [text for text in texts if re.search(r'^\s*"?StartAt"?:', text, re.MULTILINE)]
    return {asl.read(text).document["StartAt"]: text for text in found}


def files(section: str) -> dict[str, str]:
    """The files that a section has one save, by name."""
    texts = [b for b in BLOCKS if b.section == section and b.language == "json"]
    return {b.saved_as: b.text for b in texts if b.saved_as}


# --- definitions ------------------------------------------------------------------------------

ORDER = {"order_id": "O-1", "card": "card-1", "amount": "5.00", "items": ["pen"]}
BUILD = {"application": "shop", "version": "1.0.0"}

RUNS: dict[str, tuple[Any, str]] = {
    "Count": ({"text": "one small step for a program"}, "SUCCEEDED"),
    "Tell": ({"name": "a.csv"}, "SUCCEEDED"),
    "Pay": (ORDER, "SUCCEEDED"),
    "Each": ({"bills": [ORDER]}, "SUCCEEDED"),
    "Approve": ({}, "FAILED"),
    "Build": (BUILD, "SUCCEEDED"),
    "Ship": ({"order_id": "O-1"}, "FAILED"),
}
"""By the first state: an input, and how it ends where nobody answers."""


def test_every_definition_is_tried() -> None:
    assert machines().keys() == RUNS.keys()


@pytest.mark.parametrize("first", RUNS)
def test_a_definition_is_sound_and_runs(
    first: str, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILES_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:files")
    text, (value, status) = machines()[first], RUNS[first]
    assert asl.validate(asl.read(text)) == []

    names = ("aws.sns.publish", "tell-warehouse")
    nothing: dict[str, Callable[[Any], Any]] = dict.fromkeys(names, lambda _: {})
    ended = InProcessHost(app.settings).run(published.parsed(text, "Doc", "1"), value, nothing)

    assert ended.status == status, ended.cause


# --- Python -----------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [b.text for b in BLOCKS if b.language == "python"])
def test_python_runs(
    block: str, app: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "_current", app.settings)
    known = dict(FUNCTIONS)
    try:
        exec(compile(block, "ASL.md", "exec"), {})
    finally:
        FUNCTIONS.clear()
        FUNCTIONS.update(known)


# --- commands ---------------------------------------------------------------------------------


class Shell(documents.Shell):
    """Runs the commands of a section, in their order, with what a reader fills in."""

    def save(self, section: str) -> None:
        """Save the files of a section."""
        for name, text in files(section).items():
            (self.folder / name).write_text(text, encoding="utf-8")

    def said(self, line: str) -> str:
        """Run one line, which ends well; gives what it prints."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            assert self.run(line) == 0, line
        return out.getvalue()

    def started(self, line: str) -> str:
        """Run a line that starts an execution; gives its workflow id."""
        self.said(line)
        return self.workflow_id


@pytest.fixture
def shell(app: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell in a folder as the repository is, with a decider and a worker running."""
    shell = documents.shell_in(app, tmp_path, monkeypatch, Shell)
    app.decider()
    shell.start_worker(_Worker(app.settings))
    yield shell
    app.stop()
    database.close()


WITHOUT = "Trying a definition without its services"
PICTURES = "Pictures, and the way back to AWS"

SENT: list[str] = []
"""Task tokens that the warehouse was told."""


class _Worker(ActivityWorker):
    """A worker with the function that the text has one write."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.functions["tell-warehouse"] = lambda event: SENT.append(event["token"])


def lines(section: str) -> list[str]:
    return [line for where, line in COMMANDS if where == section]


def test_the_first_definition(shell: Shell) -> None:
    shell.save("Your first definition")
    validate, register, start = lines("Your first definition")

    shell.said(validate)
    assert "workflow type  WordCount 1.0" in shell.said(register)
    shell.started(start)

    last = shell.app.starter.get_workflow_history(shell.words["WORKFLOW_ID"])[-1]
    result = json.loads(last["workflowExecutionCompletedEventAttributes"]["result"])
    assert result["count"] == {"words": 6}


def test_three_ways_to_run_one_definition(shell: Shell) -> None:
    here = "Three ways to run one definition"
    shell.save("Your first definition")
    at_once, batch = lines(here)

    assert json.loads(shell.said(at_once))["output"]["count"] == {"words": 3}

    case, told = (b.text for b in BLOCKS if b.section == here and b.language == "json")
    (shell.folder / "cases.jsonl").write_text(case, encoding="utf-8")
    assert json.loads(shell.said(batch)) == json.loads(told)


def test_a_definition_without_its_services(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.save(WITHOUT)
    simulate, express_it = lines(WITHOUT)

    assert shell.run(simulate) == 1, "the card is declined"
    told = capsys.readouterr()
    assert "Pay (attempt 2) failed CardDeclinedError" in told.out
    assert "Cause: no funds" in told.out
    assert "Engine:" not in told.err

    assert shell.run(express_it) == 1
    assert json.loads(capsys.readouterr().out) == {
        "status": "FAILED",
        "error": "CardDeclinedError",
        "cause": "no funds",
    }


def test_a_step_that_waits_for_an_operator(shell: Shell) -> None:
    shell.save("Waiting for an operator: `OnFailure`")
    start, waiting, skip, status = lines("Waiting for an operator: `OnFailure`")

    workflow_id = shell.started(start)
    shell.until(lambda status: status["failed"])
    assert workflow_id in shell.said(waiting)
    shell.said(skip)
    shell.until(lambda status: status["closed_at"])

    assert "COMPLETED" in shell.said(status)
    last = shell.app.starter.get_workflow_history(workflow_id)[-1]
    result = json.loads(last["workflowExecutionCompletedEventAttributes"]["result"])
    assert result[1]["charge"] == {"charge_id": "by hand"}


def test_a_step_that_waits_for_a_signal(shell: Shell) -> None:
    shell.save("Your first definition")
    shell.save("Waiting for a signal")
    start, answer = lines("Waiting for a signal")

    shell.started(start)
    shell.until(lambda status: status["waits_for"])
    shell.said(answer)

    assert shell.until(lambda status: status["closed_at"])["state"] == "COMPLETED"


def test_task_tokens(shell: Shell) -> None:
    shell.save("Task tokens")
    start, waiting, heartbeat, success, again, failure = lines("Task tokens")

    workflow_id = shell.started(start)
    shell.until(lambda _: SENT)
    shell.words["TOKEN"] = SENT.pop()
    shell.until(lambda status: status["waits_for"])
    assert workflow_id in shell.said(waiting)
    shell.said(heartbeat)
    shell.said(success)
    assert shell.until(lambda status: status["closed_at"])["state"] == "COMPLETED"

    shell.started(again)
    shell.until(lambda _: SENT)
    shell.words["TOKEN"] = SENT.pop()
    shell.until(lambda status: status["waits_for"])
    shell.said(failure)
    assert shell.until(lambda status: status["closed_at"])["state"] == "FAILED"


def test_pictures_and_export(shell: Shell) -> None:
    shell.save("Your first definition")
    svg, mermaid, export = lines(PICTURES)

    shell.said(svg)
    assert (shell.folder / "wordcount.svg").read_text("utf-8").startswith("<svg")
    assert "Long?" in html.unescape(shell.said(mermaid).replace("#", "&#"))
    assert json.loads(shell.said(export))["StartAt"] == "Count"


def test_every_command_is_run() -> None:
    sections = {
        "Your first definition",
        "Three ways to run one definition",
        WITHOUT,
        "Waiting for an operator: `OnFailure`",
        "Waiting for a signal",
        "Task tokens",
        PICTURES,
    }
    assert {section for section, _ in COMMANDS} == sections
    assert all(line.startswith("python ") for _, line in COMMANDS)


# --- what else the text says ------------------------------------------------------------------

SLOW = {
    "TimeoutSeconds": 60,
    "StartAt": "Rest",
    "States": {"Rest": {"Type": "Wait", "Seconds": 3600, "End": True}},
}


def test_a_machine_that_is_out_of_time_is_told_as_timed_out(shell: Shell) -> None:
    shell.app.swf.clock.unlock()
    (shell.folder / "definitions" / "Slow@1.0.asl.json").write_text(json.dumps(SLOW))
    setup.main([])
    shell.words["WORKFLOW_ID"] = shell.app.starter.start_workflow({}, definition="Slow")[
        "workflow_id"
    ]

    assert shell.until(lambda status: status["closed_at"])["state"] == "TIMED_OUT"


def test_what_is_said_of_names_in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACE", "here")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    text = "StartAt: P\nStates:\n  P: {Type: Pass, Result: [yes, 2030-01-31, '%s'], End: true}"

    found = express(published.parsed(text % "${PLACE} $${PLACE}", "P", "1"), clock=VirtualClock())
    assert found["output"] == ["yes", "2030-01-31", "here ${PLACE}"]
    with pytest.raises(asl.DocumentError, match="set AWS_SECRET_ACCESS_KEY"):
        published.parsed(text % "${AWS_SECRET_ACCESS_KEY}", "P", "1")


@pytest.mark.parametrize("name", re.findall(r"^\| (`.+?) \|", TEXT, re.MULTILINE))
def test_definitions_that_are_named_ship(name: str) -> None:
    for word in re.findall(r"`(\w+)`", name):
        if word[0].isupper() and word not in ("Step", "Transaction", "OnCancel", "OnDeadline"):
            assert published.highest(word) == "1.0"
