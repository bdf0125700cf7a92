"""Which actors and sessions of the memory an app, its users and their sessions are: pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from agentcore_memory_async import decode_actor_id, encode_actor_id, encode_session_id
from agentcore_memory_async.errors import InvalidInputError
from agentcore_memory_async.session import AsyncMemorySession

if TYPE_CHECKING:
    from agentcore_memory_async.manager import AsyncMemorySessionManager

STATE_SESSION_ID = encode_session_id("[]")
"""Session that has the state of an app or of a user; each other name is a list of one."""


def _text(*names: str | None) -> str:
    return json.dumps(names, separators=(",", ":"))


def user_actor_id(app_name: str, user_id: str) -> str:
    """Return the actor that a user of an app is."""
    return encode_actor_id(_text(app_name, user_id))


def may_be_user_of(actor_id: str, app_name: str) -> bool:
    """Return whether an actor is a user of an app; also where its id, a digest, does not tell."""
    try:
        names: object = json.loads(decode_actor_id(actor_id))
    except InvalidInputError:
        return True
    except ValueError:
        return False
    if not isinstance(names, list):
        return False
    found = cast("list[object]", names)
    return len(found) == 2 and found[0] == app_name


def conversation(
    manager: AsyncMemorySessionManager, app_name: str, user_id: str, session_id: str | None
) -> AsyncMemorySession:
    """Return the session that one of ADK is; that of what has no session where it is None."""
    actor_id = user_actor_id(app_name, user_id)
    return AsyncMemorySession(manager, actor_id, encode_session_id(_text(session_id)))


def user_state(
    manager: AsyncMemorySessionManager, app_name: str, user_id: str
) -> AsyncMemorySession:
    """Return the session that has the state of a user."""
    return AsyncMemorySession(manager, user_actor_id(app_name, user_id), STATE_SESSION_ID)


def app_state(manager: AsyncMemorySessionManager, app_name: str) -> AsyncMemorySession:
    """Return the session that has the state of an app."""
    return AsyncMemorySession(manager, encode_actor_id(_text(app_name)), STATE_SESSION_ID)
