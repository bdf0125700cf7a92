"""An application under Starlette's TestClient."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.testclient import TestClient

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    ConversationalMessage,
    MemorySessionManager,
    MessageRole,
)
from tests.crowded.programs.crowd import MEMORY_ID

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

blocking = MemorySessionManager(MEMORY_ID)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Open the manager with the application."""
    async with AsyncMemorySessionManager(MEMORY_ID) as manager:
        app.state.manager = manager
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/chat")
async def chat(text: str) -> list[str]:
    """Converse in the application's loop."""
    session = await app.state.manager.create_memory_session("anna", "chat001")
    await session.add_turns([ConversationalMessage(text, MessageRole.USER)])
    return [turn.text for turn in await session.get_last_k_turns()]


@app.post("/blocking-chat")
def blocking_chat(text: str) -> list[str]:
    """Converse in a worker thread of the application."""
    session = blocking.create_memory_session("anna", "chat001")
    session.add_turns([ConversationalMessage(text, MessageRole.USER)])
    return [turn.text for turn in session.get_last_k_turns()]


with TestClient(app) as client:
    print(client.post("/chat", params={"text": "first"}).json())
    print(client.post("/blocking-chat", params={"text": "second"}).json())
with TestClient(app) as client:
    print(client.post("/chat", params={"text": "third"}).json())
blocking.close()
