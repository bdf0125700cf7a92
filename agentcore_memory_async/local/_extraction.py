"""
The background pipeline: from events that wait to records.

What waits is in the database, written in the event's own transaction, so a service that
is killed goes on after its restart. Sessions that are due are taken together: one read,
one run of the extractor in a thread, one write.
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

from agentcore_memory_async.local._clock import Clock, ManualClock
from agentcore_memory_async.local._extractor import ExtractionRequest, Extractor, Message
from agentcore_memory_async.local._namespaces import fill
from agentcore_memory_async.local._records import NewRecord, Record, Records

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agentcore_memory_async.local._faults import Faults
    from agentcore_memory_async.local._memories import Memories, Memory, Strategy
    from agentcore_memory_async.local._store import Store, Transaction

__all__ = ("Pipeline", "queue_event")

_LOG = logging.getLogger("agentcore_memory_async.local")

_SESSIONS_AT_ONCE = 32
_HISTORY = 200  # messages before the new ones that an extractor gets

SessionKey = tuple[str, str, str]


@attrs.define
class _Work:
    """One session that is due."""

    key: SessionKey
    memory: Memory
    rows: list[tuple[int, str, list[str]]]  # seq, event id, strategy ids
    messages: list[Message]
    variables: dict[str, dict[str, str]]  # of each event


@attrs.define
class _Result:
    """What one strategy made of a session's new events."""

    work: _Work
    strategy: Strategy
    events: list[str]
    messages: list[Message]
    contents: list[str]
    failure: str | None = None


def queue_event(
    transaction: Transaction,
    memory: Memory,
    key: SessionKey,
    event_id: str,
    payload: Sequence[Mapping[str, Any]],
    due_ms: int,
) -> bool:
    """Note that an event waits for extraction; False where nothing in it can be extracted."""
    active = [item.strategy_id for item in memory.strategies if item.status == "ACTIVE"]
    if not active or not any("conversational" in item or "json" in item for item in payload):
        return False
    transaction.db.execute(
        "INSERT INTO pending (memory_id, actor_id, session_id, event_id, strategies, due_ms) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (*key, event_id, json.dumps(active), due_ms),
    )
    return True


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
        self._consolidate = consolidate
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
                    # A defect must not stop all later extraction; what failed is dropped.
                    _LOG.exception("extraction of %d sessions failed", len(work))
                    await self._drop(work)
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
        works = await self._store.read(
            lambda transaction: [
                work for key in keys if (work := self._read(transaction, key)) is not None
            ]
        )
        results = await self._results(works)
        await self._store.write(lambda transaction: self._write(transaction, works, results))

    def _read(self, transaction: Transaction, key: SessionKey) -> _Work | None:
        db = transaction.db
        memory = self._memories.get(transaction, key[0])
        rows = db.execute(
            "SELECT seq, event_id, strategies FROM pending "
            "WHERE memory_id = ? AND actor_id = ? AND session_id = ? ORDER BY event_id",
            key,
        ).fetchall()
        if not rows or memory is None:
            return None
        events = db.execute(
            "SELECT event_id, event_ms, payload, variables FROM events WHERE memory_id = ? "
            "AND actor_id = ? AND session_id = ? ORDER BY event_id",
            key,
        )
        messages: list[Message] = []
        variables: dict[str, dict[str, str]] = {}
        for event_id, event_ms, payload, given in events:
            variables[event_id] = json.loads(given) if given else {}
            messages.extend(_messages(event_id, event_ms, json.loads(payload)))
        pending = [(seq, event_id, json.loads(ids)) for seq, event_id, ids in rows]
        return _Work(key, memory, pending, messages, variables)

    async def _results(self, works: list[_Work]) -> list[_Result]:
        """Run the extractor for every strategy of every session."""
        requests: list[tuple[_Result, ExtractionRequest]] = []
        for work in works:
            for strategy in work.memory.strategies:
                events = [event_id for _, event_id, ids in work.rows if strategy.strategy_id in ids]
                new = [item for item in work.messages if item.event_id in events]
                if not new:
                    continue
                result = _Result(work, strategy, events, new, [])
                result.failure = self._faults.extraction_failure(strategy)
                history = [item for item in work.messages if item.event_id not in events]
                request = ExtractionRequest(
                    strategy, *work.key, messages=tuple(new), history=tuple(history[-_HISTORY:])
                )
                requests.append((result, request))
        wanted = [(result, request) for result, request in requests if result.failure is None]
        if inspect.iscoroutinefunction(self._extractor.extract):
            for result, request in wanted:
                await self._ask(result, request)
        elif wanted:
            await anyio.to_thread.run_sync(self._compute, wanted)
        return [result for result, _ in requests]

    async def _ask(self, result: _Result, request: ExtractionRequest) -> None:
        try:
            answer = self._extractor.extract(request)
            result.contents = list(await answer if inspect.isawaitable(answer) else answer)
        except Exception:  # noqa: BLE001  (a user's extractor may raise anything)
            _LOG.exception("the extractor failed for a %s strategy", request.strategy.kind)
            result.failure = "CUSTOM_MODEL_BEDROCK_INTERNAL_ERROR"

    def _compute(self, wanted: list[tuple[_Result, ExtractionRequest]]) -> None:
        for result, request in wanted:
            try:
                answer = self._extractor.extract(request)
                result.contents = [] if inspect.isawaitable(answer) else list(answer)
            except Exception:  # noqa: BLE001  (a user's extractor may raise anything)
                _LOG.exception("the extractor failed for a %s strategy", request.strategy.kind)
                result.failure = "CUSTOM_MODEL_BEDROCK_INTERNAL_ERROR"

    # In the database thread.

    def _write(self, transaction: Transaction, works: list[_Work], results: list[_Result]) -> None:
        for work in works:
            transaction.db.executemany(
                "DELETE FROM pending WHERE seq = ?", [(row[0],) for row in work.rows]
            )
        for result in results:
            if result.failure is not None:
                self._fail(transaction, result)
            elif result.strategy.kind == "SUMMARIZATION":
                self._put_summary(transaction, result)
            else:
                self._put_records(transaction, result)

    def _put_records(self, transaction: Transaction, result: _Result) -> None:
        namespace = self._namespace(result)
        if namespace is None:
            return
        memory_id = result.work.key[0]
        now_ms = self._now_ms()
        gone: set[int] = set()
        for content in result.contents:
            if self._consolidate:
                if self._records.saying(transaction, memory_id, namespace, content):
                    continue
                for old in self._records.similar(transaction, memory_id, namespace, content, 5):
                    if old.seq not in gone and self._replaces(result.strategy, content, old):
                        gone.add(old.seq)
                        self._records.remove(transaction, memory_id, old)
            self._records.add(transaction, memory_id, self._new(result, namespace, content), now_ms)

    def _put_summary(self, transaction: Transaction, result: _Result) -> None:
        namespace = self._namespace(result)
        if namespace is None or not result.contents:
            return
        memory_id, _, session_id = result.work.key
        old = {
            record.content: record
            for record in self._records.of_session(
                transaction, memory_id, result.strategy.strategy_id, session_id
            )
            if record.namespace == namespace
        }
        for content in result.contents:
            if content in old:
                del old[content]
                continue
            self._records.add(
                transaction, memory_id, self._new(result, namespace, content), self._now_ms()
            )
        if self._consolidate:
            for record in old.values():
                self._records.remove(transaction, memory_id, record)

    def _replaces(self, strategy: Strategy, new: str, old: Record) -> bool:
        return old.strategy_id == strategy.strategy_id and self._extractor.replaces(
            strategy.kind, new, old.content
        )

    def _new(self, result: _Result, namespace: str, content: str) -> NewRecord:
        return NewRecord(
            content=content[:16_000],
            namespace=namespace,
            strategy_id=result.strategy.strategy_id,
            time_ms=result.messages[-1].time_ms,
            session_id=result.work.key[2],
        )

    def _namespace(self, result: _Result) -> str | None:
        _, actor_id, session_id = result.work.key
        values = dict(result.work.variables.get(result.events[-1], {}))
        values |= {
            "actorId": actor_id,
            "sessionId": session_id,
            "memoryStrategyId": result.strategy.strategy_id,
        }
        namespace = fill(result.strategy.template, values)
        if namespace is None:
            _LOG.warning(
                "NamespaceResolutionFailure: %s of strategy %s needs variables that the event has "
                "not; no record is made",
                result.strategy.template,
                result.strategy.strategy_id,
            )
        return namespace

    def _fail(self, transaction: Transaction, result: _Result) -> None:
        where = [{"eventId": item.event_id, "messageIndex": item.index} for item in result.messages]
        transaction.db.execute(
            "INSERT INTO failed_jobs (job_id, memory_id, actor_id, session_id, strategy_id, "
            "event_ids, messages, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                str(uuid.uuid4()),
                *result.work.key,
                result.strategy.strategy_id,
                json.dumps(result.events),
                json.dumps(where),
                result.failure,
            ),
        )

    async def _drop(self, keys: list[SessionKey]) -> None:
        def forget(transaction: Transaction) -> None:
            transaction.db.executemany(
                "DELETE FROM pending WHERE memory_id = ? AND actor_id = ? AND session_id = ?", keys
            )

        await self._store.write(forget)


def _messages(event_id: str, event_ms: int, payload: list[dict[str, Any]]) -> list[Message]:
    found: list[Message] = []
    for index, item in enumerate(payload):
        if "conversational" in item:
            role, text = item["conversational"]["role"], item["conversational"]["content"]["text"]
            found.append(Message(role, text, event_ms, event_id, index))
        elif "json" in item:
            text = json.dumps(item["json"].get("content"), ensure_ascii=False)
            found.append(Message("OTHER", text, event_ms, event_id, index))
    return found
