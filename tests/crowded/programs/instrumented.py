"""Calls with an instrumentation of botocore switched on, and what its spans hold."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import Callable


@frozen
class Span:
    """
    What an instrumentation tells of one request.

    Attributes:
        text: All of it.
        service: Name of the service.
        operation: Name of the operation.
        status: HTTP status, or None.
        error: Class of the error, with or without its module, or None.
    """

    text: str
    service: str = ""
    operation: str = ""
    status: object = None
    error: str | None = None

    def __str__(self) -> str:
        service = self.service.lower().replace(" ", "-")
        error = self.error and self.error.rpartition(".")[2]
        return f"{service} {self.operation} {self.status} {error}"


def opentelemetry() -> Callable[[], list[Span]]:
    """Instrument botocore and aiobotocore by OpenTelemetry."""
    from opentelemetry.instrumentation.botocore import AiobotocoreInstrumentor, BotocoreInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for each in (BotocoreInstrumentor(), AiobotocoreInstrumentor()):
        each.instrument(tracer_provider=provider)

    def read(span: Any) -> Span:
        told = span.attributes
        errors = [event.attributes["exception.type"] for event in span.events]
        return Span(
            span.to_json(),
            told["rpc.service"],
            told["rpc.method"],
            told["http.status_code"],
            errors[0] if errors else None,
        )

    def collect() -> list[Span]:
        spans = [read(span) for span in exporter.get_finished_spans()]
        exporter.clear()
        return spans

    return collect


def xray() -> Callable[[], list[Span]]:
    """Patch botocore and aiobotocore by the X-Ray SDK."""
    from aws_xray_sdk.core import patch, xray_recorder
    from aws_xray_sdk.core.async_context import AsyncContext

    sent: list[Any] = []

    class Emitter:
        """Keeps what would be sent to the daemon."""

        def send_entity(self, entity: Any) -> None:
            """Keep a segment, or a part of one."""
            sent.append(json.loads(entity.serialize()))

    def parts(entity: Any) -> list[Any]:
        below = entity.get("subsegments", ())
        return [each for part in below for each in (part, *parts(part))]

    def read(part: Any) -> Span:
        told, cause = part["aws"], part.get("cause")
        return Span(
            json.dumps(part),
            part["name"],
            told["operation"],
            part["http"]["response"]["status"],
            cause and cause["exceptions"][0]["type"],
        )

    def collect() -> list[Span]:
        xray_recorder.end_segment()
        spans = [read(part) for entity in sent for part in parts(entity)]
        sent.clear()
        xray_recorder.begin_segment("conversation")
        return spans

    xray_recorder.configure(context=AsyncContext(), emitter=Emitter(), sampling=False)
    patch(("botocore", "aiobotocore"))
    xray_recorder.begin_segment("conversation")
    return collect


def ddtrace() -> Callable[[], list[Span]]:
    """Patch botocore and aiobotocore by Datadog's tracer."""
    from ddtrace import patch

    patch(botocore=True, aiobotocore=True)
    return ddtrace_spans()


def ddtrace_auto() -> Callable[[], list[Span]]:
    """Patch whatever Datadog's tracer knows."""
    import ddtrace.auto  # noqa: F401 - it works by its import

    return ddtrace_spans()


def ddtrace_spans() -> Callable[[], list[Span]]:
    """Keep the spans, and send none."""
    from ddtrace.trace import TraceFilter, tracer

    kept: list[Span] = []

    class Keep(TraceFilter):
        """Keeps what would be sent to the agent."""

        def process_trace(self, trace: list[Any]) -> None:
            """Keep the spans of a trace."""
            kept.extend(map(read, trace))

    def read(span: Any) -> Span:
        told = span._get_attributes()
        return Span(
            f"{span.resource} {told}",
            span.resource.partition(".")[0],
            told.get("aws.operation", ""),
            told.get("http.status_code"),
            told.get("error.type"),
        )

    def collect() -> list[Span]:
        tracer.flush()
        spans = kept.copy()
        kept.clear()
        return spans

    tracer.configure(trace_processors=[Keep()])
    return collect


KINDS = {each.__name__: each for each in (opentelemetry, xray, ddtrace, ddtrace_auto)}
"""Instrumentations by their names."""


async def main() -> None:
    """Converse with both APIs, then fail, and print what is told, on a service in this process."""
    collect = KINDS[sys.argv[1]]()
    from tests.crowded.programs.crowd import converse, converse_blocking, fail_and_retry

    async with LocalMemoryService(extraction_delay=0.1) as service:
        os.environ.update(service.environment)
        await converse("async")
        spans = collect()
        await asyncio.to_thread(converse_blocking, "sync")
        spans += collect()
        await fail_and_retry(service)
        last = collect()
    spans += last
    if sys.argv[1] != "ddtrace_auto":  # which does not patch aiobotocore
        print(*last, sep="\n")
    content = [span.text for span in spans if "window" in span.text]
    print("spans:", bool(spans), "with content:", content)


asyncio.run(main())
