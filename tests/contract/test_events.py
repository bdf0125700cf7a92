"""The contract of events: the behavior of every service with this API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from agentcore_memory_async import (
    BlobPayload,
    Branch,
    BranchSummary,
    ConversationalMessage,
    InvalidInputError,
    JsonPayload,
    MessageRole,
)
from agentcore_memory_async.verify._probes.events import BLOBS
from agentcore_memory_async.verify._probes.tokens import TOKENS

if TYPE_CHECKING:
    from agentcore_memory_async import AsyncMemorySession
    from tests.contract.conftest import Backend

SAYINGS = ["Grüße 🎈", "a\nb", "{}", "."]


def say(text: str, role: MessageRole = MessageRole.USER) -> ConversationalMessage:
    """Return a message."""
    return ConversationalMessage(text, role)


async def texts(session: AsyncMemorySession, k: int = 10, branch: str | None = None) -> list[str]:
    """Return the texts of the newest turns."""
    return [turn.text for turn in await session.get_last_k_turns(k, branch=branch)]


async def test_the_messages_of_an_event_come_back_equal(backend: Backend) -> None:
    """Roles, texts in any script and their order are preserved."""
    session = await backend.session()
    messages = [say(text, role) for text, role in zip(SAYINGS, MessageRole, strict=True)]
    await session.add_turns(messages)
    turns = await session.get_last_k_turns()
    assert messages == [say(turn.text, turn.role) for turn in turns]


async def test_turns_are_read_oldest_first(backend: Backend) -> None:
    """Events of one message each are read back as the conversation."""
    session = await backend.session()
    for text in ["one", "two", "three"]:
        await session.add_turns([say(text)])
    assert ["one", "two", "three"] == await texts(session)


async def test_the_newest_turns_are_given(backend: Backend) -> None:
    """The newest *k* messages are returned, counted from the end of the conversation."""
    session = await backend.session()
    await session.add_turns([say("one"), say("two")])
    await session.add_turns([say("three"), say("four")])
    assert ["two", "three", "four"] == await texts(session, 3)


async def test_the_newest_turns_of_many_are_given(backend: Backend) -> None:
    """The newest turns are found when more than one page of older events exists."""
    session = await backend.session()
    start = datetime.now(UTC) - timedelta(hours=1)
    for number in range(25):
        event_at = start + timedelta(seconds=number)
        await session.create_event("step", {"number": number}, timestamp=event_at)
    await session.add_turns([say("the end")])
    assert ["the end"] == await texts(session, 1)


async def test_events_are_newest_first(backend: Backend) -> None:
    """A list begins with the latest event."""
    session = await backend.session()
    stored = [await session.add_turns([say(text)]) for text in ["one", "two", "three"]]
    listed = await session.list_events()
    assert [event.event_id for event in reversed(stored)] == [event.event_id for event in listed]


async def test_pages_are_followed(backend: Backend) -> None:
    """A list of several pages is complete."""
    session = await backend.session()
    for text in ["one", "two", "three"]:
        await session.add_turns([say(text)])
    assert 3 == len(await session.list_events(page_size=1))


async def test_an_acknowledged_event_equals_the_listed_one(backend: Backend) -> None:
    """The event that a write returns equals the one that a list returns later."""
    session = await backend.session()
    stored = await session.add_turns([say("hello")], metadata={"channel": "web"})
    assert [stored] == await session.list_events()


async def test_the_timestamp_is_kept_in_milliseconds(backend: Backend) -> None:
    """A given timestamp is preserved; microseconds are truncated."""
    session = await backend.session()
    happened = datetime(2026, 3, 1, 12, 30, 15, 123_987, tzinfo=UTC)
    event = await session.add_turns([say("hello")], timestamp=happened)
    assert happened.replace(microsecond=123_000) == event.timestamp


async def test_the_event_id_begins_with_the_timestamp(backend: Backend) -> None:
    """An event id begins with the event's time in milliseconds since 1970."""
    verdicts = await backend.ask(BLOBS)
    assert "event" == verdicts["events.id_time"].value


async def test_a_client_token_stores_once(backend: Backend) -> None:
    """Calls with the same client token store one event."""
    verdicts = await backend.ask(TOKENS)
    assert "same" == verdicts["tokens.replay"].value


async def test_json_comes_back_equal(backend: Backend) -> None:
    """The payload of create_event is preserved, including numbers and nesting."""
    session = await backend.session()
    payload = {"order": 12345, "open": True, "price": 1.5, "lines": [{"sku": "ä", "gift": None}]}
    await session.create_event("order", payload)
    [event] = await session.list_events()
    assert ("order", payload) == (event.event_type, event.payload)


async def test_json_beside_a_message_comes_back_equal(backend: Backend) -> None:
    """An event can hold a message and a JSON payload."""
    session = await backend.session()
    await session.add_turns([say("see this"), JsonPayload({"a": [1]})])
    [event] = await session.list_events()
    assert ((say("see this"),), {"a": [1]}) == (event.messages, event.payload)


async def test_a_blob_comes_back_equal(backend: Backend) -> None:
    """A blob is preserved, since it is sent as JSON text that no service changes."""
    session = await backend.session()
    await session.add_turns([BlobPayload({"state": [1, 2, {"deep": None}]})])
    [event] = await session.list_events()
    assert {"state": [1, 2, {"deep": None}]} == event.payload


async def test_events_of_one_type_are_listed(backend: Backend) -> None:
    """A list by type contains the events of that type right after they were stored."""
    session = await backend.session()
    await session.add_turns([say("hello")])
    await session.create_event("order", {"number": 1})
    await session.create_event("click", {"number": 2})
    assert [{"number": 1}] == [event.payload for event in await session.list_events("order")]


async def test_metadata_comes_back_equal(backend: Backend) -> None:
    """Metadata keys and values are preserved."""
    session = await backend.session()
    await session.add_turns([say("hello")], metadata={"channel": "web", "tenant/id": "a b"})
    [event] = await session.list_events()
    assert {"channel": "web", "tenant/id": "a b"} == event.metadata


async def test_the_main_branch_is_read_alone(backend: Backend) -> None:
    """The main branch does not show messages of another branch."""
    session = await backend.session()
    root = await session.add_turns([say("one")])
    await session.add_turns([say("aside")], branch=Branch("aside", root.event_id))
    await session.add_turns([say("two")])
    assert ["one", "two"] == await texts(session)


async def test_a_branch_is_read_alone(backend: Backend) -> None:
    """A named branch shows its own messages only, if those of its parents are not wanted."""
    session = await backend.session()
    root = await session.add_turns([say("one")])
    await session.fork_conversation([say("aside")], root.event_id, "aside")
    await session.add_turns([say("further aside")], branch="aside")
    turns = await session.get_last_k_turns(branch="aside", include_parent_branches=False)
    assert ["aside", "further aside"] == [turn.text for turn in turns]


async def test_a_branch_is_read_after_its_parents(backend: Backend) -> None:
    """A branch of a branch is read after both up to the forks, without what came later there."""
    session = await backend.session()
    root = await session.add_turns([say("one")])
    await session.add_turns([say("two")])
    inner = await session.fork_conversation([say("aside")], root.event_id, "aside")
    await session.add_turns([say("later aside")], branch="aside")
    await session.fork_conversation([say("below")], inner.event_id, "below")
    assert ["one", "aside", "below"] == await texts(session, branch="below")
    events = await session.list_events(branch="below", include_parent_branches=True)
    assert ["below", "aside", "one"] == [event.messages[0].text for event in events]


async def test_branches_are_listed(backend: Backend) -> None:
    """Each branch is listed with its root, its first event, its time and its count."""
    session = await backend.session()
    root = await session.add_turns([say("one")])
    first = await session.fork_conversation([say("aside")], root.event_id, "aside")
    await session.add_turns([say("further aside")], branch="aside")
    assert [
        BranchSummary("main", None, root.event_id, 1, root.timestamp),
        BranchSummary("aside", root.event_id, first.event_id, 2, first.timestamp),
    ] == await session.list_branches()
    tree = await session.get_conversation_tree()
    [aside] = tree.main.forks[root.event_id]
    assert (first.event_id, 2) == (aside.events[0].event_id, len(aside.events))


async def test_the_service_filters_by_metadata(backend: Backend) -> None:
    """The service itself applies a metadata filter, though possibly with a lag."""
    session = await backend.session()
    await session.add_turns([say("hello")])
    await session.create_event("order", {"number": 1})
    body = await backend.wire(
        "ListEvents",
        actorId=session.actor_id,
        sessionId=session.session_id,
        includePayloads=False,
        filter={
            "eventMetadata": [
                {
                    "left": {"metadataKey": "eventType"},
                    "operator": "EQUALS_TO",
                    "right": {"metadataValue": {"stringValue": "order"}},
                }
            ]
        },
    )
    assert len(body["events"]) <= 1


async def test_the_service_filters_by_branch(backend: Backend) -> None:
    """The service itself applies a branch filter."""
    session = await backend.session()
    root = await session.add_turns([say("one")])
    aside = await session.add_turns([say("aside")], branch=Branch("aside", root.event_id))
    body = await backend.wire(
        "ListEvents",
        actorId=session.actor_id,
        sessionId=session.session_id,
        includePayloads=False,
        filter={"branch": {"name": "aside", "includeParentBranches": False}},
    )
    assert [aside.event_id] == [event["eventId"] for event in body["events"]]


async def test_sessions_are_apart(backend: Backend) -> None:
    """Neither two sessions of one actor nor two actors share events."""
    session = await backend.session()
    await session.add_turns([say("mine")])
    other = await backend.session(session.actor_id)
    stranger = await backend.manager.create_memory_session("somebody-else", session.session_id)
    assert ([], []) == (await texts(other), await texts(stranger))


async def test_an_unknown_session_is_empty(backend: Backend) -> None:
    """A session without events can be listed."""
    session = await backend.session()
    assert [] == await session.list_events()


@pytest.mark.parametrize("actor_id", ["a", "org:team:alice", "A-b_c", "7" * 255])
async def test_every_lawful_actor_id_works(backend: Backend, actor_id: str) -> None:
    """Actor ids with URL metacharacters reach the service unchanged."""
    session = await backend.session(actor_id)
    event = await session.add_turns([say("hello")])
    assert (actor_id, [event]) == (event.actor_id, await session.list_events())


async def test_what_the_service_refuses_is_never_sent(backend: Backend) -> None:
    """Invalid input raises before any request, on every backend."""
    session = await backend.session()
    with pytest.raises(InvalidInputError):
        await session.add_turns([])
    assert [] == await session.list_events()
