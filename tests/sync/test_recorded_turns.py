"""Turns that are recorded while their answers are streamed, in the sync API."""

from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import ClosedError, InvalidInputError
from agentcore_memory_async.sync import MemorySession, MemorySessionManager
from agentcore_memory_async.testing import FakeTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agentcore_memory_async.sync import BlockingRecordedTurn


class Model:
    """
    Streams an answer.

    Attributes:
        closed: Set once its stream was closed or read to its end; in another thread, so soon
            after its reader has gone.
    """

    def __init__(self, *chunks: str, error: Exception | None = None) -> None:
        self._chunks = chunks
        self._error = error
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[str]:
        try:
            yield from self._chunks
            if self._error is not None:
                raise self._error
        finally:
            self.closed.set()


@pytest.fixture
def transport() -> FakeTransport:
    """Return the service."""
    return FakeTransport()


@pytest.fixture
def manager(transport: FakeTransport) -> MemorySessionManager:
    """Return a manager that is not open yet."""
    return MemorySessionManager("chat-a1B2c3D4e5", transport=transport)


@pytest.fixture
def session(manager: MemorySessionManager) -> MemorySession:
    """Return a session of it."""
    return MemorySession(manager, "user1", "chat1")


def stored(manager: MemorySessionManager, transport: FakeTransport) -> list[tuple[list[str], bool]]:
    """Close the manager, and return the texts of each event, and whether it was interrupted."""
    manager.close()
    events: list[dict[str, Any]] = [
        dict(each.params) for each in transport.requests if each.operation == "CreateEvent"
    ]
    return [
        (
            [item["conversational"]["content"]["text"] for item in event["payload"]],
            "interrupted" in event.get("metadata", {}),
        )
        for event in events
    ]


def test_a_whole_answer_is_stored(
    manager: MemorySessionManager, session: MemorySession, transport: FakeTransport
) -> None:
    """All chunks pass, and the turn is one event; the manager opens by itself."""
    model = Model("Tues", "day", ".")
    assert ["Tues", "day", "."] == list(session.record_turn("When?", iter(model)))
    assert model.closed.wait(10)
    assert [(["When?", "Tuesday."], False)] == stored(manager, transport)


def leave(turn: BlockingRecordedTurn) -> None:
    """Leave a ``for`` loop that nobody else refers to."""
    for _ in turn:
        return


def close(turn: BlockingRecordedTurn) -> None:
    """Close it after a chunk, as a WSGI server does."""
    next(turn)
    turn.close()


def end(turn: BlockingRecordedTurn) -> None:
    """Hand it over after a chunk, and go on reading."""
    next(turn)
    turn.end()
    assert ["b", "c"] == list(turn)


@pytest.mark.parametrize("way", [leave, close, end])
def test_what_the_reader_got_is_stored(
    manager: MemorySessionManager,
    session: MemorySession,
    transport: FakeTransport,
    way: Callable[[BlockingRecordedTurn], None],
) -> None:
    """A reader that leaves after a chunk leaves a turn with this one alone, and closed chunks."""
    model = Model("a", "b", "c")
    way(session.record_turn("q", iter(model)))
    gc.collect()
    assert [(["q", "a"], True)] == stored(manager, transport)
    assert model.closed.wait(10)


def test_a_turn_that_is_never_read_is_stored(
    manager: MemorySessionManager, session: MemorySession, transport: FakeTransport
) -> None:
    """The user's message is stored where no chunk is read."""
    session.record_turn("q", ["a"])
    gc.collect()
    assert [(["q"], True)] == stored(manager, transport)


def test_an_error_of_the_model_is_raised_and_the_turn_stored(
    manager: MemorySessionManager, session: MemorySession, transport: FakeTransport
) -> None:
    """The reader gets the model's own error, after the chunks before it."""
    error = ConnectionError("the model is gone")
    turn = session.record_turn("q", iter(Model("a", error=error)))
    assert "a" == next(turn)
    with pytest.raises(ConnectionError) as caught:
        next(turn)
    assert caught.value is error
    assert [(["q", "a"], True)] == stored(manager, transport)


def test_the_chunks_may_use_the_facade(
    manager: MemorySessionManager, session: MemorySession, transport: FakeTransport
) -> None:
    """The chunks are read in another thread than the facade's own, so they may call it."""

    def answer() -> Iterator[str]:
        yield str(len(session.get_last_k_turns()))

    assert ["0"] == list(session.record_turn("q", answer()))
    assert [(["q", "0"], False)] == stored(manager, transport)


def test_wrong_arguments_and_closed_managers_are_refused(
    manager: MemorySessionManager, session: MemorySession
) -> None:
    """Both are refused at the call."""
    with pytest.raises(InvalidInputError, match="chunks is int"):
        session.record_turn("q", 1)  # type: ignore[arg-type]
    manager.close()
    with pytest.raises(ClosedError):
        session.record_turn("q", ["a"])
