"""
An aiohttp chat app with memory. Each user has their own, whatever the body of a request says.

    MEMORY_ID=chat-a1B2c3D4e5 CHAT_TOKENS='{"token-of-anna": "anna@example.com"}' \\
        python aiohttp_app.py
"""

import json
import os
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web

from agentcore_memory_async import AsyncMemorySession, Context, RetryPolicy, encode_actor_id
from agentcore_memory_async.integrations.aiohttp import MEMORY, AgentCoreMemory
from agentcore_memory_async.models import ConversationalMessage, MessageRole

TOKENS: dict[str, str] = json.loads(os.environ.get("CHAT_TOKENS", "{}"))
"""Users by their tokens; your authentication stands here."""


async def read_chat(request: web.Request) -> tuple[AsyncMemorySession, str]:
    """Return the session and the message; the session is that of the user who asks."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token not in TOKENS:
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
    user = TOKENS[token]
    actor_id = encode_actor_id(user)
    try:
        body = json.loads(await request.text())
        message, session_id = str(body["message"]), str(body["session_id"])
        named = body.get("actor_id")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise web.HTTPBadRequest(text="give message and session_id, as JSON") from None
    if named not in (None, user, actor_id):
        raise web.HTTPForbidden(text="actor_id is another user's; leave it out")
    return await request.app[MEMORY].session(actor_id, session_id), message


def answer(message: str, context: Context) -> str:
    """Answer from memory; your model stands here, with ``context.render()`` in its prompt."""
    known = " ".join(record.text for record in context)
    return f"I remember: {known}" if known else f"I will remember that you said: {message}"


async def stream_answer(message: str, context: Context) -> AsyncIterator[str]:
    """Answer word by word, as models do."""
    for word in answer(message, context).split():
        yield f"{word} "


async def chat(request: web.Request) -> web.Response:
    session, message = await read_chat(request)
    context = await session.retrieve_context(message, on_search_error="degrade")
    response = answer(message, context)
    # Both messages are one event: one request, and their order is fixed.
    await session.add_turns(
        [
            ConversationalMessage(message, MessageRole.USER),
            ConversationalMessage(response, MessageRole.ASSISTANT),
        ]
    )
    return web.json_response({"response": response})


async def stream(request: web.Request) -> web.StreamResponse:
    session, message = await read_chat(request)
    context = await session.retrieve_context(message, on_search_error="degrade")
    response = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8"})
    await response.prepare(request)
    # Stored when the answer ends, and also where the client has gone before.
    with suppress(ConnectionResetError):
        async for chunk in session.record_turn(message, stream_answer(message, context)):
            await response.write(chunk.encode())
        await response.write_eof()
    return response


def make_app() -> web.Application:
    # A client waits three seconds for a search, and ten until its message is stored.
    patience = RetryPolicy(read_deadline=3, write_deadline=10)
    memory = AgentCoreMemory(os.environ["MEMORY_ID"], retry=patience)
    app = web.Application()
    memory.setup(app)
    app.router.add_post("/chat", chat)
    app.router.add_post("/chat/stream", stream)
    app.router.add_get("/healthz", memory.check)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=int(os.environ.get("PORT", "8080")))
