"""The CLI of the Claude Agent SDK without a model, and what its tests share."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from claude_agent_sdk import Transport

from agentcore_memory_async.local import AutoClock, LocalMemoryService
from agentcore_memory_async.testing import LocalMemory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from claude_agent_sdk import SessionKey

MEMORY_ID = "chat-a1B2c3D4e5"
KEY: SessionKey = {"project_key": "-home-anna-app", "session_id": "s1"}
SUB: SessionKey = {**KEY, "subpath": "subagents/agent-1"}


@pytest.fixture
async def memory() -> AsyncIterator[LocalMemory]:
    """Yield a memory of its own."""
    clock = AutoClock()
    async with (
        LocalMemoryService(clock=clock) as service,
        service.manager(MEMORY_ID, namespaces={"facts": "/facts/{actorId}/"}) as manager,
    ):
        yield LocalMemory(service, manager, clock)


def entry(role: str, text: object, **more: Any) -> Any:
    """Return an entry as the CLI writes it."""
    return {"type": role, "message": {"role": role, "content": text}, **more}


def operations(memory: LocalMemory, start: int = 0) -> list[str]:
    """Return the operations that the service was asked for, from that number on."""
    return [call.operation for call in memory.service.calls()[start:]]


class StubCli(Transport):
    """The CLI without a model: it answers each prompt, and mirrors its transcript."""

    def __init__(self, transcript: Path, session_id: str) -> None:
        self._transcript, self._session_id = transcript, session_id
        self._frames: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    async def connect(self) -> None:
        pass

    async def write(self, data: str) -> None:
        frame = json.loads(data)
        if frame["type"] == "control_request":
            answer = {"subtype": "success", "request_id": frame["request_id"], "response": {}}
            self._frames.put_nowait({"type": "control_response", "response": answer})
        elif frame["type"] == "user":
            said = frame["message"]["content"]
            entries = [
                entry("user", said, uuid=f"{self._session_id}-u"),
                entry("assistant", [{"type": "text", "text": f"You said: {said}"}]),
            ]
            mirror = {"filePath": str(self._transcript), "entries": entries}
            self._frames.put_nowait({"type": "transcript_mirror", **mirror})
            self._frames.put_nowait(
                {
                    "type": "result",
                    "subtype": "success",
                    "duration_ms": 1,
                    "duration_api_ms": 1,
                    "is_error": False,
                    "num_turns": 1,
                    "session_id": self._session_id,
                }
            )
            self._frames.put_nowait(None)

    async def read_messages(self) -> AsyncIterator[dict[str, Any]]:
        while (frame := await self._frames.get()) is not None:
            yield frame

    async def close(self) -> None:
        pass

    async def end_input(self) -> None:
        pass

    def is_ready(self) -> bool:
        return True
