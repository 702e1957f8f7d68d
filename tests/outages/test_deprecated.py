"""Domain and types that are deprecated: nothing new starts, what is open goes on or says why not.

Amazon SWF deprecates a domain's types with it, and refuses their activities to open executions.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import setup
from activity_worker import ActivityWorker
from cli import app
from config import Settings
from decision_worker import DecisionWorker
from errors import DomainNotRegisteredError, TypeNotRegisteredError
from local_swf.testing import LocalSWF
from tests.outages.working import running, until
from workflow import child, process
from workflow_starter import WorkflowStarter

SettingsOf = Callable[..., Settings]
ORDER = {"order_id": "O-1", "items": ["a"]}
PARENT = process("OutagesParent", "1.0", [child("Sub", "BusinessProcess@1.0")])
DOMAIN = "business-process-domain"


@pytest.fixture
def settings(
    engine: LocalSWF, settings_of: SettingsOf, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Of processes with a task list of their own, and of commands."""
    monkeypatch.setenv("SWF_ENDPOINT", engine.url)
    return settings_of(engine.url, SWF_TASK_LIST=uuid.uuid4().hex)


@pytest.fixture
def starter(settings: Settings) -> WorkflowStarter:
    return WorkflowStarter(settings)


@pytest.fixture(autouse=True)
def registered(engine: LocalSWF, settings: Settings) -> Iterator[None]:
    """All is registered again after a test."""
    yield
    setup.ensure_registered(WorkflowStarter(settings).swf_client, anew=True)


def workers(settings: Settings) -> tuple[DecisionWorker, ActivityWorker]:
    return DecisionWorker(settings), ActivityWorker(settings)


def goes_on(engine: LocalSWF, starter: WorkflowStarter, run: Any) -> bool:
    """Do what the messages say, and let time pass until the execution has completed."""
    assert setup.main([]) == 0

    def closed() -> bool:
        if state_of(starter, run) == "BLOCKED":
            engine.clock.advance(10)
        return starter.status(**run)["closed_at"] is not None

    until(closed, "its end")
    return state_of(starter, run) == "COMPLETED"


def state_of(starter: WorkflowStarter, run: Any) -> str:
    return starter.status(**run)["state"]


def deprecate_process(engine: LocalSWF) -> None:
    engine.client().deprecate_workflow_type(
        domain=DOMAIN, workflowType={"name": "BusinessProcess", "version": "1.0"}
    )


class TestActivityType:
    def test_the_execution_waits_says_why_and_goes_on_after_setup(
        self,
        engine: LocalSWF,
        settings: Settings,
        starter: WorkflowStarter,
    ) -> None:
        engine.client().deprecate_activity_type(
            domain=DOMAIN, activityType={"name": "SaveResults", "version": "1.0"}
        )
        with running(*workers(settings)):
            run = starter.start_workflow(ORDER)
            until(lambda: state_of(starter, run) == "BLOCKED", "BLOCKED")
            why = str(starter.status(**run)["blocked"])
            assert "SaveResults: ACTIVITY_TYPE_DEPRECATED" in why
            assert "python setup.py" in why
            assert goes_on(engine, starter, run)
        kinds = [event["eventType"] for event in starter.get_workflow_history(**run)]
        assert kinds.count("ActivityTaskScheduled") == 5, "each step ran once"


class TestWorkflowType:
    def test_a_start_is_refused_and_says_what_to_do(
        self, engine: LocalSWF, starter: WorkflowStarter
    ) -> None:
        deprecate_process(engine)
        says = r"the workflow type BusinessProcess 1.0 is deprecated in .*; run `python setup.py`"
        with pytest.raises(TypeNotRegisteredError, match=says):
            starter.start_workflow(ORDER)

    def test_open_executions_go_on(
        self, engine: LocalSWF, settings: Settings, starter: WorkflowStarter
    ) -> None:
        run = starter.start_workflow(ORDER)
        deprecate_process(engine)
        with running(*workers(settings)):
            assert starter.wait(**run, timeout=30)["state"] == "COMPLETED"

    def test_a_parent_waits_says_why_and_goes_on_after_setup(
        self, engine: LocalSWF, settings: Settings, starter: WorkflowStarter
    ) -> None:
        setup.ensure_registered(starter.swf_client, PARENT)
        run = starter.start_workflow(ORDER, definition=PARENT)
        deprecate_process(engine)
        decider = DecisionWorker(settings, definitions=[PARENT])
        with running(decider, ActivityWorker(settings)):
            until(lambda: state_of(starter, run) == "BLOCKED", "BLOCKED")
            why = str(starter.status(**run)["blocked"])
            assert "BusinessProcess@1.0: WORKFLOW_TYPE_DEPRECATED" in why
            assert "python setup.py" in why
            assert goes_on(engine, starter, run)
        kinds = [event["eventType"] for event in starter.get_workflow_history(**run)]
        assert kinds.count("ChildWorkflowExecutionStarted") == 1


class TestDomain:
    def test_workers_serve_on_and_what_is_open_goes_on_after_setup(
        self,
        engine: LocalSWF,
        settings: Settings,
        starter: WorkflowStarter,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.INFO)
        run = starter.start_workflow(ORDER)
        engine.client().deprecate_domain(name=DOMAIN)
        with running(*workers(settings)):
            until(lambda: state_of(starter, run) == "BLOCKED", "BLOCKED")
            assert "ACTIVITY_TYPE_DEPRECATED" in str(starter.status(**run)["blocked"])
            assert goes_on(engine, starter, run)
        assert not [r for r in caplog.records if "Polling fails" in r.getMessage()]

    def test_a_start_is_refused_and_says_what_to_do(
        self, engine: LocalSWF, starter: WorkflowStarter
    ) -> None:
        engine.client().deprecate_domain(name=DOMAIN)
        says = rf"the domain {DOMAIN} is deprecated in .*; run `python setup.py`"
        with pytest.raises(DomainNotRegisteredError, match=says):
            starter.start_workflow(ORDER)

    def test_commands_look_and_steer_and_what_starts_is_refused(
        self,
        engine: LocalSWF,
        starter: WorkflowStarter,
        capsys: pytest.CaptureFixture[str],
        tmp_path: Path,
    ) -> None:
        run, ended = starter.start_workflow(ORDER), starter.start_workflow(ORDER)
        starter.terminate_workflow(**ended)
        engine.client().deprecate_domain(name=DOMAIN)
        batch = tmp_path / "batch.jsonl"
        batch.write_text(json.dumps(ORDER) + "\n")
        one = run["workflow_id"]
        works = [
            ["status", one], ["list"], ["history", one], ["waiting"], ["check"], ["audit", one],
            ["signal", one, "--name", "PAUSE", "--answer-timeout", "0"], ["cancel", one],
            ["terminate", one],
        ]  # fmt: skip
        for command in works:
            assert app.main(command) == 0, command
            capsys.readouterr()
        refused = [
            [], ["batch", str(batch)], ["resume", ended["workflow_id"], "--step", "ValidateInput"]
        ]  # fmt: skip
        for command in refused:
            assert app.main(command) == 2, command
            told = capsys.readouterr().err
            assert f"the domain {DOMAIN} is deprecated" in told, command
            assert told.count("python setup.py") == 1, command
