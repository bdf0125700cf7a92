"""
The ranker: finds the records of a memory that match a query, best first.

Lexical, with stems, synonyms and, for words that it has never seen, spellings that are
close (shared pairs of letters). A score is the share of the query that a record
answers, weighted by how rare each word is, lessened for long records that are mostly
about something else: 1.0 says the same as the query, 0 has nothing in common with it.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from typing import TYPE_CHECKING

import attrs

from agentcore_memory_async.local._text import STOP_WORDS, stem, synonyms, terms, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ("SearchIndex",)

_SYNONYM = 0.75
_CLOSE = 0.7  # share of common letter pairs from which a spelling is taken for another
_CANDIDATES = 5_000  # so many documents are scored for one query
_NONE: frozenset[int] = frozenset()

#: Of one word of a query: its weight, what stands for it with its nearness, its postings.
_Step = tuple[float, list[tuple[str, float]], int]


@attrs.define
class _Document:
    terms: frozenset[str]
    namespace: str
    length: int


class SearchIndex:
    """
    An inverted index over the records of one memory, kept in memory.

    Documents are named by numbers; a namespace is given without its last slashes. Not
    for more than one thread at a time: it lives in the database thread.
    """

    def __init__(self) -> None:
        self._documents: dict[int, _Document] = {}
        self._postings: dict[str, set[int]] = {}
        self._grams: dict[str, set[str]] = {}
        self._namespaces: dict[str, set[int]] = {}
        self._sorted: list[str] = []

    def __len__(self) -> int:
        return len(self._documents)

    def add(self, number: int, text: str, namespace: str) -> None:
        """Index *text* as document *number*; one already there is replaced."""
        if number in self._documents:
            self.remove(number)
        words = frozenset(terms(text)) or frozenset(stem(word) for word in tokens(text))
        self._documents[number] = _Document(words, namespace, len(text))
        for word in words:
            posting = self._postings.get(word)
            if posting is None:
                self._postings[word] = {number}
                for gram in _grams(word):
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
        for word in document.terms:
            posting = self._postings[word]
            posting.discard(number)
            if not posting:
                del self._postings[word]
                for gram in _grams(word):
                    self._grams[gram].discard(word)
                    if not self._grams[gram]:
                        del self._grams[gram]
        members = self._namespaces[document.namespace]
        members.discard(number)
        if not members:
            del self._namespaces[document.namespace]
            del self._sorted[bisect_left(self._sorted, document.namespace)]

    def under(self, path: str) -> list[str]:
        """Return the namespaces that are *path* or below it, on segment borders."""
        if not path:
            return list(self._sorted)
        start = bisect_left(self._sorted, path + "/")
        end = bisect_left(self._sorted, path + "0")  # "0" is the character after "/"
        exact = [path] if path in self._namespaces else []
        return exact + self._sorted[start:end]

    def starting_with(self, prefix: str) -> list[str]:
        """Return the namespaces that begin with the characters of *prefix*."""
        return [name for name in self._sorted if (name + "/").startswith(prefix)]

    def search(self, query: str, namespaces: Iterable[str] | None) -> list[tuple[int, float]]:
        """
        Return number and score of the documents that match *query*, best first.

        Args:
            query: What to look for, in plain words.
            namespaces: Only documents in these; None takes all.
        """
        words = list(dict.fromkeys(terms(query)))
        if not words:
            words = list(dict.fromkeys(stem(word) for word in tokens(query)))
        if not words:
            return []
        allowed: set[int] | None = None
        if namespaces is not None:
            allowed = set[int]().union(*(self._namespaces.get(name, _NONE) for name in namespaces))
            if not allowed:
                return []
        plan = self._plan(words)
        total = sum(weight for weight, _, _ in plan)
        scored: list[tuple[int, float]] = []
        for number in self._candidates(plan, allowed):
            document = self._documents[number]
            part, about = 0.0, 0
            for weight, variants, _ in plan:
                best = 0.0
                for variant, nearness in variants:
                    if variant in document.terms:
                        about += 1
                        best = max(best, nearness)
                part += weight * best
            if part:
                share = min(1.0, about / len(document.terms))
                score = part / total * (0.6 + 0.4 * math.sqrt(share))
                scored.append((number, min(1.0, round(score, 6))))
        # Of equals the shorter text comes first, then the newer one.
        documents = self._documents
        scored.sort(key=lambda item: (-item[1], documents[item[0]].length, -item[0]))
        return scored

    def _plan(self, words: list[str]) -> list[_Step]:
        """Return weight, variants and number of postings of each word, the rarest first."""
        size = len(self._documents)
        plan: list[_Step] = []
        for word in words:
            variants = self._variants(word)
            seen = sum(len(self._postings[variant]) for variant, _ in variants)
            weight = 1.0 + math.log((size + 1) / (min(seen, size) + 1)) / math.log(size + 2)
            plan.append((weight, variants, seen))
        return sorted(plan, key=lambda step: step[2])

    def _candidates(self, plan: list[_Step], allowed: set[int] | None) -> set[int]:
        """
        Return the documents that are worth scoring.

        In a large memory, what has none of the rarer words of the query is left out.
        """
        if allowed is not None and len(allowed) <= _CANDIDATES:
            return allowed
        found: set[int] = set()
        for _, variants, seen in plan:
            if found and len(found) + seen > _CANDIDATES:
                break
            for variant, _ in variants:
                posting = self._postings[variant]
                found |= posting if allowed is None else posting & allowed
        return found

    def _variants(self, word: str) -> list[tuple[str, float]]:
        """Return the indexed terms that stand for *word*, each with its nearness in 0..1."""
        found: dict[str, float] = {}
        if word in self._postings:
            found[word] = 1.0
        for other in synonyms(word):
            if other in self._postings:
                found.setdefault(other, _SYNONYM)
        if word not in found and word.isalpha() and len(word) >= 4:
            own = _grams(word)
            candidates: dict[str, int] = {}
            for gram in own:
                for other in self._grams.get(gram, ()):
                    candidates[other] = candidates.get(other, 0) + 1
            for other, common in candidates.items():
                nearness = 2 * common / (len(own) + len(_grams(other)))
                if nearness >= _CLOSE and other not in STOP_WORDS:
                    found.setdefault(other, nearness * 0.9)
        return list(found.items())


def _grams(word: str) -> set[str]:
    """Return the pairs of letters of *word*, its borders marked."""
    marked = f"^{word}$"
    return {marked[i : i + 2] for i in range(len(marked) - 1)}
