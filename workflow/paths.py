"""Reference paths: `$`, `$.order.items[0]`, `$['a key'].b`.  One place in the data, or none."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from errors import DataError
from wire import Json


class Missing:
    """What is read where there is nothing: not even null."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()

Reader = Callable[[str], Any]
"""Gives the value at a path, or `MISSING`."""

_STEP = re.compile(r"""\.([\w-]+)|\[\s*(?:(-?\d+)|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*\]""")


@lru_cache(maxsize=4096)
def parse(path: str) -> tuple[str | int, ...]:
    """The keys and indexes that a path goes along; `DataError` where it is no reference path."""
    if not isinstance(path, str) or not path.startswith("$"):
        raise DataError(f"path {path!r} must be a text that begins with $")
    steps: list[str | int] = []
    at = 1
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            raise DataError(f"path {path!r} cannot be read from character {at + 1} on")
        name, index, single, double = found.groups()
        if index is not None:
            steps.append(int(index))
        elif name is not None:
            steps.append(name)
        else:
            steps.append(re.sub(r"\\(.)", r"\1", single if single is not None else double))
        at = found.end()
    return tuple(steps)


def read(path: str, value: Json, content: Callable[[Json], Json]) -> Any:
    """The value at a path, or `MISSING`; `content` gives what a reference stands for."""
    value = content(value)
    for step in parse(path):
        value = _child(value, step)
        if value is MISSING:
            return MISSING
        value = content(value)
    return value


def _child(value: Any, step: str | int) -> Any:
    if isinstance(step, int):
        found = isinstance(value, list) and -len(value) <= step < len(value)
    else:
        found = isinstance(value, dict) and step in value
    return value[step] if found else MISSING
