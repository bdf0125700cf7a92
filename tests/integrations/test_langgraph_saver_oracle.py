"""Random use of a saver, compared with LangGraph's own saver in memory."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("langgraph")

from langgraph.checkpoint.base import CheckpointTuple, empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver

from agentcore_memory_async.integrations.langgraph import AgentCoreSaver, _ledger, _threads
from tests.integrations._langgraph import memory as memory

if TYPE_CHECKING:
    from agentcore_memory_async.testing import LocalMemory

THREADS = ("anna/1", "bo")
NAMESPACES = ("", "child:1", "child:1|leaf:2")
CHANNELS = ("messages", "count", "empty", "branch:to:x", "__pregel_tasks")
SPECIAL = ("__error__", "__scheduled__", "__interrupt__", "__resume__")


def names(thread: str, namespace: str, id_: str | None = None) -> Any:
    """Return a configuration."""
    own = {"checkpoint_id": id_} if id_ else {}
    return {"configurable": {"thread_id": thread, "checkpoint_ns": namespace, **own}}


def plain(found: CheckpointTuple | None) -> Any:
    """Return a checkpoint in a form in which order counts wherever LangGraph says so."""
    if found is None:
        return None
    config = {key: found.config["configurable"].get(key) for key in ("thread_id", "checkpoint_id")}
    parent = found.parent_config
    return (
        config,
        found.checkpoint,
        found.metadata,
        parent["configurable"] if parent else None,
        found.pending_writes,
    )


class Both:
    """Does everything twice: in our saver and in LangGraph's."""

    def __init__(self, memory: LocalMemory, seed: int) -> None:
        self.random = random.Random(seed)
        self.memory = memory
        self.ours = AgentCoreSaver(memory.manager)
        self.theirs = InMemorySaver()
        self.ids: dict[tuple[str, str], list[str]] = {}
        self.states: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}

    def place(self) -> tuple[str, str]:
        """Return a thread and a namespace."""
        return self.random.choice(THREADS), self.random.choice(NAMESPACES)

    async def put(self) -> None:
        """Put a checkpoint after the newest one, or after an older one; sometimes one again."""
        where = self.place()
        ids = self.ids.setdefault(where, [])
        parent = None if not ids else ids[-1]
        if ids and self.random.random() < 0.2:
            parent = self.random.choice(ids)
        values, versions = self.states.get(parent or "", ({}, {}))
        values, versions = {**values}, {**versions}
        changed: Any = {}
        for channel in self.random.sample(CHANNELS, self.random.randrange(len(CHANNELS))):
            versions[channel] = changed[channel] = self.theirs.get_next_version(
                versions.get(channel), None
            )
            values.pop(channel, None)
            if channel != "empty" and self.random.random() < 0.8:
                values[channel] = self.value()
        checkpoint: Any = {
            **empty_checkpoint(),
            "channel_values": values,
            "channel_versions": versions,
            "versions_seen": {"node": {**changed}},
        }
        self.states[checkpoint["id"]] = values, versions
        if self.random.random() < 0.3:  # a task may end before its checkpoint is stored
            await self.write(names(*where, checkpoint["id"]))
        metadata: Any = {"source": "loop", "step": len(ids), "run_id": f"run-{len(ids) % 3}"}
        config: Any = {**names(*where, parent), "metadata": {"user": "anna", "n": len(ids)}}
        assert await self.ours.aput(config, checkpoint, metadata, changed) == self.theirs.put(
            config, checkpoint, metadata, changed
        )
        ids.append(checkpoint["id"])

    async def put_writes(self) -> None:
        """Put writes of a task, some of which replace others."""
        where = self.place()
        if not self.ids.get(where):
            return
        await self.write(names(*where, self.random.choice(self.ids[where])))

    async def write(self, config: Any) -> None:
        """Put writes of a task of a checkpoint."""
        channels = CHANNELS if self.random.random() < 0.6 else SPECIAL
        writes = [
            (self.random.choice(channels), self.value()) for _ in range(self.random.randrange(1, 4))
        ]
        task, path = self.random.choice((("t1", "~a"), ("t2", ""), ("t0", "~b")))
        await self.ours.aput_writes(config, writes, task, path)
        self.theirs.put_writes(config, writes, task, path)

    async def restart(self) -> None:
        """Go on with a saver that knows nothing."""
        self.ours = AgentCoreSaver(self.memory.manager)

    async def get(self) -> None:
        """Compare the newest checkpoint, and any."""
        where = self.place()
        for id_ in (None, self.random.choice(self.ids.get(where) or ["none"])):
            config = names(*where, id_)
            expected = plain(self.theirs.get_tuple(config))
            assert expected == plain(await self.ours.aget_tuple(config))

    async def list(self) -> None:
        """Compare lists."""
        where = self.place()
        ids = self.ids.get(where) or ["none"]
        options: Any = self.random.choice(
            (
                {},
                {"limit": 2},
                {"limit": 0},
                {"before": names(*where, self.random.choice(ids))},
                {"filter": {"run_id": "run-1"}, "limit": 2},
                {"filter": {"user": "anna", "step": 1}},
            )
        )
        expected = [plain(each) for each in self.theirs.list(names(*where), **options)]
        found = [plain(each) async for each in self.ours.alist(names(*where), **options)]
        assert expected == found

    async def history(self) -> None:
        """Compare what delta channels are made from."""
        where = self.place()
        if not self.ids.get(where):
            return
        config = names(*where, self.random.choice([None, *self.ids[where]]))
        channels = list(self.random.sample(CHANNELS, 3))
        expected = self.theirs.get_delta_channel_history(config=config, channels=channels)
        assert expected == await self.ours.aget_delta_channel_history(
            config=config, channels=channels
        )

    async def delete(self) -> None:
        """Delete a thread, seldom."""
        if self.random.random() < 0.1:
            thread = self.random.choice(THREADS)
            await self.ours.adelete_thread(thread)
            self.theirs.delete_thread(thread)
            for where in [each for each in self.ids if each[0] == thread]:
                del self.ids[where]

    def value(self) -> Any:
        """Return a value."""
        return self.random.choice(
            (
                self.random.randrange(100),
                ["x", {"y": (1, 2)}],
                "\u00e4\ud83d" if self.random.random() < 0.05 else "text",
                b"\x00\xff",
                None,
            )
        )


@pytest.mark.parametrize("seed", range(10))
async def test_random_use(memory: LocalMemory, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is put comes back as from LangGraph's saver in memory: over many pages, too."""
    monkeypatch.setattr(_threads, "PAGE", 4)
    monkeypatch.setattr(_ledger, "REACH", 3)
    both = Both(memory, seed)
    steps = [both.put] * 6 + [both.put_writes] * 4 + [both.get, both.list] * 2
    steps += [both.history, both.delete, both.restart]
    for _ in range(60):
        await both.random.choice(steps)()
    everything = sorted(
        (plain(each) for each in both.theirs.list(None)), key=lambda each: each[1]["id"]
    )
    assert everything == sorted(
        [plain(each) async for each in both.ours.alist(None)], key=lambda each: each[1]["id"]
    )
