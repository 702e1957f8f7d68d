"""The endpoints that the contract tests of the embedded SWF run on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_swf.testing import LocalSWF
from tests.contract.local_swf.swf_world import Raw, World


@pytest.fixture
def swf() -> Iterator[LocalSWF]:
    """An endpoint whose clock moves at wall speed and by `advance`."""
    with LocalSWF(virtual_clock=True, skipping=False) as endpoint:
        yield endpoint


@pytest.fixture
def world(swf: LocalSWF) -> World:
    """A registered world on that endpoint."""
    return World(swf, swf.client()).register()


@pytest.fixture
def raw(swf: LocalSWF) -> Iterator[Raw]:
    """A plain HTTP client of that endpoint."""
    client = Raw(swf.url)
    yield client
    client.connection.close()
