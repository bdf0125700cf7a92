"""OpenTelemetry: spans by its GenAI conventions, and metrics; needs the extra ``otel``."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from attrs import field, frozen

from agentcore_memory_async._wire.validation import check_is, refuse

if TYPE_CHECKING:
    from attrs import Attribute
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from agentcore_memory_async._calls.observer import Observer

__all__ = ("Telemetry",)

CAPTURE_VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""Environment variable by which the conventions let a user opt in to content."""
CAPTURING = ("true", "span_only", "span_and_event")
"""Values of it that put content into spans, in any case."""


class _HasEndpoint(Protocol):
    @property
    def endpoint_url(self) -> str: ...


def _choice(_: object, attribute: Attribute[Any], value: object) -> None:
    check_is(attribute.name, value, bool, "give True, False or None")


@frozen(kw_only=True)
class Telemetry:
    """
    Spans and metrics for OpenTelemetry, of the managers and controls that it is given to.

    ``AsyncMemorySessionManager(memory_id, telemetry=Telemetry())`` has them. One object serves any
    number of managers.

    Attributes:
        tracer_provider: Where the spans go; the global provider if omitted.
        meter_provider: Where the metrics go; the global provider if omitted.
        capture_content: Whether spans have query texts and records, which may be sensitive. If
            omitted, ``OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`` says so when a manager
            is made, by ``true``, ``span_only`` or ``span_and_event``; without it they have none.

    Raises:
        InvalidInputError: OpenTelemetry's API is not installed, or *capture_content* is invalid.
    """

    tracer_provider: TracerProvider | None = None
    meter_provider: MeterProvider | None = None
    capture_content: bool | None = field(default=None, validator=_choice)

    def __attrs_post_init__(self) -> None:
        # The namespace opentelemetry is there with any part of it.
        if find_spec("opentelemetry") is None or find_spec("opentelemetry.metrics") is None:
            refuse("Telemetry needs opentelemetry-api: install agentcore-memory-async[otel]")


def observer_of(telemetry: Telemetry | None, client: _HasEndpoint) -> Observer | None:
    """Return what follows the operations of *client* for *telemetry*; None where that is None."""
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
