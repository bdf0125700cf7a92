"""
Classification of sentences: question, small talk, outcome, imperative, and their details.

The classes are decided by patterns and word lists for English.
"""

from __future__ import annotations

import re

from agentcore_memory_async.local._language.words import (
    STOP_WORDS,
    sentences,
    stem,
    tokens,
    word_set,
)

_QUESTION = re.compile(
    r"^(?:and |but |so |or |also,? |well,? |ok(?:ay)?,? |hi,? |hello,? |please,? |yes,? |yeah,? |"
    r"no,? |nope,? |sure,? |great,? |cool,? |alright,? )*"
    r"(?:what|when|where|which|who|whom|whose|why|how|can|could|would|will|"
    r"shall|should|do|does|did|"
    r"is|are|was|were|am|have|has|had|may|might|any)\b(?:n't)?\s+"
    r"(?:i|you|we|they|he|she|it|there|this|that|these|those|the|my|your|their|a|an|any|is|are|was|"
    r"do|does|did|about|much|many|long|far|can|could|would|will|else|time|kind|type|sort|movies?|"
    r"other|restaurants?|city|day|date)\b",
    re.IGNORECASE,
)
"""Questions without a question mark."""
_SMALL_TALK = word_set(
    """
    oh ok okay yes yeah yep yup no nope sure well great perfect cool awesome excellent nice
    wonderful fantastic alright right fine good hi hello hey bye goodbye thanks thank please sorry
    welcome absolutely certainly definitely correct exactly thx cheers enjoy congratulations
    lovely sound
    sounds work works got it you're you are that that's is was will would that'll that'd look looks
    this it's i'm i am all very so much really a lot lots many for your the help helping helpful you
    me to now today of assistance kind kindness glad happy pleasure have had day one time night
    evening morning afternoon weekend there be been i and do did need needed we my what everything
    wanted want looking just like love see up as always could can care too not don't any anything
    else more at moment think bad idea deal done set go going ahead with how interesting service
    rest enough problem surely favor
    """
)
"""Words of small talk; a sentence of nothing else is small talk."""
_CONFIRMATION_REQUEST = re.compile(
    r"^(?:please (?:confirm|verify|check)|confirm(?:ing)?\b|"
    r"(?:just )?to (?:be clear|confirm|verify|"
    r"recap|double check)|(?:so )?(?:just )?(?:let me|i'll|i will|i'd like to|i want to) "
    r"(?:confirm|verify|make sure|double|check)|(?:so,? )?you(?:'d|"
    r" would)? (?:want|like|wish|need)|"
    r"(?:could|can) you (?:please )?(?:confirm|verify)|is (?:this|that|it) (?:correct|right|ok)|"
    r"(?:okay|ok|alright|sure|great)[,.]? (?:so )?(?:just )?(?:to confirm|"
    r"please confirm|confirming|"
    r"you (?:want|would like|'d like)))",
    re.IGNORECASE,
)
"""Beginnings of sentences that ask to confirm something."""
_OUTCOME = re.compile(
    r"\b(?:has|have|is|was|were|are)(?: now| successfully| already| just| also)? (?:been )?"
    r"(?:now |successfully |already |just )?"
    r"(?:booked|reserved|confirmed|made|scheduled|placed|sent|transferred|cancel(?:l)?ed|refunded|"
    r"ordered|shipped|delivered|delayed|added|created|set|paid|purchased|rented|updated|changed|"
    r"completed|successful|unsuccessful|declined|approved|rejected|closed|opened)\b|"
    r"\bi(?:'ve| have)(?: successfully| now| just| already)? (?:booked|"
    r"reserved|made|scheduled|placed|"
    r"sent|transferred|cancel(?:l)?ed|refunded|ordered|added|created|set|purchased|updated|changed|"
    r"confirmed)\b",
    re.IGNORECASE,
)
"""Reports that something was done."""
_CAPITALIZED = re.compile(
    r"(?<=[a-z0-9,;:'\"] )(?:[A-Z][a-z]+|[A-Z]{2,}|[A-Z]+[a-z0-9]+[A-Z]\w*)\b"
)
"""Capitalized words that do not begin a sentence, which may be names."""
_NOT_NAMES = word_set(
    """
    january february march april may june july august september october november december monday
    tuesday wednesday thursday friday saturday sunday ok okay am pm
    """
)
"""Capitalized words that are not names."""
_DETAIL_PATTERNS = (
    ("value", re.compile(r"[$\u20ac\u00a3#@%]\s*\d|\d+(?:[.,]\d+)?\s*(?:%|percent|dollars?|euros?)|"
                         r"\w@\w|#\w*\d|\d{2,}-\d{2,}|\b[A-Z]{1,4}-?\d{2,}\b")),
    ("time", re.compile(r"\d\s*(?:a\.?m\b|p\.?m\b|o'?clock)|\b\d{1,2}:\d\d\b|"
                        r"\b(?:in the (?:morning|afternoon|evening)|noon|midnight)\b", re.I)),
    ("date", re.compile(r"\b(?:january|february|march|april|june|july|august|september|october|"
                        r"november|december|(?:mon|tues|wednes|thurs|fri|satur|sun)day|tomorrow|"
                        r"today|tonight|yesterday|(?:next|this|last) (?:week|month|year)|in may|"
                        r"\d{1,2}(?:[snr][td]|th)|(?:19|20)\d\d)\b", re.I)),
    ("number", re.compile(r"(?<![\w:$#-])\d+(?!\d|[snr][td]\b|th\b|:|\s*(?:am|pm)\b)|"
                          r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|"
                          r"thousand|million)\b(?! way)", re.I)),
)  # fmt: skip
"""Kinds of details and their patterns; names are recognized apart."""
_VERBS = re.compile(
    r"\b(?:am|is|are|was|were|be|been|have|has|had|do|does|did|don't|doesn't|didn't|will|won't|"
    r"would|"
    r"can|can't|cannot|could|should|must|might|need|needs|want|wants|like|likes|love|loves|hate|"
    r"hates|prefer|prefers|enjoy|live|lives|work|works|study|own|use|uses|know|think|feel|go|goes|"
    r"went|get|got|make|makes|made|take|takes|took|play|plays|speak|speaks|run|runs|drive|fly|"
    r"travel|moved|bought|born|broke|lost|left|means|costs?|starts?|ends?|arrives?|departs?|"
    r"leaves?|"
    r"wrote|met|came|saw|spent|paid|grew|sold|began|built|quit|told|heard|found|chose|flew|drove|"
    r"ate|forgot|said|gave|kept|sent|put|became|won|ran|felt|knew|thought|brought|taught|caught|"
    r"read|reads|eat|eats|drink|sleep|swim|wear|avoid|tend|call|help|matter|"
    r"contains?|includes?|requires?|happens?|[a-z]{3,}(?:ed|ies))\b|\b\w+'(?:m|s|re|ve|d|ll)\b|"
    r"\w+n't\b",
    re.IGNORECASE,
)
"""Verbs in common forms; without one of them a sentence counts as a fragment."""
_CLOSING = re.compile(
    r"\b(?:thanks?|thank you|thx|cheers|good ?bye|bye|that(?:'s| is|'ll be| will be| would be) "
    r"(?:all|it|everything)|nothing else|(?:it|that|this|everything)(?:'s| is)? "
    r"(?:works?|worked|fixed|solved|helped|done)(?: now)?|problem solved|all set|i(?:'m| am) "
    r"(?:good|done|all set))\b",
    re.IGNORECASE,
)
"""How a user closes a matter."""
_ANAPHORIC = re.compile(
    r"^(?:(?:and|but|so|also|then)\s+)?(?:it|its|it's|they|their|they're|"
    r"them|he|she|his|her|this|that|"
    r"these|those|there|here|which)\b",
    re.IGNORECASE,
)
"""Pronouns and pointers at the beginning of a sentence."""
_DISCOURSE_MARKERS = re.compile(
    r"^(?:(?:oh|ok|okay|yes|yeah|yep|no|nope|sure|well|great|perfect|cool|awesome|alright|"
    r"thanks|eh|um|uh|hmm+|mm+|"
    r"thank you|hi|hello|hey|hi there|hello there|please|actually|so|and|but|fine|right|good|"
    r"sounds good|that sounds good|that works|got it|i see|i understand|correct|sorry)\b"
    r"\s*[,.!;:-]+\s*)+",
    re.IGNORECASE,
)
"""Openings without content, such as "Well, ..."."""
_MAX_SENTENCE_LENGTH = 1_000
"""Characters of a sentence; a longer one is not what a person says."""
_LEADING_ANSWER = re.compile(
    r"^(?:yes|yea|yeah|no|nope|ok|okay|hi|hello|hey|sure)\s+(?=(?:i|i'm|i'd|i'll|i've|my|we|it|"
    r"it's|the|"
    r"that|please)\b)",
    re.IGNORECASE,
)
"""A yes, a no or a greeting without a comma: "yes I need ..."."""
_WEAK_STEMS = frozenset(
    stem(word)
    for word in word_set(
        """
    sound good great like want need thing look help something anything everything nothing someone
    one ones bit lot lots way kind sort type other others else great nice fine okay ok sure thanks
    thank welcome think know see get got go going come make made take took tell told say said ask
    find found let give gave check works work perfect awesome cool love day time please idea option
    options much many moment today now here there everyone anyone
    """
    )
)
"""Stems of words that are not stop words but have no content of their own."""
_REQUEST_VERBS = word_set(
    """
    find book reserve search look show tell give get make buy purchase play rent check call order
    send transfer schedule cancel add set help recommend suggest change update remove list pick try
    confirm note remember save remind put open start stop pay cancel return track locate arrange
    """
)
"""Verbs with which a request to an assistant begins."""
_WORD = re.compile(r"[A-Za-z][A-Za-z']*")
"""A word, apostrophes included."""


def is_question(sentence: str) -> bool:
    """Return whether the sentence is a question."""
    return sentence.rstrip(" \"')").endswith("?") or _QUESTION.match(sentence) is not None


def is_small_talk(sentence: str) -> bool:
    """Return whether the sentence is only a greeting, thanks, a yes or no, or a goodbye."""
    return all(word in _SMALL_TALK for word in tokens(sentence))


def is_confirmation_request(sentence: str) -> bool:
    """Return whether the sentence repeats something in order to have it confirmed."""
    return _CONFIRMATION_REQUEST.match(sentence) is not None


def is_outcome(sentence: str) -> bool:
    """Return whether the sentence reports that something was done."""
    return _OUTCOME.search(sentence) is not None


def is_closing(text: str) -> bool:
    """Return whether a user's message closes a matter: thanks, a goodbye, "that's all"."""
    return _CLOSING.search(text) is not None and not any(
        is_question(sentence) for sentence in sentences(text)
    )


def has_verb(sentence: str) -> bool:
    """Return whether the sentence has a verb, unlike a fragment such as "In the Chicago area."."""
    return _VERBS.search(sentence) is not None


def detail_kinds(sentence: str) -> frozenset[str]:
    """Return the kinds of details that the sentence has: name, date, time, number, value."""
    found = {kind for kind, pattern in _DETAIL_PATTERNS if pattern.search(sentence)}
    for match in _CAPITALIZED.finditer(sentence):
        if match.group().lower() not in _NOT_NAMES:
            found.add("name")
            break
    return frozenset(found)


def is_anaphoric(sentence: str) -> bool:
    """Return whether the sentence begins with a reference to the one before it."""
    return _ANAPHORIC.match(sentence) is not None


def content_word_count(sentence: str) -> int:
    """Return the number of content words: those that are neither stop words nor weak."""
    return sum(
        1 for word in tokens(sentence) if word not in STOP_WORDS and stem(word) not in _WEAK_STEMS
    )


def statements(text: str) -> list[str]:
    """Return the statements of *text*, without small talk, questions and discourse markers."""
    found: list[str] = []
    for sentence in sentences(text):
        if len(sentence) > _MAX_SENTENCE_LENGTH:
            continue
        statement = _LEADING_ANSWER.sub("", _DISCOURSE_MARKERS.sub("", sentence)).strip()
        if (
            not statement
            or is_question(statement)
            or is_small_talk(statement)
            or is_confirmation_request(statement)
        ):
            continue
        found.append(statement[0].upper() + statement[1:])
    return found


def imperative_clause(sentence: str) -> str | None:
    """Return an imperative such as "Please find a hotel" without "please"; None if it is none."""
    bare = re.sub(r"^(?:please,?|kindly|just|then|also)\s+", "", sentence, flags=re.IGNORECASE)
    first = _WORD.match(bare)
    if first is None or first.group().lower() not in _REQUEST_VERBS:
        return None
    return bare
