"""
What the built-in extractor still holds after somebody corrected or withdrew what was said.

Each case is a conversation and the records that are left of it, as consolidation leaves them: a
new record takes the place of those that it replaces.
"""

from __future__ import annotations

import json

import pytest

from agentcore_memory_async.local import BuiltInExtractor, ExtractionRequest
from agentcore_memory_async.local.extractor import Message, Strategy

FACTS = [
    (["I'm 29", "I'm 30 now"], ["The user is 30 now."]),
    (["I live in Bergen", "no i live in bern"], ["The user lives in bern."]),
    (["I live in Bergen", "oops i meant bern"], ["The user lives in bern."]),
    # A value alone takes the place of the one that was told last.
    (["I live in Bergen.", "Sorry, I meant Malmo."], ["The user lives in Malmo."]),
    (["I live in Bergen.", "oh wait, i mean Malmo"], ["The user lives in Malmo."]),
    (["I live in Bergen.", "No, not Bergen, Malmo."], ["The user lives in Malmo."]),
    (["I live in Bergen.", "Malmo instead"], ["The user lives in Malmo."]),
    (["I live in Bergen.", "Sorry, I meant Malmo.", "I meant Turku"], ["The user lives in Turku."]),
    (
        ["I have a meeting in Bergen.", "No wait, in Malmo"],
        ["The user has a meeting in Malmo, not Bergen."],
    ),
    (
        ["I want to fly from Porto to Madrid.", "Sorry, I meant to Turin."],
        ["The user wants to fly from Porto to Turin, not Madrid."],
    ),
    (
        ["I need a flight to Rome on May 3rd.", "my bad, make it Nice"],
        ["The user needs a flight to Nice on May 3rd, not Rome."],
    ),
    (["I have two cats", "Sorry, three cats"], ["The user has three cats, not two."]),
    (
        ["I want a table at Nobu on Monday for 4 people.", "Make it Tuesday for 5 people."],
        ["The user wants a table at Nobu on Tuesday for 5 people."],
    ),
    # So does a sentence of the same matter.
    (
        ["My dog is called Rex", "Correction: my dog is called Bo"],
        ["The user's dog is called Bo, not Rex."],
    ),
    (
        ["My sister is named Ann.", "Oops, my sister is named Anna."],
        ["The user's sister is named Anna, not Ann."],
    ),
    (
        ["I need a hotel in Bergen for two nights.", "On second thought, find me a hotel in Turku"],
        ["The user asked to find them a hotel in Turku, not Bergen."],
    ),
    (
        ["I'm looking for a dentist in Davis", "Actually I'm looking for a dentist in San Mateo"],
        ["The user is looking for a dentist in San Mateo, not Davis."],
    ),
    # Nothing is made up where it is not clear what is meant.
    (["I live in Bergen.", "Sorry, Tom"], ["The user lives in Bergen."]),
    (["I live in Bergen.", "I mean it"], ["The user lives in Bergen."]),
    (["I fly from Bergen to Malmo.", "I meant Turku."], ["The user flies from Bergen to Malmo."]),
    # Attributes have one value.
    (
        ["My phone number is 555-1234", "My new phone number is 555-9999"],
        ["The user's new phone number is 555-9999."],
    ),
    (
        ["My address is 1 Oak St", "My address is now 5 Elm St"],
        ["The user's address is now 5 Elm St."],
    ),
    (
        ["My favourite color is blue", "my favorite color is red now"],
        ["The user's favorite color is red now."],
    ),
    (
        ["My favorite color is blue", "My favorite food is pizza"],
        ["The user's favorite color is blue.", "The user's favorite food is pizza."],
    ),
    # What is over, or is to be forgotten, is no longer told.
    (["I own a boat", "I sold my boat"], ["The user says they sold their boat."]),
    (["I have a red bike", "I got rid of my bike"], ["The user says they got rid of their bike."]),
    (["I drive a Tesla", "I sold my Tesla"], ["The user says they sold their Tesla."]),
    (
        ["I work at Nokia", "I quit my job at Nokia"],
        ["The user says they quit their job at Nokia."],
    ),
    (
        ["I own a boat", "Forget that I own a boat"],
        ["The user asked to forget that they own a boat."],
    ),
    (
        ["I own a boat", "Please forget about my boat"],
        ["The user asked to forget about their boat."],
    ),
    (["I'm vegan", "I'm not vegan anymore"], ["The user is not vegan anymore."]),
    (["I'm allergic to nuts", "I'm not allergic"], ["The user is not allergic."]),
    (["I don't drink coffee", "I drink coffee again"], ["The user drinks coffee again."]),
    # But not something else of the same name.
    (
        ["I'm vegan", "I don't drink coffee"],
        ["The user is vegan.", "The user does not drink coffee."],
    ),
    (
        ["My phone number is 555-12", "I lost my phone"],
        ["The user's phone number is 555-12.", "The user says they lost their phone."],
    ),
    (
        ["I'm allergic to nuts and fish", "I'm not allergic to nuts"],
        ["The user is allergic to nuts and fish.", "The user is not allergic to nuts."],
    ),
    # A deed that was cancelled or changed does not stay beside what came of it.
    (
        ["> Done, booked a table at Nobu for Friday.", "> I have cancelled your table at Nobu."],
        ["The assistant has cancelled the user's table at Nobu."],
    ),
    (
        ["> I booked a table at Nobu for Friday.", "> Your table at Nobu was changed to Saturday."],
        ["The user's table at Nobu was changed to Saturday."],
    ),
    (
        ["> I booked a flight to Oslo for Friday.", "Please move my flight to Oslo to Sunday."],
        ["The user asked to move their flight to Oslo to Sunday."],
    ),
    (
        [
            "> You want to book a table at Casa Verde, correct?",
            "Yes",
            "> Your reservation has been made.",
            "Cancel it please",
            "> Your reservation has been cancelled.",
        ],
        ["The user asked to book a table at Casa Verde, and it was done. It was cancelled later."],
    ),
]
"""Messages, those of an assistant after a mark, and the facts that are left."""
PREFERENCES = [
    (["Call me Tom", "call me Thomas instead"], ["Wants to be called Thomas"]),
    (["answer in Spanish", "answer in English again pls"], ["Wants answers in English"]),
    (["I'm vegan", "I'm not vegan anymore"], ["Is not vegan anymore"]),
    (["I'm a vegetarian", "I'm no longer a vegetarian"], ["Is no longer a vegetarian"]),
    (["I'm allergic to nuts", "I'm not allergic"], ["Is not allergic"]),
    (["I love jazz", "I don't like jazz anymore"], ["Does not like jazz anymore"]),
    (["I hate olives", "I don't hate olives anymore"], ["Does not hate olives anymore"]),
    (["I hate flying", "I like flying now"], ["Likes flying now"]),
    (
        ["No emojis please", "you can use emojis again"],
        ["Allows the assistant to use emojis again"],
    ),
    (["Don't use emojis", "Emojis are fine again"], ["Allows emojis again"]),
    (["Answer in German", "speak english to me"], ["Wants answers in english"]),
    (["I like jazz", "Forget that I like jazz"], ["Asks: forget that they like jazz"]),
    (["My favorite color is blue", "my favorite color is red now"], ["Favorite color is red now"]),
    (
        ["My favorite color is blue", "My favorite food is pizza"],
        ["Favorite color is blue", "Favorite food is pizza"],
    ),
    (
        ["I'm allergic to nuts and fish", "I'm not allergic to nuts"],
        ["Is allergic to nuts and fish", "Is not allergic to nuts"],
    ),
]
"""Messages, and the preferences that are left."""


def left(kind: str, texts: list[str]) -> list[str]:
    """Return the records that are left of messages that were extracted one by one."""
    extractor = BuiltInExtractor()
    strategy = Strategy("s", "s", kind, "/")
    messages = tuple(
        Message(
            "ASSISTANT" if text.startswith("> ") else "USER", text.removeprefix("> "), at, "", at
        )
        for at, text in enumerate(texts)
    )
    found: list[str] = []
    for at, message in enumerate(messages):
        request = ExtractionRequest(kind, strategy, "m", "ann", "s1", (message,), messages[:at])
        for new in extractor.extract(request):
            found = [*(old for old in found if not extractor.replaces(kind, new, old)), new]
    return found


@pytest.mark.parametrize(("texts", "facts"), FACTS)
def test_facts_that_are_left(texts: list[str], facts: list[str]) -> None:
    """What was corrected, withdrawn, ended or changed is replaced; anything else stays."""
    assert left("SEMANTIC", texts) == facts


@pytest.mark.parametrize(("texts", "preferences"), PREFERENCES)
def test_preferences_that_are_left(texts: list[str], preferences: list[str]) -> None:
    """The same holds for preferences."""
    records = left("USER_PREFERENCE", texts)
    assert [json.loads(record)["preference"] for record in records] == preferences
