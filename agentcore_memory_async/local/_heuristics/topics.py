"""
Topic segmentation: where a conversation changes its topic, and what each segment is called.

Topics are recognized by their vocabulary (``_DOMAINS``). A segment ends where the user clearly
speaks of another topic, or where it reaches its maximum length.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from agentcore_memory_async.local._language.sentences import content_word_count
from agentcore_memory_async.local._language.words import STOP_WORDS, stem, tokens, word_set

if TYPE_CHECKING:
    from collections.abc import Sequence


_MIN_SEGMENT = 4
"""Messages in a segment, at least."""
_MAX_SEGMENT = 24
"""Messages after which the next one of the user begins a new segment."""
_LONGEST_SEGMENT = 2 * _MAX_SEGMENT
"""Messages after which any message begins a new segment."""
_DOMAINS = {
    "Order problem": """
        order order parcel package delivery delivered shipment tracking courier arrive""",
    "Refund": "refund refund reimbursement reimburse chargeback",
    "Restaurant reservation": """
        restaurant restaurant table dine dining eat dinner lunch cuisine food seating diner tacos
        sushi""",
    "Flight": "flight flight fly plane airline airlines airport layover airways carry-on",
    "Bus trip": "bus bus buses buses coach station transfers",
    "Train trip": "train train trains railway rail",
    "Hotel": "hotel hotel hotels rooms inn lodging accommodation check-in",
    "Rental car": "car car rental rental rent pickup vehicle sedan suv convertible compact",
    "Ride": "ride ride cab taxi uber lyft driver shared pool",
    "Apartment search": """
        apartment apartment apartments house property bedroom bedrooms bathroom baths landlord lease
        furnished rent unit""",
    "Bank account": """
        account account balance checking savings transfer transfer bank payment deposit recipient
        money""",
    "Movies": """
        movie movie movies film films cinema theater showtime showing director starring subtitles
        actor comedy drama watch genre""",
    "Music": "song song songs music music album artist playlist track sing genre",
    "Events": """
        event event events concert concerts game games match sports tickets stadium venue show vs
        baseball football basketball""",
    "Sights and attractions": """
        attraction attraction attractions sightseeing museum landmark tourist park""",
    "Weather": "weather weather forecast temperature rain humidity wind sunny cloudy",
    "Alarms": "alarm alarm alarms wake",
    "Calendar": "calendar calendar meeting schedule agenda",
    "Medical appointment": """
        doctor doctor dentist dentist therapist psychologist psychiatrist counselor clinic
        appointment gynecologist dermatologist symptoms""",
    "Hair appointment": "salon salon hair stylist haircut barber",
    "Programming": """
        python code bug function javascript typescript api deploy server database compile script
        kubernetes docker git exception library""",
    "Recipes and cooking": "recipe recipe cook cooking bake baking ingredients oven",
    "Health and fitness": "workout workout gym exercise diet running marathon yoga sleep",
    "Travel plans": "trip trip travel vacation holiday itinerary visit visa passport",
    "Work": "project project deadline client team manager colleague job office report",
    "Family and home": "daughter son wife husband kids family birthday mother father pet dog cat",
    "Learning": "learn learn course exam university language homework lesson study",
}
"""Topics and their words; a word listed twice weighs double."""
_BY_STEM: dict[str, Counter[str]] = {}
"""Weights of the topics, by the stem of a word."""
for _domain, _line in _DOMAINS.items():
    for _word in _line.split():
        _BY_STEM.setdefault(stem(_word), Counter())[_domain] += 1

_NUMBERED = re.compile(
    r"\b(order|ticket|case|invoice|issue|request|claim|booking|bug|incident|contract|account|"
    r"shipment|reservation|task) (#\w+)",
    re.IGNORECASE,
)
"""Numbered matters, such as "order #1234"."""
_PROPER_NOUN = re.compile(
    r"(?<=[a-z0-9,;:] )(?:[A-Z][\w'&-]+)(?: (?:of |the |and |& )?[A-Z][\w'&-]+){0,3}"
)
"""Proper nouns of up to four capitalized words, not at the start of a sentence."""
_NOT_NAMES = word_set(
    """
    i ok okay january february march april may june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday am pm the economy
    """
)
"""Capitalized words that name no topic."""


def domain_counts(text: str) -> Counter[str]:
    """Return the weights of the topics that *text* has words of."""
    counted: Counter[str] = Counter()
    for word in dict.fromkeys(stem(item) for item in tokens(text)):
        counted.update(_BY_STEM.get(word, {}))
    return counted


def segments(messages: Sequence[tuple[str, str]]) -> list[Sequence[tuple[str, str]]]:
    """
    Split a conversation where the user changes the topic, and where a segment gets too long.

    Later messages never move an earlier boundary, and what is before a boundary never decides the
    next one. So finished segments keep their summaries, and the splitting can go on from the last.
    """
    found: list[Sequence[tuple[str, str]]] = []
    start = 0
    current: str | None = None
    for number, (role, text) in enumerate(messages):
        topic = _clear_topic(text) if role == "USER" else None
        if _ends_before(role, number - start, topic, current):
            found.append(messages[start:number])
            start, current = number, None
        current = topic or current
    rest = messages[start:]
    if rest:
        found.append(rest)
    return found


def _clear_topic(text: str) -> str | None:
    """Return the topic that *text* clearly speaks of; None if there is no such."""
    best = domain_counts(text).most_common(2)
    clear = best and (len(best) == 1 or best[0][1] > best[1][1])
    return best[0][0] if clear and best[0][1] >= 2 else None


def _ends_before(role: str, length: int, topic: str | None, current: str | None) -> bool:
    """Return whether a segment of that length and topic ends before a message."""
    if topic is not None and topic != current:
        return (current is not None and length >= _MIN_SEGMENT) or length >= _MAX_SEGMENT
    return length >= (_MAX_SEGMENT if role == "USER" else _LONGEST_SEGMENT)


def topic_name(messages: Sequence[tuple[str, str]]) -> str:
    """Return a name for the topic of a segment, 100 characters at most."""
    user_texts = [text for role, text in messages if role == "USER"]
    for text in user_texts:
        match = _NUMBERED.search(text)
        if match is not None:
            return f"{match.group(1).capitalize()} {match.group(2)}"[:100]
    counted: Counter[str] = Counter()
    for role, text in messages:
        if role in {"USER", "ASSISTANT"}:
            weight = 2 if role == "USER" else 1
            for domain, count in domain_counts(text).items():
                counted[domain] += weight * count
    best = counted.most_common(1)
    name = _proper_name(messages)
    if best and best[0][1] >= 3:
        return f"{best[0][0]}: {name}"[:100] if name else best[0][0]
    return _most_frequent_phrase(user_texts) or name or "Conversation"


def _proper_name(messages: Sequence[tuple[str, str]]) -> str | None:
    """Return the proper name that most messages mention, two at least; None if there is none."""
    counted: Counter[str] = Counter()
    for role, text in messages:
        if role in {"USER", "ASSISTANT"}:
            for match in dict.fromkeys(item.group() for item in _PROPER_NOUN.finditer(text)):
                if match.split()[0].lower() not in _NOT_NAMES:
                    counted[match] += 1
    best = [item for item in counted.most_common(3) if item[1] >= 2]
    return max(best, key=lambda item: (item[1], len(item[0])))[0] if best else None


def _most_frequent_phrase(user_texts: Sequence[str]) -> str | None:
    """Return the most frequent pair of adjacent words, or the most frequent word; None if none."""
    pairs: Counter[str] = Counter()
    singles: Counter[str] = Counter()
    for text in user_texts:
        before: str | None = None
        for word in tokens(text):
            carries_meaning = (
                word not in STOP_WORDS
                and len(word) >= 3
                and content_word_count(word)
                and word.isalpha()
            )
            if carries_meaning:
                singles[word] += 1
                if before is not None:
                    pairs[f"{before} {word}"] += 1
            before = word if carries_meaning else None
    for counted, least in ((pairs, 2), (singles, 2), (pairs, 1), (singles, 1)):
        best = counted.most_common(1)
        if best and best[0][1] >= least:
            return best[0][0][0].upper() + best[0][0][1:100]
    return None
