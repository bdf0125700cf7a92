"""
Examples of the built-in extractor: hand-labeled sentences and dialogues.

They hold examples, not quality: precision and recall on these few sentences say nothing about
other conversations. The bounds only detect that an example no longer works.
"""

from __future__ import annotations

import json

import pytest

from agentcore_memory_async.local._heuristics.facts import extract_facts
from agentcore_memory_async.local._heuristics.preferences import extract_preferences
from agentcore_memory_async.local._heuristics.summaries import summarize

USER_SENTENCES = (
    ("I live in Lisbon with my sister.", True),
    ("I work as a nurse at Saint Mary's Hospital.", True),
    ("My daughter Clara starts school in September.", True),
    ("My phone number is 555-0199.", True),
    ("We moved to a farm near Évora last spring.", True),
    ("I'm allergic to shellfish.", True),
    ("I have two cats and a dog.", True),
    ("My invoice 88-1203 was charged twice.", True),
    ("I was born in 1984.", True),
    ("I drive an old Volvo.", True),
    ("Our team deploys with Kubernetes on Fridays.", True),
    ("I'd like to fly from Porto to Madrid on June 4th.", True),
    ("I need a room at the Hotel Aurora for three nights.", True),
    ("Please book a table for six at Casa Verde.", True),
    ("The invoice from Acme Corp is $420.", True),
    ("I only drink decaf after noon.", True),
    ("I can't eat gluten.", True),
    ("My manager is called Tomas.", True),
    ("I study marine biology.", True),
    ("I've been learning Japanese for two years.", True),
    ("I ordered a blue bicycle on Monday.", True),
    ("My flight TP1023 was cancelled yesterday.", True),
    ("I speak Portuguese and a little French.", True),
    ("Hello there!", False),
    ("Good morning, how are you?", False),
    ("Thanks so much for your help.", False),
    ("Yes, that works for me.", False),
    ("No, that's all for now.", False),
    ("In the Lisbon area.", False),
    ("Let's go ahead with it.", False),
    ("Sounds perfect.", False),
    ("I don't mind.", False),
    ("I don't care which day.", False),
    ("What is the weather in Lisbon?", False),
    ("Could you find me a dentist?", False),
    ("I think so.", False),
    ("I'd like to book a hotel.", False),
    ("I need a ticket.", False),
    ("For two nights.", False),
    ("Around noon would be fine.", False),
    ("I like the first one.", False),
    ("Give me a second.", False),
    ("Okay, go on.", False),
    ("Not right now.", False),
    ("I'm ready.", False),
    ("That one looks good.", False),
    ("I want to see it again.", False),
    ("On the 12th.", False),
    ("Maybe later.", False),
)
"""Sentences of a user, and whether each is a fact worth keeping."""

ASSISTANT_SENTENCES = (
    ("Your savings account holds $1,200.", True),
    ("Your table at Casa Verde is booked for 8 pm.", True),
    ("Your order #5521 has been shipped with DHL.", True),
    ("Your appointment with Dr. Reis is on Friday at 10 am.", True),
    ("Your reservation has been confirmed.", False),
    ("How can I help you today?", False),
    ("I found 10 restaurants in Lisbon.", False),
    ("Would you like to book it?", False),
    ("There is a flight at 9 am for $120.", False),
    ("Please confirm: you want 2 rooms in Porto.", False),
    ("Let me check that for you.", False),
    ("Have a great day!", False),
    ("Sure, I can do that.", False),
    ("You're welcome!", False),
    ("What time suits you?", False),
)
"""Sentences of an assistant, and whether each is a fact worth keeping."""

PREFERENCES: tuple[tuple[str, list[str]], ...] = (
    ("I love hip hop, if you can find any.", ["Loves hip hop"]),
    ("I like music events and want it to be in Lisbon.", ["Likes music events"]),
    ("I am a vegetarian, so that is very important to me.", ["Is a vegetarian"]),
    ("I prefer aisle seats because I'm tall.", ["Prefers aisle seats"]),
    ("I hate early meetings.", ["Hates early meetings"]),
    ("I never fly with carry-on only.", ["Never flies with carry-on only"]),
    ("I can't stand loud restaurants.", ["Cannot stand loud restaurants"]),
    ("My favourite colour is green.", ["Favourite colour is green"]),
    ("Fado is my favourite kind of music.", ["Favourite kind of music is Fado"]),
    ("I'd rather have a window seat.", ["Prefers a window seat"]),
    ("I'd rather travel by train.", ["Prefers to travel by train"]),
    ("I don't drink alcohol.", ["Does not drink alcohol"]),
    ("I'm a big fan of jazz!", ["Is a big fan of jazz"]),
    ("I'm really into rock climbing.", ["Is really into rock climbing"]),
    ("I always read the manual.", ["Always reads the manual"]),
    ("I tend to work at night.", ["Tends to work at night"]),
    ("I love tea but I hate coffee.", ["Loves tea", "Hates coffee"]),
    ("I usually like quiet hotels, please look for one.", ["Usually likes quiet hotels"]),
    ("I'm allergic to cats.", ["Is allergic to cats"]),
    ("Actually, I'm lactose intolerant.", ["Is lactose intolerant"]),
    ("I like my coffee black.", ["Likes their coffee black"]),
    ("I'd like to reserve a table.", []),
    ("I like that one.", []),
    ("I prefer the 7th of March.", []),
    ("I'd prefer something else.", []),
    ("I like to transfer some money.", []),
    ("I'm interested in finding a flight.", []),
    ("I don't need further help.", []),
    ("I don't know.", []),
    ("Do you like jazz?", []),
    ("I would love to.", []),
    ("I like the sound of it.", []),
    ("I'd rather check in on the 1st.", []),
    ("I always said so.", []),
    ("I want two tickets.", []),
    ("Sounds great!", []),
)
"""Sentences of a user, and the preferences that they express."""


def _figures(outcomes: list[tuple[bool, bool]]) -> tuple[float, float]:
    """Return precision and recall of (wanted, found) pairs."""
    right = sum(wanted and found for wanted, found in outcomes)
    found_all = sum(found for _, found in outcomes)
    wanted_all = sum(wanted for wanted, _ in outcomes)
    return right / found_all, right / wanted_all


def test_facts_are_the_statements_worth_keeping() -> None:
    """Precision and recall of facts on the examples do not fall below 0.95."""
    outcomes = [
        (wanted, bool(extract_facts([("USER", text)], []))) for text, wanted in USER_SENTENCES
    ]
    outcomes += [
        (wanted, bool(extract_facts([("ASSISTANT", text)], [])))
        for text, wanted in ASSISTANT_SENTENCES
    ]
    precision, recall = _figures(outcomes)
    assert precision >= 0.95
    assert recall >= 0.95


def test_preferences_are_recognized_and_rephrased() -> None:
    """At least 95 percent of the preferences are found, and 95 percent of the texts are exact."""
    texts = [[item["preference"] for item in extract_preferences(text)] for text, _ in PREFERENCES]
    outcomes = [
        (bool(wanted), bool(found)) for (_, wanted), found in zip(PREFERENCES, texts, strict=True)
    ]
    precision, recall = _figures(outcomes)
    assert precision >= 0.95
    assert recall >= 0.95
    exact = sum(wanted == found for (_, wanted), found in zip(PREFERENCES, texts, strict=True))
    assert exact / len(PREFERENCES) >= 0.95


def test_a_fact_takes_its_details_from_what_was_proposed() -> None:
    """A bare outcome becomes a fact that includes the proposal that it answers."""
    talk = [
        ("USER", "I want to eat at Casa Verde in Porto."),
        ("ASSISTANT", "You want to book a table for 2 at Casa Verde in Porto at 8 pm, correct?"),
        ("USER", "Yes, exactly."),
        ("ASSISTANT", "Your reservation has been made."),
    ]
    assert [
        "I want to eat at Casa Verde in Porto.",
        "The user asked to book a table for 2 at Casa Verde in Porto at 8 pm, and it was done.",
    ] == extract_facts(talk, [])
    assert extract_facts(talk[3:], talk[:3]) == extract_facts(talk, [])[1:]


@pytest.mark.parametrize("answer", ["No, make it three.", "No."])
def test_what_was_refused_is_no_fact(answer: str) -> None:
    """A proposal that the user declined does not become a fact."""
    talk = [
        ("ASSISTANT", "You want to book a table for 2 at Casa Verde at 8 pm, correct?"),
        ("USER", answer),
        ("ASSISTANT", "Your reservation has been made."),
    ]
    assert [] == extract_facts(talk, [])


def test_a_summary_reads_as_prose() -> None:
    """A summary is in the third person, and has a named topic for each subject."""
    talk = [
        ("USER", "Hi! Can you help me find a hotel in Porto?"),
        ("ASSISTANT", "Hotel Aurora is a nice hotel in Porto. Shall I book it?"),
        ("USER", "Yes, I need two rooms at Hotel Aurora for my family."),
        ("ASSISTANT", "You want to book 2 rooms at Hotel Aurora from May 3rd, is that right?"),
        ("USER", "Yes."),
        ("ASSISTANT", "It has been booked."),
        ("USER", "Great. I also need a rental car, a compact car from Porto airport."),
        ("ASSISTANT", "Your rental car costs $45 a day."),
        ("USER", "Thanks, bye!"),
    ]
    hotel, car = summarize(talk)
    assert (
        '<topic name="Hotel: Hotel Aurora">The user asked the assistant to help them find a hotel '
        "in Porto. The user needs two rooms at Hotel Aurora for their family. The user asked to "
        "book 2 rooms at Hotel Aurora from May 3rd, and it was done.</topic>"
    ) == hotel
    assert (
        '<topic name="Rental car">The user also needs a rental car, a compact car from Porto '
        "airport. The user's rental car costs $45 a day.</topic>"
    ) == car


def test_a_long_session_has_several_topics_that_stay() -> None:
    """Summaries of finished topics do not change while the session continues."""
    talk = [
        (role, text)
        for number in range(30)
        for role, text in (
            ("USER", f"My colleague number {number} asked about the Q{number} figures."),
            ("ASSISTANT", f"Your report {number} was sent to Berlin."),
        )
    ]
    before, after = summarize(talk), summarize([*talk, ("USER", "My desk is in Rome.")])
    assert len(before) >= 2
    assert before[:-1] == after[: len(before) - 1]
    assert json.dumps(after[-1]).count("Rome") == 1
