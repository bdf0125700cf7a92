"""Embedders: vectors beside words, which are stored, and made again for another embedder."""

from __future__ import annotations

import asyncio
import random
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async.local._language.words import terms
from agentcore_memory_async.local.embedder import EmbedderError, cosine, embed
from tests.local.test_strategies import talk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.local.local_client import Client

WEIGHT = 0.2
"""Weight of a cosine beside the score by words."""
MEANING = {"dog": "pet", "cat": "pet", "peanut": "food", "meal": "food", "nurs": "job"}
"""Stems that the embedder ``Hashing`` replaces by their meaning."""


class Hashing:
    """An embedder without a model: a dimension for each word, shared by some words."""

    def __init__(self, name: str = "hashing", size: int = 64) -> None:
        self.name = name
        self.size = size
        self.texts: list[str] = []
        self.broken = False

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a vector for each text."""
        if self.broken:
            raise RuntimeError(texts[0])
        self.texts.extend(texts)
        rows: list[list[float]] = []
        for text in texts:
            row = [-0.01] * self.size
            for word in terms(text):
                row[zlib.crc32(MEANING.get(word, word).encode()) % self.size] += 1.0
            rows.append(row)
        return rows


class Slow(Hashing):
    """The same as a coroutine function, with tuples."""

    async def embed(self, texts: Sequence[str]) -> Any:  # type: ignore[override]
        """Return a vector for each text."""
        await asyncio.sleep(0)
        return (tuple(row) for row in Hashing.embed(self, texts))


@pytest.mark.parametrize("kind", [Hashing, Slow])
async def test_a_search_ranks_by_meaning(serve: Callable[..., Any], kind: type[Hashing]) -> None:
    """A record without a word of the query is first by its meaning; its own text has 1.0."""
    async with serve(embedder=kind()) as client:
        await client.put("I walk my dog", "I fear peanuts", "I paint walls")
        found = await client.search("cat")
        assert "I walk my dog" == found[0]["content"]["text"]
        assert 3 == len(found)
        assert 2 * found[1]["score"] < found[0]["score"] < (0.1 + WEIGHT) / (1 + WEIGHT)
        assert 1.0 == round((await client.search("I walk my dog"))[0]["score"], 4)


async def test_scores_are_those_of_words_and_vectors(serve: Callable[..., Any]) -> None:
    """Each score is the sum of both, weighted, in 0 to 1, and the best come first."""
    draw, nouns = random.Random(7), ("dog", "cat", "wall", "tree", "boat", "meal", "nurse")
    texts = [f"{' '.join(draw.sample(nouns, 3))} {number}" for number in range(100)]
    query, embedder = "a dog with a meal", Hashing()

    async def scores(client: Client) -> dict[str, float]:
        await client.put(*texts)
        criteria = {"searchQuery": query, "topK": 100}
        reply = await client.call(
            "POST", "retrieve", namespacePath="/", searchCriteria=criteria, maxResults=100
        )
        found = reply.body["memoryRecordSummaries"]
        return {item["content"]["text"]: item["score"] for item in found}

    async with serve() as plain, serve(embedder=embedder) as both:
        by_words, by_both = await scores(plain), await scores(both)
    target, *vectors = await embed(embedder, [query, *texts])
    expected = {
        text: (by_words[text] + WEIGHT * cosine(target, vector)) / (1 + WEIGHT)
        for text, vector in zip(texts, vectors, strict=True)
    }
    assert expected == pytest.approx(by_both, abs=2e-6)
    assert sorted(by_both.values(), reverse=True) == list(by_both.values())
    assert all(0 <= score <= 1 for score in by_both.values())


async def test_a_record_with_the_words_beats_one_that_only_means_them(
    serve: Callable[..., Any],
) -> None:
    """A vector is added to the words' score, not put in its place."""
    async with serve(embedder=Hashing()) as client:
        await client.put("The cat", "The dog", "The dog and cat and pet of the dog")
        assert "The cat" == (await client.search("cat"))[0]["content"]["text"]


async def test_a_filter_gets_all_that_pass(serve: Callable[..., Any]) -> None:
    """A search with a filter goes on past the records that are ranked together first."""
    async with serve(embedder=Hashing(size=16)) as client:
        await talk(client, ("USER", "The user lives in Oslo."))
        (fact,) = await client.records("/facts/")
        for start in range(0, 1800, 100):
            await client.put(*(f"dog number {number}" for number in range(start, start + 100)))
        found = await client.search("dog", memoryStrategyId=fact["memoryStrategyId"])
        assert ["The user lives in Oslo."] == [item["content"]["text"] for item in found]


async def test_vectors_are_kept_and_made_once(serve: Callable[..., Any], tmp_path: Path) -> None:
    """After a restart nothing is embedded again; with another embedder everything is."""
    path = tmp_path / "memory.db"
    first = Hashing()
    async with serve(path, embedder=first) as client:
        await client.put("I walk my dog", "I fear peanuts")
        await client.search("cat")
        await client.search("cat")
        assert ["I fear peanuts", "I walk my dog", "cat"] == sorted(first.texts)
    again = Hashing()
    async with serve(path, embedder=again) as client:
        assert "I walk my dog" == (await client.search("cat"))[0]["content"]["text"]
        assert ["cat"] == again.texts
    other = Hashing("other", size=96)
    async with serve(path, embedder=other) as client:
        assert "I walk my dog" == (await client.search("cat"))[0]["content"]["text"]
        assert 3 == len(other.texts)


async def test_a_changed_record_is_embedded_again(serve: Callable[..., Any]) -> None:
    """An update and a delete are seen by the next search."""
    async with serve(embedder=Hashing()) as client:
        one, two = await client.put("I walk my dog", "I fear peanuts")
        await client.search("cat")
        change = {"memoryRecordId": two, "content": {"text": "My cat sleeps"}, "timestamp": 1}
        await client.call("POST", "memoryRecords", "batchUpdate", records=[change])
        await client.call("DELETE", "memoryRecords", one)
        found = await client.search("pet dog")
        assert ["My cat sleeps"] == [record["content"]["text"] for record in found]
        assert found[0]["score"] > (await client.search("wall"))[0]["score"]


async def test_an_embedder_that_fails(serve: Callable[..., Any]) -> None:
    """The search fails with the service's error, and works again once the embedder does."""
    embedder = Hashing()
    async with serve(embedder=embedder) as client:
        await client.put("I walk my dog")
        embedder.broken = True
        criteria = {"searchQuery": "cat"}
        reply = await client.call("POST", "retrieve", namespacePath="/", searchCriteria=criteria)
        assert (500, "ServiceException") == (reply.status, reply.code)
        assert b"dog" not in reply.raw
        embedder.broken = False
        assert 1 == len(await client.search("cat"))


async def test_a_large_memory_is_sifted_and_still_finds_the_nearest(
    serve: Callable[..., Any],
) -> None:
    """The best record is found among more records than are compared exactly."""
    async with serve(embedder=Hashing(size=128)) as client:
        words = ("wall", "tree", "boat", "lamp", "road", "hill", "moon")
        for start in range(0, 2000, 100):
            texts = [
                f"{words[n % 7]} {words[n // 7 % 7]} {words[n // 49 % 7]} number {n}"
                for n in range(start, start + 100)
            ]
            await client.put(*texts)
        await client.put("the dog of the house")
        found = await client.search("cat of a house", topK=5)
        assert "the dog of the house" == found[0]["content"]["text"]
        assert 5 == len(found)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([[1.0], [1.0, 2.0]], "of lengths"),
        ([[1.0]], "1 vectors for 2 texts"),
        ([[1.0], [float("nan")]], "failed: ValueError"),
        ([["a"], ["b"]], "failed: TypeError"),
        (None, "failed: TypeError"),
    ],
)
async def test_invalid_vectors_are_refused(rows: Any, text: str) -> None:
    """The error names vectors that are missing, of several lengths or not finite."""

    class Given:
        name = "given"

        def embed(self, texts: Sequence[str]) -> Any:
            return rows

    with pytest.raises(EmbedderError, match=text):
        await embed(Given(), ["one", "two"])


async def test_vectors_of_other_lengths_have_nothing_in_common() -> None:
    """A cosine needs two vectors of one space; without direction it is 0."""
    (long,) = await embed(Hashing(size=8), ["dog"])
    (short,) = await embed(Hashing(size=4), ["dog"])
    assert 0.0 == cosine(long, short)
    assert 1.0 == round(cosine(long, long), 5)
