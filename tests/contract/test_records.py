"""The contract of long-term records: they are extracted, listed and found."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from agentcore_memory_async import (
    ConversationalMessage,
    MemoryRecordUpdate,
    MessageRole,
    NewMemoryRecord,
    NotFoundError,
    where,
)

if TYPE_CHECKING:
    from agentcore_memory_async import AsyncMemorySession, MemoryRecord
    from tests.contract.conftest import Backend


async def extracted(session: AsyncMemorySession, backend: Backend, text: str) -> list[MemoryRecord]:
    """Store *text* and return the records that are extracted from it."""
    async with session.extraction_poller(backend.namespace, timeout=240) as poller:
        await session.add_turns([ConversationalMessage(text, MessageRole.USER)])
        return await poller


@pytest.fixture(autouse=True)
def _only_where_records_are(backend: Backend) -> None:
    """Run on every backend but moto, which does not implement the operations of records."""
    assert "aiomoto" != backend.name


async def test_records_are_extracted_from_a_conversation(backend: Backend) -> None:
    """The poller returns the new records, and a list returns the same ones."""
    session = await backend.session()
    records = await extracted(session, backend, "My name is Ada and I live in Turin.")
    listed = await session.list_long_term_memory_records(namespace_prefix=backend.namespace)
    assert {record.memory_record_id for record in records} == {
        record.memory_record_id for record in listed
    }
    assert any("Turin" in record.content for record in records)


async def test_a_listed_record_is_complete(backend: Backend) -> None:
    """A listed record has the actor's namespace, an aware UTC time, and no score."""
    session = await backend.session()
    record = (await extracted(session, backend, "I work as a nurse in Bologna."))[0]
    assert record.namespace.strip("/").endswith(session.actor_id)
    assert (timedelta(0), None) == (record.created_at.utcoffset(), record.score)


async def test_a_search_ranks_by_relevance(backend: Backend) -> None:
    """A search returns the best match first, with a score, and obeys top_k."""
    session = await backend.session()
    await extracted(session, backend, "I only drink green tea. My bicycle is a red Bianchi.")
    found = await session.search_long_term_memories(
        "Which bicycle do I ride?", namespace_prefix=backend.namespace, top_k=1
    )
    [best] = found
    assert "bianchi" in json.dumps(best.content).lower()
    assert isinstance(best.score, float)


async def test_records_of_ones_own_are_found_by_filters_and_ids(backend: Backend) -> None:
    """Created records come as extracted ones do; they are filtered, read, changed and deleted."""
    session = await backend.session()
    now = datetime.now(UTC)
    news = [
        NewMemoryRecord(namespace=backend.namespace, content=text, timestamp=now)
        for text in ("I work as a nurse.", "I live in Bologna.")
    ]
    async with session.extraction_poller(backend.namespace, timeout=240, min_records=2) as poller:
        made = await session.batch_create_memory_records(news, raise_on_failure=True)
        records = await poller
    assert {each.memory_record_id for each in made} == {each.memory_record_id for each in records}
    for moment, count in ((now - timedelta(days=1), 2), (now + timedelta(days=1), 0)):
        filters = [where("x-amz-agentcore-memory-createdAt") > moment]
        found = await session.list_long_term_memory_records(backend.namespace, filters=filters)
        assert count == len(found)
    first = records[0].memory_record_id
    change = MemoryRecordUpdate(memory_record_id=first, timestamp=now, content="I am a nurse.")
    await session.batch_update_memory_records([change], raise_on_failure=True)
    assert "I am a nurse." == (await session.get_memory_record(first)).content
    assert first == await session.delete_memory_record(first)
    with pytest.raises(NotFoundError):
        await session.get_memory_record(first)
    assert await session.batch_delete_memory_records(records[1:])


async def test_a_prefix_ends_at_a_segment(backend: Backend) -> None:
    """The prefix of actor ``x-1`` does not match records of actor ``x-10``."""
    session = await backend.session()
    longer = await backend.session(session.actor_id + "0")
    await extracted(longer, backend, "I live in Lisbon.")
    prefix = backend.namespace
    assert [] == await session.list_long_term_memory_records(namespace_prefix=prefix.rstrip("/"))
    assert [] == await session.search_long_term_memories("Lisbon", namespace_prefix=prefix)
