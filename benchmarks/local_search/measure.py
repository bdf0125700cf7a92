"""Measure searches of 100,000 records of one memory, compared with scans of all records."""

from __future__ import annotations

import argparse
import gc
import heapq
import math
import operator
import platform
import random
import resource
import sqlite3
import sys
import tempfile
import time
from array import array
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import anyio

from agentcore_memory_async import __version__
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.local._language.words import synonyms, terms
from agentcore_memory_async.local._search.indexes import VECTOR_WEIGHT
from agentcore_memory_async.local._search.lexical import SearchIndex, index_terms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MEMORY = "bench-a1B2c3D4e5"
PLACES = [
    "Oslo",
    "Paris",
    "Berlin",
    "Madrid",
    "Lima",
    "Quito",
    "Cairo",
    "Seoul",
    "Porto",
    "Turin",
    "Kyoto",
    "Accra",
]
THINGS = [
    "order",
    "flight",
    "hotel",
    "seat",
    "coffee",
    "meeting",
    "invoice",
    "guitar",
    "garden",
    "laptop",
    "ticket",
    "parcel",
    "doctor",
    "recipe",
    "song",
    "museum",
    "bicycle",
    "router",
    "contract",
    "passport",
]
DEEDS = [
    "prefers",
    "bought",
    "cancelled",
    "likes",
    "needs",
    "lost",
    "booked",
    "returned",
    "sold",
    "repaired",
]
KINDS = [
    "blue",
    "cheap",
    "late",
    "quiet",
    "broken",
    "new",
    "old",
    "spicy",
    "green",
    "early",
    "heavy",
    "rare",
]
QUERIES = {
    "one word that half of the records have": "somebody",
    "one word that a tenth has": "order",
    "a number that one record has": "54321",
    "three words": "late order delivery",
    "a question": "which broken laptop did the user return in Oslo?",
    "a long question": "what does the user think of a quiet seat on a cheap flight to Madrid "
    "with a guitar and a garden",
    "a word with a typo": "pasport problem",
    "nothing that any record has": "zyzzyva",
}


def record_text(number: int, draw: random.Random) -> str:
    """Return the text of a record."""
    pick = draw.choice
    start = "The user" if number % 2 else "Somebody"
    return (
        f"{start} {pick(DEEDS)} a {pick(KINDS)} {pick(THINGS)} in {pick(PLACES)} with number "
        f"{number} and a {pick(KINDS)} {pick(THINGS)}."
    )


class Linear:
    """The baseline: it holds the words of every record and scores every record."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.words = [set(index_terms(text).split()) for text in texts]
        self.counts: dict[str, int] = {}
        for words in self.words:
            for word in words:
                self.counts[word] = self.counts.get(word, 0) + 1

    def search(self, query: str) -> list[tuple[float, int]]:
        """Return score and number of the ten best records."""
        plan = [
            (
                1 + math.log(len(self.words) / (1 + self.counts.get(word, 0))),
                {word, *synonyms(word)},
            )
            for word in dict.fromkeys(terms(query))
        ]
        scored = (
            (sum(weight for weight, words in plan if not words.isdisjoint(record)), number)
            for number, record in enumerate(self.words)
        )
        return heapq.nlargest(10, scored)


class WordDirections:
    """An embedder without a model: a fixed random direction for each word."""

    name = "word directions"

    def __init__(self, size: int) -> None:
        self.size = size
        self.directions: dict[str, array[float]] = {}

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return the sum of the directions of each text's words."""
        rows: list[list[float]] = []
        for text in texts:
            parts = [self._direction(word) for word in index_terms(text).split()]
            rows.append([sum(numbers) for numbers in zip(*parts, strict=True)] if parts else [])
        return rows

    def _direction(self, word: str) -> array[float]:
        known = self.directions.get(word)
        if known is None:
            draw = random.Random(word)
            known = array("f", [draw.gauss(0, 1) for _ in range(self.size)])
            self.directions[word] = known
        return known


def percentiles(seconds: list[float]) -> str:
    """Return p50 and p95 in milliseconds."""
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return f"{ordered[len(ordered) // 2] * 1e3:.1f} / {p95 * 1e3:.1f}"


def timed(call: Callable[[], Any], times: int) -> list[float]:
    """Return the durations of *times* calls in seconds."""
    found: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return found


def fill(path: Path, texts: Sequence[str]) -> None:
    """Write the records directly into the service's file, which is the fastest way."""
    with sqlite3.connect(path) as db:
        db.executemany(
            "INSERT INTO records (memory_id, record_id, namespace, namespace_key, content, "
            "fingerprint, created_ms, updated_ms, time_ms) VALUES (?, ?, ?, ?, ?, ?, 1, 1, 1)",
            [
                (
                    MEMORY,
                    f"mem-{number:036d}",
                    f"/facts/user{number % 1000}/",
                    f"/facts/user{number % 1000}",
                    text,
                    text,
                )
                for number, text in enumerate(texts)
            ],
        )
    db.close()


class Service:
    """Client of the local service over HTTP."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http = http
        self.url = f"{url}/memories/{MEMORY}"

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        """Send one request."""
        async with self.http.post(f"{self.url}/{path}", json=body) as response:
            answer: dict[str, Any] = await response.json(content_type=None)
            assert response.status == 200, answer
            return answer

    async def search(self, query: str, path: str) -> float:
        """Search, and return the duration in seconds."""
        start = time.perf_counter()
        answer = await self.post(
            "retrieve", namespacePath=path, searchCriteria={"searchQuery": query}
        )
        assert len(answer["memoryRecordSummaries"]) == 10
        return time.perf_counter() - start


async def first_search(service: Service) -> tuple[float, list[float]]:
    """Run the first search; return its duration and those of concurrent requests."""
    others: list[float] = []
    done = anyio.Event()

    async def ask() -> None:
        while not done.is_set():
            start = time.perf_counter()
            await service.post("actor/ann/sessions/s1", maxResults=10)
            others.append(time.perf_counter() - start)
            await anyio.sleep(0.005)

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        took = await service.search("late order", "/")
        done.set()
    return took, others


async def words(path: Path, texts: Sequence[str], times: int) -> None:
    """Measure the built-in ranker and print a table."""
    gc.freeze()  # keeps the garbage collector away from the contestants' own data
    linear, index = Linear(texts), SearchIndex()
    start = time.perf_counter()
    for number, text in enumerate(texts):
        index.put(number, index_terms(text), f"/facts/user{number % 1000}", len(text))
    print(f"index of {len(texts):,} records built in {time.perf_counter() - start:.1f} s\n")
    gc.collect()
    gc.freeze()
    db = sqlite3.connect(path)
    async with (
        LocalMemoryService(path) as opened,
        aiohttp.ClientSession() as http,
    ):
        service = Service(http, opened.endpoint_url)
        took, others = await first_search(service)
        print(
            f"first search after a start {took:.1f} s; other requests meanwhile, p50 / p95 in ms:"
        )
        print(f"{percentiles(others)}, the longest {max(others) * 1e3:.0f}\n")
        print(
            "| query, p50 / p95 in ms | service, `/` | one of 1,000 actors | index alone | "
            "linear scan | LIKE scan |"
        )
        print("|---|---|---|---|---|---|")
        for name, query in QUERIES.items():
            everywhere = [await service.search(query, "/") for _ in range(times)]
            within = [await service.search(query, "/facts/user7/") for _ in range(times)]
            alone = timed(lambda q=query: list(islice(index.search(q, None), 10)), times)  # type: ignore[misc]
            scan = timed(lambda q=query: linear.search(q), max(3, times // 5))  # type: ignore[misc]
            like = timed(
                lambda q=query: db.execute(  # type: ignore[misc]
                    "SELECT seq FROM records WHERE memory_id = ? AND content LIKE ?",
                    (MEMORY, f"%{max(q.split(), key=len)}%"),
                ).fetchall(),
                max(3, times // 5),
            )
            columns = (everywhere, within, alone, scan, like)
            print(f"| {name} | {' | '.join(map(percentiles, columns))} |")
    db.close()


async def vectors(path: Path, texts: Sequence[str], times: int) -> None:
    """Measure searches by vectors and print a table."""
    embedder = WordDirections(384)
    async with (
        LocalMemoryService(path, embedder=embedder) as opened,
        aiohttp.ClientSession() as http,
    ):
        service = Service(http, opened.endpoint_url)
        start = time.perf_counter()
        await service.search("late order", "/")
        print(f"\nfirst search with {len(texts):,} new vectors {time.perf_counter() - start:.0f} s")
        db = sqlite3.connect(path)
        stored = [
            (array("f", blob), seq) for blob, seq in db.execute("SELECT vector, seq FROM vectors")
        ]
        db.close()
        index = SearchIndex()
        for number, text in enumerate(texts, 1):
            index.put(number, index_terms(text), "/", len(text))
        print(
            "\n| query, p50 / p95 in ms | service, vectors | linear scan | of its ten best found |"
        )
        print("|---|---|---|---|")
        for name, query in QUERIES.items():
            took = [await service.search(query, "/") for _ in range(times)]
            (row,) = embedder.embed([query])
            norm = math.sqrt(sum(number * number for number in row)) or 1.0
            own = array("f", [number / norm for number in row])
            start = time.perf_counter()
            by_words = index.scores(query)
            scored = (
                by_words(seq) + VECTOR_WEIGHT * max(0.0, sum(map(operator.mul, own, vector)))
                for vector, seq in stored
            )
            best = heapq.nlargest(10, scored)
            scan = time.perf_counter() - start
            answer = await service.post(
                "retrieve", namespacePath="/", searchCriteria={"searchQuery": query}
            )
            floor = best[-1] / (1 + VECTOR_WEIGHT) - 1e-5
            good = sum(item["score"] >= floor for item in answer["memoryRecordSummaries"])
            print(f"| {name} | {percentiles(took)} | {scan * 1e3:.0f} | {good} |")


async def main(number: int, times: int, *, with_vectors: bool) -> None:
    """Measure all contestants and print the tables of the README."""
    draw = random.Random(1)
    texts = [record_text(n, draw) for n in range(number)]
    print(
        f"agentcore-memory-async {__version__}, Python {platform.python_version()}, SQLite "
        f"{sqlite3.sqlite_version}, {platform.machine()}, {number:,} records, {times} searches each"
        "\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.db"
        async with LocalMemoryService(path):
            pass  # creates the tables
        fill(path, texts)
        await words(path, texts, times)
        if with_vectors:
            await vectors(path, texts, times)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory of all contestants in this process {peak:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--no-vectors", action="store_true")
    given = parser.parse_args()
    sys.exit(anyio.run(lambda: main(given.records, given.times, with_vectors=not given.no_vectors)))
