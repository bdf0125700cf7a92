"""An answer to another request acknowledges nothing and never reaches the caller as data."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from agentcore_memory_async import (
    AnswerMismatchError,
    ClientTokenInUseError,
    OutcomeUnknownError,
    RetryPolicy,
)
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import MEMORY, manager_on, said, wire_event, wire_record

ONCE = RetryPolicy(max_attempts=1)


async def test_a_token_of_another_actor_stores_nothing_and_shows_nothing() -> None:
    """Two actors who use one token: the second write raises, without the text of the first."""
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        alice = await manager.create_memory_session("alice", "s", verify=False)
        bob = await manager.create_memory_session("bob", "s", verify=False)
        first = await alice.add_turns([said("mine")], client_token="turn-1")
        with pytest.raises(ClientTokenInUseError, match="turn-1 belongs to another write") as info:
            await bob.add_turns([said("yours")], client_token="turn-1")
        assert "mine" not in repr(vars(info.value))
        assert first == await alice.add_turns([said("mine")], client_token="turn-1")
        assert [] == await bob.list_events()
        await bob.add_turns([said("yours")], client_token="turn-2")
        assert ["yours"] == [turn.text for turn in await bob.get_last_k_turns(5)]


async def test_a_token_of_another_turn_stores_nothing() -> None:
    """A token that is used twice in one session, for different texts, raises too."""
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        session = await manager.create_memory_session("alice", "s", verify=False)
        await session.add_turns([said("one")], client_token="turn-1")
        with pytest.raises(ClientTokenInUseError):
            await session.add_turns([said("two")], client_token="turn-1")
        assert 1 == len(await session.list_events())


async def test_the_same_turn_of_an_earlier_process_is_acknowledged() -> None:
    """A call that is repeated in another process, with its token, returns the stored event."""
    async with LocalMemoryService(strict=False) as service:
        stored: list[Any] = []
        for _ in range(2):
            async with service.manager(MEMORY) as manager:
                session = await manager.create_memory_session("alice", "s", verify=False)
                stored.append(await session.add_turns([said("one")], client_token="turn-1"))
            await anyio.sleep(0.002)  # another millisecond, so another timestamp
    assert stored[0].event_id == stored[1].event_id


@virtual_time
async def test_a_late_duplicate_acknowledges_no_write() -> None:
    """A write whose answer is that of the one before it is sent again, and stored."""
    service = FakeTransport()
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        first = await session.add_turns([said("ok")])
        late = {
            **service.sent("CreateEvent")[0],
            "eventId": first.event_id,
        }
        service.reply("CreateEvent", {"event": late})
        second = await session.add_turns([said("ok")])
    sent = service.sent("CreateEvent")
    assert first.event_id != second.event_id
    assert 3 == len(sent)
    assert sent[1] == sent[2]


@virtual_time
async def test_a_write_whose_answers_are_all_of_others_is_unknown() -> None:
    """Answers of ever other writes say nothing about this one: it may have been stored."""
    service = FakeTransport()
    service.reply("CreateEvent", {"event": wire_event(1, "other", actorId="b")})
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(OutcomeUnknownError) as info:
            await session.with_options(retry=ONCE).add_turns([said("mine")])
    assert isinstance(info.value.__cause__, AnswerMismatchError)


@virtual_time
async def test_a_page_of_another_actor_is_asked_for_again() -> None:
    """Events of another actor never reach the caller: neither as data nor in the error."""
    service = FakeTransport()
    theirs = {"events": [wire_event(1, "secret", actorId="b")]}
    mine = {"events": [wire_event(2, "mine")]}
    service.reply("ListEvents", theirs, mine, theirs)
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        assert ["mine"] == [turn.text for turn in await session.get_last_k_turns(5)]
        with pytest.raises(AnswerMismatchError) as info:
            await session.with_options(retry=ONCE).list_events()
    assert "secret" not in repr(vars(info.value))


@virtual_time
async def test_records_of_another_search_are_asked_for_again() -> None:
    """Swapped answers of two searches: neither another actor's records nor an empty list."""
    service = FakeTransport()
    theirs = {"memoryRecordSummaries": [wire_record(1, "/facts/bob/")]}
    mine = {"memoryRecordSummaries": [wire_record(2, "/facts/alice/")]}
    for operation in ("RetrieveMemoryRecords", "ListMemoryRecords"):
        service.reply(operation, theirs, mine)
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("alice", "s", verify=False)
        found = await session.search_long_term_memories("q", "/facts/{actorId}/")
        listed = await session.list_long_term_memory_records("/facts/{actorId}/")
    assert ["fact 2", "fact 2"] == [record.content for record in found + listed]
