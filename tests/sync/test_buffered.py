"""The buffer of the sync API: messages of any thread become few events."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import ClosedError, UnsentError
from agentcore_memory_async._blocking import entered
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.sync import MemorySession, MemorySessionManager
from agentcore_memory_async.testing import FakeTransport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async._transport.base import Answer

REFUSED = service_error("CreateEvent", "ValidationException", "no", 400)


def session_on(transport: FakeTransport) -> MemorySession:
    """Return a session of a manager that is not open yet."""
    manager = MemorySessionManager("chat-a1B2c3D4e5", transport=transport)
    return manager.create_memory_session("user1", "chat1", verify=False)


def stored(transport: FakeTransport) -> list[list[str]]:
    """Return the texts of each stored event."""
    events = [each.params for each in transport.requests if each.operation == "CreateEvent"]
    return [
        [item["conversational"]["content"]["text"] for item in event["payload"]] for event in events
    ]


def message(text: str) -> dict[str, str]:
    """Return a message of the user."""
    return {"role": "user", "content": text}


def test_messages_become_few_events() -> None:
    """Full batches and what is left become events, in the order of the calls."""
    transport = FakeTransport()
    with session_on(transport).buffered(max_messages=3, max_delay=60) as buffer:
        for number in range(7):
            buffer.add(message(str(number)))
    assert ["0", "1", "2", "3", "4", "5", "6"] == [
        text for each in stored(transport) for text in each
    ]
    assert 3 == len(stored(transport))
    assert ((), None) == (buffer.unsent, buffer.unsent_error)
    assert "<BlockingMessageBuffer closed, 0 pending, 7 stored>" == repr(buffer)
    with pytest.raises(ClosedError):
        buffer.add(message("late"))


def test_threads_share_a_buffer() -> None:
    """What several threads add is stored once, and that of each thread in its order."""
    transport = FakeTransport()

    def say(name: str) -> None:
        for number in range(40):
            buffer.add(message(f"{name}{number:02}"))

    with (
        session_on(transport).buffered(max_pending=20) as buffer,
        ThreadPoolExecutor(4) as threads,
    ):
        assert [None] * 4 == list(threads.map(say, "abcd"))
    texts = [text for each in stored(transport) for text in each]
    for name in "abcd":
        said = [text for text in texts if text.startswith(name)]
        assert [f"{name}{number:02}" for number in range(40)] == said


def test_flush_waits_until_all_is_stored() -> None:
    """After ``flush`` everything is stored, although no delay is over."""
    transport = FakeTransport()
    with session_on(transport).buffered(max_delay=60) as buffer:
        buffer.add(message("one"))
        buffer.flush()
        assert [["one"]] == stored(transport)


def test_what_is_refused_is_raised_on_leaving() -> None:
    """Leaving the block raises ``UnsentError``, which names the messages."""
    transport = FakeTransport()
    transport.reply("CreateEvent", REFUSED)
    buffer = session_on(transport).buffered(max_delay=60)
    with pytest.raises(UnsentError), buffer:
        buffer.add(message("one"))
    assert ["one"] == [each.text for each in buffer.unsent]
    assert isinstance(buffer.unsent_error, UnsentError)


def test_an_error_of_the_block_goes_on_with_a_note() -> None:
    """An error that leaves the block is not replaced, and says what was not stored."""
    transport = FakeTransport()
    transport.reply("CreateEvent", REFUSED)
    error = KeyError("mine")

    def fail() -> None:
        with session_on(transport).buffered() as buffer:
            buffer.add(message("one"))
            raise error

    with pytest.raises(KeyError) as caught:
        fail()
    assert caught.value is error
    assert 1 == len(error.__notes__)


def test_a_buffer_is_entered_once() -> None:
    """A second ``with`` is refused, and the first goes on."""
    transport = FakeTransport()
    with session_on(transport).buffered() as buffer:
        with pytest.raises(ClosedError), buffer:
            pass
        buffer.add(message("one"))
    assert [["one"]] == stored(transport)


def test_leaving_may_take_as_long_as_the_buffer_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time limit of the facade's cleanups does not cut that of the buffer."""

    class Slow(FakeTransport):
        async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
            await anyio.sleep(0.02)
            return await super().__call__(operation, params)

    monkeypatch.setattr(entered, "CLEANUP_TIMEOUT_S", 0.0)
    transport = Slow()
    with session_on(transport).buffered(max_delay=60, close_timeout=10) as buffer:
        buffer.add(message("one"))
    assert [["one"]] == stored(transport)


def test_a_buffer_that_is_dropped_writes_what_it_has() -> None:
    """Without any reference left the buffer is closed, which closing the manager waits for."""
    transport = FakeTransport()
    manager = MemorySessionManager("chat-a1B2c3D4e5", transport=transport)
    buffer = MemorySession(manager, "user1", "chat1").buffered(max_delay=60)
    buffer.__enter__().add(message("one"))
    del buffer
    gc.collect()
    manager.close()
    assert [["one"]] == stored(transport)


@pytest.mark.parametrize("is_kept", [True, False])
def test_closing_the_manager_writes_what_a_buffer_has(is_kept: bool) -> None:
    """A buffer that nobody left closes before its manager, however long its write takes."""

    class Slow(FakeTransport):
        async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
            for _ in range(20):
                await anyio.sleep(0)
            return await super().__call__(operation, params)

    transport = Slow()
    manager = MemorySessionManager("chat-a1B2c3D4e5", transport=transport)
    buffer = MemorySession(manager, "user1", "chat1").buffered(max_delay=60)
    buffer.__enter__().add(message("one"))
    kept = [buffer] if is_kept else []
    del buffer
    manager.close()
    assert [["one"]] == stored(transport)
    for each in kept:
        each.__exit__(None, None, None)
        assert () == each.unsent


def test_what_a_dropped_buffer_cannot_write_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The log has a count and no text."""
    transport = FakeTransport()
    transport.reply("CreateEvent", REFUSED)
    manager = MemorySessionManager("chat-a1B2c3D4e5", transport=transport)
    buffer = MemorySession(manager, "user1", "chat1").buffered(max_delay=60)
    buffer.__enter__().add(message("Hallo"))
    del buffer
    manager.close()
    [said] = [each for each in caplog.messages if "closing failed" in each]
    assert "UnsentError: 1 buffered message(s)" in said
    assert "Hallo" not in said
