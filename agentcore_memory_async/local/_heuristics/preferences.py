"""
Preferences, recognized by how people phrase them.

Each pattern of ``_PATTERNS`` is one phrasing, with the form in which the preference is retold in
the third person. Choices of the moment ("I prefer the 7th of March") match a phrasing but are no
preferences; ``_is_lasting`` rejects them.
"""

from __future__ import annotations

import json
import re
from typing import Any

from agentcore_memory_async.local._api.members import as_object
from agentcore_memory_async.local._language.sentences import content_word_count, statements
from agentcore_memory_async.local._language.third_person import conjugate, swap_pronouns
from agentcore_memory_async.local._language.words import sentences, stem, terms, tokens, word_set

_ADVERBS = (
    r"(?:(?:really|absolutely|also|always|usually|generally|typically|mostly|just|do|truly|"
    r"personally|much|still|often|definitely|particularly|especially|normally|actually|simply|"
    r"strongly) )*"
)
"""Adverbs before the verb of a preference."""
_HABIT = r"(?:always|never|usually|only|typically|generally|mostly|normally|rarely)"
"""Adverbs that make a verb a habit."""
_DISCOURSE_MARKERS = re.compile(
    r"^(?:(?:actually|also|well|honestly|personally|and|but|so|then|besides|generally|"
    r"i (?:think|guess|"
    r"suppose)(?: that)?|because|since|as|you know|by the way)\b,?\s+)+",
    re.IGNORECASE,
)
"""Words at the start of a clause that add nothing to the preference."""
_NON_HABIT_VERBS = (
    r"(?:need|want|have|asked|meant|said|see|saw|got|heard|know|think|thought|wish|mean|require|"
    r"will|would|can|could|was|were|had|am|did|book|booked)\b"
)
"""Verbs that tell no habit after "always" and the like."""
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), template)
    for pattern, template in (
        (
            (
                rf"^i (?P<adverb>{_ADVERBS})(?P<verb>love|like|enjoy|adore|hate|dislike|"
                r"detest|prefer|avoid)\s+(?P<what>.+)"
            ),
            "{adverb}{verb} {what}",
        ),
        (
            r"^i(?:'d| would)(?: \w+ly| much)? (?:prefer|rather have)(?: to have)?\s+(?P<what>.+)",
            "prefers {what}",
        ),
        (r"^i(?:'d| would)(?: much)? rather (?P<what>[a-z]+ .+)", "prefers to {what}"),
        (
            (
                rf"^i (?:don't|do not) {_ADVERBS}(?P<what>(?:like|eat|drink|enjoy|smoke|fly|drive|"
                rf"watch|"
                r"listen|wear|use|care for|touch|cook|work) .+|smoke|drink|drive|fly)"
            ),
            "does not {what}",
        ),
        (
            (
                r"^i (?:can't|cannot|can not) (?P<what>(?:stand|eat|have|tolerate|drink|bear|"
                r"digest) .+)"
            ),
            "cannot {what}",
        ),
        (
            (
                r"^i(?:'m| am) (?P<what>(?:\w+ly )?(?:allergic|intolerant) to .+|"
                r"(?:lactose|gluten)[- ]intolerant|"
                r"(?:(?:an? |strictly |mostly )?(?:strict |lifelong )?(?:vegetarian|vegan|"
                r"pescatarian|teetotal(?:er|ler)?|coeliac|celiac|flexitarian))\b|"
                r"(?:not )?(?:an? )?(?:big |huge |great )?fan of .+|"
                r"(?:not )?(?:really |very |quite )?(?:into|fond of|keen on) .+|"
                r"(?:not )?(?:really |very |quite )?interested in .+|"
                r"an? (?:morning|night|cat|dog|coffee|tea) (?:person|owl|lover|drinker))"
            ),
            "is {what}",
        ),
        (
            (
                r"^i (?:keep|eat|follow|am on)(?: an?)? (?P<what>(?:kosher|halal|"
                r"gluten[- ]free|vegan|vegetarian|keto|low[- ]\w+)\b.*)"
            ),
            "eats {what}",
        ),
        (r"^i have (?P<what>an? (?:\w+ ){0,3}(?:allergy|intolerance)\b.*)", "has {what}"),
        (
            r"^(?:my|our) (?P<all>(?:\w+ ){0,2}?favou?rite .+? (?:is|are) .+)",
            "{all}",
        ),
        (r"^my preference is (?P<what>.+)", "prefers {what}"),
        (
            (
                r"^(?P<thing>[^,]+?) (?:is|"
                r"are) my (?P<kind>(?:all-time )?favou?rite(?: \w+){0,3})[.!]?$"
            ),
            "{kind} is {thing}",
        ),
        (
            (
                rf"^i (?P<adverb>{_HABIT}) "
                rf"(?P<verb>(?!{_NON_HABIT_VERBS}|{_HABIT})[a-z]+)(?P<what>\b.*)"
            ),
            "{adverb} {verb}{what}",
        ),
        (rf"^i tend to (?P<what>(?!{_NON_HABIT_VERBS}).+)", "tends to {what}"),
    )
)
"""Phrasings of a preference, each with its third-person form; ``what`` is the object."""
_CLAUSE_END = re.compile(
    r",?\s+(?:if|so(?! much| many)|because|since|as long as|please|but|though|although|while|"
    r"whilst|"
    r"in case|for now|thanks|anyway|right now|at the moment|this time)\b|"
    r",?\s+and\s+(?:i|am|i'm|i'd|i'll|want|need|look|looking|make|try|will|would|can|could|it|then|"
    r"also i|we|my|for the|please|find|book|maybe|that|lets?|let's)\b|"
    r",\s+(?:please|try|look\w*|can|could|find|let|what|do|i|so|lets|let's|would|is|are|any|maybe|"
    r"something|anything|you|we|and i|give|show|this|it)\b|\s+for something\b|[;!?]|\.\s|\.$|"
    r"\s+-+\s+",
    re.IGNORECASE,
)
"""Where a statement leaves the object of its preference."""
_DATED = re.compile(
    r"\b(?:january|february|march|april|june|july|august|september|october|november|december|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day(?!s)|tomorrow|today|tonight|(?:next|this) (?:week|"
    r"month|year|one)|\d{1,2}(?:[snr][td]|th)|\d{1,2}:\d\d|\d\s*(?:am|pm|o.clock)|half past|"
    r"appointment|reservation|table|bedroom|(?:my|the) \w+ account)\b",
    re.IGNORECASE,
)
"""Dates, times and bookings: signs of a single occasion."""
_MOMENTARY = re.compile(
    r"^(?:(?:in )?(?:it|that|this|those|these|them|him|her|you|one|ones|another|other|others|"
    r"either|"
    r"both|neither|on|at|what|how|where|the (?:idea|sound|first|second|third|last|other|former|"
    r"latter|same)|everything|nothing|all|more of|for)\b|some\w*\b|any\w*\b|"
    r"(?:to )?(?:reserve|book|transfer\w*|find\w*|have|depart|leave|pick|get|check|rent|buy\w*|"
    r"purchase|see|make|send|schedule|search|hear|know|do|be|try|start|stay|attend(?:ing)? (?:a|an|"
    r"the)|renting|booking|seeing|making|getting|scheduling)\b)|"
    r"\b(?:go|travel|fly|going|traveling|travelling|flying) (?:to|from)\b(?! school| bed| the gym)",
    re.IGNORECASE,
)
"""Objects that are choices of the moment."""
_POINTS_AT_IT = re.compile(r"^(?:to )?(?:listen|watch) (?:it|this|that)\b|\bit\b", re.IGNORECASE)
"""Objects that point at something said before."""
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
"""Categories and their words."""
_BY_STEM: dict[str, list[str]] = {}
"""Categories by the stem of a word; a word may have several."""
for _name, _line in _CATEGORIES.items():
    for _word in word_set(_line):
        _BY_STEM.setdefault(stem(_word), []).append(_name)

_EXCLUSIVE = re.compile(r"\b(?:prefers?|favou?rite|only|always|rather)\b", re.IGNORECASE)
"""Words of a choice that excludes others of its kind."""
_NEGATIVE = re.compile(r"\b(?:not|never|hates?|dislikes?|avoids?|cannot|detests?)\b", re.IGNORECASE)
"""Signs of a negative opinion."""
_CUE_STEMS = frozenset(
    stem(word)
    for word in word_set(
        "prefer love like enjoy adore hate dislike detest favorite favourite never avoid really "
        "fan interest fond keen tend usually typically generally mostly allergic always is does"
    )
)
"""Stems that express the preference itself, not what it is about."""


def extract_preferences(text: str) -> list[dict[str, Any]]:
    """Return the preferences that a user's message expresses, in the service's format."""
    found: list[dict[str, Any]] = []
    for statement in statements(text):
        for clause in _clauses(statement):
            preference = _preference_in(clause)
            if preference is not None:
                found.append(
                    {
                        "context": f'The user said: "{statement}"',
                        "preference": preference,
                        "categories": _categories(preference),
                    }
                )
    return found


def _clauses(statement: str) -> list[str]:
    """Split a statement into clauses with their own subjects: "I love tea but I hate coffee"."""
    parts = re.split(
        r"(?:[,;]|\s-+)?\s+(?:and|but|because|since|so|though|whereas|while)\s+(?:also\s+)?"
        r"(?=(?:i|my)\b)|[,;]\s+(?=i\b)",
        statement,
        flags=re.I,
    )
    return [part.strip(" ,;") for part in parts if part.strip(" ,;")]


def _preference_in(clause: str) -> str | None:
    """Return the preference that a clause expresses, in the third person; None if there is none."""
    bare = _DISCOURSE_MARKERS.sub("", clause).strip()
    for pattern, template in _PATTERNS:
        match = pattern.match(bare)
        if match is None:
            continue
        parts = {name: value or "" for name, value in match.groupdict().items()}
        for name in ("what", "all"):
            if name in parts:
                parts[name] = _CLAUSE_END.split(parts[name], maxsplit=1)[0].rstrip(" ,.")
        what = parts.get("what", parts.get("all", parts.get("thing", "")))
        if not _is_lasting(what, template):
            return None
        if "verb" in parts:
            parts["verb"] = conjugate(parts["verb"].lower())
            adverb = re.sub(r"\b(?:do|just|simply|actually) ", "", parts["adverb"].lower())
            parts["adverb"] = adverb
        preference = swap_pronouns(template.format(**parts))
        return preference[0].upper() + preference[1:]
    return None


def _is_lasting(what: str, template: str) -> bool:
    """Return whether the object of a preference is general, not a choice of the moment."""
    object_text = re.sub(
        r"^(?:(?:like|eat|drink|enjoy|watch|use|stand|(?:not )?(?:really |very |"
        r"quite )?(?:interested in|"
        r"fond of|keen on|into))|(?:not )?(?:an? )?(?:big |huge |great )?fan of)\s+",
        "",
        what.strip(),
        flags=re.IGNORECASE,
    )
    if _MOMENTARY.search(object_text) or _POINTS_AT_IT.search(object_text):
        return False
    if _DATED.search(what) and not template.startswith("{adverb} {verb}"):
        return False
    return bool(_topic_stems(what) or content_word_count(what))


def _categories(preference: str) -> list[str]:
    """Return the categories of a preference, the best three at most; "general" if none fits."""
    counted: dict[str, int] = {}
    for word in tokens(preference):
        for name in _BY_STEM.get(stem(word), ()):
            counted[name] = counted.get(name, 0) + 1
    ranked = sorted(counted, key=lambda name: (-counted[name], name))
    return ranked[:3] or ["general"]


def _topic_stems(text: str) -> set[str]:
    """Return the stems that name what a preference is about."""
    return {word for word in terms(text) if word not in _CUE_STEMS}


def replaces_preference(new: str, old: str) -> bool:
    """
    Return whether a preference makes an older one obsolete.

    It does if it is about the same thing, with the same or the opposite opinion or in more
    detail. It also does if both are exclusive ("prefers", "favorite") and of the same kind.
    """
    newer, older = _preference_text(new), _preference_text(old)
    newer_stems, older_stems = _topic_stems(newer), _topic_stems(older)
    if not newer_stems or not older_stems:
        return False
    if newer_stems == older_stems or older_stems < newer_stems:
        return True
    exclusive = _EXCLUSIVE.search(newer) and _EXCLUSIVE.search(older)
    opposite = bool(_NEGATIVE.search(newer)) != bool(_NEGATIVE.search(older))
    if opposite or not exclusive:
        return False
    return (
        terms(newer)[-1:] == terms(older)[-1:] and len(newer_stems) <= 4 and len(older_stems) <= 4
    )


def _preference_text(record: str) -> str:
    """Return the preference of a record; its text if the record has another format."""
    try:
        value = json.loads(record)
    except ValueError:
        return record
    text = as_object(value).get("preference")
    return text if isinstance(text, str) else (sentences(record) or [record])[0]
