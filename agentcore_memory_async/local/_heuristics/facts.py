"""
Facts: the statements of a conversation that are worth keeping, each readable on its own.

A user's statement is kept if it is a whole sentence, is about something, and names particulars;
statements about oneself need fewer particulars than wishes do. An assistant's statement is kept
if it holds outside of its context. A bare outcome such as "It's booked." is completed from the
proposal that it answers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agentcore_memory_async.local._language.sentences import (
    content_word_count,
    detail_kinds,
    has_verb,
    imperative_clause,
    is_anaphoric,
    is_confirmation_request,
    is_outcome,
    statements,
)
from agentcore_memory_async.local._language.third_person import rephrase_user_statement, with_period
from agentcore_memory_async.local._language.words import sentences, terms

if TYPE_CHECKING:
    from collections.abc import Sequence


_MAX_LENGTH = 1_000
"""Characters of a fact."""
LOOKBACK_MESSAGES = 6
"""Messages before an outcome in which its proposal is looked for."""
_OFFER = re.compile(
    r"^(?:i (?:can|could|will|would|understand|see|recommend|suggest|found|have \d+ |managed )|"
    r"i'll|i'd|i've found|i have found|"
    r"let me|let's|how about|what about|there (?:is|are)|another|would|may|here)\b",
    re.IGNORECASE,
)
"""How an assistant's offer, search result or question begins."""
_DEFINITE_SUBJECT = re.compile(r"^(?:your|the|their|its|his|her|my)\b", re.IGNORECASE)
"""How a statement about a definite thing begins."""
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
"""What people say about themselves that holds longer than the matter at hand."""
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
"""Remarks about the conversation itself, and answers."""
_FRAGMENT = re.compile(
    r"^(?:in|at|on|from|for|around|near|to|by|with|something|anything|somewhere|headed|leaving|"
    r"going)\b"
    r"(?!.*\b(?:i|i'm|i'd|i'll|i've|my|we|our)\b)",
    re.IGNORECASE,
)
"""Answers without subject and verb, such as "In the Lisbon area."."""
_APPROVAL = re.compile(
    r"\b(?:would be|is|are|sounds?|works?|will be|seems?) (?:\w+ )?(?:fine|good|great|perfect|ok|"
    r"okay|best|ideal|nice|enough|fantastic|awesome)[.!]*$",
    re.IGNORECASE,
)
"""Opinions of a proposal, such as "Noon would be fine."."""
_INTENT = re.compile(
    r"\bi(?:'d| would| want| need| will need|'ll need| wish| wan| am looking|'m looking|"
    r" am searching|'m searching| am interested|'m interested| am trying|'m trying| have to|"
    r"'m going| am going|'ll| will| can(?!'t|not)| could(?!n't)| may| might| feel like| plan)\b",
    re.IGNORECASE,
)
"""Wishes and plans."""
_DEICTIC = re.compile(
    r"\b(?:there|it|them|they|one|ones|that|this|those|these|then|else)\b", re.IGNORECASE
)
"""Words that point at something said before."""
_SCHEDULE = re.compile(
    r"^(?:the|my) (?:\w+[ -]){0,2}?(?:date|time|trip|stay|check-in|check-out|appointment|table|"
    r"destination|ticket|tickets|reservation|visit|\d+\w*)\b",
    re.IGNORECASE,
)
"""Statements about a date or a booking, which need a name or a value to be kept."""
_UNDERSPECIFIED = re.compile(
    r"^(?:the|its|their|his|her|my) (?:\w+ ){0,2}?(?:address|phone|number|price|cost|fare|"
    r"total|rating|"
    r"venue|station|genre|rent|date|time|location|event|bus|flight|ride|train|average|stadium|"
    r"property|apartment|hotel|restaurant|destination|origin|departure|therapist|song|movie|film|"
    r"album|director|artist|temperature|one|place|car|game|show|it|balance)\b",
    re.IGNORECASE,
)
"""Subjects that only the context identifies: the address of what, in "The address is ..."?"""
_FAILED = re.compile(r"\b(?:un\w+|not|n't|fail\w*|declined|rejected|sorry|apolog\w+)\b|n't\b", re.I)
"""Signs that an outcome is a failure."""
_PROPOSED_ACTIONS = (
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
"""Proposals of an action; ``what`` begins with its verb."""
_PROPOSED_ITEM = re.compile(
    r"\byou(?:'d| would)? (?:want|like|need) (?P<what>(?:an?|the|\d+|one|two|three|four|five|"
    r"some)\b"
    r" .+)",
    re.IGNORECASE,
)
"""Proposals of a thing; ``what`` names it."""
_CONFIRMATION_TAIL = re.compile(
    r"[,.;]?\s*(?:(?:is|does) (?:that|this|it|everything) .*|(?:am i |are we )?(?:correct|"
    r"right|ok(?:ay)?)"
    r"|please confirm.*|yes or no|can you confirm.*)?\s*[?.!]*\s*$",
    re.IGNORECASE,
)
"""What follows a proposal when it asks to be confirmed."""


def extract_facts(
    messages: Sequence[tuple[str, str]], before: Sequence[tuple[str, str]]
) -> list[str]:
    """
    Return the facts that messages state, in order.

    Args:
        messages: Role and text of the new messages, oldest first.
        before: Role and text of the session's earlier messages.
    """
    context = [*before[-LOOKBACK_MESSAGES:], *messages]
    found: list[str] = []
    for index in range(len(context) - len(messages), len(context)):
        role, text = context[index]
        if role == "USER":
            found.extend(_user_facts(text))
        elif role == "ASSISTANT":
            found.extend(_assistant_facts(text, context[max(0, index - LOOKBACK_MESSAGES) : index]))
    return [fact[:_MAX_LENGTH] for fact in found]


def _user_facts(text: str) -> list[str]:
    """Return the facts of a user's message; imperatives are rewritten in the third person."""
    found: list[str] = []
    can_continue = False  # whether an anaphoric sentence may be appended to the last fact
    for sentence in statements(text):
        if is_anaphoric(sentence):
            if can_continue and has_verb(sentence) and len(found[-1]) + len(sentence) < _MAX_LENGTH:
                found[-1] = f"{found[-1]} {with_period(sentence)}"
            continue
        can_continue = is_worth_keeping(sentence)
        if can_continue:
            found.append(
                with_period(
                    rephrase_user_statement(sentence)
                    if imperative_clause(sentence) is not None
                    else sentence
                )
            )
    return found


def is_worth_keeping(sentence: str) -> bool:
    """Return whether a user's statement is a whole sentence about something, with particulars."""
    kinds = detail_kinds(sentence)
    personal = _PERSONAL.match(sentence) is not None
    if _ASIDE.match(sentence) or _APPROVAL.search(sentence) or _FRAGMENT.match(sentence):
        return False
    if not (personal or has_verb(sentence) or imperative_clause(sentence) is not None):
        return False
    if _SCHEDULE.match(sentence) and not kinds & {"name", "value"}:
        return False
    if imperative_clause(sentence) is not None or _INTENT.search(sentence):
        if personal and "name" in kinds and not _DEICTIC.search(sentence):
            return True
        return content_word_count(sentence) >= 2 and _is_specific(sentence, kinds)
    if personal:
        return content_word_count(sentence) >= 2 or bool(kinds and content_word_count(sentence))
    return len(sentence.split()) >= 3 and content_word_count(sentence) >= 2 and bool(kinds)


def _is_specific(sentence: str, kinds: frozenset[str]) -> bool:
    """Return whether a wish has enough details; a deictic word raises the requirement."""
    if "value" in kinds:
        return True
    if _DEICTIC.search(sentence):
        return "name" in kinds and len(kinds) >= 2
    return "name" in kinds or len(kinds) >= 2


def _assistant_facts(text: str, before: Sequence[tuple[str, str]]) -> list[str]:
    """Return the facts of an assistant's message."""
    statements_made = statements(text)
    agreed = accepted_proposal(statements_made, before)
    if agreed is not None:
        return [agreed]
    if is_only_proposal(text, statements_made):
        return []
    return [with_period(sentence) for sentence in statements_made if is_standalone_fact(sentence)]


def is_standalone_fact(sentence: str) -> bool:
    """Return whether an assistant's statement is informative without its context."""
    if _OFFER.match(sentence) or is_anaphoric(sentence):
        return False
    kinds = detail_kinds(sentence)
    if not kinds or content_word_count(sentence) < 2:
        return False
    if is_outcome(sentence) or re.match(r"your\b", sentence, re.IGNORECASE):
        return bool(kinds - {"number"})
    return (
        _DEFINITE_SUBJECT.match(sentence) is not None
        and "name" in kinds
        and not _UNDERSPECIFIED.match(sentence)
    )


def is_only_proposal(text: str, statements_made: Sequence[str]) -> bool:
    """Return whether an assistant's message only offers or asks, so that it settles nothing."""
    if any(is_outcome(sentence) for sentence in statements_made):
        return False
    return any(
        _OFFER.match(piece) or is_confirmation_request(piece) or piece.endswith("?")
        for piece in sentences(text)
    )


def accepted_proposal(
    statements_made: Sequence[str], before: Sequence[tuple[str, str]]
) -> str | None:
    """
    Return the proposal that an outcome such as "It's booked." carries out; None if there is none.

    A reported failure and a "no" of the user mean that nothing was carried out.

    Args:
        statements_made: Statements of the assistant's message.
        before: Role and text of the messages before it.
    """
    outcome = next((sentence for sentence in statements_made if is_outcome(sentence)), None)
    if outcome is None or _FAILED.search(outcome):
        return None
    for role, text in reversed(before[-LOOKBACK_MESSAGES:]):
        if role == "USER" and re.match(r"\s*(?:no|nope|nah)\b", text, re.IGNORECASE):
            return None
        if role == "ASSISTANT":
            what = proposal(text)
            if what is not None:
                return f"The user asked {what}, and it was done."
    return None


def proposal(text: str) -> str | None:
    """Return what an assistant proposes, as "to book ..." or "for a table ..."; None if nothing."""
    parts = sentences(text)
    for index, piece in enumerate(parts):
        for pattern, link in (
            *((item, "to ") for item in _PROPOSED_ACTIONS),
            (_PROPOSED_ITEM, "for "),
        ):
            match = pattern.search(piece)
            if match is None:
                continue
            what = _CONFIRMATION_TAIL.sub("", match.group("what"))
            if link == "to " and re.match(
                r"(?:know|look|try|search|see|help|find|check|do)\b", what
            ):
                continue
            for more in parts[index + 1 :]:
                if (
                    not more.endswith("?")
                    and detail_kinds(more)
                    and re.match(r"(?:the|for)\b", more, re.I)
                ):
                    what = f"{what}; {more[0].lower()}{_CONFIRMATION_TAIL.sub('', more[1:])}"
            if detail_kinds(what):
                return link + _address_as_user(what)
    return None


def _address_as_user(what: str) -> str:
    """Rewrite a proposal that speaks to the user as one about the user: your becomes their."""
    what = re.sub(r"\b(an?) an? ", r"\1 ", what)
    rephrased = re.sub(r"\byour\b", "their", what, flags=re.IGNORECASE)
    rephrased = re.sub(r"\byou\b", "them", rephrased, flags=re.IGNORECASE)
    return (
        rephrased[:1].lower() + rephrased[1:]
        if rephrased[1:2].islower() or rephrased[1:2] == " "
        else rephrased
    )


_SINGLE_VALUED = (
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
"""Attributes with one value at a time: another value makes the older fact obsolete."""
_NEGATION = re.compile(
    r"\b(?:not|never|no longer|cannot|stopped|quit|hates?|dislikes?)\b|n't\b", re.IGNORECASE
)
"""Signs that a fact says the opposite."""
_MULTI_VALUED = re.compile(
    r"\b(?:favou?rites?|children|kids|friends?|hobbies|pets|cats|dogs)\b", re.I
)
"""Words that turn an attribute of ``_SINGLE_VALUED`` into one with several values."""


def replaces_fact(new: str, old: str) -> bool:
    """
    Return whether a fact makes an older one obsolete.

    It does if it repeats the older one in more detail, says the opposite, or gives another value
    of a single-valued attribute, such as where somebody lives or the balance of an account.
    """
    newer, older = set(terms(new)), set(terms(old))
    if len(older) >= 2 and older < newer:
        return True
    opposite = bool(_NEGATION.search(new)) != bool(_NEGATION.search(old))
    if opposite and newer and older and len(newer & older) >= min(len(newer), len(older)):
        return True
    one, other = _single_valued_attribute(new), _single_valued_attribute(old)
    return one is not None and one == other


def _single_valued_attribute(fact: str) -> str | None:
    """Return a key of the attribute that *fact* gives a value for; None if it gives none."""
    for index, pattern in enumerate(_SINGLE_VALUED):
        match = pattern.match(fact)
        if match is not None:
            what = match.groupdict().get("what") or ""
            if _MULTI_VALUED.search(what):
                return None
            # "Lives in" is pattern 0 and "moved to" is pattern 1: both get the key 1.
            return " ".join(terms(what)) if what else str(max(index, 1))
    return None
