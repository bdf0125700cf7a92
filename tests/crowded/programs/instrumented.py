"""A conversation with an instrumentation of botocore switched on, and what its spans hold."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import Callable


def opentelemetry() -> Callable[[], list[str]]:
    """Instrument botocore and aiobotocore by OpenTelemetry."""
    from opentelemetry.instrumentation.botocore import AiobotocoreInstrumentor, BotocoreInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for each in (BotocoreInstrumentor(), AiobotocoreInstrumentor()):
        each.instrument(tracer_provider=provider)
    return lambda: [span.to_json() for span in exporter.get_finished_spans()]


def xray() -> Callable[[], list[str]]:
    """Patch botocore and aiobotocore by the X-Ray SDK."""
    from aws_xray_sdk.core import patch, xray_recorder
    from aws_xray_sdk.core.async_context import AsyncContext

    spans: list[str] = []

    class Emitter:
        """Keeps what would be sent to the daemon."""

        def send_entity(self, entity: Any) -> None:
            """Keep a segment."""
            spans.append(entity.serialize())

    def collect() -> list[str]:
        xray_recorder.end_segment()
        return spans

    xray_recorder.configure(context=AsyncContext(), emitter=Emitter(), sampling=False)
    patch(("botocore", "aiobotocore"))
    xray_recorder.begin_segment("conversation")
    return collect


def ddtrace() -> Callable[[], list[str]]:
    """Patch botocore and aiobotocore by Datadog's tracer."""
    from ddtrace import patch

    patch(botocore=True, aiobotocore=True)
    return ddtrace_spans()


def ddtrace_auto() -> Callable[[], list[str]]:
    """Patch whatever Datadog's tracer knows."""
    import ddtrace.auto  # noqa: F401 - it works by its import

    return ddtrace_spans()


def ddtrace_spans() -> Callable[[], list[str]]:
    """Keep the spans, and send none."""
    from ddtrace.trace import TraceFilter, tracer

    spans: list[str] = []

    class Keep(TraceFilter):
        """Keeps what would be sent to the agent."""

        def process_trace(self, trace: list[Any]) -> None:
            """Keep the spans of a trace."""
            spans.extend(f"{span.resource} {span._get_attributes()}" for span in trace)

    def collect() -> list[str]:
        tracer.flush()
        return spans

    tracer.configure(trace_processors=[Keep()])
    return collect


KINDS = {each.__name__: each for each in (opentelemetry, xray, ddtrace, ddtrace_auto)}
"""Instrumentations by their names."""


async def main() -> list[str]:
    """Converse with both APIs, on a service in this process, and return the spans."""
    collect = KINDS[sys.argv[1]]()
    from tests.crowded.programs.crowd import converse, converse_blocking, search_in_vain

    async with LocalMemoryService(extraction_delay=0.1) as service:
        os.environ.update(service.environment)
        await converse("async")
        await asyncio.to_thread(converse_blocking, "sync")
        service.fail("ValidationException", operation="RetrieveMemoryRecords")
        await search_in_vain()
    return collect()


spans = asyncio.run(main())
if sys.argv[1] != "ddtrace_auto":  # which does not patch aiobotocore
    for operation in ("CreateEvent", "ListEvents", "RetrieveMemoryRecords"):
        print(operation, any(operation.lower() in span.lower() for span in spans))
print("spans:", bool(spans), "with content:", [span for span in spans if "window" in span])
