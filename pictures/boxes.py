"""The box of a state: its lines of text, its size, and what leaves it at its right side."""

from __future__ import annotations

from dataclasses import dataclass, field

from pictures.graph import Side
from pictures.reading import CATCH, State, Way
from pictures.seen import OUTCOMES, Seen, figures
from pictures.texts import cut, width, wrap

PAD = 12.0
WIDTHS = (144.0, 184.0, 224.0, 264.0)
"""Boxes are of one of these widths, so that those of a column are often alike."""
MOST = WIDTHS[-1] - 2 * PAD
KIND, NAME, DETAIL, SMALL = 10.0, 13.5, 11.5, 11.0
"""Sizes of text: the type, the name, the resource, everything else."""
ICON = 14.0
LABEL_MOST = 180.0
"""Pixels of a label's line, at most."""
LABEL_LINES = 3
LINE = 15.0
"""Pixels from one line of a label to the next."""
SLOT = 22.0
"""Pixels between two edges that leave at the side."""
POINT = 16.0
"""How far the sides of a Choice come to a point."""


@dataclass(slots=True)
class Line:
    """A line of text; `y` is its baseline below the upper border of the box."""

    text: str
    style: str
    """Its class in the style sheet."""
    y: float


@dataclass(slots=True)
class Label:
    """The label of an edge, with its middle at `x` and its upper border at `y`."""

    lines: list[str]
    whole: str
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0


@dataclass(slots=True)
class Slot:
    """A way that leaves the box at its side."""

    way: Way
    side: Side
    label: Label
    loop: bool
    """Whether it comes back to the box."""


@dataclass(slots=True)
class Box:
    """A state's box, before it has a place."""

    width: float
    height: float
    lines: list[Line]
    indent: float
    """Where the text begins."""
    slots: list[Slot] = field(default_factory=list)
    header: float = 0.0
    """The height of the texts; what a Parallel or a Map contains lies below."""

    @property
    def right(self) -> float:
        """Pixels from the middle to the right of everything that leaves at the side."""
        reach = [slot.side.turn + 4 for slot in self.slots]
        return max([self.width / 2, *reach])


def box(state: State, seen: Seen | None) -> Box:
    """The box of a state that contains no others, or the header of one that does."""
    indent = PAD + (POINT if state.kind == "Choice" else 0)
    lines, y, widest = _lines(state, seen)
    head = ICON + 6 + width(kind_word(state), KIND, bold=True)
    if seen is not None:
        head += 14 + outcome_width(seen)
    needed = max(head, widest) + 2 * indent
    wide = next((size for size in WIDTHS if size >= needed), needed)
    made = Box(wide, y, lines, indent, header=y)
    add_slots(made, state)
    return made


def outcome_width(seen: Seen) -> float:
    """Pixels of the outcome's sign and word."""
    sign = 15.0 if seen.outcome in OUTCOMES else 0.0
    return sign + width(outcome_word(seen), SMALL, bold=True)


def outcome_word(seen: Seen) -> str:
    """The outcome as it is written."""
    return cut(seen.word(seen.outcome), SMALL, 90, bold=True)


def kind_word(state: State) -> str:
    """The type as it is written."""
    return state.kind.upper()


def _lines(state: State, seen: Seen | None) -> tuple[list[Line], float, float]:
    """The lines under the type, the height with them, and the width of the widest."""
    texts = [("name", NAME, text) for text in wrap(state.name, NAME, MOST, 2, bold=True)]
    texts += [("about", DETAIL, cut(state.about, DETAIL, MOST))] if state.about else []
    if state.undo:
        texts.append(("undo", SMALL, cut(f"undo: {state.undo}", SMALL, MOST)))
    if seen is not None:
        texts += [("figures", SMALL, text) for text in wrap(figures(seen), SMALL, MOST, 2)]
        texts += [("note", SMALL, text) for text in wrap(seen.note, SMALL, MOST, 2)]
    lines, y, widest = [], 26.0, 0.0
    for style, size, text in texts:
        y += size + 4
        lines.append(Line(text, style, y - 2))
        widest = max(widest, width(text, size, bold=style == "name"))
    return lines, y + 9, widest


def add_slots(made: Box, state: State) -> None:
    """Give every catch, and every way back to the state itself, its place at the right side."""
    ways = [way for way in state.ways if way.kind == CATCH or way.target == state.name]
    labels = [label(way.labels, lines=1) for way in ways]
    reach = made.width / 2 + 10 + max((one.width + 8 for one in labels), default=0)
    rows = [2 if way.target == state.name else 1 for way in ways]
    made.height = max(made.height, SLOT * sum(rows) + 14 if ways else 0)
    y = SLOT - 4
    made.slots.clear()
    for at, (way, one) in enumerate(zip(ways, labels, strict=True)):
        loop = way.target == state.name
        side = Side(y, border(made, state, y), reach + 8 * (len(ways) - 1 - at))
        one.x, one.y = made.width / 2 + 12 + one.width / 2, y - one.height / 2
        made.slots.append(Slot(way, side, one, loop))
        y += SLOT * rows[at]


def border(made: Box, state: State, y: float) -> float:
    """Pixels from the middle to the right border at a height; the sides of a Choice slant."""
    if state.kind != "Choice":
        return made.width / 2
    tip = made.height / 2
    return made.width / 2 - POINT * abs(y - tip) / tip


def label(labels: list[str], lines: int = LABEL_LINES) -> Label:
    """The label of an edge: conditions joined by `or`, errors by a comma when in one line."""
    whole = (" or " if lines > 1 else ", ").join(labels)
    found = wrap(whole, SMALL, LABEL_MOST, lines)
    widest = max((width(line, SMALL) for line in found), default=0.0)
    if not found:
        return Label([], whole, 0, 0)
    return Label(found, whole, widest + 12, LINE * len(found) + 4)
