"""OpenTelemetry: spans by its GenAI conventions, and metrics; needs the extra ``otel``."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from agentcore_memory_async._wire.validation import check_is, refuse

if TYPE_CHECKING:
    from attrs import Attribute
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

__all__ = ("Telemetry",)


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
