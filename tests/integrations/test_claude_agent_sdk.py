"""Transcripts of the Claude Agent SDK in a memory: its own conformance suite, and an oracle."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any, cast

import pytest

pytest.importorskip("claude_agent_sdk")

from claude_agent_sdk import (
    ClaudeAgentOptions,
    InMemorySessionStore,
    ResultMessage,
    get_session_messages_from_store,
    list_sessions_from_store,
    project_key_for_directory,
    query,
)
from claude_agent_sdk.testing import run_session_store_conformance
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore_memory_async import InvalidInputError, encode_actor_id
from agentcore_memory_async.integrations.claude_agent_sdk import AgentCoreSessionStore
from agentcore_memory_async.local import LocalMemoryService
from tests.integrations._claude import KEY, MEMORY_ID, SUB, StubCli, entry, operations
from tests.integrations._claude import memory as memory

if TYPE_CHECKING:
    from pathlib import Path

    from claude_agent_sdk import SessionKey

    from agentcore_memory_async.testing import LocalMemory


@pytest.mark.parametrize("has_actor", [True, False])
async def test_the_sdks_own_conformance(memory: LocalMemory, has_actor: bool) -> None:
    """All 14 contracts, the optional ones among them, where each store has an actor of its own."""
    numbers = itertools.count()

    async def store() -> AgentCoreSessionStore:
        if has_actor:
            return AgentCoreSessionStore(memory.manager, actor_id=f"anna {next(numbers)}")
        for actor in await memory.manager.list_actors():
            await memory.manager.forget_actor(actor.actor_id, settle=0)
        return AgentCoreSessionStore(memory.manager)

    await run_session_store_conformance(store)


def test_no_optional_method_is_left_to_the_protocol() -> None:
    """So the conformance suite skips none."""
    optional = {"list_sessions", "list_session_summaries", "delete", "list_subkeys"}
    assert optional <= vars(AgentCoreSessionStore).keys()


NAMES = st.sampled_from(["a", "b", "a/b", "ä@x", '["a"]', "x" * 300])
KEYS = st.fixed_dictionaries(
    {"project_key": NAMES, "session_id": st.sampled_from(["a", "b", '["b"]'])},
    optional={"subpath": st.sampled_from(["a", "subagents/agent-1", '["a"]'])},
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
ENTRIES = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["user", "assistant", "summary", "tag"])},
        optional={
            "customTitle": st.text(max_size=5),
            "tag": st.sampled_from(["", "x"]),
            "timestamp": st.just("2024-01-01T00:00:00.000Z"),
            "message": st.fixed_dictionaries({"role": st.just("user"), "content": VALUES}),
            "own": VALUES,
        },
    ),
    max_size=3,
)
STEPS = st.lists(st.tuples(KEYS, ENTRIES | st.none() | st.just("forget")), max_size=12)


@settings(max_examples=40)
@given(STEPS)
def test_it_is_as_the_in_memory_store(steps: list[tuple[Any, Any]]) -> None:
    """Whatever is appended and deleted, all reads return what the SDK's own store returns."""

    async def run() -> None:
        async with LocalMemoryService() as service, service.manager(MEMORY_ID) as manager:
            store, oracle = AgentCoreSessionStore(manager, actor_id="anna"), _Oracle()
            for key, entries in steps:
                if entries == "forget":  # as another process does, which knows nothing
                    store = AgentCoreSessionStore(manager, actor_id="anna")
                elif entries is None:
                    await store.delete(key)
                    await oracle.delete(key)
                elif entries:
                    await store.append(key, entries)
                    await oracle.append(key, entries)
            await _same(store, oracle, [key for key, _ in steps])

    asyncio.run(run())


class _Oracle(InMemorySessionStore):
    """The SDK's store, where a slash in a name separates nothing."""

    async def append(self, key: SessionKey, entries: list[Any]) -> None:
        await super().append(_escaped(key), entries)

    async def delete(self, key: SessionKey) -> None:
        await super().delete(_escaped(key))


def _escaped(key: Any) -> Any:
    return {name: part.replace("/", "%2F") for name, part in key.items()}


async def _same(store: AgentCoreSessionStore, oracle: _Oracle, keys: list[Any]) -> None:
    for key in keys:
        assert await oracle.load(_escaped(key)) == await store.load(key)
        session = {"project_key": key["project_key"], "session_id": key["session_id"]}
        subkeys = await oracle.list_subkeys(cast("Any", _escaped(session)))
        found = await store.list_subkeys(cast("Any", session))
        assert sorted(subkeys) == sorted(name.replace("/", "%2F") for name in found)
        project = key["project_key"]
        listed = await oracle.list_sessions(project.replace("/", "%2F"))
        assert {one["session_id"] for one in listed} == {
            one["session_id"] for one in await store.list_sessions(project)
        }
        summaries = await oracle.list_session_summaries(project.replace("/", "%2F"))
        assert {one["session_id"]: one["data"] for one in summaries} == {
            one["session_id"]: one["data"] for one in await store.list_session_summaries(project)
        }


async def test_the_calls_of_a_turn(memory: LocalMemory) -> None:
    """A turn is one write; the first one of a session looks whether it is there, and names it."""
    store = AgentCoreSessionStore(memory.manager, actor_id="anna")
    assert [] == operations(memory)
    for number in range(3):
        await store.append(KEY, [entry("user", f"u{number}"), entry("assistant", "a")])
    assert ["ListEvents", *["CreateEvent"] * 4] == operations(memory)
    start = len(memory.service.calls())
    other = AgentCoreSessionStore(memory.manager, actor_id="anna")
    await other.load(KEY)
    await other.append(KEY, [entry("user", "u3")])
    assert ["ListEvents", "ListEvents", "CreateEvent"] == operations(memory, start)


async def test_what_was_said_is_learned(memory: LocalMemory) -> None:
    """The text of user and assistant is beside the entries; tools and subagents are not."""
    store = AgentCoreSessionStore(memory.manager, actor_id="anna")
    blocks = [{"type": "text", "text": "Sure."}, {"type": "tool_use", "input": {"text": "no"}}]
    entries = [
        entry("user", "I live in Rome."),
        entry("user", "a caveat", isMeta=True),
        entry("assistant", blocks),
        entry("user", [{"type": "tool_result", "content": "no"}]),
        {"type": "summary", "summary": "no"},
    ]
    await store.append(KEY, entries)
    await store.append(SUB, [entry("user", "Look for Rome.")])
    assert entries == await store.load(KEY)
    actor = memory.manager.actor("anna")
    said = []
    for session in await actor.list_sessions():
        of = await memory.session("anna", session.session_id)
        said += [one.text for event in await of.list_events() for one in event.messages]
    assert ["I live in Rome.", "Sure."] == said


async def test_entries_with_a_known_uuid_are_read_once(memory: LocalMemory) -> None:
    """As in a batch that the SDK sends again; those without one are all kept."""
    store = AgentCoreSessionStore(memory.manager, actor_id="anna")
    one, two = entry("user", "1", uuid="u1"), entry("user", "2", uuid="u2")
    title = {"type": "title"}
    await store.append(KEY, cast("Any", [one, title]))
    await store.append(KEY, cast("Any", [one, two, title]))
    assert [one, title, two, title] == await store.load(KEY)


@pytest.mark.parametrize("size", [50_000, 120_000, 2_000_000, 5_000_000])
async def test_large_entries(memory: LocalMemory, size: int) -> None:
    """An entry of any size comes back equal, and its text is learned from as well."""
    store = AgentCoreSessionStore(memory.manager, actor_id="anna")
    large = entry("user", "ä" * (size // 2), uuid="u1")
    many = [entry("assistant", str(number), uuid=f"a{number}") for number in range(300)]
    await store.append(KEY, [large])
    await store.append(KEY, many)
    assert [large, *many] == await store.load(KEY)
    [summary] = await store.list_session_summaries(KEY["project_key"])
    assert KEY["session_id"] == summary["session_id"]


async def test_keys_are_apart(memory: LocalMemory) -> None:
    """Parts that look alike when they are joined are different keys."""
    store = AgentCoreSessionStore(memory.manager, actor_id="anna")
    keys: list[Any] = [
        {"project_key": "a/b", "session_id": "c"},
        {"project_key": "a", "session_id": "b/c"},
        {"project_key": "a", "session_id": "b", "subpath": "c"},
        {"project_key": '["a","b"', "session_id": "c"},
        {"project_key": "a", "session_id": '"b","c"'},
        {"project_key": "x" * 400, "session_id": "c"},
        {"project_key": "x" * 401, "session_id": "c"},
    ]
    for number, key in enumerate(keys):
        await store.append(key, [entry("user", str(number))])
    for number, key in enumerate(keys):
        assert [entry("user", str(number))] == await store.load(key)


@pytest.mark.parametrize(
    "key",
    [
        {"project_key": "p"},
        {"session_id": "s"},
        {"project_key": "p", "session_id": 1},
        {"project_key": "p", "session_id": "s", "subpath": ""},
        {"project_key": "p", "session_id": "s", "subpath": 1},
    ],
)
async def test_keys_that_are_none(memory: LocalMemory, key: Any) -> None:
    """They are refused; nothing is sent."""
    store = AgentCoreSessionStore(memory.manager, actor_id="anna")
    with pytest.raises(InvalidInputError, match="key has"):
        await store.append(key, [entry("user", "hi")])
    assert [] == operations(memory)


@pytest.mark.parametrize("bad", [{1, 2}, float("nan"), object()])
async def test_entries_that_are_no_json(memory: LocalMemory, bad: Any) -> None:
    """They are refused; the transcript goes on."""
    store = AgentCoreSessionStore(memory.manager, actor_id="anna")
    with pytest.raises(InvalidInputError, match="entries is not JSON"):
        await store.append(KEY, [entry("user", bad)])
    await store.append(KEY, [entry("user", "hi")])
    assert [entry("user", "hi")] == await store.load(KEY)


async def test_an_actor_is_a_project_where_none_is_given(memory: LocalMemory) -> None:
    """Its ``project_key`` is for tenants, says the SDK."""
    store = AgentCoreSessionStore(memory.manager)
    await store.append({"project_key": "tenant 1", "session_id": "s"}, [entry("user", "hi")])
    actors = [actor.actor_id for actor in await memory.manager.list_actors()]
    assert [encode_actor_id("tenant 1")] == actors


async def test_a_run_of_the_sdk(memory: LocalMemory, tmp_path: Path) -> None:
    """A query is mirrored by one write, and the SDK's readers find it, by the project."""
    store = AgentCoreSessionStore(memory.manager, actor_id="anna")
    session_id = "0f0e0d0c-0b0a-4908-8706-050403020100"
    options = ClaudeAgentOptions(
        session_store=store, env={"CLAUDE_CONFIG_DIR": str(tmp_path)}, cwd=tmp_path
    )
    project = project_key_for_directory(tmp_path)
    transcript = tmp_path / "projects" / project / f"{session_id}.jsonl"
    run = query(
        prompt="I live in Rome.", options=options, transport=StubCli(transcript, session_id)
    )
    results = [message async for message in run]
    assert [ResultMessage] == [type(message) for message in results]
    assert 2 == operations(memory).count("CreateEvent")  # the turn, and the session's name
    [listed] = await list_sessions_from_store(store, directory=str(tmp_path))
    assert (session_id, "I live in Rome.") == (listed.session_id, listed.first_prompt)
    assert await get_session_messages_from_store(store, session_id, directory=str(tmp_path))
