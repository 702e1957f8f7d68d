"""An embedded SWF inside a test: `LocalSWF`, and the pytest fixture `local_swf`.

pytest_plugins = ["local_swf.testing"]

def test_order(local_swf):
    local_swf.client.register_domain(...)
    local_swf.clock.advance(3600)
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from local_swf.faults import Faults
from local_swf.functions import Function
from local_swf.limits import Limits
from local_swf.process import Endpoint, Options

if TYPE_CHECKING:
    from mypy_boto3_swf import SWFClient

T = TypeVar("T")


class Clock:
    """The endpoint's clock, usable from the test's thread."""

    def __init__(self, swf: LocalSWF) -> None:
        self._swf = swf

    def now(self) -> float:
        """Engine time in seconds since the epoch."""
        return self._swf.call(lambda endpoint: endpoint.clock.now()) / 1000

    def advance(self, seconds: float) -> None:
        """Move on; what falls due on the way fires in order, run timeouts included."""
        self._swf.call(lambda endpoint: endpoint.engine.advance(seconds))

    def unlock(self) -> None:
        """Let the clock jump by itself while nothing is going on."""
        self._swf.call(lambda endpoint: endpoint.engine.unlock_clock())

    def lock(self) -> None:
        """Let the clock move by `advance` only."""
        self._swf.call(lambda endpoint: endpoint.engine.lock_clock())

    @property
    def idle(self) -> bool:
        """Nothing is left that the clock may jump to."""
        return self._swf.call(lambda endpoint: endpoint.engine.idle)


class LocalSWF:
    """An endpoint on a thread of its own, in memory unless a file is named.

    `virtual_clock` gives a clock that jumps to the next timer or task timeout while nothing
    is going on; with `skipping=False` it only moves by `clock.advance`.
    """

    def __init__(
        self,
        database: str | Path = ":memory:",
        *,
        virtual_clock: bool = False,
        skipping: bool = True,
        limits: Limits | None = None,
        functions: Mapping[str, Function] | None = None,
        quotas: Mapping[str, tuple[float, float]] | None = None,
        denied: Iterable[str] = (),
        empty_task_token: bool = False,
        port: int = 0,
    ) -> None:
        self._options = Options(
            database=str(database),
            port=port,
            virtual_clock=virtual_clock,
            skipping=virtual_clock and skipping,
            limits=limits or Limits(),
            functions=functions or {},
            quotas=quotas or {},
            denied=frozenset(denied),
            empty_task_token=empty_task_token,
        )
        self._clients: list[SWFClient] = []
        self.clock = Clock(self)
        self.faults = Faults()
        """Faults to order, such as `faults.add("drop", "StartWorkflowExecution", count=1)`."""
        self._start()

    @property
    def url(self) -> str:
        """What to give as `endpoint_url`."""
        return self._endpoint.url

    def client(self, **options: Any) -> SWFClient:
        """A boto3 client with made-up credentials; `options` go to `boto3.client`.

        It does not repeat requests by itself, and it waits polls out.
        """
        import boto3
        from botocore.config import Config

        settings: dict[str, Any] = {
            "endpoint_url": self.url,
            "region_name": "us-east-1",
            "aws_access_key_id": "local",
            "aws_secret_access_key": "local",
            "config": Config(read_timeout=70, retries={"total_max_attempts": 1}),
            **options,
        }
        client: SWFClient = boto3.client("swf", **settings)
        self._clients.append(client)
        return client

    def call(self, action: Callable[[Endpoint], T]) -> T:
        """Run something on the endpoint's own thread, and give its result."""

        async def act() -> T:
            return action(self._endpoint)

        return self._run(act())

    def restart(self) -> None:
        """End the endpoint and start it again on the same file and port."""
        if self._options.database == ":memory:":
            raise ValueError("an endpoint in memory cannot be restarted: name a database file")
        port = self._endpoint.port
        self._end()
        self._start(port)

    def stop(self) -> None:
        """End the endpoint; its clients are closed."""
        for client in self._clients:
            client.close()
        self._clients.clear()
        self._end()

    def __enter__(self) -> LocalSWF:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _start(self, port: int | None = None) -> None:
        options = self._options
        if port is not None:
            options = Options(**{**vars(options), "port": port})
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="local-swf", daemon=True
        )
        self._thread.start()
        try:
            self._endpoint = self._run(self._open(options))
        except BaseException:
            self._end_loop()
            raise

    async def _open(self, options: Options) -> Endpoint:
        endpoint = await Endpoint.start(options)
        endpoint.faults.replace(self.faults)
        self.faults = endpoint.faults
        return endpoint

    def _end(self) -> None:
        if self._loop.is_closed():
            return
        with contextlib.suppress(Exception):
            self._run(self._endpoint.close())
        self._end_loop()

    def _end_loop(self) -> None:
        self._run(self._loop.shutdown_asyncgens())  # a test's own thread may have a loop running
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


@pytest.fixture
def local_swf() -> Iterator[LocalSWF]:
    """An embedded SWF in memory whose clock jumps while nothing is going on."""
    with LocalSWF(virtual_clock=True) as swf:
        yield swf


__all__ = ["Clock", "Faults", "LocalSWF", "local_swf"]
