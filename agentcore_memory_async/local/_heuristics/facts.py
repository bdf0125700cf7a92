"""
Facts: what a message says of the user, in the third person, one record a message.

Of a user's message those sentences are told that say something of the user, with what leans on
them. A wish is told if it names what is wanted and a particular. Of an assistant's message what it
knows of the user is told, and what it reports as done, with the proposal that the user agreed to.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agentcore_memory_async.local._language.english import PATTERNS, VALUES, WORDS
from agentcore_memory_async.local._language.sentences import (
    as_meant,
    content_word_count,
    cut,
    dangles,
    has_any,
    has_name,
    has_value,
    is_done,
    is_order,
    is_question,
    is_telling,
    is_wish,
    matches,
    names_matter,
    statements,
)
from agentcore_memory_async.local._language.third_person import (
    about_speaker,
    about_user,
    swap,
    with_period,
)
from agentcore_memory_async.local._language.words import sentences, stem, terms, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

LOOKBACK_MESSAGES = 6
"""Messages before an outcome in which its proposal is looked for."""


def extract_facts(
    messages: Sequence[tuple[str, str]], before: Sequence[tuple[str, str]]
) -> list[str]:
    """
    Return the facts that messages state, in order, at most one of each.

    Args:
        messages: Role and text of the new messages, oldest first.
        before: Role and text of the session's earlier messages.
    """
    context = [*before, *messages]
    who = name_of(context) or "The user"
    found = (fact_of(context[: place + 1], who) for place in range(len(before), len(context)))
    return [cut(fact) for fact in found if fact]


def name_of(messages: Sequence[tuple[str, str]]) -> str | None:
    """Return the name by which the user was last introduced or greeted; None if there is none."""
    for role, text in reversed(messages):
        match = PATTERNS["named"].search(text)
        if role == "ASSISTANT":
            match = match or PATTERNS["greeted"].search(text)
        if match is not None:
            return match["name"][0].upper() + match["name"][1:]
    return None


def fact_of(messages: Sequence[tuple[str, str]], who: str = "The user") -> str | None:
    """Return the fact that the last message states; None if it states none."""
    role, text = messages[-1]
    before = messages[-LOOKBACK_MESSAGES - 1 : -1]
    told = PATTERNS["of_user"].match(text)
    if role not in {"USER", "ASSISTANT"} or (told is not None and is_question(text)):
        return None
    if told is not None:
        return with_period(f"The user{told['rest']}")
    if role == "ASSISTANT":
        return _done(text, before) or _known(text)
    note = PATTERNS["note"].match(text := as_meant(text))
    if note is not None and not (note["mark"] or has_any("self", note["told"])):
        note = None
    parts = _told(note["told"] if note else text, who, is_note=note is not None)
    return " ".join(parts) or _corrected(text, before, who)


def _told(text: str, who: str, *, is_note: bool = False) -> list[str]:
    """Return the sentences of a user's message that tell something, in the third person."""
    found: list[str] = []
    goes_on = False  # whether the next sentence may lean on the last one
    for sentence in statements(text):
        if found and matches("leans", sentence):
            goes_on = goes_on and not has_any("addressee", sentence)
            found += [with_period(swap(sentence))] if goes_on else []
            continue
        is_own = has_any("self", sentence) or is_order(sentence) or "#" in sentence
        goes_on = is_note or (is_own and _is_worth_telling(sentence))
        if goes_on:
            found.append(_retold(sentence, who) if is_own else with_period(sentence))
    return found


def _is_worth_telling(sentence: str) -> bool:
    if not is_telling(sentence) or matches("leans", sentence):
        return False
    if is_wish(sentence) or matches("plan", sentence):
        is_definite = PATTERNS["definite"].search(sentence) is not None
        if is_definite and PATTERNS["indefinite"].search(sentence) is None:
            return False
    if is_wish(sentence):
        return "#" in sentence or (names_matter(sentence) and has_name(sentence))
    if has_any("addressee", sentence):
        return False
    if tokens(sentence)[0] in WORDS["orders"] and "#" not in sentence:
        return False
    is_slot = matches("plan", sentence) or not matches("first_person", sentence)
    if is_slot and not names_matter(sentence):
        return False
    return content_word_count(sentence) >= (1 if matches("trait", sentence) else 2)


def _retold(sentence: str, who: str) -> str:
    if is_order(sentence):
        bare = re.sub(r"^(?:(?:please|kindly|just|then|also) )*", "", sentence, flags=re.IGNORECASE)
        return with_period(f"{who} asked to {bare[:1].lower()}{swap(bare[1:])}")
    if (match := PATTERNS["to_assistant"].search(sentence)) is not None:
        return with_period(f"{who} asked to {swap(sentence[match.end() :].strip())}")
    is_named = PATTERNS["named"].search(sentence) is not None
    return about_speaker(sentence, "The user" if is_named else who)


def _corrected(text: str, before: Sequence[tuple[str, str]], who: str) -> str | None:
    """Return the user's last wish with the value that a correction names; None without either."""
    if PATTERNS["change"].search(text) is None or is_question(text):
        return None
    wishes = (" ".join(_told(said, who)) for role, said in reversed(before) if role == "USER")
    wish = next(filter(None, wishes), "")
    for pattern in VALUES:
        old, new = pattern.search(wish), [match.group() for match in pattern.finditer(text)]
        if old is not None and new and new[-1].lower() != old.group().lower():
            return wish[: old.start()] + new[-1] + wish[old.end() :]
    return None


def _known(text: str) -> str | None:
    """Return what an assistant knows of the user: "Your balance is $5"."""
    if "confirm" in text.lower() or any(map(is_question, sentences(text))):
        return None
    for sentence in statements(text):
        is_named = has_name(sentence) and not has_any("negative", sentence)
        is_said = is_named or (has_value(sentence) and not matches("occasion", sentence))
        is_whole = is_telling(sentence) and content_word_count(sentence) >= 2
        if matches("known", sentence) and is_said and is_whole:
            return about_user(sentence)
    return None


def _done(text: str, before: Sequence[tuple[str, str]]) -> str | None:
    """Return what an assistant reports as done, with what it refers to; None if that is unknown."""
    outcome = next(filter(is_done, statements(text)), None)
    if outcome is None or has_any("failed", text):
        return None
    agreed = accepted_proposal(before)
    is_whole = has_name(outcome) and content_word_count(outcome) >= 2 and not dangles(outcome)
    return agreed or (about_user(outcome) if is_whole else None)


def accepted_proposal(before: Sequence[tuple[str, str]]) -> str | None:
    """Return the last proposal of an assistant that the user agreed to; None if there is none."""
    answers: list[str] = []
    for role, text in reversed(before):
        what = proposal(text) if role == "ASSISTANT" else None
        if what is not None:
            agreed = all(has_any("yes", each) and not has_any("no", each) for each in answers)
            return _as_done(what) if answers and agreed else None
        answers += [text] if role == "USER" else []
    return None


def proposal(text: str) -> str | None:
    """Return what an assistant asks the user to confirm; None if it asks nothing such."""
    pieces = sentences(text)
    if (
        PATTERNS["asks"].search(text) is None
        or has_any("failed", text)
        or any(map(is_done, pieces))
    ):
        return None
    kept: list[str] = []
    for piece in pieces:
        bare = PATTERNS["confirm"].sub("", piece)
        lead = PATTERNS["lead"].match(bare)
        bare = PATTERNS["tail"].sub("", bare[lead.end() if lead else 0 :]).strip(" :,-")
        is_whole = content_word_count(bare) and not (matches("leans", bare) or dangles(bare))
        if is_whole and not is_question(bare) and (matches("more", bare) or not kept):
            kept.append(bare)
    what = "; ".join(kept)
    return what if content_word_count(what) >= 2 and has_name(f"x {what}") else None


def _as_done(what: str) -> str:
    what = about_user(what, at_start=False).rstrip(".")
    if is_order(what):
        return f"The user asked to {what[0].lower()}{what[1:]}, and it was done."
    return f"Done for the user: {what}."


def replaces_fact(new: str, old: str) -> bool:
    """
    Return whether a fact makes an older one obsolete.

    It does if it says the same in more detail, or the opposite, if it differs from a wish only in
    its values, or gives another value of an attribute such as where somebody lives.
    """
    newer, older = set(terms(new)), set(terms(old))
    if len(older) >= 2 and older < newer:
        return True
    opposite = has_any("negative", new) != has_any("negative", old)
    if opposite and len(newer & older) >= max(1, min(len(newer), len(older)) - 1):
        return True
    if has_any("plans", old):
        is_same = _without_values(new) == _without_values(old)
        if is_same or (has_any("done", new) and len(newer & older) >= 2 and _differ(new, old)):
            return True
    one, other = _attribute(new), _attribute(old)
    return one is not None and one == other


def _without_values(fact: str) -> str:
    for pattern in VALUES:
        fact = pattern.sub("#", fact)
    return fact.lower()


def _differ(new: str, old: str) -> bool:
    """Return whether both have a value of a kind, and not the same."""
    both = ((pattern.search(new), pattern.search(old)) for pattern in VALUES)
    return any(a and b and a.group().lower() != b.group().lower() for a, b in both)


def _attribute(fact: str) -> str | None:
    """Return a key of the attribute that a fact gives a value for; None if it gives none."""
    match = PATTERNS["attribute"].match(fact)
    if match is None:
        return None
    key = " ".join(terms(match["what"].replace("says", "")))
    return stem("lives") if key == stem("moved") else key
