"""One endpoint put together, and the process around it: signals, idle time, state file."""

from __future__ import annotations

import asyncio
import gc
import secrets
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local_swf import daemon
from local_swf.clock import VirtualClock, WallClock
from local_swf.connections import HttpServer
from local_swf.control import Control
from local_swf.database import Database
from local_swf.engine import Engine
from local_swf.errors import StartupError
from local_swf.faults import Faults
from local_swf.functions import Function, Functions
from local_swf.limits import Limits
from local_swf.server import Frontend
from local_swf.signature import Verifier


@dataclass(frozen=True)
class Options:
    """How an endpoint is set up."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 0
    """0 picks a free one."""
    database: str = ":memory:"
    """Path of the SQLite file."""
    virtual_clock: bool = False
    """A clock that can jump; it starts locked unless `skipping`."""
    skipping: bool = False
    """A virtual clock jumps by itself from the start."""
    faults: Path | None = None
    """File with fault rules."""
    quotas: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Request rates by operation or decision: size of the bucket, refill a second."""
    keys: Mapping[str, str] | None = None
    """Secret keys by access key; None takes any caller."""
    functions: Mapping[str, Function] = field(default_factory=dict)
    """What Lambda tasks call, by name."""
    denied: frozenset[str] = frozenset()
    """Decisions that fail as if IAM did not allow them."""
    limits: Limits = field(default_factory=Limits)
    """How much of everything is allowed."""
    region: str = "us-east-1"
    """The region in ARNs."""
    empty_task_token: bool = False
    """A poll that found nothing shows `taskToken: ""`, as SWF's documentation has it."""
    idle_seconds: float | None = None
    """Leave after so long without a client; None stays."""


class Endpoint:
    """A running endpoint; made by `Endpoint.start` on the event loop that will serve it."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.instance = secrets.token_hex(16)
        self.stopped = asyncio.Event()
        self.faults = Faults.from_file(options.faults) if options.faults else Faults()
        self.clock = (
            VirtualClock(skipping=options.skipping) if options.virtual_clock else WallClock()
        )
        self.engine = Engine(
            Database(options.database),
            self.clock,
            limits=options.limits,
            quotas=options.quotas,
            functions=Functions(options.functions),
            denied=options.denied,
            region=options.region,
        )
        control = Control(self.engine, self.faults, self.instance, self.stopped.set)
        verifier = Verifier(options.keys) if options.keys is not None else None
        self.frontend = Frontend(
            self.engine,
            self.faults,
            control,
            verifier,
            empty_task_token=options.empty_task_token,
        )
        self._server = HttpServer(self.frontend.handle, options.limits.request_bytes)

    @classmethod
    async def start(cls, options: Options, *, any_port: bool = False) -> Endpoint:
        """Open the database and listen; with `any_port` a taken port is replaced by a free one."""
        endpoint = cls(options)
        try:
            await endpoint._server.listen(options.host, options.port)
        except StartupError:
            if not (any_port and options.port):
                endpoint.engine.close()
                raise
            await endpoint._server.listen(options.host, 0)
        endpoint.frontend.health.begin()
        return endpoint

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.port

    @property
    def url(self) -> str:
        """Where clients find it."""
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        return f"http://{host}:{self.port}"

    @property
    def idle_since(self) -> float | None:
        """When the last client was here (monotonic seconds); None while one is."""
        return None if self.frontend.in_service else self.frontend.last_request

    async def close(self) -> None:
        """Stop listening, hang up on waiting polls, and write what is open."""
        self.frontend.health.end()
        await self._server.close()
        self.engine.close()


def run(options: Options, state: Path | None = None) -> int:
    """Serve until a signal, a stop call or idleness ends it; answers the exit code.

    With `state`, the process belongs to a data folder: it holds the folder's running lock,
    writes the state file once it listens, and takes any port if its own is taken.
    """
    lock = daemon.hold_running_lock(state) if state is not None else None
    try:
        return asyncio.run(_serve(options, state))
    finally:
        if lock is not None:
            lock.release()


async def _serve(options: Options, state: Path | None) -> int:
    endpoint = await Endpoint.start(options, any_port=state is not None)
    _collect_seldom()
    try:
        _stop_on_signals(endpoint.stopped.set)
        if state is not None:
            daemon.write_state(state, endpoint.url, endpoint.port, endpoint.instance)
        print(f"local SWF ready at {endpoint.url}", flush=True)
        await _until_stopped(endpoint)
    finally:
        await endpoint.close()
    return 0


def _collect_seldom() -> None:
    """Requests leave no cycles behind: looking for them takes time and finds nothing."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _stop_on_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


async def _until_stopped(endpoint: Endpoint) -> None:
    patience = endpoint.options.idle_seconds
    while not endpoint.stopped.is_set():
        wait = patience
        if patience is not None and (since := endpoint.idle_since) is not None:
            wait = since + patience - time.monotonic()
            if wait <= 0:
                return
        try:
            await asyncio.wait_for(endpoint.stopped.wait(), wait)
        except asyncio.TimeoutError:
            continue
