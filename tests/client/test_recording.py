"""Recorded turns: stored whole, or as far as they got, however their reader leaves."""

from __future__ import annotations

import asyncio
import gc
import threading
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, Self

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async import (
    InvalidInputError,
    MessageRole,
    ServiceLimits,
)
from agentcore_memory_async._wire import payloads
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.buffers import RecordingService, open_session
from tests.client.doubles import manager_on, said
from tests.client.recordings import Model, read, stored

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator

    from agentcore_memory_async import RecordedTurn


async def leave(turn: RecordedTurn) -> None:
    """Leave after the first chunk, and drop the turn."""
    async for _ in turn:
        break


async def leave_and_close(turn: RecordedTurn) -> None:
    """Leave after the first chunk, and close the turn."""
    async with aclosing(turn):
        await anext(turn)


async def fail(turn: RecordedTurn) -> None:
    """Fail at the second chunk."""
    with suppress(ZeroDivisionError):
        async for chunk in turn:
            _ = 1 / (chunk != "one ")


async def be_cancelled(turn: RecordedTurn) -> None:
    """Be cancelled by a scope while the second chunk is awaited."""
    with anyio.move_on_after(1.5):
        await read(turn)


async def be_cancelled_natively(turn: RecordedTurn) -> None:
    """Be cancelled as a task while the second chunk is awaited."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().call_later(1.5, task.cancel)
    with suppress(asyncio.CancelledError):
        await read(turn)
    task.uncancel()


async def be_cancelled_while_sending(turn: RecordedTurn) -> None:
    """Be cancelled while the first chunk is sent, in a task, with the turn in a cycle."""
    cycle: list[Any] = [turn]
    cycle.append(cycle)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send, turn, anyio.sleep_forever)
        await anyio.sleep(1.5)
        tasks.cancel_scope.cancel()


async def fail_while_sending(turn: RecordedTurn) -> None:
    """Fail while the first chunk is sent, in a task, with the turn in a cycle."""
    cycle: list[Any] = [turn]
    cycle.append(cycle)
    with suppress(ExceptionGroup):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send, turn, broken_pipe)


async def send(turn: RecordedTurn, write: Callable[[], Awaitable[None]]) -> None:
    """Read a turn, and write each chunk somewhere."""
    async for _ in turn:
        await write()


async def broken_pipe() -> None:
    """Fail as a connection does that the other end has closed."""
    raise BrokenPipeError


async def hide_in_a_cycle(turn: RecordedTurn) -> None:
    """Leave the turn to the garbage collector."""
    cycle: list[Any] = [turn]
    cycle.append(cycle)
    await anext(turn)
    del turn, cycle
    gc.collect()


ONE = ["U: hi", "A: one "]
WAYS: dict[str, tuple[Callable[[RecordedTurn], Awaitable[object]], list[str], bool]] = {
    "read to its end": (read, ["U: hi", "A: one two three"], False),
    "left and dropped": (leave, ONE, True),
    "left and closed": (leave_and_close, ONE, True),
    "failed": (fail, ONE, True),
    "cancelled": (be_cancelled, ONE, True),
    "cancelled natively": (be_cancelled_natively, ONE, True),
    "cancelled while sending": (be_cancelled_while_sending, ONE, True),
    "failed while sending": (fail_while_sending, ONE, True),
    "in a cycle": (hide_in_a_cycle, ONE, True),
}


@pytest.mark.parametrize("way", WAYS)
@virtual_time
async def test_a_turn_is_stored_however_its_reader_leaves(way: str) -> None:
    """
    The turn is stored as one event, as far as it came, and its source is closed; what the session
    writes afterwards comes after it.
    """
    consume, texts, is_interrupted = WAYS[way]
    service, model = RecordingService(takes_s=3), Model()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        await consume(session.record_turn("hi", model.stream()))
        await session.add_turns([said("next")])
        await anyio.sleep(10)

        assert stored(service) == [(texts, is_interrupted), (["U: next"], False)]
        assert model.closed
        assert {asyncio.current_task()} == asyncio.all_tasks()


@virtual_time
async def test_each_chunk_may_be_read_by_a_task_of_its_own() -> None:
    """A task that ends well after its chunk ends no turn."""
    service = FakeTransport()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        turn = session.record_turn("hi", Model().stream())
        for _ in range(3):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anext, turn)
        assert [] == await read(turn)

    assert stored(service) == [(["U: hi", "A: one two three"], False)]


@virtual_time
async def test_a_second_reader_does_not_end_the_turn() -> None:
    """Who reads while another one awaits a chunk is refused, and the turn is stored as a whole."""
    service = FakeTransport()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        turn = session.record_turn("hi", Model().stream())
        reading = asyncio.ensure_future(read(turn))  # noqa: TID251 - the first reader
        await anyio.sleep(0.5)
        with pytest.raises(RuntimeError, match="another task"):
            await read(turn)
        assert ["one ", "two ", "three"] == await reading

    assert stored(service) == [(["U: hi", "A: one two three"], False)]


@virtual_time
async def test_a_turn_whose_source_fails_is_stored() -> None:
    """An error of the source reaches the reader, and what came before it is stored."""
    service = FakeTransport()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        with pytest.raises(KeyError, match="one"):
            await read(session.record_turn("hi", Model(fails=True).stream()))

    assert stored(service) == [(ONE, True)]


@virtual_time
async def test_a_turn_that_nobody_begins_to_read_is_the_users_message() -> None:
    """Where the reader left before the first chunk or never began, what the user said is stored."""
    service = FakeTransport()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        session.record_turn("never read", Model().stream())
        await session.record_turn("closed at once", ["a"]).aclose()
        with anyio.move_on_after(0.5):
            await read(session.record_turn("left early", Model().stream()))

    expected = ["never read", "closed at once", "left early"]
    assert stored(service) == [([f"U: {text}"], True) for text in expected]


class BlockingChunks:
    """
    Chunks of a connection, as an iterator that is no generator.

    Attributes:
        closed: Set once the connection is closed.
    """

    def __init__(self) -> None:
        self.closed = threading.Event()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        return "a"

    def close(self) -> None:
        """Close the connection."""
        self.closed.set()


class AsyncChunks:
    """
    The same, but awaited.

    Attributes:
        closed: Set once the connection is closed.
    """

    def __init__(self) -> None:
        self.closed = threading.Event()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        return "a"

    async def aclose(self) -> None:
        """Close the connection."""
        self.closed.set()


@pytest.mark.parametrize("chunks", [BlockingChunks, AsyncChunks])
@pytest.mark.parametrize("way", ["closed", "dropped", "cancelled"])
async def test_chunks_that_nobody_began_to_read_are_closed(
    chunks: Callable[[], BlockingChunks | AsyncChunks], way: str
) -> None:
    """A connection that nobody reads is not left open, so that its other end learns of it."""
    connection = chunks()
    service = FakeTransport()
    async with manager_on(service, clock=None) as manager:
        session = await open_session(manager)

        async def hold() -> None:
            turn = session.record_turn("hi", connection)
            if way == "closed":
                await turn.aclose()
            elif way == "cancelled":
                held.append(turn)
                await anyio.sleep_forever()

        held: list[RecordedTurn] = []
        holder = asyncio.ensure_future(hold())  # noqa: TID251 - what is cancelled
        await asyncio.sleep(0.01)
        holder.cancel()
        with anyio.fail_after(5):
            while not connection.closed.is_set():
                await asyncio.sleep(0.001)
    assert stored(service) == [(["U: hi"], True)]


@pytest.mark.parametrize("chunks", [[], [""], ("", "")])
@virtual_time
async def test_an_empty_answer_is_left_out(chunks: Any) -> None:
    """An answer without text is complete, and only the message of the user is stored."""
    service = FakeTransport()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        assert list(chunks) == await read(session.record_turn("hi", chunks))

    assert stored(service) == [(["U: hi"], False)]


@virtual_time
async def test_what_comes_after_the_end_is_not_stored() -> None:
    """A turn that was closed ends, and closing, reading or dropping it again stores nothing."""
    service = FakeTransport()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        turn = session.record_turn("hi", ["a", "b"])
        assert "a" == await anext(turn)
        assert "<RecordedTurn recording, 1 chunks>" == repr(turn)
        await turn.aclose()
        await turn.aclose()
        assert [] == await read(turn)
        assert "<RecordedTurn handed over, 1 chunks>" == repr(turn)
        del turn

    assert stored(service) == [(["U: hi", "A: a"], True)]


async def test_blocking_chunks_do_not_hold_the_loop() -> None:
    """An iterator that may block runs in threads and is closed; its errors reach the reader."""
    ended: list[str] = []

    def words(*, fails: bool) -> Iterator[str]:
        try:
            yield threading.current_thread().name
            if fails:
                raise KeyError
        finally:
            ended.append("closed")

    service = FakeTransport()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        [name] = await read(session.record_turn("1", words(fails=False)))
        await leave_and_close(session.record_turn("2", words(fails=False)))
        with pytest.raises(KeyError):
            await read(session.record_turn("3", words(fails=True)))
    assert threading.current_thread().name != name
    assert ["closed"] * 3 == ended
    assert [False, True, True] == [is_interrupted for _, is_interrupted in stored(service)]


async def test_a_cancelled_blocking_step_is_closed_when_it_ends() -> None:
    """A reader that is cancelled during a blocking step leaves, and the iterator is closed."""
    go_on, closed = threading.Event(), threading.Event()

    def words() -> Iterator[str]:
        try:
            yield "one "
            go_on.wait(10)
            yield "two"
        finally:
            closed.set()

    service = FakeTransport()
    async with manager_on(service, clock=None) as manager:
        session = await open_session(manager)
        turn = session.record_turn("hi", words())
        await anext(turn)
        step = asyncio.ensure_future(read(turn))  # noqa: TID251 - what is cancelled
        await asyncio.sleep(0.01)
        asyncio.get_running_loop().call_later(0.05, go_on.set)
        step.cancel()
        with pytest.raises(asyncio.CancelledError):
            await step
        assert closed.is_set()
    assert stored(service) == [(ONE, True)]


async def test_a_turn_that_another_thread_drops_is_stored() -> None:
    """A turn whose last reference is dropped by another thread is stored."""
    service = FakeTransport()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        held = [session.record_turn("hi", ["ho"])]
        await anext(held[0])
        await asyncio.to_thread(held.clear)
    assert stored(service) == [(["U: hi", "A: ho"], True)]


class CountedTask(asyncio.Task[None]):
    """A task that counts the callbacks for its end, which removing one goes through."""

    callbacks = 0

    def add_done_callback(self, *args: Any, **options: Any) -> None:
        """Count one more."""
        self.callbacks += 1
        super().add_done_callback(*args, **options)


@virtual_time
async def test_a_task_has_one_callback_for_all_its_turns_and_ends_them_in_order() -> None:
    """Thousands of turns of one task cost each the same, read or not."""
    service = FakeTransport()

    async def callbacks_of(count: int) -> int:
        turns: list[RecordedTurn] = []

        async def begin() -> None:
            turns.extend(session.record_turn(str(number), ["ho"]) for number in range(count))
            del turns[::2]
            raise ZeroDivisionError

        task = CountedTask(begin())
        with suppress(ZeroDivisionError):
            await task
        return task.callbacks

    async with manager_on(service, limits=ServiceLimits(None, None)) as manager:
        session = await open_session(manager)
        assert await callbacks_of(100) == await callbacks_of(1)
    numbers = *range(0, 100, 2), *range(1, 100, 2), 0
    assert stored(service) == [([f"U: {number}"], True) for number in numbers]


@pytest.mark.parametrize("chunk", [None, 5, b"bytes", ["text"]], ids=lambda chunk: str(type(chunk)))
@virtual_time
async def test_a_chunk_that_is_no_text_is_refused(chunk: Any) -> None:
    """A chunk that is not a str is an error that names its place, and the turn is stored so far."""
    service, model = FakeTransport(), Model()

    async def chunks() -> AsyncGenerator[str]:
        async with aclosing(model.stream()) as words:
            yield await anext(words)
            yield chunk

    async with manager_on(service) as manager:
        session = await open_session(manager)
        with pytest.raises(InvalidInputError, match="chunk 1 is"):
            await read(session.record_turn("hi", chunks()))
    assert stored(service) == [(ONE, True)]
    assert model.closed


@virtual_time
async def test_long_texts_become_several_messages() -> None:
    """
    A text over the limits of a message becomes several of one event, and of several events where
    there are too many; joined they are the text.
    """
    service = FakeTransport()
    question, answer = "q" * 100_001, ["é" * 1_000_000, "\U0001f600" * 3_000_000]
    async with manager_on(service) as manager:
        session = await open_session(manager)
        await read(session.record_turn(question, answer))
    sent = [message for texts, _ in stored(service) for message in texts]
    assert question == "".join(text[3:] for text in sent if text.startswith("U"))
    assert "".join(answer) == "".join(text[3:] for text in sent if text.startswith("A"))
    assert 2 == len(stored(service))
    for request in service.sent("CreateEvent"):
        assert len(request["payload"]) <= 100


@given(st.text(st.characters(codec=None)), st.integers(1, 5))
def test_any_answer_can_be_stored(answer: str, scale: int) -> None:
    """Every answer becomes messages within the limits, also with halves of surrogate pairs."""
    answer *= scale
    messages = payloads.turn_messages("hi", answer)

    assert payloads.check_messages(messages) == messages
    whole = answer.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert whole == "".join(each.text for each in messages if each.role is MessageRole.ASSISTANT)


@pytest.mark.parametrize("bad", [None, 5, "text", b"bytes", anyio.sleep])
@virtual_time
async def test_what_has_no_chunks_is_refused(bad: Any) -> None:
    """Anything but an iterable of texts is refused before anything is asked or stored."""
    service = FakeTransport()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        with pytest.raises(InvalidInputError, match="chunks is"):
            session.record_turn("hi", bad)
    assert [] == service.requests
