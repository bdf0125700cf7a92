"""
The chat of ``handler.py`` for programs that await: one event loop for all invocations.

``asyncio.run`` makes a loop for each call and closes it, and the manager belongs to one loop.
"""

import asyncio
import json
import os
from typing import Any

import anyio

from agentcore_memory_async import (
    AgentCoreMemoryError,
    AsyncMemorySessionManager,
    Context,
    RetryPolicy,
    encode_actor_id,
)

RESERVE_S = 0.5
"""Time of an invocation, in seconds, that is left to answer when memory had all the rest."""

loop = asyncio.new_event_loop()
manager = AsyncMemorySessionManager(
    os.environ["MEMORY_ID"],
    namespaces={"facts": "/facts/{actorId}/"},
    retry=RetryPolicy(read_deadline=2, attempt_timeout=4),
)
loop.run_until_complete(manager.open())


async def ask_model(message: str, remembered: Context) -> str:
    """Answer from memory; your model stands here, with ``remembered.render()`` in its prompt."""
    known = " ".join(record.text for record in remembered)
    return f"I remember: {known}" if known else f"I will remember that you said: {message}"


async def chat(event: dict[str, Any]) -> str:
    user = event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"]  # never from the body
    body = json.loads(event["body"])
    session = await manager.create_memory_session(
        encode_actor_id(user), body["session_id"], verify=False
    )
    turn = await session.process_turn_with_llm(
        body["message"], ask_model, on_search_error="degrade"
    )
    return turn.response


async def within(seconds: float, event: dict[str, Any]) -> dict[str, Any]:
    """Answer in time: Lambda ends a process that takes longer, with all that it is doing."""
    try:
        with anyio.fail_after(seconds):
            return {"statusCode": 200, "body": json.dumps({"answer": await chat(event)})}
    except (TimeoutError, AgentCoreMemoryError):
        return {"statusCode": 503, "body": json.dumps({"detail": "try again later"})}


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    left_s = context.get_remaining_time_in_millis() / 1000 - RESERVE_S
    return loop.run_until_complete(within(left_s, event))
