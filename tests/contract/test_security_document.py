"""SECURITY.md: the policies together are what the code calls; what else it says holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

import config
import setup
from activities import database
from activity_worker import ActivityWorker
from decision_worker import DecisionWorker
from expressions import budget
from starter.garbage import collect
from swf_client import SwfClient
from tests.application import Application
from tests.contract.documents import ROOT, Shell, blocks_of, read, shell_in
from tests.contract.policies import Policy
from workflow.agenda import TRANSITIONS
from workflow_starter import WorkflowStarter

TEXT = read("docs/SECURITY.md")
DECIDER, WORKER, STARTER, SETUP, GC = (
    {
        action.removeprefix("swf:")
        for action in Policy.read(f"{name}.json").actions
        if action.startswith("swf:")
    }
    for name in ("decider", "activity-worker", "starter", "set-up", "gc")
)
SWF = boto3.client("swf", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
OPERATIONS = SWF.meta.method_to_api_mapping
UNUSED = {"ListActivityTypes"}
"""Operations of the client that no process of ours asks for."""


def quoted(*patterns: str) -> set[str]:
    """Every name in quotes in the sources, with each kind of task where one is filled in."""
    texts = [path.read_text("utf-8") for pattern in patterns for path in ROOT.glob(pattern)]
    texts += [text.replace("{kind}", kind) for text in texts for kind in ("activity", "decision")]
    return {name for text in texts for name in re.findall(r'"(\w+)"', text)}


def test_together_they_are_what_the_code_calls() -> None:
    called = {OPERATIONS[name] for name in quoted("swf_client.py", "swf/*.py") & OPERATIONS.keys()}
    decisions = SWF.meta.service_model.shape_for("DecisionType").enum
    decided = quoted("workflow/*.py") & set(decisions)

    assert called | decided == DECIDER | WORKER | STARTER | SETUP | GC | UNUSED
    assert decided < DECIDER


def watched(client: SwfClient) -> set[str]:
    """What a client calls from now on."""
    found: set[str] = set()
    once = client._connection.once

    def call(operation: str, members: Any, **options: Any) -> Any:
        found.add(OPERATIONS[operation])
        return once(operation, members, **options)

    client._connection.once = call  # type: ignore[method-assign]
    return found


def test_each_role_is_enough_for_its_process(app: Application) -> None:
    decider, worker = DecisionWorker(app.settings), ActivityWorker(app.settings)
    starter = WorkflowStarter(app.settings)
    decides, works, starts = (watched(who.swf_client) for who in (decider, worker, starter))
    app.decider(decider)
    app.worker(worker)

    first = starter.start_workflow({"order_id": "O-1"})
    starter.wait(**first)
    again = starter.resume_workflow_from_step(**first, step_name="SaveResults")
    starter.wait(again["workflow_id"], again["run_id"])
    starter.start_workflow({"order_id": "O-2"}, workflow_id="second")
    starter.cancel_workflow("second")
    starter.wait("second")
    starter.list_workflows()
    starter.check_open_workflows()
    client = SwfClient(app.settings)
    sets_up = watched(client)
    list(setup.register(client, setup.process.shipped()))

    assert decides <= DECIDER
    assert works <= WORKER
    assert starts <= STARTER
    assert sets_up <= SETUP
    assert {"PollForActivityTask", "RespondActivityTaskCompleted"} <= works


def test_gc_has_a_policy_of_its_own(app: Application) -> None:
    client = SwfClient(app.settings)
    app.settings.payload_dir.mkdir()
    client.payloads.shrink("x" * 40_000)
    asked = watched(client)
    collect(client, 0, dry_run=True, now=2**33)

    assert asked <= GC
    assert "ListDomains" in asked


def test_both_languages_of_the_answers_name_the_same_actions() -> None:
    for name in ("docs/FAQ.md", "docs/FAQ.pt-BR.md"):
        told = set(re.findall(r"`([A-Z]\w+)`", read(name)))
        assert told >= DECIDER | WORKER | STARTER


def test_the_limits_that_are_told() -> None:
    assert f"{budget.STEPS:,} steps and {budget.BYTES // 2**20} MiB" in TEXT
    assert f"{TRANSITIONS:,} states at one event" in TEXT
    assert f"{budget.CALLS} nested calls, {budget.DEPTH} levels" in TEXT


def test_secrets_are_not_shown() -> None:
    found = config.load({"AWS_REGION": "eu-west-1", "PAYLOAD_KEYS": "k1:" + "A" * 43 + "="})

    assert "AAAA" not in repr(found)


@pytest.fixture
def shell(app: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    yield shell_in(app, tmp_path, monkeypatch, Shell)
    app.stop()
    database.close()


def test_the_audit_is_shown(shell: Shell) -> None:
    shell.run("python decision_worker.py")
    shell.run("python activity_worker.py")
    shell.run("python workflow_starter.py start --input docs/examples/order.json --wait")
    for block in blocks_of(TEXT):
        if not block.language:
            for line in block.text.splitlines():
                assert shell.run(line) == 0
