"""
The values that go in and come out: messages, events, turns, records.

All are frozen and can be compared, copied and pickled. Their ``repr`` shows ids, counts and sizes,
never content; ``to_dict()`` has it, and so has what IPython and notebooks show of them, since a
person asked to see it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, NoReturn, cast

from attrs import asdict, field, frozen, has

from agentcore_memory_async._mistakes import InvalidInputError

__all__ = (
    "BlobPayload",
    "Branch",
    "ConversationalMessage",
    "Event",
    "ExtractionJob",
    "JsonPayload",
    "JsonValue",
    "MemoryRecord",
    "MessageRole",
    "Turn",
)

JsonValue = dict[str, Any] | list[Any] | str | int | float | bool | None
"""Any JSON value."""


def _size(value: object) -> str:
    """Return the length of content, which stands for it in a ``repr``."""
    try:
        return f"<{len(value)}>"  # type: ignore[arg-type]  # what has no length is caught below
    except TypeError:
        return "<...>"


def _to_json(value: object) -> Any:
    """Return *value* as JSON data."""
    if has(type(value)):
        return {key: _to_json(each) for key, each in _members(value).items()}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        mapping = cast("Mapping[object, object]", value)
        return {str(key): _to_json(each) for key, each in mapping.items()}
    if isinstance(value, list | tuple):
        return [_to_json(each) for each in cast("list[object]", value)]
    return value


def _members(value: Any) -> dict[str, Any]:
    return asdict(value, recurse=False)


class _Model:
    """What all values have."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        # IPython prefers the __repr__ of a class to what the class inherits.
        setattr(cls, "_repr_pretty_", _Model._repr_pretty_)  # noqa: B010 - a method, for mypy

    def to_dict(self) -> dict[str, Any]:
        """
        Return all members, content too, as JSON data.

        Times are ISO 8601 with their zone, and roles are their names.
        """
        data: dict[str, Any] = _to_json(self)
        return data

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Write all members, content too, for a person at IPython or a notebook."""
        name = type(self).__name__
        if cycle:
            printer.text(f"{name}(...)")
            return
        with printer.group(len(name) + 1, f"{name}(", ")"):
            for index, (key, value) in enumerate(_members(self).items()):
                if index:
                    printer.text(",")
                    printer.breakable()
                printer.text(f"{key}=")
                printer.pretty(value)


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
_PROMPT_ROLES = dict.fromkeys(MessageRole, "user") | {MessageRole.ASSISTANT: "assistant"}
"""Roles in the messages of a prompt. Results of tools, too, are what a model is told."""


def check_role(role: MessageRole | str, argument: str = "role") -> MessageRole:
    """Return the role of that name, in any case."""
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
class ConversationalMessage(_Model):
    """
    One message of a conversation, to be stored.

    Attributes:
        text: Text, 1 to 100,000 characters and at most 100 KB in UTF-8.
        role: Role of the speaker. Its name is accepted in any case, such as ``"user"``.

    Raises:
        InvalidInputError: *role* names no role.
    """

    text: str = field(repr=_size)
    role: MessageRole = field(converter=check_role)


@frozen
class JsonPayload(_Model):
    """
    JSON data in an event, beside or instead of messages.

    Attributes:
        content: Any JSON value, at most 100 KB.
    """

    content: JsonValue = field(repr=_size)


@frozen
class BlobPayload(_Model):
    """
    Data that is kept with an event and ignored by extraction.

    It is sent as a JSON string: the service returns a blob that was sent as a mapping in the
    notation of Java (boto3#4614), but a string as it was. White space before the JSON tells it from
    the strings of other programs, which are read as they are.

    Attributes:
        content: Any JSON value.
    """

    content: JsonValue = field(repr=_size)


@frozen
class Branch(_Model):
    """
    The branch of a conversation that an event is on.

    Attributes:
        name: Name. The main branch has none: there ``Event.branch`` is None.
        root_event_id: Event that it forks from; given with the first event of a new branch.
    """

    name: str
    root_event_id: str | None = None


@frozen
class Event(_Model):
    """
    One stored event of a session: messages, data, or both.

    Attributes:
        event_id: Event id.
        event_type: Type that ``create_event`` was called with; None for events with messages.
        payload: Content of its one json or blob item, as it was given; a tuple of contents if it
            has several; None if it has messages only.
        messages: Conversational messages, in the order in which they were given.
        timestamp: When it happened: aware, UTC, in milliseconds.
        actor_id: Actor id.
        session_id: Session id.
        branch: Branch that it is on; None on the main one.
        metadata: Metadata, with ``eventType`` among it.
        accepted_at: The service's clock when it accepted the event (UTC, whole seconds); None for
            an event that was listed. ``timestamp`` only echoes the client's clock.
    """

    event_id: str
    event_type: str | None
    payload: Any = field(repr=_size)
    messages: tuple[ConversationalMessage, ...] = field(repr=_size)
    timestamp: datetime
    actor_id: str
    session_id: str
    branch: Branch | None = None
    metadata: Mapping[str, str] = field(factory=dict[str, str], repr=_size)
    accepted_at: datetime | None = field(default=None, eq=False)


@frozen
class Turn(_Model):
    """
    One message of a conversation, read back.

    Attributes:
        role: Role of the speaker. A role that this version does not know reads as ``OTHER``.
        text: Text.
        timestamp: When its event happened (UTC); all messages of one event share it.
    """

    role: MessageRole
    text: str = field(repr=_size)
    timestamp: datetime

    def to_openai(self) -> dict[str, str]:
        """
        Return the message for OpenAI's Chat Completions and Responses APIs.

        ``TOOL`` and ``OTHER`` become ``user``: these APIs take results of tools only together with
        the call that they answer, which a turn does not have.
        """
        return {"role": _PROMPT_ROLES[self.role], "content": self.text}

    def to_anthropic(self) -> dict[str, str]:
        """
        Return the message for Anthropic's Messages API.

        ``TOOL`` and ``OTHER`` become ``user``, as in ``to_openai``.
        """
        return self.to_openai()

    def to_converse(self) -> dict[str, str | list[dict[str, str]]]:
        """
        Return the message for Amazon Bedrock's Converse API.

        ``TOOL`` and ``OTHER`` become ``user``, as in ``to_openai``.
        """
        return {"role": _PROMPT_ROLES[self.role], "content": [{"text": self.text}]}


@frozen
class MemoryRecord(_Model):
    """
    A record that the service extracted: a fact, a preference, a summary, an episode.

    Attributes:
        namespace: Namespace that it is in.
        content: Text, as the service wrote it (preferences are JSON, summaries XML).
        score: How well it matches the query: higher is better, and it is not a percentage. None for
            a record that was listed; 0.0 for one that was found without a score.
        created_at: When the service wrote it, UTC.
        memory_record_id: Record id.
        memory_strategy_id: Id of the strategy that made it; None where the service names none.
    """

    namespace: str
    content: str = field(repr=_size)
    score: float | None
    created_at: datetime
    memory_record_id: str = ""
    memory_strategy_id: str | None = None


@frozen
class ExtractionJob(_Model):
    """
    A failed run of a strategy over some events; the service lists no other jobs.

    Attributes:
        job_id: Job id.
        memory_strategy_id: Id of the strategy; None where the service names none.
        actor_id: Actor id.
        session_id: Session id.
        status: ``FAILED``.
        reason: Reason, such as ``LTM_RATE_EXCEEDED``; empty where the service names none.
        event_ids: Ids of the events that gave no records.
    """

    job_id: str
    memory_strategy_id: str | None
    actor_id: str
    session_id: str
    status: str
    reason: str
    event_ids: tuple[str, ...]
