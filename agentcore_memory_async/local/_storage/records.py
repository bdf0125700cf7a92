"""Records: the long-term half of the service."""

from __future__ import annotations

import json
import uuid
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any

import attrs

from agentcore_memory_async.local._api.errors import not_found
from agentcore_memory_async.local._api.page_tokens import (
    DEFAULT_PAGE,
    decode_token,
    encode_token,
    page_size,
)
from agentcore_memory_async.local._language.words import fingerprint
from agentcore_memory_async.local._search.indexes import Finder, searchable
from agentcore_memory_async.local._storage.metadata import (
    read_metadata,
    record_filter,
    system_metadata,
)
from agentcore_memory_async.local._storage.namespaces import NamespaceQuery, key_of

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from agentcore_memory_async.local._database.store import Transaction
    from agentcore_memory_async.local._storage.memories import Memory


_DEFAULT_TOP_K = 10
_ROWS = 50  # of a ranking, read at a time
_NO_STRATEGY = "none"
_COLUMNS = (
    "seq, record_id, strategy_id, namespace, content, created_ms, updated_ms, time_ms, "
    "metadata, expires_ms, expiry_days, record_type"
)


def new_record_id() -> str:
    """Return an id as the service makes it."""
    return f"mem-{uuid.uuid4()}"


@attrs.frozen
class NewRecord:
    """A record to be written; milliseconds throughout."""

    content: str
    namespace: str | None
    strategy_id: str | None
    time_ms: int
    session_id: str | None = None
    metadata: Mapping[str, Any] | None = None
    expiry_days: int | None = None
    record_type: str | None = None


@attrs.frozen
class Record:
    """A row of the table."""

    seq: int
    record_id: str
    strategy_id: str | None
    namespace: str | None
    content: str
    created_ms: int
    updated_ms: int
    time_ms: int | None
    metadata: str | None
    expires_ms: int | None
    expiry_days: int | None
    record_type: str | None

    def wire(self, score: float | None = None, *, whole: bool = False) -> dict[str, Any]:
        """Return its JSON: the summary, or with *whole* what GetMemoryRecord gives."""
        answer: dict[str, Any] = {
            "memoryRecordId": self.record_id,
            "content": {"text": self.content},
            "memoryStrategyId": self.strategy_id or _NO_STRATEGY,
            "namespaces": [self.namespace] if self.namespace is not None else [],
            "createdAt": self.created_ms / 1000,
        }
        if score is not None:
            answer["score"] = score
        if self.time_ms is not None:
            answer["timestamp"] = self.time_ms / 1000
        if self.metadata:
            answer["metadata"] = json.loads(self.metadata)
        if whole and self.expires_ms is not None:
            answer["expiresAt"] = self.expires_ms / 1000
        return answer

    def filterable(self) -> dict[str, Any]:
        """Return its metadata with the system's keys."""
        system = system_metadata(self.created_ms, self.updated_ms, self.record_type)
        return read_metadata(self.metadata) | system


_DAY_MS = 86_400_000


class Records:
    """
    The record operations; safe in every database thread.

    Args:
        legacy_prefix: ``namespace`` matches by its first characters, as the service once did.
        raw_prefix: ``namespacePath`` matches by its first characters, not by segments.
        shuffle: Makes an order of its own of each page of a list; None leaves the newest first.
        default_page: How many a page has where the request does not say.
        record_id: Makes a record id.
        finder: Ranks records for a query.
    """

    def __init__(
        self,
        *,
        legacy_prefix: bool = False,
        raw_prefix: bool = False,
        shuffle: random.Random | None = None,
        default_page: int = DEFAULT_PAGE,
        record_id: Callable[[], str] = new_record_id,
        finder: Finder | None = None,
    ) -> None:
        self._legacy_prefix = legacy_prefix
        self._raw_prefix = raw_prefix
        self._shuffle = shuffle
        self._default_page = default_page
        self._record_id = record_id
        self.finder = finder or Finder()

    # Operations.

    def page(
        self,
        transaction: Transaction,
        memory: Memory,
        params: Mapping[str, Any],
        now_ms: int,
        *,
        visible_before_ms: int | None = None,
    ) -> dict[str, Any]:
        """Return one page of the records of a namespace, newest first."""
        condition, values = self._query(params).where()
        accept = record_filter(params.get("metadataFilters"), memory)
        position = decode_token("ListMemoryRecords", params, (int, int))
        if position is not None:
            condition += " AND (created_ms, seq) < (?, ?)"
            values = [*values, *position]
        strategy_id = params.get("memoryStrategyId")
        if strategy_id is not None:
            condition += " AND strategy_id = ?"
            values = [*values, strategy_id]
        if visible_before_ms is not None:
            condition += " AND created_ms <= ?"
            values = [*values, visible_before_ms]
        size = page_size(params, self._default_page)
        rows = transaction.db.execute(
            f"SELECT {_COLUMNS} FROM records WHERE memory_id = ? "  # noqa: S608
            f"AND (expires_ms IS NULL OR expires_ms > ?) AND {condition} "
            "ORDER BY created_ms DESC, seq DESC",
            [memory.memory_id, now_ms, *values],
        )
        found: list[Record] = []
        for row in rows:
            record = Record(*row)
            if accept is None or accept(record.filterable(), record.updated_ms):
                found.append(record)
                if len(found) > size:
                    break
        rows.close()
        page = found[:size]
        if self._shuffle is not None:
            self._shuffle.shuffle(page)
        answer: dict[str, Any] = {"memoryRecordSummaries": [item.wire() for item in page]}
        if len(found) > size:
            last = found[size - 1]
            where = [last.created_ms, last.seq]
            answer["nextToken"] = encode_token("ListMemoryRecords", params, where)
        return answer

    def retrieve(
        self,
        transaction: Transaction,
        memory: Memory,
        params: Mapping[str, Any],
        now_ms: int,
        *,
        visible_before_ms: int | None = None,
    ) -> dict[str, Any]:
        """Return one page of the records that match a query, best first."""
        query = self._query(params)
        criteria = params["searchCriteria"]
        accept = record_filter(criteria.get("metadataFilters"), memory)
        position = decode_token("RetrieveMemoryRecords", params, (int,))
        start = position[0] if position else 0
        size = page_size(params, self._default_page)
        top_k = int(criteria.get("topK") or _DEFAULT_TOP_K)
        strategy_id = criteria.get("memoryStrategyId")

        def passes(record: Record) -> bool:
            return (
                query.covers(record.namespace)
                and (strategy_id is None or record.strategy_id == strategy_id)
                and (record.expires_ms is None or record.expires_ms > now_ms)
                and (visible_before_ms is None or record.created_ms <= visible_before_ms)
                and (accept is None or accept(record.filterable(), record.updated_ms))
            )

        def search(only: set[int] | None = None) -> list[tuple[Record, float]]:
            with closing(
                self.finder.ranked(
                    transaction,
                    memory.memory_id,
                    criteria["searchQuery"],
                    exact=None if query.exact is None else key_of(query.exact),
                    path=query.path,
                    only=only,
                )
            ) as ranked:
                rows = self._rows(transaction, ranked)
                return list(islice(((row, score) for row, score in rows if passes(row)), top_k))

        found = search()
        is_filtered = accept is not None or strategy_id is not None
        if len(found) < top_k and (is_filtered or self._legacy_prefix or self._raw_prefix):
            # The ranking leaves out what is far from the best of all: rank only what passes.
            found = search(self._numbers(transaction, memory.memory_id, passes))
        page = found[start : start + size]
        answer: dict[str, Any] = {
            "memoryRecordSummaries": [record.wire(score) for record, score in page]
        }
        if start + size < len(found):
            answer["nextToken"] = encode_token("RetrieveMemoryRecords", params, [start + size])
        return answer

    def get(
        self,
        transaction: Transaction,
        memory: Memory,
        params: Mapping[str, Any],
        now_ms: int,
        before_ms: int,
    ) -> dict[str, Any]:
        """Return one record, whole; one newer than *before_ms* is not found yet."""
        record = self.find(transaction, memory.memory_id, params["memoryRecordId"], now_ms)
        if record is None or record.created_ms > before_ms:
            raise _no_record(params["memoryRecordId"])
        return record.wire(whole=True)

    def delete(
        self,
        transaction: Transaction,
        memory: Memory,
        params: Mapping[str, Any],
        now_ms: int,
        before_ms: int,
    ) -> str:
        """Delete one record and return its id; one newer than *before_ms* is not found yet."""
        record = self.find(transaction, memory.memory_id, params["memoryRecordId"], now_ms)
        if record is None or record.created_ms > before_ms:
            raise _no_record(params["memoryRecordId"])
        self.remove(transaction, memory.memory_id, record)
        return record.record_id

    # What the operations and the extraction are made of.

    def find(
        self, transaction: Transaction, memory_id: str, record_id: str, now_ms: int
    ) -> Record | None:
        """Return the record of that id, unless it has expired."""
        row = transaction.db.execute(
            f"SELECT {_COLUMNS} FROM records WHERE memory_id = ? AND record_id = ? "  # noqa: S608
            "AND (expires_ms IS NULL OR expires_ms > ?)",
            (memory_id, record_id, now_ms),
        ).fetchone()
        return Record(*row) if row else None

    def saying(
        self, transaction: Transaction, memory_id: str, namespace: str, content: str
    ) -> Record | None:
        """Return a record of the namespace that says the same as *content*."""
        row = transaction.db.execute(
            f"SELECT {_COLUMNS} FROM records WHERE memory_id = ? AND fingerprint = ? "  # noqa: S608
            "AND namespace = ?",
            (memory_id, fingerprint(searchable(content)), namespace),
        ).fetchone()
        return Record(*row) if row else None

    def similar(
        self,
        transaction: Transaction,
        memory_id: str,
        namespace: str,
        content: str,
        limit: int,
        *,
        below: bool = False,
    ) -> list[Record]:
        """
        Return the records of the namespace that are about the same as *content*, best first.

        With *below* those of the namespaces below it, too.
        """
        key = key_of(namespace)
        with closing(
            self.finder.ranked(
                transaction,
                memory_id,
                searchable(content),
                exact=None if below else key,
                path=key if below else None,
                weak=False,
            )
        ) as ranked:
            nearest = list(islice(ranked, limit))
        return [
            record
            for record, _ in self._rows(transaction, nearest)
            if below or record.namespace == namespace
        ]

    def of_session(
        self, transaction: Transaction, memory_id: str, strategy_id: str, session_id: str
    ) -> list[Record]:
        """Return the records that a strategy made of one session."""
        rows = transaction.db.execute(
            f"SELECT {_COLUMNS} FROM records WHERE memory_id = ? AND strategy_id = ? "  # noqa: S608
            "AND session_id = ?",
            (memory_id, strategy_id, session_id),
        )
        return [Record(*row) for row in rows]

    def add(self, transaction: Transaction, memory_id: str, new: NewRecord, now_ms: int) -> str:
        """Write a record and return its id."""
        record_id = self._record_id()
        key = key_of(new.namespace)
        text = searchable(new.content)
        cursor = transaction.db.execute(
            "INSERT INTO records (memory_id, record_id, strategy_id, namespace, namespace_key, "
            "content, fingerprint, session_id, record_type, created_ms, updated_ms, time_ms, "
            "metadata, expires_ms, expiry_days) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                memory_id,
                record_id,
                new.strategy_id,
                new.namespace,
                key,
                new.content,
                fingerprint(text),
                new.session_id,
                new.record_type,
                now_ms,
                now_ms,
                new.time_ms,
                json.dumps(new.metadata) if new.metadata else None,
                now_ms + new.expiry_days * _DAY_MS if new.expiry_days else None,
                new.expiry_days,
            ),
        )
        self.finder.put(transaction, memory_id, cursor.lastrowid or 0, text, key)
        return record_id

    def change(
        self,
        transaction: Transaction,
        memory_id: str,
        record: Record,
        entry: Mapping[str, Any],
        expiry: Mapping[str, Any],
        now_ms: int,
    ) -> None:
        """
        Change a record in place.

        A record that expires starts its days anew unless the request says otherwise.
        """
        content = entry["content"]["text"] if entry.get("content") else record.content
        namespace = entry["namespaces"][0] if entry.get("namespaces") else record.namespace
        metadata = entry.get("metadata")
        kept = json.dumps(metadata) if metadata else record.metadata
        days = expiry.get("recordExpiryDurationDays") or record.expiry_days
        if expiry.get("action") == "REMOVE":
            days = None
        text, key = searchable(content), key_of(namespace)
        transaction.db.execute(
            "UPDATE records SET content = ?, fingerprint = ?, namespace = ?, namespace_key = ?, "
            "strategy_id = ?, metadata = ?, time_ms = ?, updated_ms = ?, expires_ms = ?, "
            "expiry_days = ? WHERE seq = ?",
            (
                content,
                fingerprint(text),
                namespace,
                key,
                entry.get("memoryStrategyId") or record.strategy_id,
                kept,
                round(entry["timestamp"] * 1_000_000) // 1000,
                now_ms,
                now_ms + days * _DAY_MS if days else None,
                days,
                record.seq,
            ),
        )
        self.finder.put(transaction, memory_id, record.seq, text, key)

    def remove(self, transaction: Transaction, memory_id: str, record: Record) -> None:
        """Delete a record's row."""
        transaction.db.execute("DELETE FROM records WHERE seq = ?", (record.seq,))
        self.finder.forget(transaction, memory_id, record.seq)

    def purge(self, transaction: Transaction, now_ms: int) -> int:
        """Delete the records that have expired; returns how many."""
        rows = transaction.db.execute(
            "DELETE FROM records WHERE expires_ms <= ? RETURNING memory_id, seq", (now_ms,)
        ).fetchall()
        for memory_id, seq in rows:
            self.finder.forget(transaction, memory_id, seq)
        return len(rows)

    def drop(self, memory_id: str) -> None:
        """Forget the index of a memory that is gone."""
        self.finder.drop(memory_id)

    def _query(self, params: Mapping[str, Any]) -> NamespaceQuery:
        return NamespaceQuery.of(
            params, legacy_prefix=self._legacy_prefix, raw_prefix=self._raw_prefix
        )

    def _numbers(
        self, transaction: Transaction, memory_id: str, passes: Callable[[Record], bool]
    ) -> set[int]:
        """Give the numbers of a memory's records that pass."""
        rows = transaction.db.execute(
            f"SELECT {_COLUMNS} FROM records WHERE memory_id = ?",  # noqa: S608
            (memory_id,),
        )
        return {row[0] for row in rows if passes(Record(*row))}

    def _rows(
        self, transaction: Transaction, ranked: Iterable[tuple[int, float]]
    ) -> Iterator[tuple[Record, float]]:
        """Yield the rows of ranked documents, in their order."""
        numbered = iter(ranked)
        while chunk := list(islice(numbered, _ROWS)):
            marks = ",".join("?" * len(chunk))
            rows = transaction.db.execute(
                f"SELECT {_COLUMNS} FROM records WHERE seq IN ({marks})",  # noqa: S608
                [number for number, _ in chunk],
            )
            by_number = {row[0]: Record(*row) for row in rows}
            for number, score in chunk:
                if number in by_number:
                    yield by_number[number], score


def _no_record(record_id: str) -> Exception:
    return not_found(f"Memory record not found: {record_id}")
