"""Limits of a message buffer: what fits is collected, and one beyond it is written or waits."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from agentcore_memory_async import RetryPolicy, TransportError, buffer
from tests._virtual_time import virtual_time
from tests.client.buffers import RecordingService, fill, open_session
from tests.client.doubles import manager_on, said

MOST = 10_420_224
"""Bytes of messages in a request: 64 KiB less than it may have."""
LOST = TransportError("CreateEvent", "reset")
SIZE = len('{"conversational": {"content": {"text": "0"}, "role": "USER"}}, ')
"""Bytes that a message of one character takes in a request."""


@pytest.mark.parametrize(
    ("sizes", "most", "count"),
    [
        ([], 9, 0),
        ([1, 1, 1], 2, 2),
        ([MOST - 1, 1, 1], 9, 2),
        ([MOST, 1], 9, 1),
        ([MOST + 1, 1], 9, 1),
        ([1, MOST], 9, 1),
    ],
)
def test_a_batch_is_what_fits_into_a_request(sizes: list[int], most: int, count: int) -> None:
    """Messages fit up to the number and the bytes of a request; the first one always does."""
    assert count == buffer._fitting(sizes, most)


@pytest.mark.parametrize(
    ("most", "added", "batches"),
    [
        (3 * SIZE, 7, [["0", "1", "2"], ["3", "4", "5"]]),
        (3 * SIZE + 1, 3, []),
        (3 * SIZE - 1, 7, [["0", "1"], ["2", "3"], ["4", "5"]]),
        (SIZE - 1, 7, [["0"], ["1"], ["2"], ["3"], ["4"], ["5"], ["6"]]),
    ],
)
@virtual_time
async def test_a_full_request_is_written_at_once(
    most: int, added: int, batches: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes the bytes of a request, or more, waits for no delay; the rest does."""
    monkeypatch.setattr(buffer, "MAX_SENT_BYTES", most)
    service = RecordingService()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        async with session.buffered(max_delay=60) as collected:
            await fill(collected, added)
            await anyio.sleep(10)
            assert batches == service.batches
    assert added == sum(map(len, service.batches))


@pytest.mark.parametrize(
    ("options", "text", "count"),
    [
        ({"max_pending": 3}, "a", 3),
        ({"max_pending_bytes": 16}, "a" * 8, 2),
        ({"max_pending_bytes": 16}, "é" * 4, 2),
        ({"max_pending_bytes": 15}, "a" * 8, 1),
        ({"max_pending_bytes": 5}, "a" * 8, 1),
    ],
)
@virtual_time
async def test_adding_waits_from_one_beyond_what_may_be_pending(
    options: dict[str, Any], text: str, count: int
) -> None:
    """Up to the limit messages are collected; one more has what is pending written first."""
    service = RecordingService()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        async with session.buffered(max_delay=60, **options) as collected:
            for _ in range(count):
                await collected.add(said(text))
            await anyio.sleep(10)
            assert [] == service.batches
            await collected.add(said(text))
            assert [[text] * count] == service.batches
            assert (text,) == tuple(message.text for message in collected.unsent)


@virtual_time
async def test_a_lost_batch_is_tried_again_after_ever_longer_waits() -> None:
    """Waits double from 0.1 s up to 5 s, and begin anew after a success."""
    service = RecordingService(0.0)
    service.reply("CreateEvent", *[LOST] * 8)
    async with manager_on(service, retry=RetryPolicy(max_attempts=1)) as manager:
        session = await open_session(manager)
        async with session.buffered(max_messages=1, close_timeout=60) as collected:
            await fill(collected, 1)
            await collected.flush()
            service.reply("CreateEvent", LOST)
            began = anyio.current_time()
            await fill(collected, 1, 1)
            await collected.flush()
    waits = [later - at for at, later in zip(service.came_at, service.came_at[1:], strict=False)]

    assert pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]) == waits[:8]
    assert anyio.current_time() - began == pytest.approx(0.1)


@virtual_time
async def test_a_message_is_written_after_its_delay() -> None:
    """The oldest message sets the time, and messages until then go with it."""
    service = RecordingService()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        async with session.buffered(max_delay=2) as collected:
            await fill(collected, 1)
            await anyio.sleep(1.5)
            await fill(collected, 1, 1)
            await anyio.sleep(0.49)
            assert [] == service.came_at
            await anyio.sleep(0.1)
            assert [2.0] == service.came_at
            assert [["0", "1"]] == service.batches


@virtual_time
async def test_a_full_batch_waits_for_no_delay() -> None:
    """One message less than a batch waits, and the last one of it has all of them written."""
    service = RecordingService()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        async with session.buffered(max_messages=3, max_delay=60) as collected:
            await fill(collected, 2)
            await anyio.sleep(10)
            assert [] == service.batches
            await fill(collected, 1, 2)
            await anyio.sleep(1)
            assert [["0", "1", "2"]] == service.batches
