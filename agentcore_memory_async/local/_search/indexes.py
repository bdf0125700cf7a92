"""
Search indexes: one for each memory, built in the background and kept up to date.

An index is used by one thread at a time, which holds its lock. A writer never waits for a search:
its change queues up, and the next search takes it in.

An index is built a piece at a time while the service goes on. A record that changes meanwhile is
noted as touched, and the older text that the building reads of it is left out. With an embedder
there is a second state: records that still lack a vector, which are embedded before a search.
"""

from __future__ import annotations

import heapq
import json
import logging
import threading
from array import array
from collections import deque
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import anyio
from attrs import define, field

from agentcore_memory_async._threads import run_in_thread
from agentcore_memory_async.local._api.errors import AwsError
from agentcore_memory_async.local._api.members import strings_in
from agentcore_memory_async.local._search.lexical import SearchIndex
from agentcore_memory_async.local.embedder import EmbedderError, Vector, cosine, embed, signature

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Set

    from agentcore_memory_async.local._database.store import Store, Transaction
    from agentcore_memory_async.local.embedder import Embedder


_LOG = logging.getLogger("agentcore_memory_async.local")

_CHUNK = 5_000
"""Records that are read and indexed at a time."""
_START = (-1, -1)
"""Time of creation and number before those of all records."""
_Row = tuple[int, int, str, str, int]
"""A record to index: time of creation, number, terms, namespace, and characters of its content."""
_TEXTS = 64
"""Texts that an embedder gets at a time."""
_QUERIES = 1_000
"""Vectors of queries that are kept."""
_EXACT = 1_200
"""Vectors that are compared exactly after the sifting by signatures."""
_BY_WORDS = 400
"""Records that are ranked with their vectors since they are the best by words."""
VECTOR_WEIGHT = 0.2
"""
Weight of a vector's cosine beside the score by words, whose weight is 1.

Measured with all-MiniLM-L6-v2 on 230 questions about two long conversations. The first ten results
had of the evidence: by words alone 64 %, with weight 0.1 66 %, 0.2 67 %, 0.5 68 %, 1 68 %, 5 59 %,
by the cosine alone 47 %. Of the weights that gained on both conversations it is in the middle.
"""


def searchable(content: str) -> str:
    """Return what of a record is searched: a JSON object's values, a text without XML tags."""
    text = content.strip()
    if text.startswith("{") and text.endswith("}"):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return text
        return " ".join(strings_in(value))
    if text.startswith("<"):
        return _without_tags(text)
    return text


def _without_tags(text: str) -> str:
    parts: list[str] = []
    for piece in text.split("<"):
        tag, found, rest = piece.partition(">")
        if found:
            parts.extend(tag.split('"')[1::2])  # the values of its attributes
            parts.append(rest)
        else:
            parts.append(piece)
    return " ".join(parts)


@define
class MemoryIndex:
    """
    The index of one memory.

    Attributes:
        lexical: Index of words.
        signatures: Signatures of vectors by the numbers of their records.
        changes: Changes that the next search takes in.
        touched: Records that have changed since the building began; None once it is built.
        built: Whether all records of the memory are in it.
        unembedded: Whether records may lack a vector.
        lock: Held by the one thread that uses it.
    """

    lexical: SearchIndex = field(factory=SearchIndex)
    signatures: dict[int, int] = field(factory=dict[int, int])
    changes: deque[Callable[[MemoryIndex], None]] = field(
        factory=deque["Callable[[MemoryIndex], None]"]
    )
    touched: set[int] | None = field(factory=set[int])
    built: bool = False
    unembedded: bool = True
    lock: threading.Lock = field(factory=threading.Lock)

    def catch_up(self) -> None:
        """Take in what was written since; the caller holds the lock."""
        while self.changes:
            self.changes.popleft()(self)


class SearchIndexes:
    """
    The search indexes of a service.

    Args:
        embedder: Makes vectors, whose similarity is added to the score by words; None for none.
    """

    def __init__(self, embedder: Embedder | None = None) -> None:
        self._embedder = embedder
        self._indexes: dict[str, MemoryIndex] = {}
        self._building: dict[str, anyio.Lock] = {}
        self._queries: dict[str, Vector] = {}

    async def ready(self, store: Store, memory_id: str, query: str | None = None) -> None:
        """
        Build a memory's index where it is missing, a piece at a time so that nothing stalls.

        Args:
            store: The database.
            memory_id: Memory id.
            query: Query to embed; None for none.

        Raises:
            AwsError: ServiceException: the embedder failed.
        """
        try:
            await self._ready(store, memory_id, query)
        except EmbedderError:
            _LOG.exception("a search of memory %s failed", memory_id)
            raise AwsError("ServiceException", "The embedder of the local service failed") from None

    async def _ready(self, store: Store, memory_id: str, query: str | None) -> None:
        index = self._indexes.get(memory_id)
        if index is None or not index.built or (self._embedder is not None and index.unembedded):
            async with self._building.setdefault(memory_id, anyio.Lock()):
                index = self._indexes.setdefault(memory_id, MemoryIndex())
                if not index.built:
                    await self._build(store, memory_id, index)
                if self._embedder is not None and index.unembedded:
                    await self._embed(self._embedder, store, memory_id, index)
        if self._embedder is None or query is None or query in self._queries:
            return
        (vector,) = await embed(self._embedder, [query])
        self._queries[query] = vector
        while len(self._queries) > _QUERIES:
            self._queries.pop(next(iter(self._queries)), None)

    async def _build(self, store: Store, memory_id: str, index: MemoryIndex) -> None:
        after = _START
        while not index.built:
            rows = await store.read(partial(_next_rows, memory_id=memory_id, after=after))
            await run_in_thread(_index, index, rows)
            if len(rows) < _CHUNK:
                with index.lock:
                    index.catch_up()
                    index.built, index.touched = True, None
            else:
                after = rows[-1][:2]

    async def _embed(
        self, embedder: Embedder, store: Store, memory_id: str, index: MemoryIndex
    ) -> None:
        name = embedder.name
        if not index.signatures:
            known = await store.read(
                lambda transaction: transaction.db.execute(
                    "SELECT seq, bits FROM vectors WHERE memory_id = ? AND model = ?",
                    (memory_id, name),
                ).fetchall()
            )
            with index.lock:
                index.signatures = {seq: int.from_bytes(bits) for seq, bits in known}
        index.unembedded = False
        after = 0
        try:
            while rows := await store.read(
                partial(_records_without_vector, model=name, key=(memory_id, after))
            ):
                vectors = await embed(embedder, [searchable(content) for _, content in rows])
                made: list[tuple[int, str, Vector]] = [
                    (seq, content, vector)
                    for (seq, content), vector in zip(rows, vectors, strict=True)
                ]
                await store.write(partial(_write_vectors, model=name, made=made))
                with index.lock:
                    index.catch_up()  # what it forgets must not be what comes now
                    index.signatures.update((seq, signature(vector)) for seq, _, vector in made)
                after = rows[-1][0]
        except BaseException:
            index.unembedded = True
            raise

    # In the database threads.

    def put(
        self,
        transaction: Transaction,
        memory_id: str,
        seq: int,
        words: str,
        key: str,
        length: int,
    ) -> None:
        """
        Index a record, new or changed, once it is on disk.

        Args:
            transaction: The database.
            memory_id: Memory id.
            seq: Number of the record.
            words: Terms of its text, as `index_terms` returns them.
            key: Key of its namespace.
            length: Characters of its content.
        """
        if self._embedder is not None:
            transaction.db.execute("DELETE FROM vectors WHERE seq = ?", (seq,))

        def apply(index: MemoryIndex) -> None:
            index.lexical.put(seq, words, key, length)
            index.signatures.pop(seq, None)
            if index.touched is not None:
                index.touched.add(seq)

        transaction.on_commit(lambda: self._change(memory_id, apply, new=True))

    def forget(self, transaction: Transaction, memory_id: str, seq: int) -> None:
        """Remove a record once its deletion is on disk."""

        def apply(index: MemoryIndex) -> None:
            index.lexical.remove(seq)
            index.signatures.pop(seq, None)
            if index.touched is not None:
                index.touched.add(seq)

        transaction.on_commit(lambda: self._change(memory_id, apply))

    def drop(self, memory_id: str) -> None:
        """Discard the index of a memory that was deleted."""
        self._indexes.pop(memory_id, None)

    def clear(self) -> None:
        """Discard all indexes."""
        self._indexes.clear()

    def _change(
        self, memory_id: str, apply: Callable[[MemoryIndex], None], *, new: bool = False
    ) -> None:
        index = self._indexes.get(memory_id)
        if index is not None:
            index.changes.append(apply)
            if new:
                index.unembedded = True

    def ranked(
        self,
        transaction: Transaction,
        memory_id: str,
        query: str,
        *,
        exact: str | None = None,
        path: str | None = None,
        only: Set[int] | None = None,
    ) -> Generator[tuple[int, float]]:
        """
        Iterate over number and score of the records nearest to *query*, best first.

        The caller has to close it or read it to its end: it holds the index's lock until then.

        Args:
            transaction: The database.
            memory_id: Memory id.
            query: Text to look for.
            exact: Key of a namespace; only its own records are returned.
            path: Key of a namespace; only its records and those below it are returned.
            only: Numbers; only these records are returned.
        """
        index = self._built_index(transaction, memory_id)
        with index.lock:
            index.catch_up()
            allowed = index.lexical.members(exact=exact, path=path)
            if only is not None:
                allowed = allowed & only
            vector = self._queries.get(query)
            if vector is None:
                yield from index.lexical.search(query, allowed)
            else:
                yield from _nearest(transaction, index, allowed, query, vector)

    def similar(
        self,
        transaction: Transaction,
        memory_id: str,
        text: str,
        key: str,
        newest: Iterable[int],
        *,
        below: bool,
    ) -> list[tuple[int, float]]:
        """
        Return the records of a namespace that are most similar to *text*, best first.

        Args:
            transaction: The database.
            memory_id: Memory id.
            text: Text to compare with.
            key: Key of the namespace.
            newest: Numbers of its newest records.
            below: Whether to compare records of the namespaces below it, too.
        """
        index = self._built_index(transaction, memory_id)
        with index.lock:
            index.catch_up()
            where = {"path": key} if below else {"exact": key}
            return index.lexical.similar(text, index.lexical.members(**where), newest)

    def _built_index(self, transaction: Transaction, memory_id: str) -> MemoryIndex:
        """Return a memory's index, built here and now where it was not yet."""
        index = self._indexes.setdefault(memory_id, MemoryIndex())
        if not index.built:
            rows = _next_rows(transaction, memory_id, _START, limit=-1)
            _index(index, rows)
            with index.lock:
                index.catch_up()
                index.built, index.touched = True, None
        return index


def _next_rows(
    transaction: Transaction, memory_id: str, after: tuple[int, int], limit: int = _CHUNK
) -> list[_Row]:
    """Return the next records of a memory to index, in the order of their creation."""
    return transaction.db.execute(
        "SELECT created_ms, seq, terms, namespace_key, length(content) FROM records "
        "WHERE memory_id = ? AND (created_ms, seq) > (?, ?) ORDER BY created_ms, seq LIMIT ?",
        (memory_id, *after, limit),
    ).fetchall()


def _index(index: MemoryIndex, rows: list[_Row]) -> None:
    """Index records that were read, except those that have changed since."""
    for start in range(0, len(rows), 100):
        with index.lock:
            index.catch_up()
            for _, seq, words, key, length in rows[start : start + 100]:
                if index.touched is not None and seq not in index.touched:
                    index.lexical.put(seq, words, key, length)


def _records_without_vector(
    transaction: Transaction, model: str, key: tuple[str, int]
) -> list[tuple[int, str]]:
    """Return the next records of a memory that have no vector of the model."""
    return transaction.db.execute(
        "SELECT records.seq, content FROM records LEFT JOIN vectors "
        "ON vectors.seq = records.seq AND model = ? "
        "WHERE records.memory_id = ? AND records.seq > ? AND vectors.seq IS NULL "
        "ORDER BY records.seq LIMIT ?",
        (model, *key, _TEXTS),
    ).fetchall()


def _write_vectors(
    transaction: Transaction, model: str, made: list[tuple[int, str, Vector]]
) -> None:
    """Write vectors, except those of records that have changed since."""
    for seq, content, vector in made:
        bits = signature(vector)
        transaction.db.execute(
            "INSERT OR REPLACE INTO vectors (seq, memory_id, model, vector, bits) "
            "SELECT seq, memory_id, ?, ?, ? FROM records WHERE seq = ? AND content = ?",
            (model, vector.tobytes(), bits.to_bytes(-(-len(vector) // 8)), seq, content),
        )


def _nearest(
    transaction: Transaction, index: MemoryIndex, allowed: Set[int], query: str, vector: Vector
) -> Iterator[tuple[int, float]]:
    """
    Iterate over allowed records by words and vectors together.

    The best by words and the nearest by signatures are ranked together. Whoever wants more than
    these, filters included, waits for the rest, the nearest first.
    """
    rank = partial(_ranked, transaction, index.lexical.scores(query), vector)
    own, signatures = signature(vector), index.signatures
    apart = [((signatures.get(number, 0) ^ own).bit_count(), number) for number in allowed]
    near = {number for _, number in heapq.nsmallest(_EXACT, apart)}
    by_words = islice(index.lexical.search(query, allowed), _BY_WORDS)
    best = near | {number for number, _ in by_words}
    yield from rank(best)
    if len(best) < len(allowed):
        rest = [number for _, number in sorted(apart) if number not in best]
        for start in range(0, len(rest), _EXACT):
            yield from rank(rest[start : start + _EXACT])


def _ranked(
    transaction: Transaction,
    word_score: Callable[[int], float],
    vector: Vector,
    numbers: Collection[int],
) -> list[tuple[int, float]]:
    """Return records and their scores by words and vectors, best first."""
    marks = ",".join("?" * len(numbers))
    rows = transaction.db.execute(
        f"SELECT seq, vector FROM vectors WHERE seq IN ({marks})",
        list(numbers),
    )
    cosines = {seq: cosine(vector, array("f", blob)) for seq, blob in rows}
    whole = 1.0 + VECTOR_WEIGHT
    scored = [
        (seq, round((word_score(seq) + VECTOR_WEIGHT * cosines.get(seq, 0.0)) / whole, 6))
        for seq in numbers
    ]
    return sorted(scored, key=lambda item: (-item[1], -item[0]))
