"""
The built-in ranker: a lexical search over the records of a memory, best match first.

It matches stems, synonyms and, for words that no record has, similar spellings. What a score
means:

- 1.0: the record has the words of the query and no others.
- From 0.6: it has every word of the query, itself or as a synonym.
- Between 0.1 and 0.6: it has some of them. The score is the share of the query that it covers,
  with each word weighted by its rarity, and reduced for records that are mostly about something
  else.
- Up to 0.1: it shares no word with the query, only letters. As in the service, a search returns
  the nearest records whatever they are, so these come last.

Speed comes from scoring few documents. ``_tiers`` orders the documents by which of the rarest
words of the query they have, with an upper bound of their score. A match is returned as soon as
no later tier can beat it.
"""

from __future__ import annotations

import heapq
import math
from functools import lru_cache
from itertools import combinations, islice
from typing import TYPE_CHECKING, TypeVar

from agentcore_memory_async.local._language.words import STOP_WORDS, stem, synonyms, terms, tokens
from agentcore_memory_async.local._search.paths import paths_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Set


_SYNONYM_SCORE = 0.75
"""Similarity of a word and its synonym."""
_MIN_SPELLING_SIMILARITY = 0.7
"""Share of common bigrams from which two spellings count as the same word."""
_MAX_SCORED_PER_TIER = 2_000
"""Documents that are scored of those with the same words of the query, the shortest."""
_SELECTIVE_WORDS = 5
"""Words of a query, those with the highest weights, that select what is scored."""
_MAX_SCORED = 3_000
"""Documents that are scored before the best of them are yielded."""
_MAX_COMPARED = 64
"""Documents with rarer words of a text that are compared to find the most similar ones."""
_MAX_LETTER_SCORE = 0.1
"""Highest score of a document that shares only letters with the query."""
_MAX_WEAK_MATCHES = 200
"""Documents without a word of the query that are compared by letters, the newest."""
_NO_DOCUMENTS: frozenset[int] = frozenset()
"""Documents of a namespace that has none."""

_T = TypeVar("_T")
_QueryWord = tuple[float, list[tuple["Set[int]", float]]]
"""Weight of a word of the query, and its variants: postings and similarity of each."""


def index_terms(text: str) -> str:
    """
    Return the terms under which *text* is indexed, each once, with spaces between.

    There are stop words among them only if there is nothing else. The terms of a record are stored
    with it, so that an index can be loaded: a change of this function needs a migration that
    empties the column ``terms``.
    """
    found = terms(text) or [stem(word) for word in tokens(text)]
    return " ".join(dict.fromkeys(found))


class SearchIndex:
    """
    An inverted index over the records of one memory, held in RAM.

    Documents have numbers; newer ones have higher numbers. A namespace has no trailing slashes.
    Not thread-safe.
    """

    def __init__(self) -> None:
        # Terms with spaces between, and the namespace.
        self._documents: dict[int, tuple[str, str]] = {}
        self._lengths: dict[int, int] = {}
        self._postings: dict[str, set[int]] = {}
        self._words_by_trigram: dict[str, set[str]] = {}
        self._by_namespace: dict[str, set[int]] = {}
        self._by_path: dict[str, set[int]] = {}

    def __len__(self) -> int:
        return len(self._documents)

    def put(self, number: int, words: str, namespace: str, length: int) -> None:
        """
        Index a document, and replace an existing one.

        Args:
            number: Number of the document.
            words: Its terms, as `index_terms` returns them.
            namespace: Its namespace.
            length: Characters of its content.
        """
        if number in self._documents:
            self.remove(number)
        self._documents[number] = (words, namespace)
        self._lengths[number] = length
        postings = self._postings
        for word in words.split():
            if word in postings:
                postings[word].add(number)
                continue
            postings[word] = {number}
            if _allows_misspelling(word):
                for gram in _trigrams(word):
                    _add(self._words_by_trigram, gram, word)
        _add(self._by_namespace, namespace, number)
        for path in paths_of(namespace):
            _add(self._by_path, path, number)

    def remove(self, number: int) -> None:
        """Remove document *number*; a missing one is ignored."""
        document = self._documents.pop(number, None)
        if document is None:
            return
        del self._lengths[number]
        words, namespace = document
        for word in words.split():
            if not _discard(self._postings, word, number) or not _allows_misspelling(word):
                continue
            for gram in _trigrams(word):
                _discard(self._words_by_trigram, gram, word)
        _discard(self._by_namespace, namespace, number)
        for path in paths_of(namespace):
            _discard(self._by_path, path, number)

    def members(self, *, exact: str | None = None, path: str | None = None) -> Set[int]:
        """Return the documents of one namespace, or of *path* and all below it; else all."""
        if exact is not None:
            return self._by_namespace.get(exact, _NO_DOCUMENTS)
        if path:
            return self._by_path.get(path, _NO_DOCUMENTS)
        return self._documents.keys()

    def search(self, query: str, allowed: Set[int] | None) -> Iterator[tuple[int, float]]:
        """
        Yield number and score of the documents that match *query*, best first.

        Documents without any word of the query follow at the end.

        Args:
            query: Plain words.
            allowed: Numbers of the documents to search; None searches all.
        """
        if allowed is not None and len(allowed) == len(self._documents):
            allowed = None
        if not (self._documents if allowed is None else allowed):
            return
        words = index_terms(query).split()
        seen: set[int] = set()
        plan = self._plan(words)
        waiting: list[tuple[float, int, int]] = []  # heap of (-score, length, -number)
        total = sum(weight for weight, _ in plan) or 1.0
        scored = 0
        for bound, candidates in self._tiers([step for step in plan if step[1]], allowed, total):
            # Yield what no later tier can beat, and all once enough documents are scored.
            while waiting and (-waiting[0][0] >= bound or scored >= _MAX_SCORED):
                score, _, number = heapq.heappop(waiting)
                yield -number, -score
            fresh = candidates - seen
            seen |= fresh
            scored += min(_MAX_SCORED_PER_TIER, len(fresh))
            for number in self._shortest(fresh):
                score = self._score(number, plan, total)
                heapq.heappush(waiting, (-score, self._lengths[number], -number))
        while waiting:
            score, _, number = heapq.heappop(waiting)
            yield -number, -score
        if query.strip():
            yield from self._weak(words, allowed, seen)

    def scores(self, query: str) -> Callable[[int], float]:
        """Return a function that scores one document as `search` does, whichever it is."""
        words = index_terms(query).split()
        plan = self._plan(words)
        total = sum(weight for weight, _ in plan) or 1.0
        own = _bigrams_of(words)

        def score(number: int) -> float:
            if any(number in posting for _, variants in plan for posting, _ in variants):
                return self._score(number, plan, total)
            return self._letter_score(number, own)

        return score

    def similar(
        self, query: str, allowed: Set[int], newest: Iterable[int]
    ) -> list[tuple[int, float]]:
        """
        Return number and score of the documents most similar to *query*, best first.

        Their number has a limit: compared are the documents that have one of its rarer words,
        rarest first, and of the newest ones those that have any of its words.

        Args:
            query: Plain words.
            allowed: Numbers of the documents to search.
            newest: Numbers of the newest of them.
        """
        plan = self._plan(index_terms(query).split())
        postings = sorted((item for _, variants in plan for item, _ in variants), key=len)
        compared = {number for number in newest if any(number in item for item in postings)}
        compared &= allowed
        room = _MAX_COMPARED
        for posting in postings:
            if min(len(posting), len(allowed)) > _MAX_SCORED_PER_TIER:
                break
            found = (posting & allowed) - compared
            if len(found) <= room:
                room -= len(found)
                compared |= found
        total = sum(weight for weight, _ in plan) or 1.0
        scored = [(number, self._score(number, plan, total)) for number in compared]
        return sorted(scored, key=lambda item: (-item[1], self._lengths[item[0]], -item[0]))

    def _shortest(self, numbers: Set[int]) -> Iterable[int]:
        """Return the documents of a tier that can score highest: the shortest."""
        if len(numbers) <= _MAX_SCORED_PER_TIER:
            return numbers
        return heapq.nsmallest(_MAX_SCORED_PER_TIER, numbers, key=self._lengths.__getitem__)

    def _score(self, number: int, plan: list[_QueryWord], total: float) -> float:
        matched, matching_terms = 0.0, 0
        for weight, variants in plan:
            best = 0.0
            for posting, similarity in variants:
                if number in posting:
                    matching_terms += 1
                    best = max(best, similarity)
            matched += weight * best
        share = min(1.0, matching_terms / (self._documents[number][0].count(" ") + 1))
        coverage = matched / total * (0.6 + 0.4 * math.sqrt(share))
        return round(min(1.0, max(_MAX_LETTER_SCORE, coverage)), 6)

    def _plan(self, words: list[str]) -> list[_QueryWord]:
        """Return the weight and the variants of each word of a query, highest weight first."""
        size = len(self._documents)
        plan: list[_QueryWord] = []
        for word in words:
            variants: list[tuple[Set[int], float]] = [
                (self._postings[variant], similarity)
                for variant, similarity in self._variants(word).items()
            ]
            seen = sum(len(posting) for posting, _ in variants)
            weight = 1.0 + math.log((size + 1) / (min(seen, size) + 1)) / math.log(size + 2)
            plan.append((weight, variants))
        return sorted(plan, key=lambda step: -step[0])

    def _tiers(
        self, plan: list[_QueryWord], allowed: Set[int] | None, total: float
    ) -> Iterator[tuple[float, Set[int]]]:
        """
        Yield an upper bound of the score and the documents that have a subset of the query's words.

        Highest bound first, so that the caller can stop early.
        """
        if allowed is not None and len(allowed) <= _MAX_SCORED_PER_TIER:
            few = {
                number
                for _, variants in plan
                for posting, _ in variants
                for number in (allowed & posting)
            }
            yield 1.0, few
            return
        chosen = plan[:_SELECTIVE_WORDS]
        rest = sum(weight for weight, _ in plan[_SELECTIVE_WORDS:])
        having = [_documents_with(variants, allowed) for _, variants in chosen]
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
        for weight, variants in plan[_SELECTIVE_WORDS:]:
            found = _documents_with(variants, allowed)
            if found:
                yield weight / total, found

    def _weak(
        self, words: list[str], allowed: Set[int] | None, seen: set[int]
    ) -> Iterator[tuple[int, float]]:
        """Yield the newest documents that are not in *seen*, by the bigrams they share."""
        own = _bigrams_of(words)
        if allowed is not None and len(allowed) <= _MAX_SCORED_PER_TIER:
            newest = heapq.nlargest(_MAX_WEAK_MATCHES, allowed - seen)
        else:
            within = self._documents if allowed is None else allowed
            newest = list(
                islice(
                    (n for n in reversed(self._documents) if n not in seen and n in within),
                    _MAX_WEAK_MATCHES,
                )
            )
        scored = [(self._letter_score(number, own), number) for number in newest]
        scored.sort(key=lambda item: (-item[0], -item[1]))
        for score, number in scored:
            yield number, score

    def _letter_score(self, number: int, own: Set[str]) -> float:
        """Return the score of a document without any word of the query, by its bigrams *own*."""
        other = _bigrams_of(self._documents[number][0].split())
        common = 2 * len(own & other) / ((len(own) + len(other)) or 1)
        return round(_MAX_LETTER_SCORE * common * 0.99, 6)

    def _variants(self, word: str) -> dict[str, float]:
        """Return the indexed terms that match *word*, each with its similarity from 0 to 1."""
        found: dict[str, float] = {}
        if word in self._postings:
            found[word] = 1.0
        for other in synonyms(word):
            if other in self._postings:
                found.setdefault(other, _SYNONYM_SCORE)
        if word not in found and _allows_misspelling(word):
            own = _bigrams(word)
            candidates = {
                other for gram in _trigrams(word) for other in self._words_by_trigram.get(gram, ())
            }
            for other in candidates:
                pairs = _bigrams(other)
                similarity = 2 * len(own & pairs) / (len(own) + len(pairs))
                if similarity >= _MIN_SPELLING_SIMILARITY and other not in STOP_WORDS:
                    found.setdefault(other, similarity * 0.9)
        return found


def _documents_with(variants: list[tuple[Set[int], float]], allowed: Set[int] | None) -> Set[int]:
    """Return the allowed documents that have at least one of *variants*."""
    postings = [posting if allowed is None else posting & allowed for posting, _ in variants]
    return postings[0] if len(postings) == 1 else set[int]().union(*postings)


def _allows_misspelling(word: str) -> bool:
    return len(word) >= 4 and word.isalpha()


def _add(sets: dict[str, set[_T]], key: str, item: _T) -> None:
    if key in sets:
        sets[key].add(item)
    else:
        sets[key] = {item}


def _discard(sets: dict[str, set[_T]], key: str, item: _T) -> bool:
    """Take *item* out of a set; return whether that was the last one, so that the set is gone."""
    sets[key].discard(item)
    if sets[key]:
        return False
    del sets[key]
    return True


@lru_cache(maxsize=65536)
def _bigrams(word: str) -> frozenset[str]:
    """Return the bigrams of *word*, with both ends marked."""
    marked = f"^{word}$"
    return frozenset(marked[i : i + 2] for i in range(len(marked) - 1))


def _bigrams_of(words: Iterable[str]) -> frozenset[str]:
    """Return the bigrams of all *words*."""
    return frozenset[str]().union(*map(_bigrams, words))


def _trigrams(word: str) -> set[str]:
    """Return the trigrams of *word*, with the beginning marked."""
    marked = f"^{word}"
    return {marked[i : i + 3] for i in range(len(marked) - 2)}
