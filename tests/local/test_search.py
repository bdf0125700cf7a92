"""The built-in ranker, stemming and sentence splitting."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async.local._language.words import sentences, stem
from agentcore_memory_async.local._search.lexical import SearchIndex, index_terms


def put(index: SearchIndex, number: int, text: str, namespace: str = "/a") -> None:
    """Index a text."""
    index.put(number, index_terms(text), namespace, len(text))


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
    """Plural, past and progressive forms of a word have the same stem."""
    assert stem(one) == stem(other)


def test_sentences_keep_abbreviations_and_numbers_whole() -> None:
    """A period in "Dr.", "3.50" or "a.m." does not end a sentence."""
    text = "Dr. Smith paid $3.50 at 6:40 a.m. on Monday. It was fine! Was it?Yes."
    assert sentences(text) == [
        "Dr. Smith paid $3.50 at 6:40 a.m. on Monday.",
        "It was fine!",
        "Was it?",
        "Yes.",
    ]


def test_rare_words_weigh_more() -> None:
    """The rare word of a query decides among records that share the common one."""
    index = SearchIndex()
    for number in range(50):
        put(index, number, f"order number {number} was placed")
    put(index, 99, "the aquarium was damaged")
    assert next(index.search("order aquarium", None))[0] == 99


def test_other_scripts_are_found() -> None:
    """Text without spaces is found by its characters, and case is ignored in any script."""
    index = SearchIndex()
    put(index, 1, "私は寿司が好きです")
    put(index, 2, "Ich mag grünen Tee")
    assert [number for number, score in index.search("寿司", None) if score > 0.1] == [1]
    assert [number for number, score in index.search("GRÜNER tee", None) if score > 0.1] == [2]


@given(
    st.lists(st.tuples(st.integers(0, 20), st.text(max_size=30)), max_size=40), st.text(max_size=30)
)
def test_scores_and_bookkeeping_hold_for_any_text(
    changes: list[tuple[int, str]], query: str
) -> None:
    """For any text, scores are from 0 to 1, and removing all documents empties the index."""
    index = SearchIndex()
    for number, text in changes:
        put(index, number, text, f"/{number % 3}")
    found = list(index.search(query, None))
    assert len(found) == len(set(found))
    assert all(0 <= score <= 1 for _, score in found)
    assert {number for number, _ in found} <= {number for number, _ in changes}
    within = {number for number, _ in index.search(query, index.members(path="/1"))}
    assert within == {number for number, _ in found if number % 3 == 1}
    for number, _ in changes:
        index.remove(number)
    assert len(index) == 0
    assert list(index.search(query, None)) == []
    assert not index.members(path="/1")
    assert not index.members(exact="/1")


def test_scores_say_how_much_of_the_query_is_answered() -> None:
    """An exact match scores 1.0; records with all, some and no words of the query follow."""
    index = SearchIndex()
    texts = (
        "late parcel",
        "The parcel that was promised for Tuesday was late again",
        "The courier left a parcel with the neighbours",
        "Enjoys hiking in the Alps",
    )
    for number, text in enumerate(texts):
        put(index, number, text)
    found = dict(index.search("late parcel", None))
    assert [0, 1, 2, 3] == list(found)
    assert 1.0 == found[0]
    assert 0.6 <= found[1] < 1.0
    assert 0.1 < found[2] < 0.6
    assert 0 <= found[3] <= 0.1


def test_a_similar_spelling_is_found() -> None:
    """A word that no record has matches one with a similar spelling."""
    index = SearchIndex()
    put(index, 1, "My restaurant reservation is at eight")
    put(index, 2, "The invoice was paid")
    number, score = next(index.search("restaurantt", None))
    assert 1 == number
    assert score > 0.3


@pytest.mark.parametrize("query", ["order", "order berlin", "order of unit 77", "a late order in"])
def test_a_large_index_ranks_as_a_small_one(query: str) -> None:
    """The shortcuts for large indexes do not change the order of the best results."""
    index, few = SearchIndex(), SearchIndex()
    cities = ("Berlin", "Oslo", "Lima", "Quito", "Seoul", "Cairo", "Paris")
    for number in range(6_000):
        late = "late " * (number % 5 == 0)
        text = (
            f"A {late}order of unit {number} for {cities[number % 7]}{' and more' * (number % 3)}"
        )
        put(index, number, text, f"/{number % 2}")
        if number % 2:
            put(few, number, text, "/1")
    within = list(islice(index.search(query, index.members(exact="/1")), 10))
    whole = [score for _, score in few.search(query, None)]
    assert sorted(whole, reverse=True) == whole
    scores = [score for _, score in within]
    assert sorted(scores, reverse=True) == scores
    assert all(number % 2 for number, _ in within)
