"""
Facts: what a message says of the user, in the third person, one record a message.

Of a user's message those sentences are told that say something of the user, with what leans on
them. A wish is told if it names what is wanted and a particular. Of an assistant's message what it
knows of the user is told, and what it reports as done, with the proposal that the user agreed to.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agentcore_memory_async.local._heuristics import matters
from agentcore_memory_async.local._language import speech
from agentcore_memory_async.local._language.english import PATTERNS, WORDS
from agentcore_memory_async.local._language.third_person import (
    about_speaker,
    about_user,
    swap,
    with_period,
)
from agentcore_memory_async.local._language.words import sentences, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

LOOKBACK_MESSAGES = 6
"""Messages before an outcome in which its proposal is looked for."""


def name_of(messages: Sequence[tuple[str, str]]) -> str | None:
    """Return the name by which the user was last introduced or greeted; None if there is none."""
    for role, text in reversed(messages):
        ways = ("named", "called", "introduced") if role == "USER" else ("named", "greeted")
        for match in filter(None, (PATTERNS[way].search(speech.as_meant(text)) for way in ways)):
            name: str = next(filter(None, match.groups()))
            if speech.is_speaker(name):
                return name[0].upper() + name.split()[0][1:]
    return None


def fact_of(messages: Sequence[tuple[str, str]], who: str = "The user") -> str | None:
    """Return the fact that the last message states; None if it states none."""
    role, text = messages[-1]
    before = messages[-LOOKBACK_MESSAGES - 1 : -1]
    told = PATTERNS["of_user"].match(text)
    if role not in {"USER", "ASSISTANT"} or (told is not None and speech.is_question(text)):
        return None
    if told is not None:
        return with_period(f"The user{told['rest']}")
    if role == "ASSISTANT":
        return (_done(text, before) or _known(text)) if speech.is_english(text) else None
    text, foreign = speech.by_language(text)
    return " ".join(filter(None, [_fact(text, before, who), foreign])) or None


def _fact(text: str, before: Sequence[tuple[str, str]], who: str) -> str | None:
    """Return the fact that a user's message in English states."""
    if PATTERNS["jest"].search(text):
        return None
    rest, leads = speech.without_leads(text)
    if "speaker" in leads and speech.is_speaker(leads["speaker"]["name"]):
        who = leads["speaker"]["name"]
    fact = " ".join(dict.fromkeys(_told(rest, who, is_note="note" in leads)))
    if (fact and "correction" not in leads) or speech.is_question(text):
        return fact or None
    for place in reversed(range(len(before))):
        earlier = fact_of(before[: place + 1], who) if before[place][0] == "USER" else None
        if earlier is not None:
            return matters.compared(fact, earlier) if fact else matters.corrected(text, earlier)
    return fact or None


def _told(text: str, who: str, *, is_note: bool = False) -> list[str]:
    """Return the sentences of a user's message that tell something, in the third person."""
    found: list[str] = []
    goes_on = False  # whether the next sentence may lean on the last one
    for sentence in speech.statements(text):
        if found and speech.matches("leans", sentence):
            goes_on = goes_on and not speech.has_any("addressee", sentence)
            found += [with_period(swap(sentence))] if goes_on else []
            continue
        introduced = _introduced(sentence)
        is_own = speech.has_any("self", sentence) or speech.is_order(sentence) or "#" in sentence
        is_withdrawal = speech.matches("forget", sentence)
        is_sure = is_note or introduced is not None or is_withdrawal
        goes_on = is_sure or (is_own and _is_worth_telling(sentence))
        if goes_on:
            told = _retold(sentence, who) if is_own else with_period(sentence)
            found.append(introduced or told)
    return found


def _is_worth_telling(sentence: str) -> bool:
    if not speech.is_telling(sentence) or speech.matches("leans", sentence):
        return False
    if speech.is_wish(sentence) or speech.matches("plan", sentence):
        is_definite = PATTERNS["definite"].search(sentence) is not None
        if is_definite and PATTERNS["indefinite"].search(sentence) is None:
            return False
    if speech.is_wish(sentence):
        return "#" in sentence or (speech.names_matter(sentence) and speech.has_name(sentence))
    if speech.has_any("addressee", sentence):
        return False
    if tokens(sentence)[0] in WORDS["orders"] | WORDS["requests"] and "#" not in sentence:
        return False
    is_slot = speech.matches("plan", sentence) or not speech.matches("first_person", sentence)
    if is_slot and not speech.names_matter(sentence):
        return False
    return speech.content_word_count(sentence) >= (1 if speech.matches("trait", sentence) else 2)


def _retold(sentence: str, who: str) -> str:
    if speech.is_order(sentence) or speech.matches("forget", sentence):
        bare = re.sub(r"^(?:(?:please|kindly|just|then|also) )*", "", sentence, flags=re.IGNORECASE)
        return with_period(f"{who} asked to {bare[:1].lower()}{swap(bare[1:])}")
    if (match := PATTERNS["to_assistant"].search(sentence)) is not None:
        return with_period(f"{who} asked to {swap(sentence[match.end() :].strip())}")
    return about_speaker(sentence, who)


def _introduced(sentence: str) -> str | None:
    """Return what a sentence in which the user gives a name says; None if it gives none."""
    for match in filter(None, (PATTERNS[way].match(sentence) for way in ("named", "introduced"))):
        name: str = next(filter(None, match.groups()))
        if speech.is_speaker(name):
            if speech.content_word_count(sentence[match.end() :]) and speech.has_any(
                "self", sentence
            ):
                return about_speaker(sentence, "The user")
            return f"The user's name is {name[0].upper()}{name[1:]}."
    return None


def _known(text: str) -> str | None:
    """Return what an assistant knows of the user: "Your balance is $5"."""
    if "confirm" in text.lower() or any(map(speech.is_question, sentences(text))):
        return None
    for sentence in speech.statements(text):
        is_named = speech.has_name(sentence) and not speech.has_any("negative", sentence)
        is_said = is_named or (
            speech.has_value(sentence) and not speech.matches("occasion", sentence)
        )
        is_whole = speech.is_telling(sentence) and speech.content_word_count(sentence) >= 2
        if speech.matches("known", sentence) and is_said and is_whole:
            return about_user(sentence)
    return None


def _done(text: str, before: Sequence[tuple[str, str]]) -> str | None:
    """Return what an assistant reports as done, with what it refers to; None if that is unknown."""
    outcome = next(filter(speech.is_done, speech.statements(text)), None)
    if outcome is None or speech.has_any("failed", text):
        return None
    deed = accepted_proposal(before)
    over = next((kind for kind in ("ended", "changed") if speech.has_any(kind, outcome)), None)
    if deed is not None and (over is None or speech.has_any(over, deed)):
        return deed
    if (
        speech.has_name(outcome)
        and speech.content_word_count(outcome) >= 2
        and not speech.dangles(outcome)
    ):
        told = about_user(outcome)
        return told if told != with_period(outcome) else f"Done for the user: {told}"
    for place in reversed(range(len(before))) if over is not None else ():
        deed = _done(before[place][1], before[:place]) if before[place][0] == "ASSISTANT" else None
        if deed is not None:
            return f"{deed} It was {'changed' if over == 'changed' else 'cancelled'} later."
    return None


def accepted_proposal(before: Sequence[tuple[str, str]]) -> str | None:
    """Return the last proposal of an assistant that the user agreed to; None if there is none."""
    answers: list[str] = []
    for role, text in reversed(before):
        what = proposal(text) if role == "ASSISTANT" else None
        if what is not None:
            agreed = all(
                speech.has_any("yes", each) and not speech.has_any("no", each) for each in answers
            )
            return _as_done(what) if answers and agreed else None
        answers += [text] if role == "USER" else []
    return None


def proposal(text: str) -> str | None:
    """Return what an assistant asks the user to confirm; None if it asks nothing such."""
    pieces = sentences(text)
    if (
        PATTERNS["asks"].search(text) is None
        or speech.has_any("failed", text)
        or any(map(speech.is_done, pieces))
    ):
        return None
    kept: list[str] = []
    for piece in pieces:
        bare = PATTERNS["confirm"].sub("", piece)
        lead = PATTERNS["lead"].match(bare)
        bare = PATTERNS["tail"].sub("", bare[lead.end() if lead else 0 :]).strip(" :,-")
        is_whole = speech.content_word_count(bare) and not (
            speech.matches("leans", bare) or speech.dangles(bare)
        )
        if is_whole and not speech.is_question(bare) and (speech.matches("more", bare) or not kept):
            kept.append(bare)
    what = "; ".join(kept)
    return what if speech.content_word_count(what) >= 2 and speech.has_name(f"x {what}") else None


def _as_done(what: str) -> str:
    what = about_user(what, at_start=False).rstrip(".")
    if speech.is_order(what):
        return f"The user asked to {what[0].lower()}{what[1:]}, and it was done."
    return f"Done for the user: {what}."
