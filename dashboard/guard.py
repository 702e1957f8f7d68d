"""Who may look and who may act: hosts, the token, forged forms, and what a browser may load."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Iterable
from urllib.parse import urlencode, urlsplit

import anyio
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request, cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.options import LOOPBACK, Options

COOKIE = "dashboard_token"
FIELD = "csrf"
"""The hidden field of every form that changes something."""

MOST_BYTES = 4_000_000
"""Of a form: a definition and an input, larger than SWF or States Language would take."""

MOST_SECONDS = 30.0
"""How long a form may take to come."""

REQUESTS_AT_ONCE, REQUESTS_PER_SECOND = 1_000, 100.0
"""Of one address: so many, and then so many more each second."""

MOST_ADDRESSES = 10_000
"""That are remembered; with more, all begin anew."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class ForgeryProtection:
    """The secret of this process that every form carries.

    Another site can send a form here, but cannot read it from a page.
    """

    def __init__(self) -> None:
        self.secret = secrets.token_urlsafe(32)

    async def refusal(self, request: Request) -> str:
        """Why a POST is not taken; empty if it is."""
        site = request.headers.get("sec-fetch-site", "same-origin")
        origin = request.headers.get("origin", "")
        if site not in ("same-origin", "none") or _is_foreign(origin, request):
            return "this form was sent by another site"
        form = await request.form()
        if hmac.compare_digest(str(form.get(FIELD) or ""), self.secret):
            return ""
        return "this page is from an earlier start of the program: reload it and try again"


def _is_foreign(origin: str, request: Request) -> bool:
    return origin not in ("", "null") and urlsplit(origin).netloc != request.url.netloc


def middleware(options: Options) -> list[Middleware]:
    """What every request passes through, outermost first."""
    found = [Middleware(_Headers), Middleware(_Paced), Middleware(_Bounded)]
    if options.token:
        found.append(Middleware(_Token, token=options.token))
    else:  # a name of another site that leads here must not be answered as ours
        found.append(Middleware(TrustedHostMiddleware, allowed_hosts=_hosts(LOOPBACK)))
    return found


def _hosts(names: Iterable[str]) -> list[str]:
    return [f"[{name}]" if ":" in name else name for name in names]


class _Headers:
    """Adds the headers that keep a browser from loading or showing what it should not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)


class _Paced:
    """Refuses an address that asks too often: so nobody tries out tokens, or keeps SWF busy."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._left: dict[str, tuple[float, float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client is None or self._may_ask(client[0], time.monotonic()):
            await self._app(scope, receive, send)
            return
        answer = PlainTextResponse("Too many requests.", 429, {"Retry-After": "1"})
        await answer(scope, receive, send)

    def _may_ask(self, address: str, now: float) -> bool:
        left, since = self._left.get(address, (REQUESTS_AT_ONCE, now))
        left = min(REQUESTS_AT_ONCE, left + (now - since) * REQUESTS_PER_SECOND)
        if len(self._left) >= MOST_ADDRESSES:
            self._left.clear()
        self._left[address] = (max(left - 1, 0), now)
        return left >= 1


class _Bounded:
    """Refuses what is longer than any form of ours, before it is kept, and what never ends."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        body = bytearray()
        refused: tuple[str, int] | None = (f"A form comes within {MOST_SECONDS:.0f} s.", 408)
        with anyio.move_on_after(MOST_SECONDS):
            refused = await _taken(receive, body)
        if refused is not None:
            await PlainTextResponse(*refused)(scope, receive, send)
            return
        parts = iter([{"type": "http.request", "body": bytes(body), "more_body": False}])

        async def whole() -> Message:
            return next(parts, None) or await receive()

        await self._app(scope, whole, send)


async def _taken(receive: Receive, body: bytearray) -> tuple[str, int] | None:
    """Take a body in; why that is not done, where it is not."""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            return f"A form has at most {MOST_BYTES:,} bytes.", 413
        if not message.get("more_body", False):
            return None


class _Token:
    """Lets in who has the token: from the address once, afterwards from a cookie."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = QueryParams(scope["query_string"])
        answer: ASGIApp = self._app
        if self._is_right(given.get("token")):
            answer = self._entered(scope["path"], given)
        elif not self._is_right(_cookie(scope)):
            answer = PlainTextResponse(
                "Open the address with ?token=... that 'python -m dashboard' printed.", 401
            )
        await answer(scope, receive, send)

    def _entered(self, path: str, given: QueryParams) -> RedirectResponse:
        rest = urlencode([(k, v) for k, v in given.multi_items() if k != "token"])
        answer = RedirectResponse("/" + path.lstrip("/") + (f"?{rest}" if rest else ""), 303)
        answer.set_cookie(COOKIE, self._token, httponly=True, samesite="strict")
        return answer

    def _is_right(self, given: str | None) -> bool:
        return hmac.compare_digest((given or "").encode(), self._token.encode())


def _cookie(scope: Scope) -> str:
    return cookie_parser(Headers(scope=scope).get("cookie", "")).get(COOKIE, "")
