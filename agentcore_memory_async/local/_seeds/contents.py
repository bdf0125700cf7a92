"""
What a service holds, loaded from a file before it listens, and written to one after.

Both go through the service's own operations and the client's import and export, on a port of their
own: without lags, quotas and faults, and seen by nobody else.
"""

from __future__ import annotations

import errno
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from agentcore_memory_async._threads import run_in_thread
from agentcore_memory_async.local._api.errors import AwsError
from agentcore_memory_async.local._client.options import client_options
from agentcore_memory_async.local._database.store import Store
from agentcore_memory_async.local._files import replacing
from agentcore_memory_async.local._http.listener import Listener, LocalServiceError
from agentcore_memory_async.local._http.server import RequestHandler
from agentcore_memory_async.local._search.indexes import SearchIndexes
from agentcore_memory_async.local._seeds.lines import MemorySeed, SeedError, memory_line, read_seed
from agentcore_memory_async.local._storage.memories import (
    Memories,
    Memory,
    first_use_document,
    settled,
)
from agentcore_memory_async.local._storage.records import Records
from agentcore_memory_async.local.behavior import Behavior, Lags
from agentcore_memory_async.local.faults import Faults
from agentcore_memory_async.manager import AsyncMemorySessionManager
from agentcore_memory_async.models import HistoryRecord
from agentcore_memory_async.policies import ServiceLimits
from agentcore_memory_async.transfer import history_to_json

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from pathlib import Path
    from typing import IO

    from agentcore_memory_async.local._api.service_model import Api
    from agentcore_memory_async.local._database.store import Transaction
    from agentcore_memory_async.local._operations.request import ServiceContext

    MakeManager = Callable[[str], AsyncMemorySessionManager]

_NO_LIMITS = ServiceLimits(events_per_second=None, other_events_per_second=None)
"""A seed is stored as fast as this machine can."""


@frozen
class Contents:
    """
    What a service holds.

    Attributes:
        api: Operations of the service.
        context: Parts of the service that operations use.
    """

    api: Api
    context: ServiceContext

    async def load(self, seeds: Sequence[MemorySeed]) -> None:
        """
        Store memories and what is in them; a memory that is there stays as it is.

        Raises:
            SeedError: The id of a memory is invalid.
            Exception: Something in them can't be stored; what came before it is.
        """
        await self.context.store.write(partial(self._put_memories, seeds=seeds))
        async with self._managers() as manager_of:
            for seed in seeds:
                async with manager_of(seed.memory_id) as manager:
                    items = [item for _, item in seed.items]
                    # One at a time, so that sessions are listed in the order of the file.
                    await manager.import_conversations(items, extract=seed.extract, concurrency=1)

    async def check_each(self, seeds: Sequence[MemorySeed]) -> None:
        """
        Store line by line, to find the one that can't be.

        Raises:
            SeedError: A line can't be stored.
        """
        for seed in seeds:
            for number, item in seed.items:
                try:
                    await self.load([evolve(seed, items=[(number, item)])])
                except Exception as error:
                    raise SeedError(number, error) from error

    async def dump(self, path: Path) -> None:
        """
        Write memories and what is in them to a file, which is there whole or not at all.

        Raises:
            OSError: The file can't be written.
        """
        memories = await self.context.store.read(self._memories)
        with replacing(path) as file:
            async with self._managers() as manager_of:
                for memory, tags in memories:
                    print(memory_line(settled(memory.document), tags), file=file)
                    async with manager_of(memory.memory_id) as manager:
                        await _write(manager, file)

    @asynccontextmanager
    async def scratch(self) -> AsyncGenerator[Contents]:
        """Yield the contents of an empty service like this one, in memory."""
        store, clock = Store(None), self.context.clock
        memories = Memories(strict=self.context.memories.strict, clock=clock)
        context = evolve(
            self.context,
            store=store,
            memories=memories,
            records=Records(SearchIndexes()),
            on_due=_ignore,
        )
        await store.open()
        try:
            yield Contents(self.api, context)
        finally:
            await store.aclose()

    @asynccontextmanager
    async def _managers(self) -> AsyncGenerator[MakeManager]:
        """Yield a function that makes the manager of a memory."""
        context = evolve(self.context, behavior=Behavior(), lags=Lags())
        handler = RequestHandler(
            api=self.api,
            service=context,
            faults=Faults(context.clock),
            allowed_hosts=frozenset(),
            on_request=_ignore,
        )
        listener = Listener(handler, "127.0.0.1", 0)
        url = await listener.start()
        options: dict[str, Any] = {"limits": _NO_LIMITS, "allow_hierarchical_actor_ids": True}
        options = client_options(url, context.clock, context.delays, options)
        try:
            yield partial(AsyncMemorySessionManager, **options)
        finally:
            await listener.stop()

    # In the database threads.

    def _put_memories(self, transaction: Transaction, seeds: Sequence[MemorySeed]) -> None:
        memories = self.context.memories
        now_ms = int(self.context.clock.now() * 1000)
        for seed in seeds:
            try:
                memory_id = memories.check_id(seed.memory_id)
                if memories.get(transaction, memory_id) is None:
                    document = first_use_document(memory_id, now_ms)
                    memories.put(transaction, seed.document or document, seed.tags)
            except AwsError as error:
                raise SeedError(seed.line, error) from error

    def _memories(self, transaction: Transaction) -> list[tuple[Memory, dict[str, str]]]:
        """Return the memories and their tags, oldest first."""
        found = [memory for memory, _ in self.context.memories.newest(transaction)]
        return [
            (memory, self.context.memories.tags(transaction, memory.memory_id))
            for memory in reversed(found)
            if memory.status != "DELETING"
        ]


def _ignore(*_: object) -> None:
    """Do nothing: what is done here is nobody else's matter."""


async def _write(manager: AsyncMemorySessionManager, file: IO[str]) -> None:
    """Write what is in a memory, oldest first, as it is stored again."""
    items = [item async for item in manager.export()]
    records = [item for item in items if isinstance(item, HistoryRecord)]
    conversations = items[: len(items) - len(records)]
    for item in (*reversed(conversations), *reversed(records)):
        print(history_to_json(item), file=file)


async def load_file(contents: Contents, path: Path) -> None:
    """
    Load a seed.

    Raises:
        LocalServiceError: The file can't be read, or a line of it can't be stored.
    """
    try:
        seeds = await run_in_thread(read_seed, path)
    except OSError as error:
        message = f"cannot read {path}: {error.strerror or error}"
        raise LocalServiceError(error.errno, message) from error
    except SeedError as error:
        raise _refused(path, error) from error
    try:
        await contents.load(seeds)
    except SeedError as error:
        raise _refused(path, error) from error
    except Exception:
        try:
            async with contents.scratch() as scratch:
                await scratch.check_each(seeds)
        except SeedError as error:
            raise _refused(path, error) from error
        raise


def _refused(path: Path, error: SeedError) -> LocalServiceError:
    return LocalServiceError(errno.EINVAL, f"cannot load {path}: {error}")


async def dump_file(contents: Contents, path: Path) -> None:
    """
    Write a file that can be loaded.

    Raises:
        LocalServiceError: The file can't be written.
    """
    try:
        await contents.dump(path)
    except OSError as error:
        message = f"cannot write {path}: {error.strerror or error}"
        raise LocalServiceError(error.errno, message) from error
