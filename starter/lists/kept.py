"""Values that are made at most once an interval, however many ask."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """One value with the time at which it was made.  Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made = float("-inf")
        self._value: T

    def get(self, seconds: float, make: Callable[[], T]) -> T:
        """The value, made anew if it is older than so many seconds; errors are not kept."""
        with self._lock:
            if time.monotonic() - self._made >= seconds:
                self._value = make()
                self._made = time.monotonic()
            return self._value


class Shelf:
    """Values by key, those used last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, Kept[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, seconds: float, make: Callable[[], T]) -> T:
        """The value of a key, as `Kept.get` has it."""
        with self._lock:
            kept = self._kept.setdefault(key, Kept())
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        value: T = kept.get(seconds, make)
        return value
