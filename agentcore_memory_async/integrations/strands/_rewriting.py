"""Events that are written, and those that are stored anew since a message in them has changed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import evolve

from agentcore_memory_async.errors import NotFoundError
from agentcore_memory_async.integrations.strands._records import (
    MESSAGE,
    Reader,
    Record,
    to_events,
    to_messages,
)
from agentcore_memory_async.models import ConversationalMessage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from strands.types.content import Message

    from agentcore_memory_async import AsyncMemorySession
    from agentcore_memory_async.integrations._documents import Payload
    from agentcore_memory_async.integrations.strands._converter import MessageConverter
    from agentcore_memory_async.models import Event


async def add_event(
    session: AsyncMemorySession,
    items: Sequence[Payload],
    metadata: Mapping[str, str] | None = None,
    timestamp: datetime | None = None,
) -> str:
    """Store items as one event, from which is extracted if there are messages among them."""
    extract = any(isinstance(item, ConversationalMessage) for item in items)
    event = await session.add_turns(items, metadata=metadata, timestamp=timestamp, extract=extract)
    return event.event_id


async def rewrite(
    session: AsyncMemorySession,
    converter: MessageConverter,
    event_ids: Sequence[str],
    key: str,
    message: Message,
) -> tuple[str, ...]:
    """
    Store a list of records anew, at its time, with *message* in place of the one of *key*.

    Its former events are deleted then. Calling again goes on where a call was cut off.

    Returns:
        The ids of the new events.
    """
    events: list[Event] = []
    for event_id in event_ids:
        with suppress(NotFoundError):
            events.append(await session.get_event(event_id))
    reader = Reader()
    records = [
        _changed(stored.record, converter, key, message)
        for event in reversed(events)
        for stored in await reader.read(event)
    ]
    ids = [
        await add_event(session, items, events[-1].metadata, events[-1].timestamp)
        for items in (await to_events(records, texts(records, converter)) if records else ())
    ]
    for event in events:
        with suppress(NotFoundError):
            await session.delete_event(event.event_id)
    return tuple(ids)


def texts(records: Sequence[Record], converter: MessageConverter) -> list[ConversationalMessage]:
    """Return the text of records, that is to be learned from."""
    found: list[ConversationalMessage] = []
    for record in records:
        if record.kind == MESSAGE:
            message = converter.to_message(record.data)
            found += to_messages(message["role"], converter.to_text(message))
    return found


def _changed(record: Record, converter: MessageConverter, key: str, message: Message) -> Record:
    is_it = record.kind == MESSAGE and record.key == key
    return evolve(record, data=converter.to_data(message)) if is_it else record
