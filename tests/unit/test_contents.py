"""The text of a record is recognized by its form; whatever comes, it can be read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html import escape
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async.local._heuristics.episodes import extract_episodes, reflect
from agentcore_memory_async.local._heuristics.summaries import summarize
from agentcore_memory_async.models import (
    Episode,
    Fact,
    MemoryRecord,
    Preference,
    Reflection,
    Summary,
    Topic,
)

NOW = datetime(2026, 11, 27, tzinfo=UTC)
DEEP = 100_000
PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(
    lambda text: f"x{text}x"
)


def record(content: str) -> MemoryRecord:
    """Return a record with *content*."""
    return MemoryRecord("/a/", content, None, NOW)


@pytest.mark.parametrize(
    ("content", "parsed", "text"),
    [
        ("The user is Anna.", Fact("The user is Anna."), "The user is Anna."),
        ("", Fact(""), ""),
        ('{"fact": "The user is Anna."}', Fact("The user is Anna."), "The user is Anna."),
        (
            '{"context": "said so", "preference": "Prefers tea", "categories": ["drinks", 7]}',
            Preference("Prefers tea", "said so", ("drinks", "7")),
            "Prefers tea",
        ),
        ('{"preference": "Prefers tea"}', Preference("Prefers tea"), "Prefers tea"),
        (
            "<topic name=\"A &amp; B\">They <b>met</b>.</topic>\n<topic name='C'>x &lt; y</topic>",
            Summary((Topic("A & B", "They  met ."), Topic("C", "x < y"))),
            "A & B: They  met .\nC: x < y",
        ),
        (
            '<summary>Early. <topic id="1" name="A">x</topic> Late.</summary>',
            Summary((Topic("", "Early."), Topic("A", "x"), Topic("", "Late."))),
            "Early.\nA: x\nLate.",
        ),
        (
            "In short: <topic\nname = 'A > B' lang=en>1 < 3 > 2</topic>",
            Summary((Topic("", "In short:"), Topic("A > B", "1 < 3 > 2"))),
            "In short:\nA > B: 1 < 3 > 2",
        ),
        (
            '<?xml version="1.0"?>\n<!-- new --><summary>They met.</summary>',
            Summary((Topic("", "They met."),)),
            "They met.",
        ),
        (
            "<episode lang='en'>\n<situation a=\"1\">A flight.</situation></episode>",
            Episode("A flight."),
            "A flight.",
        ),
        (
            (
                "<episode><situation>A flight.</situation><intent>A seat</intent>"
                "<assessment>Yes</assessment><justification>It was booked.</justification>"
                "</episode>"
            ),
            Episode("A flight.", "A seat", "Yes", "It was booked."),
            "A flight.\nGoal reached: Yes. It was booked.",
        ),
        (
            (
                "<reflection><title>Seats</title><use_cases>Flights</use_cases>"
                "<hints>Ask first</hints><confidence>0.8</confidence></reflection>"
            ),
            Reflection("Seats", "Flights", "Ask first", "0.8"),
            "Seats\nFlights\nAsk first",
        ),
        (
            '{"title": "Seats", "use_cases": ["a", "b"], "hints": "Ask", "confidence": 0.8}',
            Reflection("Seats", "a\nb", "Ask", "0.8"),
            "Seats\na\nb\nAsk",
        ),
        ('{"title": "Seats", "hints": "Ask"}', Reflection("Seats", "", "Ask"), "Seats\nAsk"),
        (
            '{"title": "Seats", "use_cases": "Flights"}',
            Reflection("Seats", "Flights"),
            "Seats\nFlights",
        ),
        (
            "<episode><situation>First.</situation><situation>Second.</situation></episode>",
            Episode("First."),
            "First.",
        ),
    ],
)
def test_known_forms(content: str, parsed: object, text: str) -> None:
    """Each strategy's text is read as its parts, and as what a person reads."""
    assert (parsed, text) == (record(content).parsed, record(content).text)


@pytest.mark.parametrize(
    "content",
    [
        '{"other',
        "{}",
        '{"other": 1}',
        '{"title": "Seats"}',
        '{"hints": "Ask", "use_cases": "Flights"}',
        '{"preference": null}',
        '{"preference": ["nested", {"a": 1}], "title": 3}'[:-1],
        "<unknown>x</unknown>",
        "<topic name=>x</topic>",
        "<situation>",
        '{"hints": ' + "[" * DEEP + "]" * DEEP + "}",
        '{"a": 1e999, "b": NaN}',
    ],
)
def test_unknown_forms_stay_as_they_are(content: str) -> None:
    """JSON and XML of another form is its own text, and raises nothing."""
    assert (None, content) == (record(content).parsed, record(content).text)


@pytest.mark.parametrize(
    "content",
    [
        "<3 is what Anna writes.",
        "< 5 years old",
        "{braces} are what Anna uses.",
        "{",
        "Anna closes <b> with </b>.",
        "A page has <topic name='x'> on it.",
        "1 <2> 3",
    ],
)
def test_a_sentence_with_marks_is_a_fact(content: str) -> None:
    """What only looks like XML or JSON is a sentence, and nothing of it is lost."""
    assert (Fact(content), content) == (record(content).parsed, record(content).text)


LONG = 160_000
HOSTILE = [
    *("<", "<a", '<a "', "<a '\"", "\"<a'", "<topic ", '<topic name="a">', '<topic name="a"> &'),
    *("<situation>", "<situation>x</situation", "</topic>", "<summary>", "<!--", '{"', "&#", " "),
]
"""Beginnings that a parser might look through again and again."""


@pytest.mark.parametrize(
    "content",
    [
        *((unit * LONG)[:LONG] for unit in HOSTILE),
        "<" + "a" * LONG,
        "<topic " + " name" * (LONG // 5) + "></topic>",
        "<topic " + " " * LONG + "='a'></topic>",
    ],
    ids=lambda content: content[:20],
)
def test_reading_takes_linear_time(content: str) -> None:
    """Ten times the longest record is read in a moment, whatever it is made of."""
    started = perf_counter()
    assert isinstance(record(content).text, str)
    assert perf_counter() - started < 2


@given(
    st.text()
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["preference", "categories", "title", "hints", "situation", "fact"])
                | st.text(),
                inner,
            )
        ),
    ).map(json.dumps)
    | st.text().map(lambda text: "<" + text)
)
def test_nothing_raises(content: str) -> None:
    """Whatever the text is, it can be read."""
    assert isinstance(record(content).text, str)


@given(st.lists(st.tuples(PLAIN, PLAIN), min_size=1, max_size=4))
def test_a_summary_comes_back(topics: list[tuple[str, str]]) -> None:
    """Names and texts of topics come back as they were escaped."""
    xml = "".join(f'<topic name="{escape(name)}">{escape(text)}</topic>' for name, text in topics)
    assert Summary(tuple(Topic(name, text) for name, text in topics)) == record(xml).parsed


def test_what_the_local_service_writes_is_read() -> None:
    """Summaries, episodes and reflections of the local service are known forms."""
    said = [
        ("USER", "I need a window seat on the flight to Lisbon."),
        ("ASSISTANT", "I have booked the window seat 14A for you."),
        ("USER", "Thank you, that is all."),
    ]
    episodes, _ = extract_episodes(said, 0)
    reflection = reflect(episodes * 2)
    assert reflection is not None
    found = [type(record(text).parsed) for text in (*summarize(said), *episodes, reflection)]
    assert {Summary, Episode, Reflection} == set(found)
