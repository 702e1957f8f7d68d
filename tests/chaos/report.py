"""What a chaos came to, for people and for programs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from starter.runs import CLOSINGS
from tests.chaos import plan as plans
from tests.chaos.checker import Violation

SHOWN = 40  # violations that are printed


@dataclass
class Report:
    """What it came to."""

    seed: int
    seconds: dict[str, float] = field(default_factory=dict)
    """That each part took, and the longest of what is watched."""
    starts: int = 0
    """Acknowledged."""
    engines: int = 0
    """Processes that the engine was, one after another."""
    faults: Counter[str] = field(default_factory=Counter)
    """Injected by the engine, by kind."""
    blows: Counter[str] = field(default_factory=Counter)
    """To processes and what they stand on, by kind."""
    people: Counter[str] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)

    @property
    def executions(self) -> int:
        """Workflow ids of which there is a run, children too."""
        return sum(self.figures[f"ended {status}"] for status in [*CLOSINGS.values(), "OPEN"])

    def expect(self, what: str, there: int, least: int) -> None:
        """It is a violation that there is less of something."""
        if there < least:
            self.violations.append(Violation("chaos", "", f"{there} {what}, wanted {least}"))

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "seed": self.seed,
            "seconds": {name: round(seconds, 1) for name, seconds in self.seconds.items()},
            "starts": self.starts,
            "executions": self.executions,
            "faults": dict(self.faults.most_common()),
            "faults_in_all": self.faults.total(),
            "engines": self.engines,
            "blows": dict(self.blows.most_common()),
            "kills": self.blows[plans.KILL],
            "people": dict(sorted(self.people.items())),
            **dict(sorted(self.figures.items())),
            "violations": [str(item) for item in self.violations],
        }


def in_words(told: dict[str, Any]) -> str:
    """A report of `as_json`, or several of them by name, as lines."""
    lines = []
    for name, value in told.items():
        if isinstance(value, dict) and "violations" in value:
            lines += [f"{name}:", *(f"  {line}" for line in in_words(value).splitlines())]
        elif name != "violations":
            lines.append(f"{name.replace('_', ' ')}: {_flat(value)}")
    broken = told["violations"]
    lines.append(f"violations: {len(broken)}")
    return "\n".join([*lines, *(f"  {item}" for item in broken[:SHOWN])])


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items())
    return str(value)
