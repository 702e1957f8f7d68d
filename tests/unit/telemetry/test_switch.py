"""When telemetry is on, and what it costs when it is not."""

from __future__ import annotations

import subprocess
import sys
import timeit
from collections.abc import Iterator
from pathlib import Path

import pytest

import config
import telemetry
from errors import ConfigurationError
from telemetry.sdk import wanted
from telemetry.switch import serving, split

HOME = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _off() -> Iterator[None]:
    telemetry.end()
    yield
    telemetry.end()


@pytest.mark.parametrize(
    ("variables", "exporter"),
    [
        ({}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c:4318/v1/metrics"}, ""),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, "otlp"),
        ({"OTEL_TRACES_EXPORTER": "console"}, "console"),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, ""),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, ""),
    ],
)
def test_the_standard_variables_turn_traces_on(variables, exporter):
    assert wanted("TRACES", variables) == exporter


def test_off_it_imports_nothing_of_opentelemetry():
    code = (
        "import sys, decision_worker, activity_worker, workflow_starter, telemetry;"
        "telemetry.begin('starter');"
        "print([m for m in sys.modules if m.startswith('opentelemetry')])"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=HOME, capture_output=True, text=True,
                           check=True, env={})  # fmt: skip
    assert ended.stdout.strip() == "[]"


def test_off_a_report_costs_less_than_a_microsecond():
    def report() -> None:
        telemetry.recorder().called("poll_for_decision_task", 0.1, "ok")

    assert min(timeit.repeat(report, number=10_000, repeat=5)) / 10_000 < 1e-6 * 5


def test_what_is_missing_is_logged_and_work_goes_on(monkeypatch, caplog):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    telemetry.begin("starter")
    assert type(telemetry.recorder()) is telemetry.Recorder
    (line,) = [r.getMessage() for r in caplog.records]
    assert "pip install -r requirements-telemetry.txt" in line


def test_a_protocol_that_is_not_there_is_logged(monkeypatch, caplog):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon")
    telemetry.begin("starter")
    assert "carrier-pigeon" in caplog.text


def test_metrics_beyond_loopback_need_a_token():
    settings = config.load({"METRICS_PORT": "0.0.0.0:0"})
    with pytest.raises(ConfigurationError, match="METRICS_TOKEN"), serving(settings, "decider"):
        pass


def test_a_port_that_is_taken_is_logged_and_work_goes_on(caplog):
    settings = config.load({"HEALTH_PORT": "0"})
    caplog.set_level("INFO")
    with serving(settings, "decider"):
        url = caplog.records[-1].getMessage().removeprefix("Listening at ")
        number = url.rpartition(":")[2]
        with serving(settings, "decider", health_port=number):
            pass
    assert f"Port {number} cannot be had, and work goes on" in caplog.text


@pytest.mark.parametrize(
    ("text", "address"),
    [("8080", ("127.0.0.1", 8080)), ("0.0.0.0:8080", ("0.0.0.0", 8080)), ("h:0", ("h", 0))],
)
def test_addresses(text, address):
    assert split(config.port(text)) == address


@pytest.mark.parametrize("text", ["x", "-1", "65536", ":80", "host:", "1.5", "a:b"])
def test_wrong_addresses_are_refused(text):
    with pytest.raises(ConfigurationError, match=r"HEALTH_PORT.*PORT or HOST:PORT"):
        config.load({"HEALTH_PORT": text})
