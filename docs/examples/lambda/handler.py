"""
A chat in AWS Lambda that remembers, behind an HTTP API with a JWT authorizer.

The manager is made once, when Lambda starts the process, and serves all its invocations. Its event
loop runs in a thread of its own, which is frozen and thawed with the process.
"""

import json
import logging
import os
from typing import Any

from agentcore_memory_async import (
    AgentCoreMemoryError,
    Context,
    InvalidInputError,
    RetryPolicy,
    encode_actor_id,
)
from agentcore_memory_async.sync import MemorySession, MemorySessionManager

RESERVE_S = 0.5
"""Time of an invocation, in seconds, that is left to answer when memory had all the rest."""
SEARCH_S = 2.0
"""Longest search, in seconds: without what it finds there is still an answer."""

_LOG = logging.getLogger(__name__)

manager = MemorySessionManager(
    os.environ["MEMORY_ID"], namespaces={"facts": "/facts/{actorId}/"}
).open()


def patience(context: Any) -> RetryPolicy:
    """Return how long memory may take now: until shortly before Lambda ends the process."""
    left_s = max(context.get_remaining_time_in_millis() / 1000 - RESERVE_S, 0.1)
    return RetryPolicy(
        read_deadline=min(left_s, SEARCH_S),
        write_deadline=left_s,
        attempt_timeout=min(left_s, 4),
    )


def ask_model(message: str, remembered: Context) -> str:
    """Answer from memory; your model stands here, with ``remembered.render()`` in its prompt."""
    known = " ".join(record.text for record in remembered)
    return f"I remember: {known}" if known else f"I will remember that you said: {message}"


def chat(session: MemorySession, message: str, context: Any) -> str:
    """Answer one message, and return when the turn is stored."""
    remembered = session.with_options(retry=patience(context)).retrieve_context(
        message, on_search_error="degrade"
    )
    answer = ask_model(message, remembered)
    session.with_options(retry=patience(context)).add_turns(
        [{"role": "user", "content": message}, {"role": "assistant", "content": answer}]
    )
    return answer


def reply(status: int, **members: str) -> dict[str, Any]:
    return {"statusCode": status, "body": json.dumps(members)}


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    user = event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"]  # never from the body
    body = json.loads(event["body"])
    try:
        session = manager.create_memory_session(
            encode_actor_id(user), body["session_id"], verify=False
        )
        return reply(200, answer=chat(session, body["message"], context))
    except InvalidInputError as error:
        return reply(422, detail=str(error))
    except AgentCoreMemoryError:
        _LOG.exception("memory failed")  # ids and counts, no content
        return reply(503, detail="the memory is not available; try again later")
