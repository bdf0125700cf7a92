"""Answers that the fake transport builds for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import NotFoundError
from agentcore_memory_async.testing import FakeTransport
from tests.client.doubles import manager_on
from tests.local.exchanges import Check, model

if TYPE_CHECKING:
    from agentcore_memory_async import AsyncMemorySession


def problems(operation: str, body: Any) -> list[str]:
    """Return how an answer violates botocore's model."""
    entry, shapes = model()[operation]
    found: list[str] = []
    Check(shapes, found).value(entry["output"]["shape"], body, "answer")
    return found


async def session_on(fake: FakeTransport) -> AsyncMemorySession:
    """Return a session on an open manager."""
    manager = await manager_on(fake).open()
    return await manager.create_memory_session("anna", "chat001", verify=False)


async def test_records_are_found_and_listed() -> None:
    """Built records are what a search and a list return, and have the model's shape."""
    fake = FakeTransport()
    found = fake.records("I fly window seats", "I live in Turin", namespace="/facts/a/", score=0.5)
    listed = fake.records("I fly window seats", namespace="/facts/a/")
    fake.reply("RetrieveMemoryRecords", found)
    fake.reply("ListMemoryRecords", listed)
    session = await session_on(fake)

    best, other = await session.search_long_term_memories("seats", namespace_prefix="/facts/a/")
    [record] = await session.list_long_term_memory_records(namespace_prefix="/facts/a/")

    assert (best.text, best.score, other.text) == ("I fly window seats", 0.5, "I live in Turin")
    assert record.text == "I fly window seats"
    assert len({each["memoryRecordId"] for each in found["memoryRecordSummaries"]}) == 2
    assert problems("RetrieveMemoryRecords", found) == []
    assert problems("ListMemoryRecords", listed) == []


async def test_records_are_found_where_they_are() -> None:
    """Records are found without a reply, in their namespace and above it, and by their ids."""
    fake = FakeTransport()
    body = fake.records("I fly window seats", "I live in Turin", namespace="/facts/anna/")
    fake.records("I like tea", namespace="/facts/annabel/", score=0.2)
    fake.records("Prefers tea", namespace="/preferences/anna/")
    session = await session_on(fake)

    found = await session.search_long_term_memories("seats", "/facts/{actorId}/")
    best = await session.search_long_term_memories("seats", "/facts/", top_k=1)
    exact = await session.search_long_term_memories("tea", namespace="/facts/annabel/")
    pages = [
        each.text async for each in session.iter_long_term_memory_records("/facts/", page_size=1)
    ]
    same = await session.get_memory_record(found[1].memory_record_id)

    assert ["I fly window seats", "I live in Turin"] == [each.text for each in found]
    assert [0.9] == [each.score for each in best]
    assert [("I like tea", 0.2)] == [(each.text, each.score) for each in exact]
    assert ["I fly window seats", "I live in Turin", "I like tea"] == pages
    assert same.text == "I live in Turin"
    assert problems("RetrieveMemoryRecords", body) == []
    with pytest.raises(NotFoundError):
        await session.get_memory_record("mem-" + "9" * 36)


async def test_nothing_is_behind_a_page_of_a_reply() -> None:
    """A token that a reply gave leads to an empty page."""
    fake = FakeTransport()
    page = fake.records("I fly window seats", namespace="/facts/a/")
    fake.reply("ListMemoryRecords", page | {"nextToken": "more"})
    session = await session_on(fake)

    assert 1 == len(await session.list_long_term_memory_records(namespace_prefix="/facts/a/"))


async def test_events_are_those_of_the_session() -> None:
    """Built events are of the session that asks, in their order, and have the model's shape."""
    fake = FakeTransport()
    events = fake.events(("USER", "I live in Turin."), ("ASSISTANT", "Noted."))
    fake.reply("ListEvents", events)
    session = await session_on(fake)

    turns = await session.get_last_k_turns(2)

    assert [turn.text for turn in turns] == ["I live in Turin.", "Noted."]
    [request] = fake.sent("ListEvents")
    assert problems("ListEvents", events(request)) == []
