"""Long-term memory in what a model is asked, and in nothing that is stored: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strands.middleware.stages import InvokeModelContext
    from strands.types.content import Messages


def find_question(messages: Messages) -> tuple[int, str] | None:
    """Return the place and the text of the user's newest question; None without one."""
    for at in range(len(messages) - 1, -1, -1):
        message = messages[at]
        if message["role"] == "user" and not any("toolResult" in it for it in message["content"]):
            text = "\n".join(block["text"] for block in message["content"] if "text" in block)
            return (at, text) if text.strip() else None
    return None


def with_memories(context: InvokeModelContext, at: int, memories: str) -> InvokeModelContext:
    """Return the call of a model with *memories* behind the question at *at*."""
    messages = list(context.messages)
    message = messages[at].copy()
    # Some providers join texts that stand next to each other.
    message["content"] = [*message["content"], {"text": f"\n\n{memories}"}]
    messages[at] = message
    trailing = 1 if at == len(messages) - 1 else 0
    return context.replace(
        messages=messages, dynamic_trailing_blocks=context.dynamic_trailing_blocks + trailing
    )
