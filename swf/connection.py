"""The way to SWF: boto3 clients for the chosen engine, and calls that survive faults.

Which engine, which credentials, which timeouts, when to try again and when to stop: all of
that is here, so that `swf_client.py` reads as what it asks of SWF.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from tenacity import RetryCallState, Retrying, retry_if_exception, sleep_using_event
from tenacity.wait import wait_random_exponential

import logs
import telemetry
from config import Settings
from errors import ConfigurationError, EngineUnreachableError
from swf import credentials
from swf.events import read_answer
from swf.faults import BOTO_ERRORS, Kind, SwfFault, fault_of
from swf.transport import NearbyTransport
from wire import Json

if TYPE_CHECKING:
    from mypy_boto3_swf import SWFClient

POLL_SECONDS = 75  # SWF holds a poll for 60 seconds; an answer may take a little longer
CALL_SECONDS = 10
CONNECT_SECONDS = 5
SILENT_SECONDS = 300.0  # between two lines of calls that fail alike
POOL_CONNECTIONS = 128  # one for each thread that polls or calls at once

OUTCOMES = {
    Kind.REFUSED: "failed",
    Kind.UNANSWERED: "failed",
    Kind.THROTTLED: "throttled",
    Kind.FINAL: "refused",
}
"""What telemetry says of calls that fail."""

_log = logs.get("swf_client")


@dataclass(frozen=True)
class Patience:
    """How long calls are tried again.  All in seconds."""

    ordinary: float = 30.0
    """Reads, starts and other calls that have no deadline of their own."""
    refused: float = 10.0
    """The same while no connection comes about at all."""
    poll: float = 1.0
    """Polls: what lasts longer is an outage, which the worker that polls waits out."""
    first_wait: float = 0.1
    """The wait before the second attempt is drawn from zero to this; it doubles from there."""
    longest_wait: float = 5.0
    """No single wait is longer."""


class Connection:
    """Calls of one process to its engine; made without touching the network, safe for threads."""

    def __init__(self, settings: Settings, patience: Patience) -> None:
        self._settings = settings
        self._patience = patience
        self._nearby = _is_nearby(settings.swf_endpoint)
        self._renews = not (self._nearby or credentials.are_fixed(settings))
        self._transport = NearbyTransport(poll_seconds=POLL_SECONDS, call_seconds=CALL_SECONDS)
        self._lock = threading.Lock()
        self._url: str | None = None
        self._callers: _Callers | None = None
        self.stopping = threading.Event()
        self._leaving = threading.Event()
        self._warned: dict[tuple[str, Kind], float] = {}

    @property
    def is_nearby(self) -> bool:
        """Whether the engine is one that may be asked often and hung up on; AWS is not."""
        return self._nearby

    @property
    def client(self) -> SWFClient:
        """The boto3 client for everything but long polls, made on first use."""
        return self._ready().calls

    def told(self, name: str) -> Json | None:
        """What the embedded engine tells of itself (`local_swf.control`); None of others."""
        if not self._nearby:
            return None
        from local_swf import daemon  # noqa: PLC0415 - only this engine needs it

        self._ready()
        return daemon.ask(self._url or "", name)

    def stop(self, *, now: bool = False) -> None:
        """End waits and, on an engine near by, polls; with `now` reports of results as well."""
        self.stopping.set()
        if now:
            self._leaving.set()
        self._transport.hang_up()

    def call(
        self,
        operation: str,
        members: Json,
        *,
        seconds: float | None = None,
        settle: Callable[[], Json | None] | None = None,
    ) -> Json:
        """Call an operation, again after faults that may pass, and return its answer.

        `seconds`: how long to try, also after `stop()`; for reports that must not be lost.
        Without it the patience for ordinary calls applies, and `stop()` ends it.
        `settle` is asked before an attempt that follows an unanswered one: what it returns,
        unless None, is the outcome.  Raises the last `SwfFault`.
        """
        unanswered = False

        def attempt() -> Json:
            nonlocal unanswered
            settled = settle() if settle is not None and unanswered else None
            if settled is not None:
                return settled
            try:
                return self.once(operation, members)
            except SwfFault as fault:
                fault.after_unanswered = unanswered
                unanswered = unanswered or fault.kind is Kind.UNANSWERED
                raise

        if seconds is None:
            return self._tried(attempt, _may_pass, self.stopping, seconds)
        return self._tried(attempt, self._may_be_renewed, self._leaving, seconds)

    def poll(self, operation: str, members: Json) -> Json | None:
        """Make one long poll; None when `stop()` ended it.

        Tried again only where it is certain that no task was handed out: a poll whose answer
        was lost may have taken a task with it, which only its timeout brings back.
        """
        if self.stopping.is_set():
            return None
        try:
            return self._tried(
                lambda: self.once(operation, members, poll=True),
                _nothing_done,
                self.stopping,
                self._patience.poll,
            )
        except SwfFault:
            if self.stopping.is_set():
                return None
            raise

    def pause(self) -> None:
        """Wait for what SWF shows a moment late: half a second by default, less after `stop()`."""
        self.stopping.wait(5 * self._patience.first_wait)

    def once(self, operation: str, members: Json, *, poll: bool = False) -> Json:
        """Call an operation once.  Raises `SwfFault`."""
        callers = self._ready()
        client = callers.polls if poll else callers.calls
        begun, outcome = time.monotonic(), "failed"
        try:
            answer: dict[str, Json] = getattr(client, operation)(**members)
            outcome = "ok"
        except BOTO_ERRORS as error:
            fault = fault_of(operation, error)
            outcome = OUTCOMES[fault.kind]
            if fault.is_of_credentials:
                self._forget(callers)
            raise fault from error
        finally:
            telemetry.recorder().called(operation, time.monotonic() - begun, outcome)
        answer.pop("ResponseMetadata", None)
        return answer

    # --- trying again --------------------------------------------------------------------

    def _tried(
        self,
        attempt: Callable[[], Json],
        worth: Callable[[BaseException], bool],
        ending: threading.Event,
        seconds: float | None,
    ) -> Json:
        """The attempt's outcome; tenacity comes in only after a fault, for its CPU time's sake."""
        started = time.monotonic()
        try:
            return attempt()
        except SwfFault as fault:
            if not worth(fault):
                raise
            past = [fault]

        def again() -> Json:
            if past:  # the attempt made above is tenacity's first
                raise past.pop()
            return attempt()

        return self._retrying(worth, ending, started, seconds)(again)

    def _may_be_renewed(self, error: BaseException) -> bool:
        """What has a deadline of its own waits for new credentials too."""
        of_credentials = isinstance(error, SwfFault) and error.is_of_credentials
        return _may_pass(error) or (self._renews and of_credentials)

    def _retrying(
        self,
        worth: Callable[[BaseException], bool],
        ending: threading.Event,
        started: float,
        seconds: float | None,
    ) -> Retrying:
        patience = self._patience
        jittered = wait_random_exponential(patience.first_wait, patience.longest_wait)

        def allowed(state: RetryCallState) -> float:
            if seconds is not None:
                return seconds
            refused = _fault(state).kind is Kind.REFUSED
            return min(patience.refused, patience.ordinary) if refused else patience.ordinary

        def left(state: RetryCallState) -> float:
            return started + allowed(state) - time.monotonic()

        return Retrying(
            retry=retry_if_exception(worth),
            stop=lambda state: ending.is_set() or left(state) <= 0,
            wait=lambda state: min(jittered(state), max(0.0, left(state))),
            sleep=sleep_using_event(ending),
            before_sleep=self._before_waiting,
            reraise=True,
        )

    def _before_waiting(self, state: RetryCallState) -> None:
        fault = _fault(state)
        # Polls are the workers' to tell of, once an outage.
        told = state.attempt_number == 1 and not fault.operation.startswith("poll_for")
        (_log.warning if told and self._is_news(fault) else _log.debug)(
            "SWF call failed, trying again",
            operation=fault.operation,
            attempt=state.attempt_number,
            fault=fault.message,
        )
        if fault.kind in (Kind.REFUSED, Kind.UNANSWERED):
            self._revive()

    def _is_news(self, fault: SwfFault) -> bool:
        """Whether nothing was said lately of calls that fail so."""
        now, what = time.monotonic(), (fault.operation, fault.kind)
        if now - self._warned.get(what, float("-inf")) < SILENT_SECONDS:
            return False
        self._warned[what] = now
        return True

    # --- the engine ----------------------------------------------------------------------

    def _ready(self) -> _Callers:
        callers = self._callers
        if callers is not None:
            return callers
        with self._lock:
            if self._callers is None:
                self._url = self._find()
                self._callers = _callers(self._settings, self._url, self._transport)
            return self._callers

    def _find(self) -> str | None:
        """The engine's URL, or None for Amazon's own; starts the embedded one."""
        endpoint = self._settings.swf_endpoint
        if endpoint == "aws":
            return None
        return _embedded(self._settings) if endpoint == "local" else endpoint

    def _forget(self, refused: _Callers) -> None:
        """Look for credentials anew at the next call: a file that holds them may have changed."""
        with self._lock:
            if self._renews and self._callers is refused:
                self._callers = None

    def _revive(self) -> None:
        """Bring a crashed embedded engine back; it takes its old port where that is free."""
        if self._settings.swf_endpoint != "local":
            return
        with self._lock:
            url = self._find()
            if url != self._url:
                self._url = url
                self._callers = _callers(self._settings, url, self._transport)


@dataclass(frozen=True)
class _Callers:
    """Two clients, for botocore's read timeout is a client's: one that waits polls out."""

    calls: SWFClient
    polls: SWFClient


def _callers(settings: Settings, url: str | None, transport: NearbyTransport) -> _Callers:
    try:
        nearby = _is_nearby(settings.swf_endpoint)
        session = credentials.session(settings, nearby=nearby)
        if not nearby:
            calls, polls = (
                _client(session, settings, url, seconds) for seconds in (CALL_SECONDS, POLL_SECONDS)
            )
            return _Callers(calls, polls)
        client = _client(session, settings, url, CALL_SECONDS)
        transport.attach(client, signed=settings.swf_endpoint != "local")
        return _Callers(client, client)
    except BotoCoreError as error:
        raise ConfigurationError(
            f"boto3 cannot be set up for {settings.engine}: {error}"
        ) from error


def _client(session: Any, settings: Settings, url: str | None, read_seconds: int) -> SWFClient:
    config = Config(
        retries={"total_max_attempts": 1},  # tenacity retries; nothing may retry twice
        read_timeout=read_seconds,
        connect_timeout=CONNECT_SECONDS,
        max_pool_connections=POOL_CONNECTIONS,
        tcp_keepalive=True,
        # botocore assembles its own text anew for every request, a sixth of a call's CPU.
        user_agent=f"business-process Boto3/{boto3.__version__}",
        ignore_configured_endpoint_urls=settings.swf_endpoint == "aws",  # type: ignore[call-arg]
    )
    client: SWFClient = session.client("swf", endpoint_url=url, config=config)
    client.meta.events.register("before-parse.swf", read_answer)
    if not _is_nearby(settings.swf_endpoint):
        client.meta.events.register("before-call.swf", credentials.refreshing(session))
    return client


# --- small things ------------------------------------------------------------------------


def _is_nearby(endpoint: str) -> bool:
    """Whether an endpoint is a test engine: the embedded one, or any without TLS."""
    return endpoint == "local" or urlsplit(endpoint).scheme == "http"


def _embedded(settings: Settings) -> str:
    from local_swf import daemon  # noqa: PLC0415 - only this engine needs it

    try:
        endpoint = daemon.ensure(settings.swf_dir)
    except (OSError, RuntimeError) as error:
        raise EngineUnreachableError(
            f"the embedded SWF in {settings.swf_dir} cannot be started: {error}; its log is there, "
            "endpoint.log; `python -m local_swf stop`, then try again"
        ) from error
    url: str = endpoint.url
    return url


def _fault(state: RetryCallState) -> SwfFault:
    outcome = state.outcome  # tenacity asks only about attempts that failed
    return cast("SwfFault", outcome.exception() if outcome is not None else None)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, SwfFault) and error.kind is not Kind.FINAL


def _nothing_done(error: BaseException) -> bool:
    return isinstance(error, SwfFault) and error.kind in (Kind.REFUSED, Kind.THROTTLED)
