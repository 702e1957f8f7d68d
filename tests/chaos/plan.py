"""What will happen, drawn before anything does: the same seed gives the same plan."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from local_swf import faults
from tests.chaos import definitions

KILL, FREEZE, TERMINATE = "kill", "freeze", "terminate"
STORE_AWAY, DATABASE_LOCKED, DISK_FULL = "store away", "database locked", "disk full"
CLOCK, ROTATION = "clock jump", "keys rotated"

ENGINE = "engine"
EVERYWHERE = "everywhere"

BLOWS_A_MINUTE = {
    KILL: 40,
    FREEZE: 6,
    TERMINATE: 6,
    STORE_AWAY: 3,
    DATABASE_LOCKED: 3,
    DISK_FULL: 4,
    CLOCK: 12,
}

SECONDS = {
    KILL: (0.0, 1.0),
    FREEZE: (0.5, 4.5),
    TERMINATE: (0.0, 0.5),
    STORE_AWAY: (1.0, 4.0),
    DATABASE_LOCKED: (1.0, 5.0),
    DISK_FULL: (0.5, 2.0),
    CLOCK: (0.0, 0.0),
}
"""How long each lasts; of a kill, until the part is started again."""

ENGINE_KILLS_A_MINUTE, PART_KILLS_A_MINUTE = 30, 12
"""Where the engine is shared."""

DAY = 86_400.0
JUMPS = {"decider": (-DAY, DAY), "worker": (-DAY, DAY), ENGINE: (-3600.0, 20.0)}
"""By how many seconds a wall clock jumps.  An engine that starts anew after a leap forward finds
its timers due, as after a night in which the machine slept: so it leaps by little."""

ROTATES = (0.35, 0.65)
"""When in the storm the new key comes."""

STORMS_A_MINUTE = 12
STORM_SECONDS = (1.0, 3.0)
STORMS: dict[str, tuple[float, float]] = {
    faults.THROTTLE: (0.5, 0.95),
    faults.UNAVAILABLE: (0.3, 0.9),
    faults.RESET: (0.1, 0.5),
    faults.DROP: (0.05, 0.3),
    faults.TWICE: (0.3, 1.0),
    faults.DELAY: (0.2, 0.6),
    faults.DUPLICATE: (0.1, 0.5),
}
"""The share of requests that each kind strikes in a storm of it."""

DRIZZLE = {
    faults.THROTTLE: 0.01,
    faults.UNAVAILABLE: 0.005,
    faults.RESET: 0.005,
    faults.DROP: 0.003,
    faults.TWICE: 0.01,
    faults.DUPLICATE: 0.01,
}
"""The same all the time."""

ACTS = {
    "pause": 4,
    "resume": 6,
    "undo and resume": 2,
    "go back": 3,
    "reprocess": 2,
    "skip": 2,
    "roll back": 1,
}
"""What operators do, and how often beside one another."""
ACTS_A_START = 0.12
LASTING = 0.9  # of the time, in which executions are started
ERRANDS_A_MINUTE = 10
ERRAND_SECONDS = 2.0
"""Within which half of the commands that start an execution are killed: they take one or two."""


@dataclass(frozen=True)
class Start:
    """An execution."""

    at: float
    number: int
    name: str
    input: dict[str, Any]
    approve_after: tuple[float, ...]
    """When somebody answers it, in seconds: once for each state that waits for that."""

    @property
    def workflow_id(self) -> str:
        """The id it gets."""
        return f"chaos-{self.number}"


@dataclass(frozen=True)
class Blow:
    """Something that happens to a part."""

    at: float
    kind: str
    target: str
    seconds: float
    by: float = 0.0
    """How far a clock jumps, in seconds."""


@dataclass(frozen=True)
class Errand:
    """A command that starts an execution, killed on its way, and given again."""

    at: float
    number: int
    killed_after: float | None
    """Seconds; None: as soon as the execution is there."""

    @property
    def workflow_id(self) -> str:
        """The id that it asks for, both times."""
        return f"errand-{self.number}"


@dataclass(frozen=True)
class Weather:
    """The rules of fault injection from then on."""

    at: float
    rules: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Act:
    """What an operator does to an execution."""

    at: float
    what: str
    number: int
    """Of the start."""
    step: str
    seconds: float
    """Until a paused one goes on."""


@dataclass(frozen=True)
class Plan:
    """All of it, in order of time; times are seconds from the beginning."""

    seed: int
    seconds: float
    starts: tuple[Start, ...]
    blows: tuple[Blow, ...]
    weather: tuple[Weather, ...]
    acts: tuple[Act, ...]
    errands: tuple[Errand, ...] = ()
    shared: bool = False
    """Whether the engine is the one that processes share by their folder."""


def drawn(seed: int, *, executions: int, seconds: float, deciders: int, workers: int) -> Plan:
    """The plan of a seed."""
    chance = random.Random(f"chaos {seed}")
    parts = _parts(deciders, workers)
    starts = tuple(_starts(chance, executions, seconds))
    return Plan(
        seed,
        seconds,
        starts,
        tuple(sorted(_all_blows(chance, seconds, parts), key=lambda blow: blow.at)),
        tuple(_weather(chance, seconds)),
        tuple(sorted(_acts(chance, starts, seconds), key=lambda act: act.at)),
        tuple(_errands(chance, seconds)),
    )


def drawn_shared(
    seed: int, *, executions: int, seconds: float, deciders: int, workers: int
) -> Plan:
    """A plan in which the shared engine is killed again and again, and some processes."""
    chance = random.Random(f"shared {seed}")
    parts = _parts(deciders, workers)
    targets = [ENGINE] * round(ENGINE_KILLS_A_MINUTE * seconds / 60)
    targets += chance.choices(parts, k=round(PART_KILLS_A_MINUTE * seconds / 60))
    blows = [
        Blow(chance.uniform(0.1, 1) * seconds, KILL, target, chance.uniform(*SECONDS[KILL]))
        for target in targets
    ]
    return Plan(
        seed,
        seconds,
        tuple(_starts(chance, executions, seconds)),
        tuple(sorted(blows, key=lambda blow: blow.at)),
        weather=(),
        acts=(),
        errands=tuple(_errands(chance, seconds)),
        shared=True,
    )


def _parts(deciders: int, workers: int) -> list[str]:
    return [
        *(f"decider-{n}" for n in range(deciders)),
        *(f"worker-{n}" for n in range(workers)),
    ]


def _starts(chance: random.Random, executions: int, seconds: float) -> Iterator[Start]:
    names, shares = list(definitions.SHARES), list(definitions.SHARES.values())
    for number in range(executions):
        name = names[number] if number < len(names) else chance.choices(names, shares)[0]
        yield Start(
            seconds * LASTING * number / executions,
            number,
            name,
            definitions.input_of(name, number, chance),
            tuple(chance.uniform(0.0, 4.0) for _ in range(definitions.APPROVALS.get(name, 0))),
        )


def _all_blows(chance: random.Random, seconds: float, parts: Sequence[str]) -> Iterator[Blow]:
    """Those that stop the engine come one after another: between two it is there for a while.

    Otherwise they heap up, workers offer their results in vain for as long as they do at all
    (30 seconds), and a worker that is told to end takes as long.
    """
    stopping = []
    for blow in _blows(chance, seconds, parts):
        if blow.target == ENGINE and blow.kind in (KILL, FREEZE, TERMINATE, DISK_FULL):
            stopping.append(blow)
        else:
            yield blow
    for number, blow in enumerate(sorted(stopping, key=lambda blow: blow.at)):
        begin = number + chance.uniform(0, 0.3)
        yield replace(blow, at=begin * seconds / len(stopping))


def _blows(chance: random.Random, seconds: float, parts: Sequence[str]) -> Iterator[Blow]:
    for kind, a_minute in BLOWS_A_MINUTE.items():
        for _ in range(max(1, round(a_minute * seconds / 60))):
            engine = chance.random() < 0.2
            workers = [part for part in parts if part.startswith("worker")]
            target = ENGINE if engine else chance.choice(workers if kind == DISK_FULL else parts)
            jump = JUMPS[target.partition("-")[0]] if kind == CLOCK else (0.0, 0.0)
            yield Blow(
                chance.uniform(0, seconds), kind, target,
                chance.uniform(*SECONDS[kind]), chance.uniform(*jump),
            )  # fmt: skip
    yield Blow(seconds * chance.uniform(*ROTATES), ROTATION, EVERYWHERE, 0.0)


def _errands(chance: random.Random, seconds: float) -> Iterator[Errand]:
    errands = max(1, round(ERRANDS_A_MINUTE * seconds / 60))
    for number in range(errands):
        at = seconds * LASTING * number / errands
        yield Errand(at, number, None if number % 2 else chance.uniform(0, ERRAND_SECONDS))


def _weather(chance: random.Random, seconds: float) -> Iterator[Weather]:
    drizzle = tuple({"kind": kind, "rate": rate} for kind, rate in DRIZZLE.items())
    yield Weather(0.0, drizzle)
    storms = max(len(STORMS) if seconds > 30 else 3, round(STORMS_A_MINUTE * seconds / 60))
    kinds = [list(STORMS)[number % len(STORMS)] for number in range(storms)]
    chance.shuffle(kinds)
    length = seconds / storms
    for number, kind in enumerate(kinds):
        begin = number * length + chance.uniform(0, length / 3)
        storm: dict[str, Any] = {"kind": kind, "rate": round(chance.uniform(*STORMS[kind]), 3)}
        if kind == faults.DELAY:
            storm["seconds"] = round(chance.uniform(0.05, 0.6), 3)
        yield Weather(begin, (storm, *drizzle))
        yield Weather(begin + min(length * 0.6, chance.uniform(*STORM_SECONDS)), drizzle)


def _acts(chance: random.Random, starts: Sequence[Start], seconds: float) -> Iterator[Act]:
    for start in chance.sample(starts, round(len(starts) * ACTS_A_START)):
        what = chance.choices(list(ACTS), list(ACTS.values()))[0]
        steps = definitions.named(start.name).steps
        if start.name == definitions.SAGA.name:
            steps = steps[:-1]  # it is to fail
            what = "pause" if what == "skip" else what
        at = start.at + min(chance.expovariate(1.0), 6.0)
        yield Act(
            min(at, seconds), what, start.number, chance.choice(steps), chance.uniform(0.5, 3.0)
        )
