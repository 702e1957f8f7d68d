"""Turning telemetry on and off, and the ports of a process."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import logs
from config import Settings
from errors import ConfigurationError
from telemetry import pulse
from telemetry.port import Answer, Port, Route, is_loopback
from telemetry.recorder import Recorder
from telemetry.sdk import Providers, providers, wanted

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

FLUSH_SECONDS = 3.0  # that the end of a process waits for a collector
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OFF = Recorder()

_log = logs.get("telemetry")
_lock = threading.Lock()
_recorder: Recorder = OFF
_begun = False
_providers = Providers()


def recorder() -> Recorder:
    """What things are told to; does nothing while telemetry is off."""
    return _recorder


def begin(role: str, instance: str = "", *, prometheus: bool = False) -> None:
    """Turn telemetry on, once, where the environment asks for it; costs nothing otherwise.

    `role` (decider, worker, starter) is part of the service's name.  A program that has set up
    the SDK itself gets spans and metrics at its own providers.  What fails is logged.
    """
    global _begun, _providers
    if _begun:
        return
    with _lock:
        if _begun:
            return
        _begun = True
        try:
            if prometheus or wanted("TRACES", os.environ) or wanted("METRICS", os.environ):
                _providers = providers(role, instance, prometheus=prometheus)
                atexit.register(end)
                use(_providers.tracer, _providers.meter)
            elif (
                "opentelemetry.sdk.trace" in sys.modules
                or "opentelemetry.sdk.metrics" in sys.modules
            ):
                _use_those_around()
        except Exception as error:  # noqa: BLE001 - telemetry never fails work
            _log.warning(f"Telemetry stays off: {error}")


def use(tracer_provider: TracerProvider | None, meter_provider: MeterProvider | None) -> None:
    """Report to these providers from now on; to none of them: off."""
    global _recorder, _begun
    _begun = True
    if tracer_provider is None and meter_provider is None:
        _recorder = OFF
        return
    from telemetry.reporting import Reporting  # noqa: PLC0415 - only where it is on

    _recorder = Reporting(tracer_provider, meter_provider)


def end() -> None:
    """Send what is left, for a few seconds at most, and turn telemetry off."""
    global _recorder, _begun, _providers
    ended, _providers = _providers, Providers()
    _recorder, _begun = OFF, False
    flushing = threading.Thread(target=ended.shutdown, name="telemetry", daemon=True)
    flushing.start()
    flushing.join(FLUSH_SECONDS)


def _use_those_around() -> None:
    from opentelemetry import metrics, trace  # noqa: PLC0415 - somebody has it already

    tracer, meter = trace.get_tracer_provider(), metrics.get_meter_provider()
    use(
        tracer if type(tracer).__module__.startswith("opentelemetry.sdk") else None,
        meter if type(meter).__module__.startswith("opentelemetry.sdk") else None,
    )


# --- ports -------------------------------------------------------------------------------


@contextmanager
def serving(settings: Settings, role: str, health_port: str | None = None) -> Iterator[None]:
    """Around the life of a worker process: telemetry on, ports open where settings ask for them.

    `health_port` goes before HEALTH_PORT.  A port that cannot be had is logged, and the work goes
    on; `ConfigurationError` where /metrics would be open to others without METRICS_TOKEN.
    """
    health = settings.health_port if health_port is None else health_port
    _check_guarded(settings)
    begin(role, f"{role}-{os.getpid()}", prometheus=bool(settings.metrics_port))
    ports = []
    try:
        for address, routes in _addresses(health, settings.metrics_port).items():
            ports += _opened(address, routes, settings)
        yield
    finally:
        for port in ports:
            port.close()
        end()


def split(address: str) -> tuple[str, int]:
    """`PORT` or `HOST:PORT`; this machine's loopback unless a host is named."""
    host, _, port = address.rpartition(":")
    return host or "127.0.0.1", int(port)


def _check_guarded(settings: Settings) -> None:
    address = settings.metrics_port
    if address and not is_loopback(split(address)[0]) and not settings.metrics_token:
        raise ConfigurationError(
            f"METRICS_PORT {address} is open to other machines: set METRICS_TOKEN, which /metrics "
            "then asks for, or leave the host out"
        )


def _addresses(health: str, metrics: str) -> dict[tuple[str, int], dict[str, Route]]:
    found: dict[tuple[str, int], dict[str, Route]] = {}
    if health:
        found.setdefault(split(health), {}).update({"/healthz": _healthz, "/readyz": _readyz})
    if metrics:
        found.setdefault(split(metrics), {}).update({"/metrics": _metrics})
    return found


def _opened(address: tuple[str, int], routes: dict[str, Route], settings: Settings) -> list[Port]:
    host, number = address
    try:
        port = Port(host, number, routes, settings.metrics_token)
    except OSError as error:
        _log.warning(f"Port {number} cannot be had, and work goes on: {error}")
        return []
    _log.info(f"Listening at {port.url}", paths=" ".join(sorted(routes)))
    return [port]


def _healthz(trusted: bool) -> Answer:  # noqa: FBT001 - a Route
    found = pulse.health()
    return _told(found, good=found.healthy, trusted=trusted)


def _readyz(trusted: bool) -> Answer:  # noqa: FBT001 - a Route
    found = pulse.health()
    return _told(found, good=found.ready, trusted=trusted)


def _told(found: pulse.Health, *, good: bool, trusted: bool) -> Answer:
    lines = ["ok" if good else "not ok", *(found.problems if trusted else ())]
    return Answer(200 if good else 503, "\n".join(lines) + "\n")


def _metrics(trusted: bool) -> Answer:  # noqa: FBT001 - a Route
    if not trusted:
        return Answer(401, "METRICS_TOKEN is asked for: Authorization: Bearer TOKEN\n")
    scrape = _providers.scrape
    if scrape is None:
        return Answer(503, "the log says why there are no metrics\n")
    return Answer(200, scrape(), METRICS_TYPE)
