"""
A chat with memory on FastAPI: one manager for the app, one session per request.

    MEMORY_ID=chat-a1B2c3D4e5 USERS="anna:secret ben:other" uvicorn fastapi_app:app --workers 2

    curl -u anna:secret http://127.0.0.1:8000/chat --json \
        '{"message": "I only fly window seats", "actor_id": "anna", "session_id": "chat001"}'
"""

import os
from collections.abc import Iterator
from secrets import compare_digest
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from pydantic import BaseModel

from agentcore_memory_async import AsyncMemorySession, Context, RetryPolicy, encode_actor_id
from agentcore_memory_async.integrations.fastapi import AgentCoreMemory

USERS = dict(pair.split(":", 1) for pair in os.environ.get("USERS", "").split())

# A client waits three seconds for a search, and ten until its message is stored.
memory = AgentCoreMemory(
    os.environ["MEMORY_ID"], retry=RetryPolicy(read_deadline=3, write_deadline=10)
)
app = FastAPI(lifespan=memory.lifespan)
memory.add_exception_handlers(app)
app.add_api_route("/healthz", memory.check)


class Chat(BaseModel):
    message: str
    actor_id: str
    session_id: str


async def current_user(given: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]) -> str:
    """Put your authentication here: whose memory it is, is never read from the body."""
    password = USERS.get(given.username)
    if password is None or not compare_digest(password.encode(), given.password.encode()):
        raise HTTPException(401, "unknown user or wrong password", {"WWW-Authenticate": "Basic"})
    return given.username


async def current_session(
    body: Chat, user: Annotated[str, Depends(current_user)]
) -> AsyncMemorySession:
    actor_id = encode_actor_id(user)
    if body.actor_id not in (user, actor_id):
        raise HTTPException(403, "actor_id is another user's")
    return await memory.session(actor_id, body.session_id)


Session = Annotated[AsyncMemorySession, Depends(current_session)]


def respond(message: str, memories: Context) -> str:
    """Answer from memory alone; ask your model here, with memories.render() in its prompt."""
    known = " ".join(record.text for record in memories[:3]) or "nothing"
    return f"You said {message!r}. I remember: {known}"


def stream(message: str, memories: Context) -> Iterator[str]:
    for word in respond(message, memories).split():
        yield f"{word} "


@app.post("/chat")
async def chat(body: Chat, session: Session) -> dict[str, str]:
    # Without a search it answers all the same; what can't be stored is answered with 503.
    turn = await session.process_turn_with_llm(body.message, respond, on_search_error="degrade")
    return {"response": turn.response}


@app.post("/chat/stream")
async def chat_stream(body: Chat, session: Session) -> StreamingResponse:
    memories = await session.retrieve_context(body.message, on_search_error="degrade")
    # Stored when the stream ends, also if the client leaves.
    answer = session.record_turn(body.message, stream(body.message, memories))
    return StreamingResponse(answer, media_type="text/plain")
