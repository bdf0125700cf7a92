"""Stored events that are stored anew, since a message in them has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from agentcore_memory_async.integrations.strands._records import (
    MESSAGE,
    Item,
    Record,
    event_items,
    message_items,
)
from agentcore_memory_async.models import ConversationalMessage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from strands.types.content import Message

    from agentcore_memory_async import AsyncMemorySession
    from agentcore_memory_async.integrations.strands._converter import MessageConverter
    from agentcore_memory_async.integrations.strands._records import Reader
    from agentcore_memory_async.models import Event


async def add_items(
    session: AsyncMemorySession,
    items: Sequence[Item],
    metadata: Mapping[str, str] | None = None,
    timestamp: datetime | None = None,
) -> Event:
    """Store items as one event, from which is extracted if there are messages among them."""
    extract = any(isinstance(item, ConversationalMessage) for item in items)
    return await session.add_turns(items, metadata=metadata, timestamp=timestamp, extract=extract)


async def rewrite_event(
    session: AsyncMemorySession,
    converter: MessageConverter,
    event_id: str,
    reader: Reader,
    key: str,
    message: Message,
) -> list[str]:
    """
    Store an event anew, at its time, with *message* in place of the one of *key*, and delete it.

    Returns:
        The ids of the new events.

    Raises:
        NotFoundError: There is no such event.
    """
    event = await session.get_event(event_id)
    stored: list[list[Item]] = []
    for record in (each.record for each in reader.read(event)):
        changed = record
        if record.kind == MESSAGE and record.key == key:
            changed = evolve(record, data=converter.to_data(message))
        stored.append(record_items(changed, converter))
    ids = [
        (await add_items(session, items, event.metadata, event.timestamp)).event_id
        for items in event_items(stored)
    ]
    await session.delete_event(event_id)
    return ids


def record_items(record: Record, converter: MessageConverter) -> list[Item]:
    """Return the items of a record, with the text that is to be learned from a message."""
    if record.kind != MESSAGE:
        return [*record.to_items()]
    message = converter.to_message(record.data)
    return message_items(record, message["role"], converter.to_text(message))
