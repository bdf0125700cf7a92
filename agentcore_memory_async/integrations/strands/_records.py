"""
What is stored of an agent: records, of which each event of the session has one list; pure.

The text that the service may learn from stands beside them, as messages.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from attrs import asdict, field, frozen

from agentcore_memory_async._threads import run_apart
from agentcore_memory_async._wire.weight import is_large
from agentcore_memory_async.integrations import _documents
from agentcore_memory_async.models import MessageRole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentcore_memory_async.models import ConversationalMessage, Event

FORMAT = "strands"
"""Name of the format."""
MESSAGE, AGENT, ORCHESTRATOR, SESSION = "message", "agent", "multi_agent", "session"
"""Kinds of records."""
ROLES = {"user": MessageRole.USER, "assistant": MessageRole.ASSISTANT}
"""Roles of messages from which records are extracted."""


@frozen
class Record:
    """
    One stored value of an agent: a message, its state, or the state of an orchestrator.

    Attributes:
        kind: ``MESSAGE``, ``AGENT``, ``ORCHESTRATOR`` or ``SESSION``.
        owner: Id of the agent, orchestrator or session.
        data: JSON of it.
        index: Place of a message in the agent's conversation, from 0.
        key: What tells a message from all others, but for copies of it.
        times: When a message was made and changed, where that is to come back.
    """

    kind: str
    owner: str
    data: Any = field(repr=False)
    index: int = 0
    key: str = ""
    times: Sequence[str] = ()


@frozen
class Stored:
    """
    A record as it was read.

    Attributes:
        record: Record.
        event_ids: Events that it is in.
    """

    record: Record
    event_ids: tuple[str, ...]


class Reader:
    """Reads the records of events, which come newest first."""

    def __init__(self) -> None:
        self._reader = _documents.Reader(FORMAT)

    def is_own(self, event: Event) -> bool:
        """Return whether an event is of this format."""
        return bool(self._reader.frames(event))

    async def read(self, event: Event) -> list[Stored]:
        """Return the records that are whole by this event, in their order."""
        document = await self._reader.read(event)
        if document is None:
            return []
        return [
            Stored(_record(**fields), document.event_ids) for fields in document.value["records"]
        ]


async def to_events(
    records: Sequence[Record], messages: Sequence[ConversationalMessage]
) -> list[list[_documents.Payload]]:
    """Return the items of the events that keep *records*: nearly always of one."""
    large = is_large([record.data for record in records])
    value = await run_apart(_value, records, large=large)
    return await _documents.pack(FORMAT, value, messages)


def contents(event: Event) -> tuple[Any, ...]:
    """Return the data of an event's items, less its messages."""
    payload: object = event.payload
    if isinstance(payload, tuple):
        return tuple(cast("tuple[object, ...]", payload))
    return () if payload is None else (payload,)


def to_messages(role: str, text: str) -> list[ConversationalMessage]:
    """Return a text as messages that are extracted from; none for an empty one."""
    return _documents.to_messages(ROLES[role], text) if text else []


def _value(records: Sequence[Record]) -> dict[str, Any]:
    return {"records": [_fields(record) for record in records]}


def _fields(record: Record) -> dict[str, Any]:
    """Return the JSON of a record; numbers that Python has and JSON lacks are in a text."""
    fields = asdict(record)
    text = json.dumps(record.data)
    if "NaN" in text or "Infinity" in text:
        fields |= {"data": None, "text": text}
    return fields


def _record(text: str | None = None, **fields: Any) -> Record:
    return Record(**fields if text is None else {**fields, "data": json.loads(text)})
