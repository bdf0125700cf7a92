"""Facts: the statements of a conversation that are worth keeping, each readable on its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agentcore_memory_async.local._language.sentences import (
    asks_for,
    details,
    has_verb,
    is_confirmation_request,
    is_outcome,
    leans_on_the_one_before,
    statements,
    substance,
)
from agentcore_memory_async.local._language.third_person import about_the_user, ended
from agentcore_memory_async.local._language.words import sentences, terms

if TYPE_CHECKING:
    from collections.abc import Sequence


_LENGTH = 1_000
_LOOK_BACK = 6  # messages before an outcome in which what it is about may stand

_OFFER = re.compile(
    r"^(?:i (?:can|could|will|would|understand|see|recommend|suggest|found|have \d+ |managed )|"
    r"i'll|i'd|i've found|i have found|"
    r"let me|let's|how about|what about|there (?:is|are)|another|would|may|here)\b",
    re.IGNORECASE,
)
_INFORMS = re.compile(r"^(?:your|the|their|its|his|her|my)\b", re.IGNORECASE)

#: What people say of themselves that holds for longer than the matter at hand.
_PERSONAL = re.compile(
    r"^(?:and |but |also,? |so )?(?:"
    r"i(?:'m| am) (?:also |currently |now |still |not |originally )?(?:an? |the |allergic|"
    r"vegetarian|"
    r"vegan|from |based |married|single|divorced|retired|pregnant|diabetic|intolerant|lactose|"
    r"gluten|"
    r"colou?r|left-handed|\d+ |fluent|working |studying |training |learning |living |responsible|"
    r"expecting|moving |renovating |planning )|"
    r"i(?:'ve| have) (?:been (?:working|living|learning|studying|using|playing|married|a )|(?:an? |"
    r"two |three |four |\d+ |trouble |problems? |difficult)(?!question|moment|second|minute|plan|"
    r"look|bag|few )|(?:lived|worked|moved|owned))|"
    r"i (?:\w+ly |also |always |never |only |currently |still |now |often |don't |do not |"
    r"can't |cannot )*"
    r"(?:live|work|study|teach|own|drive|speak|play|run|grew|moved|graduated|prefer|love|hate|"
    r"dislike|enjoy|avoid|eat|drink|smoke|collect|manage|lead|maintain|commute|write|cook|"
    r"suffer|was born|"
    r"bought|ordered|started|adopted|married|quit|lost|stand|tolerate|like|use|wear|train|swim|"
    r"cycle)\b|"
    r"i (?:always|never|usually|only|typically|generally|mostly|tend to) \w+|"
    r"(?:my|our) \w+|we (?:live|have|own|moved|are|work|use|run|adopted|married)\b)",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"^(?:and |but |also,? |so |well,? |actually,? )?(?:i(?:'m| am) (?:fine|good|ok(?:ay)?|"
    r"sure|not sure|"
    r"ready|done|sorry|glad|happy|thinking|bored|hungry|all set|just|going (?:absolutely )?crazy)|"
    r"i (?:guess|suppose|see|know|think so|hope|bet|mean|agree|understand|forgot|appreciate)\b|"
    r"i (?:don't|do not) (?:know|care|mind|think|want|really|wish|need|have any|require|"
    r"believe|see)|"
    r"i (?:like|love|prefer|enjoy) (?:it|that|this|them|the (?:sound|idea|first|second|last)|"
    r"everything)\b|please let\b|i (?:only|always|never|just) (?:need|want|have|asked|meant|"
    r"said|see|saw|got|heard)|"
    r"let's|lets|let me|give me|maybe|go ahead|oh my|my (?:bad|god|mistake|apologies|pleasure)|"
    r"wait\b|"
    r"not |never ?mind|how |what )",
    re.IGNORECASE,
)
_FRAGMENT = re.compile(
    r"^(?:in|at|on|from|for|around|near|to|by|with|something|anything|somewhere|headed|leaving|"
    r"going)\b"
    r"(?!.*\b(?:i|i'm|i'd|i'll|i've|my|we|our)\b)",
    re.IGNORECASE,
)
_FINE = re.compile(
    r"\b(?:would be|is|are|sounds?|works?|will be|seems?) (?:\w+ )?(?:fine|good|great|perfect|ok|"
    r"okay|best|ideal|nice|enough|fantastic|awesome)[.!]*$",
    re.IGNORECASE,
)
_WISH = re.compile(
    r"\bi(?:'d| would| want| need| will need|'ll need| wish| wan| am looking|'m looking|"
    r" am searching|'m searching| am interested|'m interested| am trying|'m trying| have to|"
    r"'m going| am going|'ll| will| can(?!'t|not)| could(?!n't)| may| might| feel like| plan)\b",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"\b(?:there|it|them|they|one|ones|that|this|those|these|then|else)\b", re.IGNORECASE
)
_SCHEDULE = re.compile(
    r"^(?:the|my) (?:\w+[ -]){0,2}?(?:date|time|trip|stay|check-in|check-out|appointment|table|"
    r"destination|ticket|tickets|reservation|visit|\d+\w*)\b",
    re.IGNORECASE,
)
#: "The address is ..." of what? Only what was said before it can tell.
_GENERIC = re.compile(
    r"^(?:the|its|their|his|her|my) (?:\w+ ){0,2}?(?:address|phone|number|price|cost|fare|"
    r"total|rating|"
    r"venue|station|genre|rent|date|time|location|event|bus|flight|ride|train|average|stadium|"
    r"property|apartment|hotel|restaurant|destination|origin|departure|therapist|song|movie|film|"
    r"album|director|artist|temperature|one|place|car|game|show|it|balance)\b",
    re.IGNORECASE,
)
_FAILED = re.compile(r"\b(?:un\w+|not|n't|fail\w*|declined|rejected|sorry|apolog\w+)\b|n't\b", re.I)
_PROPOSED = (
    re.compile(
        r"\b(?:you(?:'d| would)? (?:want|like|wish)(?: me)? to|(?:do|would) you (?:want|"
        r"like)(?: me)?"
        r" to|i(?:'ll| will| should| am going to|'m going to)|(?:shall|should|can|may) i)"
        r" (?P<what>[a-z]+ .+)",
        re.IGNORECASE,
    ),
    re.compile(
        r"^(?:(?:ok(?:ay)?|alright|sure|so|great|please)[,.]? )*(?:(?:to )?confirm(?:ing)?|verify)"
        r"(?: that| the following| this)?[:,]?\s+(?P<what>(?:(?:book|buy|transfer|send|rent|"
        r"set|play|order|add|cancel|refund|call)(?:t?ing)?|reserve|reserving|purchase|purchasing|"
        r"schedule|scheduling|make|making) .+)",
        re.IGNORECASE,
    ),
)
_PROPOSED_THING = re.compile(
    r"\byou(?:'d| would)? (?:want|like|need) (?P<what>(?:an?|the|\d+|one|two|three|four|five|"
    r"some)\b"
    r" .+)",
    re.IGNORECASE,
)
_BASES = {
    "reserving": "reserve",
    "purchasing": "purchase",
    "scheduling": "schedule",
    "making": "make",
    "setting": "set",
}
_TAIL = re.compile(
    r"[,.;]?\s*(?:(?:is|does) (?:that|this|it|everything) .*|(?:am i |are we )?(?:correct|"
    r"right|ok(?:ay)?)"
    r"|please confirm.*|yes or no|can you confirm.*)?\s*[?.!]*\s*$",
    re.IGNORECASE,
)


def facts_of(talk: Sequence[tuple[str, str]], before: Sequence[tuple[str, str]]) -> list[str]:
    """
    Return what messages state that is worth keeping, in their order.

    Args:
        talk: Role and text of the messages, oldest first.
        before: Those of the session before them.
    """
    whole = [*before[-_LOOK_BACK:], *talk]
    found: list[str] = []
    for number in range(len(whole) - len(talk), len(whole)):
        role, text = whole[number]
        if role == "USER":
            found.extend(_of_user(text))
        elif role == "ASSISTANT":
            found.extend(_of_assistant(text, whole[:number]))
    return [fact[:_LENGTH] for fact in found]


def _of_user(text: str) -> list[str]:
    found: list[str] = []
    open_end = False  # whether the sentence before was kept and may be gone on with
    for said in statements(text):
        if leans_on_the_one_before(said):
            if open_end and has_verb(said) and len(found[-1]) + len(said) < _LENGTH:
                found[-1] = f"{found[-1]} {ended(said)}"
            continue
        open_end = keeps(said)
        if open_end:
            found.append(ended(about_the_user(said) if asks_for(said) is not None else said))
    return found


def keeps(said: str) -> bool:
    """Say whether a user's statement is worth keeping: whole, about something, and particular."""
    kinds = details(said)
    personal = _PERSONAL.match(said) is not None
    if _ASIDE.match(said) or _FINE.search(said) or _FRAGMENT.match(said):
        return False
    if not (personal or has_verb(said) or asks_for(said) is not None):
        return False
    if _SCHEDULE.match(said) and not kinds & {"name", "value"}:
        return False
    if asks_for(said) is not None or _WISH.search(said):
        if personal and "name" in kinds and not _POINTING.search(said):
            return True
        return substance(said) >= 2 and _particular(said, kinds)
    if personal:
        return substance(said) >= 2 or bool(kinds and substance(said))
    return len(said.split()) >= 3 and substance(said) >= 2 and bool(kinds)


def _particular(said: str, kinds: frozenset[str]) -> bool:
    if "value" in kinds:
        return True
    if _POINTING.search(said):
        return "name" in kinds and len(kinds) >= 2
    return "name" in kinds or len(kinds) >= 2


def _of_assistant(text: str, before: Sequence[tuple[str, str]]) -> list[str]:
    stated = statements(text)
    agreed = agreement(stated, before)
    if agreed is not None:
        return [agreed]
    if only_proposes(text, stated):
        return []
    return [ended(said) for said in stated if informs(said)]


def informs(said: str) -> bool:
    """Say whether an assistant's statement tells something that holds without its context."""
    if _OFFER.match(said) or leans_on_the_one_before(said):
        return False
    kinds = details(said)
    if not kinds or substance(said) < 2:
        return False
    if is_outcome(said) or re.match(r"your\b", said, re.IGNORECASE):
        return bool(kinds - {"number"})
    return _INFORMS.match(said) is not None and "name" in kinds and not _GENERIC.match(said)


def only_proposes(text: str, stated: Sequence[str]) -> bool:
    """Say whether an assistant's message offers or asks back, so that nothing in it is settled."""
    if any(is_outcome(said) for said in stated):
        return False
    return any(
        _OFFER.match(piece) or is_confirmation_request(piece) or piece.endswith("?")
        for piece in sentences(text)
    )


def agreement(stated: Sequence[str], before: Sequence[tuple[str, str]]) -> str | None:
    """
    Return what was settled: the proposal that an outcome such as "It's booked." answers.

    Args:
        stated: What the assistant's message states.
        before: The messages before it.
    """
    outcome = next((said for said in stated if is_outcome(said)), None)
    if outcome is None or _FAILED.search(outcome):
        return None
    for role, text in reversed(before[-_LOOK_BACK:]):
        if role == "USER" and re.match(r"\s*(?:no|nope|nah)\b", text, re.IGNORECASE):
            return None
        if role == "ASSISTANT":
            what = proposal(text)
            if what is not None:
                return f"The user asked {what}, and it was done."
    return None


def proposal(text: str) -> str | None:
    """Return what an assistant's message proposes to do: "to book ..." or "for a table ..."."""
    pieces = sentences(text)
    for number, piece in enumerate(pieces):
        for pattern, link in (*((item, "to ") for item in _PROPOSED), (_PROPOSED_THING, "for ")):
            match = pattern.search(piece)
            if match is None:
                continue
            what = _TAIL.sub("", match.group("what"))
            if link == "to " and re.match(
                r"(?:know|look|try|search|see|help|find|check|do)\b", what
            ):
                continue
            for more in pieces[number + 1 :]:
                if (
                    not more.endswith("?")
                    and details(more)
                    and re.match(r"(?:the|for)\b", more, re.I)
                ):
                    what = f"{what}; {more[0].lower()}{_TAIL.sub('', more[1:])}"
            if details(what):
                return link + _of_the_user(what)
    return None


def _of_the_user(what: str) -> str:
    what = re.sub(
        r"^(\w+)ing\b", lambda match: _BASES.get(match.group(1).lower(), match.group()), what
    )
    what = re.sub(r"\b(an?) an? ", r"\1 ", what)
    told = re.sub(r"\byour\b", "their", what, flags=re.IGNORECASE)
    told = re.sub(r"\byou\b", "them", told, flags=re.IGNORECASE)
    return told[:1].lower() + told[1:] if told[1:2].islower() or told[1:2] == " " else told


#: What one has only one of, so that another value of it makes the older fact obsolete.
_SINGLE = (
    re.compile(
        r"^(?:i|we|the user|they) (?:now |currently )?(?:lives?|am living|is living) (?:in|at|"
        r"near)\b",
        re.I,
    ),
    re.compile(r"^(?:i|we|the user) (?:just |have |recently )*moved to\b", re.I),
    re.compile(r"^(?:i|the user) (?:now |currently )?works? (?:at|for|as)\b", re.I),
    re.compile(r"^(?:i am|i'm|the user is) \d+ years old\b", re.I),
    re.compile(
        r"^(?:my|our|your|the user's) (?P<what>(?:[\w-]+ ){0,3}?(?:name|address|phone|number|email|"
        r"birthday|balance|account|age|salary|weight|height|manager|boss|wife|husband|partner|job|"
        r"deadline|budget|time ?zone|city|employer|team))(?: number| balance| address)? "
        r"(?:is|are|has|was|holds|stands)\b(?! not)",
        re.I,
    ),
)
_AGAINST = re.compile(
    r"\b(?:not|never|no longer|cannot|stopped|quit|hates?|dislikes?)\b|n't\b", re.IGNORECASE
)
_MANY = re.compile(r"\b(?:favou?rites?|children|kids|friends?|hobbies|pets|cats|dogs)\b", re.I)


def replaces_fact(new: str, old: str) -> bool:
    """
    Say whether a fact makes an older one obsolete.

    It does when it says the same in more detail or the opposite, or gives another value of
    what one has only one of: where somebody lives, the balance of an account.
    """
    newer, older = set(terms(new)), set(terms(old))
    if len(older) >= 2 and older < newer:
        return True
    opposite = bool(_AGAINST.search(new)) != bool(_AGAINST.search(old))
    if opposite and newer and older and len(newer & older) >= min(len(newer), len(older)):
        return True
    one, other = _single(new), _single(old)
    return one is not None and one == other


def _single(fact: str) -> str | None:
    for number, pattern in enumerate(_SINGLE):
        match = pattern.match(fact)
        if match is not None:
            what = match.groupdict().get("what") or ""
            if _MANY.search(what):
                return None
            # Where one moved to is where one lives.
            return " ".join(terms(what)) if what else str(max(number, 1))
    return None
