"""What a stretch of a conversation is about: its name, and where talk turns to something else."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from agentcore_memory_async.local._language.sentences import substance
from agentcore_memory_async.local._language.words import STOP_WORDS, stem, tokens, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence


_LEAST = 4  # messages that a stretch has at least
_MOST = 24  # messages that a stretch has at most

#: Topics and the words that speak of them; a word that counts double stands twice.
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
_BY_STEM: dict[str, Counter[str]] = {}
for _domain, _line in _DOMAINS.items():
    for _word in _line.split():
        _BY_STEM.setdefault(stem(_word), Counter())[_domain] += 1

_NUMBERED = re.compile(
    r"\b(order|ticket|case|invoice|issue|request|claim|booking|bug|incident|contract|account|"
    r"shipment|reservation|task) (#\w+)",
    re.IGNORECASE,
)
_PROPER = re.compile(
    r"(?<=[a-z0-9,;:] )(?:[A-Z][\w'&-]+)(?: (?:of |the |and |& )?[A-Z][\w'&-]+){0,3}"
)
_NO_NAME = words_of(
    """
    i ok okay january february march april may june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday am pm the economy
    """
)


def domain_counts(text: str) -> Counter[str]:
    """Return how strongly *text* speaks of each topic."""
    counted: Counter[str] = Counter()
    for word in dict.fromkeys(stem(item) for item in tokens(text)):
        counted.update(_BY_STEM.get(word, {}))
    return counted


def segments(talk: Sequence[tuple[str, str]]) -> list[Sequence[tuple[str, str]]]:
    """
    Part a conversation where the user turns to another topic, and where it gets too long.

    What lies before the newest messages is parted the same however it goes on.
    """
    found: list[Sequence[tuple[str, str]]] = []
    start = 0
    current: str | None = None
    for number, (role, text) in enumerate(talk):
        length = number - start
        if role == "USER":
            best = domain_counts(text).most_common(2)
            clear = best and (len(best) == 1 or best[0][1] > best[1][1])
            if clear and best[0][1] >= 2 and best[0][0] != current:
                if current is not None and length >= _LEAST:
                    found.append(talk[start:number])
                    start = number
                current = best[0][0]
                continue
            if length >= _MOST:
                found.append(talk[start:number])
                start = number
    rest = talk[start:]
    if rest:
        found.append(rest)
    return found


def name_of(talk: Sequence[tuple[str, str]]) -> str:
    """Return a name for what a stretch is about, 100 characters at most."""
    said = [text for role, text in talk if role == "USER"]
    for text in said:
        match = _NUMBERED.search(text)
        if match is not None:
            return f"{match.group(1).capitalize()} {match.group(2)}"[:100]
    counted: Counter[str] = Counter()
    for role, text in talk:
        if role in {"USER", "ASSISTANT"}:
            weight = 2 if role == "USER" else 1
            for domain, count in domain_counts(text).items():
                counted[domain] += weight * count
    best = counted.most_common(1)
    place = _proper_name(talk)
    if best and best[0][1] >= 3:
        return f"{best[0][0]}: {place}"[:100] if place else best[0][0]
    return _commonest(said) or place or "Conversation"


def _proper_name(talk: Sequence[tuple[str, str]]) -> str | None:
    counted: Counter[str] = Counter()
    for role, text in talk:
        if role in {"USER", "ASSISTANT"}:
            for match in dict.fromkeys(item.group() for item in _PROPER.finditer(text)):
                if match.split()[0].lower() not in _NO_NAME:
                    counted[match] += 1
    best = [item for item in counted.most_common(3) if item[1] >= 2]
    return max(best, key=lambda item: (item[1], len(item[0])))[0] if best else None


def _commonest(said: Sequence[str]) -> str | None:
    """Return the words next to each other that the user's messages say most often, or one word."""
    pairs: Counter[str] = Counter()
    singles: Counter[str] = Counter()
    for text in said:
        before: str | None = None
        for word in tokens(text):
            telling = (
                word not in STOP_WORDS and len(word) >= 3 and substance(word) and word.isalpha()
            )
            if telling:
                singles[word] += 1
                if before is not None:
                    pairs[f"{before} {word}"] += 1
            before = word if telling else None
    for counted, least in ((pairs, 2), (singles, 2), (pairs, 1), (singles, 1)):
        best = counted.most_common(1)
        if best and best[0][1] >= least:
            return best[0][0][0].upper() + best[0][0][1:100]
    return None
