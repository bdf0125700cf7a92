"""Blocking iterators: chunks, early ends, errors."""

from __future__ import annotations

import contextlib
import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.sync.sync_toys import Toy

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def hops(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the calls to the loop thread."""
    counted: list[int] = []
    call = toy._backing.call

    def counting(*args: object) -> object:
        counted.append(1)
        return call(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(toy._backing, "call", counting)
    return counted


def test_yields_all(toy: Toy) -> None:
    """An iterator yields all items in order, and ends the async iterator."""
    assert (list(toy.count(1000)), toy.inner.running) == (list(range(1000)), 0)


def test_yields_none(toy: Toy) -> None:
    """An empty iterator ends at once, and again when asked again."""
    numbers = toy.count(0)
    assert (list(numbers), list(numbers)) == ([], [])


def test_begins_with_the_first_next(toy: Toy) -> None:
    """Creating an iterator sends nothing."""
    numbers = toy.count(5)
    before = list(toy.inner.log)
    assert (before, next(numbers)) == ([], 0)


def test_items_come_in_chunks(toy: Toy, hops: list[int]) -> None:
    """A page takes a few calls to the loop thread, not one per item."""
    assert (len(list(toy.count(1000, page=100))), len(hops) < 40) == (1000, True)


def test_chunks_grow_up_to_128_items(toy: Toy) -> None:
    """The first has one item, so that it comes soon; each has twice as many as the last."""
    numbers = toy.count(1000, page=1000)
    asked: list[int] = []
    for _ in numbers:
        if asked[-1:] != [numbers._most]:
            asked.append(numbers._most)

    assert [2, 4, 8, 16, 32, 64, 128] == asked


def test_first_item_asks_for_one_page(toy: Toy) -> None:
    """Taking a few items of a page does not request the next page."""
    numbers = toy.count(1000, page=100)
    assert list(itertools.islice(numbers, 60)) == list(range(60))
    assert [entry for entry in toy.inner.log if "page" in entry] == ["page 0"]
    numbers.close()


def test_items_are_not_held_back(toy: Toy) -> None:
    """An item is yielded as soon as it is available."""
    events = toy.call_back(lambda: [anyio.Event() for _ in range(4)])
    assert isinstance(events, list)
    numbers = toy.drip(events)
    found = []
    for event in events:
        toy.call_back(event.set)
        found.append(next(numbers))
    assert (found, list(numbers)) == ([0, 1, 2, 3], [])


def test_break_closes(toy: Toy) -> None:
    """Leaving a loop early closes the async iterator before the next call is sent."""
    for number in toy.count(1000):
        if number == 15:
            break
    toy.echo("a")
    toy.echo("b")
    assert toy.inner.running == 0


def test_close_waits(toy: Toy) -> None:
    """``close()`` returns when the async iterator has cleaned up, and can be repeated."""
    with contextlib.closing(toy.count(1000)) as numbers:
        next(numbers)
        running = toy.inner.running
    numbers.close()
    assert (running, toy.inner.running, list(numbers)) == (1, 0, [])


def test_close_before_the_first_item(toy: Toy) -> None:
    """Closing an iterator that never began sends no request."""
    numbers = toy.count(10)
    numbers.close()
    assert (list(numbers), toy.inner.log) == ([], [])


def test_close_cancels_a_running_step(toy: Toy) -> None:
    """``close()`` cancels a step that runs ahead within a chunk."""
    events = toy.call_back(lambda: [anyio.Event() for _ in range(4)])
    assert isinstance(events, list)
    for event in events[:2]:
        toy.call_back(event.set)
    numbers = toy.drip(events)
    assert list(itertools.islice(numbers, 2)) == [0, 1]
    numbers.close()
    assert list(numbers) == []


def test_error_comes_after_the_items(toy: Toy) -> None:
    """Items before an error are yielded first, and the iterator ends after the error."""
    numbers = toy.break_after(3)
    found = list(itertools.islice(numbers, 3))
    with pytest.raises(ValueError, match="broken"):
        next(numbers)
    assert (found, list(numbers)) == ([0, 1, 2], [])


def test_threads_share_one(toy: Toy) -> None:
    """Threads that share an iterator get each item once."""
    numbers = toy.count(500)

    def some() -> list[int]:
        return list(itertools.islice(numbers, 100))

    with ThreadPoolExecutor(4) as threads:
        parts = [threads.submit(some) for _ in range(4)]
        found = [number for part in parts for number in part.result()]
    assert (len(found), len(set(found))) == (400, 400)
    numbers.close()


def test_many_left_early_leave_nothing(toy: Toy) -> None:
    """Iterators that are left early leave no task behind."""

    def first(numbers: Iterator[int]) -> int:
        return next(numbers)

    toy.echo("open")
    before = len(toy._backing.thread("x").closers)
    assert {first(toy.count(100)) for _ in range(500)} == {0}
    toy.echo("a")
    toy.echo("b")
    left = len(toy._backing.thread("x").closers)
    assert (toy.inner.running, left <= before) == (0, True)


def test_outlives_its_facade() -> None:
    """An iterator keeps the object open that it reads from."""
    numbers = Toy("toy").count(100)
    assert list(numbers) == list(range(100))


def test_closing_the_facade_ends_it_without_waiting(toy: Toy) -> None:
    """Closing the facade does not wait for iterators, which can still be closed."""
    numbers = toy.count(100)
    next(numbers)
    toy.close()
    numbers.close()
    assert toy.inner.running == 0
