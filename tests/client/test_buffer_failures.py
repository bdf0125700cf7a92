"""Message buffers whose batches fail: what is retried, and what is reported as unsent."""

from __future__ import annotations

import asyncio
import pickle
from unittest import mock

import anyio
import pytest

from agentcore_memory_async import (
    ClosedError,
    InvalidInputError,
    OutcomeUnknownError,
    RetryPolicy,
    UnsentError,
    ValidationError,
)
from tests._virtual_time import virtual_time
from tests.client.buffers import RecordingService, fill, open_session
from tests.client.doubles import SlowService, manager_on, said


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
        event = await session.resolve(left.value)
        assert [left.value.request] == service.sent("CreateEvent")
        assert ("0", "1") == tuple(message.text for message in event.messages)
        with pytest.raises(ClosedError, match="closed"):
            await buffer.add(said("late"))


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
        await session.resolve(left.value)
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
        await session.resolve(left.value)
    assert ["0", "1"] == service.texts


@pytest.mark.parametrize("count", [0, 2])
@virtual_time
async def test_a_buffer_that_is_never_left_ends_with_its_manager(count: int) -> None:
    """
    Closing the manager ends the task of a buffer whose block was not left; what was pending stays
    named.
    """
    service = RecordingService()
    manager = await manager_on(service).open()
    before = asyncio.all_tasks()
    buffer = await (await open_session(manager)).buffered(max_delay=60).__aenter__()
    await fill(buffer, count)
    await anyio.sleep(1)
    assert before < asyncio.all_tasks()
    await manager.aclose()

    assert before == asyncio.all_tasks()
    assert count == len(buffer.unsent)
    assert [] == service.batches
    with pytest.raises(UnsentError if count else ClosedError):
        await fill(buffer, 1)


@virtual_time
async def test_an_unsent_batch_is_settled_by_its_error() -> None:
    """The error has the frozen request, so another manager settles it too, and only once."""
    service = SlowService()
    service.lose = {0}
    async with manager_on(service) as manager:
        session = await open_session(manager)
        with pytest.raises(UnsentError) as left:
            async with session.buffered(close_timeout=0.07) as buffer:
                await fill(buffer, 2)
    error = pickle.loads(pickle.dumps(left.value))
    async with manager_on(service) as manager:
        for _ in range(2):
            await (await open_session(manager)).resolve(error)
        other = await manager.create_memory_session("a", "other", verify=False)
        with pytest.raises(InvalidInputError, match="another session"):
            await other.resolve(error)
    sent = service.sent("CreateEvent")
    assert [left.value.request] * 3 == sent
    assert ["0", "1"] == service.texts


@virtual_time
async def test_what_was_never_sent_is_not_in_doubt() -> None:
    """A batch that waited behind another write has nothing to settle, and may be written again."""
    service = SlowService(takes_s=2)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(session.add_turns, [said("first")])
            await anyio.sleep(1)
            with pytest.raises(UnsentError) as left:
                async with session.buffered(close_timeout=1) as buffer:
                    await fill(buffer, 1)
            assert (None, None) == (left.value.client_token, left.value.request)
            with pytest.raises(InvalidInputError, match="write its messages again"):
                await session.resolve(left.value)
    assert ["first"] == service.texts
