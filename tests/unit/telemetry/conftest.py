"""OpenTelemetry's SDK in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.telemetry_in_memory import InMemory, in_memory


@pytest.fixture
def seen() -> Iterator[InMemory]:
    """Telemetry that is on; what it tells is kept."""
    with in_memory() as found:
        yield found
