"""
A server on loopback that answers as Bedrock's models do: it repeats what the user said.

It serves ``Converse``, ``ConverseStream`` and, for Anthropic's models, ``InvokeModel``.
"""

from __future__ import annotations

import json
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from zlib import crc32

from aiohttp import web
from aiohttp.test_utils import TestServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_USAGE = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}


def heard(body: dict[str, Any]) -> str:
    """Return an answer that repeats all texts of the user."""
    texts = [
        block if isinstance(block, str) else block.get("text", "")
        for message in body["messages"]
        if message["role"] == "user"
        for block in (
            [message["content"]] if isinstance(message["content"], str) else message["content"]
        )
    ]
    return "You said: " + " ".join(texts)


async def converse(request: web.Request) -> web.Response:
    """Answer ``Converse``."""
    message = {"role": "assistant", "content": [{"text": heard(await request.json())}]}
    return web.json_response(
        {
            "output": {"message": message},
            "stopReason": "end_turn",
            "usage": _USAGE,
            "metrics": {"latencyMs": 1},
        }
    )


async def invoke(request: web.Request) -> web.Response:
    """Answer ``InvokeModel`` as a model of Anthropic's."""
    return web.json_response(
        {
            "id": "message-1",
            "type": "message",
            "role": "assistant",
            "content": [{"type": "text", "text": heard(await request.json())}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }
    )


async def converse_stream(request: web.Request) -> web.Response:
    """Answer ``ConverseStream``, with all events at once."""
    text = heard(await request.json())
    events: list[tuple[str, dict[str, Any]]] = [
        ("messageStart", {"role": "assistant"}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("messageStop", {"stopReason": "end_turn"}),
        ("metadata", {"usage": _USAGE, "metrics": {"latencyMs": 1}}),
    ]
    body = b"".join(frame(name, payload) for name, payload in events)
    return web.Response(body=body, content_type="application/vnd.amazon.eventstream")


def frame(event: str, payload: dict[str, Any]) -> bytes:
    """Return one message of the event stream encoding."""
    headers = b"".join(
        struct.pack(f"!B{len(name)}sBH{len(value)}s", len(name), name, 7, len(value), value)
        for name, value in (
            (b":event-type", event.encode()),
            (b":content-type", b"application/json"),
            (b":message-type", b"event"),
        )
    )
    content = json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(content), len(headers))
    message = prelude + struct.pack("!I", crc32(prelude)) + headers + content
    return message + struct.pack("!I", crc32(message))


@asynccontextmanager
async def serving_models() -> AsyncIterator[dict[str, str]]:
    """Run the server, and yield the environment variable that points AWS's SDKs to it."""
    app = web.Application()
    app.router.add_post("/model/{model}/converse", converse)
    app.router.add_post("/model/{model}/converse-stream", converse_stream)
    app.router.add_post("/model/{model}/invoke", invoke)
    async with TestServer(app) as server:
        yield {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": str(server.make_url("/")).rstrip("/")}
