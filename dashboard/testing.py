"""The page, served from a thread on a port of its own: for tests and measurements.

    with served(starter) as address:
        urlopen(f"{address}/executions")

It is gone when the block ends.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from dashboard.app import make_app
from dashboard.library import Library
from dashboard.listening import server
from dashboard.options import Options
from workflow_starter import WorkflowStarter

PATIENCE_SECONDS = 20.0


@contextmanager
def served(
    starter: WorkflowStarter, options: Options | None = None, library: Library | None = None
) -> Iterator[str]:
    """The address, without a slash at its end, of the page on a starter."""
    options = options or Options(port=0)
    listening = socket.create_server(("127.0.0.1", options.port))
    chosen = replace(options, port=listening.getsockname()[1])
    serving = server(make_app(starter, chosen, library), timeout_graceful_shutdown=1)
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not serving.started and time.monotonic() < deadline:
        time.sleep(0.005)
    if not serving.started:
        raise TimeoutError(f"the page was not served within {PATIENCE_SECONDS} s")
    try:
        yield f"http://127.0.0.1:{chosen.port}"
    finally:
        serving.should_exit = True
        thread.join(PATIENCE_SECONDS)
