"""How a watched execution looks on a terminal: a scene, a moment and a size give a drawing.

Nothing here asks SWF, reads a clock or writes anywhere.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from arguments import safe
from starter.clock import short
from starter.executions.happenings import Happening
from starter.executions.scenes import OPEN, Row, Scene
from starter.executions.status import Status
from wire import Json, cut

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
PLAIN_SPINNER = "|/-\\"
TURNS_PER_SECOND = 8

SIGNS = {
    "": "·",
    "succeeded": "✓",
    "failed": "✗",
    "caught": "!",
    "waiting": "◷",
    "retrying": "↻",
    "skipped": "»",
    "undone": "↶",
    "canceled": "■",
}
PLAIN_SIGNS = {
    "": ".",
    "succeeded": "+",
    "failed": "x",
    "caught": "!",
    "waiting": "?",
    "retrying": "~",
    "skipped": ">",
    "undone": "<",
    "canceled": "#",
}
STYLES = {
    "": "dim",
    "succeeded": "green",
    "failed": "bold red",
    "caught": "yellow",
    "running": "cyan",
    "waiting": "magenta",
    "retrying": "yellow",
    "undoing": "yellow",
    "skipped": "dim",
    "undone": "yellow",
    "canceled": "dim",
}
STATE_STYLES = {
    "COMPLETED": "bold green",
    "RUNNING": "bold cyan",
    "RETRYING": "bold yellow",
    "ROLLING_BACK": "bold yellow",
    "COMPENSATING": "bold yellow",
    "PAUSED": "bold magenta",
}
BAD = "bold red"

NARROW = 80  # columns; below that, words are spared
EVENTS = 6  # that are shown where there is room
LEAST_EVENTS = 3
LEAST_ROWS = 4
SHOWN_CHARACTERS = 300  # of a result or a cause; `status` has more


Parts: TypeAlias = "list[RenderableType]"


@dataclass(frozen=True)
class Frame:
    """What a drawing has to fit, and when it is drawn."""

    now: float
    """Seconds since 1970."""
    width: int
    """In columns."""
    height: int | None = None
    """In lines; None: as many as it takes."""
    plain: bool = False
    """Whether the terminal has ASCII only."""

    @property
    def narrow(self) -> bool:
        """Whether words are to be spared."""
        return self.width < NARROW

    @property
    def dot(self) -> str:
        """What stands between two facts."""
        return " - " if self.plain else " · "

    def sign(self, outcome: str) -> str:
        """The sign of an outcome; it turns while something is done."""
        signs, spinner = (PLAIN_SIGNS, PLAIN_SPINNER) if self.plain else (SIGNS, SPINNER)
        if outcome in ("running", "undoing"):
            return spinner[int(self.now * TURNS_PER_SECOND) % len(spinner)]
        return signs.get(outcome, "-" if self.plain else "•")


def draw(scene: Scene, frame: Frame) -> Group:
    """The whole picture: what it is, its states, how far it came, what happened last."""
    head = list(_head(scene, frame))
    progress = scene.status["progress"]
    bar: Parts = [Text(), _bar(progress, frame)] if progress and progress["of"] else []
    taken = len(bar) + sum(math.ceil(line.cell_len / frame.width) for line in head)
    rows, happenings = _fitting(scene, frame, taken)
    states: Parts = [Text(), *_states(rows, scene.rows, frame)] if rows else []
    events: Parts = [Text(), _events(happenings, frame)] if happenings else []
    return Group(*head, *states, *bar, *events)


# --- head ---------------------------------------------------------------------------------------


def _head(scene: Scene, frame: Frame) -> Iterator[Text]:
    status = scene.status
    yield _line(("", "bold", status["workflow_id"]), frame)
    state = Text(status["state"], STATE_STYLES.get(status["state"], BAD))
    kind = f"{safe(status['type'])} {safe(status['version'])}{frame.dot}"
    line = Text.assemble(kind, state, f"{frame.dot}{_since(scene, frame)}", no_wrap=True)
    line.truncate(frame.width, overflow="ellipsis")
    yield line
    for label, style, fact in _facts(scene, frame):
        yield _line((f"{label}: ", style, fact), frame, whole=label in ENDINGS)


ENDINGS = ("Reason", "Error", "Cause", "Result")
"""What a closed execution tells; the whole of it, up to `SHOWN_CHARACTERS`."""


def _since(scene: Scene, frame: Frame) -> str:
    begun, closed = scene.begun, scene.status["closed_at"]
    took = lasted((frame.now if closed is None else closed) - begun)
    if closed is not None:
        return f"after {took}, at {short(closed, frame.now)}"
    return f"since {short(begun, frame.now)} ({took})"


def _facts(scene: Scene, frame: Frame) -> Iterator[tuple[str, str, str]]:
    """What is worth a line of its own: label, style, fact."""
    status = scene.status
    if status["previous_run_id"]:
        yield "Continues run", "dim", status["previous_run_id"]
    if status["cancel_requested"] and status["closed_at"] is None:
        yield "Cancel", "yellow", "requested"
    if status["blocked"]:
        yield "Blocked", BAD, status["blocked"]
    yield from _standing(scene, frame)
    waits = status["waits_for"] or ()
    for wait in waits[:LEAST_EVENTS]:
        yield "Waits for", "magenta", _awaited(wait, frame)
    if len(waits) > LEAST_EVENTS:
        yield "Waits for", "magenta", f"{len(waits) - LEAST_EVENTS} more ('waiting' lists them)"
    for failed in (status["failed"] or ())[:LEAST_EVENTS]:
        yield "Needs an operator", BAD, f"{failed['path']}: {failed['error']}"
    if status["closed_at"] is not None:
        yield from _ending(status)


def _standing(scene: Scene, frame: Frame) -> Iterator[tuple[str, str, str]]:
    """Where it is, as far as no row of a state tells it."""
    status = scene.status
    if status["closed_at"] is not None or not status["step"]:
        return
    names = {row.name for row in scene.rows}
    if not names or (status["step"] not in names and "." not in status["step"]):
        yield "At", "cyan", f"{status['step']}, attempt {status['attempt'] or 1}"
        if status["next_retry_at"]:
            yield "Next try", "yellow", countdown(status["next_retry_at"], frame.now)
        if status["last_error"]:
            yield "Last error", "yellow", status["last_error"]


def _awaited(wait: dict[str, Json], frame: Frame) -> str:
    what = "an answer to its task token" if "token" in wait else f"signal {wait['signal']}"
    until = wait.get("until")
    limit = f", {countdown(until, frame.now)} left" if until else ""
    return f"{what} at {wait['path']}{limit}"


def _ending(status: Status) -> Iterator[tuple[str, str, str]]:
    style = "green" if status["state"] == "COMPLETED" else "red"
    for label, fact in (
        ("Reason", status["reason"]),
        ("Error", status["error"]),
        ("Cause", status["cause"]),
    ):
        if fact:
            yield label, style, cut(str(fact), SHOWN_CHARACTERS)
    if status["result"] is not None:
        text = json.dumps(status["result"], ensure_ascii=False)
        yield "Result", style, cut(text, SHOWN_CHARACTERS)


def _line(parts: tuple[str, str, str], frame: Frame, *, whole: bool = False) -> Text:
    """A label and a fact: on one line, or on as many as the whole of it takes."""
    label, style, fact = parts
    line = Text.assemble((label, "bold"), (safe(fact), style), no_wrap=not whole)
    if not whole:
        line.truncate(frame.width, overflow="ellipsis")
    return line


# --- states -------------------------------------------------------------------------------------


def _fitting(scene: Scene, frame: Frame, taken: int) -> tuple[Sequence[Row], Sequence[Happening]]:
    """The rows and events for which there is room."""
    if frame.height is None:
        return scene.rows, scene.happenings[-EVENTS:]
    room = frame.height - taken - 3  # a line between each two parts, and the prompt
    few = scene.happenings[-LEAST_EVENTS:]
    if room - len(few) - 1 < len(scene.rows):
        return _window(scene.rows, max(LEAST_ROWS, room - len(few) - 3)), few
    return scene.rows, scene.happenings[-min(EVENTS, room - len(scene.rows) - 1) :]


def _window(rows: Sequence[Row], room: int) -> Sequence[Row]:
    """As many rows as fit, around the last one where something goes on, or went wrong."""
    if len(rows) <= room:
        return rows
    going = [index for index, row in enumerate(rows) if row.outcome in OPEN]
    failed = [index for index, row in enumerate(rows) if row.outcome == "failed"]
    entered = [index for index, row in enumerate(rows) if row.outcome]
    middle = (going or failed or entered or [0])[-1]
    first = min(max(0, middle - room // 2), len(rows) - room)
    return rows[first : first + room]


def _states(rows: Sequence[Row], every: Sequence[Row], frame: Frame) -> Iterator[Text | Table]:
    """One line for each row, and how many are left out above and below."""
    above = every.index(rows[0])
    below = len(every) - above - len(rows)
    if above:
        yield Text(f"   {above} more above", "dim")
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(width=1)
    longest = max(len(_label(row)) for row in every)
    table.add_column(width=min(longest, frame.width * 2 // 5), no_wrap=True, overflow="ellipsis")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for row in rows:
        style = STYLES.get(row.outcome, "")
        table.add_row(
            Text(frame.sign(row.outcome), style),
            Text(_label(row), "dim" if not row.outcome else ""),
            Text(_took(row, frame.now), "dim"),
            Text(_note(row, frame), style),
        )
    yield table
    if below:
        yield Text(f"   {below} more below", "dim")


def _label(row: Row) -> str:
    """The name, under what it lies in."""
    branch = "" if row.branch is None else f"[{row.branch}] "
    again = f" ({row.visits} visits)" if row.visits > 1 else ""
    return f"{'  ' * row.depth}{branch}{safe(row.name)}{again}"


def _took(row: Row, now: float) -> str:
    if row.begun is None or not row.outcome:
        return ""
    if row.outcome in OPEN:
        return lasted(now - row.begun)
    return "" if row.ended is None else lasted(row.ended - row.begun)


def _note(row: Row, frame: Frame) -> str:
    """What there is to say of a state, the most urgent first."""
    parts = []
    if row.retry_at is not None:
        due = f"attempt {row.attempts} {countdown(row.retry_at, frame.now, 'in ')}"
        parts.append(f"undoing, {due}" if row.outcome == "undoing" else due)
    elif row.awaits or row.until is not None:
        left = f"{countdown(row.until, frame.now)} left" if row.until is not None else ""
        parts.append(", ".join(filter(None, (row.awaits, left))))
    elif row.outcome in ("undoing", "undone", "skipped", "canceled", "caught"):
        parts.append(row.outcome)
    if row.items is not None:
        parts.append(_items(row.items))
    if row.attempts > 1 and row.retry_at is None:
        going = row.outcome in OPEN
        parts.append(f"attempt {row.attempts}" if going else f"{row.attempts} attempts")
    if row.error:
        parts.append(safe(row.error))
    return (", " if frame.narrow else frame.dot).join(parts)


def _items(items: dict[str, int]) -> str:
    told = [f"{count} {word}" for word, count in items.items() if count]
    return ", ".join(told) or "no items"


# --- progress and events ------------------------------------------------------------------------


def _bar(progress: dict[str, int], frame: Frame) -> Table:
    done, every = progress["done"], progress["of"]
    table = Table.grid(padding=(0, 2, 0, 0))
    said = f"{done} of {every} steps"
    width = max(10, min(40, frame.width - len(said) - 4))
    table.add_row(Text(said), ProgressBar(total=every, completed=done, width=width))
    return table


def _events(happenings: Sequence[Happening], frame: Frame) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=frame.width * 2 // 5)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for happening in happenings:
        bad = any(word in happening.words for word in ("failed", "timed out", "terminated"))
        table.add_row(
            Text(short(happening.at, frame.now)),
            Text(safe(happening.subject or "execution")),
            Text(safe(happening.words), "red" if bad else "dim"),
        )
    return table


# --- times --------------------------------------------------------------------------------------


def countdown(moment: float, now: float, before: str = "") -> str:
    """How long it is until then, with `before` before it: `in 5 s`; `now` when it is due."""
    left = math.ceil(moment - now)
    return "now" if left <= 0 else f"{before}{_whole(left)}"


def lasted(seconds: float) -> str:
    """A duration for people: `0.4 s`, `42 s`, `3 min 5 s`, `2 h 5 min`, `3 d 4 h`."""
    return f"{max(0.0, seconds):.1f} s" if seconds < 9.95 else _whole(round(seconds))


def _whole(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    first = next((index for index, (count, _) in enumerate(units) if count), 3)
    return " ".join(f"{count} {unit}" for count, unit in units[first : first + 2] if count) or "0 s"
