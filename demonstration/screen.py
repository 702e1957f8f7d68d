"""How the demo shows its progress: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from arguments import safe
from cli.output import printable
from demonstration.scene import Scene

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

STYLES = {"waits": "dim", "plays": "yellow", "ok": "green", "FAILED": "bold red"}


class Screen:
    """Progress of all scenes on a stream, within a `with` block."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._live: Live | None = None

    def __enter__(self) -> Screen:
        if self._stream.isatty():
            from rich.console import Console  # noqa: PLC0415 - slow, and only for terminals
            from rich.live import Live  # noqa: PLC0415

            self._live = Live(
                console=Console(file=self._stream), auto_refresh=False, transient=True
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def write(self, text: str = "") -> None:
        """A line that stays."""
        with self._lock:
            self._stream.write(printable(text, self._stream.encoding) + "\n")
            self._stream.flush()

    def tell(self, scene: Scene, text: str) -> None:
        """Something that happened in a scene; the table shows it anyway."""
        if self._live is None:
            self.write(f"  {scene.name:<10} {safe(text)}")

    def refresh(self, scenes: Sequence[Scene]) -> None:
        """Draw the table as things are now."""
        if self._live is not None:
            self._live.update(_table(scenes), refresh=True)


def _table(scenes: Sequence[Scene]) -> Table:
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, expand=True)
    table.add_column("Scenario", no_wrap=True, overflow="ellipsis", ratio=2)
    table.add_column("", width=max(map(len, STYLES)))
    table.add_column("What happens", no_wrap=True, overflow="ellipsis", ratio=3)
    for scene in scenes:
        table.add_row(
            Text(scene.title), Text(scene.state, STYLES[scene.state]), Text(safe(scene.note))
        )
    return table


def report(scenes: Sequence[Scene]) -> list[str]:
    """What happened, scene by scene, as the histories tell it."""
    return [line for number, scene in enumerate(scenes, 1) for line in _account(number, scene)]


def _account(number: int, scene: Scene) -> list[str]:
    lines = [f"{number}. {scene.title}: {scene.state}", *_timelines(scene)]
    if scene.summary:
        lines.append(f"   {scene.summary}")
    if scene.state == "FAILED":
        lines.append(f"   check failed: {safe(scene.note)}")
    return [*lines, ""]


def _timelines(scene: Scene) -> list[str]:
    lines = []
    for run in scene.runs:
        lines.append(f"   workflow {run.workflow_id}, run {run.run_id}")
        lines.extend(f"   {safe(line)}" for line in scene.history(run).timeline())
    return lines
