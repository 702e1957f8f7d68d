"""The HTTP side: one request in, its bytes out, and what a hung-up client means."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web

from local_swf import errors, faults, model
from local_swf.control import Control
from local_swf.engine import Engine
from local_swf.errors import CommitFailedError, SwfFault
from local_swf.faults import Faults, Rule
from local_swf.jsontext import Json, dumps, loads_request
from local_swf.operations.registry import POLLS
from local_swf.signature import Verifier
from local_swf.tasklists import HandOut, Poller
from local_swf.validation import check_request

log = logging.getLogger(__name__)

_TARGET_PREFIXES = frozenset(
    {"SimpleWorkflowService", "com.amazonaws.swf.service.model.SimpleWorkflowService"}
)
_CONTENT_TYPE = "application/x-amz-json-1.0"
_OLD_CONTENT_TYPE = "application/json"
_process_id = str(uuid.uuid4())[:24]
_request_ids = (f"{_process_id}{number:012x}" for number in itertools.count(1))
"""UUIDs that cost nothing: one random start, then a count."""
_NOTHING = {
    "PollForDecisionTask": {"previousStartedEventId": 0, "startedEventId": 0},
    "PollForActivityTask": {"startedEventId": 0},
}
"""The answer of a poll that found nothing."""


class Frontend:
    """Answers HTTP requests from an engine."""

    def __init__(
        self,
        engine: Engine,
        injected: Faults,
        control: Control,
        verifier: Verifier | None = None,
        *,
        empty_task_token: bool = False,
    ) -> None:
        self._engine = engine
        self._faults = injected
        self._control = control
        self._verifier = verifier
        # The live service leaves the token out; its documentation says that it is empty.
        shown = {"taskToken": ""} if empty_task_token else {}
        self._empty = {name: dumps({**members, **shown}) for name, members in _NOTHING.items()}
        self.last_request = time.monotonic()
        self.in_service = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request of any kind."""
        self.last_request = time.monotonic()
        if request.raw_path.startswith("/_local/"):
            return await self._control.handle(request)
        self.in_service += 1
        service = _Service(self._engine)
        try:
            return await self._answer(request, service)
        finally:
            service.leave()
            self.in_service -= 1
            self.last_request = time.monotonic()

    async def _answer(self, request: web.BaseRequest, service: _Service) -> web.StreamResponse:
        """The answer to a request of SWF, whatever goes wrong."""
        try:
            return await self._carry_out(request, service)
        except SwfFault as refused:
            await self._settled()
            return _refusal(request, refused)
        except CommitFailedError:
            return _refusal(request, errors.internal_failure())
        except Exception:
            log.exception("request failed")
            return _refusal(request, errors.internal_failure())

    async def _carry_out(self, request: web.BaseRequest, service: _Service) -> web.StreamResponse:
        operation, arguments = await self._read(request, service)
        struck = self._faults.strike(operation)
        if await _is_reset(struck):
            return _hang_up(request)
        if operation in POLLS and "nextPageToken" not in arguments:
            return await self._poll(request, operation, arguments, struck, service)
        body = self._call(operation, arguments, struck)
        await self._engine.committed()
        return _hang_up(request) if faults.DROP in struck else _response(request, body)

    async def _settled(self) -> None:
        """What a refusal says about the state holds only once that state is on the disk."""
        try:
            await self._engine.committed()
        except CommitFailedError:
            log.warning("a refusal rested on a state that could not be written")

    async def _read(
        self, request: web.BaseRequest, service: _Service
    ) -> tuple[str, dict[str, Json]]:
        if request.headers.get("Origin") is not None:
            raise errors.access("AccessDeniedException", "Requests of web pages are not served")
        operation = _operation(request)
        _let_come(request)
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise errors.too_large() from None
        except (web.RequestPayloadError, web.HTTPException):
            raise errors.serialization("The request body cannot be read") from None
        service.enter()
        if self._verifier is not None:
            self._verifier.check(request, body)
        return operation, check_request(operation, loads_request(body))

    def _call(self, operation: str, arguments: dict[str, Json], struck: dict[str, Rule]) -> bytes:
        if faults.TWICE in struck:
            with contextlib.suppress(SwfFault):
                self._engine.call(operation, arguments)
        return self._engine.call(operation, arguments)

    async def _poll(
        self,
        request: web.BaseRequest,
        operation: str,
        arguments: dict[str, Json],
        struck: dict[str, Rule],
        service: _Service,
    ) -> web.StreamResponse:
        poller = self._engine.poll(operation, arguments, lambda: _is_connected(request))
        try:
            handout = await self._wait(poller, service)
        except BaseException:
            self._engine.leave(poller)
            self._return_unread(poller)
            raise
        if handout is None:
            return _response(request, self._empty[operation])
        try:
            await handout.committed
        except asyncio.CancelledError:
            self._engine.give_back(handout)
            raise
        if faults.DUPLICATE in struck:
            self._engine.duplicate(poller, handout)
        if faults.DROP in struck:
            self._engine.lose(handout)
            return _hang_up(request)
        return await self._deliver(request, handout)

    def _return_unread(self, poller: Poller) -> None:
        answer = poller.answer
        if answer.done() and not answer.cancelled() and answer.exception() is None:
            self._engine.give_back(answer.result())

    async def _wait(self, poller: Poller, service: _Service) -> HandOut | None:
        """The task that the poller is handed, None when its time is over."""
        if not poller.answer.done():
            service.leave()
            await asyncio.wait([poller.answer], timeout=self._engine.limits.poll_seconds)
            service.enter()
        if poller.answer.done():
            return poller.answer.result()
        self._engine.leave(poller)
        return None

    async def _deliver(self, request: web.BaseRequest, handout: HandOut) -> web.StreamResponse:
        """Write a task; a client that is gone by then does not keep it."""
        response = _response(request, handout.body)
        try:
            await response.prepare(request)
            await response.write_eof()
            written = _is_connected(request)
        except ConnectionError:
            written = False
        except asyncio.CancelledError:
            self._engine.give_back(handout)
            raise
        if not written:
            self._engine.give_back(handout)
        return response


class _Service:
    """Whether this request counts as being in service.

    It does once its body is there: neither a client that stops half-way nor a poll that
    waits keeps a virtual clock from jumping.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._inside = False

    def enter(self) -> None:
        if not self._inside:
            self._inside = True
            self._engine.enter()

    def leave(self) -> None:
        if self._inside:
            self._inside = False
            self._engine.exit()


async def _is_reset(struck: dict[str, Rule]) -> bool:
    """The faults that come before any work is done; whether the connection is to be reset."""
    if (delay := struck.get(faults.DELAY)) is not None:
        await asyncio.sleep(delay.seconds)
    if faults.THROTTLE in struck:
        raise errors.throttled()
    if faults.UNAVAILABLE in struck:
        raise errors.unavailable()
    return faults.RESET in struck


def _operation(request: web.BaseRequest) -> str:
    target = request.headers.get("X-Amz-Target", "")
    prefix, _, operation = target.rpartition(".")
    known = prefix in _TARGET_PREFIXES and operation in model.operations()
    if request.method != "POST" or not known:
        raise errors.unknown_operation(target)
    return operation


def _let_come(request: web.BaseRequest) -> None:
    """Answer a client that waits for leave to send its body."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _is_connected(request: web.BaseRequest) -> bool:
    transport = request.transport
    return transport is not None and not transport.is_closing()


def _hang_up(request: web.BaseRequest) -> web.Response:
    """Close the connection; the response that aiohttp wants can no longer be written."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _response(request: web.BaseRequest, body: bytes, status: int = 200) -> web.Response:
    old_form = request.headers.get("Content-Type", "").startswith(_OLD_CONTENT_TYPE)
    content_type = _OLD_CONTENT_TYPE if old_form else _CONTENT_TYPE
    headers = {"x-amzn-RequestId": next(_request_ids), "Content-Type": content_type}
    return web.Response(body=body, status=status, headers=headers)


def _refusal(request: web.BaseRequest, refused: SwfFault) -> web.Response:
    body = dumps({"__type": refused.type, "message": refused.message})
    return _response(request, body, refused.status)


async def listen(
    handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
    host: str,
    port: int,
    request_bytes: int,
) -> tuple[web.ServerRunner, int]:
    """Serve a handler; answers the runner, which ends it, and the port it listens on."""
    make_request = partial(
        web.BaseRequest, loop=asyncio.get_running_loop(), client_max_size=request_bytes
    )

    server = web.Server(
        handler,
        request_factory=make_request,
        handler_cancellation=True,
        access_log=None,
        keepalive_timeout=3600,
    )
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=1024).start()
    except OSError as error:
        await runner.cleanup()
        raise errors.StartupError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return runner, runner.addresses[0][1]
