"""What follows operations and calls, and tells OpenTelemetry; imported where it is switched on."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from opentelemetry.trace import SpanKind, StatusCode, use_span

from agentcore_memory_async._telemetry.conventions import (
    answer_attributes,
    answer_content,
    error_description,
    error_type,
    request_attributes,
    request_content,
    server_attributes,
    span_name,
)
from agentcore_memory_async._version import __version__

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Mapping

    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

T = TypeVar("T")

_LOG = logging.getLogger("agentcore_memory_async")
"""Where it is told that tracing itself failed."""
SCOPE = "agentcore_memory_async"
"""Name of the instrumentation scope of all spans and metrics."""
BOUNDARIES_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Boundaries of durations that are proposed to a histogram, in seconds."""


@contextmanager
def _ending(span: Span) -> Generator[Span]:
    """Make *span* the current one, and end it; what ends spans may fail, and the call has not."""
    try:
        with use_span(
            span,
            record_exception=False,  # it may show content, where it is none of this package
            set_status_on_exception=False,
        ):
            yield span
    finally:
        try:
            span.end()
        except Exception as error:  # noqa: BLE001 - a span processor is anybody's code
            _LOG.warning("a span could not be ended: %s", type(error).__name__)


class OpenTelemetryObserver:
    """
    Makes a span of each operation that the conventions name, and a measurement of each call.

    Args:
        tracers: Where the spans go.
        meters: Where the measurements go.
        captures_content: Whether spans have query texts and records.
        endpoint_url: Returns where requests go; empty if that is not known.
    """

    def __init__(
        self,
        tracers: TracerProvider,
        meters: MeterProvider,
        captures_content: bool,
        endpoint_url: Callable[[], str],
    ) -> None:
        self._tracer = tracers.get_tracer(SCOPE, __version__)
        meter = meters.get_meter(SCOPE, __version__)
        self._duration = meter.create_histogram(
            "agentcore_memory.client.call.duration",
            unit="s",
            description="Duration of a call, with all its requests and the waits between them.",
            explicit_bucket_boundaries_advisory=BOUNDARIES_S,
        )
        self._retries = meter.create_counter(
            "agentcore_memory.client.call.retries",
            unit="{request}",
            description="Requests beyond the first of a call.",
        )
        self._captures_content = captures_content
        self._endpoint_url = endpoint_url

    def follow(
        self, operation: str, request: Mapping[str, Any], done: Awaitable[T]
    ) -> Awaitable[T]:
        """Return what awaits *done* in a span, where the conventions name the operation."""
        name = span_name(operation, request)
        return done if name is None else self._in_span(name, operation, request, done)

    async def _in_span(
        self, name: str, operation: str, request: Mapping[str, Any], done: Awaitable[T]
    ) -> T:
        attributes = {**request_attributes(operation, request), **self._server()}
        try:
            begun = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)
        except Exception as error:  # noqa: BLE001 - samplers and processors are anybody's code
            _LOG.warning("a span could not be begun: %s", type(error).__name__)
            return await done
        with _ending(begun) as span:
            captures = self._captures_content and span.is_recording()
            if captures:
                span.set_attributes(request_content(operation, request))
            try:
                answer = await done
            except BaseException as error:
                span.set_attribute("error.type", error_type(error))
                span.set_status(StatusCode.ERROR, error_description(error))
                raise
            span.set_attributes(answer_attributes(answer))
            if captures:
                span.set_attributes(answer_content(answer))
            return answer

    def ended(
        self, operation: str, duration_s: float, requests: int, error: BaseException | None
    ) -> None:
        """Note a call that has ended: its duration and its retries."""
        attributes = {"agentcore_memory.operation": operation, **self._server()}
        try:
            if requests > 1:
                self._retries.add(requests - 1, attributes)
            if error is not None:
                attributes = {**attributes, "error.type": error_type(error)}
            self._duration.record(duration_s, attributes)
        except Exception as failure:  # noqa: BLE001 - as above; the call has been made
            _LOG.warning("a metric could not be recorded: %s", type(failure).__name__)

    def _server(self) -> Mapping[str, str | int]:
        return server_attributes(self._endpoint_url())
