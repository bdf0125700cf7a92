"""Messages that are collected: when they are written, what waits, what is named as unsent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    ClosedError,
    InvalidInputError,
    MessageBuffer,
    RetryPolicy,
    UnsentError,
    ValidationError,
)
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import manager_on, said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async._transport import Answer


class Slow(FakeTransport):
    """Takes its time, fails for a while, notes when events came."""

    def __init__(self, takes_s: float = 0.01) -> None:
        super().__init__()
        self.takes_s = takes_s
        self.came_at: list[float] = []

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Answer one request."""
        self.came_at.append(round(anyio.current_time(), 2))
        await anyio.sleep(self.takes_s)
        return await super().__call__(operation, params)

    @property
    def batches(self) -> list[list[str]]:
        """The texts of each event."""
        return [
            [item["conversational"]["content"]["text"] for item in request["payload"]]
            for request in self.sent("CreateEvent")
        ]


async def fill(buffer: MessageBuffer, count: int, first: int = 0) -> None:
    """Add *count* numbered messages."""
    for number in range(first, first + count):
        await buffer.add(said(str(number)))


async def open_session(manager: Any) -> AsyncMemorySession:
    """Get a session without a request."""
    session: AsyncMemorySession = await manager.create_memory_session("a", "s", verify=False)
    return session


@virtual_time
async def test_full_batches_are_written_at_once() -> None:
    """As soon as there are enough for one event; the rest follows after the delay."""
    service = Slow()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        async with session.buffered(max_messages=3, max_delay=2.0) as buffer:
            await fill(buffer, 7)
            await anyio.sleep(3)
            assert [["0", "1", "2"], ["3", "4", "5"], ["6"]] == service.batches
            assert service.came_at[0] == 0
            assert 2 <= service.came_at[2] <= 2.1
            assert () == buffer.unsent
            assert buffer.unsent_error is None
            assert "open, 0 pending, 7 stored" in repr(buffer)


@virtual_time
async def test_leaving_writes_what_is_left() -> None:
    """Without waiting for the delay."""
    service = Slow()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        async with session.buffered(max_delay=60) as buffer:
            await fill(buffer, 2)
        assert anyio.current_time() < 1
    assert [["0", "1"]] == service.batches


@virtual_time
async def test_flush_waits_for_what_was_added() -> None:
    """It returns when that is stored, and nothing more is asked of later messages."""
    service = Slow()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        async with session.buffered(max_delay=60) as buffer:
            await fill(buffer, 2)
            await buffer.flush()
            assert [["0", "1"]] == service.batches
            await buffer.flush()
            await fill(buffer, 1, 2)
            await anyio.sleep(10)
            assert 1 == len(service.batches)
    assert [["0", "1"], ["2"]] == service.batches


@virtual_time
async def test_too_much_waits() -> None:
    """By number and by size; what is too large for both is taken alone."""
    service = Slow(takes_s=5.0)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        async with session.buffered(max_pending=2, max_delay=0) as buffer:
            await fill(buffer, 2)
            began = anyio.current_time()
            await fill(buffer, 1, 2)
            assert anyio.current_time() - began >= 4.9
        async with session.buffered(max_pending_bytes=10, max_delay=0) as buffer:
            await buffer.add(said("x" * 50))
            began = anyio.current_time()
            await buffer.add(said("y"))
            assert anyio.current_time() - began >= 4.9


@virtual_time
async def test_who_waits_for_room_does_not_wait_for_the_delay() -> None:
    """Where the bytes are too many, what is pending is written at once."""
    transport = Slow()
    async with manager_on(transport) as manager:
        session = await open_session(manager)
        async with session.buffered(max_delay=60, max_pending_bytes=10) as buffer:
            for _ in range(3):
                await buffer.add(said("x" * 8))
            assert anyio.current_time() < 1

    assert [["x" * 8]] * 3 == transport.batches


@virtual_time
async def test_a_lost_answer_doubles_nothing() -> None:
    """The batch is sent again under its token, and later messages stay behind it."""
    service = Slow()
    service.fail("CreateEvent", "ServiceException", status=500, times=40)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        async with session.buffered(max_messages=2, max_delay=0.1) as buffer:
            await fill(buffer, 1)
            await anyio.sleep(40)
            await fill(buffer, 2, 1)
            with anyio.fail_after(300):
                await buffer.flush()
    tokens = [request["clientToken"] for request in service.sent("CreateEvent")]
    assert ["0"] == service.batches[0] == service.batches[40]
    assert {tokens[0]} == set(tokens[:41])
    assert [["1", "2"]] == service.batches[41:]


@virtual_time
async def test_a_refused_batch_ends_it() -> None:
    """Everything raises from then on, and names what was not stored; nothing is settled."""
    service = Slow()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        with pytest.raises(UnsentError) as left:  # noqa: PT012
            async with session.buffered(max_delay=0) as buffer:
                await fill(buffer, 1)
                await buffer.flush()
                service.fail("CreateEvent", "ValidationException")
                await fill(buffer, 2, 1)
                with pytest.raises(UnsentError) as caught:
                    await buffer.flush()
                with pytest.raises(UnsentError):
                    await fill(buffer, 1, 9)
    assert isinstance(caught.value.__cause__, ValidationError)
    assert ("1", "2") == tuple(message.text for message in left.value.messages)
    assert left.value.client_token is None


@virtual_time
async def test_leaving_is_bounded_and_the_batch_can_be_settled() -> None:
    """What could not be written in time is named, with the token of what may be stored."""
    service = Slow(takes_s=100)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        began = anyio.current_time()
        with pytest.raises(UnsentError) as left:
            async with session.buffered(max_messages=2, max_delay=0, close_timeout=3) as buffer:
                await fill(buffer, 3)
        assert 3 == anyio.current_time() - began
        assert (3, 2) == (len(left.value.messages), left.value.batch_size)
        service.takes_s = 0
        assert left.value.client_token is not None
        event = await session.resolve(left.value.client_token)
        assert ("0", "1") == tuple(message.text for message in event.messages)
        with pytest.raises(ClosedError, match="closed"):
            await buffer.add(said("late"))


@virtual_time
async def test_a_cancelled_block_still_writes() -> None:
    """Within the bound; ``unsent_error`` says what could not be, since nothing else can."""
    service = Slow(takes_s=1)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        with anyio.move_on_after(0.5):
            async with session.buffered(max_delay=60) as buffer:
                await fill(buffer, 2)
                await anyio.sleep(100)
        assert [["0", "1"]] == service.batches
        assert buffer.unsent_error is None

        service.takes_s = 100
        with anyio.move_on_after(0.5):
            async with session.buffered(max_delay=60, close_timeout=2) as buffer:
                await fill(buffer, 2)
                await anyio.sleep(100)
        assert buffer.unsent_error is not None
        assert buffer.unsent == buffer.unsent_error.messages
        assert buffer.unsent_error.client_token is not None


@virtual_time
async def test_an_error_in_the_block_comes_through() -> None:
    """With a note about what was not sent, if anything was not."""
    service = Slow(takes_s=100)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        with pytest.raises(KeyError) as caught:  # noqa: PT012
            async with session.buffered(close_timeout=1) as buffer:
                await fill(buffer, 1)
                raise KeyError
        assert "1 buffered message(s) were not sent" in caught.value.__notes__[0]


@virtual_time
async def test_it_is_used_inside_its_block() -> None:
    """Before, after and twice are refused, and a message that can't be right is not taken."""
    async with manager_on(FakeTransport()) as manager:
        session = await open_session(manager)
        buffer = session.buffered()
        with pytest.raises(ClosedError, match="not entered"):
            await buffer.add(said("early"))
        async with buffer:
            with pytest.raises(InvalidInputError):
                await buffer.add("text")  # type: ignore[arg-type]
            assert () == buffer.unsent
        with pytest.raises(ClosedError, match="entered once"):
            async with buffer:
                pass


@virtual_time
async def test_closing_the_manager_first_names_what_is_left() -> None:
    """A buffer on a closed manager can't write any more, and says so."""
    service = Slow()
    manager = manager_on(service)
    await manager.open()
    session = await open_session(manager)
    with pytest.raises(UnsentError) as left:  # noqa: PT012
        async with session.buffered(max_delay=60) as buffer:
            await fill(buffer, 2)
            await manager.aclose()
    assert isinstance(left.value.__cause__, ClosedError)
    assert 2 == len(left.value.messages)


@virtual_time
async def test_closing_the_manager_does_not_settle_what_was_lost() -> None:
    """A batch whose answer was lost before may be stored still, and keeps its token."""
    service = Slow()
    service.fail("CreateEvent", "ServiceException", status=500, times=1000)
    manager = manager_on(service, retry=RetryPolicy(max_attempts=2))
    await manager.open()
    session = await open_session(manager)
    with pytest.raises(UnsentError) as left:  # noqa: PT012
        async with session.buffered(max_delay=0) as buffer:
            await fill(buffer, 2)
            await anyio.sleep(5)
            await manager.aclose()
    assert left.value.client_token == service.sent("CreateEvent")[0]["clientToken"]
