"""Telemetry that is on, with exporters that keep what they get."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import telemetry
from telemetry.sdk import views


class InMemory:
    """Spans and metrics of this process."""

    def __init__(self) -> None:
        self._exporter, self._reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracer = TracerProvider(shutdown_on_exit=False)
        self.tracer.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.meter = MeterProvider([self._reader], shutdown_on_exit=False, views=views())

    def spans(self, beginning: str = "") -> list[ReadableSpan]:
        """Those whose name begins so, in the order in which they ended."""
        return [s for s in self._exporter.get_finished_spans() if s.name.startswith(beginning)]

    def span(self, name: str) -> ReadableSpan:
        """The only one of that name."""
        (found,) = [s for s in self.spans() if s.name == name]
        return found

    def points(self, name: str, **attributes: str) -> list[Any]:
        """The points of a metric that have these attributes."""
        data = self._reader.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data is not None else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
            if attributes.items() <= dict(point.attributes or {}).items()
        ]

    def total(self, name: str, **attributes: str) -> float:
        """What a counter has counted, or how often a histogram has measured."""
        points = self.points(name, **attributes)
        return sum(p.count if hasattr(p, "count") else p.value for p in points)


@contextmanager
def in_memory() -> Iterator[InMemory]:
    """Until the end, all that this process tells is kept."""
    found = InMemory()
    telemetry.use(found.tracer, found.meter)
    try:
        yield found
    finally:
        telemetry.end()
        found.tracer.shutdown()
        found.meter.shutdown()
