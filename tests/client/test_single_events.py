"""One event by its id: read, and deleted."""

from __future__ import annotations

import pytest

from agentcore_memory_async import (
    AnswerMismatchError,
    DecodeError,
    NotFoundError,
    OutcomeUnknownError,
    RetryPolicy,
    TransportError,
)
from agentcore_memory_async.errors import InvalidInputError, service_error
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import MEMORY, manager_on, said, wire_event

EVENT = wire_event(1, "hi")
EVENT_ID = EVENT["eventId"]
IDS = {"memoryId": MEMORY, "actorId": "a", "sessionId": "s"}
GONE = service_error("DeleteEvent", "ResourceNotFoundException", "made by a test", 404)
LOST = TransportError("DeleteEvent", "connection lost", sent=True)


async def test_an_event_is_read_and_deleted_on_the_service() -> None:
    """An event comes back equal by its id, and is gone after it was deleted."""
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        kept, event = [await session.add_turns([said(text)]) for text in ("kept", "left")]
        assert event == await session.get_event(event.event_id)
        await session.delete_event(event.event_id)
        assert [kept] == await session.list_events()
        for again in (session.get_event, session.delete_event):
            with pytest.raises(NotFoundError):
                await again(event.event_id)


async def test_an_event_of_another_session_is_not_found() -> None:
    """An id of another session, or of another actor, shows and deletes nothing."""
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        event = await session.add_turns([said("hi")])
        for actor_id, session_id in (("a", "other"), ("other", "s")):
            other = await manager.create_memory_session(actor_id, session_id, verify=False)
            for call in (other.get_event, other.delete_event):
                with pytest.raises(NotFoundError):
                    await call(event.event_id)
        assert event == await session.get_event(event.event_id)


@virtual_time
async def test_the_requests_name_the_session() -> None:
    """Both requests have the ids of the session and of the event."""
    transport = FakeTransport()
    transport.reply("GetEvent", {"event": EVENT})
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        assert EVENT_ID == (await session.get_event(EVENT_ID)).event_id
        await session.delete_event(EVENT_ID)
    sent = [(request.operation, request.params) for request in transport.requests]
    assert [(name, {**IDS, "eventId": EVENT_ID}) for name in ("GetEvent", "DeleteEvent")] == sent


@pytest.mark.parametrize(
    "change",
    [{"eventId": "1#b"}, {"sessionId": "other"}, {"actorId": "b"}, {"memoryId": "x-0123456789"}],
    ids=str,
)
@virtual_time
async def test_another_event_is_no_answer(change: dict[str, str]) -> None:
    """An answer with another event is asked for again, and never shown."""
    transport = FakeTransport()
    wrong = {"event": {**EVENT, **change}}
    transport.reply("GetEvent", wrong, {"event": EVENT}, *[wrong] * 2)
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        assert EVENT_ID == (await session.get_event(EVENT_ID)).event_id
        twice = session.with_options(retry=RetryPolicy(max_attempts=2))
        with pytest.raises(AnswerMismatchError, match=next(iter(change))):
            await twice.get_event(EVENT_ID)


@virtual_time
async def test_another_deletion_is_no_answer() -> None:
    """The answer to another deletion acknowledges nothing."""
    transport = FakeTransport()
    transport.reply("DeleteEvent", {"eventId": "1#b"}, {"eventId": EVENT_ID}, {"eventId": "1#b"})
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.delete_event(EVENT_ID)
        with pytest.raises(OutcomeUnknownError):
            await session.with_options(retry=RetryPolicy(max_attempts=1)).delete_event(EVENT_ID)


@pytest.mark.parametrize("body", [{}, {"event": None}, {"event": {}}, {"event": {"eventId": 5}}])
@virtual_time
async def test_an_answer_without_the_event_is_an_error(body: dict[str, object]) -> None:
    """An answer without the event is no event."""
    transport = FakeTransport()
    transport.reply("GetEvent", body)
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(DecodeError):
            await session.get_event(EVENT_ID)


@virtual_time
async def test_what_a_lost_attempt_deleted_is_deleted() -> None:
    """Not found after a lost answer means that the lost attempt deleted it; before, it does not."""
    transport = FakeTransport()
    transport.reply("DeleteEvent", LOST, GONE, GONE, LOST)
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.delete_event(EVENT_ID)
        with pytest.raises(NotFoundError):
            await session.delete_event(EVENT_ID)
        with pytest.raises(OutcomeUnknownError) as caught:
            await session.with_options(retry=RetryPolicy(max_attempts=1)).delete_event(EVENT_ID)
        with pytest.raises(InvalidInputError, match="DeleteEvent, which does nothing twice"):
            await session.resolve(caught.value)
    assert [] == transport.sent("CreateEvent")


async def test_events_are_listed_without_their_payloads() -> None:
    """Events that are listed without payloads have all but their content."""
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        event_id = await session.create_event("order", {"number": 1}, metadata={"k": "v"})
        event = await session.add_turns([said("hi")])
        listed = await session.list_events(include_payloads=False)
        assert [event.event_id, event_id] == [each.event_id for each in listed]
        assert [((), None)] * 2 == [(each.messages, each.payload) for each in listed]
        [order] = [each async for each in session.iter_events("order", include_payloads=False)]
        assert (event_id, {"k": "v", "eventType": "order"}) == (order.event_id, order.metadata)
