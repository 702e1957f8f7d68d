"""The SWF side of a request: from its bytes to its answer, and what a hung-up client means."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import sqlite3
import time
import uuid
from functools import partial

from local_swf import errors, faults, health, model
from local_swf.connections import Request
from local_swf.control import Control
from local_swf.engine import Engine
from local_swf.errors import CommitFailedError, SwfFault
from local_swf.faults import Faults, Rule
from local_swf.jsontext import Json, dumps, loads_request
from local_swf.operations.registry import POLLS
from local_swf.quotas import OF_ONE, Rates
from local_swf.signature import Verifier, region_of
from local_swf.tasklists import HandOut, Poller
from local_swf.validation import check_request

log = logging.getLogger(__name__)

_TARGET_PREFIXES = (
    "SimpleWorkflowService",
    "com.amazonaws.swf.service.model.SimpleWorkflowService",
)
_OLD_CONTENT_TYPE = b"application/json"
_OLD_HEAD = b"Content-Type: application/json\r\nx-amzn-RequestId: "
_HEAD = b"Content-Type: application/x-amz-json-1.0\r\nx-amzn-RequestId: "
_process_id = str(uuid.uuid4())[:24].encode()
_request_numbers = itertools.count(1)
_WITH_ARNS = {
    "DescribeDomain", "ListDomains", "ListTagsForResource", "TagResource", "UntagResource"
}  # fmt: skip
"""Operations that want to know the region that the caller signed for."""

_NOTHING = {
    "PollForDecisionTask": {"previousStartedEventId": 0, "startedEventId": 0},
    "PollForActivityTask": {"startedEventId": 0},
}
"""The answer of a poll that found nothing."""


CLIENT_RATE = 10_000, 2_500
"""Requests from one address that is not this machine's: at once, and more each second."""


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
        self.engine = engine
        self.health = health.Health(engine)
        self.faults = injected
        self.verifier = verifier
        self._control = control
        # The live service leaves the token out; its documentation says that it is empty.
        shown = {"taskToken": ""} if empty_task_token else {}
        self.empty = {name: dumps({**members, **shown}) for name, members in _NOTHING.items()}
        self.operations = {
            f"{prefix}.{name}".encode(): name
            for prefix in _TARGET_PREFIXES
            for name in model.operations()
        }
        """By the value of `X-Amz-Target`."""
        self.last_request = time.monotonic()
        self.in_service = 0
        self.clients = Rates({"request" + OF_ONE: CLIENT_RATE}, _milliseconds)

    def handle(self, request: Request) -> None:
        """One request of any kind."""
        if request.target in health.PATHS:  # who asks for that is no client
            self.health.answer(request)
            return
        self.last_request = time.monotonic()
        if request.target.startswith(b"/_local/"):
            # Nobody signs these: where signatures are asked for they are this machine's alone.
            self._control.handle(request, taken=self.verifier is None or not request.client)
            return
        self.in_service += 1
        _Exchange(self, request).begin()

    def served(self) -> None:
        """A request of SWF has been answered, or its client is gone."""
        self.in_service -= 1
        self.last_request = time.monotonic()


class _Exchange:
    """One request of SWF on its way to an answer.

    To the engine it counts as in service but while it waits as a poll: a poll that waits does
    not keep a virtual clock from jumping.
    """

    __slots__ = (
        "_engine",
        "_frontend",
        "_inside",
        "_operation",
        "_poller",
        "_request",
        "_struck",
        "_timer",
    )

    def __init__(self, frontend: Frontend, request: Request) -> None:
        self._frontend = frontend
        self._engine = frontend.engine
        self._request = request
        self._inside = False
        self._operation = ""
        self._struck: dict[str, Rule] = {}
        self._poller: Poller | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Carry the request out, as far as that goes at once."""
        self._enter()
        try:
            arguments = self._read()
            self._struck = self._frontend.faults.strike(self._operation)
            if (delay := self._struck.get(faults.DELAY)) is not None:
                self._does(faults.DELAY)
                asyncio.get_running_loop().call_later(delay.seconds, partial(self._late, arguments))
            else:
                self._act(arguments)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is answered
            self._failed(error)

    def _late(self, arguments: dict[str, Json]) -> None:
        if not self._request.is_connected():
            self._end()
            return
        try:
            self._act(arguments)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is answered
            self._failed(error)

    def _read(self) -> dict[str, Json]:
        request, frontend = self._request, self._frontend
        if request.client:
            frontend.clients.check_one("request", request.client)
        if b"origin" in request.headers:
            raise errors.access("AccessDeniedException", "Requests of web pages are not served")
        target = request.headers.get(b"x-amz-target", b"")
        operation = frontend.operations.get(target)
        if operation is None or request.method != b"POST":
            raise errors.unknown_operation(target.decode("latin-1"))
        if not request.whole:
            raise errors.too_large()
        if frontend.verifier is not None:
            frontend.verifier.check(request)
        self._operation = operation
        arguments = check_request(operation, loads_request(request.body))
        if operation in _WITH_ARNS:
            arguments["region"] = region_of(request)
        return arguments

    def _act(self, arguments: dict[str, Json]) -> None:
        if self._struck and self._is_reset():
            self._hang_up()
        elif self._operation in POLLS and "nextPageToken" not in arguments:
            self._poll(arguments)
        else:
            body = self._call(arguments)
            self._engine.when_committed(partial(self._done, body))

    def _is_reset(self) -> bool:
        """The faults that come before any work is done; whether the connection is to be reset."""
        if self._does(faults.THROTTLE):
            raise errors.throttled()
        if self._does(faults.UNAVAILABLE):
            raise errors.unavailable()
        return self._does(faults.RESET)

    def _does(self, kind: str) -> bool:
        """Whether a kind of fault strikes this request; it is counted then."""
        struck = kind in self._struck
        if struck:
            self._frontend.faults.done[kind] += 1
        return struck

    def _call(self, arguments: dict[str, Json]) -> bytes:
        if self._does(faults.TWICE):
            with contextlib.suppress(SwfFault):
                self._engine.call(self._operation, arguments)
        return self._engine.call(self._operation, arguments)

    def _done(self, body: bytes, error: CommitFailedError | None) -> None:
        """The work is on the disk, or could not be written."""
        if error is not None:
            self._refuse(errors.internal_failure())
        elif self._does(faults.DROP):
            self._hang_up()
        else:
            self._end()
            self._request.answer(200, _head(self._request), body)

    # Refusals

    def _failed(self, error: Exception) -> None:
        """What a refusal says about the state holds only once that state is on the disk."""
        if isinstance(error, SwfFault):
            self._engine.when_committed(partial(self._refuse_settled, error))
            return
        disk = isinstance(error, sqlite3.Error)  # of which the log has a line already
        log.error("request failed: %s", error, exc_info=None if disk else error)
        self._refuse(errors.internal_failure())

    def _refuse_settled(self, refused: SwfFault, error: CommitFailedError | None) -> None:
        self._refuse(refused if error is None else errors.internal_failure())

    def _refuse(self, refused: SwfFault) -> None:
        body = dumps({"__type": refused.type, "message": refused.message})
        self._end()
        self._request.answer(refused.status, _head(self._request), body)

    def _hang_up(self) -> None:
        self._end()
        self._request.abort()

    # Polls

    def _poll(self, arguments: dict[str, Json]) -> None:
        poller = self._engine.poll(self._operation, arguments, self._request.is_connected)
        self._poller = poller
        self._request.hung_up = self._gone
        if poller.answer.done():
            self._found(poller.answer)
            return
        self._leave()
        self._timer = asyncio.get_running_loop().call_later(
            self._engine.limits.poll_seconds, self._over
        )
        poller.answer.add_done_callback(self._found)

    def _over(self) -> None:
        """Nothing came while the poll was held."""
        poller = self._poller
        if poller is None or poller.answer.done():
            return
        self._poller = None
        self._enter()
        self._engine.leave(poller)
        self._end()
        self._request.answer(200, _head(self._request), self._frontend.empty[self._operation])

    def _gone(self) -> None:
        """The client hung up before it got an answer: another poller gets what was for it."""
        poller, self._poller = self._poller, None
        if poller is not None:
            self._engine.leave(poller)
            answer = poller.answer
            if answer.done() and not answer.cancelled() and answer.exception() is None:
                self._give_back(answer.result())
        self._end()

    def _found(self, answer: asyncio.Future[HandOut]) -> None:
        """A task was handed to the poll; it leaves once its Started event is on the disk."""
        if self._poller is None:
            return
        self._enter()
        if (error := answer.exception()) is not None:
            self._poller = None
            self._refuse(error if isinstance(error, SwfFault) else errors.internal_failure())
        else:
            answer.result().committed.add_done_callback(self._deliver)

    def _deliver(self, committed: asyncio.Future[None]) -> None:
        """Write a task; a client that is gone by then does not keep it."""
        failed, poller = committed.exception(), self._poller
        if poller is None:
            return
        self._poller = self._request.hung_up = None
        handout = poller.answer.result()
        if failed is not None:
            self._refuse(errors.internal_failure())
            return
        if self._does(faults.DUPLICATE):
            self._engine.duplicate(poller, handout)
        if self._does(faults.DROP):
            self._engine.lose(handout)
            self._hang_up()
            return
        delivered = partial(self._delivered, handout)
        self._request.answer(200, _head(self._request), handout.body, delivered)

    def _delivered(self, handout: HandOut, written: bool) -> None:  # noqa: FBT001
        if not written:
            self._give_back(handout)
        self._end()

    def _give_back(self, handout: HandOut) -> None:
        try:
            self._engine.give_back(handout)
        except Exception:
            log.exception("a task could not be given to the next poller; it will time out")

    # In service

    def _enter(self) -> None:
        if not self._inside:
            self._inside = True
            self._engine.enter()

    def _leave(self) -> None:
        if self._inside:
            self._inside = False
            self._engine.exit()

    def _end(self) -> None:
        """The last of the request, but for writing its answer."""
        if self._timer is not None:
            self._timer.cancel()
        self._request.hung_up = None
        self._leave()
        self._frontend.served()


def _milliseconds() -> int:
    return time.monotonic_ns() // 1_000_000


def _head(request: Request) -> bytes:
    """The header lines of an answer: request ids are a random start, then a count."""
    content_type = request.headers.get(b"content-type", b"")
    head = _OLD_HEAD if content_type.startswith(_OLD_CONTENT_TYPE) else _HEAD
    return b"%b%b%012x\r\n" % (head, _process_id, next(_request_numbers))
