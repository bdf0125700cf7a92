"""
The built-in ranker: finds the records of a memory that are nearest to a query, best first.

Lexical, with stems, synonyms and, for words that it has never seen, spellings that are
close. What a score means:

- 1.0 says the same as the query, no more and no less.
- From 0.6 on a record has every word of the query, itself or by a synonym.
- Between 0.1 and 0.6 it has some of them: the share of the query that it answers, each word
  weighted by how rare it is, lessened for records that are mostly about something else.
- Up to 0.1 it shares no word with the query, only letters. As the service does, a search
  returns the nearest records whatever they are, so these come last.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left, insort
from itertools import combinations, islice
from typing import TYPE_CHECKING

from agentcore_memory_async.local._language.words import STOP_WORDS, stem, synonyms, terms, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Set


_SYNONYM = 0.75
_CLOSE = 0.7  # share of common letter pairs from which a spelling is taken for another
_SCORED = 2_000  # so many documents with the same words of the query are scored, the shortest
_SELECTIVE = 5  # so many words of a query, the weightiest, decide what is scored
_ENOUGH = 3_000  # documents that are scored before the best of them are given
_LETTERS = 0.1  # the highest score of a document that shares only letters with the query
_WEAK = 200  # so many of those are looked at, the newest
_NONE: frozenset[int] = frozenset()

#: Of one word of a query: its weight, and the postings of what stands for it by nearness.
_Step = tuple[float, list[tuple["Set[int]", float]]]


def words_in(text: str) -> frozenset[str]:
    """Return what *text* is indexed by."""
    return frozenset(terms(text)) or frozenset(stem(word) for word in tokens(text))


class SearchIndex:
    """
    An inverted index over the records of one memory, kept in memory.

    Documents are named by numbers, the newer the higher; a namespace is given without its
    last slashes. Not for more than one thread at a time.
    """

    def __init__(self) -> None:
        self._documents: dict[int, tuple[frozenset[str], str]] = {}
        self._lengths: dict[int, int] = {}
        self._postings: dict[str, set[int]] = {}
        self._grams: dict[str, set[str]] = {}
        self._namespaces: dict[str, set[int]] = {}
        self._sorted: list[str] = []

    def __len__(self) -> int:
        return len(self._documents)

    def add(self, number: int, text: str, namespace: str) -> None:
        """Index *text* as document *number*; one already there is replaced."""
        self.put(number, words_in(text), namespace, len(text))

    def put(self, number: int, words: frozenset[str], namespace: str, length: int) -> None:
        """Index a document by its words, as :func:`words_in` gives them, and its length."""
        if number in self._documents:
            self.remove(number)
        self._documents[number] = (words, namespace)
        self._lengths[number] = length
        for word in words:
            posting = self._postings.get(word)
            if posting is None:
                self._postings[word] = {number}
                if _spelt(word):
                    for gram in _triples(word):
                        self._grams.setdefault(gram, set()).add(word)
            else:
                posting.add(number)
        members = self._namespaces.get(namespace)
        if members is None:
            self._namespaces[namespace] = {number}
            insort(self._sorted, namespace)
        else:
            members.add(number)

    def remove(self, number: int) -> None:
        """Forget document *number*; one that is not there is no error."""
        document = self._documents.pop(number, None)
        if document is None:
            return
        del self._lengths[number]
        words, namespace = document
        for word in words:
            posting = self._postings[word]
            posting.discard(number)
            if posting:
                continue
            del self._postings[word]
            if _spelt(word):
                for gram in _triples(word):
                    self._grams[gram].discard(word)
                    if not self._grams[gram]:
                        del self._grams[gram]
        members = self._namespaces[namespace]
        members.discard(number)
        if not members:
            del self._namespaces[namespace]
            del self._sorted[bisect_left(self._sorted, namespace)]

    def under(self, path: str) -> list[str]:
        """Return the namespaces that are *path* or below it, on segment borders."""
        if not path:
            return list(self._sorted)
        start = bisect_left(self._sorted, path + "/")
        end = bisect_left(self._sorted, path + "0")  # "0" is the character after "/"
        exact = [path] if path in self._namespaces else []
        return exact + self._sorted[start:end]

    def members(self, namespaces: Iterable[str]) -> Set[int]:
        """Return the documents in these namespaces."""
        found = [self._namespaces.get(name, _NONE) for name in namespaces]
        if sum(map(len, found)) == len(self._documents):
            return self._documents.keys()
        return found[0] if len(found) == 1 else set[int]().union(*found)

    def everything(self) -> Set[int]:
        """Return all documents."""
        return self._documents.keys()

    def search(
        self,
        query: str,
        namespaces: Iterable[str] | None,
        *,
        weak: bool = True,
        only: Set[int] | None = None,
    ) -> Iterator[tuple[int, float]]:
        """
        Yield number and score of the documents nearest to *query*, best first.

        Args:
            query: What to look for, in plain words.
            namespaces: Only documents in these; None takes all.
            weak: Also those that have no word of the query, last.
            only: Only the documents with these numbers.
        """
        allowed = None if namespaces is None else self.members(namespaces)
        if only is not None:
            allowed = (self.everything() if allowed is None else allowed) & only
        if allowed is not None and len(allowed) == len(self._documents):
            allowed = None
        if not (self._documents if allowed is None else allowed):
            return
        words = list(dict.fromkeys(terms(query)))
        if not words:
            words = list(dict.fromkeys(stem(word) for word in tokens(query)))
        seen: set[int] = set()
        plan = self._plan(words)
        waiting: list[tuple[float, int, int]] = []  # a heap: less score, length, less number
        total = sum(weight for weight, _ in plan) or 1.0
        scored = 0
        for bound, candidates in self._tiers([step for step in plan if step[1]], allowed, total):
            # Enough of those with the weightiest words: what comes has fewer of them.
            while waiting and (-waiting[0][0] >= bound or scored >= _ENOUGH):
                score, _, number = heapq.heappop(waiting)
                yield -number, -score
            fresh = candidates - seen
            seen |= fresh
            scored += min(_SCORED, len(fresh))
            for number in self._shortest(fresh):
                score = self._score(number, plan, total)
                heapq.heappush(waiting, (-score, self._lengths[number], -number))
        while waiting:
            score, _, number = heapq.heappop(waiting)
            yield -number, -score
        if weak and query.strip():
            yield from self._weak(words, allowed, seen)

    def _shortest(self, numbers: Set[int]) -> Iterable[int]:
        """Return those of documents with the same words of the query that can score highest."""
        if len(numbers) <= _SCORED:
            return numbers
        return heapq.nsmallest(_SCORED, numbers, key=self._lengths.__getitem__)

    def _score(self, number: int, plan: list[_Step], total: float) -> float:
        part, about = 0.0, 0
        for weight, variants in plan:
            best = 0.0
            for posting, nearness in variants:
                if number in posting:
                    about += 1
                    best = max(best, nearness)
            part += weight * best
        share = min(1.0, about / len(self._documents[number][0]))
        answered = part / total * (0.6 + 0.4 * math.sqrt(share))
        return round(min(1.0, max(_LETTERS, answered)), 6)

    def _plan(self, words: list[str]) -> list[_Step]:
        """Return the weight of each word of a query and what stands for it; weighty ones first."""
        size = len(self._documents)
        plan: list[_Step] = []
        for word in words:
            variants: list[tuple[Set[int], float]] = [
                (self._postings[variant], near) for variant, near in self._variants(word).items()
            ]
            seen = sum(len(posting) for posting, _ in variants)
            weight = 1.0 + math.log((size + 1) / (min(seen, size) + 1)) / math.log(size + 2)
            plan.append((weight, variants))
        return sorted(plan, key=lambda step: -step[0])

    def _tiers(
        self, plan: list[_Step], allowed: Set[int] | None, total: float
    ) -> Iterator[tuple[float, Set[int]]]:
        """
        Yield documents by which words of the query they have, with the best score they can have.

        The highest bound first, so that who takes only the best can stop early.
        """
        if allowed is not None and len(allowed) <= _SCORED:
            few = {
                number
                for _, variants in plan
                for posting, _ in variants
                for number in (allowed & posting)
            }
            yield 1.0, few
            return
        chosen = plan[:_SELECTIVE]
        rest = sum(weight for weight, _ in plan[_SELECTIVE:])
        having = [_having(variants, allowed) for _, variants in chosen]
        subsets = [
            (sum(chosen[i][0] for i in subset), subset)
            for length in range(1, len(chosen) + 1)
            for subset in combinations(range(len(chosen)), length)
        ]
        subsets.sort(key=lambda item: -item[0])
        for weight, subset in subsets:
            ordered = sorted((having[i] for i in subset), key=len)
            found: Set[int] = ordered[0]
            for other in ordered[1:]:
                found = found & other
            if found:
                yield (weight + rest) / total, found
        for weight, variants in plan[_SELECTIVE:]:
            found = _having(variants, allowed)
            if found:
                yield weight / total, found

    def _weak(
        self, words: list[str], allowed: Set[int] | None, seen: set[int]
    ) -> Iterator[tuple[int, float]]:
        own = {gram for word in words for gram in _pairs(word)}
        if allowed is not None and len(allowed) <= _SCORED:
            newest = heapq.nlargest(_WEAK, allowed - seen)
        else:
            within = self._documents if allowed is None else allowed
            newest = list(
                islice(
                    (n for n in reversed(self._documents) if n not in seen and n in within), _WEAK
                )
            )
        scored: list[tuple[float, int]] = []
        for number in newest:
            other = {gram for word in self._documents[number][0] for gram in _pairs(word)}
            common = 2 * len(own & other) / ((len(own) + len(other)) or 1)
            scored.append((round(_LETTERS * common * 0.99, 6), number))
        scored.sort(key=lambda item: (-item[0], -item[1]))
        for score, number in scored:
            yield number, score

    def _variants(self, word: str) -> dict[str, float]:
        """Return the indexed terms that stand for *word*, each with its nearness in 0..1."""
        found: dict[str, float] = {}
        if word in self._postings:
            found[word] = 1.0
        for other in synonyms(word):
            if other in self._postings:
                found.setdefault(other, _SYNONYM)
        if word not in found and _spelt(word):
            own = _pairs(word)
            candidates = {other for gram in _triples(word) for other in self._grams.get(gram, ())}
            for other in candidates:
                pairs = _pairs(other)
                nearness = 2 * len(own & pairs) / (len(own) + len(pairs))
                if nearness >= _CLOSE and other not in STOP_WORDS:
                    found.setdefault(other, nearness * 0.9)
        return found


def _having(variants: list[tuple[Set[int], float]], allowed: Set[int] | None) -> Set[int]:
    """Return the allowed documents that have one of *variants*."""
    postings = [posting if allowed is None else posting & allowed for posting, _ in variants]
    return postings[0] if len(postings) == 1 else set[int]().union(*postings)


def _spelt(word: str) -> bool:
    return len(word) >= 4 and word.isalpha()


def _pairs(word: str) -> set[str]:
    """Return the pairs of letters of *word*, its borders marked."""
    marked = f"^{word}$"
    return {marked[i : i + 2] for i in range(len(marked) - 1)}


def _triples(word: str) -> set[str]:
    """Return the triples of letters of *word*, its beginning marked."""
    marked = f"^{word}"
    return {marked[i : i + 3] for i in range(len(marked) - 2)}
