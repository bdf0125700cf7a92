"""
Messages in the forms of other APIs, as messages of ours: pure.

Only what was said is taken. A block that is no text is refused rather than left out, since what is
read back would then be another conversation. No role or text is shown in an error, since both may
be content.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from agentcore_memory_async._models.messages import check_role
from agentcore_memory_async._wire.validation import kind, refuse
from agentcore_memory_async.models import ConversationalMessage

OTHER_CONTENT = ("audio", "function_call", "refusal", "tool_calls")
"""Members of a message of OpenAI's that hold what it says beside its content."""
TEXT_BLOCKS = ("text", "input_text", "output_text")
"""Types of the blocks of text of OpenAI's and Anthropic's APIs; Converse's have no type."""
EXAMPLE = {"role": "user", "content": "hi"}
"""A message as a mapping, for errors."""
_STORE_TEXT = "store what was said as text, and other data as a JsonPayload"
"""Next step for content that is no text."""


def to_message(mapping: Mapping[str, object]) -> ConversationalMessage:
    """
    Return the message that a mapping with ``role`` and ``content`` stands for.

    It reads the messages of OpenAI's Chat Completions and Responses APIs, of Anthropic's Messages
    API and of Amazon Bedrock's Converse API. ``add_turns`` accepts them directly.

    Args:
        mapping: Message, such as ``{"role": "user", "content": "hi"}``. Its role is ``user``,
            ``assistant``, ``tool`` or ``other``, in any case. Its content is a text or a list of
            blocks of text, which are joined as they are.

    Raises:
        InvalidInputError: It has another role, such as ``system`` or ``developer``; or it has a
            block that is no text, such as an image or a call of a tool; the error names which.
    """
    return read_message("mapping", mapping)


def read_message(argument: str, value: object) -> ConversationalMessage:
    """Return *value* as a message, if it is one or stands for one."""
    if isinstance(value, ConversationalMessage):
        return value
    if not isinstance(value, Mapping):
        refuse(
            f"{argument} is {kind(value)}; give ConversationalMessage(text, role), or a mapping "
            f"such as {EXAMPLE}"
        )
    mapping = cast("Mapping[object, object]", value)
    for name in ("role", "content"):
        if name not in mapping:
            refuse(f"{argument} has no {name!r}; give one such as {EXAMPLE}")
    role = check_role(cast("str", mapping["role"]), f"{argument}.role")
    for name in OTHER_CONTENT:
        if mapping.get(name):
            refuse(f"{argument}.{name} is no text; {_STORE_TEXT}")
    return ConversationalMessage(_text(f"{argument}.content", mapping["content"]), role)


def _text(argument: str, content: object) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list | tuple):
        refuse(f"{argument} is {kind(content)}; give a str or a list of blocks of text")
    blocks = cast("list[object]", content)
    return "".join(_block_text(f"{argument}[{index}]", block) for index, block in enumerate(blocks))


def _block_text(argument: str, block: object) -> str:
    members: Mapping[object, object] = {}
    if isinstance(block, Mapping):
        members = cast("Mapping[object, object]", block)
    text = members.get("text")
    is_text = members.get("type") in TEXT_BLOCKS if "type" in members else len(members) == 1
    if not is_text or not isinstance(text, str):
        refuse(f"{argument} is no block of text; {_STORE_TEXT}")
    return text
