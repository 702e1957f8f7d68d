"""Which commands show how far they have come, and what they count."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cli import app, check, history
from errors import InvalidInputError
from tests.unit.cli.conftest import FakeStarter
from tests.unit.starter_samples import event, info


class Bars:
    """Stands for the bars of the commands, as if somebody watched."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, int | None]] = []
        self.told: list[int] = []

    @contextmanager
    def bar(
        self, what: str, total: int | None = None, *, as_json: bool = False
    ) -> Iterator[Callable[[int], None]]:
        assert as_json is True
        self.shown.append((what, total))
        yield self.told.append


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> Bars:
    made = Bars()
    for name in ("audit", "batch", "check", "forecast", "gc", "graph", "history", "listing",
                 "waiting"):  # fmt: skip
        monkeypatch.setattr(sys.modules[f"cli.{name}"], "bar", made.bar)
    for module in (check, history):
        monkeypatch.setattr(module, "can_be_shown", lambda **_: True)
    return made


def run(*command: str) -> None:
    app.main([*command, "--json"])


def test_batch_counts_what_was_started(fake: FakeStarter, bars: Bars, tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    path.write_text('{"a": 1}\nnonsense\n{"a": 2}\n')
    ids = {"workflow_id": "w", "run_id": "r", "error": None, "error_type": None}
    fake.batch_results = [{"index": 1, **ids}, {"index": 0, **ids}]
    run("batch", str(path))
    assert (bars.shown, bars.told) == ([("starting", 2)], [1, 2])


REPORT = {"checked": 2, "decisions": 3, "fit": 2, "findings": []}


def test_check_counts_the_files(
    fake: FakeStarter, bars: Bars, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    for file in files:
        file.write_text("{}")

    def check_histories(documents: Any, **_: Any) -> Any:
        assert list(documents) == [{}, {}]
        return REPORT

    monkeypatch.setattr(fake, "check_histories", check_histories, raising=False)
    run("check", *(f"--history={file}" for file in files))
    assert (bars.shown, bars.told) == ([("checking histories", 2)], [1, 2])


@pytest.mark.parametrize(
    ("counted", "options", "total"),
    [((7, False), [], 7), ((7, True), [], None), ((7, False), ["--definition=X"], None)],
)
def test_check_knows_how_many_are_open(
    fake: FakeStarter, bars: Bars, counted: Any, options: list[str], total: int | None
) -> None:
    fake.answers["check_open_workflows"] = REPORT
    fake.swf_client.count_open = lambda: counted
    run("check", *options)
    assert bars.shown == [("checking executions", total)]
    assert fake.calls[-1][2]["progress"] == bars.told.append


@pytest.mark.parametrize(("options", "total"), [([], 41), (["--chain"], None)])
def test_history_knows_how_long_it_is(
    fake: FakeStarter, bars: Bars, options: list[str], total: int | None
) -> None:
    fake.answers |= {"describe": {"executionInfo": info()}, "get_workflow_history": []}
    fake.answers["start_envelope"] = {}
    fake.swf_client.events = [event("TimerFired", 41)]
    run("history", "w-1", *options)
    assert bars.shown == [("reading events", total)]
    assert fake.calls[1][2]["progress"] == bars.told.append


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (["gc"], ("reading histories", None)),
        (["list"], ("listing", None)),
        (["waiting"], ("looking at executions", None)),
        (["audit", "w-1"], ("reading histories", None)),
        (["graph", "w-1"], ("drawing", None)),
        (["forecast", "w-1"], ("reading the history", None)),
    ],
)
def test_others_show_that_they_are_at_work(
    fake: FakeStarter, bars: Bars, command: list[str], shown: Any
) -> None:
    methods = ("collect_garbage", "list_workflows", "waiting", "audit", "graph",
               "forecast_workflow")  # fmt: skip
    fake.answers |= dict.fromkeys(methods, InvalidInputError("that is enough"))
    run(*command)
    assert bars.shown == [shown]


def test_a_bar_leaves_the_json_whole(
    fake: FakeStarter, bars: Bars, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.answers["list_workflows"] = []
    run("list")
    assert json.loads(capsys.readouterr().out) == []
