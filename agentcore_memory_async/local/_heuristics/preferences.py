"""
Preferences: what a user likes, avoids and does as a habit, and how the assistant is to be.

Each row of ``preferences`` in ``english.toml`` is one way in which people say it, with the form in
which it is retold. A choice of the moment ("I prefer the 7th") is phrased alike, but is none.
"""

from __future__ import annotations

import json
from typing import Any

from agentcore_memory_async.local._api.members import as_object
from agentcore_memory_async.local._heuristics.matters import attribute
from agentcore_memory_async.local._language import speech
from agentcore_memory_async.local._language.english import DATA, PATTERNS, WORDS, compiled
from agentcore_memory_async.local._language.third_person import conjugate, first_person, swap
from agentcore_memory_async.local._language.words import sentences, stem, terms

_PHRASINGS = [(compiled(how), form) for how, form in DATA["preferences"].items()]
"""Phrasings, and the forms in which they are retold."""
_CATEGORIES = {name: frozenset(terms(words)) for name, words in DATA["categories"].items()}
"""Categories and the stems of their words."""
_SUBJECT = compiled(r"(?:i|we|my|our|no)\b")
"""The beginning of a clause that does not share the subject of the one before it."""
_CUES = frozenset(map(stem, WORDS["cues"] | WORDS["negative"]))
"""Stems that express a preference, and not what it is about."""


def extract_preferences(text: str, role: str = "USER") -> list[dict[str, Any]]:
    """Return the preference of the user that a message states, in the service's format, if any."""
    of_user = PATTERNS["of_user"].match(text)
    if role != "USER" and (role != "ASSISTANT" or of_user is None):
        return []
    text = first_person(of_user["rest"]) if of_user else speech.by_language(text)[0]
    for statement in _statements(text):
        first, *more = PATTERNS["clause"].split(statement)
        subject = "I " * speech.matches("first_person", first)
        more = [each if _SUBJECT.match(each) else subject + each for each in more]
        told = list(filter(None, map(preference_of, [first, *more])))
        if told:
            preference = "; ".join([told[0], *(each[0].lower() + each[1:] for each in told[1:])])
            said = set(terms(preference))
            shared = {name: len(said & words) for name, words in _CATEGORIES.items()}
            best = sorted(filter(shared.get, shared), key=lambda name: (-shared[name], name))
            context = f'The {role.lower()} said: "{statement}"'
            categories = best[:3] or ["general"]
            return [{"context": context, "preference": preference, "categories": categories}]
    return []


def _statements(text: str) -> list[str]:
    """Return the statements of a text, and what it asks for or says before a colon."""
    if PATTERNS["jest"].search(text):
        return []
    found = speech.statements(speech.without_leads(text)[0])
    for sentence in sentences(speech.as_meant(text)):
        asked = PATTERNS["request"].match(sentence)
        head = asked["what"] if asked is not None else sentence.partition(": ")[0]
        found += [] if speech.is_question(head) else [head]
    return found


def preference_of(clause: str) -> str | None:
    """Return the preference of a clause in the third person; None if it has none."""
    bare = PATTERNS["clause_start"].sub("", clause.rstrip(" .!,"))
    for pattern, form in _PHRASINGS:
        match = pattern.match(bare)
        if match is None:
            continue
        parts = {name: value.lower() for name, value in match.groupdict().items() if value}
        what = PATTERNS["clause_end"].split(match["what"], maxsplit=1)[0].rstrip(" ,.!")
        is_choice = "{how}" not in form and speech.matches("moment", what.strip())
        is_so = speech.is_telling(PATTERNS["clause_end"].split(bare, maxsplit=1)[0])
        is_own = not form.startswith(("wants", "asks", "allows"))
        if not terms(f"{parts['verb']} {what}" if form.startswith("{how} {verb}") else what) or (
            is_own and (is_choice or speech.dangles(what) or not is_so)
        ):
            return None
        if parts.get("verb") in WORDS["verbs"]:
            parts["verb"] = conjugate(parts["verb"])
        is_first = match.start("what") == 0 and form.startswith(("allows", "only", "prefers"))
        what = what[0].lower() + what[1:] if is_first else what
        told: str = form.format(**parts | {"what": swap(what)})
        return told[0].upper() + told[1:]
    return None


def replaces_preference(new: str, old: str) -> bool:
    """
    Return whether a preference makes an older one obsolete.

    It does if it is about the same thing, with the same or the opposite opinion or in more detail.
    It also does if both are exclusive ("prefers", "favorite") and of the same kind.
    """
    newer, older = _text_of(new), _text_of(old)
    about, before = set(terms(newer)) - _CUES, set(terms(older)) - _CUES
    if not about or not before or before <= about:
        return bool(about and before)
    is_opposite = speech.has_any("negative", newer) != speech.has_any("negative", older)
    if is_opposite and (speech.has_any("negative", newer) or newer.startswith("Allows")):
        return about <= before and " and " not in older
    one, other = (attribute(f"The user's {text}") for text in (newer, older))
    if one is not None and one == other:
        return True
    is_choice = speech.has_any("exclusive", newer) and speech.has_any("exclusive", older)
    if is_opposite or not is_choice or max(len(about), len(before)) > 4:
        return False
    kinds = ("Wants to be called", "Wants answers in")
    is_same = terms(newer)[-1:] == terms(older)[-1:]
    return is_same or any(newer.startswith(kind) and older.startswith(kind) for kind in kinds)


def _text_of(record: str) -> str:
    """Return the preference of a record; its text if the record has another format."""
    try:
        text = as_object(json.loads(record)).get("preference")
    except ValueError:
        text = None
    return text if isinstance(text, str) else record
