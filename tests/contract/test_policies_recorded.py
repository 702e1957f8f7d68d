"""The recorder of what the suite asks of SWF: who is told apart, and that a difference fails."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import config
from swf_client import SwfClient
from tests.conftest import is_whole
from tests.contract.policies import NEEDED_BY, POLICY_OF, Policy
from tests.recording import FOLDER, judging

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import config, contextlib
from swf.faults import SwfFault

def ask(client, operation, **members):
    with contextlib.suppress(SwfFault):
        client._connection.once(operation, members)

def test_it():
    from {module} import {kind}
    settings = config.load(dict(SWF_ENDPOINT="http://127.0.0.1:9"))
    ask({kind}(settings).swf_client, {call})
"""


def run(folder: Path, module: str, kind: str, call: str, *options: str) -> Any:
    """A test run of its own, with a test in which one of our objects asks for something."""
    file = folder / "test_of_its_own.py"
    file.write_text(PROGRAM.format(module=module, kind=kind, call=call))
    kept = {name: value for name, value in os.environ.items() if name != FOLDER}
    command = [*(sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest"), *options]
    return subprocess.run(
        [*command, "--rootdir", str(folder), str(file)],
        cwd=ROOT, env=kept, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip


def test_what_no_policy_allows_fails_any_run(tmp_path: Path) -> None:
    call = '"list_domains", registrationStatus="REGISTERED"'
    done = run(tmp_path, "activity_worker", "ActivityWorker", call)
    assert "1 passed" in done.stdout
    assert "activity-worker asks swf:ListDomains, which no policy allows, in test_of" in done.stdout
    assert done.returncode == 1


def test_so_it_does_where_tests_run_side_by_side(tmp_path: Path) -> None:
    call = '"poll_for_decision_task"'  # without a task list, which the policy wants
    done = run(tmp_path, "decision_worker", "DecisionWorker", call, "-n", "1")
    assert "decider asks swf:PollForDecisionTask, which no policy allows" in done.stdout
    assert done.returncode == 1


# --- judging ----------------------------------------------------------------------------------


def everything() -> list[judging.Asked]:
    """All that the policies allow, asked for by everybody who may."""
    return [
        (role, action.removeprefix("swf:"), "")
        for name, roles in NEEDED_BY.items()
        for role in roles
        for action in Policy.read(name).actions
        if action.startswith("swf:")
    ]


def test_a_full_disk_disturbs_nobody_and_cuts_one_line(tmp_path: Path) -> None:
    from tests.recording.sitecustomize import Recorder

    asked = ("decider", "PollForDecisionTask", "shared")
    assert not Recorder(str(tmp_path / "absent"), str(ROOT)).writes(asked)
    recorder = Recorder(str(tmp_path), str(ROOT))
    (tmp_path / f"{os.getpid()}.jsonl").write_text('["activity-worker", "RespondAc')
    assert recorder.writes(asked)
    assert set(judging.read(tmp_path)) == {asked}


def test_who_is_recorded_is_let_go_afterwards() -> None:
    client = SwfClient(config.load({"SWF_ENDPOINT": "http://127.0.0.1:9"}))
    left = weakref.ref(client._connection)
    del client
    gc.collect()
    assert left() is None


def test_nothing_is_unused_where_all_is_asked_for() -> None:
    assert list(judging.unused(everything())) == []


@pytest.mark.parametrize("name", NEEDED_BY)
def test_each_action_that_nobody_asks_for_is_told(name: str) -> None:
    for action in {action for action in Policy.read(name).actions if action.startswith("swf:")}:
        left = [one for one in everything() if f"swf:{one[1]}" != action]
        assert any(
            line.startswith(f"{name} allows {action}, for which no")
            for line in judging.unused(left)
        )


@pytest.mark.parametrize(
    ("role", "action", "task_list", "is_refused"),
    [
        ("decider", "PollForDecisionTask", "own", False),
        ("decider", "PollForDecisionTask", "", True),
        ("activity-worker", "PollForActivityTask", "shared", False),
        ("activity-worker", "PollForActivityTask", "", True),
        ("activity-worker", "StartTimer", "", True),
        ("read-only-page", "SignalWorkflowExecution", "", True),
        ("page", "SignalWorkflowExecution", "", False),
        ("starter", "RegisterDomain", "", True),
        ("set-up", "RegisterDomain", "", False),
        ("gc", "ListDomains", "", False),
    ],
)
def test_requests_are_judged_by_role_action_and_list(
    tmp_path: Path, role: str, action: str, task_list: str, *, is_refused: bool
) -> None:
    (tmp_path / "1.jsonl").write_text(json.dumps([role, action, task_list, "a_test"]) + "\n")
    told = list(judging.refused(judging.read(tmp_path)))
    assert bool(told) is is_refused
    assert all("a_test" in line for line in told)


def test_every_role_has_policies() -> None:
    from tests.recording.sitecustomize import ROLES

    assert {*ROLES.values(), "starter", "read-only-page"} == POLICY_OF.keys()


@pytest.mark.parametrize(
    ("args", "options", "whole"),
    [
        (["tests"], {}, True),
        (["tests"], {"keyword": "page"}, False),
        (["tests"], {"markexpr": "not slow"}, False),
        (["tests"], {"ignore": ["tests/fuzz"]}, False),
        (["tests"], {"lf": True}, False),
        (["tests/unit"], {}, False),
        ([], {}, False),
    ],
)
def test_only_a_run_of_all_tests_is_asked_for_what_was_not_needed(
    args: list[str], options: dict[str, Any], *, whole: bool
) -> None:
    option = SimpleNamespace(**{"keyword": "", "lf": False, **options})
    chosen: Any = SimpleNamespace(args=args, option=option, getini=lambda _: ["tests"])
    assert is_whole(chosen) is whole
