"""
An aiohttp chat handler with memory: one manager for the app, one session per request.

    MEMORY_ID=chat-a1B2c3D4e5 python aiohttp_app.py
"""

import os
from collections.abc import AsyncIterator

from aiohttp import web

from agentcore_memory_async import AsyncMemorySessionManager, ConversationalMessage, MessageRole

MANAGER = web.AppKey("manager", AsyncMemorySessionManager)


async def open_manager(app: web.Application) -> AsyncIterator[None]:
    """Open one manager when the app starts, and close it with the app."""
    async with AsyncMemorySessionManager(os.environ["MEMORY_ID"]) as manager:
        app[MANAGER] = manager
        yield  # noqa: ASYNC119 - aiohttp itself resumes it when the app stops


async def chat(request: web.Request) -> web.Response:
    body = await request.json()
    session = await request.app[MANAGER].create_memory_session(body["actor_id"], body["session_id"])
    context = await session.search_long_term_memories(
        body["message"], namespace_prefix="/facts/{actorId}/", top_k=3
    )
    known = "; ".join(record.content for record in context) or "nothing"
    response = f"You said {body['message']!r}. I remember: {known}"  # call your model here
    await session.add_turns(
        [
            ConversationalMessage(body["message"], MessageRole.USER),
            ConversationalMessage(response, MessageRole.ASSISTANT),
        ]
    )
    return web.json_response({"response": response})


def make_app() -> web.Application:
    app = web.Application()
    app.cleanup_ctx.append(open_manager)
    app.router.add_post("/chat", chat)
    return app


if __name__ == "__main__":
    web.run_app(make_app())
