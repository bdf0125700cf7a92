"""Tokens, stems, stop words, synonyms and sentences, for the ranker and the extractor."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_TOKEN = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
"""A word of letters and digits, apostrophes inside included."""
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Characters of scripts without spaces: kana, Chinese characters, hangul."""


def word_set(text: str) -> frozenset[str]:
    """Return the words of *text*, separated by whitespace."""
    return frozenset(text.split())


STOP_WORDS = word_set(
    """
    a about after again all also am an and any are aren't as at be because been before being but by
    can can't cannot could couldn't did didn't do does doesn't doing don't down for from further had
    hadn't has hasn't have haven't having he he's her here hers him his how i i'd i'll i'm i've
    if in into is isn't it it's its itself just let let's me more most my myself no nor not now of
    off on once only or other our ours out over own please really same she should shouldn't so some
    such than that that's the their theirs them then there there's these they they're this those
    through to too under until up us very was wasn't we we'd we'll we're we've were weren't what
    what's when
    where which while who whom why will with won't would wouldn't yes yet you you'd you'll you're
    you've your yours user assistant
    """
)
"""Words that carry no meaning for a search."""
_SYNONYM_LINES = (
    "problem trouble issue difficulty error fault broken wrong complaint",
    "delivery deliver arrive arrival ship shipping shipment parcel package courier",
    "buy purchase order",
    "cheap inexpensive affordable budget",
    "expensive costly pricey",
    "price cost fee fare",
    "movie film cinema",
    "flight fly plane airline airplane",
    "hotel accommodation lodging room",
    "restaurant dining diner eatery",
    "food meal cuisine eat dinner lunch",
    "car vehicle automobile",
    "doctor physician",
    "phone telephone",
    "address location",
    "like love enjoy prefer preference favorite favourite",
    "dislike hate avoid",
    "refund reimburse reimbursement return",
    "cancel cancellation",
    "book reserve reservation booking",
    "job work profession occupation career",
    "city town",
    "home house apartment flat",
    "live reside move",
    "child kid son daughter",
    "spouse wife husband partner",
    "holiday vacation trip travel journey",
    "begin start",
    "help assist assistance support",
    "quick fast rapid",
    "big large",
    "small little",
    "music song concert band",
    "seat seating",
    "vegetarian vegan meatless",
    "allergy allergic",
    "birthday birthdate",
    "language speak",
    "study learn school university",
    "exercise sport workout gym",
)
"""Groups of synonyms; a word may be in several."""


def _normalize(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")


def tokens(text: str) -> list[str]:
    """Split *text* into lower-case words, and scripts without spaces into pairs of characters."""
    found: list[str] = []
    for match in _TOKEN.finditer(_normalize(text)):
        word = match.group()
        if _IDEOGRAPHS.search(word):
            found.extend(word[i : i + 2] for i in range(max(1, len(word) - 1)))
        else:
            found.append(word)
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


_SUFFIXES = (
    ("fulness", "ful"),
    ("ational", "ate"),
    ("ization", "ize"),
    ("iveness", "ive"),
    ("ments", ""),
    ("ment", ""),  # codespell:ignore ment
    ("ations", "ate"),
    ("ation", "ate"),
    ("ness", ""),
    ("ingly", ""),
    ("edly", ""),
    ("ings", ""),
    ("sses", "ss"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("xes", "x"),
    ("ies", "y"),
    ("ied", "y"),
    ("ily", "y"),
    ("ers", "er"),
    ("ss", "ss"),
    ("us", "us"),
    ("is", "is"),
    ("ly", ""),
    ("s", ""),
)
"""Suffixes and their replacements; the first that matches is taken."""
_SYNONYMS_BY_STEM: dict[str, frozenset[str]] = {}
"""Stems of a word's synonyms and its own, by its stem."""
for _line in _SYNONYM_LINES:
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


_ABBREVIATIONS = word_set(
    "dr mr mrs ms prof st no vs etc inc ltd jr sr mt ave blvd a.m p.m e.g i.e u.s approx"
)
"""Abbreviations whose period does not end a sentence."""
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
    if rest:
        found.append(rest)
    return found
