"""
A FastAPI chat endpoint with memory: one manager for the app, one session per request.

    MEMORY_ID=chat-a1B2c3D4e5 uvicorn fastapi_app:app
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    ConversationalMessage,
    MemoryRecord,
    MessageRole,
)


class ChatRequest(BaseModel):
    message: str
    actor_id: str
    session_id: str


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, AsyncMemorySessionManager]]:
    """Open one manager when the app starts; all requests share its client and connections."""
    async with AsyncMemorySessionManager(os.environ["MEMORY_ID"]) as manager:
        yield {"manager": manager}


app = FastAPI(lifespan=lifespan)


async def get_session(chat: ChatRequest, request: Request) -> AsyncMemorySession:
    manager: AsyncMemorySessionManager = request.state.manager
    return await manager.create_memory_session(chat.actor_id, chat.session_id)


def generate_response(message: str, context: list[MemoryRecord]) -> str:
    """Stand in for your model."""
    known = "; ".join(record.content for record in context) or "nothing"
    return f"You said {message!r}. I remember: {known}"


async def stream_model(message: str) -> AsyncIterator[str]:
    """Stand in for your model, too."""
    for word in generate_response(message, []).split():
        yield f"{word} "


@app.post("/chat/stream")
async def stream(
    chat: ChatRequest, session: Annotated[AsyncMemorySession, Depends(get_session)]
) -> StreamingResponse:
    # Stored when the stream ends, and also if the client disconnects.
    return StreamingResponse(session.record_turn(chat.message, stream_model(chat.message)))


@app.post("/chat")
async def chat(
    chat: ChatRequest, session: Annotated[AsyncMemorySession, Depends(get_session)]
) -> dict[str, str]:
    context = await session.search_long_term_memories(
        chat.message, namespace_prefix="/facts/{actorId}/", top_k=3
    )
    response = generate_response(chat.message, context)
    # Both messages go into one event: one request, and their order is fixed.
    await session.add_turns(
        [
            ConversationalMessage(chat.message, MessageRole.USER),
            ConversationalMessage(response, MessageRole.ASSISTANT),
        ]
    )
    return {"response": response}
