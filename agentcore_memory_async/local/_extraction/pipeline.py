"""
The background pipeline: from events that wait to records.

What waits is in the database, written in the event's own transaction, so a service that
is killed goes on after its restart. Sessions that are due are taken together: one read,
one run of the extractor, one write.
"""

from __future__ import annotations

import heapq
import inspect
import json
import logging
import uuid
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import attrs

from agentcore_memory_async.local._api.errors import AwsError
from agentcore_memory_async.local._api.members import as_object, child
from agentcore_memory_async.local._extraction.consolidation import Consolidation, Result
from agentcore_memory_async.local._storage.strategies import kind_of
from agentcore_memory_async.local.clock import Clock, ManualClock
from agentcore_memory_async.local.embedder import EmbedderError
from agentcore_memory_async.local.extractor import ExtractionRequest, Extractor, Message

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agentcore_memory_async.local._database.store import Store, Transaction
    from agentcore_memory_async.local._storage.memories import Memories, Memory
    from agentcore_memory_async.local._storage.pending import SessionKey
    from agentcore_memory_async.local._storage.records import Records
    from agentcore_memory_async.local.extractor import Strategy
    from agentcore_memory_async.local.faults import Faults


_LOG = logging.getLogger("agentcore_memory_async.local")

_SESSIONS_AT_ONCE = 32
_EXTRACTORS_AT_ONCE = 8  # coroutines of a user's extractor
_HISTORY = 200  # messages before the new ones; summaries and episodes get the whole session
_WHOLE = frozenset({"SUMMARIZATION", "EPISODIC"})
_TALK_ONLY = frozenset({"SEMANTIC", "USER_PREFERENCE"})  # these read no tool results


@attrs.define
class _Event:
    """One event of a session, as far as an extraction needs it."""

    event_id: str
    messages: list[Message]
    variables: dict[str, str]
    metadata: dict[str, Any]
    strategies: frozenset[str] | None  # that may read it; None for all

    def is_for(self, strategy: Strategy) -> bool:
        return self.strategies is None or strategy.strategy_id in self.strategies


@attrs.define
class _Work:
    """One session that is due."""

    key: SessionKey
    memory: Memory | None  # None: gone since
    rows: list[tuple[int, str, list[str]]]  # seq, event id, strategy ids
    events: dict[str, _Event] = attrs.field(factory=dict[str, _Event])


class Pipeline:
    """
    Runs extraction for one service.

    Args:
        store: The database.
        memories: Whose strategies say what is extracted.
        records: Where the results go.
        extractor: Makes texts out of messages.
        clock: Says what is due.
        faults: May ask for a failed job.
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
        self._due: dict[SessionKey, int] = {}
        self._heap: list[tuple[int, SessionKey]] = []
        self._busy = False
        self._wake = anyio.Event()
        self._idle: list[anyio.Event] = []
        self._hurry = False

    @property
    def waiting(self) -> int:
        """How many sessions have events that wait."""
        return len(self._due)

    async def load(self) -> None:
        """Take up what an earlier run of the service left."""
        rows = await self._store.read(
            lambda transaction: transaction.db.execute(
                "SELECT memory_id, actor_id, session_id, min(due_ms) FROM pending "
                "GROUP BY memory_id, actor_id, session_id"
            ).fetchall()
        )
        for memory_id, actor_id, session_id, due_ms in rows:
            self.notice((memory_id, actor_id, session_id), due_ms)

    def notice(self, key: SessionKey, due_ms: int) -> None:
        """Say that a session has events that are due at *due_ms*."""
        known = self._due.get(key)
        if known is not None and known <= due_ms:
            return
        self._due[key] = due_ms
        heapq.heappush(self._heap, (due_ms, key))
        if self._heap[0] == (due_ms, key):
            self._wake.set()

    async def drain(self, *, everything: bool) -> None:
        """Wait until all that is due is done; with *everything* also what is due later."""
        while self._due or self._busy:
            if everything and self._due:
                last = max(self._due.values())
                if isinstance(self._clock, ManualClock):
                    self._clock.advance_to(last / 1000)
                self._hurry = True
            elif not self._busy and not self._is_due():
                return
            done = anyio.Event()
            self._idle.append(done)
            self._wake.set()
            await done.wait()

    async def run(self) -> None:
        """Extract for ever."""
        while True:
            work = self._take()
            if work:
                self._busy = True
                try:
                    await self._extract(work)
                except Exception:  # noqa: BLE001
                    # A defect must not stop all later extraction: these become failed jobs.
                    _LOG.exception("extraction of %d sessions failed", len(work))
                    await self._give_up(work)
                finally:
                    self._busy = False
            if not self._is_due():
                self._hurry = False
                idle, self._idle = self._idle, []
                for event in idle:
                    event.set()
                await self._sleep()

    async def _sleep(self) -> None:
        self._wake = anyio.Event()
        cancel: Callable[[], None] | None = None
        if self._heap:
            cancel = self._clock.call_at(self._heap[0][0] / 1000, self._wake.set)
        try:
            await self._wake.wait()
        finally:
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
        until_ms = 2**62 if self._hurry else self._now_ms()
        works = await self._store.read(
            lambda transaction: [self._read(transaction, key, until_ms) for key in keys]
        )
        results = await self._run_extractor(works)
        reflections = await self._reflect(results)
        memory_ids = sorted({result.key[0] for result in results})
        for memory_id in memory_ids:
            await self._ready(memory_id)
        later = await self._store.write(
            lambda transaction: self._write(transaction, works, [*results, *reflections])
        )
        for key, due_ms in later:
            self.notice(key, due_ms)
        for memory_id in memory_ids:
            await self._ready(memory_id)

    async def _ready(self, memory_id: str) -> None:
        try:
            await self._records.finder.ready(self._store, memory_id)
        except (AwsError, EmbedderError):
            _LOG.warning("the records of memory %s wait for the embedder", memory_id)

    def _read(self, transaction: Transaction, key: SessionKey, until_ms: int) -> _Work:
        rows = transaction.db.execute(
            "SELECT seq, event_id, strategies FROM pending WHERE memory_id = ? AND actor_id = ? "
            "AND session_id = ? AND due_ms <= ? ORDER BY event_id",
            (*key, until_ms),
        ).fetchall()
        pending = [(seq, event_id, json.loads(ids)) for seq, event_id, ids in rows]
        work = _Work(key, self._memories.get(transaction, key[0]), pending)
        if work.memory is None or not pending:
            return work
        events = transaction.db.execute(
            "SELECT event_id, event_ms, payload, variables, metadata, strategies FROM events "
            "WHERE memory_id = ? AND actor_id = ? AND session_id = ? ORDER BY event_id",
            key,
        )
        for event_id, event_ms, payload, variables, metadata, strategies in events:
            work.events[event_id] = _Event(
                event_id,
                _messages(event_id, event_ms, json.loads(payload)),
                json.loads(variables) if variables else {},
                json.loads(metadata) if metadata else {},
                None if strategies is None else frozenset(json.loads(strategies)),
            )
        return work

    async def _run_extractor(self, works: list[_Work]) -> list[Result]:
        """Run the extractor for every strategy of every session."""
        asked: list[tuple[Result, ExtractionRequest]] = []
        for work in works:
            if work.memory is None:
                continue
            for strategy in work.memory.strategies:
                for result, request in _requests(work, strategy):
                    result.failure = self._faults.extraction_failure(strategy)
                    asked.append((result, request))
        await self._ask([pair for pair in asked if pair[0].failure is None])
        return [result for result, _ in asked]

    async def _reflect(self, results: list[Result]) -> list[Result]:
        """Let the extractor reflect on the episodes that were found, and on those like them."""
        asked: list[tuple[Result, ExtractionRequest]] = []
        for result in results:
            if result.kind != "EPISODIC" or not result.contents:
                continue
            for episode in result.contents:
                reflection = result.reflection()
                namespace = reflection.namespace()
                if namespace is None:
                    continue

                def similar(
                    transaction: Transaction,
                    result: Result = result,
                    namespace: str = namespace,
                    episode: str = episode,
                ) -> list[str]:
                    return [
                        record.content
                        for record in self._records.similar(
                            transaction, result.key[0], namespace, episode, 20, below=True
                        )
                        if record.content.startswith("<episode>")
                    ]

                await self._ready(result.key[0])
                known = await self._store.read(similar)
                request = attrs.evolve(
                    result.request,
                    kind="REFLECTION",
                    episodes=(episode, *(item for item in known if item != episode)),
                )
                asked.append((reflection, request))
        await self._ask(asked)
        return [result for result, _ in asked]

    async def _ask(self, asked: list[tuple[Result, ExtractionRequest]]) -> None:
        if not asked:
            return
        if not inspect.iscoroutinefunction(self._extractor.extract):
            await anyio.to_thread.run_sync(self._compute, asked)
            return
        limiter = anyio.CapacityLimiter(_EXTRACTORS_AT_ONCE)

        async def one(result: Result, request: ExtractionRequest) -> None:
            async with limiter:
                try:
                    answer = self._extractor.extract(request)
                    result.take(await answer if inspect.isawaitable(answer) else answer)
                except Exception as error:  # noqa: BLE001  (a user's extractor may raise anything)
                    result.fail(error)

        async with anyio.create_task_group() as group:
            for result, request in asked:
                group.start_soon(one, result, request)

    def _compute(self, asked: list[tuple[Result, ExtractionRequest]]) -> None:
        for result, request in asked:
            try:
                answer = self._extractor.extract(request)
                if inspect.isawaitable(answer):
                    message = "extract() gave an awaitable: declare it with async def"
                    raise TypeError(message)
                result.take(answer)
            except Exception as error:  # noqa: BLE001  (a user's extractor may raise anything)
                result.fail(error)

    # In the database thread.

    def _write(
        self, transaction: Transaction, works: list[_Work], results: list[Result]
    ) -> list[tuple[SessionKey, int]]:
        """Write what came out; returns the sessions that have events which are due later."""
        later: list[tuple[SessionKey, int]] = []
        for work in works:
            transaction.db.executemany(
                "DELETE FROM pending WHERE seq = ?", [(row[0],) for row in work.rows]
            )
            if work.memory is None:
                transaction.db.execute("DELETE FROM pending WHERE memory_id = ?", work.key[:1])
                continue
            (due_ms,) = transaction.db.execute(
                "SELECT min(due_ms) FROM pending WHERE memory_id = ? AND actor_id = ? "
                "AND session_id = ?",
                work.key,
            ).fetchone()
            if due_ms is not None:
                later.append((work.key, due_ms))
        for result in results:
            if result.failure is not None:
                _fail(transaction, result)
            else:
                self._consolidation.write(transaction, result, self._now_ms())
        return later

    async def _give_up(self, keys: list[SessionKey]) -> None:
        """Make failed jobs of what could not be extracted, so that it can be started again."""

        def write(transaction: Transaction) -> None:
            for key in keys:
                work = self._read(transaction, key, self._now_ms())
                for strategy in work.memory.strategies if work.memory else ():
                    for result, _ in _requests(work, strategy):
                        result.failure = "LTM_RATE_EXCEEDED"
                        _fail(transaction, result)
                transaction.db.executemany(
                    "DELETE FROM pending WHERE seq = ?", [(row[0],) for row in work.rows]
                )

        try:
            await self._store.write(write)
        except Exception:  # noqa: BLE001  (the next start of the service takes it up again)
            _LOG.exception("failed extraction jobs could not be written")


def _requests(work: _Work, strategy: Strategy) -> list[tuple[Result, ExtractionRequest]]:
    """
    Return what a strategy is asked to extract from a session's new events.

    Where its schema has STRICTLY_CONSISTENT keys, events with other values of them are apart.
    """
    kind = kind_of(strategy)
    wanted = {event_id for _, event_id, ids in work.rows if strategy.strategy_id in ids}
    if kind is None or not wanted or work.memory is None:
        return []
    keys = () if kind == "SUMMARIZATION" else _consistent_keys(strategy)
    parts: dict[tuple[str | None, ...], list[_Event]] = {}
    for event in work.events.values():
        values = tuple(child(event.metadata, key).get("stringValue") for key in keys)
        parts.setdefault(values, []).append(event)
    found: list[tuple[Result, ExtractionRequest]] = []
    for values, events in parts.items():
        new = [event for event in events if event.event_id in wanted]
        if not new:
            continue
        since = new[0].event_id
        readable = [event for event in events if event.is_for(strategy) or event.event_id in wanted]
        # What tells of the whole session is made anew from there on, in order.
        told = [item for item in readable if item.event_id >= since] if kind in _WHOLE else new
        messages = [item for event in told for item in _counting(kind, event.messages)]
        if not messages:
            continue
        history = [
            item
            for event in readable
            if event.event_id < since
            for item in _counting(kind, event.messages)
        ]
        request = ExtractionRequest(
            kind,
            strategy,
            *work.key,
            messages=tuple(messages),
            history=tuple(history if kind in _WHOLE else history[-_HISTORY:]),
        )
        metadata = {
            key: {"stringValue": value}
            for key, value in zip(keys, values, strict=True)
            if value is not None
        }
        result = Result(
            request=request,
            events=[event.event_id for event in new],
            variables=new[-1].variables,
            partition=metadata,
            consistent_keys=keys,
        )
        found.append((result, request))
    return found


def _consistent_keys(strategy: Strategy) -> tuple[str, ...]:
    return tuple(
        key
        for key, entry in strategy.schema.items()
        if entry.get("extractionType") == "STRICTLY_CONSISTENT"
    )


def _counting(kind: str, messages: list[Message]) -> list[Message]:
    """Return the messages that a strategy of *kind* reads."""
    if kind not in _TALK_ONLY:
        return messages
    return [item for item in messages if item.role in {"USER", "ASSISTANT", "JSON"}]


def _messages(event_id: str, event_ms: int, payload: list[Mapping[str, Any]]) -> list[Message]:
    found: list[Message] = []
    for index, item in enumerate(payload):
        talk = as_object(item.get("conversational"))
        if talk:
            text = talk["content"]["text"]
            found.append(Message(talk["role"], text, event_ms, event_id, index))
        elif "json" in item:
            text = json.dumps(as_object(item["json"]).get("content"), ensure_ascii=False)
            found.append(Message("JSON", text, event_ms, event_id, index))
    return found


def _fail(transaction: Transaction, result: Result) -> None:
    where = [
        {"eventId": item.event_id, "messageIndex": item.index} for item in result.request.messages
    ]
    transaction.db.execute(
        "INSERT INTO failed_jobs (job_id, memory_id, actor_id, session_id, strategy_id, "
        "event_ids, messages, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            str(uuid.uuid4()),
            *result.key,
            result.strategy.strategy_id,
            json.dumps(result.events),
            json.dumps(where),
            result.failure,
        ),
    )
