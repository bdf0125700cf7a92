"""Tokens, stems, stop words, synonyms and sentences, for the ranker and the extractor."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from agentcore_memory_async.local._language.english import DATA

_TOKEN = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
"""A word of letters and digits, apostrophes inside included."""
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Characters of scripts without spaces: kana, Chinese characters, hangul."""


def _words(name: str) -> list[str]:
    found: list[str] = DATA["search"][name].split()
    return found


STOP_WORDS = frozenset(_words("stop"))
"""Words that carry no meaning for a search."""
_ABBREVIATIONS = frozenset(_words("abbreviations"))
"""Abbreviations whose period does not end a sentence."""


def _normalize(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")


def tokens(text: str) -> list[str]:
    """Split *text* into lower-case words, and scripts without spaces into pairs of characters."""
    found: list[str] = []
    for word in _TOKEN.findall(_normalize(text)):
        is_spaced = _IDEOGRAPHS.search(word) is None
        found += [word] if is_spaced else [word[i : i + 2] for i in range(max(1, len(word) - 1))]
    return found


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return the stem of an English word: orders, ordered, ordering -> order."""
    word = word.removesuffix("'s").replace("'", "")
    if len(word) <= 3 or not word.isascii() or not word.isalpha():
        return word
    for ending, replacement in _SUFFIXES:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: len(word) - len(ending)] + replacement
            break
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            base = word[: -len(ending)]
            if not re.search(r"[aeiouy]", base):
                break
            word = base[:-1] if len(base) > 3 and base[-1] == base[-2] not in "lsz" else base
            break
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    if len(word) > 3 and word.endswith("y"):
        word = word[:-1] + "i"
    return word


_SUFFIXES = [
    (suffix, replacement.strip("-"))
    for suffix, replacement in zip(_words("suffixes")[::2], _words("suffixes")[1::2], strict=True)
]
"""Suffixes and their replacements; the first that matches is taken."""
_SYNONYMS_BY_STEM: dict[str, frozenset[str]] = {}
"""Stems of a word's synonyms and its own, by its stem."""
for _line in DATA["search"]["synonyms"].splitlines():
    _stems = frozenset(stem(_word) for _word in _line.split())
    for _stem in _stems:
        _SYNONYMS_BY_STEM[_stem] = _SYNONYMS_BY_STEM.get(_stem, frozenset()) | _stems


def synonyms(term: str) -> frozenset[str]:
    """Return the stems of the synonyms of the stem *term*, without *term* itself."""
    return _SYNONYMS_BY_STEM.get(term, frozenset()) - {term}


def terms(text: str) -> list[str]:
    """Return the stems of the words of *text* in order, without stop words."""
    return [stem(word) for word in tokens(text) if word not in STOP_WORDS]


def fingerprint(text: str) -> str:
    """Return a key that ignores case and punctuation, equal for texts with the same words."""
    return " ".join(tokens(text)) or text.strip()


_SENTENCE_BREAK = re.compile(r"(?<=[.!?])[\"')\]]*\s+|(?<=[a-z)][.!?])(?=[A-Z][a-z])|\n+")
"""Ends of sentences: punctuation before a space or a capital letter, and line breaks."""


def sentences(text: str) -> list[str]:
    """Split *text* into sentences; a period in an abbreviation or a number ends none."""
    found: list[str] = []
    start = 0
    for match in _SENTENCE_BREAK.finditer(text):
        piece = text[start : match.end()].strip()
        words = piece.rsplit(None, 1)
        if not words:
            continue
        last = words[-1].lower().rstrip(".")
        following = text[match.end() : match.end() + 1]
        if piece.endswith(".") and (
            (last in _ABBREVIATIONS and not (last in {"a.m", "p.m"} and following.isupper()))
            or (len(last) == 1 and last.isalpha() and last != "i")
            or following.islower()
        ):
            continue
        found.append(piece)
        start = match.end()
    rest = text[start:].strip()
    return [*found, rest] if rest else found
