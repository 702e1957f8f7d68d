"""Paths of states, as people write them: `Ship`, `Ship[1].Pack`, `Each[37].Inner[0].Bill`.

Names are joined by dots; each composite state has the index of a branch or item behind it.  A
name in which one of `. [ ] "` stands is written in double quotes: `"v1.2"[0].Pack`.
"""

from __future__ import annotations

import re
from functools import lru_cache

_PLAIN = r"""[^.\[\]"]+"""
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PART = re.compile(rf"({_PLAIN}|{_QUOTED})(?:\[(\d+)\])?(?:\.|$)")
_NEEDS_QUOTES = frozenset('.[]"')


def written(name: str) -> str:
    """A state's name as a part of a path."""
    if _NEEDS_QUOTES.isdisjoint(name) and name:
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def join(around: str, name: str) -> str:
    """The path of a state in a frame, whose own path is empty for the process itself."""
    return f"{around}.{written(name)}" if around else written(name)


def of_frame(path: str, index: int) -> str:
    """The path of a branch or item of the composite state at a path."""
    return f"{path}[{index}]"


@lru_cache(maxsize=4096)
def split(path: str) -> tuple[tuple[str, int | None], ...]:
    """The names of a path, each with its index; empty for a text that is no path."""
    found: list[tuple[str, int | None]] = []
    at = 0
    while at < len(path):
        part = _PART.match(path, at)
        if part is None:
            return ()
        name, index = part.groups()
        found.append((_read(name), None if index is None else int(index)))
        at = part.end()
    return () if path.endswith(".") else tuple(found)


def name_of(path: str) -> str:
    """The name of the state at a path."""
    if not path.endswith('"'):
        return path.rpartition(".")[2]
    return split(path)[-1][0]


def _read(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') else name
