"""
Preferences: what a user likes, avoids and does as a habit, and how the assistant is to be.

Each row of ``preferences`` in ``english.toml`` is one way in which people say it, with the form in
which it is retold. A choice of the moment ("I prefer the 7th") is phrased alike, but is none.
"""

from __future__ import annotations

import json
import re
from typing import Any

from agentcore_memory_async.local._api.members import as_object
from agentcore_memory_async.local._language.english import DATA, PATTERNS, WORDS, compiled
from agentcore_memory_async.local._language.sentences import (
    dangles,
    has_any,
    is_english,
    is_telling,
    matches,
    statements,
)
from agentcore_memory_async.local._language.third_person import conjugate, swap
from agentcore_memory_async.local._language.words import sentences, stem, terms

_PHRASINGS = [(compiled(how), form) for how, form in DATA["preferences"].items()]
"""Phrasings, and the forms in which they are retold."""
_CATEGORIES = {name: frozenset(terms(words)) for name, words in DATA["categories"].items()}
"""Categories and the stems of their words."""
_CUES = frozenset(map(stem, WORDS["cues"]))
"""Stems that express a preference, and not what it is about."""


def extract_preferences(text: str) -> list[dict[str, Any]]:
    """Return the preference that a user's message expresses, in the service's format, if any."""
    asked = (PATTERNS["request"].match(each) for each in sentences(text))
    requests = [match["what"] for match in asked if match is not None]
    for statement in [*statements(text), *requests] if is_english(text) else ():
        told = list(filter(None, map(preference_of, PATTERNS["clause"].split(statement))))
        if told:
            preference = "; ".join([told[0], *(each[0].lower() + each[1:] for each in told[1:])])
            said = set(terms(preference))
            shared = {name: len(said & words) for name, words in _CATEGORIES.items()}
            best = sorted(filter(shared.get, shared), key=lambda name: (-shared[name], name))
            context = f'The user said: "{statement}"'
            categories = best[:3] or ["general"]
            return [{"context": context, "preference": preference, "categories": categories}]
    return []


def preference_of(clause: str) -> str | None:
    """Return the preference of a clause in the third person; None if it has none."""
    bare = PATTERNS["clause_start"].sub("", clause.rstrip(" .!,"))
    bare = re.sub(r",? please$", "", bare, flags=re.IGNORECASE)
    for pattern, form in _PHRASINGS:
        match = pattern.match(bare)
        if match is None:
            continue
        parts = {name: value.lower() for name, value in match.groupdict().items() if value}
        what = PATTERNS["clause_end"].split(match["what"], maxsplit=1)[0].rstrip(" ,.!")
        is_choice = "{how}" not in form and matches("moment", what.strip())
        is_so = is_telling(PATTERNS["clause_end"].split(bare, maxsplit=1)[0])
        is_own = not form.startswith(("wants", "asks"))
        if not terms(what) or (is_own and (is_choice or dangles(what) or not is_so)):
            return None
        if parts.get("verb") in WORDS["verbs"]:
            parts["verb"] = conjugate(parts["verb"])
        what = what[0].lower() + what[1:] if form.startswith("only") else what
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
    opposite = has_any("negative", newer) != has_any("negative", older)
    is_choice = has_any("exclusive", newer) and has_any("exclusive", older)
    if opposite or not is_choice or max(len(about), len(before)) > 4:
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
