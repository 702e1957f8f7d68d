"""What a measurement came to: figures, and bounds that were broken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Report:
    """Figures by name, in the order in which they were found."""

    name: str
    figures: dict[str, Any] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def note(self, name: str, value: float | str | dict[str, Any]) -> None:
        """A figure that nothing is asked of."""
        self.figures[name] = _rounded(value)

    def most(self, name: str, value: float, bound: float) -> None:
        """A figure that may not be above a bound."""
        self.note(name, value)
        if value > bound:
            self.violations.append(
                f"{name} is {_rounded(value)}, at most {_rounded(bound)} is allowed"
            )

    def least(self, name: str, value: float, bound: float) -> None:
        """A figure that may not be below a bound."""
        self.note(name, value)
        if value < bound:
            self.violations.append(
                f"{name} is {_rounded(value)}, at least {_rounded(bound)} is wanted"
            )

    def same(self, name: str, value: Any, wanted: Any) -> None:
        """A figure that can have one value only."""
        self.note(name, value)
        if value != wanted:
            self._broken(name, value, wanted)

    def _broken(self, name: str, value: Any, wanted: Any) -> None:
        self.violations.append(f"{name}: {_rounded(value)}, wanted: {wanted}")

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {"name": self.name, "figures": self.figures, "violations": self.violations}

    def in_words(self) -> str:
        """One figure a line, then what was broken."""
        lines = [f"{name}: {_flat(value)}" for name, value in self.figures.items()]
        lines.append(f"violations: {len(self.violations)}")
        return "\n".join([*lines, *(f"  {item}" for item in self.violations)])


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, float):
        return round(value, 1) if abs(value) >= 10 else round(value, 3)
    return value


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items())
    return str(value)
