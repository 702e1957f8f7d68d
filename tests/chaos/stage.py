"""The processes on one folder, and the blows that they take."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import config
import published
import setup
from config import Settings
from swf_client import SwfClient
from tests import recording
from tests.chaos import clocks, damage, definitions, sealing
from tests.chaos import plan as plans
from tests.chaos.engines import Engine, EngineApart, EngineShared
from tests.chaos.parts import Children, EndedError, Part
from tests.chaos.plan import Blow, Plan

END_SECONDS = 45.0  # in which a part that is told to end has ended: results are offered for 30

SETTINGS = {
    "ACTIVITY_START_TO_CLOSE_TIMEOUT": "3",
    "DECISION_TASK_TIMEOUT": "3",
    "RETRY_MAX_SECONDS": "4",
    "LOG_LEVEL": "WARNING",
}
"""Short, so that what a dead part had in hand is soon somebody else's."""


class Stage:
    """The engine, deciders and workers on one folder."""

    def __init__(self, folder: Path, plan: Plan, *, deciders: int, workers: int) -> None:
        self.folder = folder
        self.blows: Counter[str] = Counter()
        self.problems: list[str] = []
        """What parts did that they must not."""
        self.slowest_end = 0.0
        """Seconds that a part took at most from SIGTERM to its end."""
        (folder / "definitions").mkdir(parents=True)
        damage.lay_store(folder)
        published.FOLDER = folder / "definitions"
        self.parts: dict[str, Part] = {}
        self._children = Children()
        self.engine: Engine = (
            EngineShared(folder / "swf") if plan.shared else EngineApart(folder, plan.seed)
        )
        self.environment = self._environment()
        self.settings: Settings
        self._use_keys(sealing.OLD)
        if isinstance(self.engine, EngineApart):
            self.engine.part = self._part(plans.ENGINE, self.engine.arguments)
        for role, count in (("decider", deciders), ("worker", workers)):
            for number in range(count):
                self._part(f"{role}-{number}", [role])

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SWF_"))}
        return {
            **kept,
            **SETTINGS,
            **recording.environment(),
            "DATA_DIR": str(self.folder),
            "SWF_ENDPOINT": self.engine.endpoint,
            "CHAOS_DEFINITIONS": str(self.folder / "definitions"),
        }

    def _part(self, name: str, arguments: Sequence[str]) -> Part:
        self.parts[name] = Part(
            name, arguments, folder=self.folder, environment=self.environment,
            children=self._children,
        )  # fmt: skip
        return self.parts[name]

    @property
    def working(self) -> list[Part]:
        """Deciders and workers."""
        return [part for part in self.parts.values() if part.name != plans.ENGINE]

    # --- beginning and end ------------------------------------------------------------------

    def begin(self) -> None:
        """Start everything, register everything."""
        self.engine.begin()
        client = SwfClient(self.settings)
        for definition in definitions.OURS:
            published.write(definition)
        for definition in (definitions.SHIPPED, *definitions.OURS):
            for _ in setup.register(client, definition):
                pass
        for part in self.working:
            part.start()

    def command(self, arguments: Sequence[str], text: str) -> subprocess.Popen[str]:
        """Give a command of `workflow_starter.py`, with a text on its standard input."""
        clock = self.folder / "starter.clock"
        if not clock.exists():
            clocks.lay(clock)
        with (self.folder / "starter.log").open("ab") as log:
            process: subprocess.Popen[str] = self._children.start(
                [sys.executable, "-m", "tests.chaos.serve", "starter", *arguments],
                cwd=self.folder, env={**self.environment, "CHAOS_CLOCK": str(clock)}, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        assert process.stdin is not None
        with process.stdin as given:
            given.write(text)
        process.stdin = None  # there is no more
        return process

    def end_workers(self) -> None:
        """Stop everything but the engine, and see that it ends as it should."""
        for part in self.working:
            self.look_at(part)
            part.signal(signal.SIGTERM)
        for part in self.working:
            self._wait_for_end(part)
        self._read_logs()

    def stop(self) -> None:
        """End whatever still runs, at once; nothing starts any more."""
        self._children.end()
        self.engine.stop()

    def look_at(self, part: Part) -> bool:
        """Whether a part runs; one that has ended by itself is a problem, and started again."""
        code = part.ended()
        if code is None:
            return True
        last = part.log.read_text("utf-8", "replace").strip().splitlines()[-1:]
        self.problems.append(f"{part.name} ended by itself with code {code}: {last}")
        self._start(part)
        return False

    def _start(self, part: Part) -> None:
        if part.name == plans.ENGINE:
            self.engine.begin()
        else:
            part.start()

    def _wait_for_end(self, part: Part) -> None:
        begun = time.monotonic()
        code = part.wait(END_SECONDS)
        self.slowest_end = max(self.slowest_end, time.monotonic() - begun)
        if code is None:
            part.signal(signal.SIGUSR1)  # its stacks go into its log
            part.wait(0.5)
            stacks = part.log.read_text("utf-8", "replace")[-6000:]
            self.problems.append(f"{part.name} did not end within {END_SECONDS:.0f} s:\n{stacks}")
            part.signal(signal.SIGKILL)
            part.wait(END_SECONDS)
        elif code not in (0, -signal.SIGTERM):  # it may not have come to set its handler
            self.problems.append(f"{part.name} was told to end and gave {code}")

    def _read_logs(self) -> None:
        for path in sorted(self.folder.glob("*.log")):
            text = path.read_text("utf-8", "replace")
            if found := text.count("Traceback"):
                at = text.rindex("Traceback")
                told = text[at : at + 6000].splitlines()
                last = next((line for line in told[1:] if line and line[0] not in " |"), "")
                self.problems.append(f"{path.stem} logged {found} tracebacks, the last: {last}")

    # --- blows ------------------------------------------------------------------------------

    def strike(self, blow: Blow) -> None:
        """Let something take a blow; returns when it is over."""
        with contextlib.suppress(EndedError):
            if blow.kind == plans.STORE_AWAY:
                damage.store_away(self.folder, blow.seconds)
            elif blow.kind == plans.DATABASE_LOCKED:
                damage.lock_database(self.folder, blow.seconds)
            elif blow.kind == plans.ROTATION:
                self._restart()
            elif blow.target == plans.ENGINE and plans.ENGINE not in self.parts:
                self.engine.kill(blow.seconds)
            elif not self._strike_part(self.parts[blow.target], blow):
                return
            self.blows[blow.kind] += 1

    def _strike_part(self, part: Part, blow: Blow) -> bool:
        with part.turn:
            if not self.look_at(part):
                return False
            _BLOWS[blow.kind](self, part, blow)
        return True

    def _kill(self, part: Part, blow: Blow) -> None:
        if part.name == plans.ENGINE:
            self.engine.kill(blow.seconds)
            return
        part.signal(signal.SIGKILL)
        part.wait(END_SECONDS)
        time.sleep(blow.seconds)
        part.start()

    def _freeze(self, part: Part, blow: Blow) -> None:
        part.signal(signal.SIGSTOP)
        time.sleep(blow.seconds)
        part.signal(signal.SIGCONT)

    def _terminate(self, part: Part, blow: Blow) -> None:
        if part.name == plans.ENGINE:
            self.engine.look()
        part.signal(signal.SIGTERM)
        self._wait_for_end(part)
        time.sleep(blow.seconds)
        self._start(part)

    def _fill_disk(self, part: Part, blow: Blow) -> None:
        room = damage.room_left(self.folder, engine=part.name == plans.ENGINE)
        damage.fill_disk(part, room, blow.seconds)

    def _jump(self, part: Part, blow: Blow) -> None:
        clocks.jump(part.clock, blow.by)

    def use_new_key(self) -> None:
        """Put a new key in front, for whoever starts from now on."""
        self._use_keys(sealing.NEW, sealing.OLD)

    def _restart(self) -> None:
        """Every process anew, one after the other, as after a change of settings."""
        for part in self.working:
            with part.turn:
                if self.look_at(part):
                    self._terminate(part, Blow(0.0, plans.TERMINATE, part.name, 0.0))

    def _use_keys(self, *keys: str) -> None:
        self.environment["PAYLOAD_KEYS"] = ",".join(keys)
        self.settings = config.use(config.load(self.environment))


_BLOWS: dict[str, Callable[[Stage, Part, Blow], None]] = {
    plans.KILL: Stage._kill,
    plans.FREEZE: Stage._freeze,
    plans.TERMINATE: Stage._terminate,
    plans.DISK_FULL: Stage._fill_disk,
    plans.CLOCK: Stage._jump,
}
