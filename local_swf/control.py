"""The endpoint's own small interface, at `/_local/`: identity, task lists, clock, faults, stop.

Every call needs the header `X-Local-SWF: 1` and must have no `Origin`, so that a web page
in a browser on the same machine can use none of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from local_swf.clock import VirtualClock
from local_swf.connections import Request
from local_swf.daemon import PROTOCOL
from local_swf.errors import LocalSWFError
from local_swf.faults import Faults
from local_swf.jsontext import Json, dumps

if TYPE_CHECKING:
    from local_swf.engine import Engine

HEADER = "X-Local-SWF"
_HEAD = b"Content-Type: application/json\r\n"


class Control:
    """Answers `GET health`, `tasks` and `faults`, and `POST clock`, `faults` and `stop`."""

    def __init__(
        self, engine: Engine, injected: Faults, instance: str, stop: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._faults = injected
        self._instance = instance
        self._stop = stop
        self._gets: dict[str, Callable[[], Json]] = {
            "faults": self._faults_done,
            "health": self.health,
            "tasks": self._tasks,
        }
        self._posts: dict[str, Callable[[Json], Json]] = {
            "clock": self._post_clock,
            "faults": self._post_faults,
            "stop": self._post_stop,
        }

    def handle(self, request: Request, *, taken: bool = True) -> None:
        """One control request; answers JSON."""
        if taken:
            answer, status = self._answer(request)
        else:
            answer, status = {"error": "ask from the machine that it runs on"}, 403
        request.answer(status, _HEAD, dumps(answer))

    def _answer(self, request: Request) -> tuple[Json, int]:
        if request.headers.get(HEADER.lower().encode()) != b"1" or b"origin" in request.headers:
            return {"error": f"send the header {HEADER}: 1 and no Origin"}, 403
        name = request.path.removeprefix("/_local/")
        get = self._gets.get(name)
        if request.method == b"GET" and get is not None:
            return get(), 200
        post = self._posts.get(name)
        if request.method != b"POST" or post is None:
            return {"error": f"no {request.method.decode()} {request.path}"}, 404
        if not request.whole:
            return {"error": "the body is too large"}, 413
        try:
            return post(json.loads(request.body or b"{}")), 200
        except (LocalSWFError, ValueError, TypeError, KeyError, AttributeError) as error:
            return {"error": str(error)}, 400

    def health(self) -> Json:
        """Who this is: `{"instance", "pid", "protocol", "clock", "waiting_pollers"}`."""
        return {
            "clock": self._clock(),
            "instance": self._instance,
            "pid": os.getpid(),
            "protocol": PROTOCOL,
            "waiting_pollers": self._engine.waiting_pollers,
        }

    def _tasks(self) -> Json:
        """`{"lists"}`, as `queues.told` has them."""
        return {"lists": self._engine.task_lists()}

    def _faults_done(self) -> Json:
        """`{"done": {"drop": 3}}`: how many faults there were, by kind."""
        return {"done": dict(self._faults.done)}

    def _clock(self) -> Json:
        clock = self._engine.clock
        return {
            "idle": self._engine.idle,
            "now": clock.now() / 1000,
            "skipping": isinstance(clock, VirtualClock) and clock.skipping,
            "virtual": clock.virtual,
        }

    def _post_clock(self, body: Json) -> Json:
        """`{"unlock": true}`, `{"lock": true}` or `{"advance": seconds}`; answers the clock."""
        if body.get("lock"):
            self._engine.lock_clock()
        if body.get("unlock"):
            self._engine.unlock_clock()
        if "advance" in body:
            self._engine.advance(float(body["advance"]))
        return self._clock()

    def _post_faults(self, body: Json) -> Json:
        """`{"seed", "rules"}` take the place of the rules in force."""
        self._faults.replace(Faults.from_json(body))
        return {}

    def _post_stop(self, _: Json) -> Json:
        self._stop()
        return {}
