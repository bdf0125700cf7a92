"""What a sentence is by its words: a question, a wish, a report that something is done."""

from __future__ import annotations

import re

from agentcore_memory_async.local._language.english import DATA, PATTERNS, WORDS
from agentcore_memory_async.local._language.words import STOP_WORDS, sentences, stem, tokens

MAX_LENGTH = 1_000
"""Characters of a sentence; a longer one is cut."""
_STEMS = {name: frozenset(map(stem, WORDS[name])) for name in ("weak", "slots")}
"""Stems of words without content of their own, and of those that say when or how many."""
_NO_NAMES = WORDS["calendar"] | WORDS["no_names"] | STOP_WORDS
"""Capitalized words that name nothing."""
_ENGLISH = STOP_WORDS.union(*WORDS.values()) - WORDS["foreign"] - WORDS["shared"]
"""Words that are a sign of English."""
_MEANT: dict[str, str] = DATA["typed"] | {"id": "I'd", "us": "US"}
"""What people mean, by what they type; the last two only in some places."""
_AS_TYPED = re.compile(
    rf"(?<![\w'.])(?:{'|'.join(DATA['typed'])}|"
    r"id(?= (?:like|love|rather))|(?:(?<=\bmy )|(?<=\bthe ))us)(?![\w']|(?-i:\.[a-z]))",
    re.IGNORECASE,
)
"""Words that people type without apostrophes or capitals."""


def statements(text: str) -> list[str]:
    """Return the statements of an English text: without questions, small talk and openings."""
    found: list[str] = []
    for sentence in sentences(as_meant(text)):
        if is_question(sentence) and (told := PATTERNS["told_before"].match(sentence)):
            sentence = told["told"]
        opening = PATTERNS["opening"].match(sentence)
        bare = PATTERNS["ending"].sub("", sentence[opening.end() if opening else 0 :])
        if content_word_count(bare) and not is_question(bare):
            found.append(cut(bare[0].upper() + bare[1:]))
    return found


def without_leads(text: str) -> tuple[str, dict[str, re.Match[str]]]:
    """Return a text without what corrects, what is to be noted and who speaks; and these."""
    text, leads = as_meant(text), dict[str, re.Match[str]]()
    for name in ("correction", "note", "speaker"):
        if (match := PATTERNS[name].match(text)) is not None:
            leads[name] = match
            text = text[match.end() :].rstrip("?" * (name == "note"))
    return text, leads


def as_meant(text: str) -> str:
    """Return a text with the apostrophes and capitals that people leave out."""
    text = text.replace("\u2019", "'")
    return _AS_TYPED.sub(lambda match: _MEANT[match.group().lower()], text)


def cut(text: str) -> str:
    """Return a text that is not too long, cut between words if it has any."""
    if len(text) <= MAX_LENGTH:
        return text
    return (text[: MAX_LENGTH - 1].rsplit(None, 1) or [""])[0] + "\u2026"


def is_question(sentence: str) -> bool:
    """Return whether a sentence is a question."""
    return sentence.rstrip(" \"')!").endswith("?") or matches("question", sentence)


def is_wish(sentence: str) -> bool:
    """Return whether a sentence says what somebody wants now."""
    return is_order(sentence) or PATTERNS["wish"].search(sentence) is not None


def is_order(sentence: str) -> bool:
    """Return whether a sentence is an order to an assistant."""
    match = PATTERNS["order"].match(sentence)
    return match is not None and match["verb"].lower() in WORDS["orders"]


def is_done(sentence: str) -> bool:
    """Return whether a sentence reports that something was done."""
    words = tokens(sentence)
    done = next((place for place, word in enumerate(words) if word in WORDS["done"]), None)
    if done is None or has_any("not_done", " ".join(words[: done + 1])) or is_question(sentence):
        return False
    return not done or not WORDS["auxiliary"].isdisjoint(words[:done])


def is_telling(sentence: str) -> bool:
    """Return whether a sentence is a whole one, of what is so, and can be understood alone."""
    is_fragment = matches("preposition", sentence) and not has_any("subject", sentence)
    is_so = PATTERNS["hypothesis"].search(sentence) is None
    return is_so and not (is_fragment or matches("inverted", sentence) or dangles(sentence))


def dangles(sentence: str) -> bool:
    """Return whether a word of a sentence stands for something that is not in it."""
    if PATTERNS["pointing"].search(sentence) is not None:
        return True
    match = PATTERNS["deictic"].search(sentence)
    return match is not None and content_word_count(sentence[: match.start()]) < 2


def matches(name: str, sentence: str) -> bool:
    """Return whether a sentence begins as the pattern of that name says."""
    return PATTERNS[name].match(sentence) is not None


def has_any(name: str, text: str) -> bool:
    """Return whether a text has one of the words of that name."""
    return not WORDS[name].isdisjoint(tokens(text))


def has_name(text: str) -> bool:
    """Return whether a text has a name: a capitalized word that is not its first."""
    words = re.findall(r"(?<=[\w,;:$] )[A-Z][\w'&.-]*", text)
    return any(word.lower().split("'")[0] not in _NO_NAMES for word in words)


def is_speaker(name: str) -> bool:
    """Return whether words can be the name of somebody who speaks."""
    others = _NO_NAMES.union(*map(WORDS.__getitem__, ("labels", "orders", "peoples", "weak")))
    return others.isdisjoint(name.lower().split())


def has_value(text: str) -> bool:
    """Return whether a text has a number or a date."""
    return re.search(r"\d", text) is not None or has_any("calendar", text)


def names_matter(sentence: str) -> bool:
    """Return whether a wish says what is wanted, not only when, where or how many of it."""
    plain = {*re.findall(r"(?<![\w'])[a-z][a-z'-]+", sentence)} - STOP_WORDS - WORDS["calendar"]
    return any(not _is("weak", word) and not _is("slots", word) for word in plain - WORDS["orders"])


def content_word_count(text: str) -> int:
    """Return the number of words with content of their own."""
    return sum(word not in STOP_WORDS and not _is("weak", word) for word in tokens(text))


def _is(name: str, word: str) -> bool:
    """Return whether a word, or what it is a form of, is of the words of that name."""
    # Not by stems alone: "care" and "Tim" have those of "car" and "time".
    is_form = word.endswith(("s", "ed", "ing")) and stem(word) in _STEMS[name]
    return word in WORDS[name] or is_form


def by_language(text: str) -> tuple[str, str]:
    """Return what of a text is English, and its sentences in other languages as they were said."""
    parts = sentences(text)
    is_mostly = is_english(text)
    foreign = [
        part
        for part in parts
        if (signs := _signs_of_english(part)) < 0 or (not signs and not is_mostly)
    ]
    if len(foreign) in {0, len(parts)}:
        return (text, "") if is_mostly else ("", text)
    return " ".join(part for part in parts if part not in foreign), " ".join(foreign)


def is_english(text: str) -> bool:
    """
    Return whether a text is English; a few words without any grammar count as such.

    Words decide, since one sentence has too few letters for statistics.
    """
    words = tokens(as_meant(text))
    return (_signs_of_english(text) or len(words) < 3 or words[0] == "i") > 0


def _signs_of_english(text: str) -> int:
    """Return how many more words are a sign of English than of another language."""
    words = tokens(as_meant(text))
    # A capitalized word may be of a name, as in "Los Angeles".
    plain = tokens(" ".join(re.findall(r"^\w+|(?<![\w'])[^\W\dA-Z][\w']*", text)))
    foreign = sum(word in WORDS["foreign"] or not word.isascii() for word in plain)
    english = sum(map(_ENGLISH.__contains__, words)) + len(re.findall(r"(?<=[\w,] )I\b", text))
    return english - foreign
