"""A web app whose requests, operations on memory, and requests to AWS are one trace."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.instrumentation.botocore import AiobotocoreInstrumentor
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agentcore_memory_async import AsyncMemorySessionManager, MemorySessionManager, Telemetry
from tests.crowded.programs.crowd import MEMORY_ID

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

SAID = [{"role": "user", "content": "I only fly window seats"}]
exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
AiobotocoreInstrumentor().instrument()
blocking = MemorySessionManager(MEMORY_ID, telemetry=Telemetry())


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Open the manager with the application."""
    async with AsyncMemorySessionManager(MEMORY_ID, telemetry=Telemetry()) as manager:
        app.state.manager = manager
        yield


app = FastAPI(lifespan=lifespan)
FastAPIInstrumentor.instrument_app(app)


@app.post("/chat")
async def chat() -> int:
    """Store and search in the application's loop."""
    session = await app.state.manager.create_memory_session("anna", "chat001", verify=False)
    await session.add_turns(SAID)
    return len(await session.search_long_term_memories("seats", "/facts/{actorId}/"))


@app.post("/blocking-chat")
def blocking_chat() -> int:
    """Search in a worker thread of the application."""
    session = blocking.create_memory_session("anna", "chat001", verify=False)
    return len(session.search_long_term_memories("seats", "/facts/{actorId}/"))


def main() -> None:
    """Print each span of AWS with those above it, and how many traces there are."""
    with TestClient(app) as client:
        for path in ("/chat", "/blocking-chat"):
            client.post(path).raise_for_status()
    blocking.close()
    spans = {span.context.span_id: span for span in exporter.get_finished_spans()}
    for span in spans.values():
        if "bedrock" in span.name.lower():
            chain = [span]
            while chain[-1].parent is not None:
                chain.append(spans[chain[-1].parent.span_id])
            print(*(each.name for each in reversed(chain)), sep=" > ")
    print("traces:", len({span.context.trace_id for span in spans.values()}))


main()
