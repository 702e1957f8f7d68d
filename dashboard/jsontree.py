"""JSON values as HTML that opens and closes, however large they are."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from markupsafe import Markup, escape

from wire import Json

MOST_NODES = 2_000  # that are shown of one value
MOST_CHARACTERS = 20_000  # that are shown of one text
DEEPEST = 100  # levels that open and close; what lies deeper is one text
OPEN_DEPTH = 2  # levels that are open at first
ITEMS = 200  # of one list or object


def tree(value: Json, depth: int = OPEN_DEPTH) -> Markup:
    """A value as nested `<details>`; the first `depth` levels are open."""
    return Markup('<div class="json">{}</div>').format(_Tree().node("", value, depth))


def pretty(value: Json) -> str:
    """A value as text over several lines; a text that is JSON is opened first."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return str(value)
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


class _Tree:
    def __init__(self) -> None:
        self._left = MOST_NODES

    def node(self, name: str, value: Any, depth: int) -> Markup:
        """A member of that name; the whole value has none."""
        self._left -= 1
        label = Markup('<span class="key">{}</span>: ').format(name) if name else Markup("")
        if not isinstance(value, dict | list) or not value or depth < -DEEPEST:
            return Markup("<div>{}{}</div>").format(label, _leaf(value))
        count = len(value)
        items = value.items() if isinstance(value, dict) else enumerate(value)
        sign = "{%d}" % count if isinstance(value, dict) else "[%d]" % count  # noqa: UP031
        return Markup(
            '<details{}><summary>{}<span class="size">{}</span></summary>{}</details>'
        ).format(
            Markup(" open") if depth > 0 else "", label, sign, self._members(items, count, depth)
        )

    def _members(self, items: Iterable[tuple[Any, Any]], count: int, depth: int) -> Markup:
        parts = []
        for index, (name, value) in enumerate(items):
            if index == ITEMS or self._left <= 0:
                parts.append(Markup('<div class="more">… {}</div>').format(count - index))
                break
            parts.append(self.node(str(name), value, depth - 1))
        return Markup("").join(parts)


def _leaf(value: Any) -> Markup:
    text = json.dumps(value, ensure_ascii=False, default=str)
    kind = "text" if isinstance(value, str) else "word"
    if len(text) > MOST_CHARACTERS:
        text = f"{text[:MOST_CHARACTERS]}… ({len(text):,})"
    return Markup('<span class="{}">{}</span>').format(kind, escape(text))
