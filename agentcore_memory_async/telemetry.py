"""OpenTelemetry: spans by its GenAI conventions, and metrics; needs the extra ``otel``."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from agentcore_memory_async._wire.validation import check_is, kind, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from attrs import Attribute
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

__all__ = ("Telemetry",)


def _choice(_: object, attribute: Attribute[Any], value: object) -> None:
    check_is(attribute.name, value, bool, "give True, False or None")


def _provider(method: str) -> Callable[[object, Attribute[Any], object], None]:
    """Return a check that a value has *method*: a provider need not inherit from the API's."""

    def check(_: object, attribute: Attribute[Any], value: object) -> None:
        if value is not None and (isinstance(value, type) or not hasattr(value, method)):
            advice = f"give an object with {method}(), or None for the global provider"
            refuse(f"{attribute.name} is {kind(value)}; {advice}")

    return check


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
        InvalidInputError: OpenTelemetry's API is not installed, or an argument is invalid.
    """

    tracer_provider: TracerProvider | None = field(default=None, validator=_provider("get_tracer"))
    meter_provider: MeterProvider | None = field(default=None, validator=_provider("get_meter"))
    capture_content: bool | None = field(default=None, validator=_choice)

    def __attrs_post_init__(self) -> None:
        # The namespace opentelemetry is there with any part of it.
        if find_spec("opentelemetry") is None or find_spec("opentelemetry.metrics") is None:
            refuse("Telemetry needs opentelemetry-api: install agentcore-memory-async[otel]")
