"""What user and agents said in an event of ADK, as messages, from which the service extracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async.integrations._documents import to_messages
from agentcore_memory_async.models import MessageRole

if TYPE_CHECKING:
    from google.adk.events import Event

    from agentcore_memory_async.models import ConversationalMessage


def text_of(event: Event) -> str:
    """Return the text of an event; not thoughts, calls of tools and their results."""
    parts = (event.content.parts or []) if event.content else []
    return "\n".join(part.text for part in parts if part.text and not part.thought)


def messages_of(event: Event) -> list[ConversationalMessage]:
    """Return what was said in an event."""
    role = MessageRole.USER if event.author == "user" else MessageRole.ASSISTANT
    return to_messages(role, text_of(event))
