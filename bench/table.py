"""How figures are printed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure."""

    name: str
    value: float
    unit: str
    wanted: str = ""
    """What the project promises, where it does."""

    def __str__(self) -> str:
        wanted = f"   ({self.wanted})" if self.wanted else ""
        return f"{self.name:<48} {self.value:>10.2f} {self.unit:<6}{wanted}"
