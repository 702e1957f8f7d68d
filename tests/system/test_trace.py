"""One trace of an execution whose processes send it to a collector by OTLP."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from decision_worker import workflow_steps
from tests.system.processes import PATIENCE_SECONDS, Processes

SHORT_RUN = "20"  # events, from which on a run continues as new
START = ["start", "--input", "docs/examples/order.json", "--id", "order-1", "--wait", "--json"]


class Collector:
    """What an OTLP collector gets of traces."""

    def __init__(self) -> None:
        self.services: set[str] = set()
        self.spans: list[Any] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/v1/traces":
                    collector.take(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def take(self, sent: ExportTraceServiceRequest) -> None:
        for resource in sent.resource_spans:
            told = {item.key: item.value.string_value for item in resource.resource.attributes}
            self.services.add(told["service.name"])
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]

    def runs(self) -> list[Any]:
        """The spans of runs, in the order in which they began."""
        found = [span for span in self.spans if span.name == "BusinessProcess"]
        return sorted(found, key=lambda span: span.start_time_unix_nano)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


@pytest.fixture
def app(tmp_path: Path, collector: Collector) -> Iterator[Processes]:
    processes = Processes(
        tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, MAX_ATTEMPTS="1",
        NOTIFIER="webhook", NOTIFIER_TARGET="http://127.0.0.1:1",
    )  # fmt: skip
    yield processes
    processes.stop()


def outcome(span: Any) -> str:
    return str(next(a.value.string_value for a in span.attributes if a.key == "outcome"))


def test_one_trace_over_all_processes_and_runs(app: Processes, collector: Collector) -> None:
    """Started, continued as new, failed, resumed by a command, and completed."""
    decider = app.start("tests/system/brief_decider.py", SHORT_RUN)
    worker = app.start("activity_worker.py")
    assert app.run(["workflow_starter.py", *START]).returncode == 1, "nobody can be notified"
    drain(worker)
    app.environment |= {"NOTIFIER": "outbox", "NOTIFIER_TARGET": ""}
    worker = app.start("activity_worker.py")
    command = ["workflow_starter.py", "resume", "order-1", "--step", "SaveResults", "--json"]
    resumed = app.run(command)
    assert resumed.returncode == 0, resumed.stderr
    told = json.loads(resumed.stdout)
    assert app.starter.wait("order-1", told["run_id"], timeout=60)["state"] == "COMPLETED"
    drain(decider)
    drain(worker)

    assert collector.services == {f"business-process-{r}" for r in ("starter", "decider", "worker")}
    assert len({span.trace_id for span in collector.spans}) == 1
    runs = collector.runs()
    ends = [outcome(run) for run in runs]
    assert Counter(ends)["FAILED"] == Counter(ends)["COMPLETED"] == 1
    assert ends.index("FAILED") > 0, "it had continued as new"
    assert [[link.span_id for link in run.links] for run in runs] == [
        [],
        *([run.span_id] for run in runs[:-1]),
    ]
    known = {span.span_id for span in collector.spans}
    assert {s.name for s in collector.spans if s.parent_span_id not in known} == {"BusinessProcess"}
    for step in workflow_steps:
        attempts = [s for s in collector.spans if s.name == f"{step} attempt 1"]
        assert {s.name for s in collector.spans if s.span_id in parents(attempts)} == {step}
        worked = [s for s in collector.spans if s.name == f"Execute {step}"]
        assert parents(worked) == {s.span_id for s in attempts}


def parents(spans: list[Any]) -> set[bytes]:
    return {span.parent_span_id for span in spans}


def drain(process: Any) -> None:
    """Ask a process to end, which sends what it has."""
    process.terminate()
    assert process.wait(PATIENCE_SECONDS) == 0
