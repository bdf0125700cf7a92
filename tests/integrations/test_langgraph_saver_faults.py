"""LangGraph's saver in trouble: failing calls, cancelled writes, two writers, many loops."""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("langgraph")

from anyio import create_task_group, to_thread
from langgraph.checkpoint.base import empty_checkpoint

from agentcore_memory_async.errors import AgentCoreMemoryError, InvalidInputError
from agentcore_memory_async.integrations.langgraph import AgentCoreSaver
from agentcore_memory_async.local import LocalMemoryService
from tests.integrations._langgraph import MEMORY_ID, UNPACED, operations
from tests.integrations._langgraph import memory as memory
from tests.integrations.test_langgraph_saver_graphs import THREAD, asking, chain, fan_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agentcore_memory_async.testing import LocalMemory

EMPTY: Any = {"configurable": {"thread_id": "chat/1", "checkpoint_ns": ""}}


async def put(saver: AgentCoreSaver, parent: Any, **values: Any) -> Any:
    """Put a checkpoint with some values, all of them new."""
    versions: Any = {channel: saver.get_next_version(None, None) for channel in values}
    checkpoint: Any = {
        **empty_checkpoint(),
        "channel_values": values,
        "channel_versions": versions,
    }
    return await saver.aput(parent, checkpoint, {"source": "loop", "step": 1}, versions)


def thread(number: int) -> Any:
    """Return the configuration of a thread."""
    return {"configurable": {"thread_id": f"chat/{number}"}}


async def test_nothing_is_lost_among_faults(memory: LocalMemory) -> None:
    """A fifth of the calls fail, of ten runs at once; each history is whole and in order."""
    faults: Iterator[Callable[[], object]] = itertools.cycle(
        [
            lambda: memory.fail("ThrottledException", times=1),
            lambda: memory.service.drop_connection(after=True, times=1),
            lambda: memory.fail("ServiceException", times=1),
            lambda: memory.service.drop_connection(times=1),
        ]
    )
    draws = random.Random(13)

    class Faulty(AgentCoreSaver):
        async def aput(self, *args: Any) -> Any:
            if draws.random() < 0.4:  # of a step, which is two calls
                next(faults)()
            return await super().aput(*args)

    saver = Faulty(memory.manager)
    async with create_task_group() as group:
        for number in range(10):
            group.start_soon(chain(5, saver).ainvoke, {"log": ["in"]}, thread(number))
    memory.service.clear_faults()
    expected = ["in", "n0", "n1", "n2", "n3", "n4"]
    graph = chain(5, AgentCoreSaver(memory.manager))
    for number in range(10):
        logs = [each.values["log"] async for each in graph.aget_state_history(thread(number))]
        assert [expected[:end] for end in range(6, 0, -1)] == logs[:6]
        assert logs[6:] == [[]]


async def test_after_a_failed_write_the_next_one_is_whole(memory: LocalMemory) -> None:
    """What a checkpoint that was not stored would have had is written with the next one."""
    saver = AgentCoreSaver(memory.manager)
    first = await put(saver, EMPTY, a=1)
    second: Any = {**empty_checkpoint(), "channel_values": {"a": 1, "b": 2}}
    second["channel_versions"] = {"a": "1", "b": "2"}
    fault = memory.fail("AccessDeniedException", operation="CreateEvent")
    with pytest.raises(AgentCoreMemoryError):
        await saver.aput(first, second, {}, second["channel_versions"])
    fault.cancel()
    third: Any = {**second, "id": empty_checkpoint()["id"]}
    stored = await saver.aput(first, third, {}, {})
    found = await AgentCoreSaver(memory.manager).aget_tuple(stored)
    assert found is not None
    assert {"a": 1, "b": 2} == found.checkpoint["channel_values"]


async def test_half_a_checkpoint_is_none(memory: LocalMemory) -> None:
    """A value over several events counts with the last of them."""
    saver = AgentCoreSaver(memory.manager)
    first = await put(saver, EMPTY, a="small")
    original, written = type(await memory.session("a", "b")).add_turns, 0

    async def fails(*args: Any, **options: Any) -> Any:
        nonlocal written
        written += 1
        if written == 2:
            raise RuntimeError
        return await original(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agentcore_memory_async.AsyncMemorySession.add_turns", fails)
        with pytest.raises(RuntimeError):
            await put(saver, first, a="x" * 9_000_000)
    assert 2 == written
    found = await AgentCoreSaver(memory.manager).aget_tuple(EMPTY)
    assert found is not None
    assert found.config == first


async def test_a_cancelled_write_waits_for_its_outcome(memory: LocalMemory) -> None:
    """Who is cancelled while a checkpoint is on its way leaves when it is stored."""
    saver = AgentCoreSaver(memory.manager)
    memory.service.add_latency(0.2, operation="CreateEvent")
    async with create_task_group() as group:
        group.start_soon(put, saver, EMPTY)
        while not saver._threads._recent:
            await asyncio.sleep(0)
        group.cancel_scope.cancel()
    assert await saver.aget_tuple(EMPTY) is not None


async def test_two_writers_are_reported(
    memory: LocalMemory, caplog: pytest.LogCaptureFixture
) -> None:
    """Two savers that read one checkpoint, and go on with it: the next reader logs it, once."""
    first = await put(AgentCoreSaver(memory.manager), EMPTY)
    one, two = AgentCoreSaver(memory.manager), AgentCoreSaver(memory.manager)
    for saver in (one, two):
        await saver.aget_tuple(EMPTY)
    await put(one, first)
    assert "two writers" not in caplog.text
    await put(two, first)
    assert "two writers" not in caplog.text  # neither knows of the other one
    reader = AgentCoreSaver(memory.manager)
    for _ in range(2):
        await reader.aget_tuple(first)
    assert 1 == caplog.text.count("'chat/1' has two writers")


async def test_two_runs_of_one_saver_are_reported(
    memory: LocalMemory, caplog: pytest.LogCaptureFixture
) -> None:
    """The saver itself knows both, and logs it when the second one writes."""
    graph = chain(2, AgentCoreSaver(memory.manager))
    async with create_task_group() as group:
        for _ in range(2):
            group.start_soon(graph.ainvoke, {"log": ["in"]}, THREAD)
    assert "'chat/1' has two writers" in caplog.text


async def test_one_writer_is_not_reported(
    memory: LocalMemory, caplog: pytest.LogCaptureFixture
) -> None:
    """Runs one after the other, time travel and forks are no conflict, of whatever saver."""
    for _ in range(2):
        graph = chain(2, AgentCoreSaver(memory.manager))
        await graph.ainvoke({"log": ["in"]}, THREAD)
        await graph.ainvoke({"log": ["again"]}, THREAD)
        for state in [each async for each in graph.aget_state_history(THREAD)]:
            await graph.ainvoke(None, await graph.aupdate_state(state.config, {"log": ["fork"]}))
    await asking(AgentCoreSaver(memory.manager)).ainvoke({"log": []}, thread(2))
    await fan_out(5, AgentCoreSaver(memory.manager)).ainvoke({"log": []}, thread(3))
    assert "two writers" not in caplog.text


async def test_a_pruned_thread_goes_on(memory: LocalMemory) -> None:
    """The newest checkpoint has all of its values, and the events of the others are gone."""
    graph = chain(3, AgentCoreSaver(memory.manager))
    await graph.ainvoke({"log": ["in"]}, THREAD)
    saver = AgentCoreSaver(memory.manager)
    before = await saver.aget_tuple(THREAD)
    with pytest.raises(InvalidInputError, match="strategy"):
        await saver.aprune(["chat/1"], strategy="newest")
    await saver.aprune(["chat/1"])
    assert before == await AgentCoreSaver(memory.manager).aget_tuple(THREAD)
    session = await memory.session("langgraph", "enc-chat_2f1")
    assert 1 == len(await session.list_events())
    result = await graph.ainvoke({"log": ["more"]}, THREAD)
    assert ["in", "n0", "n1", "n2", "more", "n0", "n1", "n2"] == result["log"]


@pytest.mark.parametrize(
    "delete",
    [
        lambda saver: saver.adelete_thread("chat/1"),
        lambda saver: saver.aprune(["chat/1"], strategy="delete"),
        lambda saver: saver.aprune(["chat/1"]),
        lambda saver: saver.adelete_for_runs(["one"]),
    ],
    ids=["thread", "prune all", "prune old", "runs"],
)
async def test_a_deletion_that_fails_raises(memory: LocalMemory, delete: Any) -> None:
    """Who deletes a thread learns that it is still there, and can do so again."""
    saver = AgentCoreSaver(memory.manager)
    first = await saver.aput(EMPTY, empty_checkpoint(), {"run_id": "one"}, {})
    await saver.aput(first, empty_checkpoint(), {"run_id": "one"}, {})
    fault = memory.fail("AccessDeniedException", operation="DeleteEvent")
    with pytest.raises(AgentCoreMemoryError):
        await delete(saver)
    fault.cancel()
    assert await saver.aget_tuple(EMPTY) is not None
    await delete(saver)
    session = await memory.session("langgraph", "enc-chat_2f1")
    assert len(await session.list_events()) <= 1


async def test_a_copied_thread_goes_on(memory: LocalMemory) -> None:
    """A copy has the whole history, and its own future."""
    saver = AgentCoreSaver(memory.manager)
    graph = asking(saver)
    await graph.ainvoke({"log": ["in"]}, THREAD)
    await saver.acopy_thread("chat/1", "chat/2")
    assert (await graph.aget_state(THREAD)).values == (await graph.aget_state(thread(2))).values
    assert 2 == len((await graph.aget_state(thread(2))).interrupts)


async def test_runs_are_deleted_and_others_keep_their_values(memory: LocalMemory) -> None:
    """A value of a deleted run that a later checkpoint needs is kept."""
    saver = AgentCoreSaver(memory.manager)
    values: Any = {"channel_values": {"a": 1}, "channel_versions": {"a": "1"}}
    first: Any = {**empty_checkpoint(), **values}
    second: Any = {**empty_checkpoint(), **values}
    config = await saver.aput(EMPTY, first, {"run_id": "one"}, {"a": "1"})
    await saver.aput_writes(config, [("a", 2)], "task")
    newest = await saver.aput(config, second, {"run_id": "two"}, {})
    await saver.adelete_for_runs(["one"])
    [found] = [each async for each in AgentCoreSaver(memory.manager).alist(EMPTY)]
    assert newest == found.config
    assert {"a": 1} == found.checkpoint["channel_values"]


async def test_from_other_loops(memory: LocalMemory) -> None:
    """Graphs of other threads and loops use the manager of this one."""
    graph = chain(2, AgentCoreSaver(memory.manager))
    await to_thread.run_sync(graph.invoke, {"log": ["one"]}, THREAD)

    def run() -> None:
        asyncio.run(graph.ainvoke({"log": ["two"]}, THREAD))

    await to_thread.run_sync(run)
    result = await graph.ainvoke({"log": ["three"]}, THREAD)
    assert ["one", "n0", "n1", "two", "n0", "n1", "three", "n0", "n1"] == result["log"]


@pytest.mark.parametrize("way", ["invoke", "asyncio.run"])
@pytest.mark.filterwarnings("error")
def test_a_script_leaves_nothing_open(way: str) -> None:
    """Three sync runs, or loops one after another, with a facade that opens by itself."""
    with LocalMemoryService() as service:
        with service.manager(MEMORY_ID, limits=UNPACED) as manager:
            saver = AgentCoreSaver(manager)
            graph = chain(2, saver)
            for number in range(3):
                if way == "invoke":
                    graph.invoke({"log": [f"{number}"]}, THREAD)
                else:
                    runner = threading.Thread(
                        target=asyncio.run, args=[graph.ainvoke({"log": [f"{number}"]}, THREAD)]
                    )
                    runner.start()
                    runner.join()
            expected = ["0", "n0", "n1", "1", "n0", "n1", "2", "n0", "n1"]
            assert expected == graph.get_state(THREAD).values["log"]
            newest = next(saver.list(THREAD, limit=1))
            assert newest == saver.get_tuple(THREAD)
            saver.prune(["chat/1"])
            saver.copy_thread("chat/1", "chat/2")
            assert 2 == len(list(saver.list(None)))
            saver.delete_for_runs(["nobody's"])
            saver.delete_thread("chat/1")
            assert saver.get_tuple(THREAD) is None
        gc.collect()
        assert all(each.daemon for each in threading.enumerate()[1:])


async def test_calls_of_many_runs(memory: LocalMemory) -> None:
    """Fifty runs at once of one saver: each has its own history, at the same cost."""
    graph = chain(2, AgentCoreSaver(memory.manager))
    async with create_task_group() as group:
        for number in range(50):
            group.start_soon(graph.ainvoke, {"log": [f"{number}"]}, thread(number))
    calls = operations(memory)
    assert 50 == calls.count("ListEvents")
    assert calls.count("CreateEvent") <= 50 * 2 * 4
    found = [await graph.aget_state(thread(number)) for number in (0, 24, 49)]
    assert [["0", "n0", "n1"], ["24", "n0", "n1"], ["49", "n0", "n1"]] == [
        each.values["log"] for each in found
    ]


async def test_a_value_is_written_again_before_it_expires(
    memory: LocalMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step a day is few events in a month, after which the first one may be gone."""
    session = await memory.session("langgraph", "enc-chat_2f1")
    saver = AgentCoreSaver(memory.manager)
    state: Any = {"channel_values": {"a": "old"}, "channel_versions": {"a": "1"}}
    config = await saver.aput(EMPTY, {**empty_checkpoint(), **state}, {}, {"a": "1"})
    for hours in (0.5, 2.5, 2.6):
        now = time.time() + 3600 * hours
        monkeypatch.setattr(
            "agentcore_memory_async.integrations.langgraph._threads.time", now_at(now)
        )
        config = await saver.aput(config, {**empty_checkpoint(), **state}, {}, {})
    values = [
        event.payload["value"]["records"][0]["values"] for event in await session.list_events()
    ]
    assert [[], ["a"], [], ["a"]] == [list(each) for each in values]


def now_at(now: float) -> Any:
    """Return a module with that time."""
    return SimpleNamespace(time=lambda: now)


async def test_threads_in_use_are_known_and_others_forgotten(
    memory: LocalMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many threads take no more memory, and a forgotten one goes on."""
    monkeypatch.setattr("agentcore_memory_async.integrations._recent.MOST", 3)
    saver = AgentCoreSaver(memory.manager)
    graph = chain(2, saver)
    async with create_task_group() as group:
        for number in range(8):
            group.start_soon(graph.ainvoke, {"log": [f"{number}"]}, thread(number))
    for number in range(8):
        result = await graph.ainvoke({"log": ["more"]}, thread(number))
        assert [f"{number}", "n0", "n1", "more", "n0", "n1"] == result["log"]
    assert 3 == len(saver._threads._recent)
