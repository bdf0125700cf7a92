"""Off, telemetry costs nothing: nothing is imported, and an operation is handed back as it is."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from agentcore_memory_async import InvalidInputError, Telemetry, telemetry
from agentcore_memory_async._calls.observer import observed

PROGRAM = """
import asyncio, sys
from agentcore_memory_async import AsyncMemorySessionManager, Telemetry
from agentcore_memory_async.testing import FakeTransport

async def main(options):
    transport = FakeTransport()
    async with AsyncMemorySessionManager("m", transport=transport, **options) as manager:
        session = await manager.create_memory_session("a", "s")
        await session.add_turns([{"role": "user", "content": "hi"}])
        await session.search_long_term_memories("seats")
    print("opentelemetry" in sys.modules)

asyncio.run(main({}))
asyncio.run(main({"telemetry": Telemetry()}))
"""


def test_nothing_of_opentelemetry_is_imported_unless_it_is_on() -> None:
    """A program without a `Telemetry` never loads OpenTelemetry, and one with it does."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)

    assert ["False", "True"] == done.stdout.decode().split()


async def test_an_operation_that_nobody_follows_is_handed_back() -> None:
    """Off, the seam returns the very coroutine that it was given."""

    async def done() -> int:
        return 5

    operation = done()
    assert operation is observed(None, "CreateEvent", {}, operation)
    assert 5 == await operation


@pytest.mark.parametrize("missing", ["opentelemetry", "opentelemetry.metrics"])
def test_without_the_api_it_is_refused(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """Where the API is not installed, `Telemetry` names the extra that brings it."""

    def find_spec(name: str) -> object:
        return None if name == missing else object()

    monkeypatch.setattr(telemetry, "find_spec", find_spec)
    with pytest.raises(InvalidInputError, match=r"install agentcore-memory-async\[otel\]"):
        Telemetry()


@pytest.mark.parametrize("name", ["tracer_provider", "meter_provider"])
@pytest.mark.parametrize("given", ["console", object, 5])
def test_what_is_no_provider_is_refused(name: str, given: Any) -> None:
    """It is named when it is given, before any manager has it."""
    with pytest.raises(InvalidInputError, match=f"{name} is {type(given).__name__}; give a"):
        Telemetry(**{name: given})
