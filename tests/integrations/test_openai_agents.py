"""The session of the OpenAI Agents SDK: what is stored, and what comes back."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

pytest.importorskip("agents")

from agents import SessionSettings
from agents.memory import Session, SessionABC
from agents.memory.session import _session_accepts_wrapper

from agentcore_memory_async import (
    AccessDeniedError,
    AsyncMemorySession,
    ConversationalMessage,
    InvalidInputError,
    MessageRole,
    encode_actor_id,
    encode_session_id,
)
from agentcore_memory_async.integrations.openai_agents import AgentCoreSession
from tests.integrations.agents_items import assistant, items, user
from tests.integrations.agents_sessions import at_once, opened, operations, session_of

ITEMS = items()


async def test_it_is_a_session_of_the_sdk() -> None:
    """The runner passes it the context of the run, too."""
    async with opened() as (_, manager):
        session = session_of(manager)
        typed: Session = session
        assert isinstance(typed, Session)
        assert isinstance(session, SessionABC)
        assert _session_accepts_wrapper(session)
        assert "chat001" == session.session_id


@pytest.mark.parametrize("kind", ITEMS)
async def test_an_item_of_each_type_comes_back_equal(kind: str) -> None:
    """Alone and in a batch: each has all members that the API knows."""
    async with opened() as (service, manager):
        await session_of(manager).add_items([ITEMS[kind]])
        await session_of(manager).add_items([user("hi"), ITEMS[kind], assistant("yes")])
        found: list[Any] = await session_of(manager).get_items()
        assert ITEMS[kind] == found[0]
        assert [user("hi"), ITEMS[kind]] == found[1:3]
        assert ["CreateEvent", "CreateEvent", "ListEvents"] == operations(service)


ODD: dict[str, Any] = {
    "empty": {},
    "not a mapping": "text",
    "nothing": None,
    "numbers": {"n": [0, -0.5, 1e300, 10**30, 0.1]},
    "half a surrogate pair": {"role": "user", "content": "\ud800 and \udfff"},
    "emoji": {"role": "user", "content": "\U0001f600\0\u2028"},
    "keys": {"": "", "format": "openai_agents", "value": {"popped": ["a", 0]}},
    "no known role": {"role": ["user"], "content": {"text": 1}},
    "odd parts": {"role": "user", "content": [1, None, {"text": 2}, {"text": "x"}]},
    "looks like a mark": {"cleared": True, "popped": [], "items": [1]},
    "deep": {"role": "user", "content": []},
    "100 KB": {"role": "user", "content": "x" * 100_000},
    "99,999 in escapes": {"role": "user", "content": '"' * 99_999},
    "2 MB in escapes": {"role": "assistant", "content": "\u4e03" * 350_000},
}
_deepest = ODD["deep"]["content"]
for _ in range(300):
    _deepest.append([])
    _deepest = _deepest[0]


@pytest.mark.parametrize("kind", ODD)
async def test_any_json_comes_back_equal(kind: str) -> None:
    """Whatever it has, how large and deep it is; among others, and with their order."""
    async with opened() as (_, manager):
        batch: list[Any] = [user("before"), ODD[kind], user("after")]
        await session_of(manager).add_items(batch)
        assert batch == await session_of(manager).get_items()
        assert batch[1:] == await session_of(manager).get_items(2)
        assert [batch[2], batch[1], batch[0], None] == [
            await session_of(manager).pop_item() for _ in range(4)
        ]


@pytest.mark.parametrize("given", [object(), {1, 2}, float("nan"), float("inf")])
async def test_what_is_not_json_is_refused(given: Any) -> None:
    """Nothing of its batch is stored, and the error has no content."""
    async with opened() as (service, manager):
        batch: list[Any] = [user("secret"), {"content": given}]
        with pytest.raises(InvalidInputError, match="items is not JSON") as caught:
            await session_of(manager).add_items(batch)
        assert "secret" not in str(caught.value)
        assert [] == operations(service)


async def test_items_are_not_those_of_the_caller() -> None:
    """What is changed later changes nothing that is stored."""
    async with opened() as (_, manager):
        session, item = session_of(manager), user("hi")
        await session.add_items([item])
        item["content"] = "other"
        found: list[Any] = await session.get_items()
        assert [user("hi")] == found
        found[0]["content"] = "other"
        assert [user("hi")] == await session.get_items()


async def test_what_was_said_is_stored_for_extraction() -> None:
    """User and assistant only; the whole items beside them; one event."""
    batch: list[Any] = [
        {"role": "system", "content": "Be kind."},
        user("I like tea."),
        {"role": "user", "content": [{"type": "input_text", "text": "And this:"}, {"a": 1}]},
        ITEMS["ResponseFunctionToolCallParam"],
        assistant("So do I."),
    ]
    async with opened() as (_, manager):
        await session_of(manager).add_items(batch)
        [event] = await stored(manager).list_events()
        said = [(each.role, each.text) for each in event.messages]
        assert [
            (MessageRole.USER, "I like tea."),
            (MessageRole.USER, "And this:"),
            (MessageRole.ASSISTANT, "So do I."),
        ] == said


async def test_the_service_learns_from_what_was_said() -> None:
    """Records come from messages, and never from the data beside them."""
    async with opened() as (service, manager):
        batch: list[Any] = [user("I live in Zurich."), {"type": "x", "content": "I live in Bern."}]
        await session_of(manager).add_items(batch)
        await service.drain()
        records = await manager.list_long_term_memory_records("/facts/anna/")
        assert any("Zurich" in record.text for record in records)
        assert not any("Bern" in record.text for record in records)


@pytest.mark.parametrize("batch", [[{"type": "reasoning", "summary": []}], [user("")]])
async def test_nothing_is_extracted_where_nothing_was_said(batch: list[Any], recorded: Any) -> None:
    """The service is told so, and spends no model on it."""
    async with opened() as (_, manager):
        session = session_of(manager)
        await session.add_items(batch)
        await session.pop_item()
        writes = [each.params for each in recorded() if each.operation == "CreateEvent"]
        assert ["SKIP", "SKIP"] == [params.get("extractionMode") for params in writes]


async def test_a_large_batch_is_seen_whole_or_not_at_all() -> None:
    """It takes several events; a reader in between finds none of it, and one after it all."""
    before, large, seen = user("before"), [user("x" * 60_000 + str(n)) for n in range(50)], []
    async with opened() as (service, manager):
        writer, reader = session_of(manager), session_of(manager)
        await writer.add_items([before])

        async def write() -> None:
            await writer.add_items(large)
            seen.append(0)

        async def read() -> None:
            while 0 not in seen:
                seen.append(len(await reader.get_items()))

        await at_once(write, read)
        assert [before, *large] == await reader.get_items()
        assert 2 < operations(service).count("CreateEvent")
        assert {0, 1} <= set(seen) <= {0, 1, 51}


async def test_a_batch_that_broke_off_is_not_seen_and_is_deleted() -> None:
    """Of its events the last one is missing; the next batch is not mixed with it."""
    large = [user("x" * 90_000) for _ in range(50)]
    async with opened() as (service, manager):
        session = session_of(manager)
        await session.add_items([user("before")])
        writes, add_turns = count(), AsyncMemorySession.add_turns

        async def broken(self: Any, *args: Any, **options: Any) -> Any:
            if next(writes) == 2:
                service.fail("AccessDeniedException", operation="CreateEvent", times=1)
            return await add_turns(self, *args, **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(AsyncMemorySession, "add_turns", broken)
            with pytest.raises(AccessDeniedError):
                await session.add_items(large)
        assert [user("before")] == await session.get_items()
        await session.add_items([user("after")])
        assert [user("before"), user("after")] == await session.get_items()
        await session.clear_session()
        assert [] == await stored(manager).list_events()


@pytest.mark.parametrize("missing", range(3))
async def test_a_batch_of_many_messages_is_whole_or_not_there(missing: int) -> None:
    """None of its events is one that nobody misses, and each is cleared."""
    async with opened() as (_, manager):
        session, many = session_of(manager), [user(str(number)) for number in range(120)]
        await session.add_items(many)
        assert many == await session.get_items()
        events = await stored(manager).list_events()
        assert 3 == len(events)
        await stored(manager).delete_event(events[missing].event_id)
        assert [] == await session.get_items()
        await session.clear_session()
        assert [] == await stored(manager).list_events()


@pytest.mark.parametrize(
    ("limit", "expected"), [(None, 7), (0, 0), (1, 1), (3, 3), (7, 7), (8, 7), (1000, 7)]
)
async def test_a_limit_takes_the_newest(limit: int | None, expected: int) -> None:
    """Across batches and what was popped, oldest first."""
    async with opened() as (_, manager):
        session = session_of(manager)
        everything = [user(str(number)) for number in range(9)]
        for at in range(0, 9, 3):
            await session.add_items(everything[at : at + 3])
        assert everything[8] == await session.pop_item()
        assert everything[7] == await session.pop_item()
        assert everything[:7][7 - expected :] == await session.get_items(limit)


@pytest.mark.parametrize("settings", [SessionSettings(limit=2), {"limit": 2}])
async def test_settings_have_a_limit(settings: Any) -> None:
    """One that is given goes before it, and it may be changed."""
    async with opened() as (_, manager):
        session = session_of(manager, session_settings=settings)
        await session.add_items([user(str(number)) for number in range(4)])
        assert 2 == len(await session.get_items())
        assert 3 == len(await session.get_items(3))
        assert 3 == len(await session.get_items(limit=3, wrapper=None))
        session.session_settings = SessionSettings()
        assert 4 == len(await session.get_items())
        session.session_settings = None
        assert 4 == len(await session.get_items())


async def test_a_limit_reads_no_more_pages_than_it_needs() -> None:
    """Of 105 events the newest hundred are one page, and all of them are two."""
    async with opened() as (service, manager):
        session = session_of(manager)
        for number in range(105):
            await session.add_items([user(str(number))])
        for limit, pages in ((1, 1), (10, 1), (100, 1), (101, 2), (None, 2)):
            before = operations(service).count("ListEvents")
            assert (limit or 105) == len(await session.get_items(limit))
            assert pages == operations(service).count("ListEvents") - before
        before = operations(service).count("ListEvents")
        await session.pop_item()
        assert 1 == operations(service).count("ListEvents") - before


async def test_objects_of_the_same_ids_are_one_session() -> None:
    """Each sees what the others did, at once."""
    async with opened() as (_, manager):
        one, other = session_of(manager), session_of(manager)
        await one.add_items([user("1"), user("2")])
        assert user("2") == await other.pop_item()
        assert [user("1")] == await one.get_items()
        await other.clear_session()
        assert [] == await one.get_items()
        assert None is await one.pop_item()


IDS = ["anna@example.com", "a/b", "", " ", "\u4e03", "x" * 500, "a:b", "-a", "\ud800"]


async def test_any_ids_work_and_are_kept_apart() -> None:
    """Each actor and session has its own items, whatever its name is."""
    async with opened() as (_, manager):
        pairs = [(actor, name) for actor in IDS for name in IDS if actor and name]
        for actor, name in pairs:
            await session_of(manager, actor, name).add_items([user(f"{actor!a} {name!a}")])
        for actor, name in pairs:
            session = session_of(manager, actor, name)
            assert name == session.session_id
            assert [user(f"{actor!a} {name!a}")] == await session.get_items()


async def test_encrypted_items_are_kept_and_nothing_is_extracted_from_them() -> None:
    """The SDK's own wrapper encrypts items, so that there is no text in what is stored."""
    encrypt_session = pytest.importorskip("agents.extensions.memory.encrypt_session")
    async with opened() as (_, manager):
        session = encrypt_session.EncryptedSession("s", session_of(manager), "a key of the user")
        await session.add_items([user("secret"), assistant("yes")])
        assert user("secret") == (await session.get_items())[0]
        assert "yes" == (await session.pop_item())["content"][0]["text"]
        events = await stored(manager).list_events()
        assert [()] * 2 == [tuple(event.messages) for event in events]
        assert not any("secret" in str(event.payload) for event in events)


async def test_other_events_of_the_session_are_left_alone() -> None:
    """They are not items, and clearing does not delete them."""
    async with opened() as (_, manager):
        session, other = session_of(manager), stored(manager)
        await other.add_turns([ConversationalMessage("hi", MessageRole.USER)])
        await other.create_event("order", {"items": [1], "cleared": True})
        await session.add_items([user("1")])
        assert [user("1")] == await session.get_items()
        await session.clear_session()
        assert [] == await session.get_items()
        assert 2 == len(await other.list_events())


@pytest.mark.parametrize(
    "wrong",
    [{"manager": object()}, {"actor_id": 1}, {"session_id": None}],
)
async def test_wrong_arguments_are_refused(wrong: dict[str, Any]) -> None:
    """As the session is made, and not at its first call."""
    async with opened() as (_, manager):
        given = {"manager": manager, "actor_id": "a", "session_id": "s", **wrong}
        with pytest.raises(InvalidInputError, match="; give a"):
            AgentCoreSession(given.pop("manager"), **given)


def stored(manager: Any) -> AsyncMemorySession:
    """Return the session of the memory itself."""
    return AsyncMemorySession(manager, encode_actor_id("anna"), encode_session_id("chat001"))
