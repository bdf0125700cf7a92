"""
Finding records: an index for each memory, built in the background, kept up to date.

Indexes are used by one thread at a time. Those who write never wait for a search: their
changes queue up and the next search takes them in.
"""

from __future__ import annotations

import heapq
import json
import logging
import threading
from array import array
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import attrs

from agentcore_memory_async.local._api.errors import AwsError
from agentcore_memory_async.local._api.members import strings_in
from agentcore_memory_async.local._search.lexical import SearchIndex, index_terms
from agentcore_memory_async.local.embedder import EmbedderError, Vector, cosine, embed, signature

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Set

    from agentcore_memory_async.local._database.store import Store, Transaction
    from agentcore_memory_async.local.embedder import Embedder


_LOG = logging.getLogger("agentcore_memory_async.local")

_CHUNK = 1_000  # records read and indexed at a time
_TEXTS = 64  # texts that an embedder gets at a time
_QUERIES = 1_000  # vectors of queries that are kept
_EXACT = 1_200  # vectors compared exactly after the sifting


def searchable(content: str) -> str:
    """Return what a search looks at: the values of a JSON object, text without its tags."""
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


@attrs.define
class _Shelf:
    """The index of one memory."""

    index: SearchIndex = attrs.field(factory=SearchIndex)
    signatures: dict[int, int] = attrs.field(factory=dict[int, int])
    changes: deque[Callable[[_Shelf], None]] = attrs.field(
        factory=deque["Callable[[_Shelf], None]"]
    )
    touched: set[int] | None = attrs.field(factory=set[int])  # while it is being built
    built: bool = False
    unembedded: bool = True
    lock: threading.Lock = attrs.field(factory=threading.Lock)

    def catch_up(self) -> None:
        """Take in what was written since; with the lock held."""
        while self.changes:
            self.changes.popleft()(self)


class Finder:
    """
    The search indexes of a service.

    Args:
        embedder: Ranks by its vectors; None ranks by words.
    """

    def __init__(self, embedder: Embedder | None = None) -> None:
        self._embedder = embedder
        self._shelves: dict[str, _Shelf] = {}
        self._building: dict[str, anyio.Lock] = {}
        self._queries: dict[str, Vector] = {}

    async def ready(self, store: Store, memory_id: str, query: str | None = None) -> None:
        """
        Build the memory's index where it is missing, a piece at a time so that nothing stalls.

        Args:
            store: The database.
            memory_id: Of the memory.
            query: What will be searched for.

        Raises:
            AwsError: ServiceException: the embedder failed.
        """
        try:
            await self._ready(store, memory_id, query)
        except EmbedderError:
            _LOG.exception("a search of memory %s failed", memory_id)
            raise AwsError("ServiceException", "The embedder of the local service failed") from None

    async def _ready(self, store: Store, memory_id: str, query: str | None) -> None:
        shelf = self._shelves.get(memory_id)
        if shelf is None or not shelf.built or (self._embedder is not None and shelf.unembedded):
            async with self._building.setdefault(memory_id, anyio.Lock()):
                shelf = self._shelves.setdefault(memory_id, _Shelf())
                if not shelf.built:
                    await self._build(store, memory_id, shelf)
                if self._embedder is not None and shelf.unembedded:
                    await self._embed(self._embedder, store, memory_id, shelf)
        if self._embedder is None or query is None or query in self._queries:
            return
        (vector,) = await embed(self._embedder, [query])
        self._queries[query] = vector
        while len(self._queries) > _QUERIES:
            self._queries.pop(next(iter(self._queries)), None)

    async def _build(self, store: Store, memory_id: str, shelf: _Shelf) -> None:
        after = 0
        while not shelf.built:
            position = after

            def read(transaction: Transaction, position: int = position) -> list[Any]:
                return transaction.db.execute(
                    "SELECT seq, content, namespace_key FROM records "
                    "WHERE memory_id = ? AND seq > ? ORDER BY seq LIMIT ?",
                    (memory_id, position, _CHUNK),
                ).fetchall()

            rows = await store.read(read)
            await anyio.to_thread.run_sync(_index, shelf, rows)
            if len(rows) < _CHUNK:
                with shelf.lock:
                    shelf.catch_up()
                    shelf.built, shelf.touched = True, None
            else:
                after = rows[-1][0]

    async def _embed(self, embedder: Embedder, store: Store, memory_id: str, shelf: _Shelf) -> None:
        name = embedder.name
        if not shelf.signatures:
            known = await store.read(
                lambda transaction: transaction.db.execute(
                    "SELECT seq, bits FROM vectors WHERE memory_id = ? AND model = ?",
                    (memory_id, name),
                ).fetchall()
            )
            with shelf.lock:
                shelf.signatures = {seq: int.from_bytes(bits) for seq, bits in known}
        shelf.unembedded = False
        after = 0
        try:
            while rows := await store.read(partial(_without, model=name, key=(memory_id, after))):
                vectors = await embed(embedder, [searchable(content) for _, content in rows])
                made: list[tuple[int, str, Vector]] = [
                    (seq, content, vector)
                    for (seq, content), vector in zip(rows, vectors, strict=True)
                ]
                await store.write(partial(_keep, model=name, made=made))
                with shelf.lock:
                    shelf.catch_up()  # what it forgets must not be what comes now
                    shelf.signatures.update((seq, signature(vector)) for seq, _, vector in made)
                after = rows[-1][0]
        except BaseException:
            shelf.unembedded = True
            raise

    # In the database threads.

    def put(self, transaction: Transaction, memory_id: str, seq: int, text: str, key: str) -> None:
        """Index a record, new or changed, once it is on disk."""
        if self._embedder is not None:
            transaction.db.execute("DELETE FROM vectors WHERE seq = ?", (seq,))

        def apply(shelf: _Shelf) -> None:
            shelf.index.add(seq, text, key)
            shelf.signatures.pop(seq, None)
            if shelf.touched is not None:
                shelf.touched.add(seq)

        transaction.on_commit(lambda: self._change(memory_id, apply, new=True))

    def forget(self, transaction: Transaction, memory_id: str, seq: int) -> None:
        """Leave a record out once it is gone."""

        def apply(shelf: _Shelf) -> None:
            shelf.index.remove(seq)
            shelf.signatures.pop(seq, None)
            if shelf.touched is not None:
                shelf.touched.add(seq)

        transaction.on_commit(lambda: self._change(memory_id, apply))

    def drop(self, memory_id: str) -> None:
        """Forget the index of a memory that is gone."""
        self._shelves.pop(memory_id, None)

    def _change(
        self, memory_id: str, apply: Callable[[_Shelf], None], *, new: bool = False
    ) -> None:
        shelf = self._shelves.get(memory_id)
        if shelf is not None:
            shelf.changes.append(apply)
            if new:
                shelf.unembedded = True

    def ranked(
        self,
        transaction: Transaction,
        memory_id: str,
        query: str,
        *,
        exact: str | None = None,
        path: str | None = None,
        weak: bool = True,
        only: Set[int] | None = None,
    ) -> Generator[tuple[int, float]]:
        """
        Yield number and score of the records nearest to *query*, best first.

        Closed (or read to its end) by who asked: the index is theirs until then.

        Args:
            transaction: Reads vectors.
            memory_id: Of the memory.
            query: What to look for.
            exact: Only records of the namespace with this key.
            path: Only records of the namespace with this key and those below it.
            weak: Also records that share no word with the query.
            only: Only the records with these numbers.
        """
        shelf = self._shelf(transaction, memory_id)
        with shelf.lock:
            shelf.catch_up()
            names: Iterable[str] | None = None
            if exact is not None:
                names = [exact]
            elif path:
                names = shelf.index.under(path)
            vector = self._queries.get(query)
            if vector is None:
                yield from shelf.index.search(query, names, weak=weak, only=only)
                return
            allowed = shelf.index.everything() if names is None else shelf.index.members(names)
            if only is not None:
                allowed = allowed & only
            yield from _nearest(transaction, shelf.signatures, allowed, vector)

    def _shelf(self, transaction: Transaction, memory_id: str) -> _Shelf:
        """Return the memory's index, built here and now where nobody has done it before."""
        shelf = self._shelves.setdefault(memory_id, _Shelf())
        if not shelf.built:
            rows = transaction.db.execute(
                "SELECT seq, content, namespace_key FROM records WHERE memory_id = ?",
                (memory_id,),
            ).fetchall()
            _index(shelf, rows)
            with shelf.lock:
                shelf.catch_up()
                shelf.built, shelf.touched = True, None
        return shelf


def _index(shelf: _Shelf, rows: list[tuple[int, str, str]]) -> None:
    """Index records that were read, except those that have changed since."""
    ready: list[tuple[int, frozenset[str], str, int]] = []
    for seq, content, key in rows:
        text = searchable(content)
        ready.append((seq, index_terms(text), key, len(text)))
    for start in range(0, len(ready), 100):
        with shelf.lock:
            shelf.catch_up()
            for seq, words, key, length in ready[start : start + 100]:
                if shelf.touched is not None and seq not in shelf.touched:
                    shelf.index.put(seq, words, key, length)


def _without(transaction: Transaction, model: str, key: tuple[str, int]) -> list[tuple[int, str]]:
    """Return some records of a memory that have no vector of the model, after a number."""
    return transaction.db.execute(
        "SELECT records.seq, content FROM records LEFT JOIN vectors "
        "ON vectors.seq = records.seq AND model = ? "
        "WHERE records.memory_id = ? AND records.seq > ? AND vectors.seq IS NULL "
        "ORDER BY records.seq LIMIT ?",
        (model, *key, _TEXTS),
    ).fetchall()


def _keep(transaction: Transaction, model: str, made: list[tuple[int, str, Vector]]) -> None:
    """Write vectors, except of records that have changed while they were made."""
    for seq, content, vector in made:
        bits = signature(vector)
        transaction.db.execute(
            "INSERT OR REPLACE INTO vectors (seq, memory_id, model, vector, bits) "
            "SELECT seq, memory_id, ?, ?, ? FROM records WHERE seq = ? AND content = ?",
            (model, vector.tobytes(), bits.to_bytes(-(-len(vector) // 8)), seq, content),
        )


def _nearest(
    transaction: Transaction, signatures: dict[int, int], allowed: Set[int], vector: Vector
) -> Iterator[tuple[int, float]]:
    """Yield allowed records by the similarity of their vectors, sifted by signatures."""
    own = signature(vector)
    numbers = [number for number in allowed if number in signatures]
    if len(numbers) > _EXACT:
        apart = [(signatures[number] ^ own).bit_count() for number in numbers]
        near = heapq.nsmallest(_EXACT, zip(apart, numbers, strict=True))
        yield from _exactly(transaction, [number for _, number in near], vector)
        # Whoever wants more than these, filters included, waits for the rest to be sorted.
        taken = {number for _, number in near}
        rest = sorted(zip(apart, numbers, strict=True))
        numbers = [number for _, number in rest if number not in taken]
    for start in range(0, len(numbers), _EXACT):
        yield from _exactly(transaction, numbers[start : start + _EXACT], vector)


def _exactly(
    transaction: Transaction, numbers: list[int], vector: Vector
) -> list[tuple[int, float]]:
    """Return these records with the similarity of their vectors, the nearest first."""
    marks = ",".join("?" * len(numbers))
    rows = transaction.db.execute(
        f"SELECT seq, vector FROM vectors WHERE seq IN ({marks})",  # noqa: S608
        numbers,
    )
    scored = [(seq, round(cosine(vector, array("f", blob)), 6)) for seq, blob in rows]
    return sorted(scored, key=lambda item: (-item[1], -item[0]))
