"""What a manager or a control is followed by: nothing of OpenTelemetry, unless it is asked for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from agentcore_memory_async._wire.validation import check_is
from agentcore_memory_async.telemetry import Telemetry

if TYPE_CHECKING:
    from agentcore_memory_async._calls.observer import Observer

CAPTURE_VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""Environment variable by which the conventions let a user opt in to content."""
CAPTURING = ("true", "span_only", "span_and_event")
"""Values of it that put content into spans, in any case."""


class _HasEndpoint(Protocol):
    @property
    def endpoint_url(self) -> str: ...


def observer_of(telemetry: Telemetry | None, client: _HasEndpoint) -> Observer | None:
    """Return what follows the operations of *client* for *telemetry*; None where that is None."""
    check_is("telemetry", telemetry, Telemetry, "give a Telemetry, or None")
    if telemetry is None:
        return None
    from opentelemetry.metrics import get_meter_provider
    from opentelemetry.trace import get_tracer_provider

    from agentcore_memory_async._telemetry.observer import OpenTelemetryObserver

    captures_content = telemetry.capture_content
    if captures_content is None:
        captures_content = os.environ.get(CAPTURE_VARIABLE, "").lower() in CAPTURING
    return OpenTelemetryObserver(
        telemetry.tracer_provider or get_tracer_provider(),
        telemetry.meter_provider or get_meter_provider(),
        captures_content,
        lambda: client.endpoint_url,
    )
