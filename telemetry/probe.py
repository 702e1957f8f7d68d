"""Asks a process of this container how it is: the exit code is 0 where it is well.

    python -I telemetry/probe.py [healthz|readyz] [PORT]

The port is HEALTH_PORT's unless given.  Run as a file, it imports nothing of ours: it is asked
every few seconds.  No proxy is asked, whatever the environment says.
"""

from __future__ import annotations

import http.client
import os
import sys

SECONDS = 5.0


def main(path: str = "healthz", port: str = "") -> int:
    """The exit code; what is not well goes to standard output, where Docker keeps it."""
    number = port or os.environ.get("HEALTH_PORT", "").rpartition(":")[2]
    try:
        connection = http.client.HTTPConnection("127.0.0.1", int(number), timeout=SECONDS)
        connection.request("GET", f"/{path}")
        answer = connection.getresponse()
        print(answer.read(1000).decode(errors="replace"), end="")
    except (OSError, http.client.HTTPException, ValueError) as error:
        print(f"not ok: {error}")
        return 1
    return 0 if answer.status == http.HTTPStatus.OK else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
