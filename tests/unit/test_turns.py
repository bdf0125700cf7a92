"""The newest *k* messages are correct for any pages, ties and custom events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async._wire.turns import Newest, chronological, is_on_branch, turns
from agentcore_memory_async.models import Branch, ConversationalMessage, Event, MessageRole, Turn

START = datetime(2026, 1, 1, tzinfo=UTC)


def event(at_ms: int, number: int, messages: int) -> Event:
    """Return an event with *messages* messages; *number* makes its id unique."""
    return Event(
        event_id=f"{at_ms:019d}#{number:08x}",
        event_type=None if messages else "custom",
        payload=None if messages else {"n": number},
        messages=tuple(
            ConversationalMessage(f"{number}.{index}", MessageRole.USER)
            for index in range(messages)
        ),
        timestamp=START + timedelta(milliseconds=at_ms),
        actor_id="a",
        session_id="s",
    )


def brute_force(events: list[Event], k: int) -> list[Turn]:
    """Sort all events, flatten them, and cut to *k*."""
    return [
        Turn(message.role, message.text, each.timestamp)
        for each in sorted(events, key=lambda each: (each.timestamp, each.event_id))
        for message in each.messages
    ][-k:]


@given(
    specs=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), max_size=30),
    sizes=st.lists(st.integers(0, 5), min_size=1, max_size=40),
    k=st.integers(1, 12),
    chance=st.randoms(use_true_random=False),
)
def test_last_turns_are_those_of_a_brute_force_model(
    specs: list[tuple[int, int]], sizes: list[int], k: int, chance: object
) -> None:
    """The last turns equal those of sorting everything, with ties, long events and empty pages."""
    events = [event(at, number, count) for number, (at, count) in enumerate(specs)]
    listed = events.copy()
    chance.shuffle(listed)  # type: ignore[attr-defined]
    listed.sort(key=lambda each: each.timestamp, reverse=True)  # ties stay shuffled
    last = Newest(k)
    position = 0
    for size in [*sizes, len(listed)]:
        if last.complete:
            break
        last.feed(listed[position : position + size])
        position += size

    assert brute_force(events, k) == turns(last.events())[-k:]


def test_reading_stops_once_an_older_event_was_seen() -> None:
    """Reading stops at the first page after which ties are certain."""
    last = Newest(2)
    last.feed([event(9, 1, 1), event(8, 2, 1)])
    assert not last.complete
    last.feed([])
    assert not last.complete
    last.feed([event(8, 3, 1)])
    assert not last.complete
    last.feed([event(7, 4, 0)])
    assert last.complete


def test_a_branch_is_read_up_to_the_fork_and_nothing_else_counts() -> None:
    """Events of other branches, and those after the fork, are passed over, whatever their time."""
    fork = event(5, 2, 1)
    below = Newest(3)
    below.feed([event(5, 1, 1)])
    last = below.above(fork)
    assert 2 == last.missing
    last.feed([event(5, 3, 1), fork, evolve(event(5, 1, 1), branch=Branch("b")), event(4, 4, 1)])
    assert not last.complete
    last.feed([evolve(event(3, 5, 1), branch=Branch("b")), event(3, 6, 1)])
    assert last.complete
    assert ["4.0", "2.0"] == [turn.text for turn in turns(last.events())]


@pytest.mark.parametrize(("name", "expected"), [(None, False), ("b", True), ("c", False)])
def test_an_event_is_on_one_branch(name: str | None, expected: bool) -> None:
    """An event belongs to one branch, and None is the main branch."""
    on_b = evolve(event(1, 1, 1), branch=Branch("b"))

    assert expected == is_on_branch(on_b, name)
    assert is_on_branch(event(1, 1, 1), None)


def test_chronological_sorts_by_id_within_a_millisecond() -> None:
    """Events of the same millisecond are ordered by id."""
    events = [event(1, 3, 1), event(1, 1, 1), event(0, 9, 1)]

    assert [events[2], events[1], events[0]] == chronological(events)
