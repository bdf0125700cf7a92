"""
The extraction pipeline: from pending events to records, in the background.

What is pending is in the database, written in the event's own transaction, so a service that is
killed goes on where it was once it is started again. The pipeline itself only keeps, in a heap,
when each session is due. It takes the sessions that are due together: one read, one run of the
extractor, one write. Then it sleeps until the next one is due or another one is scheduled.
"""

from __future__ import annotations

import heapq
import inspect
import logging
from typing import TYPE_CHECKING

import anyio
from attrs import evolve

from agentcore_memory_async._threads import run_in_thread
from agentcore_memory_async.local._api.errors import AwsError
from agentcore_memory_async.local._extraction.consolidation import Consolidation, Result
from agentcore_memory_async.local._extraction.requests import SessionWork
from agentcore_memory_async.local._storage.pending import (
    FailedJob,
    add_failed_job,
    next_due_ms,
    pending_events,
    pending_sessions,
    remove_pending,
    remove_pending_of_memory,
)
from agentcore_memory_async.local._storage.sessions import source_events
from agentcore_memory_async.local.clock import Clock, ManualClock, hold
from agentcore_memory_async.local.embedder import EmbedderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcore_memory_async.local._database.store import Store, Transaction
    from agentcore_memory_async.local._storage.memories import Memories
    from agentcore_memory_async.local._storage.records import Records
    from agentcore_memory_async.local._storage.sessions import SessionKey
    from agentcore_memory_async.local.extractor import Extractor
    from agentcore_memory_async.local.faults import Faults


_LOG = logging.getLogger("agentcore_memory_async.local")

_SESSIONS_AT_ONCE = 32
"""Sessions that are extracted together."""
_EXTRACTORS_AT_ONCE = 8
"""Calls of a user's extractor, where that is a coroutine function, that run at a time."""
_EPISODES = 20
"""Earlier episodes that a reflection is given."""
_DEFECT = "LTM_RATE_EXCEEDED"
"""The reason of jobs that a defect of the local service failed: the only one that is not of a
custom model."""
_FOREVER_MS = 2**62
"""Time in milliseconds after every due time, to extract all that is pending."""


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
        self._extractor = extractor
        self._clock = clock
        self._faults = faults
        self._consolidation = Consolidation(records, extractor, enabled=consolidate)
        # When each session is due. The heap may have older entries of it, too; they don't count.
        self._due: dict[SessionKey, int] = {}
        self._heap: list[tuple[int, SessionKey]] = []
        self._busy = False
        self._wake = anyio.Event()
        # Lets go of the clock, which is held while anything is due.
        self._release: Callable[[], None] | None = None
        self._drained: list[anyio.Event] = []
        # Whether a drain is waiting, so that events due later are extracted now, too.
        self._hurry = False

    @property
    def pending_sessions(self) -> int:
        """Number of sessions that have pending events."""
        return len(self._due)

    async def load(self) -> None:
        """Schedule what an earlier run of the service left."""
        for key, due_ms in await self._store.read(pending_sessions):
            self.schedule(key, due_ms)

    def schedule(self, key: SessionKey, due_ms: int) -> None:
        """Schedule a session whose events are due at *due_ms*."""
        known = self._due.get(key)
        if known is not None and known <= due_ms:
            return
        self._due[key] = due_ms
        heapq.heappush(self._heap, (due_ms, key))
        if self._heap[0] == (due_ms, key):
            self._wake_up()

    async def drain(self, *, include_future: bool) -> None:
        """Wait until everything due, or with *include_future* everything pending, is extracted."""
        while self._due or self._busy:
            if include_future and self._due:
                last = max(self._due.values())
                if isinstance(self._clock, ManualClock):
                    self._clock.advance_to(last / 1000)
                self._hurry = True
            elif not self._busy and not self._is_due():
                return
            done = anyio.Event()
            self._drained.append(done)
            self._wake_up()
            await done.wait()

    async def run(self) -> None:
        """Extract what is due, until cancelled."""
        self._hold()
        try:
            await self._run()
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
        self._wake.set()

    async def _run(self) -> None:
        while True:
            work = self._take()
            if work:
                self._busy = True
                try:
                    await self._extract(work)
                except Exception:  # noqa: BLE001 - one defect, and the log has the trace
                    # A defect must not stop all later extraction: these become failed jobs.
                    _LOG.exception("extraction of %d sessions failed", len(work))
                    await self._give_up(work)
                finally:
                    self._busy = False
            if not self._is_due():
                self._hurry = False
                drained, self._drained = self._drained, []
                for event in drained:
                    event.set()
                await self._sleep()

    async def _sleep(self) -> None:
        self._wake = anyio.Event()
        cancel: Callable[[], None] | None = None
        if self._heap:
            cancel = self._clock.call_at(self._heap[0][0] / 1000, self._wake_up)
        self._let_go()
        try:
            await self._wake.wait()
        finally:
            self._hold()
            if cancel is not None:
                cancel()

    def _is_due(self) -> bool:
        return bool(self._heap) and (self._hurry or self._heap[0][0] <= self._now_ms())

    def _now_ms(self) -> int:
        return int(self._clock.now() * 1000)

    def _take(self) -> list[SessionKey]:
        taken: list[SessionKey] = []
        while self._is_due() and len(taken) < _SESSIONS_AT_ONCE:
            due_ms, key = heapq.heappop(self._heap)
            if self._due.get(key) == due_ms:
                del self._due[key]
                taken.append(key)
        return taken

    async def _extract(self, keys: list[SessionKey]) -> None:
        until_ms = _FOREVER_MS if self._hurry else self._now_ms()
        sessions = await self._store.read(
            lambda transaction: [self._read(transaction, key, until_ms) for key in keys]
        )
        results = await self._run_extractor(sessions)
        reflections = await self._reflect(results)
        memory_ids = sorted({result.key.memory_id for result in results})
        for memory_id in memory_ids:
            await self._ready(memory_id)
        later = await self._store.write(
            lambda transaction: self._write(transaction, sessions, [*results, *reflections])
        )
        for key, due_ms in later:
            self.schedule(key, due_ms)
        for memory_id in memory_ids:
            await self._ready(memory_id)

    async def _ready(self, memory_id: str) -> None:
        try:
            await self._records.indexes.ready(self._store, memory_id)
        except (AwsError, EmbedderError):
            _LOG.warning("the records of memory %s wait for the embedder", memory_id)

    def _read(self, transaction: Transaction, key: SessionKey, until_ms: int) -> SessionWork:
        memory = self._memories.get(transaction, key.memory_id)
        work = SessionWork(key, memory, pending_events(transaction, key, until_ms))
        if memory is not None and work.pending:
            work.events = tuple(source_events(transaction, key))
        return work

    async def _run_extractor(self, sessions: list[SessionWork]) -> list[Result]:
        """Run the extractor for every strategy of every session."""
        results = [result for work in sessions for result in work.requests()]
        for result in results:
            result.failure = self._faults.extraction_failure(result.strategy)
        await self._ask([result for result in results if result.failure is None])
        return results

    async def _reflect(self, results: list[Result]) -> list[Result]:
        """Let the extractor reflect on the new episodes, each with earlier ones like it."""
        reflections: list[Result] = []
        for result in results:
            for episode in result.contents if result.kind == "EPISODIC" else ():
                reflection = result.reflection(episode)
                namespace = reflection.namespace()
                if namespace is not None:
                    await self._add_earlier_episodes(reflection, namespace, episode)
                    reflections.append(reflection)
        await self._ask(reflections)
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
            if record.content.startswith("<episode>") and record.content != new
        ]
        reflection.request = evolve(reflection.request, episodes=(new, *earlier))

    async def _ask(self, results: list[Result]) -> None:
        """Run the extractor: a coroutine for some requests at once, a function in a thread."""
        if not inspect.iscoroutinefunction(self._extractor.extract):
            if results:
                await run_in_thread(self._ask_function, results)
            return
        limiter = anyio.CapacityLimiter(_EXTRACTORS_AT_ONCE)

        async def ask(result: Result) -> None:
            async with limiter:
                try:
                    answer = self._extractor.extract(result.request)
                    result.take(await answer if inspect.isawaitable(answer) else answer)
                except Exception as error:  # noqa: BLE001  (a user's extractor may raise anything)
                    result.fail(error)

        async with anyio.create_task_group() as group:
            for result in results:
                group.start_soon(ask, result)

    def _ask_function(self, results: list[Result]) -> None:
        for result in results:
            try:
                answer = self._extractor.extract(result.request)
                if inspect.isawaitable(answer):
                    message = "extract() returned an awaitable: declare it with async def"
                    raise TypeError(message)
                result.take(answer)
            except Exception as error:  # noqa: BLE001  (a user's extractor may raise anything)
                result.fail(error)

    # In the database thread.

    def _write(
        self, transaction: Transaction, sessions: list[SessionWork], results: list[Result]
    ) -> list[tuple[SessionKey, int]]:
        """Write results; return the sessions that have events which are due later, and when."""
        later: list[tuple[SessionKey, int]] = []
        for work in sessions:
            remove_pending(transaction, work.pending)
            if work.memory is None:
                remove_pending_of_memory(transaction, work.key.memory_id)
            due_ms = next_due_ms(transaction, work.key)
            if due_ms is not None:
                later.append((work.key, due_ms))
        for result in results:
            if result.failure is not None:
                _fail(transaction, result, result.failure)
            else:
                self._consolidation.write(transaction, result, self._now_ms())
        return later

    async def _give_up(self, keys: list[SessionKey]) -> None:
        """Turn what could not be extracted into failed jobs, which can be started again."""

        def write(transaction: Transaction) -> None:
            for key in keys:
                work = self._read(transaction, key, self._now_ms())
                for result in work.requests():
                    _fail(transaction, result, _DEFECT)
                remove_pending(transaction, work.pending)

        try:
            await self._store.write(write)
        except Exception:  # noqa: BLE001  (the next start of the service takes it up again)
            _LOG.exception("failed extraction jobs could not be written")


def _fail(transaction: Transaction, result: Result, reason: str) -> None:
    messages = [
        {"eventId": item.event_id, "messageIndex": item.index} for item in result.request.messages
    ]
    job = FailedJob(result.key, result.strategy.strategy_id, result.event_ids, messages, reason)
    add_failed_job(transaction, job)
