"""
What the built-in extractor learns of a message: one example for each thing that people say.

How well it does on conversations that its author did not write is measured in benchmarks/learning
and benchmarks/recall. These are the cases that it was made for, and must not lose.
"""

from __future__ import annotations

import json
import logging
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async.local import BuiltInExtractor, ExtractionRequest
from agentcore_memory_async.local._heuristics.episodes import extract_episodes, reflect
from agentcore_memory_async.local._heuristics.preferences import extract_preferences
from agentcore_memory_async.local._heuristics.summaries import summarize, topic_name
from agentcore_memory_async.local.extractor import Message, Strategy

if TYPE_CHECKING:
    from collections.abc import Sequence

TOLD = {
    "I live in Lisbon with my sister.": "The user lives in Lisbon with their sister.",
    "I'm a nurse": "The user is a nurse.",
    "I own a boat": "The user owns a boat.",
    "My daughter Clara starts school in May.": "The user's daughter Clara starts school in May.",
    "We moved to a farm last spring.": "The user says they moved to a farm last spring.",
    "I was born in 1984.": "The user was born in 1984.",
    "I only drink decaf after noon.": "The user only drinks decaf after noon.",
    "I never liked cooking": "The user never liked cooking.",
    "I can't eat gluten.": "The user can't eat gluten.",
    "I've been learning Japanese.": "The user has been learning Japanese.",
    "I bake bread on Sundays.": "The user says they bake bread on Sundays.",
    "I live in São Paulo.": "The user lives in São Paulo.",
    "im vegetarian and i dont like figs": "The user is vegetarian and they don't like figs.",
    "I adopted a dog. He's called Pixel.": "The user adopted a dog. He's called Pixel.",
    "Last week my cat Tom was ill.": "The user says last week their cat Tom was ill.",
    "I'm vegan.": "The user is vegan.",
    "I'm 42": "The user is 42.",
    "I don't have a car.": "The user does not have a car.",
    "I'm a Python developer, can you help me?": "The user is a Python developer.",
    "My car broke down on I-95.": "The user's car broke down on I-95.",
    "I work at I/O Labs": "The user works at I/O Labs.",
    "I live at 12 Oak St. Apt. 4, Bonn.": "The user lives at 12 Oak St. Apt. 4, Bonn.",
    # Verbs that share a subject change together, or none does.
    "I have kids and do yoga": "The user says they have kids and do yoga.",
    "I live in Rome, work at FAO and ski": "The user says they live in Rome, work at FAO and ski.",
    "I'm a nurse and work nights": "The user says they're a nurse and work nights.",
    "I am a nurse but own a farm": "The user says they are a nurse but own a farm.",
    "I live in Oslo and am a nurse": "The user says they live in Oslo and are a nurse.",
    "I don't eat fish and don't smoke": "The user says they don't eat fish and don't smoke.",
    "I never smoke and rarely drink": "The user says they never smoke and rarely drink.",
    "I own a boat and juggle": "The user says they own a boat and juggle.",
    "I have a cat and a dog": "The user has a cat and a dog.",
    "I'm tall and slim": "The user is tall and slim.",
    "I can swim and run": "The user can swim and run.",
    "I sing and my wife plays piano": "The user sings and their wife plays piano.",
    "- I'm vegan\n- I own a boat": "The user is vegan. The user owns a boat.",
    "I own a boat. I own a boat.": "The user owns a boat.",
    "Add to memory that I like tea": "The user likes tea.",
    "pls save: my blood type is AB": "The user's blood type is AB.",
    "okay so basically im a chef": "The user is a chef.",
    "I own two boats, i.e. I race": "The user owns two boats, i.e. they race.",
    "I use Ubuntu btw": "The user uses Ubuntu.",
    "tbh I own a boat": "The user owns a boat.",
    "I'd been a cook in Rome before": "The user had been a cook in Rome before.",
    "my us visa is valid in the us": "The user's US visa is valid in the US.",
    "I own a gold mine": "The user owns a gold mine.",
    'My motto is "I love my dog"': 'The user\'s motto is "I love my dog"',
    # Who speaks.
    "Bio: I'm a nurse in Oslo": "The user is a nurse in Oslo.",
    "Correct: I live in Oslo": "The user lives in Oslo.",
    "I'm Maria": "The user's name is Maria.",
    "Hi, this is Priya": "The user's name is Priya.",
    "It's Bob again": "The user's name is Bob.",
    "Maria here.": "The user's name is Maria.",
    "I'm Maria Lopez and I need help": "The user's name is Maria Lopez.",
    "I'm Maria and I live in Oslo": "The user is Maria and they live in Oslo.",
    "My name isn't Tom, it's Tim": "The user's name is Tim.",
    "My name is not Tom but Tim.": "The user's name is Tim.",
    "Tom: I moved to Rome": "Tom moved to Rome.",
    "Update: I moved to Rome": "The user moved to Rome.",
    "I'm Italian": "The user is Italian.",
    "Im tom": "The user is tom.",
    # What is to be remembered, said so.
    "Can you remember that I'm a nurse?": "The user is a nurse.",
    "Could you please remember my birthday is May 3rd?": "The user's birthday is May 3rd.",
    "I want you to remember my dog is Max": "The user's dog is Max.",
    "I'd like you to know that I'm a nurse.": "The user is a nurse.",
    "Save this: my locker code is 4411": "The user's locker code is 4411.",
    "Please save that my sister is called Ann": "The user's sister is called Ann.",
    "Fun fact: I was born on a boat": "The user was born on a boat.",
    "Fun fact about me: I was born on a boat": "The user was born on a boat.",
    "PS my office is in Berlin": "The user's office is in Berlin.",
    "P.S. I'm vegan": "The user is vegan.",
    "Never forget I hate olives": "The user hates olives.",
    "Note to self: the gate code is 4411": "The gate code is 4411.",
    "Dont forget im vegan": "The user is vegan.",
    "Remember this: my dog Pixel is a corgi": "The user's dog Pixel is a corgi.",
    "Please note that I'm allergic to nuts": "The user is allergic to nuts.",
    "FYI my office is in Berlin": "The user's office is in Berlin.",
    "keep in mind that I hate flying": "The user hates flying.",
    "Don't forget my birthday is May 3rd": "The user's birthday is May 3rd.",
    "Remember: the gate code is 4411": "The gate code is 4411.",
    # What is said of the user.
    "User prefers window seats": "The user prefers window seats.",
    # Wishes and orders with particulars.
    "I'd like to fly from Porto to Madrid.": "The user would like to fly from Porto to Madrid.",
    "Please book a table for 4 at Nobu.": "The user asked to book a table for 4 at Nobu.",
    "Order #12345 is late.": "The user says Order #12345 is late.",
    # Messages wrapped in JSON.
    '{"message": {"role": "user", "content": [{"text": "I live in Oslo"}]}}': (
        "The user lives in Oslo."
    ),
    '[{"type": "text", "text": "my dog is Rex"}]': "The user's dog is Rex.",
    '```json\n{"role": "user", "content": "I live in Oslo"}\n```': "The user lives in Oslo.",
    '{"content": "{\\"role\\": \\"user\\", \\"text\\": \\"I live in Oslo\\"}"}': (
        "The user lives in Oslo."
    ),
    '"{\\"text\\": \\"I live in Oslo\\"}"': "The user lives in Oslo.",
    '[{"role": "user", "content": "I live in Oslo"}, {"role": "ai", "content": "I own a bot"}]': (
        "The user lives in Oslo."
    ),
    'I live in Oslo ```{"content": "I own a boat"}```': "The user lives in Oslo.",
}  # fmt: skip
"""Messages of a user, and their facts."""
UNTOLD = (
    "Hello there!", "Good morning, how are you?", "Thanks so much for your help.",
    "Yes, that works for me.", "In the Lisbon area.", "Let's go ahead with it.", "I don't mind.",
    "I don't care which day.", "What is the weather in Lisbon?", "Could you find me a dentist?",
    "I think so.", "I'd like to book a hotel.", "I need a ticket.", "I like the first one.",
    "I'm ready.", "I want to see it again.", "Order #12345", "I will leave on the 12th.",
    "If I won the lottery I'd buy a boat.", "I might move to Rome.",
    "Anna, you should see this garden!", "Thanks, Anna! You are so kind.", '{"a": 5}',
    "I like the sound of that.", "Ask me about my dog", "Tell my wife I'm home", "I'm kidding",
    "I own a boat. Just kidding!", "Mine is the red one", "The blue one is mine", "Use my card",
    "I paid $500 for this", "I bought this for $20.", "User asked about the weather in Rome",
    "The user wants to know the time", "I prefer not to say", "I'd rather not say", "Remember me?",
    "Can you remember to call me tomorrow?", "Remember that time I went to Oslo?", "This is Great",
    '{"message": {"role": "assistant", "content": [{"text": "I live in the cloud"}]}}',
    '{"role": "user", "content": [{"toolResult": {"content": [{"text": "I live in Rome"}]}}]}',
    '{"role": "user", "content": [{"type": "tool_result", "content": "I live in Rome"}]}',
    '{"role": "system", "content": "I live in Rome"}',
    '{"message": {"role": "user", "content": [{"text": "I live in Os', "Imagine I lived in Rome",
    "Vegan here", "turn off the lights in my bedroom", "fix my code", "act as my boss",
    "I'm confused", "I'm back",
    "I have a question", "im fine thx", "fav food: ramen",
    "Summarize this text: I was born in Rome.",
    "Can you rewrite this for me: I am a nurse.", "Translate the following.\nI own a boat.",
    "Here's my essay: I was born in Rome.", "hey can u help me, im new at a startup in Rome",
)  # fmt: skip
"""Messages of a user that state nothing worth keeping."""
FOREIGN = (
    "Me llamo Ana", "Soy vegano", "I dag har jeg fri", "My jsme z Prahy a máme psa",
    "Ich wohne am See und bin Lehrer.", "Vivo en Lisboa con mi hermana.",
    "J'habite à Paris depuis 2010", "Mi perro se llama Pixel", "Ho un gatto nero",
    "Eu moro no Porto", "Ik woon in Utrecht", "私は東京に住んでいます", "Я живу в Москве",
    "Prefiero los asientos de ventanilla, por favor.",
)  # fmt: skip
"""Messages in other languages."""
PREFERENCES = {
    "I love hip hop, if you can find any.": "Loves hip hop",
    "I prefer aisle seats because I'm tall.": "Prefers aisle seats",
    "I can't stand loud restaurants.": "Cannot stand loud restaurants",
    "My favourite colour is green.": "Favourite colour is green",
    "Fado is my favourite kind of music.": "Favourite kind of music is Fado",
    "I'd rather have a window seat.": "Prefers a window seat",
    "I'd rather travel by train.": "Prefers to travel by train",
    "I don't drink alcohol.": "Does not drink alcohol",
    "I'm a big fan of jazz!": "Is a big fan of jazz",
    "I always read the manual.": "Always reads the manual",
    "I never liked cooking.": "Never liked cooking",
    "I love tea but I hate coffee.": "Loves tea; hates coffee",
    "im allergic to cats": "Is allergic to cats",
    "I never drank coffee": "Never drank coffee",
    "be concise": "Wants answers that are concise",
    "reply in French from now on": "Wants answers in French",
    "i dont like mushrooms": "Does not like mushrooms",
    "window seats only": "Only window seats",
    # How the assistant is to be.
    "Call me Tom": "Wants to be called Tom",
    "Can you call me Tom?": "Wants to be called Tom",
    "answer in Spanish": "Wants answers in Spanish",
    "No emojis, please.": "Wants no emojis",
    "Keep your answers short": "Wants answers that are short",
    "Always use metric units": "Asks: always use metric units",
    "Address me as Tom": "Wants to be called Tom",
    "I go by Tom": "Wants to be called Tom",
    "From now on, answer in French": "Wants answers in French",
    "Call me Tom, not Thomas.": "Wants to be called Tom",
    "speak german to me": "Wants answers in german",
    "Can you speak French with me?": "Wants answers in French",
    "Answer in Spanish: what is the weather?": "Wants answers in Spanish",
    "use British spelling": "Asks: use British spelling",
    "use tabs not spaces": "Asks: use tabs not spaces",
    "don't apologize": "Asks: don't apologize",
    "dont be so formal": "Asks: don't be so formal",
    "please stop saying sorry": "Asks: stop saying sorry",
    "Never ask me about work": "Asks: never ask them about work",
    "pls always give me sources": "Asks: always give them sources",
    "Talk to me like a pirate": "Asks: talk like a pirate",
    "aisle seat please": "Prefers aisle seat",
    "oat milk, please": "Prefers oat milk",
    "I never smoke and rarely drink": "Never smokes; rarely drinks",
    "I always drink tea and eat cake": "Always drinks tea",
    "Remember that I hate olives": "Hates olives",
    "User prefers window seats": "Prefers window seats",
}
"""Messages, and the preference that each expresses."""
NO_PREFERENCES = (
    "I'd like to reserve a table.", "I like that one.", "I prefer the 7th of March.",
    "I don't know.", "No problem", "Do you like jazz?", "I would love to.",
    "I like the sound of it.", "I always said so.", "I want two tickets.", "Sounds great!",
    "Call me later", "No errors in the log", "Me gusta el café, siempre.",
    "Don't worry", "Dont know", "don't cancel it yet", "Don't book anything", "two tickets please",
    "Use my card", "use the red one", "I prefer not to say", "Can you speak French?",
    "I speak German", "I like jazz. Just kidding!", "Call me crazy", "I go by bus",
    "Translate this: I love jazz", "Please translate the following text.\nI love jazz.",
)  # fmt: skip
"""Messages that express none."""
PROPOSAL = "You want to book a table for 2 at Casa Verde at 8 pm, correct?"


def learn(kind: str, *said: tuple[str, str]) -> list[str]:
    """Return the records of messages."""
    messages = tuple(Message(role, text, at, str(at), 0) for at, (role, text) in enumerate(said))
    strategy = Strategy("s", "s", kind, "/")
    request = ExtractionRequest(kind, strategy, "m", "ann", "s1", messages, ())
    return list(BuiltInExtractor().extract(request))


@pytest.mark.parametrize(("text", "fact"), TOLD.items())
def test_what_a_user_says_is_told_in_the_third_person(text: str, fact: str) -> None:
    """A message has one fact, which can be read by itself."""
    assert learn("SEMANTIC", ("USER", text)) == [fact]


@pytest.mark.parametrize("text", UNTOLD)
def test_what_is_no_fact(text: str) -> None:
    """Small talk, questions, answers and what is not so state no fact."""
    assert learn("SEMANTIC", ("USER", text)) == []


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("Your savings account holds $1,200.", ["The user's savings account holds $1,200."]),
        ("Your table at Nobu is booked.", ["The user's table at Nobu is booked."]),
        ("User prefers window seats", ["The user prefers window seats."]),
        ("The user's name is Anna", ["The user's name is Anna."]),
        ("Your reservation has been confirmed.", []),
        ("I found 10 restaurants in Lisbon.", []),
        ("There is a flight at 9 am for $120.", []),
        ("Booked a table at Nobu.", ["Done for the user: Booked a table at Nobu."]),
        ("Order #7 is confirmed for Nobu.", ["Done for the user: Order #7 is confirmed for Nobu."]),
        ("Please confirm: you want 2 rooms in Porto.", []),
        ("Sorry, your table at Nobu could not be booked.", []),
    ],
)
def test_what_an_assistant_states(text: str, facts: list[str]) -> None:
    """What it knows of the user and what it reports as done is told, offers are not."""
    assert learn("SEMANTIC", ("ASSISTANT", text)) == facts


@pytest.mark.parametrize(
    ("answer", "outcome", "is_told"),
    [
        ("Yes, exactly.", "Your reservation has been made.", True),
        ("Yes.", "It's booked.", True),
        ("No, make it three.", "Your reservation has been made.", False),
        ("Yes.", "Sorry, it could not be booked.", False),
        ("Yes.", "I will book it now.", False),
    ],
)
def test_an_outcome_is_told_with_what_it_refers_to(
    answer: str, outcome: str, *, is_told: bool
) -> None:
    """What was agreed and done is told with its particulars, anything else not at all."""
    said = [("ASSISTANT", PROPOSAL), ("USER", answer), ("ASSISTANT", outcome)]
    told = "The user asked to book a table for 2 at Casa Verde at 8 pm, and it was done."
    assert learn("SEMANTIC", *said) == [told] * is_told


def test_a_correction_tells_the_wish_anew_and_replaces_it() -> None:
    """The new value stands where the old one was."""
    said = [("USER", "I want a table at Nobu on Monday."), ("USER", "Actually, make it Tuesday.")]
    old, new = learn("SEMANTIC", *said)
    assert new == "The user wants a table at Nobu on Tuesday."
    assert BuiltInExtractor().replaces("SEMANTIC", new, old)


def test_a_name_is_used_once_it_is_known() -> None:
    """A fact names its speaker."""
    said = [("USER", "My name is Anna."), ("USER", "I live in Oslo.")]
    assert learn("SEMANTIC", *said) == ["The user's name is Anna.", "Anna lives in Oslo."]
    greeted = [("ASSISTANT", "Hi Anna! How are you?"), ("USER", "I bought a boat in May.")]
    assert learn("SEMANTIC", *greeted) == ["Anna says they bought a boat in May."]


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        ("The user lives in Rome.", "The user lives in Oslo.", True),
        ("The user's name is Tom.", "The user's name is Anna.", True),
        ("The user doesn't drink coffee.", "The user drinks coffee.", True),
        ("The user has a red sailing boat.", "The user has a sailing boat.", True),
        ("The user visited Rome.", "The user visited Oslo.", False),
        ("The user has a dog.", "The user has a cat.", False),
    ],
)
def test_which_fact_replaces_another(new: str, old: str, *, expected: bool) -> None:
    """More detail, the opposite and another value of an attribute replace; other facts stay."""
    assert BuiltInExtractor().replaces("SEMANTIC", new, old) is expected


@pytest.mark.parametrize("text", FOREIGN)
def test_other_languages_are_kept_as_they_were_said(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The whole message, unchanged, and one line of the log that does not show it."""
    with caplog.at_level(logging.WARNING):
        assert learn("SEMANTIC", ("USER", text), ("USER", text + "!")) == [text, text + "!"]
    (line,) = caplog.messages
    assert "English" in line
    assert text not in line
    assert learn("USER_PREFERENCE", ("USER", text)) == []


@given(st.lists(st.sampled_from([*TOLD, *UNTOLD, *FOREIGN]), max_size=8))
def test_a_message_has_one_record_at_most(texts: list[str]) -> None:
    """However messages follow one another; and no English one is its own record."""
    for kind in ("SEMANTIC", "USER_PREFERENCE"):
        records = learn(kind, *(("USER", text) for text in texts))
        assert len(records) <= len(texts)
        assert not set(records) & set(texts) - set(FOREIGN)


def test_a_long_sentence_is_cut() -> None:
    """It is told as far as there is room, and ends between words."""
    (fact,) = learn("SEMANTIC", ("USER", f"I own a boat with {'many ' * 500}sails."))
    assert fact.startswith("The user owns a boat with many many")
    assert fact.endswith("many\u2026")
    assert len(fact) <= 1_010


@pytest.mark.parametrize(("text", "preference"), PREFERENCES.items())
def test_what_a_user_prefers(text: str, preference: str) -> None:
    """A message has one preference, in the third person."""
    assert [preference] == [each["preference"] for each in extract_preferences(text)]


@pytest.mark.parametrize("text", NO_PREFERENCES)
def test_what_is_no_preference(text: str) -> None:
    """Choices of the moment, remarks and questions express none."""
    assert extract_preferences(text) == []


@pytest.mark.parametrize(
    ("text", "preferences"),
    [
        ("User prefers window seats", ["Prefers window seats"]),
        ("The user doesn't like jazz.", ["Does not like jazz"]),
        ("The user's favorite color is red", ["Favorite color is red"]),
        ("The user speaks German", []),
        ("I prefer window seats", []),
    ],
)
def test_what_an_assistant_states_that_a_user_prefers(text: str, preferences: list[str]) -> None:
    """What it says of the user is a preference, its own words are none."""
    records = learn("USER_PREFERENCE", ("ASSISTANT", text))
    assert [json.loads(record)["preference"] for record in records] == preferences


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("My dog is Max. Ich wohne in Köln.", "The user's dog is Max. Ich wohne in Köln."),
        ("Ich wohne in Köln. My dog is Max.", "The user's dog is Max. Ich wohne in Köln."),
        ("I live in Oslo. Me gusta el café.", "The user lives in Oslo. Me gusta el café."),
        ("J'aime le vin. I live in Oslo.", "The user lives in Oslo. J'aime le vin."),
    ],
)
def test_sentences_in_other_languages_are_kept_as_they_were_said(text: str, fact: str) -> None:
    """Beside English ones, which are told in the third person."""
    assert learn("SEMANTIC", ("USER", text)) == [fact]


@pytest.mark.parametrize(
    ("introduction", "name"),
    [
        ("I'm Maria", "Maria"), ("Hi, this is Priya", "Priya"), ("It's Bob again", "Bob"),
        ("My name isn't Tom, it's Tim", "Tim"), ("Call me Tom, not Thomas.", "Tom"),
        ("I'm Italian", "The user"), ("It's Monday", "The user"), ("I'm Sorry", "The user"),
    ],
)  # fmt: skip
def test_how_a_name_becomes_known(introduction: str, name: str) -> None:
    """Later facts tell it, but for words that are no name."""
    *_, fact = learn("SEMANTIC", ("USER", introduction), ("USER", "I live in Oslo."))
    assert fact == f"{name} lives in Oslo."


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (("I need a flight.", "My ID is 4711."), "Flight, ID"),
        (("I thought a hotel would do.", "Is Rome nice?"), "Hotel, Rome"),
        (("I'm having trouble with order #12345.",), "Trouble with order #12345"),
        (("Any hotel in Porto?",), "Hotel in Porto"),
    ],
)
def test_a_topic_joins_words_that_stood_together(texts: tuple[str, ...], name: str) -> None:
    """Others are told apart by a comma."""
    assert topic_name([("USER", text) for text in texts]) == name


def test_a_summary_reads_as_prose() -> None:
    """It is in the third person, names its topics by what was said, and quotes no question."""
    talk = [
        ("USER", "Hi! Can you help me find a hotel in Porto?"),
        ("ASSISTANT", "Hotel Aurora is a nice hotel in Porto. Shall I book it?"),
        ("USER", "Yes, I need two rooms at Hotel Aurora for my family."),
        ("ASSISTANT", "You want to book 2 rooms at Hotel Aurora from May 3rd, is that right?"),
        ("USER", "Yes."),
        ("ASSISTANT", "It has been booked."),
        ("USER", "What is the weather forecast in Braga?"),
        ("ASSISTANT", "The forecast says rain."),
        ("USER", "My training starts there tomorrow."),
    ]
    hotel, weather = summarize(talk)
    assert hotel == (
        '<topic name="Hotel in Porto, rooms">The user asked the assistant to help them find a '
        "hotel in Porto. Hotel Aurora is a nice hotel in Porto. The user needs two rooms at Hotel "
        "Aurora for their family. The user asked to book 2 rooms at Hotel Aurora from May 3rd, and "
        "it was done.</topic>"
    )
    assert 'name="Weather forecast in Braga"' in weather
    assert "The user asked about the weather forecast in Braga." in weather
    assert "?" not in hotel + weather


def test_topics_that_ended_stay() -> None:
    """Summaries of finished topics do not change while the session continues."""
    talk: list[tuple[str, str]] = []
    grown: list[Sequence[str]] = []
    for number in range(30):
        talk.append(("USER", f"My colleague number {number} asked about the Q{number} figures."))
        talk.append(("ASSISTANT", f"Your report {number} was sent to Berlin."))
        grown.append(summarize(talk))
    assert len(grown[-1]) >= 2
    for before, after in pairwise(grown):
        assert list(before[:-1]) == list(after[: len(before) - 1])


def test_an_episode_is_something_that_was_done() -> None:
    """Talk without an outcome is none; a failure is one, but not with a Yes."""
    asked = ("USER", "I need a flight to Lisbon in May.")
    thanks = ("USER", "Thank you, bye.")
    done = ("ASSISTANT", "I have booked the flight TP1023 for you.")
    failed = ("ASSISTANT", "Sorry, the booking failed.")
    assert extract_episodes([asked, ("ASSISTANT", "Which airline?"), thanks], 0) == ([], 3)
    ((good,), _), ((bad,), _) = (
        extract_episodes([asked, each, thanks], 0) for each in (done, failed)
    )
    assert "<assessment>Yes</assessment>" in good
    assert "TP1023" in good
    assert "<assessment>No</assessment>" in bad
    for said in ("All tests pass now.", "It works, thanks!", "The error is resolved."):
        (episode,), _ = extract_episodes(
            [asked, ("ASSISTANT", "Try this."), ("USER", said), thanks], 0
        )
        assert "<assessment>Yes</assessment>" in episode
    assert reflect([good]) is None
    assert "Worked 1 of 2 times" in str(reflect([good, bad]))


def test_hostile_text_takes_no_time() -> None:
    """Long texts that are hard on regular expressions are extracted at once."""
    for text in (
        "goodbye" * 10_000,
        "today " * 10_000,
        "i " * 20_000,
        "(" * 50_000,
        "and but so " * 5_000,
        "a." * 40_000,
        "confirm that " * 5_000 + "?",
        "remember " * 10_000,
        "[" * 5_000,
        "translate " + "this " * 10_000,
        "here is my " + "text " * 10_000,
        "please " * 10_000,
        "\u201ci " * 10_000,
    ):
        for kind in ("SEMANTIC", "USER_PREFERENCE", "SUMMARIZATION", "EPISODIC"):
            assert len(learn(kind, ("USER", text), ("ASSISTANT", text))) <= 2
