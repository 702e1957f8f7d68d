"""States Language: transitions a second in-process and on SWF, and large definitions.

A loop of Pass and Choice counts up, so every turn is two transitions with an intrinsic function,
a comparison and a new document.  moto's interpreter runs the same loop where it is asked for.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from asl.loading import load
from bench import executions, shapes
from bench.peers import beside
from bench.processes import ROOT, measured
from bench.table import Row
from runner import VirtualClock
from runner.express import express
from workflow import Definition

LANGUAGES = {"JSONPath": shapes.counting_by_path, "JSONata": shapes.counting_by_jsonata}
WANTED = "wanted 10,000 or better, flat"
MOTO_TRANSITIONS = 2_000  # of moto's interpreter, which takes longer for each the more there were
LIMIT_SECONDS = 300


def states(sizes: Sequence[int], peers: Path | None) -> Iterator[Row | str]:
    """All figures; `sizes` are turns of the loop, `peers` the folder for moto's environment."""
    for language, document in LANGUAGES.items():
        yield from _loops(language, load(document(), "Counting", "1"), sizes)
    yield from _large()
    yield from _on_swf(sizes[0])
    if peers is not None:
        yield from _moto(peers)


def _loops(language: str, definition: Definition, sizes: Sequence[int]) -> Iterator[Row]:
    rates = {turns: 2 * turns / _seconds(definition, {"n": 0, "max": turns}) for turns in sizes}
    for turns, rate in rates.items():
        wanted = WANTED if language == "JSONPath" else ""
        yield Row(f"{language}, {2 * turns} transitions, a second", rate, "", wanted)
    flat = rates[max(sizes)] / rates[min(sizes)]
    yield Row(f"{language}, rate of {max(sizes)} turns over {min(sizes)}", flat, "")


def _seconds(definition: Definition, value: Any) -> float:
    began = time.perf_counter()
    functions = {"same": lambda event: event}
    found = express(definition, value, functions, clock=VirtualClock(), limit=None)
    took = time.perf_counter() - began
    if found["status"] != "SUCCEEDED":
        raise RuntimeError(f"the execution ended: {found}")
    return took


def _large() -> Iterator[Row]:
    """Definitions and lists of a size, loaded and run."""
    items = list(range(10_000))
    for name, document, value in (
        ("10,000 states", shapes.chain(10_000), {}),
        ("50 levels of Parallel", shapes.nested(50), {}),
        ("a Map of 10,000 items, Pass", shapes.each(shapes.PASS), items),
        ("a Map of 10,000 items, Task", shapes.each(shapes.TASK), items),
    ):
        began = time.perf_counter()
        definition = load(document, "Large", "1")
        loaded = time.perf_counter() - began
        yield Row(f"{name}: load", loaded, "s")
        yield Row(f"{name}: run", _seconds(definition, value), "s")


def _on_swf(turns: int) -> Iterator[Row]:
    tasks = 200
    with measured("counting", f"calls:{tasks}") as app:
        took = executions.seconds(app, shapes.named("counting"), {"n": 0, "max": turns})
        yield Row(f"on SWF, {2 * turns} Pass and Choice, a second", 2 * turns / took, "")
        took = executions.seconds(app, shapes.named(f"calls:{tasks}"), {})
        yield Row(f"on SWF, {tasks} Tasks in a row, each", 1000 * took / tasks, "ms")


def _moto(folder: Path) -> Iterator[Row | str]:
    """The loop by moto's interpreter, in an environment of its own."""
    peer = beside.Peer("moto states", "bench.peers.moto_states", ["moto[stepfunctions]==5.2.1"])
    program, problem = beside.environment(folder, peer)
    if problem:
        yield f"moto is left out: {problem}"
        return
    command = [str(program), "-m", peer.module, str(MOTO_TRANSITIONS), str(LIMIT_SECONDS)]
    done = subprocess.run(  # noqa: S603 - the peer's own Python
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    for figures in found:
        rate = figures["transitions"] / figures["seconds"]
        yield Row(f"moto, {figures['transitions']} transitions, a second", rate, "")
    if done.returncode or not found:
        heard = done.stderr[-beside.HEARD_CHARACTERS :].strip()
        yield f"moto ended with {done.returncode}: {heard}"
