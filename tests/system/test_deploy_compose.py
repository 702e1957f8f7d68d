"""deploy/compose.yaml as processes: what it starts takes an order through, and drains when told.

No container runs here.  Each service's command runs with its own settings, in a folder that has
just the image's files; only addresses, ports and the data folder are this machine's.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.image import DOCKERFILE, ROOT, context, environment
from tests.system.processes import until

SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())[
    "services"
]
IMAGE = environment(DOCKERFILE.read_text("utf-8"))
PATIENCE_SECONDS = 60


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


class Composed:
    """The services on this machine."""

    def __init__(self, image: Path, data: Path) -> None:
        self.image = image
        self.places = {
            "/data": str(data),
            "0.0.0.0": "127.0.0.1",
            "//swf:": "//127.0.0.1:",
            "8420": free_port(),
            "8421": free_port(),
        }
        self._health = {name: free_port() for name in SERVICES}  # each container has its own 8500
        self.running: dict[str, subprocess.Popen[str]] = {}
        self._logs = data / "logs"
        self._logs.mkdir()

    def command(self, service: str) -> list[str]:
        """A service's command, here."""
        found = [self.here(service, word) for word in SERVICES[service]["command"]]
        assert found[0] == "python"
        return [sys.executable, *found[1:]]

    def environment(self, service: str) -> dict[str, str]:
        """A service's settings, here; what the caller's environment would fill in is empty."""
        told = {**IMAGE, **SERVICES[service].get("environment", {})}
        filled = {name: re.sub(r"\$\{.*\}", "", text) for name, text in told.items()}
        given = {name: self.here(service, text) for name, text in filled.items()}
        return {**given, "PATH": os.environ["PATH"]}

    def here(self, service: str, text: str) -> str:
        """Something that names a place inside the containers."""
        for place, ours in {**self.places, "8500": self._health[service]}.items():
            text = text.replace(place, ours)
        return text

    def start(self, service: str) -> None:
        """Run a service until the end."""
        with self.log(service).open("w") as output:
            self.running[service] = subprocess.Popen(
                self.command(service), env=self.environment(service), cwd=self.image,
                stdout=output, stderr=output, text=True,
            )  # fmt: skip

    def run(self, service: str, *command: str) -> str:
        """Run a command with a service's settings, or its own; what it printed."""
        words = [sys.executable, *command] if command else self.command(service)
        ended = subprocess.run(
            words, env=self.environment(service), cwd=self.image,
            capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def is_healthy(self, service: str) -> bool:
        """What a service's health check says."""
        kind, program, *words = SERVICES[service]["healthcheck"]["test"]
        assert (kind, program) == ("CMD", "python")
        words = [sys.executable, *(self.here(service, word) for word in words)]
        given = {**self.environment(service), "http_proxy": "http://127.0.0.1:1"}
        ended = subprocess.run(words, check=False, capture_output=True, env=given, cwd=self.image)
        return ended.returncode == 0

    def log(self, service: str) -> Path:
        """Where a service writes."""
        return self._logs / f"{service}.log"

    def stop(self, service: str) -> int:
        """What `docker stop` sends; the exit code."""
        process = self.running.pop(service)
        process.send_signal(signal.SIGTERM)
        return process.wait(PATIENCE_SECONDS)


@pytest.fixture
def composed(tmp_path: Path) -> Iterator[Composed]:
    """The services, none of which runs yet."""
    image, data = tmp_path / "app", tmp_path / "data"
    data.mkdir()
    context().copy(image)
    found = Composed(image, data)
    yield found
    for process in found.running.values():
        process.kill()
        process.wait()


@pytest.mark.skipif(os.name == "nt", reason="containers are Linux")
def test_what_compose_starts_takes_an_order_through(composed: Composed) -> None:
    composed.start("swf")
    until(lambda: composed.is_healthy("swf"), "the engine's health")
    assert "registered" in composed.run("set-up")
    for service in ("decider", "activity-worker", "gc", "page"):
        assert "set-up" in SERVICES[service]["depends_on"]
        assert service == "gc" or not composed.is_healthy(service)
        composed.start(service)
    for service in ("decider", "activity-worker", "page"):
        until(lambda name=service: composed.is_healthy(name), f"the health of {service}")

    order = ("start", "--input", "docs/examples/order.json", "--wait")
    assert "COMPLETED" in composed.run("decider", "workflow_starter.py", *order)

    told = re.compile(r"The page is at (\S+/)")
    address = until(lambda: told.search(composed.log("page").read_text()), "an address")[1]
    with urllib.request.urlopen(f"{address}executions", timeout=20) as page:
        assert page.status == 200
        assert "COMPLETED" in page.read().decode()

    until(lambda: "values removed" in composed.log("gc").read_text(), "a collection")
    for service in ("decider", "activity-worker", "gc"):
        assert composed.stop(service) == 0
        assert "Traceback" not in composed.log(service).read_text()
