"""A document drawn as one self-contained SVG: no scripts, no fonts, no links."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pictures import icons
from pictures.boxes import (
    ICON,
    LINE,
    POINT,
    SLOT,
    SMALL,
    Label,
    Slot,
    border,
    kind_word,
    outcome_width,
    outcome_word,
)
from pictures.graph import MARK
from pictures.layout import Inner, Placed, Plan, every_plan, plan
from pictures.reading import read
from pictures.routes import ARROW, Route, number_text, rounded
from pictures.seen import OUTCOMES, Seen
from pictures.texts import cut, width, xml
from wire import Json

MARGIN = 24.0
TITLE_HEIGHT = 34.0
TITLE_SIZE = 16.0
STYLE = Path(__file__).with_name("picture.css").read_text(encoding="utf-8")
DARK = Path(__file__).with_name("dark.css").read_text(encoding="utf-8")

n = number_text


def svg(
    document: Mapping[str, Json],
    seen: Mapping[str, Seen] | None = None,
    *,
    title: str = "",
    dark: bool | None = None,
    styled: bool = True,
    link: Callable[[str], str] | None = None,
) -> str:
    """A document in the Amazon States Language as SVG, with what was seen of its states, by name.

    Each state is a `<g id="state-N" data-state="NAME" class="state OUTCOME">`.  `dark` is None
    for light or dark as the reader's system prefers, True or False for one of them; `styled` False
    leaves the colours to the page around it (`STYLE`, `DARK`).  `link` gives the address to which
    the state of a name leads.
    """
    seen = seen or {}
    drawn = plan(read(document), seen)
    top = MARGIN + (TITLE_HEIGHT if title else 0)
    least = width(title, TITLE_SIZE, bold=True) if title else 0
    wide = max(drawn.width, min(least, 800.0)) + 2 * MARGIN
    high = drawn.height + top + MARGIN
    role = "img" if link is None else "group"
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" class="picture" role="{role}"'
    parts = [
        f"{opening} {_size(wide, high)}>",
        f"<title>{xml(title or 'State machine')}</title>",
        f"<desc>{xml(_description(drawn, document, seen))}</desc>",
        f"<style>{_style(dark=dark)}</style>" if styled else "",
        f'<rect class="paper" width="{n(wide)}" height="{n(high)}"/>',
    ]
    if title:
        shown = cut(title, TITLE_SIZE, wide - 2 * MARGIN, bold=True)
        parts.append(
            f'<text class="title" x="{n(MARGIN)}" y="{n(MARGIN + 16)}">{xml(shown)}</text>'
        )
    left = (wide - drawn.width) / 2
    parts.append(f'<g transform="translate({n(left)} {n(top)})">')
    parts.extend(_Drawing(seen, link).plans(drawn))
    return "\n".join([*parts, "</g>", "</svg>"]) + "\n"


def _size(wide: float, high: float) -> str:
    return f'width="{n(wide)}" height="{n(high)}" viewBox="0 0 {n(wide)} {n(high)}"'


def _style(*, dark: bool | None) -> str:
    if dark is None:
        return f"\n{STYLE}@media (prefers-color-scheme: dark) {{\n{DARK}}}\n"
    return f"\n{STYLE}{DARK if dark else ''}"


def _description(drawn: Plan, document: Mapping[str, Json], seen: Mapping[str, Seen]) -> str:
    """The picture in a sentence or two, for who cannot see it."""
    names = [placed.state.name for part, _, _ in every_plan(drawn) for placed in part.states]
    text = "1 state" if len(names) == 1 else f"{len(names)} states"
    if isinstance(start := document.get("StartAt"), str):
        text += f", starting at {start}"
    counts = Counter(seen[name].outcome for name in names if name in seen)
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    return f"{text}. {told}." if told else f"{text}."


class _Drawing:
    """Writes the parts of a picture, outer ones first, and counts the states."""

    def __init__(self, seen: Mapping[str, Seen], link: Callable[[str], str] | None = None) -> None:
        self._seen = seen
        self._link = link
        self._count = 0

    def plans(self, root: Plan) -> Iterator[str]:
        for part, x, y in every_plan(root):
            yield f'<g class="scope" transform="translate({n(x)} {n(y)})">'
            if part.shift:
                yield f'<g transform="translate({n(part.shift)} 0)">'
            yield from _edges(part.routes)
            if part.shift:
                yield "</g>"
            yield from (_label(one, 0, 0, "") for one in part.labels if one.lines)
            yield from (_mark(*mark) for mark in part.marks)
            for placed in part.states:
                yield from self._linked(placed)
            yield "</g>"

    def _linked(self, placed: Placed) -> Iterator[str]:
        if self._link is None:
            yield from self._state(placed)
            return
        yield f'<a href="{xml(self._link(placed.state.name))}">'
        yield from self._state(placed)
        yield "</a>"

    def _state(self, placed: Placed) -> Iterator[str]:
        self._count += 1
        state, made = placed.state, placed.box
        seen = self._seen.get(state.name)
        yield (
            f'<g id="state-{self._count}" data-state="{xml(state.name)}" '
            f'class="{self._classes(placed, seen)}" '
            f'transform="translate({n(placed.x)} {n(placed.y)})">'
        )
        yield f"<title>{xml(_tooltip(placed, seen))}</title>"
        yield _outline(placed)
        x = made.indent
        yield f'<path class="icon" transform="translate({n(x)} 10)" d="{icons.TYPES[state.kind]}"/>'
        yield f'<text class="kind" x="{n(x + ICON + 6)}" y="21">{kind_word(state)}</text>'
        if seen is not None:
            yield _outcome(seen, made.width - made.indent)
        for line in made.lines:
            yield f'<text class="{line.style}" x="{n(x)}" y="{n(line.y)}">{xml(line.text)}</text>'
        yield from map(_branch, placed.inside)
        for slot in made.slots:
            yield from _slot(slot, placed)
        yield "</g>"

    def _classes(self, placed: Placed, seen: Seen | None) -> str:
        found = ["state", placed.state.kind.lower()]
        if seen is not None and seen.outcome in OUTCOMES:
            found.append(seen.outcome)
        elif self._seen and seen is None:
            found.append("untouched")
        return " ".join(found)


def _tooltip(placed: Placed, seen: Seen | None) -> str:
    """What may have been cut, in full."""
    state = placed.state
    parts = [state.name, state.about, f"undo: {state.undo}" if state.undo else ""]
    parts += [seen.outcome, seen.note] if seen is not None else []
    return "\n".join(part for part in parts if part)


def _outline(placed: Placed) -> str:
    """The shape of a box: pointed for a Choice, round for an end, in a stack for a Map."""
    kind, wide, high = placed.state.kind, placed.box.width, placed.box.height
    if kind == "Choice":
        tip = high / 2
        return (
            f'<path class="box" d="M{n(POINT)} 0H{n(wide - POINT)}L{n(wide)} {n(tip)}'
            f'L{n(wide - POINT)} {n(high)}H{n(POINT)}L0 {n(tip)}Z"/>'
        )
    radius = 18 if kind in ("Succeed", "Fail") else 12 if kind == "Wait" else 6
    rect = f'width="{n(wide)}" height="{n(high)}" rx="{radius}"/>'
    behind = f'<rect class="behind" x="4" y="4" {rect}' if kind == "Map" else ""
    return f'{behind}<rect class="box" {rect}'


def _outcome(seen: Seen, right: float) -> str:
    """The outcome as a sign and a word, at the right of a box's first line."""
    x = right - outcome_width(seen)
    sign = ""
    if seen.outcome in OUTCOMES:
        path = icons.OUTCOMES[seen.outcome]
        sign = f'<path class="sign" transform="translate({n(x)} 10.5) scale(.85)" d="{path}"/>'
        x += 15
    word = xml(outcome_word(seen))
    return f'<g class="outcome">{sign}<text x="{n(x)}" y="21" font-size="{SMALL}">{word}</text></g>'


def _branch(inner: Inner) -> str:
    return (
        f'<rect class="branch" x="{n(inner.x)}" y="{n(inner.y)}" width="{n(inner.width)}" '
        f'height="{n(inner.height)}" rx="5"/>'
        f'<text class="branch-title" x="{n(inner.x + 8)}" y="{n(inner.y + 14)}">'
        f"{xml(inner.title)}</text>"
    )


def _slot(slot: Slot, placed: Placed) -> Iterator[str]:
    """The label of what leaves at the side; and the whole way if it comes back at once."""
    side, kind, middle = slot.side, slot.way.kind, placed.box.width / 2
    if slot.loop:
        start, turn, back = middle + side.start, middle + side.turn, side.y + SLOT
        end = middle + border(placed.box, placed.state, back)
        points = [(start, side.y), (turn, side.y), (turn, back), (end + ARROW, back)]
        yield f'<path class="edge {kind}" d="{rounded(points)}"/>'
        yield f'<path class="head {kind}" d="M{n(end)} {n(back)}l{n(ARROW + 1)} -4v8z"/>'
    if slot.label.lines:
        yield _label(slot.label, middle, 0, kind)


def _edges(routes: list[Route]) -> Iterator[str]:
    for route in routes:
        yield f'<path class="edge {route.kind}" d="{route.path}"/>'
    for route in routes:
        if route.head is not None:
            x, y = route.head
            yield (f'<path class="head {route.kind}" d="M{n(x)} {n(y)}l-4 {n(-ARROW - 1)}h8z"/>')


def _label(one: Label, x: float, y: float, kind: str) -> str:
    left, top = one.x + x - one.width / 2, one.y + y
    rows = "".join(
        f'<text x="{n(one.x + x)}" y="{n(top + 13 + LINE * at)}">{xml(line)}</text>'
        for at, line in enumerate(one.lines)
    )
    return (
        f'<g class="label {kind}"><title>{xml(one.whole)}</title><rect x="{n(left)}" y="{n(top)}" '
        f'width="{n(one.width)}" height="{n(one.height)}" rx="4"/>{rows}</g>'
    )


def _mark(x: float, y: float, kind: str) -> str:
    ring = f'<circle class="ring" cx="{n(x)}" cy="{n(y)}" r="{n(MARK)}"/>'
    radius = MARK if kind == "start" else MARK - 3
    dot = f'<circle class="mark" cx="{n(x)}" cy="{n(y)}" r="{n(radius)}"/>'
    return dot if kind == "start" else ring + dot
