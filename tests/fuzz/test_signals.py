"""Signals of any name and any text reach a running execution: it and its decider live on."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

import setup
import wire
from local_swf.testing import LocalSWF, local_swf
from swf_client import SwfClient
from tests.application import Application
from tests.fuzz.strategies import BOUNDED, texts, values
from workflow import answers, children, process, signals, step

__all__ = ["local_swf"]

OURS = [
    value
    for room in (signals, children, answers)
    for name, value in vars(room).items()
    if name.isupper() and isinstance(value, str) and value == name
]
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "step_name": texts | st.sampled_from(["First", "Second", "Second[1]", "Nowhere"]),
        "steps": values,
        "input": values,
        "result": values,
        "compensate": values,
        "request_id": values | st.just("again"),
        "if_at": values,
        "reason": values,
        "token": values,
    },
)
NAMES = st.sampled_from(OURS) | texts
PAYLOADS = MEMBERS.map(wire.dumps) | values.map(wire.dumps) | texts | st.none()
PATIENCE_SECONDS = 30.0
ORDER = process("Signaled", "1", [step("First"), step("Second"), step("Third")])


class Stage:
    """An application whose second step lasts until it is let go."""

    def __init__(self, app: Application) -> None:
        self.app = app
        self.raw: Any = app.swf.client()
        self.gate = threading.Event()
        setup.ensure_registered(SwfClient(app.settings), ORDER)
        self.decider = app.decider(definitions=[ORDER])
        worker = app.worker()
        worker.activities.update(
            First=lambda _: {}, Second=lambda _: {"waited": self.gate.wait(10)}, Third=lambda _: {}
        )

    def start(self) -> dict[str, str]:
        """An execution in its second step."""
        self.gate.clear()
        started = self.app.starter.start_workflow({"order_id": "O"}, definition=ORDER)
        run = {"workflow_id": started["workflow_id"], "run_id": started["run_id"]}
        self.until(lambda: self.status(run)["step"] == "Second")
        return run

    def status(self, run: dict[str, str]) -> Any:
        """How it stands."""
        return self.app.starter.status(run["workflow_id"])

    def until(self, condition: Any) -> None:
        """Wait for something that must come."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.002)


@pytest.fixture
def stage(local_swf: LocalSWF, tmp_path: Path) -> Iterator[Stage]:
    app = Application(local_swf, tmp_path)
    made = Stage(app)
    yield made
    made.gate.set()
    app.stop()


def test_the_names_are_those_that_mean_something() -> None:
    assert {"RESUME_FROM_STEP", "PAUSE", "ROLL_BACK", "TASK_SUCCESS"} <= set(OURS)


@settings(BOUNDED, max_examples=40)
@given(sent=st.lists(st.tuples(NAMES, PAYLOADS), min_size=1, max_size=4))
def test_an_execution_lives_through_signals_of_any_kind(
    sent: list[tuple[str, str | None]], stage: Stage
) -> None:
    run = stage.start()
    for name, payload in sent:
        given = {} if payload is None else {"input": payload}
        with contextlib.suppress(ClientError, BotoCoreError, UnicodeEncodeError):
            stage.raw.signal_workflow_execution(
                domain=stage.app.settings.swf_domain, workflowId=run["workflow_id"],
                signalName=name, **given,
            )  # fmt: skip
    stage.gate.set()

    def settled() -> bool:
        """It has closed, or waits for an operator."""
        now = stage.status(run)
        assert now["blocked"] is None, (sent, now["blocked"])
        return now["closed_at"] is not None or now["state"] == "PAUSED"

    stage.until(settled)
    if stage.status(run)["closed_at"] is None:
        stage.app.starter.terminate_workflow(run["workflow_id"])
    healthy = stage.start()  # the same decider and worker
    stage.gate.set()
    assert stage.app.finish(healthy)[-1]["eventType"] == "WorkflowExecutionCompleted"
