"""OPERATIONS.md: its commands run in the situations that they are for; what else it says holds."""

from __future__ import annotations

import json
import logging
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import config
import decision_worker
import logs
import setup
from activities import database
from activity_worker import ActivityWorker, NonRetryableError
from tests.application import Application
from tests.contract.documents import (
    ROOT,
    Shell,
    blocks_of,
    is_there,
    lines_of,
    named_tests,
    read,
    shell_in,
)
from workflow_starter import WorkflowStarter

TEXT = read("docs/OPERATIONS.md")
BLOCKS = blocks_of(TEXT)
START = "python workflow_starter.py start --input docs/examples/order.json"


class Failing(ActivityWorker):
    """A worker whose disk is full, or that cannot undo either."""

    undoes = True

    def save_results(self, data: dict[str, Any]) -> dict[str, Any]:
        raise NonRetryableError("disk full")

    def rollback_step(self, data: dict[str, Any]) -> dict[str, Any]:
        if self.undoes:
            return super().rollback_step(data)
        raise NonRetryableError("the database is away")


class Undoing(Failing):
    undoes = False


@pytest.fixture
def idle(app: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell in a folder as the repository is, where nothing runs."""
    yield shell_in(app, tmp_path, monkeypatch, Shell)
    app.stop()
    database.close()


@pytest.fixture
def shell(idle: Shell) -> Shell:
    """The same with a decider."""
    idle.run("python decision_worker.py")
    return idle


def commands(section: str) -> list[str]:
    """The command lines of a section."""
    blocks = [block for block in BLOCKS if block.section == section and not block.language]
    return [line for block in blocks for line in lines_of(block)]


def done(shell: Shell, section: str) -> None:
    """Run a section's commands, which all end well."""
    for line in commands(section):
        assert shell.run(line) == 0, line


def fail(shell: Shell, worker: type[ActivityWorker]) -> None:
    """An order that this worker fails; then the usual worker takes over."""
    shell.start_worker(worker(shell.app.settings))
    assert shell.run(f"{START} --wait") == 1
    shell.run("python activity_worker.py")


RUN = {
    "Deploy",
    "Large and secret values",
    "Monitor",
    "Alert",
    "Upgrade and roll back",
    "A step fails everywhere",
    "An execution is BLOCKED",
    "Workers get no tasks",
    "A bad deploy",
    "An execution nears 25,000 events",
    "Steps that were not undone",
}


def test_every_command_is_run() -> None:
    assert {block.section for block in BLOCKS if not block.language} == RUN


@pytest.mark.parametrize(
    "section",
    ["Deploy", "Large and secret values", "Monitor", "Alert", "Upgrade and roll back"],
)
def test_with_an_order_in_work(section: str, shell: Shell) -> None:
    shell.run(START)
    shell.run("python activity_worker.py")

    done(shell, section)


@pytest.mark.parametrize("section", ["Workers get no tasks", "An execution nears 25,000 events"])
def test_with_an_order_that_nobody_works_on(section: str, shell: Shell) -> None:
    shell.run(START)

    done(shell, section)


def test_a_step_that_failed_everywhere(shell: Shell) -> None:
    fail(shell, Failing)
    done(shell, "A step fails everywhere")
    with shell._time_passes():
        assert shell.until(lambda status: status["closed_at"])["state"] == "COMPLETED"

    fail(shell, Failing)
    first = shell.workflow_id
    (program,) = [b for b in BLOCKS if b.section == "A step fails everywhere" and b.language]
    shell.python(program.text)
    assert shell.workflow_id == first
    assert shell.app.starter.wait(first)["state"] == "COMPLETED"


def test_an_execution_that_is_blocked(idle: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    file = idle.folder / "definitions" / "Rest@1.0.asl.json"
    rest = {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 5, "End": True}}}
    file.write_text(json.dumps(rest))
    setup.main([])
    hasty = replace(idle.app.settings, decision_task_timeout="1")
    started = WorkflowStarter(hasty).start_workflow({}, definition="Rest")
    idle.words["WORKFLOW_ID"] = started["workflow_id"]
    text = file.read_text()
    file.unlink()
    idle.run("python decision_worker.py")
    with idle._time_passes():
        idle.until(lambda status: status["state"] == "BLOCKED" or status["closed_at"])
        capsys.readouterr()
        done(idle, "An execution is BLOCKED")

        assert "no definition of workflow type Rest 1.0 is here" in capsys.readouterr().out
    file.write_text(text)
    assert idle.run("python workflow_starter.py continue WORKFLOW_ID") == 0
    assert "done" in capsys.readouterr().out, "a decider looked at once"
    with idle._time_passes():
        assert idle.until(lambda status: status["closed_at"])["state"] == "COMPLETED"


def test_a_bad_deploy(shell: Shell) -> None:
    shell.run(START)
    result = '{"status": "validated", "order_id": "ORD-1001"}'
    shell.run(
        f"python workflow_starter.py skip WORKFLOW_ID --step ValidateInput --result '{result}'"
    )

    done(shell, "A bad deploy")


def test_steps_that_were_not_undone(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    fail(shell, Undoing)
    capsys.readouterr()
    status, resume, audit = commands("Steps that were not undone")

    assert shell.run(status) == 0
    assert '"not_compensated": [{"step": "SaveResults"' in capsys.readouterr().out
    assert shell.run(resume) == 0
    with shell._time_passes():
        ended = shell.until(lambda status: status["closed_at"])
    assert ended["state"] == "FAILED"
    assert ended["details"]["not_compensated"] == []
    assert shell.run(audit) == 0


# --- what else it says --------------------------------------------------------------------------


def test_the_settings_are_read(tmp_path: Path) -> None:
    file = tmp_path / "some.env"
    file.write_text(next(block.text for block in BLOCKS if block.section == "Deploy"))

    found = config.load({}, file)
    assert found.swf_endpoint == "aws"
    assert found.payload_store == "s3://example-payloads/prod"


@pytest.mark.parametrize("section", ["Roles", "Containers and ECS"])
def test_files_are_filled_in_as_it_shows(section: str) -> None:
    [fill] = [
        line
        for block in BLOCKS
        if block.section == section and block.language == "sh"
        for line in lines_of(block)
        if line.startswith("sed ")
    ]
    command = shlex.split(fill.partition(" > ")[0])
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    before = (ROOT / command[-1]).read_text("utf-8")
    changed = [word.split("/")[1:3] for word in command if word.startswith("s/")]

    assert json.loads(found)
    assert len(changed) >= 3
    for old, new in changed:
        assert old in before
        assert new in found
        assert old not in found
    if section == "Roles":
        assert re.search(r"[A-Z]{4}", found) is None, "every capital is filled in"


def test_files_that_commands_name_are_there() -> None:
    text = "".join(block.text for block in BLOCKS if block.language == "sh")
    named = set(re.findall(r"\bdeploy/[\w./@-]+\w", text))

    assert {"deploy/compose.yaml", "deploy/cloudformation/alarms.yaml"} <= named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_a_line_of_the_log_has_the_fields_that_are_shown(
    shell: Shell, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    shell.run("python activity_worker.py")
    shell.run(f"{START} --wait")
    (shown,) = [json.loads(block.text) for block in BLOCKS if block.language == "json"]

    written = next(r for r in caplog.records if r.getMessage() == shown["event"])
    assert list(json.loads(logs.JsonLines().format(written))) == list(shown)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("activity_failed", {"reason": "REASON"}),
        ("rollback", {}),
        ("compensation_failed", {}),
        ("halted", {"why": "WHY"}),
        ("blocked", {"why": "WHY"}),
    ],
)
def test_lines_of_the_log_are_told_word_for_word(kind: str, fields: dict[str, str]) -> None:
    line = decision_worker.LINES[kind]({"step": "X", "activity": "X", **fields})

    told = re.search(rf"^\| .*`{re.escape(line)}`.* \| (\w+)", TEXT, re.MULTILINE)
    assert told, line
    assert (told[1] == "warning") == (kind in decision_worker._WARNINGS)


# --- promises -----------------------------------------------------------------------------------

PROMISES = [
    line for line in TEXT.split("\n## Promises\n")[1].splitlines() if line.startswith("| ")
][1:]


@pytest.mark.parametrize(("file", "name"), named_tests(TEXT))
def test_each_promise_has_its_test(file: str, name: str) -> None:
    assert is_there(file, name)


def test_no_promise_is_without_one() -> None:
    rows = [line for line in PROMISES if not line.startswith("| **")]
    assert len(rows) > 30
    assert [row for row in rows if "`tests/" not in row and "`python -m tests." not in row] == []


def test_commands_that_hold_promises_are_run_in_ci() -> None:
    script = read(".ci/run")
    named = set(re.findall(r"`python -m (tests\.[\w. ]+)`", "".join(PROMISES)))
    assert named
    assert [name for name in named if f"in_venv {name}" not in script] == []
