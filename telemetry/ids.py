"""Ids of traces and spans, derived from what every process knows anyway.

So no trace context travels: the shapes on the wire stay as they are, histories that began
before tracing was on have traces too, and a span that is lost leaves the ids of the others.
"""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager


def trace_id(start_id: str) -> int:
    """One trace for all runs that continue or resume one another: they share their start id."""
    return _number("trace", start_id, 16)


def run_span(run_id: str) -> int:
    """The span of one run."""
    return _number("run", run_id, 8)


def step_span(start_id: str, entry: int) -> int:
    """The span of one visit of a step: `entry` is its ordinal in the chain of runs."""
    return _number("step", f"{start_id}.{entry}", 8)


def attempt_span(run_id: str, work_id: str) -> int:
    """The span of one attempt: `work_id` is the id of its activity, function or child."""
    return _number("attempt", f"{run_id}.{work_id}", 8)


def parents_start_id(child_start_id: str) -> str:
    """The start id of the process that started a child: `START.ENTRY.ATTEMPT` without the rest."""
    return child_start_id.rsplit(".", 2)[0]


def _number(kind: str, name: str, size: int) -> int:
    digest = hashlib.sha256(f"{kind}:{name}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:size], "big") or 1  # zero is no id


class ChosenIds:
    """An SDK's id generator that gives the ids which were chosen, and random ones otherwise."""

    def __init__(self) -> None:
        self._chosen = threading.local()

    @contextmanager
    def choosing(self, trace: int, span: int | None) -> Iterator[None]:
        """Have the next span of this thread get these ids."""
        self._chosen.trace, self._chosen.span = trace, span
        try:
            yield
        finally:
            self._chosen.trace = self._chosen.span = None

    def generate_trace_id(self) -> int:
        """The id of a trace that has no parent."""
        return getattr(self._chosen, "trace", None) or random.getrandbits(128) or 1

    def generate_span_id(self) -> int:
        """The id of a span."""
        chosen = getattr(self._chosen, "span", None)
        return chosen or random.getrandbits(64) or 1

    def is_trace_id_random(self) -> bool:
        """Hashes are as evenly spread as random numbers: samplers may go by them."""
        return True
