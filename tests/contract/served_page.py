"""The page as a document's commands serve it."""

from __future__ import annotations

import http.cookiejar
import re
import threading
import time
import urllib.request
from typing import Any
from urllib.parse import urlencode

import pytest
import uvicorn

import dashboard.__main__ as page
from dashboard import listening
from dashboard.guard import FIELD
from dashboard.options import PORT, Options


class Page:
    """`python -m dashboard` with these arguments, on a port that is free, until it is closed."""

    def __init__(self, words: list[str], patch: pytest.MonkeyPatch) -> None:
        self._servers: list[uvicorn.Server] = []
        served: list[Options] = []
        servers, make_app = self._servers, page.make_app

        class Server(listening.Server):
            def __init__(self, config: uvicorn.Config) -> None:
                super().__init__(config)
                servers.append(self)

        def app(starter: Any, options: Options, library: Any) -> Any:
            served.append(options)
            return make_app(starter, options, library)

        with patch.context() as here:
            here.setattr(listening, "Server", Server)
            here.setattr(page, "make_app", app)
            here.setattr("webbrowser.open", lambda _: True)
            words = [*words, "--port", "0"]
            self._thread = threading.Thread(target=page.main, args=(words,), daemon=True)
            self._thread.start()
            limit = time.monotonic() + 20
            while not (servers and servers[0].started) and time.monotonic() < limit:
                time.sleep(0.005)
        assert servers, words
        assert servers[0].started, words
        self.options = served[0]
        self.forget()

    def forget(self) -> None:
        """Ask from now on as somebody who has no cookie yet."""
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar)
        self._opener.addheaders = [("Accept-Language", "en")]

    def get(self, address: str = "/") -> str:
        """What it answers, at an address as a document has it."""
        path = re.sub(rf"^http://127\.0\.0\.1:{PORT}", "", address)
        with self._opener.open(self._url(path), timeout=20) as answer:
            return str(answer.read().decode())

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.options.port}{path}"

    def send(self, address: str, **fields: str) -> str:
        """Send the form that is at an address; gives the page that it leads to."""
        path = address.partition("?")[0]
        form = self.get(address)
        found = re.search(rf'name="{FIELD}" value="([^"]+)"', form)
        assert found, address
        data = urlencode({FIELD: found[1], **fields}).encode()
        with self._opener.open(self._url(path), data, timeout=20) as answer:
            return str(answer.read().decode())

    def close(self) -> None:
        """What Ctrl+C does."""
        self._servers[0].should_exit = True
        self._thread.join(20)
