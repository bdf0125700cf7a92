"""Transcripts of the Claude Agent SDK in trouble: failing calls, cancellation, any loop."""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("claude_agent_sdk")

from anyio import create_task_group

from agentcore_memory_async import MemorySessionManager
from agentcore_memory_async.errors import AgentCoreMemoryError
from agentcore_memory_async.integrations.claude_agent_sdk import AgentCoreSessionStore
from agentcore_memory_async.local import LocalMemoryService
from tests.integrations._claude import KEY, MEMORY_ID, SUB, entry, operations
from tests.integrations._claude import memory as memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from claude_agent_sdk import SessionKey

    from agentcore_memory_async.testing import LocalMemory

LARGE = "large " * 400_000


def faults_of(memory: LocalMemory) -> Iterator[Callable[[], object]]:
    """Return functions that each make one call fail, in turn."""
    return itertools.cycle(
        [
            lambda: memory.fail("ThrottledException", times=1),
            lambda: memory.service.drop_connection(after=True, times=1),
            lambda: memory.fail("ServiceException", times=1),
            lambda: memory.service.drop_connection(times=1),
        ]
    )


async def test_nothing_is_lost_among_faults(memory: LocalMemory) -> None:
    """A fifth of the calls fail, of twenty sessions at once: each is whole, once, in order."""
    store = AgentCoreSessionStore(memory.manager, actor_id="anna")
    draws, faults = random.Random(7), faults_of(memory)
    keys: list[SessionKey] = [{"project_key": "p", "session_id": f"s{n}"} for n in range(20)]

    async def converse(key: SessionKey) -> None:
        for number in range(6):
            if draws.random() < 0.25:  # of an append, which is a call, and of its repetition
                next(faults)()
            await store.append(key, [entry("user", f"{key['session_id']} {number}")])

    async with create_task_group() as group:
        for key in keys:
            group.start_soon(converse, key)
    memory.service.clear_faults()
    for key in keys:
        expected = [entry("user", f"{key['session_id']} {number}") for number in range(6)]
        assert expected == await store.load(key)
        session = await memory.session("anna", store._transcript(key).session_id)
        assert 6 == len(await session.list_events())
    assert {f"s{n}" for n in range(20)} == {
        one["session_id"] for one in await store.list_sessions("p")
    }


@pytest.mark.parametrize("text", ["short", LARGE])
async def test_a_batch_that_is_sent_again_is_stored_once(memory: LocalMemory, text: str) -> None:
    """Where its answer is lost, as the SDK does; entries without a uuid, too."""
    batch = [entry("user", text), entry("assistant", "Yes.")]
    store = AgentCoreSessionStore(memory.manager, actor_id="anna")
    await store.append(KEY, [entry("user", "before")])
    memory.service.drop_connection(operation="CreateEvent", after=True, times=1)
    memory.fail("AccessDeniedException", operation="CreateEvent", times=1)
    with pytest.raises(AgentCoreMemoryError):
        await store.append(KEY, batch)
    await store.append(KEY, batch)
    await store.append(KEY, [entry("user", "after")])
    assert [entry("user", "before"), *batch, entry("user", "after")] == await store_of(memory)
    said = [
        one.text
        for session in await memory.manager.actor("anna").list_sessions()
        for event in await (await memory.session("anna", session.session_id)).list_events()
        for one in event.messages
    ]
    assert 1 == said.count("Yes.")


async def store_of(memory: LocalMemory) -> Any:
    """Return what another process reads."""
    return await AgentCoreSessionStore(memory.manager, actor_id="anna").load(KEY)


async def test_a_large_batch_that_stops_in_the_middle_is_not_read(memory: LocalMemory) -> None:
    """Of a batch over several events there is nothing until the last one is stored."""
    store = AgentCoreSessionStore(memory.manager, actor_id="anna")
    before, large = entry("user", "before"), entry("assistant", LARGE)
    await store.append(KEY, [before])
    refused: list[BaseException] = []

    async def append() -> None:
        try:
            await store.append(KEY, [large])
        except AgentCoreMemoryError as error:
            refused.append(error)

    async with create_task_group() as group:
        writes = operations(memory).count("CreateEvent")
        group.start_soon(append)
        while operations(memory).count("CreateEvent") == writes:
            await asyncio.sleep(0)
        fault = memory.fail("AccessDeniedException", operation="CreateEvent")
    assert 1 == len(refused)
    assert [before] == await store_of(memory)
    [summary] = await store.list_session_summaries(KEY["project_key"])
    assert "before" == summary["data"]["first_prompt"]
    fault.cancel()
    await store.append(KEY, [large])
    assert [before, large] == await store_of(memory)


async def test_a_cancelled_append_is_stored(memory: LocalMemory) -> None:
    """Its caller waits for the outcome."""
    store = AgentCoreSessionStore(memory.manager, actor_id="anna")
    await store.append(KEY, [entry("user", "before")])
    async with create_task_group() as group:
        group.start_soon(store.append, KEY, [entry("user", "cancelled")])
        await asyncio.sleep(0)
        group.cancel_scope.cancel()
    assert [entry("user", "before"), entry("user", "cancelled")] == await store_of(memory)


async def test_appends_at_once_keep_their_order(memory: LocalMemory) -> None:
    """Of one session, in the order of the calls; the summary has the last title."""
    store = AgentCoreSessionStore(memory.manager, actor_id="anna")
    async with create_task_group() as group:
        for number in range(20):
            title: Any = {"type": "title", "customTitle": f"t{number}", "n": number}
            group.start_soon(store.append, KEY, [title])
    assert list(range(20)) == [one["n"] for one in await store_of(memory)]
    [summary] = await store.list_session_summaries(KEY["project_key"])
    assert "t19" == summary["data"]["custom_title"]


async def test_a_summary_goes_on_in_another_process(memory: LocalMemory) -> None:
    """Where a session is resumed, its summary has what each process appended."""
    first, second = (AgentCoreSessionStore(memory.manager, actor_id="anna") for _ in range(2))
    await first.append(KEY, [entry("user", "Hello.")])
    await second.load(KEY)
    title: Any = {"type": "title", "customTitle": "Rome"}
    await second.append(KEY, [title])
    await first.load(KEY)
    await first.append(KEY, [entry("user", "Bye.")])
    [summary] = await first.list_session_summaries(KEY["project_key"])
    assert ("Hello.", "Rome") == (summary["data"]["first_prompt"], summary["data"]["custom_title"])


async def test_a_deletion_that_stops_in_the_middle_goes_on(memory: LocalMemory) -> None:
    """The session is listed until all is deleted, and deleting again deletes the rest."""
    store = AgentCoreSessionStore(memory.manager, actor_id="anna")
    await store.append(KEY, [entry("user", "1")])
    await store.append(SUB, [entry("user", "2")])
    fault = memory.fail("AccessDeniedException", operation="DeleteEvent")
    with pytest.raises(AgentCoreMemoryError, match="delete it again"):
        await store.delete(KEY)
    fault.cancel()
    assert [KEY["session_id"]] == [
        one["session_id"] for one in await store.list_sessions(KEY["project_key"])
    ]
    await store.delete(KEY)
    assert [] == await store.list_sessions(KEY["project_key"])
    assert await store.load(KEY) is await store.load(SUB) is None
    sessions = await memory.manager.actor("anna").list_sessions(has_events=True)
    assert [] == sessions


async def test_what_is_known_of_transcripts_is_bounded(
    memory: LocalMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those not used for long are forgotten, and read again."""
    monkeypatch.setattr("agentcore_memory_async.integrations._recent.MOST", 3)
    store = AgentCoreSessionStore(memory.manager, actor_id="anna")
    keys: list[SessionKey] = [{"project_key": "p", "session_id": f"s{n}"} for n in range(5)]
    for _ in range(2):
        for key in keys:
            await store.append(key, [entry("user", "hi")])
    assert 3 == len(store._recent)
    assert 5 == len(await store.list_sessions("p"))
    for key in keys:
        assert [entry("user", "hi")] * 2 == await store.load(key)


@pytest.mark.filterwarnings("error")
def test_three_runs_in_threads_leave_nothing() -> None:
    """One store, for each ``asyncio.run`` in a thread of its own; no warning, nothing open."""
    with LocalMemoryService() as service, service.manager(MEMORY_ID) as manager:
        assert isinstance(manager, MemorySessionManager)
        store = AgentCoreSessionStore(manager, actor_id="anna")
        for number in range(3):
            with ThreadPoolExecutor(1) as thread:
                thread.submit(lambda n: asyncio.run(store.append(KEY, [n])), entry("user", number))
        found = asyncio.run(store.load(KEY))
        assert [entry("user", number) for number in range(3)] == found
    gc.collect()
    assert all(thread.daemon for thread in threading.enumerate()[1:])
