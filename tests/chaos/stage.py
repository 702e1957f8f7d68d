"""The parts as processes, and the blows that they take."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import config
import published
import setup
from swf_client import SwfClient
from tests.chaos import definitions
from tests.chaos import plan as plans
from tests.chaos.plan import Blow, Plan

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

ROOT = Path(__file__).resolve().parents[2]
PORTS = range(21_000, 29_000)  # below those that systems give to clients
START_SECONDS = 30.0
END_SECONDS = 45.0  # in which a part that is told to end has ended: results are offered for 30
SAMPLE_SECONDS = 0.3

SETTINGS = {
    "ACTIVITY_START_TO_CLOSE_TIMEOUT": "3",
    "DECISION_TASK_TIMEOUT": "3",
    "RETRY_MAX_SECONDS": "4",
    "LOG_LEVEL": "WARNING",
}
"""Short, so that what a dead part had in hand is soon somebody else's."""


class Part:
    """A process that is started again and again."""

    def __init__(self, name: str, command: list[str], stage: Stage) -> None:
        self.name = name
        self.turn = threading.Lock()
        """One blow at a time."""
        self.log = stage.folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._command, self._stage = command, stage

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, cwd=self._stage.folder, env=self._stage.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def signal(self, number: int) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    def ended(self) -> int | None:
        """Its exit code, where it has ended."""
        return None if self.process is None else self.process.poll()

    def wait(self, seconds: float) -> int | None:
        assert self.process is not None
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


class Stage:
    """The engine, deciders and workers on one folder."""

    def __init__(self, folder: Path, plan: Plan, *, deciders: int, workers: int) -> None:
        self.folder, self.plan = folder, plan
        self.blows: Counter[str] = Counter()
        self.problems: list[str] = []
        """What parts did that they must not."""
        self.slowest_end = 0.0
        """Seconds that a part took at most from SIGTERM to its end."""
        self.port = _free_port(random.Random(plan.seed))
        self.url = f"http://127.0.0.1:{self.port}"
        (folder / "definitions").mkdir(parents=True)
        (folder / "payloads.there").mkdir()
        (folder / "payloads").symlink_to("payloads.there")
        published.FOLDER = folder / "definitions"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SWF_"))}
        self.environment = {
            **kept,
            **SETTINGS,
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(folder),
            "SWF_ENDPOINT": self.url,
            "CHAOS_DEFINITIONS": str(folder / "definitions"),
        }
        self.settings = config.use(config.load(self.environment))
        self._rules = folder / "faults.json"
        self._done: Counter[str] = Counter()
        self._seen: dict[str, int] = {}
        self._counting = threading.Lock()
        self.set_weather(())
        self.parts = {plans.ENGINE: Part(plans.ENGINE, self._engine(), self)}
        for role, count in (("decider", deciders), ("worker", workers)):
            for number in range(count):
                name = f"{role}-{number}"
                self.parts[name] = Part(
                    name, [sys.executable, "-m", "tests.chaos.serve", role], self
                )

    def _engine(self) -> list[str]:
        options = ["--port", str(self.port), "--database", str(self.folder / "swf.sqlite")]
        return [sys.executable, "-m", "local_swf", *options, "--faults", str(self._rules)]

    # --- beginning and end ------------------------------------------------------------------

    def begin(self) -> None:
        """Start everything, register everything."""
        self._start(self.parts[plans.ENGINE])
        client = SwfClient(self.settings)
        for definition in definitions.OURS:
            published.write(definition)
        for definition in (definitions.SHIPPED, *definitions.OURS):
            for _ in setup.register(client, definition):
                pass
        for part in self.parts.values():
            if part.name != plans.ENGINE:
                part.start()

    def end_workers(self) -> None:
        """Stop everything but the engine, and see that it ends as it should."""
        working = [part for part in self.parts.values() if part.name != plans.ENGINE]
        for part in working:
            self.look_at(part)
            part.signal(signal.SIGTERM)
        for part in working:
            self._wait_for_end(part)
        self._read_logs()

    def stop(self) -> None:
        """End whatever still runs."""
        for part in self.parts.values():
            if part.process is not None and part.ended() is None:
                part.signal(signal.SIGCONT)
                part.process.kill()
                part.process.wait()

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
        part.start()
        if part.name == plans.ENGINE:
            deadline = time.monotonic() + START_SECONDS
            while self.ask("health") is None:
                if part.ended() is not None:
                    self.problems.append(f"the engine does not start, code {part.ended()}")
                    time.sleep(0.5)
                    part.start()
                if time.monotonic() > deadline:
                    raise TimeoutError("the engine does not start")
                time.sleep(0.02)

    def _wait_for_end(self, part: Part) -> None:
        begun = time.monotonic()
        code = part.wait(END_SECONDS)
        self.slowest_end = max(self.slowest_end, time.monotonic() - begun)
        if code is None:
            self.problems.append(f"{part.name} did not end within {END_SECONDS:.0f} s")
            part.signal(signal.SIGUSR1)  # its stacks go into its log
            part.wait(0.5)
            part.signal(signal.SIGKILL)
            part.wait(END_SECONDS)
        elif code not in (0, -signal.SIGTERM):  # it may not have come to set its handler
            self.problems.append(f"{part.name} was told to end and gave {code}")

    def _read_logs(self) -> None:
        for part in self.parts.values():
            text = part.log.read_text("utf-8", "replace")
            if found := text.count("Traceback"):
                at = text.rindex("Traceback")
                told = text[at : at + 6000].splitlines()
                last = next((line for line in told[1:] if line and line[0] not in " |"), "")
                self.problems.append(f"{part.name} logged {found} tracebacks, the last: {last}")

    # --- faults -----------------------------------------------------------------------------

    def set_weather(self, rules: Any) -> None:
        """Put other fault rules in force, now and for engines to come."""
        text = json.dumps({"seed": self.plan.seed, "rules": list(rules)})
        draft = self._rules.with_suffix(".new")
        draft.write_text(text)
        draft.replace(self._rules)
        self.ask("faults", text)

    def ask(self, name: str, body: str | None = None) -> Any:
        """A control call to the engine; None where it does not answer."""
        request = urllib.request.Request(
            f"{self.url}/_local/{name}",
            data=None if body is None else body.encode(),
            headers={"X-Local-SWF": "1", "Connection": "close"},
        )
        try:
            with urllib.request.urlopen(request, timeout=2) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    def count_faults(self) -> None:
        """See how many faults the engine of now has made."""
        with self._counting:
            told = self.ask("faults")
            if told is not None:
                self._seen = told["done"]

    def _close_count(self) -> None:
        self.count_faults()
        with self._counting:
            self._done.update(self._seen)
            self._seen = {}

    @property
    def faults(self) -> Counter[str]:
        """Injected faults by kind; those right before a kill are not all known."""
        return self._done + Counter(self._seen)

    # --- blows ------------------------------------------------------------------------------

    def strike(self, blow: Blow) -> None:
        """Let a part take a blow; returns when it is over."""
        if blow.kind == plans.STORE_AWAY:
            self._store_away(blow.seconds)
        elif blow.kind == plans.DATABASE_LOCKED:
            self._lock_database(blow.seconds)
        else:
            part = self.parts[blow.target]
            with part.turn:
                if not self.look_at(part):
                    return
                _BLOWS[blow.kind](self, part, blow.seconds)
        self.blows[blow.kind] += 1

    def _kill(self, part: Part, seconds: float) -> None:
        if part.name == plans.ENGINE:
            self._close_count()
        part.signal(signal.SIGKILL)
        part.wait(END_SECONDS)
        time.sleep(seconds)
        self._start(part)

    def _freeze(self, part: Part, seconds: float) -> None:
        part.signal(signal.SIGSTOP)
        time.sleep(seconds)
        part.signal(signal.SIGCONT)

    def _terminate(self, part: Part, seconds: float) -> None:
        if part.name == plans.ENGINE:
            self._close_count()
        part.signal(signal.SIGTERM)
        self._wait_for_end(part)
        time.sleep(seconds)
        self._start(part)

    def _fill_disk(self, part: Part, seconds: float) -> None:
        """No file of that process grows any more: what Linux offers without a disk to fill."""
        if resource is None or not hasattr(resource, "prlimit"):
            return
        assert part.process is not None
        limit = self._room_left(part)
        pid = part.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, before[1]))
        time.sleep(seconds)
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)

    def _room_left(self, part: Part) -> int:
        """As much as half a line more than what is there."""
        if part.name == plans.ENGINE:
            return 4096
        outbox = self.folder / "outbox.jsonl"
        return (outbox.stat().st_size if outbox.exists() else 0) + 100

    def _store_away(self, seconds: float) -> None:
        self._point_store("/dev/null")
        time.sleep(seconds)
        self._point_store("payloads.there")

    def _point_store(self, target: str) -> None:
        draft = self.folder / "payloads.new"
        draft.unlink(missing_ok=True)
        draft.symlink_to(target)
        draft.replace(self.folder / "payloads")

    def _lock_database(self, seconds: float) -> None:
        path = self.folder / "business.sqlite3"
        if not path.exists():
            return
        with contextlib.closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as held:
            try:
                held.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return  # busy enough
            time.sleep(seconds)
            held.execute("ROLLBACK")


_BLOWS = {
    plans.KILL: Stage._kill,
    plans.FREEZE: Stage._freeze,
    plans.TERMINATE: Stage._terminate,
    plans.DISK_FULL: Stage._fill_disk,
}


def _free_port(chance: random.Random) -> int:
    for port in chance.sample(PORTS, 200):
        with socket.socket() as found:
            try:
                found.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port")
