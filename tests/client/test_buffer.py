"""Buffered messages: when they are written, what blocks, and what is reported as unsent."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any
from unittest import mock

import anyio
import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    ClosedError,
    ForkedError,
    InvalidInputError,
    MessageBuffer,
    OutcomeUnknownError,
    RetryPolicy,
    UnsentError,
    ValidationError,
    WrongLoopError,
)
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import SlowService, manager_on, said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async._transport.base import Answer


class RecordingService(FakeTransport):
    """Answer after a delay, and record when requests arrived."""

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
    """Return a session that was made without a request."""
    session: AsyncMemorySession = await manager.create_memory_session("a", "s", verify=False)
    return session


@virtual_time
async def test_full_batches_are_written_at_once() -> None:
    """A full batch is written at once, and the rest follows after the delay."""
    service = RecordingService()
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
    """Leaving the block writes what is pending without waiting for the delay."""
    service = RecordingService()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        async with session.buffered(max_delay=60) as buffer:
            await fill(buffer, 2)
        assert anyio.current_time() < 1
    assert [["0", "1"]] == service.batches


@virtual_time
async def test_flush_waits_for_what_was_added() -> None:
    """
    ``flush`` returns when everything added before it is stored, and does not affect
    later messages.
    """
    service = RecordingService()
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
async def test_add_waits_while_too_much_is_pending() -> None:
    """
    ``add`` waits while too many messages or bytes are pending, and takes one oversized message
    alone.
    """
    service = RecordingService(takes_s=5.0)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        async with session.buffered(max_pending=2, max_delay=0, close_timeout=60) as buffer:
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
async def test_a_full_buffer_is_written_before_the_delay() -> None:
    """Pending messages are written at once when ``add`` waits for room."""
    transport = RecordingService()
    async with manager_on(transport) as manager:
        session = await open_session(manager)
        async with session.buffered(max_delay=60, max_pending_bytes=10) as buffer:
            for _ in range(3):
                await buffer.add(said("x" * 8))
            assert anyio.current_time() < 1

    assert [["x" * 8]] * 3 == transport.batches


@virtual_time
async def test_a_lost_answer_duplicates_nothing() -> None:
    """
    A batch whose answer was lost is sent again under its token, and later messages
    stay behind it.
    """
    service = RecordingService()
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
async def test_a_refused_batch_ends_the_buffer() -> None:
    """
    After a refused batch every call raises and names the unsent messages, with no
    token to resolve.
    """
    service = RecordingService()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        with pytest.raises(UnsentError) as left:  # noqa: PT012 - leaving the block raises
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
async def test_leaving_is_bounded_and_the_batch_can_be_resolved() -> None:
    """
    Leaving ends after ``close_timeout`` and reports the unsent messages, with the token of the
    batch in doubt.
    """
    service = RecordingService(takes_s=100)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        began = anyio.current_time()
        with pytest.raises(UnsentError) as left:
            async with session.buffered(max_messages=2, close_timeout=3) as buffer:
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
    """
    A canceled block writes within ``close_timeout``, and ``unsent_error`` reports what it could
    not write.
    """
    service = RecordingService(takes_s=1)
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
async def test_an_error_in_the_block_propagates() -> None:
    """An error of the block propagates, with a note about messages that were not sent."""
    service = RecordingService(takes_s=100)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        with pytest.raises(KeyError) as caught:  # noqa: PT012 - leaving the block raises
            async with session.buffered(close_timeout=1) as buffer:
                await fill(buffer, 1)
                raise KeyError
        assert "1 buffered message(s) were not sent" in caught.value.__notes__[0]


@virtual_time
async def test_a_buffer_is_used_inside_its_block() -> None:
    """A buffer refuses use before, after and twice, and does not take an invalid message."""
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
    """A buffer whose manager was closed raises and names the unsent messages."""
    service = RecordingService()
    manager = manager_on(service)
    await manager.open()
    session = await open_session(manager)
    with pytest.raises(UnsentError) as left:  # noqa: PT012 - leaving the block raises
        async with session.buffered(max_delay=60) as buffer:
            await fill(buffer, 2)
            await manager.aclose()
    assert isinstance(left.value.__cause__, ClosedError)
    assert 2 == len(left.value.messages)


@virtual_time
async def test_closing_the_manager_does_not_resolve_what_was_lost() -> None:
    """
    A batch whose answer was lost keeps its token when the manager is closed, since it may be
    stored.
    """
    service = RecordingService()
    service.fail("CreateEvent", "ServiceException", status=500, times=1000)
    manager = manager_on(service, retry=RetryPolicy(max_attempts=2))
    await manager.open()
    session = await open_session(manager)
    with pytest.raises(UnsentError) as left:  # noqa: PT012 - leaving the block raises
        async with session.buffered(max_delay=0) as buffer:
            await fill(buffer, 2)
            await anyio.sleep(5)
            await manager.aclose()
    assert left.value.client_token == service.sent("CreateEvent")[0]["clientToken"]


async def leave(session: AsyncMemorySession, left: list[MessageBuffer], **options: Any) -> None:
    """Leave a block by cancellation, with four messages pending."""
    async with session.buffered(max_messages=2, max_delay=60, **options) as buffer:
        left.append(buffer)
        await fill(buffer, 4)
        await anyio.sleep(100)


@pytest.mark.parametrize("times", [1, 2, 3])
@virtual_time
async def test_a_block_left_by_a_cancelled_task_still_writes(times: int) -> None:
    """
    A block writes its messages under asyncio's own cancellation too, also when it is repeated while
    leaving.
    """
    service = SlowService(takes_s=0.5)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        left: list[MessageBuffer] = []
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(leave(session, left))
            for _ in range(times):
                await anyio.sleep(0.3)
                task.cancel()
        assert task.cancelled()
        assert ["0", "1", "2", "3"] == service.texts
        assert (left[0].unsent, left[0].unsent_error) == ((), None)
        assert {asyncio.current_task()} == asyncio.all_tasks()


@pytest.mark.parametrize("times", [1, 2, 3])
@virtual_time
async def test_what_a_cancelled_block_names_is_final(times: int) -> None:
    """
    Nothing is written after a canceled block ended, so resolving and sending the rest again stores
    each message once.
    """
    service = SlowService(takes_s=40)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        left: list[MessageBuffer] = []
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(leave(session, left, close_timeout=2))
            for _ in range(times):
                await anyio.sleep(0.5)
                task.cancel()
        assert 2.5 == anyio.current_time()
        assert {asyncio.current_task()} == asyncio.all_tasks()
        calls = service.calls
        await anyio.sleep(500)
        assert (calls, 0) == (service.calls, service.under_way)

        service.takes_s = 0.1
        unsent = left[0].unsent_error
        assert unsent is not None
        assert unsent.client_token is not None
        await session.resolve(unsent.client_token)
        await session.add_turns(unsent.messages[unsent.batch_size :])
        assert ["0", "1", "2", "3"] == service.texts


@virtual_time
async def test_asyncio_counts_its_cancellations_around_a_block() -> None:
    """Timeouts and task groups of asyncio end as usual around a block that is still being left."""
    service = SlowService(takes_s=1)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        task = asyncio.current_task()
        assert task is not None
        left: list[MessageBuffer] = []
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await leave(session, left)
        with pytest.raises(TimeoutError):  # noqa: PT012 - leaving the block raises
            async with asyncio.timeout(1):
                async with session.buffered(max_delay=60) as buffer:
                    await fill(buffer, 1, 4)
        with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012 - leaving the block raises
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(leave(session, left))
                await anyio.sleep(0.5)
                raise KeyError
        assert [KeyError] == [type(error) for error in caught.value.exceptions]
        assert 0 == task.cancelling()
    assert ["0", "1", "2", "3", "4", "0", "1", "2", "3"] == service.texts


@virtual_time
async def test_cancelling_all_tasks_still_writes() -> None:
    """
    Pending messages are written although every task is canceled, or only the one
    that writes.
    """
    service = SlowService(takes_s=0.5)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        left: list[MessageBuffer] = []
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(leave(session, left))
            for _ in range(3):
                await anyio.sleep(0.3)
                for task in asyncio.all_tasks() - {asyncio.current_task()}:
                    task.cancel()
        assert ["0", "1", "2", "3"] == service.texts

        before = asyncio.all_tasks()
        async with session.buffered(max_delay=60) as buffer:
            await fill(buffer, 1, 4)
            (asyncio.all_tasks() - before).pop().cancel()
            await anyio.sleep(5)
            assert "4" == service.texts[-1]
            with pytest.raises(ClosedError, match="closed"):
                await fill(buffer, 1)


@pytest.mark.parametrize("defect", [RuntimeError, RecursionError])
@virtual_time
async def test_a_defect_names_what_is_unsent(defect: type[Exception]) -> None:
    """
    A defect ends the writing and is reported with the unsent messages, but cancels neither the
    block nor its task.
    """
    service = SlowService()
    service.reply("CreateEvent", defect("a defect"))
    async with manager_on(service) as manager:
        session = await open_session(manager)
        with pytest.raises(UnsentError) as left:  # noqa: PT012 - leaving the block raises
            async with session.buffered(max_messages=1) as buffer:
                await fill(buffer, 2)
                await anyio.sleep(5)
                with pytest.raises(UnsentError):
                    await fill(buffer, 1)
        assert isinstance(left.value.__cause__, OutcomeUnknownError)
        assert isinstance(left.value.__cause__.__cause__, defect)
        assert (2, 1) == (len(left.value.messages), left.value.batch_size)
        assert left.value.client_token is not None
        await anyio.sleep(1)
        await session.resolve(left.value.client_token)
        assert ["0"] == service.texts


@pytest.mark.parametrize("mistake", [InvalidInputError, RuntimeError])
@virtual_time
async def test_what_fails_before_it_is_sent_is_not_in_doubt(mistake: type[Exception]) -> None:
    """A mistake that is raised before sending stores nothing, so there is no token to resolve."""
    service = SlowService()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        with pytest.raises(UnsentError) as left:  # noqa: PT012 - leaving the block raises
            async with session.buffered() as buffer:
                await fill(buffer, 1)
                buffer._write = mock.AsyncMock(side_effect=mistake)
    assert isinstance(left.value.__cause__, mistake)
    assert left.value.client_token is None


@pytest.mark.parametrize(
    ("code", "status"), [("ResourceNotFoundException", 404), ("AccessDeniedException", 403)]
)
@virtual_time
async def test_lost_and_then_refused_ends_the_buffer(code: str, status: int) -> None:
    """
    A batch that was lost and then refused ends the buffer, and keeps its token since it may be
    stored.
    """
    service = SlowService()
    service.lose = {0}
    async with manager_on(service) as manager:
        session = await open_session(manager)
        with pytest.raises(UnsentError) as left:  # noqa: PT012 - leaving the block raises
            async with session.with_options(retry=RetryPolicy(max_attempts=1)).buffered() as buffer:
                await fill(buffer, 2)
                await anyio.sleep(1.12)  # the batch is stored, and its answer is lost
                service.fail("CreateEvent", code, status=status, times=1000)
                with anyio.fail_after(60), pytest.raises(UnsentError):
                    await buffer.flush()
        assert isinstance(left.value.__cause__, OutcomeUnknownError)
        assert service.calls < 5
        assert left.value.client_token is not None
        service._replies.clear()
        await session.resolve(left.value.client_token)
    assert ["0", "1"] == service.texts


@pytest.mark.parametrize("text", ["é" * 51_200, "\x01" * 100_000, "a" * 100_000, "😀" * 25_600])
@virtual_time
async def test_no_request_exceeds_10_mb(text: str) -> None:
    """No request exceeds 10 MB as JSON in which non-ASCII characters are escaped."""
    service = SlowService()
    metadata = {f"{number:0100}": "v" * 200 for number in range(15)}
    async with manager_on(service) as manager:
        session = await open_session(manager)
        async with session.buffered(max_pending_bytes=10**8, metadata=metadata) as buffer:
            for _ in range(110):
                await buffer.add(said(text))
    sizes = [len(json.dumps(request)) for request in service.sent("CreateEvent")]
    assert max(sizes) <= 10 * 1024 * 1024
    assert 110 == len(service.texts)
    assert len(sizes) <= sum(sizes) / 9_000_000 + 1


@virtual_time
async def test_a_manager_that_is_closed_takes_nothing() -> None:
    """A buffer takes no message when its manager is not open, closed or of another process."""
    service = RecordingService()
    manager = manager_on(service)
    session = AsyncMemorySession(manager, "a", "s")
    with pytest.raises(ClosedError, match="not open"):
        async with session.buffered():
            pytest.fail("entered")
    await manager.open()
    async with session.buffered() as buffer:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "getpid", lambda: -1)
            with pytest.raises(ForkedError):
                await fill(buffer, 1)
            with pytest.raises(ForkedError):
                async with session.buffered():
                    pytest.fail("entered")
        await manager.aclose()
        with pytest.raises(ClosedError, match="Manager"):
            await fill(buffer, 1)
        await buffer.flush()
    with pytest.raises(ClosedError, match="Manager"):
        async with session.buffered():
            pytest.fail("entered")


def test_a_manager_of_another_loop_takes_nothing() -> None:
    """A buffer raises in another loop instead of waiting for what its own loop writes."""
    here = asyncio.new_event_loop()
    manager = manager_on(RecordingService(), clock=lambda: 0.0)
    here.run_until_complete(manager.open())
    session = AsyncMemorySession(manager, "a", "s")
    buffer = session.buffered(max_delay=60)

    async def elsewhere() -> None:
        for call in (buffer.flush(), fill(buffer, 1), session.buffered().__aenter__()):
            with pytest.raises(WrongLoopError):
                await call

    async def both() -> None:
        async with buffer:
            await fill(buffer, 1)
            await asyncio.to_thread(asyncio.run, elsewhere())
        await manager.aclose()

    here.run_until_complete(both())
    here.close()
    assert () == buffer.unsent


@virtual_time
async def test_a_buffer_has_a_policy_of_its_own() -> None:
    """A buffer uses the retry policy of its session's view, which is validated when given."""
    service = RecordingService()
    service.fail("CreateEvent", "ServiceException", status=500, times=3)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        with pytest.raises(InvalidInputError, match="retry"):
            session.with_options(retry=3).buffered()  # type: ignore[arg-type]
        async with session.with_options(retry=RetryPolicy(max_attempts=1)).buffered() as buffer:
            await fill(buffer, 1)
            await anyio.sleep(1.05)
            assert 1 == len(service.came_at)
    assert 4 == len(service.came_at)
