"""Health and metrics of worker processes as they are run, and of workers made to fail."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import urllib3
from starlette.responses import Response
from starlette.routing import Route

import config
import dashboard.__main__ as page_program
from dashboard.app import make_app
from decision_worker import DecisionWorker
from telemetry import loops, pulse
from tests.contract.served_page import Page
from tests.contract.test_task_logs import ORDER

HOME = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 30.0


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


class Process:
    """A worker in a process of its own, with its log."""

    def __init__(self, script: str, *arguments: str, **env: str) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SWF_", "OTEL_"))}
        self.child = subprocess.Popen(
            [sys.executable, *script.split(), *arguments],
            env={**kept, **env}, cwd=HOME, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.lines: list[str] = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.child.stderr is not None
        with self.child.stderr as log:
            self.lines.extend(iter(log.readline, ""))

    def url(self, path: str) -> str:
        """Where it serves a path, once its log has said so."""
        found: list[str] = []

        def told() -> bool:
            for line in self.lines[:]:
                match = re.search(r"Listening at (\S+)", line)
                if match and path in line:
                    found.append(match[1])
            return bool(found) or self.child.poll() is not None

        until(told, "a line about the port")
        assert found, self.lines
        return found[0] + path

    def get(self, path: str) -> tuple[int, str]:
        answer = urllib3.request("GET", self.url(path), timeout=10, retries=False)
        return answer.status, answer.data.decode()

    def ended(self) -> tuple[int, float]:
        """Ask it to drain; its exit code, and how long it took."""
        begun = time.monotonic()
        self.child.send_signal(signal.SIGTERM)
        code = self.child.wait(PATIENCE_SECONDS)
        self.reader.join(PATIENCE_SECONDS)
        return code, time.monotonic() - begun


@pytest.fixture
def process(app, tmp_path) -> Iterator[Callable[..., Process]]:
    made: list[Process] = []

    def make(script: str, *arguments: str, **env: str) -> Process:
        env = {"SWF_ENDPOINT": app.swf.url, "DATA_DIR": str(tmp_path), **env}
        made.append(Process(script, *arguments, **env))
        return made[-1]

    yield make
    for one in made:
        if one.child.poll() is None:
            one.child.kill()
        one.child.wait()
        one.reader.join(PATIENCE_SECONDS)


@pytest.mark.parametrize("script", ["decision_worker.py", "activity_worker.py"])
def test_a_process_is_ready_once_it_polls(process, script):
    worker = process(script, "--health-port", "0")
    until(lambda: worker.get("/readyz") == (200, "ok\n"), "it polls")
    assert worker.get("/healthz") == (200, "ok\n")
    assert worker.ended()[0] == 0


def test_the_page_is_ready_once_its_loop_runs(process):
    page = process("-m dashboard", "--port", "0", "--health-port", "0", METRICS_PORT="0")
    until(lambda: page.get("/readyz") == (200, "ok\n"), "it serves")
    assert page.get("/healthz") == (200, "ok\n")
    text = page.get("/metrics")[1]
    assert 'process_loop_lag_seconds{loop="page"}' in text
    assert 'service_name="business-process-page"' in text
    page.child.send_signal(signal.SIGINT)
    assert page.child.wait(PATIENCE_SECONDS) == 0


def test_a_page_whose_loop_is_stuck_shows(app, monkeypatch):
    """A view that blocks the loop itself, which no view is to do."""
    monkeypatch.setattr(pulse, "_all", type(pulse._all)())
    monkeypatch.setattr(loops, "LATE_SECONDS", 0.2)
    held = threading.Event()

    async def blocks(_):
        held.wait(30)
        return Response("")

    def app_with_it(*arguments):
        made = make_app(*arguments)
        made.router.routes.insert(0, Route("/block", blocks))
        return made

    monkeypatch.setattr(page_program, "make_app", app_with_it)
    monkeypatch.setattr(config, "_current", None)
    for name, value in {
        "SWF_ENDPOINT": app.swf.url,
        "DATA_DIR": str(app.settings.data_dir),
    }.items():
        monkeypatch.setenv(name, value)
    page = Page([], monkeypatch)
    try:
        until(lambda: pulse.health().ready, "it serves")
        asking = threading.Thread(target=page.get, args=("/block",))
        asking.start()
        until(lambda: not pulse.health().ready, "it lags")
        assert "the event loop of page is late" in pulse.health().problems[0]
        held.set()
        asking.join(30)
    finally:
        held.set()
        page.close()


def test_without_an_engine_a_process_is_healthy_and_not_ready(process):
    worker = process("decision_worker.py", HEALTH_PORT="0", SWF_ENDPOINT="http://127.0.0.1:1")
    until(lambda: "polls of decider fail" in worker.get("/readyz")[1], "a poll has failed")
    assert worker.get("/readyz")[0] == 503
    assert worker.get("/healthz")[0] == 200


def test_a_poller_that_is_stuck_shows(app, monkeypatch):
    """A poll that never returns: a lost connection that nobody closes."""
    monkeypatch.setattr(pulse, "_all", type(pulse._all)())
    held = threading.Event()

    class Stuck(DecisionWorker):
        def _shared_turn(self):
            self._polls.task(lambda: held.wait(60) and None)

    decider = Stuck(app.settings)
    decider._polls._pulse.longest = 0.2
    running = threading.Thread(target=decider.run, daemon=True)
    running.start()
    try:
        until(lambda: not pulse.health().healthy, "it is stuck")
        assert "has not returned for" in pulse.health().problems[0]
    finally:
        held.set()
        decider.stop()
        running.join(30)
    assert pulse.health().healthy, "who drains is not stuck"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_poller_that_died_shows(app, monkeypatch):
    monkeypatch.setattr(pulse, "_all", type(pulse._all)())

    class Dying(DecisionWorker):
        def _own_turn(self):
            raise SystemExit  # what no `except Exception` catches

    decider = app.decider(Dying(app.settings))
    until(lambda: not pulse.health().healthy, "a thread died")
    assert re.fullmatch(r"thread decider-\d has died", pulse.health().problems[0])
    assert decider


def test_metrics_for_prometheus(app, process):
    decider = process("decision_worker.py", METRICS_PORT="0", HEALTH_PORT="0")
    until(lambda: decider.get("/readyz")[0] == 200, "it polls")
    app.worker()
    app.finish(app.starter.start_workflow(ORDER))
    named = 'process="BusinessProcess",version="1.0"'
    wanted = f"ExecutionsSucceeded_total{{{named}}} 1.0"
    until(lambda: wanted in decider.get("/metrics")[1], "the execution is counted")
    text = decider.get("/metrics")[1]
    assert 'process_poller_slots{state="polling",worker="decider"}' in text
    assert "process_step_duration_seconds_bucket{" in text
    assert "ExecutionTime_milliseconds_sum{" in text
    assert 'swf_calls_total{operation="poll_for_decision_task",outcome="ok"}' in text


def test_one_port_serves_both(process):
    worker = process("activity_worker.py", HEALTH_PORT="0", METRICS_PORT="127.0.0.1:0")
    until(lambda: worker.get("/readyz")[0] == 200, "it polls")
    assert worker.url("/metrics").rpartition("/")[0] == worker.url("/healthz").rpartition("/")[0]


class TestOtlp:
    @pytest.fixture
    def collector(self) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
        got: list[tuple[str, bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", got
        server.shutdown()
        server.server_close()
        thread.join()

    @pytest.fixture
    def silent(self) -> Iterator[str]:
        """A collector that takes connections, and never answers."""
        with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"

    def test_spans_and_metrics_reach_a_collector_by_the_standard_variables(
        self, app, process, collector
    ):
        url, got = collector
        decider = process("decision_worker.py", OTEL_EXPORTER_OTLP_ENDPOINT=url, HEALTH_PORT="0")
        until(lambda: decider.get("/readyz")[0] == 200, "it polls")
        app.worker()
        run = app.starter.start_workflow(ORDER)
        app.finish(run)
        assert decider.ended()[0] == 0
        sent = {path: b"".join(body for to, body in got if to == path) for path, _ in got}
        assert b"SaveResults attempt 1" in sent["/v1/traces"]
        assert b"business-process-decider" in sent["/v1/traces"]
        assert run["workflow_id"].encode() in sent["/v1/traces"]
        assert b"ExecutionsSucceeded" in sent["/v1/metrics"]

    def test_with_the_collector_away_work_is_done_and_the_process_ends_in_time(
        self, app, process, silent
    ):
        def env(collector):
            return {"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "HEALTH_PORT": "0"}

        decider = process("decision_worker.py", **env("http://127.0.0.1:1"))
        worker = process("activity_worker.py", **env(silent))
        until(lambda: decider.get("/readyz")[0] == worker.get("/readyz")[0] == 200, "they poll")
        events = app.finish(app.starter.start_workflow(ORDER))
        assert events[-1]["eventType"] == "WorkflowExecutionCompleted"
        for one in (decider, worker):
            code, seconds = one.ended()
            assert code == 0
            assert seconds < 10
