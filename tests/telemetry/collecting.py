"""Telemetry on OpenTelemetry's own SDK, and the tables of the page that says what it holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agentcore_memory_async import Telemetry

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Tracer

PAGE = Path(__file__).parents[2] / "docs" / "tracing.md"


class Collected:
    """
    Spans and metrics that are kept in memory.

    Args:
        options: Arguments of `Telemetry`.

    Attributes:
        telemetry: What managers are given.
        tracer: Makes spans around what they do.
    """

    def __init__(self, **options: Any) -> None:
        self._exporter, tracers = InMemorySpanExporter(), TracerProvider()
        tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._reader = InMemoryMetricReader()
        meters = MeterProvider([self._reader])
        self.telemetry = Telemetry(tracer_provider=tracers, meter_provider=meters, **options)
        self.tracer: Tracer = tracers.get_tracer("test")

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """The spans that have ended, in that order."""
        return self._exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        """Return the spans of this name."""
        return [span for span in self.spans if span.name == name]

    def clear(self) -> None:
        """Forget the spans."""
        self._exporter.clear()

    def metrics(self) -> dict[str, Any]:
        """Return the metrics by name."""
        data = self._reader.get_metrics_data()
        if data is None:
            return {}
        return {
            metric.name: metric
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


def attributes_of(span: ReadableSpan) -> dict[str, Any]:
    """Return the attributes of a span."""
    return dict(span.attributes or {})


def table(name: str) -> list[list[str]]:
    """Return the rows of a table of the page, without the head."""
    text = PAGE.read_text()
    start = text.index(f"<!-- table: {name} -->")
    lines = text[start : text.index("\n\n", start)].splitlines()[3:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def quoted(cell: str) -> list[str]:
    """Return the names in a cell that are set as code."""
    return re.findall(r"`([^`]+)`", cell)
