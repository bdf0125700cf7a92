"""The checkpoint saver of LangGraph."""

from __future__ import annotations

from functools import partial
from secrets import randbelow
from typing import TYPE_CHECKING, Any, cast

from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
    get_checkpoint_id,
    get_checkpoint_metadata,
)

from agentcore_memory_async.integrations._loops import ManagerLoop
from agentcore_memory_async.integrations.langgraph._delta import DeltaWalk
from agentcore_memory_async.integrations.langgraph._ledger import Put
from agentcore_memory_async.integrations.langgraph._listing import Listing
from agentcore_memory_async.integrations.langgraph._records import (
    EMPTY,
    Sealed,
    TaskWrite,
    WritesRecord,
    seal,
    unseal,
)
from agentcore_memory_async.integrations.langgraph._threads import Threads
from agentcore_memory_async.integrations.langgraph._upkeep import Upkeep

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.serde.base import SerializerProtocol

    from agentcore_memory_async import AsyncMemorySessionManager, MemorySessionManager
    from agentcore_memory_async.integrations.langgraph._history import Found


class AgentCoreSaver(BaseCheckpointSaver[str]):
    """
    Keeps the checkpoints of LangGraph's threads in a memory: ``compile(checkpointer=saver)``.

    A thread is a session of *actor_id*, with the namespaces of its subgraphs. A checkpoint is one
    event, with the values that changed. So are the writes of a step's tasks, as far as they end at
    the same time. Nothing of it is extracted.

    It may be used from any event loop and thread. A cancelled write waits for its outcome. The sync
    methods need a `MemorySessionManager`, or another thread than that of the manager's loop.

    The service can't compare and set: where two runs write one thread at once, both go on, and a
    warning is logged as soon as the saver sees it.

    Args:
        manager: Manager of the memory, open while the saver is used; or a `MemorySessionManager`,
            which opens by itself.
        actor_id: Name of the actor that has the threads; any text.
        serde: LangGraph's serializer of values; its own one if omitted.

    Raises:
        InvalidInputError: An argument is invalid.

    AWS operations: ``CreateEvent`` and ``ListEvents``; ``ListSessions`` and ``DeleteEvent`` where
    threads are listed without an id, or deleted.
    """

    def __init__(
        self,
        manager: AsyncMemorySessionManager | MemorySessionManager,
        *,
        actor_id: str = "langgraph",
        serde: SerializerProtocol | None = None,
    ) -> None:
        super().__init__(serde=serde)
        self._loop = ManagerLoop(manager)
        self._threads = Threads(self._loop.manager, actor_id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._threads.actor_id}>"

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """
        Return a checkpoint with its pending writes; the newest one if *config* has no id.

        AWS operation: ``ListEvents``, as many pages as it takes; one for the newest checkpoint.
        """
        thread_id, namespace = _thread_of(config)
        found = await self._loop.read(
            self._threads.read_checkpoint, thread_id, namespace, get_checkpoint_id(config)
        )
        if found is None:
            return None
        return self._to_tuple(thread_id, found, config if get_checkpoint_id(config) else None)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """
        Iterate over checkpoints, newest first; those of all threads without *config*.

        AWS operation: ``ListEvents``, page by page; ``ListSessions`` without *config*.
        """
        left = limit
        if config is None:
            thread_ids = await self._loop.read(self._threads.thread_ids)
        else:
            thread_ids = [_thread_of(config)[0]]
        wanted = (config or {}).get("configurable", {})
        for thread_id in thread_ids:
            listing = Listing(
                self._threads,
                thread_id,
                namespace=wanted.get("checkpoint_ns"),
                checkpoint_id=wanted.get("checkpoint_id"),
                before=get_checkpoint_id(before) if before else None,
            )
            try:
                while left != 0 and not listing.is_over:
                    for found in await self._loop.read(listing.read_page):
                        metadata = self._load(found.record.metadata)
                        if left == 0 or not _meets(metadata, filter):
                            continue
                        left = left if left is None else left - 1
                        yield self._to_tuple(thread_id, found)
            finally:
                await self._loop.read(listing.aclose)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """
        Store a checkpoint, and return the configuration that names it.

        Raises:
            AgentCoreMemoryError: It was not stored, or it is not known whether it was.

        AWS operation: ``CreateEvent``; several for values of more than about 2 MB.
        """
        thread_id, namespace = _thread_of(config)
        body: dict[str, Any] = {**checkpoint}
        values = body.pop("channel_values")
        put = Put(
            (namespace, checkpoint["id"]),
            get_checkpoint_id(config),
            self._dump(body),
            self._dump(get_checkpoint_metadata(config, metadata)),
            {
                channel: (version, self._dump(values[channel]) if channel in values else EMPTY)
                for channel, version in new_versions.items()
            },
            {
                channel: version
                for channel, version in checkpoint["channel_versions"].items()
                if channel not in new_versions
            },
            lambda channel: self._dump(values[channel]) if channel in values else None,
        )
        await self._loop.write(self._threads.append, thread_id, put)
        return _config(thread_id, *put.key)

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """
        Store the writes of a task, which belong to the checkpoint that *config* names.

        Raises:
            AgentCoreMemoryError: They were not stored, or it is not known whether they were.

        AWS operation: ``CreateEvent``; those that come together share one.
        """
        if not writes:
            return
        thread_id, namespace = _thread_of(config)
        key = namespace, _names(config)["checkpoint_id"]
        record = WritesRecord(
            key,
            tuple(
                TaskWrite(
                    task_id,
                    task_path,
                    WRITES_IDX_MAP.get(channel, index),
                    channel,
                    self._dump(value),
                )
                for index, (channel, value) in enumerate(writes)
            ),
        )
        await self._loop.write(self._threads.append, thread_id, record)

    async def adelete_thread(self, thread_id: str) -> None:
        """
        Delete all checkpoints and writes of a thread, of all its namespaces.

        Raises:
            AgentCoreMemoryError: Some could not be deleted; calling again is safe.

        AWS operations: ``ListEvents`` and ``DeleteEvent`` for each event.
        """
        await self._loop.write(self._threads.delete, str(thread_id))

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """
        Delete the checkpoints and writes of runs; all threads of the actor are read for it.

        AWS operations: ``ListSessions``, ``ListEvents``, ``CreateEvent`` and ``DeleteEvent``.
        """
        await self._loop.write(self._upkeep().delete_for_runs, list(run_ids))

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """
        Copy all checkpoints and writes of a thread to another one.

        AWS operations: ``ListEvents`` and ``CreateEvent``.
        """
        await self._loop.write(
            self._upkeep().copy_thread, str(source_thread_id), str(target_thread_id)
        )

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """
        Delete old checkpoints of threads.

        Args:
            thread_ids: Ids of the threads.
            strategy: ``"keep_latest"`` keeps the newest checkpoint of each namespace, and those
                from which its delta channels are made; ``"delete"`` keeps none.

        Raises:
            InvalidInputError: There is no such strategy.

        AWS operations: ``ListEvents``, ``CreateEvent`` and ``DeleteEvent``.
        """
        await self._loop.write(self._upkeep().prune, [str(each) for each in thread_ids], strategy)

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """
        Return what the ancestors of a checkpoint wrote to delta channels.

        AWS operation: ``ListEvents``, back to the newest stored value of each channel.
        """
        if not channels:
            return {}
        thread_id, namespace = _thread_of(config)
        walk = DeltaWalk(
            self._threads, thread_id, namespace, get_checkpoint_id(config), list(channels)
        )
        found = await self._loop.read(walk.run)
        result: dict[str, DeltaChannelHistory] = {}
        for channel in channels:
            writes, seed = found[channel]
            history: DeltaChannelHistory = {
                "writes": [(each.task_id, channel, self._load(each.value)) for each in writes]
            }
            if seed is not None:
                history["seed"] = self._load(seed)
            result[channel] = history
        return result

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return a checkpoint, as ``aget_tuple`` does."""
        return self._loop.blocking(self.aget_tuple, config)

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Iterate over checkpoints, as ``alist`` does."""
        found = cast("Any", self.alist(config, filter=filter, before=before, limit=limit))
        try:
            while (one := self._loop.blocking(partial(_next, found))) is not None:
                yield one
        finally:
            self._loop.blocking(found.aclose)

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint, as ``aput`` does."""
        return self._loop.blocking(self.aput, config, checkpoint, metadata, new_versions)

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Store the writes of a task, as ``aput_writes`` does."""
        self._loop.blocking(self.aput_writes, config, writes, task_id, task_path)

    def delete_thread(self, thread_id: str) -> None:
        """Delete a thread, as ``adelete_thread`` does."""
        self._loop.blocking(self.adelete_thread, thread_id)

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete what belongs to runs, as ``adelete_for_runs`` does."""
        self._loop.blocking(self.adelete_for_runs, run_ids)

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy a thread, as ``acopy_thread`` does."""
        self._loop.blocking(self.acopy_thread, source_thread_id, target_thread_id)

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Delete old checkpoints, as ``aprune`` does."""
        self._loop.blocking(self.aprune, thread_ids, strategy=strategy)

    def get_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """Return what was written to delta channels, as ``aget_delta_channel_history`` does."""
        return self._loop.blocking(
            self.aget_delta_channel_history, config=config, channels=channels
        )

    def get_next_version(self, current: str | None, channel: None) -> str:  # noqa: ARG002 - LangGraph's signature
        """Return the version after *current*; those of two runs differ."""
        number = int(str(current).split(".")[0]) if current is not None else 0
        return f"{number + 1:032}.{randbelow(10**16):016}"

    def _upkeep(self) -> Upkeep:
        return Upkeep(self._threads, self._load)

    def _dump(self, value: object) -> Sealed:
        return seal(self.serde.dumps_typed(value))

    def _load(self, sealed: Sealed) -> Any:
        return self.serde.loads_typed(unseal(sealed))

    def _to_tuple(
        self, thread_id: str, found: Found, config: RunnableConfig | None = None
    ) -> CheckpointTuple:
        record = found.record
        body = self._load(record.body)
        values = {
            channel: self._load(found.values[channel])
            for channel in body["channel_versions"]
            if channel in found.values
        }
        parent = record.parent
        return CheckpointTuple(
            config or _config(thread_id, *record.key),
            cast("Checkpoint", {**body, "channel_values": values}),
            self._load(record.metadata),
            _config(thread_id, record.key[0], parent) if parent else None,
            [(each.task_id, each.channel, self._load(each.value)) for each in found.writes],
        )


async def _next(found: Any) -> CheckpointTuple | None:
    return cast("CheckpointTuple | None", await anext(found, None))


def _names(config: RunnableConfig) -> dict[str, Any]:
    return config.get("configurable", {})


def _thread_of(config: RunnableConfig) -> tuple[str, str]:
    """Return the thread and the namespace that a configuration names."""
    names = _names(config)
    return str(names["thread_id"]), names.get("checkpoint_ns", "")


def _config(thread_id: str, namespace: str, checkpoint_id: str) -> RunnableConfig:
    return {
        "configurable": {
            "thread_id": thread_id,
            "checkpoint_ns": namespace,
            "checkpoint_id": checkpoint_id,
        }
    }


def _meets(metadata: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> bool:
    return all(metadata.get(key) == value for key, value in (wanted or {}).items())
