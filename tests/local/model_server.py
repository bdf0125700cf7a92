"""
A server on loopback that answers as models do: OpenAI's chat completions and embeddings, Converse.

What it answers is scripted by the name of the list that is asked for, such as ``facts``: a list of
items in the form of the schema, or a function of the request that returns one, a text as it is, an
HTTP status, a whole body, or nothing at all.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from attrs import define, field, frozen

from agentcore_memory_async.local import ExtractionRequest, Message, Strategy
from tests.local.local_client import START

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


CODES = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}
"""Codes of Bedrock's errors by their status."""


KEY = "sk-not-a-real-key"
"""Key that extractors of tests send."""
PREFIX = "CUSTOM_MODEL_BEDROCK_"
"""Prefix of most reasons of failed jobs."""
GOOD = json.dumps({"facts": [{"fact": "Good."}]})
"""A good answer, as text."""


class Hang:
    """An answer that never comes."""


@frozen
class Body:
    """A whole answer, as text that may be no JSON."""

    text: str


@frozen
class Asked:
    """
    One request, read as its protocol has it.

    Attributes:
        name: Name of the list that is asked for.
        instructions: System prompt.
        document: What the user's message says, as JSON.
        schema: JSON schema of the answer.
        headers: Headers.
        raw: Body.
    """

    name: str
    instructions: str
    document: Any
    schema: dict[str, Any]
    headers: dict[str, str]
    raw: dict[str, Any]


@define
class ModelServer:
    """
    A server of models.

    Attributes:
        url: Where it is.
        answers: Answers that are left, by the name of the list; the last one stays.
        asked: The requests so far.
    """

    url: str = ""
    answers: dict[str, list[Any]] = field(factory=dict[str, "list[Any]"])
    asked: list[Asked] = field(factory=list[Asked])
    embedded: list[list[str]] = field(factory=list["list[str]"])
    embeddings: Any = None
    hangs: bool = False

    def names(self) -> list[str]:
        """Return the names of the lists that were asked for."""
        return [item.name for item in self.asked]

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Answer ``POST /v1/chat/completions``."""
        body = await request.json()
        system, user = body["messages"]
        schema = body["response_format"]["json_schema"]
        assert schema["strict"] is True
        asked = Asked(
            schema["name"],
            system["content"],
            json.loads(user["content"]),
            schema["schema"],
            dict(request.headers),
            body,
        )
        answer = await self._answer(asked)
        if isinstance(answer, web.Response):
            return answer
        text = answer if isinstance(answer, str) else json.dumps({asked.name: answer})
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return web.json_response({"object": "chat.completion", "choices": [choice]})

    async def converse(self, request: web.Request) -> web.StreamResponse:
        """Answer ``POST /model/{id}/converse``."""
        body = await request.json()
        tool = body["toolConfig"]["tools"][0]["toolSpec"]
        assert {"tool": {"name": tool["name"]}} == body["toolConfig"]["toolChoice"]
        asked = Asked(
            tool["name"],
            body["system"][0]["text"],
            json.loads(body["messages"][0]["content"][0]["text"]),
            tool["inputSchema"]["json"],
            dict(request.headers),
            body,
        )
        answer = await self._answer(asked)
        if isinstance(answer, web.Response):
            return answer
        block: dict[str, Any] = {"text": answer}
        if not isinstance(answer, str):
            use = {"toolUseId": "use-1", "name": asked.name, "input": {asked.name: answer}}
            block = {"toolUse": use}
        return web.json_response(
            {
                "output": {"message": {"role": "assistant", "content": [block]}},
                "stopReason": "end_turn" if isinstance(answer, str) else "tool_use",
                "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
                "metrics": {"latencyMs": 1},
            }
        )

    async def embed(self, request: web.Request) -> web.StreamResponse:
        """Answer ``POST /v1/embeddings``: a number for each of three words, the last text first."""
        body = await request.json()
        self.embedded.append(body["input"])
        if self.hangs:
            await asyncio.Event().wait()
        if self.embeddings is not None:
            return web.json_response(self.embeddings)
        data = [
            {
                "object": "embedding",
                "index": index,
                "embedding": [float(word in text) + 0.01 for word in ("dog", "car", "tea")],
            }
            for index, text in enumerate(body["input"])
        ]
        return web.json_response({"object": "list", "data": data[::-1]})

    async def _answer(self, asked: Asked) -> Any:
        self.asked.append(asked)
        left = self.answers.get(asked.name, [])
        answer = left.pop(0) if len(left) > 1 else left[0] if left else default(asked)
        if isinstance(answer, Hang):
            await asyncio.Event().wait()
        if isinstance(answer, int):
            text = json.dumps({"message": f"refused: {asked.document}"})
            headers = {"x-amzn-errortype": CODES.get(answer, "")}
            return web.Response(
                status=answer, text=text, content_type="application/json", headers=headers
            )
        if callable(answer):
            return answer(asked)
        if isinstance(answer, Body):
            return web.Response(text=answer.text, content_type="application/json")
        return answer


def default(asked: Asked) -> list[dict[str, Any]]:
    """Return an answer that says as little as the schema allows."""
    if asked.name != "topics":
        return []
    messages = asked.document.get("document", asked.document)["messages"]
    return [{"name": "Talk", "summary": "They talked.", "last_message": len(messages)}]


@asynccontextmanager
async def model_server() -> AsyncIterator[ModelServer]:
    """Run the server."""
    made = ModelServer()
    app = web.Application(client_max_size=2**26)
    app.router.add_post("/v1/chat/completions", made.chat)
    app.router.add_post("/v1/embeddings", made.embed)
    app.router.add_post("/model/{model}/converse", made.converse)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server(shutdown_timeout=0.0)
    made.url = f"http://127.0.0.1:{server.port}"
    try:
        yield made
    finally:
        await server.close()


def asked(kind: str = "SEMANTIC", *texts: str) -> ExtractionRequest:
    """Return a request with messages of a user."""
    messages = tuple(
        Message("USER", text, int(START * 1000), f"e{number}", 0)
        for number, text in enumerate(texts or ("I live in Turin.",))
    )
    strategy = Strategy("s-1234567890", "s", kind, "/")
    return ExtractionRequest(kind, strategy, "m", "ann", "s1", messages=messages, history=())


async def failures(client: Any) -> set[str]:
    """Return the reasons of failed jobs, without their prefix."""
    jobs = (await client.call("POST", "extractionJobs")).body["jobs"]
    return {job["failureReason"].removeprefix(PREFIX) for job in jobs}
