"""Invalid values for what switches OpenTelemetry on."""

from __future__ import annotations

from typing import Any

from agentcore_memory_async import AsyncMemoryControl, AsyncMemorySessionManager, Telemetry

TELEMETRY: list[Any] = [5, "on", True, Telemetry]
TELEMETRY_CASES: dict[str, tuple[list[Any], Any]] = {
    "AsyncMemorySessionManager(telemetry)": (
        TELEMETRY,
        lambda _, x: AsyncMemorySessionManager("m", telemetry=x),
    ),
    "AsyncMemoryControl(telemetry)": (TELEMETRY, lambda _, x: AsyncMemoryControl(telemetry=x)),
    "Telemetry(capture_content)": (
        ["true", 1, 0],
        lambda _, x: Telemetry(capture_content=x),
    ),
}
"""Values, and what refuses them, by argument."""
