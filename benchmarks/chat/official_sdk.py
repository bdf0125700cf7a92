"""The streaming route of the FastAPI example, written with the official SDK in threads."""

import asyncio
import gc
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from bedrock_agentcore.memory.constants import ConversationalMessage, MessageRole
from bedrock_agentcore.memory.session import MemorySessionManager
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from benchmarks.chat.serving import measuring, set_environment, stream_answer
from benchmarks.common.contestant import Measure, obey

NAMES = ("facts", "preferences", "summaries")
"""Namespaces of the memory."""


class Chat(BaseModel):
    """The body of a request."""

    message: str
    session_id: str


@asynccontextmanager
async def started(_: FastAPI) -> AsyncIterator[None]:
    """Let full collections of garbage be small and rare, as the example does."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(before[0], before[1], 100)
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def make_app() -> FastAPI:
    """Return the app."""
    manager = MemorySessionManager(os.environ["MEMORY_ID"], "us-west-2")
    tokens: dict[str, str] = json.loads(os.environ["CHAT_TOKENS"])
    app = FastAPI(lifespan=started)

    async def current_user(
        credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
    ) -> str:
        if credentials.credentials not in tokens:
            raise HTTPException(401)
        return tokens[credentials.credentials]

    async def search(session: Any, message: str, name: str) -> list[Any]:
        found: list[Any] = await asyncio.to_thread(
            session.search_long_term_memories,
            message,
            namespace=f"/{name}/{session._actor_id}/",
            top_k=10,
        )
        return found

    async def recorded(session: Any, message: str, context: list[Any]) -> AsyncIterator[str]:
        words: list[str] = []
        async for word in stream_answer(message, context):
            words.append(word)
            yield word
        turn = [
            ConversationalMessage(message, MessageRole.USER),
            ConversationalMessage("".join(words), MessageRole.ASSISTANT),
        ]
        await asyncio.to_thread(session.add_turns, turn)

    @app.post("/chat/stream")
    async def chat_stream(body: Chat, user: Annotated[str, Depends(current_user)]) -> Any:
        session = manager.create_memory_session(user, body.session_id)
        async with asyncio.TaskGroup() as tasks:
            found = [tasks.create_task(search(session, body.message, name)) for name in NAMES]
        context = [record for each in found for record in each.result()]
        return StreamingResponse(recorded(session, body.message, context), media_type="text/plain")

    return app


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Measure]:
    """Serve the app, whose memory is the stub at *url*."""
    set_environment(url)
    async with measuring(make_app(), url) as measure:
        yield measure


if __name__ == "__main__":
    obey(opened)
