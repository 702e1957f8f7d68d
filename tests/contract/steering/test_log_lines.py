"""Lines that are written while a task is handled, in executions of all kinds."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from decision_worker import LINES
from run_cache import RunCache, Told
from tests.contract.steering import machines
from tests.contract.steering.conftest import Stage, continued, definitions, stage
from workflow import Retry, child, map_items, parallel, process, step, wait_for_signal

__all__ = ["definitions", "stage"]

TWICE = Retry(attempts=2)
TRIP = process("Trip", "1", [step("Book", retry=TWICE)])
ORDER = process(
    "Order",
    "1",
    [
        step("Take", compensation="Return"),
        parallel("Prepare", [step("Pack", compensation="Unpack")], [step("Invoice")]),
        map_items("Each", [step("Bill", retry=TWICE)]),
        child("Travel", "Trip@1"),
        wait_for_signal("Ask", signal="GO"),
        step("Send", retry=Retry(attempts=1)),
    ],
)
MACHINE = machines.machine(machines.FORK)
OF_A_WORKER = re.compile(r"(decider-\d+|activity-\d+|heartbeats)$")
OUTSIDE_A_TASK = ("Polling ",)
OF_A_STEP = ("Activity '", "Retrying", "Scheduling", "Executing", "Completed:", "Failed:")

Fields = dict[str, Any]


class Lines(logging.Handler):
    """What the threads of deciders and workers write, whoever's logger it is."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.found: list[tuple[logging.LogRecord, Fields]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if OF_A_WORKER.search(record.threadName or ""):
            self.found.append((record, dict(getattr(record, "fields", {}))))

    def of(self, logger: str, *beginnings: str) -> list[tuple[str, Fields]]:
        """Text and fields of a logger's lines that begin so."""
        return [
            (record.getMessage(), fields)
            for record, fields in self.found
            if record.name == logger and record.getMessage().startswith(beginnings or "")
        ]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Lines]:
    caplog.set_level(logging.INFO)
    handler = Lines()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def broken_once(stage: Stage, *activities: str) -> None:
    """The first attempt of each fails, the next does not."""
    left = set(activities)

    def function(name: str) -> Any:
        def activity(_: Any) -> dict[str, Any]:
            if name in left:
                left.remove(name)
                raise ValueError("no disk")
            return {}

        return activity

    for name in activities:
        stage.play(name, function(name))


def live(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries, a rollback, a child, items, branches, signals, resuming, cancelling, continuing."""
    broken_once(stage, "Bill", "Book", "Weigh")
    stage.play("Send", lambda _: 1 / 0)
    stage.serve(TRIP, ORDER, MACHINE)
    run = stage.start(ORDER, {"order_id": "ORD-1", "items": [1, 2, 3]})
    stage.reaches(run, state="RUNNING", step="Ask")
    for sent in (stage.starter.pause_workflow(**run), stage.starter.continue_workflow(**run)):
        stage.answered(sent)
    stage.starter.signal_workflow(run["workflow_id"], "GO", {"yes": True})
    stage.ends(run, "FAILED")
    stage.plays.clear()
    again = stage.starter.resume_workflow_from_step(**run, step_name="Take", force=True)
    stage.starter.signal_workflow(again["workflow_id"], "GO", {"yes": True})
    stage.ends(dict(again))
    stage.ends(stage.start(MACHINE, machines.ORDER))
    gate = stage.hold("Take")
    canceled = stage.start(ORDER, {"order_id": "ORD-2", "items": []})
    stage.closes(canceled, "cancel", gate)
    continued(stage, monkeypatch)
    stage.app.stop()


def test_lines_of_all_kinds_of_executions(
    stage: Stage, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(stage, monkeypatch)
    of_tasks = [
        (record, fields)
        for record, fields in lines.found
        if not record.getMessage().startswith(OUTSIDE_A_TASK)
    ]
    assert len(of_tasks) > 200
    for record, fields in of_tasks:
        text = record.getMessage()
        decides = (record.threadName or "").startswith("decider")
        assert {"domain", "workflow_id", "run_id"} <= fields.keys(), text
        assert isinstance(fields["decision_id" if decides else "started_event_id"], int), text
        if text.startswith(OF_A_STEP):
            assert fields["step"], text
            assert isinstance(fields["attempt"], int), text
    kinds = {kind for kind, line in LINES.items() if _is_there(lines, line)}
    assert {"activity_failed", "retrying", "rollback", "signal", "waiting"} <= kinds


def _is_there(lines: Lines, line: Any) -> bool:
    names = ("activity", "step", "reason", "attempt", "signal", "outcome", "why", "what", "error")
    pattern = re.escape(line(dict.fromkeys([*names, "target"], "@"))).replace("@", ".*")
    return any(re.fullmatch(pattern, text) for text, _ in lines.of("decision_worker"))


def test_a_decider_and_a_worker_name_a_step_alike(
    stage: Stage, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its path: of three items that do the same, one tells which of them failed."""
    live(stage, monkeypatch)

    def attempts(logger: str, beginning: str) -> set[tuple[str, str, int]]:
        return {(f["run_id"], f["step"], f["attempt"]) for _, f in lines.of(logger, beginning)}

    failed = attempts("activity_worker", "Failed:")
    assert failed <= attempts("decision_worker", "Activity '")
    assert {step for _, step, _ in failed} >= {"Book", "Send"}
    assert any(re.fullmatch(r"Each\[\d\]\.(Bill|Weigh)", step) for _, step, _ in failed)
    completed = attempts("activity_worker", "Completed:")
    assert completed <= attempts("decision_worker", "Activity '")
    travels = [f for text, f in lines.of("decision_worker", "Activity 'Trip@1' completed")]
    assert {fields["step"] for fields in travels} == {"Travel"}


def test_a_decider_that_reads_every_history_anew_writes_no_line_twice(
    stage: Stage, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It remembers neither executions nor what it has told."""
    monkeypatch.setattr(RunCache, "take", lambda *_: None)
    monkeypatch.setattr(Told, "get", lambda *_: 0)
    live(stage, monkeypatch)

    def counted(logger: str, pattern: str) -> Counter[tuple[str, str, int]]:
        found = [(text, f) for text, f in lines.of(logger) if re.search(pattern, text)]
        return Counter((f["run_id"], f["step"], f["attempt"]) for _, f in found)

    worked = counted("activity_worker", "^Completed: ")
    assert counted("decision_worker", "^Activity '(?!Trip).* completed") == worked
    failed = counted("activity_worker", "^Failed: ")
    assert counted("decision_worker", "^Activity '(?!Trip).* failed: ") == failed
    for beginning in ("Retrying", "Rolling back", "Signal "):
        told = [
            (text, f["run_id"], f.get("request_id"))
            for text, f in lines.of("decision_worker", beginning)
        ]
        assert told
        assert len(told) == len(set(told)), beginning
