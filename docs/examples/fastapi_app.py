"""
A FastAPI chat app with memory. Each user has their own, whatever the body of a request says.

    MEMORY_ID=chat-a1B2c3D4e5 CHAT_TOKENS='{"token-of-anna": "anna@example.com"}' \\
        uvicorn fastapi_app:app --workers 2
"""

import gc
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from agentcore_memory_async import AsyncMemorySession, Context, RetryPolicy, encode_actor_id
from agentcore_memory_async.integrations.fastapi import AgentCoreMemory

TOKENS: dict[str, str] = json.loads(os.environ.get("CHAT_TOKENS", "{}"))
"""Users by their tokens; your authentication stands here."""

# A client waits three seconds for a search, and ten until its message is stored.
patience = RetryPolicy(read_deadline=3, write_deadline=10)
memory = AgentCoreMemory(os.environ["MEMORY_ID"], retry=patience)


@asynccontextmanager
async def started(_: FastAPI) -> AsyncIterator[None]:
    """Let full collections of garbage be small and rare: each one stops the loop."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()  # what stays is left out, which would take 0.1 s
    gc.set_threshold(before[0], before[1], 100)  # requests under way are gone through less often
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


app = FastAPI(lifespan=memory.lifespan_with(started))
memory.add_exception_handlers(app)
app.add_api_route("/healthz", memory.check)


class Chat(BaseModel):
    message: str
    session_id: str
    actor_id: str | None = None


async def current_user(
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
) -> str:
    if credentials.credentials not in TOKENS:
        raise HTTPException(401, "unknown token", {"WWW-Authenticate": "Bearer"})
    return TOKENS[credentials.credentials]


async def current_session(
    body: Chat, user: Annotated[str, Depends(current_user)]
) -> AsyncMemorySession:
    """Return the session of the user who asks."""
    if body.actor_id not in {None, user, encode_actor_id(user)}:
        raise HTTPException(403, "actor_id is another user's; leave it out")
    return await memory.session(encode_actor_id(user), body.session_id)


Session = Annotated[AsyncMemorySession, Depends(current_session)]


async def answer(message: str, context: Context) -> str:
    """Answer from memory; your model stands here, with ``context.render()`` in its prompt."""
    known = " ".join(record.text for record in context)
    return f"I remember: {known}" if known else f"I will remember that you said: {message}"


async def stream_answer(message: str, context: Context) -> AsyncIterator[str]:
    """Answer word by word, as models do."""
    for word in (await answer(message, context)).split():
        yield f"{word} "


@app.post("/chat")
async def chat(body: Chat, session: Session) -> dict[str, str]:
    # It answers without memories while searches fail; what can't be stored is answered with 503.
    turn = await session.process_turn_with_llm(body.message, answer, on_search_error="degrade")
    return {"response": turn.response}


@app.post("/chat/stream")
async def chat_stream(body: Chat, session: Session) -> StreamingResponse:
    context = await session.retrieve_context(body.message, on_search_error="degrade")
    # Stored when the answer ends, and also where the client has gone before.
    chunks = session.record_turn(body.message, stream_answer(body.message, context))
    return StreamingResponse(chunks, media_type="text/plain")
