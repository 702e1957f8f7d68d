"""The command line with a starter that only remembers what it was asked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import config
from cli import app

Main = Callable[..., int]


class FakeClient:
    """An engine with one history."""

    settings = config.load({"SWF_ENDPOINT": "local"})

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def history(self, *_: object, **__: object) -> Iterator[dict[str, Any]]:
        return reversed(self.events)


class FakeStarter:
    """Answers every method with what a test put into `answers`, or raises it."""

    def __init__(self) -> None:
        self.swf_client = FakeClient()
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.batch_results: list[dict[str, Any]] = []
        self.answers: dict[str, Any] = {
            "start_workflow": {"workflow_id": "w-1", "run_id": "r-1"},
        }

    def start_batch(self, orders: Any, **named: Any) -> list[dict[str, Any]]:
        """Tell of the results that a test put into `batch_results`, then be interrupted or not."""
        self.calls.append(("start_batch", (list(orders),), named))
        for result in self.batch_results:
            named["on_result"](result)
        if isinstance(self.answers.get("start_batch"), BaseException):
            raise self.answers["start_batch"]
        return self.batch_results

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def method(*positional: Any, **named: Any) -> Any:
            self.calls.append((name, positional, named))
            answer = self.answers.get(name)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return method


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeStarter:
    starter = FakeStarter()
    monkeypatch.setattr(app, "WorkflowStarter", lambda settings, swf_client: starter)
    return starter


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No settings file, environment or log set-up of one test reaches another."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config, "_current", None)
    monkeypatch.setenv("SWF_ENDPOINT", "local")
    monkeypatch.setenv("LOG_LEVEL", "WARNING")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before
    logging.getLogger("swf_client").setLevel(logging.NOTSET)
