"""The ranker and the words beneath it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore_memory_async.local._search import SearchIndex
from agentcore_memory_async.local._text import sentences, stem


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("orders", "ordering"),
        ("delivery", "deliveries"),
        ("stopped", "stops"),
        ("preference", "preferences"),
        ("arrived", "arrive"),
        ("quickly", "quick"),
    ],
)
def test_forms_of_a_word_share_a_stem(one: str, other: str) -> None:
    """Plural, past and progressive forms meet."""
    assert stem(one) == stem(other)


def test_sentences_keep_abbreviations_and_numbers_whole() -> None:
    """A dot after Dr. or inside 3.5 or a.m. ends no sentence."""
    text = "Dr. Smith paid $3.50 at 6:40 a.m. on Monday. It was fine! Was it?Yes."
    assert sentences(text) == [
        "Dr. Smith paid $3.50 at 6:40 a.m. on Monday.",
        "It was fine!",
        "Was it?",
        "Yes.",
    ]


def test_rare_words_weigh_more() -> None:
    """Among many records about orders the rare word decides."""
    index = SearchIndex()
    for number in range(50):
        index.add(number, f"order number {number} was placed", "/a")
    index.add(99, "the aquarium was damaged", "/a")
    assert index.search("order aquarium", None)[0][0] == 99


def test_other_scripts_are_found() -> None:
    """Text without spaces between words is found by its parts."""
    index = SearchIndex()
    index.add(1, "私は寿司が好きです", "/a")
    index.add(2, "Ich mag grünen Tee", "/a")
    assert [number for number, _ in index.search("寿司", None)] == [1]
    assert [number for number, _ in index.search("GRÜNER tee", None)] == [2]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 20), st.text(max_size=30)), max_size=40), st.text(max_size=30)
)
def test_scores_and_bookkeeping_hold_for_any_text(
    changes: list[tuple[int, str]], query: str
) -> None:
    """Whatever is added, replaced and removed: scores stay in 0..1 and nothing is left over."""
    index = SearchIndex()
    for number, text in changes:
        index.add(number, text, f"/{number % 3}")
    found = index.search(query, None)
    assert all(0 <= score <= 1 for _, score in found)
    assert {number for number, _ in found} <= {number for number, _ in changes}
    within = {number for number, _ in index.search(query, index.under("/1"))}
    assert within == {number for number, _ in found if number % 3 == 1}
    for number, _ in changes:
        index.remove(number)
    assert len(index) == 0
    assert index.search(query, None) == []
    assert index.under("") == []
