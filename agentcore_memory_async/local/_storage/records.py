"""
The rows of long-term memory: records, which are also in the search indexes.

The index of a memory takes in a change of a row once its transaction is committed.
"""

from __future__ import annotations

import json
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async.local._language.words import fingerprint
from agentcore_memory_async.local._search.indexes import SearchIndexes, searchable
from agentcore_memory_async.local._search.lexical import index_terms
from agentcore_memory_async.local._search.paths import paths_of
from agentcore_memory_async.local._storage.metadata import read_metadata, system_metadata
from agentcore_memory_async.local._storage.namespaces import NamespaceQuery, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

    from agentcore_memory_async.local._database.store import Transaction


_DAY_MS = 86_400_000
"""Milliseconds of a day."""
_ROWS = 50
"""Rows of a ranking that are read at a time."""
_COLUMNS = ", ".join(
    f"records.{name}"
    for name in (
        "seq",
        "record_id",
        "strategy_id",
        "namespace",
        "content",
        "created_ms",
        "updated_ms",
        "time_ms",
        "metadata",
        "expires_ms",
        "expiry_days",
        "record_type",
    )
)
"""Columns of a record, in the order of the fields of `Record`."""
_COMPLETED = 5_000
"""Records that are completed in one transaction."""
_NEWEST = 32
"""Newest records of a namespace that are compared with a new one, whatever words they have."""


@frozen
class NewRecord:
    """
    A record to be written.

    Attributes:
        content: The text.
        namespace: Namespace; None for a record in none.
        strategy_id: Strategy; None for a record of the caller's own.
        time_ms: Timestamp of its source.
        session_id: Session that it was extracted from.
        metadata: Metadata.
        expiry_days: Days after which it expires; None for never.
        record_type: Type, for metadata filters.
    """

    content: str
    namespace: str | None
    strategy_id: str | None
    time_ms: int
    session_id: str | None = None
    metadata: Mapping[str, Any] | None = None
    expiry_days: int | None = None
    record_type: str | None = None


@frozen
class Record:
    """
    A row of the table.

    Attributes:
        seq: Number of the row; newer rows have higher ones.
        record_id: Record id.
        strategy_id: Strategy; None for a record of the caller's own.
        namespace: Namespace; None for a record in none.
        content: The text.
        created_ms: When it was written first.
        updated_ms: When it was written last.
        time_ms: Timestamp of its source.
        metadata: JSON text; None where it has none.
        expires_ms: When it expires; None for never.
        expiry_days: Days from its last writing to its expiry.
        record_type: Type, for metadata filters.
    """

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

    def filterable(self) -> dict[str, Any]:
        """Return its metadata with the system's keys."""
        system = system_metadata(self.created_ms, self.updated_ms, self.record_type)
        return read_metadata(self.metadata) | system


@frozen
class Records:
    """
    All records of the service; safe in every database thread.

    Attributes:
        indexes: Search indexes of the memories.
    """

    indexes: SearchIndexes

    # Reading.

    def find(
        self, transaction: Transaction, memory_id: str, record_id: str, now_ms: int
    ) -> Record | None:
        """Return the record of that id, unless it has expired."""
        row = transaction.db.execute(
            f"SELECT {_COLUMNS} FROM records WHERE memory_id = ? AND record_id = ? "
            "AND (expires_ms IS NULL OR expires_ms > ?)",
            (memory_id, record_id, now_ms),
        ).fetchone()
        return Record(*row) if row else None

    def newest(
        self,
        transaction: Transaction,
        memory_id: str,
        query: NamespaceQuery,
        now_ms: int,
        *,
        strategy_id: str | None = None,
        after: tuple[Any, ...] | None = None,
        created_until_ms: int | None = None,
    ) -> Generator[Record]:
        """
        Iterate over the records of some namespaces, newest first.

        Args:
            transaction: The database.
            memory_id: Memory id.
            query: Namespaces.
            now_ms: Time; records that have expired by then are left out.
            strategy_id: Strategy whose records are returned; None for all.
            after: Time of creation (ms) and number of the record to continue after.
            created_until_ms: Time; only records that were created by then are returned.
        """
        place = _Place.of(memory_id, query)
        condition, values = "", list(place.values)
        if after is not None:
            condition += f" AND ({place.table}.created_ms, {place.table}.seq) < (?, ?)"
            values += after
        if strategy_id is not None:
            condition += " AND strategy_id = ?"
            values.append(strategy_id)
        if created_until_ms is not None:
            condition += f" AND {place.table}.created_ms <= ?"
            values.append(created_until_ms)
        rows = transaction.db.execute(
            f"SELECT {_COLUMNS} {place.source}{condition} "
            "AND (expires_ms IS NULL OR expires_ms > ?) "
            f"ORDER BY {place.table}.created_ms DESC, {place.table}.seq DESC",
            [*values, now_ms],
        )
        with closing(rows):
            for row in rows:
                yield Record(*row)

    def search(
        self,
        transaction: Transaction,
        memory_id: str,
        text: str,
        query: NamespaceQuery,
        passes: Callable[[Record], bool],
        limit: int,
        *,
        thorough: bool,
    ) -> list[tuple[Record, float]]:
        """
        Return the records nearest to *text*, best first, each with its score.

        Args:
            transaction: The database.
            memory_id: Memory id.
            text: Text to look for.
            query: Namespaces.
            passes: Returns whether a record of the namespaces counts.
            limit: Maximum number of records.
            thorough: Whether to rank once more if there are too few, then only what counts. A
                ranking leaves out records that are far from the best one, even if that one does
                not count.
        """

        def nearest(only: set[int] | None) -> list[tuple[Record, float]]:
            with closing(
                self.indexes.ranked(
                    transaction,
                    memory_id,
                    text,
                    exact=None if query.exact is None else key_of(query.exact),
                    path=query.path,
                    only=only,
                )
            ) as ranked:
                rows = self._rows(transaction, ranked)
                return list(islice((pair for pair in rows if counts(pair[0])), limit))

        def counts(record: Record) -> bool:
            return query.covers(record.namespace) and passes(record)

        found = nearest(None)
        if len(found) < limit and thorough:
            found = nearest(self._numbers(transaction, memory_id, query, counts))
        return found

    def find_same_text(
        self, transaction: Transaction, memory_id: str, namespace: str, content: str
    ) -> Record | None:
        """Return a record of the namespace whose text is the same as *content*, if any."""
        row = transaction.db.execute(
            f"SELECT {_COLUMNS} FROM records WHERE memory_id = ? AND fingerprint = ? "
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
        Return the records of the namespace that are most similar to *content*, best first.

        With *below*, those of the namespaces below it, too. However many there are, a few are
        compared: those with its rarer words, and the newest.
        """
        key = key_of(namespace)
        query = NamespaceQuery(path=key) if below else NamespaceQuery(exact=namespace)
        place = _Place.of(memory_id, query)
        newest = transaction.db.execute(
            f"SELECT {place.table}.seq {place.source} "
            f"ORDER BY {place.table}.created_ms DESC, {place.table}.seq DESC LIMIT ?",
            [*place.values, _NEWEST],
        )
        nearest = self.indexes.similar(
            transaction,
            memory_id,
            searchable(content),
            key,
            (row[0] for row in newest),
            below=below,
        )
        return [
            record
            for record, _ in self._rows(transaction, nearest[:limit])
            if query.covers(record.namespace)
        ]

    def find_all(
        self, transaction: Transaction, memory_id: str, record_ids: Iterable[str]
    ) -> list[Record]:
        """Return those of the records that there are."""
        rows = transaction.db.execute(
            f"SELECT {_COLUMNS} FROM records WHERE memory_id = ? "
            "AND record_id IN (SELECT value FROM json_each(?))",
            (memory_id, json.dumps(list(record_ids))),
        )
        return [Record(*row) for row in rows]

    def _numbers(
        self,
        transaction: Transaction,
        memory_id: str,
        query: NamespaceQuery,
        counts: Callable[[Record], bool],
    ) -> set[int]:
        """Return the numbers of the records of some namespaces that count."""
        place = _Place.of(memory_id, query)
        rows = transaction.db.execute(f"SELECT {_COLUMNS} {place.source}", place.values)
        return {row[0] for row in rows if counts(Record(*row))}

    def _rows(
        self, transaction: Transaction, ranked: Iterable[tuple[int, float]]
    ) -> Iterator[tuple[Record, float]]:
        """Iterate over the records of a ranking and their scores."""
        numbered = iter(ranked)
        while chunk := list(islice(numbered, _ROWS)):
            marks = ",".join("?" * len(chunk))
            rows = transaction.db.execute(
                f"SELECT {_COLUMNS} FROM records WHERE seq IN ({marks})",
                [number for number, _ in chunk],
            )
            by_number = {row[0]: Record(*row) for row in rows}
            for number, score in chunk:
                if number in by_number:
                    yield by_number[number], score

    # Writing.

    def add(self, transaction: Transaction, memory_id: str, new: NewRecord, now_ms: int) -> str:
        """Write a record and return its id."""
        record_id = f"mem-{random_id()}"
        key, text = key_of(new.namespace), searchable(new.content)
        words = index_terms(text)
        cursor = transaction.db.execute(
            "INSERT INTO records (memory_id, record_id, strategy_id, namespace, namespace_key, "
            "content, fingerprint, terms, session_id, record_type, created_ms, updated_ms, "
            "time_ms, metadata, expires_ms, expiry_days) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                memory_id,
                record_id,
                new.strategy_id,
                new.namespace,
                key,
                new.content,
                fingerprint(text),
                words,
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
        number = cursor.lastrowid or 0
        _add_paths(transaction, memory_id, key, now_ms, number)
        self.indexes.put(transaction, memory_id, number, words, key, len(new.content))
        return record_id

    def update(self, transaction: Transaction, memory_id: str, record: Record, now_ms: int) -> None:
        """Overwrite the row of a changed record, and restart its expiry period."""
        days = record.expiry_days
        key, text = key_of(record.namespace), searchable(record.content)
        words = index_terms(text)
        (old_key,) = transaction.db.execute(
            "SELECT namespace_key FROM records WHERE seq = ?", (record.seq,)
        ).fetchone()
        transaction.db.execute(
            "UPDATE records SET content = ?, fingerprint = ?, terms = ?, namespace = ?, "
            "namespace_key = ?, strategy_id = ?, metadata = ?, time_ms = ?, updated_ms = ?, "
            "expires_ms = ?, expiry_days = ? WHERE seq = ?",
            (
                record.content,
                fingerprint(text),
                words,
                record.namespace,
                key,
                record.strategy_id,
                record.metadata,
                record.time_ms,
                now_ms,
                now_ms + days * _DAY_MS if days else None,
                days,
                record.seq,
            ),
        )
        if key != old_key:
            _remove_paths(transaction, memory_id, old_key, record.created_ms, record.seq)
            _add_paths(transaction, memory_id, key, record.created_ms, record.seq)
        self.indexes.put(transaction, memory_id, record.seq, words, key, len(record.content))

    def remove(self, transaction: Transaction, memory_id: str, record: Record) -> None:
        """Delete a record."""
        transaction.db.execute("DELETE FROM records WHERE seq = ?", (record.seq,))
        key = key_of(record.namespace)
        _remove_paths(transaction, memory_id, key, record.created_ms, record.seq)
        self.indexes.forget(transaction, memory_id, record.seq)

    def complete(self, transaction: Transaction) -> bool:
        """
        Store the terms and the paths of records that were written without, some at a time.

        An older version did not have them. Returns whether there are more.
        """
        rows = transaction.db.execute(
            "SELECT seq, memory_id, namespace_key, created_ms, content FROM records "
            "WHERE terms IS NULL ORDER BY seq LIMIT ?",
            (_COMPLETED,),
        ).fetchall()
        for seq, memory_id, key, created_ms, content in rows:
            terms = index_terms(searchable(content))
            transaction.db.execute("UPDATE records SET terms = ? WHERE seq = ?", (terms, seq))
            _add_paths(transaction, memory_id, key, created_ms, seq)
        return bool(rows)

    def purge(self, transaction: Transaction, now_ms: int) -> None:
        """Delete the records that have expired."""
        rows = transaction.db.execute(
            "DELETE FROM records WHERE expires_ms <= ? "
            "RETURNING memory_id, namespace_key, created_ms, seq",
            (now_ms,),
        ).fetchall()
        for memory_id, key, created_ms, seq in rows:
            _remove_paths(transaction, memory_id, key, created_ms, seq)
            self.indexes.forget(transaction, memory_id, seq)


@frozen
class _Place:
    """
    Where the records of some namespaces are: the rest of a SELECT, in the order of an index.

    Attributes:
        table: Table whose ``created_ms`` and ``seq`` order the rows without sorting them.
        source: FROM and WHERE.
        values: Parameters.
    """

    table: str
    source: str
    values: list[Any]

    @classmethod
    def of(cls, memory_id: str, query: NamespaceQuery) -> _Place:
        """Return the place of a query."""
        if query.path:
            # CROSS JOIN keeps SQLite from starting with the records.
            source = (
                "FROM record_paths CROSS JOIN records ON records.seq = record_paths.seq "
                "WHERE record_paths.memory_id = ? AND path = ?"
            )
            return cls("record_paths", source, [memory_id, query.path])
        source = "FROM records WHERE records.memory_id = ?"
        values: list[Any] = [memory_id]
        if query.exact is not None:
            return cls("records", f"{source} AND namespace = ?", [*values, query.exact])
        if query.prefix is not None:
            condition = "substr(namespace, 1, ?) = ?"
            values += [len(query.prefix), query.prefix]
            return cls("records", f"{source} AND {condition}", values)
        return cls("records", source, values)


def _add_paths(
    transaction: Transaction, memory_id: str, key: str, created_ms: int, number: int
) -> None:
    transaction.db.executemany(
        "INSERT OR IGNORE INTO record_paths VALUES (?, ?, ?, ?)",
        [(memory_id, path, created_ms, number) for path in paths_of(key)],
    )


def _remove_paths(
    transaction: Transaction, memory_id: str, key: str, created_ms: int, number: int
) -> None:
    transaction.db.executemany(
        "DELETE FROM record_paths WHERE memory_id = ? AND path = ? AND created_ms = ? AND seq = ?",
        [(memory_id, path, created_ms, number) for path in paths_of(key)],
    )
