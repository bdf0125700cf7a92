"""
The extraction pipeline: from pending events to records, in the background.

What is pending is in the database, written in the event's own transaction, so a service that is
killed goes on where it was once it is started again. The pipeline itself only keeps, in a heap,
when each session is due. Each session that is due has a task of its own: one read, one run of the
extractor, one write. A round takes only so many events, and a session with more is due again,
behind the others. So a large session or a slow extractor delays no other session.
"""

from __future__ import annotations

import heapq
import itertools
import logging
from typing import TYPE_CHECKING

import anyio
from attrs import evolve

from agentcore_memory_async.local._api.errors import AwsError
from agentcore_memory_async.local._database.store import StoreError
from agentcore_memory_async.local._extraction.calls import ExtractorCalls
from agentcore_memory_async.local._extraction.consolidation import Consolidation, Result, is_episode
from agentcore_memory_async.local._extraction.requests import SessionWork, StrategyWork, read_work
from agentcore_memory_async.local._storage.open_parts import put_part
from agentcore_memory_async.local._storage.pending import (
    FailedJob,
    add_failed_job,
    drop_ingested,
    next_due_ms,
    pending_sessions,
    remove_pending,
    remove_pending_of_memory,
)
from agentcore_memory_async.local.clock import Clock, ManualClock, hold
from agentcore_memory_async.local.embedder import EmbedderError
from agentcore_memory_async.local.extractor import Consolidator

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcore_memory_async.local._database.store import Store, Transaction
    from agentcore_memory_async.local._storage.memories import Memories
    from agentcore_memory_async.local._storage.records import Records
    from agentcore_memory_async.local._storage.sessions import SessionKey
    from agentcore_memory_async.local.extractor import Extractor
    from agentcore_memory_async.local.faults import Faults


_LOG = logging.getLogger("agentcore_memory_async.local")

_SESSIONS_AT_ONCE = 64
"""Sessions that are extracted at a time."""
_EPISODES = 20
"""Earlier episodes that a reflection is given."""
_STORE_PAUSE_MS = 5_000
"""Time in milliseconds until extraction is tried again where the database can't be used."""
_DEFECT = "LTM_RATE_EXCEEDED"
"""The reason of jobs that a defect of the local service failed: the only one that is not of a
custom model."""
_FOREVER_MS = 2**62
"""Time in milliseconds after every due time, to extract all that is pending."""

_StrategyResults = list[tuple[StrategyWork, list[Result]]]
"""The results of each strategy of a session."""


class Pipeline:
    """
    Runs the extraction of one service.

    Args:
        store: The database.
        memories: Memories; their strategies decide what is extracted.
        records: Records to add to.
        extractor: Makes the contents of records out of messages.
        clock: Decides what is due.
        faults: Faults to inject.
        consolidate: Skip duplicates and replace what new records make obsolete.
    """

    def __init__(
        self,
        store: Store,
        memories: Memories,
        records: Records,
        extractor: Extractor,
        clock: Clock,
        faults: Faults,
        *,
        consolidate: bool = True,
    ) -> None:
        self._store = store
        self._memories = memories
        self._records = records
        self._calls = ExtractorCalls(extractor)
        self._consolidator = extractor if isinstance(extractor, Consolidator) else None
        self._clock = clock
        self._faults = faults
        self._consolidation = Consolidation(records, extractor, enabled=consolidate)
        # When each session is due. The heap may have older entries of it, too; they don't count.
        # Sessions that are due at the same time take turns, by the order of their entries.
        self._due: dict[SessionKey, int] = {}
        self._heap: list[tuple[int, int, SessionKey]] = []
        self._order = itertools.count()
        # Sessions whose task runs. They get an entry in the heap when it ends.
        self._running: set[SessionKey] = set()
        self._wake: anyio.Event | None = None  # while it sleeps
        # Lets go of the clock, which is held while anything is due or running.
        self._release: Callable[[], None] | None = None
        self._drained: list[anyio.Event] = []
        # Whether a drain is waiting, so that events due later are extracted now, too.
        self._hurry = False
        # Changes when everything is deleted: what was read before must not be written then.
        self._generation = 0

    @property
    def pending_sessions(self) -> int:
        """Number of sessions that have pending events."""
        return len(self._due.keys() | self._running)

    async def load(self) -> None:
        """Schedule what an earlier run of the service left."""
        for key, due_ms in await self._store.read(pending_sessions):
            self.schedule(key, due_ms)

    def delete_all(
        self, transaction: Transaction, on_loop: Callable[[Callable[[], None]], object]
    ) -> None:
        """
        Forget all that is pending, in the transaction that deletes it.

        Args:
            transaction: The database.
            on_loop: Runs a function on the loop of the pipeline.
        """

        def on_commit() -> None:
            # What another connection has read until now is older than the deletion, too.
            self._generation += 1
            on_loop(self._forget)

        self._generation += 1
        transaction.on_commit(on_commit)

    def _forget(self) -> None:
        self._due.clear()
        self._heap.clear()
        self._wake_up()

    def schedule(self, key: SessionKey, due_ms: int) -> None:
        """Schedule a session whose events are due at *due_ms*."""
        known = self._due.get(key)
        if known is not None and known <= due_ms:
            return
        self._due[key] = due_ms
        if key not in self._running:
            self._push(key)

    def _push(self, key: SessionKey) -> None:
        entry = (self._due[key], next(self._order), key)
        heapq.heappush(self._heap, entry)
        if self._heap[0] is entry:
            self._wake_up()

    async def drain(self, *, include_future: bool) -> None:
        """Wait until everything due, or with *include_future* everything pending, is extracted."""
        while self._due or self._running:
            if include_future and self._due:
                last = max(self._due.values())
                if isinstance(self._clock, ManualClock):
                    self._clock.advance_to(last / 1000)
                self._hurry = True
            elif not self._running and not self._is_due():
                return
            done = anyio.Event()
            self._drained.append(done)
            self._wake_up()
            await done.wait()

    async def run(self) -> None:
        """Extract what is due, until cancelled."""
        self._hold()
        try:
            with self._calls:
                await self._run_sessions()
        finally:
            self._let_go()

    def _hold(self) -> None:
        if self._release is None:
            self._release = hold(self._clock)

    def _let_go(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            release()

    def _wake_up(self) -> None:
        self._hold()
        if self._wake is not None:
            self._wake.set()

    async def _run_sessions(self) -> None:
        async with anyio.create_task_group() as group:
            while True:
                for key in self._take():
                    group.start_soon(self._run_session, key)
                if not self._running and not self._is_due():
                    self._hurry = False
                    drained, self._drained = self._drained, []
                    for event in drained:
                        event.set()
                await self._sleep()

    async def _run_session(self, key: SessionKey) -> None:
        """Extract one round of a session, and schedule it again if more of it is pending."""
        until_ms = _FOREVER_MS if self._hurry else self._now_ms()
        try:
            due_ms = await self._extract(key, until_ms)
        except StoreError:  # nothing was written; the store logs it, once
            self._hurry = False
            due_ms = self._now_ms() + _STORE_PAUSE_MS
        except Exception:  # noqa: BLE001 - one defect, and the log has the trace
            # A defect must not stop all later extraction: these become failed jobs.
            _LOG.exception("extraction of a session failed")
            due_ms = await self._give_up(key, until_ms)
        self._running.discard(key)
        if due_ms is not None:
            # Behind the sessions that are due by now.
            due_ms = max(due_ms, self._now_ms())
            self._due[key] = min(due_ms, self._due.get(key, due_ms))
        if key in self._due:
            self._push(key)
        self._wake_up()

    async def _sleep(self) -> None:
        """Sleep until a session is due or scheduled, or its task ends."""
        self._wake = wake = anyio.Event()
        cancel: Callable[[], None] | None = None
        if self._heap and len(self._running) < _SESSIONS_AT_ONCE:
            cancel = self._clock.call_at(self._heap[0][0] / 1000, self._wake_up)
        if not self._running:
            self._let_go()
        try:
            await wake.wait()
        finally:
            self._wake = None
            self._hold()
            if cancel is not None:
                cancel()

    def _is_due(self) -> bool:
        return bool(self._heap) and (self._hurry or self._heap[0][0] <= self._now_ms())

    def _now_ms(self) -> int:
        return int(self._clock.now() * 1000)

    def _take(self) -> list[SessionKey]:
        """Return the sessions whose tasks begin now."""
        taken: list[SessionKey] = []
        while self._is_due() and len(self._running) < _SESSIONS_AT_ONCE:
            due_ms, _, key = heapq.heappop(self._heap)
            if self._due.get(key) == due_ms and key not in self._running:
                del self._due[key]
                self._running.add(key)
                taken.append(key)
        return taken

    async def _extract(self, key: SessionKey, until_ms: int) -> int | None:
        """Extract one round of a session; return when (ms) the next one is due, None for never."""
        generation = self._generation
        work = await self._store.read(lambda transaction: self._read(transaction, key, until_ms))
        results = await self._run_extractor(work)
        made = [result for _, of_strategy in results for result in of_strategy]
        pairs = await self._reflect(made)
        await self._consolidate([*made, *(reflection for _, reflection in pairs)])
        for result, reflection in pairs:
            result.failure = result.failure or reflection.failure
        reflections = [reflection for result, reflection in pairs if result.failure is None]
        if results:
            await self._ready(key.memory_id)
        due_ms = await self._store.write(
            lambda transaction: (
                self._write(transaction, work, results, reflections)
                if generation == self._generation
                else next_due_ms(transaction, key)
            )
        )
        if results:
            await self._ready(key.memory_id)
        return due_ms

    async def _ready(self, memory_id: str) -> None:
        try:
            await self._records.indexes.ready(self._store, memory_id)
        except (AwsError, EmbedderError):
            _LOG.warning("the records of memory %s wait for the embedder", memory_id)

    def _read(self, transaction: Transaction, key: SessionKey, until_ms: int) -> SessionWork:
        memory = self._memories.get(transaction, key.memory_id)
        return read_work(transaction, key, memory, until_ms)

    async def _run_extractor(self, work: SessionWork) -> _StrategyResults:
        """Run the extractor for every strategy of a session."""
        results = [(strategy, strategy.requests()) for strategy in work.strategies]
        made = [result for _, of_strategy in results for result in of_strategy]
        for result in made:
            result.failure = self._faults.extraction_failure(result.strategy)
        await self._calls.run([result for result in made if result.failure is None])
        return results

    async def _reflect(self, results: list[Result]) -> list[tuple[Result, Result]]:
        """
        Let the extractor reflect on the new episodes, each with earlier ones like it.

        Return each reflection behind its episode's result. One that fails, fails the episodes as
        well: the job that is started again for it extracts them once more.
        """
        reflections: list[tuple[Result, Result]] = []
        for result in results:
            for episode in result.contents if result.kind == "EPISODIC" else ():
                reflection = result.reflection(episode)
                namespace = reflection.namespace()
                if namespace is not None:
                    await self._add_earlier_episodes(reflection, namespace, episode)
                    reflections.append((result, reflection))
        await self._calls.run([reflection for _, reflection in reflections])
        return reflections

    async def _add_earlier_episodes(self, reflection: Result, namespace: str, new: str) -> None:
        memory_id = reflection.key.memory_id
        await self._ready(memory_id)
        similar = await self._store.read(
            lambda transaction: self._records.similar(
                transaction, memory_id, namespace, new, _EPISODES, below=True
            )
        )
        earlier = [
            record.content
            for record in similar
            if is_episode(record.content) and record.content != new
        ]
        reflection.request = evolve(reflection.request, episodes=(new, *earlier))

    async def _consolidate(self, results: list[Result]) -> None:
        """Let the extractor decide which results repeat or change what is there, if it can."""
        consolidator = self._consolidator
        found = [result for result in results if result.contents and result.failure is None]
        if consolidator is None or not found:
            return
        await self._ready(found[0].key.memory_id)

        def read(transaction: Transaction) -> None:
            for result in found:
                result.existing = self._consolidation.find_existing(
                    transaction, result, self._now_ms()
                )

        await self._store.read(read)
        await self._calls.consolidate(consolidator, [item for item in found if item.existing])

    # In the database thread.

    def _write(
        self,
        transaction: Transaction,
        work: SessionWork,
        results: _StrategyResults,
        reflections: list[Result],
    ) -> int | None:
        """Write a round; return when (ms) the session's next one is due, None for never."""
        memory = self._memories.get(transaction, work.key.memory_id)
        if memory is None or memory.status == "DELETING":
            # It may have been deleted while the extractor ran.
            remove_pending_of_memory(transaction, work.key.memory_id)
            return None
        remove_pending(transaction, work.pending)
        for strategy, made in results:
            record_ids = strategy.part.record_ids
            for result in made:
                record_ids = self._write_result(transaction, result, record_ids)
            part = strategy.part_after(made, record_ids)
            if part != strategy.part:
                put_part(transaction, work.key, strategy.strategy.strategy_id, part)
        for result in reflections:
            self._write_result(transaction, result, ())
        drop_ingested(transaction, work.key, work.event_ids)
        return next_due_ms(transaction, work.key)

    def _write_result(
        self, transaction: Transaction, result: Result, record_ids: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Write a result; return the ids of the records that describe what is open now."""
        if result.failure is None:
            return self._consolidation.write(transaction, result, record_ids, self._now_ms())
        _fail(transaction, result, result.failure)
        return record_ids

    async def _give_up(self, key: SessionKey, until_ms: int) -> int | None:
        """Turn what could not be extracted into failed jobs, which can be started again."""

        def write(transaction: Transaction) -> int | None:
            work = self._read(transaction, key, until_ms)
            for strategy in work.strategies:
                for result in strategy.requests():
                    _fail(transaction, result, _DEFECT)
            remove_pending(transaction, work.pending)
            drop_ingested(transaction, key, work.event_ids)
            return next_due_ms(transaction, key)

        try:
            return await self._store.write(write)
        except Exception:  # noqa: BLE001 - the next start of the service takes it up again
            _LOG.exception("failed extraction jobs could not be written")
            return None


def _fail(transaction: Transaction, result: Result, reason: str) -> None:
    messages = [
        {"eventId": item.event_id, "messageIndex": item.index} for item in result.request.messages
    ]
    job = FailedJob(
        result.key,
        result.strategy.strategy_id,
        result.event_ids,
        messages,
        reason,
        result.job_id,
    )
    add_failed_job(transaction, job)
