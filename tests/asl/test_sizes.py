"""Large definitions and lists are loaded and run in-process within seconds."""

from __future__ import annotations

import time
from typing import Any

import pytest

from asl.loading import load
from bench import shapes
from runner import VirtualClock
from runner.express import express

SECONDS = 20.0  # of the processor; each takes a tenth of that

SIZES: dict[str, tuple[dict[str, Any], Any]] = {
    "10,000 states": (shapes.chain(10_000), {"kept": True}),
    "50 levels": (shapes.nested(50), 1),
    "a Map of 10,000 items": (shapes.each(shapes.PASS), list(range(10_000))),
    "a Map of 10,000 tasks": (shapes.each(shapes.TASK), list(range(10_000))),
}


@pytest.mark.parametrize("size", SIZES)
def test_large_things_are_run_within_seconds(size: str) -> None:
    document, value = SIZES[size]
    began = time.process_time()
    definition = load(document, "Large", "1")
    functions = {"same": lambda event: event}
    found = express(definition, value, functions, clock=VirtualClock())
    assert found["status"] == "SUCCEEDED"
    output = found["output"]
    for _ in range(50 if size == "50 levels" else 0):
        assert len(output) == 1
        output = output[0]
    assert output == value
    assert time.process_time() - began < SECONDS
