"""The endpoint's own small interface, at `/_local/`: identity, clock, faults, stop.

Every call needs the header `X-Local-SWF: 1` and must have no `Origin`, so that a web page
in a browser on the same machine can use none of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

from local_swf.clock import VirtualClock
from local_swf.daemon import PROTOCOL
from local_swf.errors import LocalSWFError
from local_swf.faults import Faults
from local_swf.jsontext import Json, dumps

if TYPE_CHECKING:
    from local_swf.engine import Engine

HEADER = "X-Local-SWF"


class Control:
    """Answers `GET health` and `POST clock`, `POST faults`, `POST stop`."""

    def __init__(
        self, engine: Engine, injected: Faults, instance: str, stop: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._faults = injected
        self._instance = instance
        self._stop = stop
        self._posts: dict[str, Callable[[Json], Json]] = {
            "clock": self._post_clock,
            "faults": self._post_faults,
            "stop": self._post_stop,
        }

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One control request; answers JSON."""
        if request.headers.get(HEADER) != "1" or "Origin" in request.headers:
            return _answer({"error": f"send the header {HEADER}: 1 and no Origin"}, 403)
        name = request.path.removeprefix("/_local/")
        if (request.method, name) == ("GET", "health"):
            return _answer(self.health())
        post = self._posts.get(name)
        if request.method != "POST" or post is None:
            return _answer({"error": f"no {request.method} {request.path}"}, 404)
        try:
            body = json.loads(await request.read() or b"{}")
            return _answer(post(body))
        except (LocalSWFError, ValueError, TypeError, KeyError, AttributeError) as error:
            return _answer({"error": str(error)}, 400)

    def health(self) -> Json:
        """Who this is: `{"instance", "pid", "protocol", "clock", "waiting_pollers"}`."""
        return {
            "clock": self._clock(),
            "instance": self._instance,
            "pid": os.getpid(),
            "protocol": PROTOCOL,
            "waiting_pollers": self._engine.waiting_pollers,
        }

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


def _answer(value: Json, status: int = 200) -> web.Response:
    return web.Response(body=dumps(value), status=status, content_type="application/json")
