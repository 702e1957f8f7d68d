"""Fixtures of the contract tests: an embedded SWF, and the application on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_swf.testing import LocalSWF, local_swf
from tests.application import Application, application

__all__ = ["local_swf"]


@pytest.fixture
def app(local_swf: LocalSWF, tmp_path: Path) -> Iterator[Application]:
    """The application on an endpoint whose clock jumps over waits."""
    with application(local_swf, tmp_path) as running:
        yield running
