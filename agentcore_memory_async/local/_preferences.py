"""Preferences: recognised by how people voice them."""

from __future__ import annotations

import json
import re
from typing import Any

from agentcore_memory_async.local._speech import (
    about_the_user,
    statements,
    substance,
    third_person,
)
from agentcore_memory_async.local._text import sentences, stem, terms, tokens, words_of
from agentcore_memory_async.local._wire import as_object

__all__ = ("preferences", "replaces_preference")

_CUE = re.compile(
    r"\b(?:i(?:'d| would)?(?: \w+ly| always| also| do| much)? prefer|my preference|"
    r"i(?: really| absolutely| truly| also| do| just)* "
    r"(?:love|like|enjoy|adore|hate|dislike|detest)\b|"
    r"(?:can't|cannot) (?:stand|eat|have|tolerate|drink)|i (?:don't|do not|"
    r"never|always|only|usually|"
    r"typically|generally|mostly|tend to) (?:\w+)|i avoid|"
    r"(?:favou?rite)|allergic|allerg(?:y|ies)|intoleran(?:t|ce)|vegetarian|"
    r"vegan|pescatarian|kosher|"
    r"halal|gluten[- ]free|lactose|(?:big |huge )?fan of|(?:not|n't) (?:a )?(?:big |huge )?fan|"
    r"i(?:'m| am) (?:\w+ )?(?:into|interested in|keen on|fond of)|i(?:'d| would) rather|"
    r"(?:window|aisle) seats?|first class|business class|non-?smoking)",
    re.IGNORECASE,
)
_NOT_ONE = re.compile(
    r"\bi(?:'d| would) (?:also |really )?(?:like|love) (?:to|you)\b|"
    r"\bi (?:don't|do not) (?:know|think|have|need|want|see|understand|"
    r"remember|mind|care|believe)\b|"
    r"\bi (?:only|always|never|usually) (?:need|want|have|asked|meant|said|see|saw|got|heard)\b|"
    r"\bi (?:like|love) (?:the sound|that|it|this|them|the idea)\b|"
    r"\bsounds? like\b|\blooks? like\b",
    re.IGNORECASE,
)
_HOPE = re.compile(r"\bi(?:'d| would) (?:also |really )?(?:like|love)\b", re.IGNORECASE)
_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (r"^i(?:'m| am) ", "Is "),
        (r"^i(?:'d| would)(?: \w+ly)? (?:prefer|rather)(?: have)? ", "Prefers "),
        (r"^i (?:don't|do not) ", "Does not "),
        (r"^i (?:can't|cannot) ", "Cannot "),
        (r"^my ", ""),
        (r"^i tend to ", "Tends to "),
    )
)
_VERB = re.compile(
    r"^i (?P<adverb>(?:(?:only|always|never|usually|typically|generally|"
    r"mostly|really|absolutely|truly|"
    r"also|just|do|much) )*)(?P<verb>[a-z]+)\b",
    re.IGNORECASE,
)
_CATEGORIES = {
    "travel": """
        fly flight airline airplane seat window aisle hotel trip travel vacation train bus luggage
        airport destination hostel cab taxi ride driver""",
    "food": """
        food eat meal restaurant cuisine vegetarian vegan allergic allergy dish drink coffee tea
        spicy meat fish pizza sushi italian mexican indian chinese thai japanese breakfast lunch
        dinner dessert gluten lactose peanut nut kosher halal cook wine beer bbq barbecue seafood
        dairy shellfish""",
    "music": "music song album band concert singer jazz rock pop classical playlist genre",
    "entertainment": """
        movie film show series theater cinema comedy drama game event book novel actor horror
        documentary""",
    "shopping": "buy shop brand price cheap budget store order color colour size delivery",
    "communication": "email phone call text message contact reply answer language english speak",
    "work": "work meeting office job remote schedule calendar morning evening deadline",
    "technology": "python javascript code software app computer laptop editor linux api dark",
    "health": "exercise gym run yoga doctor sleep diet allergic allergy medicine workout",
    "home": "apartment house room bedroom pet cat dog garden furniture",
    "sports": "football soccer tennis basketball baseball hiking cycling swim ski sport",
}
_BY_STEM: dict[str, list[str]] = {}
for _name, _line in _CATEGORIES.items():
    for _word in words_of(_line):
        _BY_STEM.setdefault(stem(_word), []).append(_name)

_EXCLUSIVE = re.compile(r"\b(?:prefers?|favou?rite|only|always|rather)\b", re.IGNORECASE)
_AGAINST = re.compile(r"\b(?:not|never|hates?|dislikes?|avoids?|cannot|detests?)\b", re.IGNORECASE)
_CUE_STEMS = frozenset(
    stem(word)
    for word in words_of(
        "prefer love like enjoy adore hate dislike detest favorite favourite never avoid "
        "fan interest fond keen tend usually typically generally mostly allergic always is does"
    )
)


def preferences(text: str) -> list[dict[str, Any]]:
    """Return the preferences that a user's message voices, in the service's form."""
    found: list[dict[str, Any]] = []
    for said in statements(text):
        for clause in _clauses(said):
            if _CUE.search(clause) and not _NOT_ONE.search(clause):
                hope = _HOPE.search(clause)
                if hope is not None or not (_about(clause) or substance(clause)):
                    continue
                found.append(
                    {
                        "context": f'The user said: "{said}"',
                        "preference": _preference(clause),
                        "categories": _categories(said),
                    }
                )
    return found


def _clauses(said: str) -> list[str]:
    """Split off clauses that have a subject of their own: "I love tea but I hate coffee"."""
    parts = re.split(
        r"[,;]?\s+(?:and|but|because|since|so|though)\s+(?=(?:i|my)\b)", said, flags=re.I
    )
    return [part.strip(" ,;") for part in parts if part.strip(" ,;")]


def _preference(clause: str) -> str:
    bare = clause.rstrip(" .!")
    for pattern, instead in _REWRITES:
        match = pattern.match(bare)
        if match is not None:
            rest = instead + bare[match.end() :]
            return rest[0].upper() + rest[1:]
    match = _VERB.match(bare)
    if match is not None and match.group("verb").lower() not in {"was", "were", "had", "will"}:
        adverb = re.sub(r"\b(?:do|just) ", "", match.group("adverb").lower())
        rest = f"{adverb}{third_person(match.group('verb').lower())}{bare[match.end() :]}"
        return rest[0].upper() + rest[1:]
    told = re.sub(r"^The user ", "", about_the_user(bare))
    return told[0].upper() + told[1:]


def _categories(said: str) -> list[str]:
    counted: dict[str, int] = {}
    for word in tokens(said):
        for name in _BY_STEM.get(stem(word), ()):
            counted[name] = counted.get(name, 0) + 1
    ranked = sorted(counted, key=lambda name: (-counted[name], name))
    return ranked[:3] or ["general"]


def _about(text: str) -> set[str]:
    return {word for word in terms(text) if word not in _CUE_STEMS}


def replaces_preference(new: str, old: str) -> bool:
    """
    Say whether a preference makes an older one obsolete.

    It does when both are about the same thing: the same words with the opposite opinion or
    in more detail, or, for what one has only one of, another choice of the same kind.
    """
    newer, older = _text(new), _text(old)
    mine, other = _about(newer), _about(older)
    if not mine or not other:
        return False
    if mine == other or other < mine:
        return True
    exclusive = _EXCLUSIVE.search(newer) and _EXCLUSIVE.search(older)
    against = bool(_AGAINST.search(newer)) != bool(_AGAINST.search(older))
    if against or not exclusive:
        return False
    return terms(newer)[-1:] == terms(older)[-1:] and len(mine) <= 4 and len(other) <= 4


def _text(record: str) -> str:
    try:
        value = json.loads(record)
    except ValueError:
        return record
    text = as_object(value).get("preference")
    return text if isinstance(text, str) else (sentences(record) or [record])[0]
