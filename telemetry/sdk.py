"""OpenTelemetry's SDK, set up by its own standard variables; the extra packages are needed here.

    pip install -r requirements-telemetry.txt

`OTEL_EXPORTER_OTLP_ENDPOINT` (or `..._TRACES_ENDPOINT`, `..._METRICS_ENDPOINT`) turns OTLP on,
as `OTEL_TRACES_EXPORTER=otlp` and `OTEL_METRICS_EXPORTER=otlp` do (`none`: off, `console`: to
standard output); the exporters read the rest (headers, protocol, timeouts, intervals, samplers,
resource attributes).  `OTEL_SDK_DISABLED=true` turns all off.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from errors import ConfigurationError
from telemetry import names
from telemetry.ids import ChosenIds

EXTRA = "pip install -r requirements-telemetry.txt"
FORMS = {"http/protobuf": "http", "grpc": "grpc"}
CLASSES = {
    "TRACES": ("trace_exporter", "OTLPSpanExporter"),
    "METRICS": ("metric_exporter", "OTLPMetricExporter"),
}


@dataclass(frozen=True)
class Providers:
    """What was set up."""

    tracer: Any = None
    meter: Any = None
    scrape: Callable[[], str] | None = None
    """The metrics as Prometheus reads them."""

    def shutdown(self) -> None:
        """Send what is left, and end."""
        for provider in (self.tracer, self.meter):
            if provider is not None:
                provider.shutdown()


def wanted(signal: str, variables: Mapping[str, str]) -> str:
    """The exporter of `TRACES` or `METRICS`: `otlp`, `console`, or nothing."""
    if variables.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return ""
    chosen = variables.get(f"OTEL_{signal}_EXPORTER", "").strip().lower()
    if chosen:
        return chosen if chosen in ("otlp", "console") else ""
    where = (f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    return "otlp" if any(variables.get(name, "").strip() for name in where) else ""


def providers(role: str, instance: str, *, prometheus: bool) -> Providers:
    """Set the SDK up.  Raises `ConfigurationError` where its packages are missing."""
    try:
        return _providers(role, instance, prometheus=prometheus)
    except ImportError as error:
        raise ConfigurationError(f"{error.name or error} is missing: {EXTRA}") from error


def _providers(role: str, instance: str, *, prometheus: bool) -> Providers:
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra package

    named = os.environ.get("OTEL_SERVICE_NAME") or "service.name=" in os.environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )
    own = {"service.instance.id": instance}
    if not named:
        own["service.name"] = f"business-process-{role}"
    resource = Resource.create(own)
    meter, scrape = _meter(resource, prometheus=prometheus)
    return Providers(_tracer(resource), meter, scrape)


def _tracer(resource: Any) -> Any:
    kind = wanted("TRACES", os.environ)
    if not kind:
        return None
    from opentelemetry.sdk.trace import TracerProvider, export  # noqa: PLC0415 - as above

    provider = TracerProvider(resource=resource, id_generator=_generator(), shutdown_on_exit=False)
    exporter = export.ConsoleSpanExporter() if kind == "console" else _otlp("TRACES")()
    provider.add_span_processor(export.BatchSpanProcessor(exporter))
    return provider


def _generator() -> Any:
    return ChosenIds()  # the SDK asks for its methods, not for its base class


def _meter(resource: Any, *, prometheus: bool) -> tuple[Any, Callable[[], str] | None]:
    kind, readers, scrape = wanted("METRICS", os.environ), [], None
    if prometheus:
        reader, scrape = _prometheus()
        readers.append(reader)
    if kind:
        from opentelemetry.sdk.metrics import export  # noqa: PLC0415 - as above

        exporter = export.ConsoleMetricExporter() if kind == "console" else _otlp("METRICS")()
        readers.append(export.PeriodicExportingMetricReader(exporter))
    if not readers:
        return None, None
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - as above

    return MeterProvider(readers, resource, shutdown_on_exit=False, views=views()), scrape


def views() -> list[Any]:
    """What keeps the capitals in Step Functions' names: the SDK makes all names small."""
    from opentelemetry.sdk.metrics.view import View  # noqa: PLC0415 - as above

    capitals = [*names.COUNTERS, *names.IN_MILLISECONDS, names.OPEN]
    return [
        View(instrument_name=name.lower(), name=name) for name in capitals if name != name.lower()
    ]


def _prometheus() -> tuple[Any, Callable[[], str]]:
    from opentelemetry.exporter.prometheus import PrometheusMetricReader  # noqa: PLC0415 - as above
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - as above

    registry = CollectorRegistry()
    reader = PrometheusMetricReader(scope_info_enabled=False, registry=registry)
    return reader, lambda: generate_latest(registry).decode()


def _otlp(signal: str) -> Any:
    """The class of an exporter: HTTP unless OTEL_EXPORTER_OTLP_PROTOCOL says `grpc`."""
    told = (f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    form = next((os.environ[name] for name in told if os.environ.get(name)), "http/protobuf")
    if form not in FORMS:
        raise ConfigurationError(f"{told[1]} is {form!r}; allowed: {', '.join(FORMS)}")
    module, name = CLASSES[signal]
    found = importlib.import_module(f"opentelemetry.exporter.otlp.proto.{FORMS[form]}.{module}")
    return getattr(found, name)
