"""What an event is made of: messages and data."""

from __future__ import annotations

from enum import StrEnum
from typing import NoReturn

from attrs import field, frozen

from agentcore_memory_async._mistakes import InvalidInputError
from agentcore_memory_async._models.base import JsonValue, Model, size


class MessageRole(StrEnum):
    """Role of a message; the service knows these four."""

    USER = "USER"
    ASSISTANT = "ASSISTANT"
    TOOL = "TOOL"
    OTHER = "OTHER"


_ROLES = {role.lower(): role for role in MessageRole}
"""Roles by their names in lower case."""
_INSTRUCTIONS = ("system", "developer")
"""Roles of instructions to a model."""
PROMPT_ROLES = dict.fromkeys(MessageRole, "user") | {MessageRole.ASSISTANT: "assistant"}
"""Roles in the messages of a prompt. Results of tools, too, are what a model is told."""


def check_role(role: MessageRole | str, argument: str = "role") -> MessageRole:
    """Return the role of that name, in any case."""
    if type(role) is MessageRole:
        return role
    return _ROLES.get(_lower(role)) or _refuse_role(role, argument)


def _lower(role: object) -> str:
    return role.lower() if isinstance(role, str) else ""


def _refuse_role(role: object, argument: str) -> NoReturn:
    what = f"{argument} is {type(role).__name__} and names no role"
    if _lower(role) in _INSTRUCTIONS:
        what = f"{argument} is {_lower(role)!r}, and instructions are no part of a conversation"
    # Others are not shown: where the arguments of a message are exchanged, it is the text.
    message = (
        f"{what}; give a MessageRole or its name ({', '.join(MessageRole)}), as in "
        "ConversationalMessage(text, role)"
    )
    raise InvalidInputError(message)


@frozen
class ConversationalMessage(Model):
    """
    One message of a conversation, to be stored.

    Attributes:
        text: Text, 1 to 100,000 characters and at most 100 KB in UTF-8.
        role: Role of the speaker. Its name is accepted in any case, such as ``"user"``.

    Raises:
        InvalidInputError: *role* names no role.
    """

    text: str = field(repr=size)
    role: MessageRole = field(converter=check_role)


@frozen
class JsonPayload(Model):
    """
    JSON data in an event, beside or instead of messages.

    Attributes:
        content: Any JSON value, at most 100 KB.
    """

    content: JsonValue = field(repr=size, hash=False)


@frozen
class BlobPayload(Model):
    """
    Data that is kept with an event and ignored by extraction.

    It is sent as a JSON string: the service returns a blob that was sent as a mapping in the
    notation of Java (boto3#4614), but a string as it was. White space before the JSON tells it from
    the strings of other programs, which are read as they are.

    Attributes:
        content: Any JSON value.
    """

    content: JsonValue = field(repr=size, hash=False)
