"""Small pieces of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: bool = False) -> str:
    """A table; with `right` all columns but the first are aligned to the right."""
    rules = ["---", *(("---:" if right else "---") for _ in head[1:])]
    lines = [list(head), rules, *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def block(text: str, language: str = "") -> str:
    """A fenced block."""
    return f"```{language}\n{text.rstrip()}\n```"


def code(text: str) -> str:
    """Text as it is typed."""
    return f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
