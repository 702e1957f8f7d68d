"""The engine of a chaos: one apart, with faults, or the one that processes share by their folder.

Both are asked over their control calls: for faults to come, for those that were made, and for
their time.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import threading
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from local_swf import daemon
from tests.chaos.parts import Part

PORTS = range(21_000, 29_000)  # below those that systems give to clients
START_SECONDS = 30.0
AWAY_SECONDS = 30.0  # for which results are offered: an engine must be back before
SAMPLE_SECONDS = 0.3
ASK_SECONDS = 2.0


@dataclass(frozen=True)
class Sample:
    """The time that an engine tells, and when it was asked and had answered (monotonic)."""

    instance: str
    now: float
    asked: float
    answered: float


def clock_problem(before: Sample, after: Sample) -> str | None:
    """What is wrong with how an engine's time moved: not as that of the process itself did."""
    if before.instance != after.instance:
        return None
    moved = after.now - before.now
    least, most = after.asked - before.answered, after.answered - before.asked
    if least - 0.01 <= moved <= most + 0.01:
        return None
    return f"the engine's time moved by {moved:.3f} s in {least:.3f} to {most:.3f} s"


class Ask(Protocol):
    """A control call."""

    def __call__(self, name: str, body: str | None = None) -> Any:
        """Its answer; None where the engine does not answer."""


class Watch:
    """What is seen of an engine that is asked again and again."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.longest_away = 0.0
        """Seconds from one answer to the next."""
        self._sample: Sample | None = None
        self._faults: dict[str, dict[str, int]] = {}
        """That each process has made by now, by its instance."""
        self._turn = threading.Lock()

    def look(self, ask: Ask) -> None:
        """Ask once for everything; nothing is noted where it does not answer."""
        with self._turn:
            asked = time.monotonic()
            health = ask("health")
            sample = _sample(health, asked, time.monotonic())
            if sample is None:
                return
            self._note(sample)
            known = self._faults.setdefault(sample.instance, {})
            known.update((ask("faults") or {"done": {}})["done"])

    def _note(self, sample: Sample) -> None:
        before, self._sample = self._sample, sample
        if before is not None:
            self.longest_away = max(self.longest_away, sample.answered - before.answered)
            if problem := clock_problem(before, sample):
                self.problems.append(problem)

    @property
    def lives(self) -> int:
        """How many processes the engine has been, one after another."""
        return len(self._faults)

    @property
    def faults(self) -> Counter[str]:
        """Injected faults by kind; those right before a kill are not all known."""
        return sum((Counter(done) for done in self._faults.values()), Counter())


def _sample(health: Any, asked: float, answered: float) -> Sample | None:
    if health is None:
        return None
    return Sample(health["instance"], health["clock"]["now"], asked, answered)


def ask(url: str, name: str, body: str | None = None) -> Any:
    """A control call to an engine; None where it does not answer."""
    request = urllib.request.Request(
        f"{url}/_local/{name}",
        data=None if body is None else body.encode(),
        headers={"X-Local-SWF": "1", "Connection": "close"},
    )
    try:
        with urllib.request.urlopen(request, timeout=ASK_SECONDS) as answer:
            return json.load(answer)
    except (OSError, ValueError):
        return None


class Engine(Protocol):
    """What a stage does with its engine."""

    watch: Watch

    @property
    def endpoint(self) -> str:
        """The setting `SWF_ENDPOINT`."""

    def begin(self) -> None:
        """Start it, where it does not start by itself."""

    def set_weather(self, rules: Any) -> None:
        """Put other fault rules in force."""

    def look(self) -> None:
        """See how it is."""

    def kill(self, seconds: float) -> None:
        """Kill it, and bring it back after a while unless others do."""

    def stop(self) -> None:
        """End it for good."""


class EngineApart:
    """A process with a port, a clock and fault rules of its own."""

    def __init__(self, folder: Path, seed: int) -> None:
        port = _free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        self.watch = Watch()
        self._seed, self._rules = seed, folder / "faults.json"
        database = str(folder / "swf.sqlite")
        self.arguments = [
            "engine", "--port", str(port), "--database", database, "--faults", str(self._rules)
        ]  # fmt: skip
        self.part: Part
        """The process; its stage sets it."""
        self.set_weather(())

    def begin(self) -> None:
        """Start it, and wait until it answers."""
        self.part.start()
        deadline = time.monotonic() + START_SECONDS
        while self._ask("health") is None:
            if self.part.ended() is not None:
                self.watch.problems.append(f"the engine does not start: {self.part.ended()}")
                time.sleep(0.5)
                self.part.start()
            if time.monotonic() > deadline:
                raise TimeoutError("the engine does not start")
            time.sleep(0.02)

    def set_weather(self, rules: Any) -> None:
        """Put other fault rules in force, now and for processes to come."""
        text = json.dumps({"seed": self._seed, "rules": list(rules)})
        draft = self._rules.with_suffix(".new")
        draft.write_text(text)
        draft.replace(self._rules)
        self._ask("faults", text)

    def look(self) -> None:
        """See how it is."""
        self.watch.look(self._ask)

    def kill(self, seconds: float) -> None:
        """Kill it; somebody starts it again after a while."""
        self.look()  # for the faults that it has made
        self.part.signal(signal.SIGKILL)
        self.part.wait(START_SECONDS)
        time.sleep(seconds)
        self.begin()

    def stop(self) -> None:
        """It ends with the other processes of its stage."""

    def _ask(self, name: str, body: str | None = None) -> Any:
        return ask(self.endpoint, name, body)


class EngineShared:
    """The engine of `SWF_ENDPOINT=local`: those who need it start it, and start it again."""

    endpoint = "local"

    def __init__(self, folder: Path) -> None:
        self.watch = Watch()
        self._folder = folder
        self._ports: set[int] = set()

    def begin(self) -> None:
        """Let the first who needs it start it."""

    def set_weather(self, rules: Any) -> None:
        """It has no faults to order."""

    def look(self) -> None:
        """See how it is, and whether it has its port."""
        state = self._state()
        if state is None:
            return
        self.watch.look(lambda name, body=None: ask(state["url"], name, body))
        if state["port"] not in self._ports:
            self._ports.add(state["port"])
            if len(self._ports) > 1:
                self.watch.problems.append(f"the engine came back on other ports: {self._ports}")

    def kill(self, seconds: float) -> None:
        """Kill it; nobody here starts it again."""
        if (found := daemon.status(self._folder)) is not None:
            self.look()
            with contextlib.suppress(ProcessLookupError):
                os.kill(found.pid, signal.SIGKILL)
        time.sleep(seconds)

    def stop(self) -> None:
        """End it."""
        daemon.stop(self._folder)

    def _state(self) -> Any:
        try:
            return json.loads((self._folder / "endpoint.json").read_text("utf-8"))
        except (OSError, ValueError):
            return None


def _free_port() -> int:
    """One of chance, not of the seed: two that begin at once would both find the same one free."""
    for port in random.SystemRandom().sample(PORTS, 200):
        with socket.socket() as found:
            try:
                found.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port")
