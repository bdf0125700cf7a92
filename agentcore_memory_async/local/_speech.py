"""What kind of sentence somebody said, and how it reads when told about them."""

from __future__ import annotations

import re

from agentcore_memory_async.local._text import STOP_WORDS, sentences, stem, tokens, words_of

__all__ = (
    "about_the_user",
    "has_detail",
    "is_confirmation_request",
    "is_outcome",
    "is_question",
    "is_small_talk",
    "leans_on_the_one_before",
    "statements",
    "substance",
)

_QUESTION = re.compile(
    r"^(?:and |but |so |or |also,? |well,? |ok(?:ay)?,? |hi,? |hello,? |please,? )*"
    r"(?:what|when|where|which|who|whom|whose|why|how|can|could|would|will|"
    r"shall|should|do|does|did|"
    r"is|are|was|were|am|have|has|had|may|might|any)\b(?:n't)?\s+"
    r"(?:i|you|we|they|he|she|it|there|this|that|these|those|the|my|your|their|a|an|any|is|are|was|"
    r"do|does|did|about|much|many|long|far|can|could|would|will|else|time|kind|type|sort|movies?|"
    r"other|restaurants?|city|day|date)\b",
    re.IGNORECASE,
)
_SMALL_TALK = words_of(
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
_CONFIRM = re.compile(
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
_OUTCOME = re.compile(
    r"\b(?:has|have|is|was|were|are)(?: now| successfully| already| just| also)? (?:been )?"
    r"(?:now |successfully |already |just )?"
    r"(?:booked|reserved|confirmed|made|scheduled|placed|sent|transferred|cancell?ed|refunded|"
    r"ordered|shipped|delivered|delayed|added|created|set|paid|purchased|rented|updated|changed|"
    r"completed|successful|unsuccessful|declined|approved|rejected|closed|opened)\b|"
    r"\bi(?:'ve| have)(?: successfully| now| just| already)? (?:booked|"
    r"reserved|made|scheduled|placed|"
    r"sent|transferred|cancell?ed|refunded|ordered|added|created|set|purchased|updated|changed|"
    r"confirmed)\b",
    re.IGNORECASE,
)
_DATA = re.compile(r"\d|[$€£%]|@|(?<=[a-z,;:] )[A-Z][a-z]+")
_LEANING = re.compile(
    r"^(?:(?:and|but|so|also|then)\s+)?(?:it|its|it's|they|their|they're|"
    r"them|he|she|his|her|this|that|"
    r"these|those|there|here|which)\b",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^(?:(?:oh|ok|okay|yes|yeah|yep|no|nope|sure|well|great|perfect|cool|awesome|alright|thanks|eh|um|uh|hmm+|mm+|"
    r"thank you|hi|hello|hey|hi there|hello there|please|actually|so|and|but|fine|right|good|"
    r"sounds good|that sounds good|that works|got it|i see|i understand|correct|sorry)\b"
    r"\s*[,.!;:-]+\s*)+",
    re.IGNORECASE,
)
_THIN = frozenset(
    stem(word)
    for word in words_of(
        """
    sound good great like want need thing look help something anything everything nothing someone
    one ones bit lot lots way kind sort type other others else great nice fine okay ok sure thanks
    thank welcome think know see get got go going come make made take took tell told say said ask
    find found let give gave check works work perfect awesome cool love day time please idea option
    options much many moment today now here there everyone anyone
    """
    )
)
_ASKING = words_of(
    """
    find book reserve search look show tell give get make buy purchase play rent check call order
    send transfer schedule cancel add set help recommend suggest change update remove list pick try
    confirm note remember save remind put open start stop pay cancel return track locate arrange
    """
)
_SWAPS = {
    "i": "they",
    "me": "them",
    "my": "their",
    "mine": "theirs",
    "myself": "themselves",
    "i'm": "they're",
    "i've": "they've",
    "i'd": "they'd",
    "i'll": "they'll",
    "am": "are",
}
_WORD = re.compile(r"[A-Za-z][A-Za-z']*")
_BEGINNINGS = (
    (re.compile(r"^i(?:'m| am)\b", re.IGNORECASE), "The user is"),
    (
        re.compile(r"^i(?:'ve| have) (?=\w+(?:ed|en)\b|been|had|got)", re.IGNORECASE),
        "The user has ",
    ),
    (re.compile(r"^i(?:'d| would)\b", re.IGNORECASE), "The user would"),
    (re.compile(r"^i(?:'ll| will)\b", re.IGNORECASE), "The user will"),
    (
        re.compile(r"^i (?=(?:can|could|should|must|might|may|was|had)\b)", re.IGNORECASE),
        "The user ",
    ),
    (
        re.compile(r"^i (?=(?:can't|cannot|couldn't|didn't|wasn't|won't)\b)", re.IGNORECASE),
        "The user ",
    ),
    (re.compile(r"^i (?:don't|do not)\b", re.IGNORECASE), "The user does not"),
    (re.compile(r"^i have\b", re.IGNORECASE), "The user has"),
    (re.compile(r"^my\b", re.IGNORECASE), "The user's"),
)
_PRESENT = re.compile(
    r"^i (?P<adverb>(?:only|always|never|usually|often|really|also|just|still|sometimes) )?"
    r"(?P<verb>need|want|like|love|prefer|hate|enjoy|live|work|think|know|"
    r"hope|plan|travel|play|eat|"
    r"drink|wear|use|drive|fly|own|speak|study|run|dislike|avoid|wish|expect|believe|feel|get|take|"
    r"go|keep|stay|write|read|watch|listen|collect|teach)\b",
    re.IGNORECASE,
)


def is_question(sentence: str) -> bool:
    """Say whether the sentence asks something."""
    return sentence.rstrip(" \"')").endswith("?") or _QUESTION.match(sentence) is not None


def is_small_talk(sentence: str) -> bool:
    """Say whether the sentence is a greeting, thanks, a yes or a no, a goodbye."""
    return all(word in _SMALL_TALK for word in tokens(sentence))


def is_confirmation_request(sentence: str) -> bool:
    """Say whether the sentence only repeats something to have it confirmed."""
    return _CONFIRM.match(sentence) is not None


def is_outcome(sentence: str) -> bool:
    """Say whether the sentence tells that something was done."""
    return _OUTCOME.search(sentence) is not None


def has_detail(sentence: str) -> bool:
    """Say whether the sentence has a number, an amount, an address or a name."""
    return _DATA.search(sentence) is not None


def leans_on_the_one_before(sentence: str) -> bool:
    """Say whether the sentence needs the one before it to be understood."""
    return _LEANING.match(sentence) is not None


def substance(sentence: str) -> int:
    """Count the words of the sentence that say something."""
    return sum(1 for word in tokens(sentence) if word not in STOP_WORDS and stem(word) not in _THIN)


def statements(text: str) -> list[str]:
    """Return what *text* states: its sentences without small talk, questions and openings."""
    found: list[str] = []
    for sentence in sentences(text):
        said = _OPENING.sub("", sentence).strip()
        if not said or is_question(said) or is_small_talk(said) or is_confirmation_request(said):
            continue
        found.append(said[0].upper() + said[1:])
    return found


def asks_for(sentence: str) -> str | None:
    """Return what an order such as "Please find a hotel" asks for; None if it is no order."""
    bare = re.sub(r"^(?:please,?|kindly|just|then|also)\s+", "", sentence, flags=re.IGNORECASE)
    first = _WORD.match(bare)
    if first is None or first.group().lower() not in _ASKING:
        return None
    return bare


def about_the_user(sentence: str) -> str:
    """Tell *sentence*, which the user said, in the third person."""
    order = asks_for(sentence)
    if order is not None:
        bare = re.sub(r",?\s*please(?=[.!]?$)", "", order, flags=re.IGNORECASE)
        return "The user asked to " + bare[0].lower() + _in_third_person(bare[1:])
    for pattern, instead in _BEGINNINGS:
        match = pattern.match(sentence)
        if match is not None:
            return instead + _in_third_person(sentence[match.end() :])
    match = _PRESENT.match(sentence)
    if match is not None:
        verb = third_person(match.group("verb").lower())
        adverb = (match.group("adverb") or "").lower()
        return f"The user {adverb}{verb}" + _in_third_person(sentence[match.end() :])
    if re.match(r"^(?:i|we|me)\b", sentence, re.IGNORECASE):
        return f'The user said: "{sentence}"'
    return sentence[:1] + _in_third_person(sentence[1:])


def third_person(verb: str) -> str:
    """Return the form of a verb that follows "the user"."""
    irregular = {"have": "has", "do": "does", "be": "is", "am": "is", "go": "goes"}
    if verb in irregular:
        return irregular[verb]
    if verb.endswith("y") and verb[-2:-1] not in set("aeiou"):
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


def _in_third_person(text: str) -> str:
    def swap(match: re.Match[str]) -> str:
        word = match.group()
        if word == "US":
            return word
        return _SWAPS.get(word.lower(), word)

    return _WORD.sub(swap, text)
