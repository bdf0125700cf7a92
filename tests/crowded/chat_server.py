"""A server on loopback that answers as OpenAI's chat completions and Anthropic's messages do."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.test_utils import TestServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def completion(body: dict[str, Any]) -> dict[str, Any]:
    """Return a chat completion: the first tool is called once, and then the text is "done"."""
    asked = body.get("tools") and body["messages"][-1]["role"] != "tool"
    message: dict[str, Any] = {"role": "assistant", "content": None if asked else "done"}
    if asked:
        function = {"name": body["tools"][0]["function"]["name"], "arguments": "{}"}
        message["tool_calls"] = [{"id": "call-1", "type": "function", "function": function}]
    return {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": body["model"],
        "choices": [
            {
                "index": 0,
                "message": message,
                "finish_reason": "tool_calls" if asked else "stop",
            }
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def message(body: dict[str, Any]) -> dict[str, Any]:
    """Return a message of Anthropic's."""
    return {
        "id": "message-1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [{"type": "text", "text": "done"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


async def answer_openai(request: web.Request) -> web.Response:
    """Answer ``POST /v1/chat/completions``."""
    return web.json_response(completion(await request.json()))


async def answer_anthropic(request: web.Request) -> web.Response:
    """Answer ``POST /v1/messages``."""
    return web.json_response(message(await request.json()))


@asynccontextmanager
async def serving() -> AsyncIterator[dict[str, str]]:
    """Run the server, and yield the environment variables that point the clients to it."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer_openai)
    app.router.add_post("/v1/messages", answer_anthropic)
    async with TestServer(app) as server:
        url = str(server.make_url("/")).rstrip("/")
        yield {
            "OPENAI_BASE_URL": f"{url}/v1",
            "OPENAI_API_KEY": "none",
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_API_KEY": "none",
        }
