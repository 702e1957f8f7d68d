"""A plan, played on a folder: the storm, everybody brought home, everything checked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import logs
from tests.chaos import definitions, errands, evidence, sealing
from tests.chaos.checker import Violation
from tests.chaos.clockwork import Clockwork
from tests.chaos.engines import AWAY_SECONDS, SAMPLE_SECONDS
from tests.chaos.ledger import Ledger
from tests.chaos.people import People
from tests.chaos.plan import ROTATION, Blow, Errand, Plan
from tests.chaos.report import Report
from tests.chaos.stage import Stage
from workflow_starter import WorkflowStarter

MANY_ERRANDS = 10  # of which at least one is killed between the start and its answer
HOME_SECONDS = 300.0  # in which every execution has ended after the storm

Tell = Callable[[str], None]


class Chaos:
    """One plan and all that plays in it."""

    def __init__(
        self, plan: Plan, folder: Path, *, deciders: int, workers: int, tell: Tell = lambda _: None
    ) -> None:
        definitions.shorten_histories()
        self.plan, self.folder, self._tell = plan, folder, tell
        self.report = Report(plan.seed)
        self.stage = Stage(folder, plan, deciders=deciders, workers=workers)
        logs.configure(replace(self.stage.settings, log_level="ERROR"))  # the faults are meant
        self.people = People(WorkflowStarter(self.stage.settings), Ledger())

    def run(self, *, processes: int = 2) -> Report:
        """Play it and check what is left, in so many processes."""
        try:
            with self._timed("beginning"):
                self.stage.begin()
            with self._timed("storm"), self._watched():
                self._storm()
            with self._timed("coming home"):
                self.people.bring_home(HOME_SECONDS, self._tell)
            with self._timed("stopping"):
                self.stage.end_workers()
            with self._timed("checking"):
                found = evidence.checked(self.people, self.folder, processes=processes)
        finally:
            self.stage.stop()
        exposed = sealing.searched(self.folder)
        self.report.figures = found.figures + exposed.sealed
        self.report.violations += found.violations
        self._complain("exposed", exposed.problems)
        self._sum_up()
        self._expect()
        return self.report

    def _storm(self) -> None:
        plan, stage, people = self.plan, self.stage, self.people
        approvals = [
            (start.at + after, partial(people.approve, start.workflow_id))
            for start in plan.starts
            for after in start.approve_after
        ]
        clockworks = [
            Clockwork(16, [(start.at, partial(people.start, start)) for start in plan.starts]),
            Clockwork(8, approvals),
            Clockwork(16, [(blow.at, partial(self._strike, blow)) for blow in plan.blows]),
            Clockwork(
                1, [(sky.at, partial(stage.engine.set_weather, sky.rules)) for sky in plan.weather]
            ),
            Clockwork(8, [(act.at, partial(people.act, act)) for act in plan.acts]),
            Clockwork(4, [(item.at, partial(self._errand, item)) for item in plan.errands]),
        ]
        for clockwork in clockworks:
            clockwork.join()
            self._complain("chaos", clockwork.errors)
        stage.engine.set_weather(())
        for part in stage.parts.values():
            stage.look_at(part)

    def _strike(self, blow: Blow) -> None:
        if blow.kind == ROTATION:
            self.stage.use_new_key()
            self.people.starter = WorkflowStarter(self.stage.settings)
        self.stage.strike(blow)

    def _errand(self, errand: Errand) -> None:
        self.people.names[errand.workflow_id] = definitions.HELD.name
        errands.run(errand, self.stage.command, self.people.is_there, self.people.ledger)
        self.people.approve(errand.workflow_id)

    def _sum_up(self) -> None:
        report, stage, ledger = self.report, self.stage, self.people.ledger
        watch = stage.engine.watch
        report.starts, report.people = len(ledger.starts), ledger.outcomes
        report.blows, report.faults, report.engines = stage.blows, watch.faults, watch.lives
        report.seconds["slowest end of a process"] = stage.slowest_end
        report.seconds["longest without the engine"] = watch.longest_away
        self._complain("people", ledger.problems)
        self._complain("process", stage.problems)
        self._complain("engine", watch.problems)
        if watch.longest_away > AWAY_SECONDS:
            self._complain("engine", [f"it was away for {watch.longest_away:.1f} s"])

    def _expect(self) -> None:
        """Each kind of trouble has come."""
        report, plan = self.report, self.plan
        for kind in {blow.kind for blow in plan.blows}:
            report.expect(kind, report.blows[kind], 1)
        report.expect("runs that continued as new", report.figures["continued as new"], 1)
        if len(plan.errands) >= MANY_ERRANDS:
            people = report.people
            report.expect("commands killed before their answer", people["errand: killed"], 1)
            there = people["errand: was there already"]
            report.expect("commands killed once their execution was there", there, 1)
        if any(blow.kind == ROTATION for blow in plan.blows):
            for key in sealing.KEY_IDS:
                report.expect(f"texts under {key}", report.figures[f"texts under {key}"], 1)

    def _complain(self, kind: str, problems: list[str]) -> None:
        self.report.violations += [Violation(kind, "", problem) for problem in problems]

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        self._tell(f"{name} ...")
        since = time.monotonic()
        yield
        self.report.seconds[name] = time.monotonic() - since

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Look at the engine all the time."""
        over = threading.Event()

        def look() -> None:
            while not over.wait(SAMPLE_SECONDS):
                self.stage.engine.look()

        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        try:
            yield
        finally:
            over.set()
        looking.join()
        self.stage.engine.look()
