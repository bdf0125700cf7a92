"""Rewriting in the third person: "I live in Oslo" becomes "The user lives in Oslo"."""

from __future__ import annotations

import re

from agentcore_memory_async.local._language.english import DATA, PATTERNS, WORDS, compiled
from agentcore_memory_async.local._language.words import STOP_WORDS

_WORD = re.compile(
    r"\"[^\"]*\"|\u201c[^\u201d]*\u201d|\ban? (?:\w+ )?mine\b|"
    r"\b(?:Type|Part|Phase|Stage|Class|Level|World War|Act|Volume) I\b|"
    r"(?<![\w/-])[^\W\d_][\w']*(?![-/]\w|\.[a-z])"
)
"""Words, but for parts of others ("I-95"); quotes, numerals and "a mine" match as a whole."""
_AFTER_I = re.compile(
    r"\b(?P<who>i|(?:and|but|or)(?= am)) (?P<verb>am|was|wasn't)\b", re.IGNORECASE
)
"""A form of "to be" that changes with the pronoun."""
_PLURAL = {"am": "are", "was": "were", "wasn't": "weren't"}
"""Such forms, and those that go with "they"."""
_FIRST = [(compiled(how), rest) for how, rest in DATA["beginnings"].items()]
"""Beginnings of sentences, and what comes after the speaker."""
_VERB = compiled(r"i (?P<adverbs>(?:ADVERB )*)(?P<verb>[a-z]+)\b")
"""The beginning of a sentence with "I" and a verb."""
_BASES = {"is": "am", "has": "have", "doesn't": "don't", "does": "do"}
"""Verbs by their third persons."""
_CHANGING = WORDS["verbs"] | {"am", "do", "don't", "have", "haven't"}
"""Verbs that are known to change in the third person."""
_AGREES = re.compile(r"\b(?P<who>you|i) (?P<verb>[a-z]+)\b", re.IGNORECASE)
"""The user or the assistant and a verb, in an assistant's words."""


def _table(name: str) -> dict[str, str]:
    words = DATA["third_person"][name].split()
    return {
        word: other.replace("_", " ") for word, other in zip(words[::2], words[1::2], strict=True)
    }


_SPEAKER = _table("speaker")
"""Words for a speaker, and what replaces them."""
_ADDRESSEE = _table("addressee")
"""An assistant's words for the user and itself, and what replaces them."""


def about_speaker(sentence: str, who: str) -> str:
    """Return what *who* said in the third person; "says they" if the form of a verb is unknown."""
    if _has_two_verbs(sentence):
        return with_period(f"{who} says {swap(sentence)}")
    match = _VERB.match(sentence)
    if match is not None and match["verb"].lower() in WORDS["verbs"]:
        verb = conjugate(match["verb"].lower())
        return with_period(f"{who} {match['adverbs'].lower()}{verb}{swap(sentence[match.end() :])}")
    for pattern, rest in _FIRST:
        match = pattern.match(sentence)
        if match is not None:
            return with_period(who + rest + swap(sentence[match.end() :]))
    first, space, rest = sentence.partition(" ")
    is_plain = first.lower().strip(",") in STOP_WORDS | WORDS["weak"]
    first = first.lower() if is_plain else first
    return with_period(f"{who} says {swap(first + space + rest)}")


def _has_two_verbs(sentence: str) -> bool:
    """Return whether another verb in the present may go with "I", which then would change, too."""
    words = PATTERNS["also"].findall(sentence) if PATTERNS["singular"].match(sentence) else []
    is_other = sentence.startswith(("I'm", "I am"))
    return any(word in _CHANGING or not (is_other or word in STOP_WORDS) for word in words)


def first_person(rest: str) -> str:
    """Return what follows "the user" as the user would say it: " likes tea" as "I like tea"."""
    if rest.startswith("'s"):
        return f"My{rest[2:]}"
    verb, space, more = rest.strip().partition(" ")
    return f"I {_BASES.get(verb, verb)}{space}{more}"


def about_user(sentence: str, *, at_start: bool = True) -> str:
    """Return what an assistant said to the user in the third person, with a capital at a start."""

    def agree(match: re.Match[str]) -> str:
        verb = {"are": "is", "am": "is", "have": "has"}.get(match["verb"], match["verb"])
        return f"{match['who']} {conjugate(verb) if verb in WORDS['verbs'] else verb}"

    text = _replace(_AGREES.sub(agree, sentence), _ADDRESSEE)
    return with_period(text[:1].upper() + text[1:] if at_start else text)


def swap(text: str) -> str:
    """Replace the words for a speaker: "my wife and I was" becomes "their wife and they were"."""
    agreed = _AFTER_I.sub(lambda match: f"{match['who']} {_PLURAL[match['verb'].lower()]}", text)
    return _replace(agreed, _SPEAKER)


def _replace(text: str, table: dict[str, str]) -> str:
    def one(match: re.Match[str]) -> str:
        word = match.group()
        is_name = word in {"US", "Me", "Mine", "My"} and match.start() > 0
        return word if is_name else table.get(word.lower(), word)

    return _WORD.sub(one, text)


def conjugate(verb: str) -> str:
    """Return the third person singular of a verb in its present form."""
    if verb.endswith("y") and verb[-2:-1] not in set("aeiou"):
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


def with_period(sentence: str) -> str:
    """Return a sentence with a period, unless it ends with a mark of its own."""
    sentence = sentence.rstrip(" ,;:")
    return sentence if sentence[-1:] in ".!?\u2026\"'" else sentence + "."


_BASES.update({conjugate(verb): verb for verb in WORDS["verbs"]})
