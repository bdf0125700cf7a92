"""A write in flight ends as stored, refused or unknown, whatever is raised."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import anyio
import pytest
from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore import exceptions as boto

from agentcore_memory_async import (
    AgentCoreMemoryError,
    AsyncMemorySession,
    AsyncMemorySessionManager,
    ConversationalMessage,
    MessageRole,
    OutcomeUnknownError,
    RetryPolicy,
    TransportError,
    TransportTimeoutError,
)
from agentcore_memory_async._transport.botocore import BotocoreTransport

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "http://memory.invalid"
LOST: dict[str, Exception] = {
    "reset": ConnectionResetError(104, "reset"),
    "refused": ConnectionRefusedError(111, "refused"),
    "os": OSError("x"),
    "timeout": TimeoutError(),
    "disconnected": aiohttp.ServerDisconnectedError(),
    "payload": aiohttp.ClientPayloadError(),
    "connect timeout": aiohttp.ConnectionTimeoutError(),
    "cut": asyncio.IncompleteReadError(b"", 5),
    "botocore closed": boto.ConnectionClosedError(endpoint_url=URL),
    "botocore cut": boto.IncompleteReadError(actual_bytes=1, expected_bytes=2),
    "botocore stream": boto.ResponseStreamingError(error=OSError()),
    "botocore timeout": boto.ReadTimeoutError(endpoint_url=URL),
}
UNSENT = {"refused", "connect timeout"}


class Raw:
    """Stand-in for the response that aiobotocore reads a body from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def read(self) -> bytes:
        """Return the body."""
        return self._body


class Memory:
    """
    A service in memory, played by a caller's ``http_session_cls``.

    Attributes:
        tokens: Client tokens of the requests, in order.
        errors: Errors that the next requests raise after their events were stored.
        answer: Function from the stored event to the event of the answer.
    """

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.errors: list[Exception] = []
        self.answer: Callable[[dict[str, Any]], Any] = dict

    def manager(self, **options: Any) -> AsyncMemorySessionManager:
        """Return a manager on this service."""
        memory = self

        class HttpSession:
            def __init__(self, **_: Any) -> None:
                pass

            async def __aenter__(self) -> Any:
                return self

            async def __aexit__(self, *_: Any) -> None:
                await asyncio.sleep(0)

            async def close(self) -> None:
                """Close; there is nothing to close."""

            async def send(self, request: Any) -> Any:
                await asyncio.sleep(0)
                params = json.loads(request.body)
                memory.tokens.append(params["clientToken"])
                if memory.errors:
                    raise memory.errors.pop(0)
                event = {**params, "memoryId": "chat-a1B2c3D4e5", "eventId": "01#ab"}
                for name in ("clientToken", "extractionMode"):
                    event.pop(name, None)
                body = json.dumps({"event": memory.answer(event)}).encode()
                headers = {"content-type": "application/json"}
                return AioAWSResponse(request.url, 201, headers, Raw(body))

        return AsyncMemorySessionManager(
            "chat-a1B2c3D4e5",
            "us-west-2",
            endpoint_url=URL,
            config=AioConfig(http_session_cls=HttpSession),
            **options,
        )


async def write(manager: AsyncMemorySessionManager, text: str = "hi") -> str:
    """Write one event, and return its id."""
    session = AsyncMemorySession(manager, "a", "s")
    event = await session.add_turns([ConversationalMessage(text, MessageRole.USER)])
    return event.event_id


@pytest.mark.parametrize("kind", LOST)
async def test_lost_answers_are_retried(kind: str) -> None:
    """A connection lost by any library's exception is retried with the same token."""
    memory = Memory()
    memory.errors = [LOST[kind]]
    async with memory.manager() as manager:
        assert "01#ab" == await write(manager)
    assert 2 == len(memory.tokens)
    assert 1 == len(set(memory.tokens))


@pytest.mark.parametrize("kind", LOST)
async def test_what_is_lost_may_have_been_stored(kind: str) -> None:
    """The outcome after a lost connection is unknown unless it was never established."""
    memory = Memory()
    memory.errors = [LOST[kind]]
    expected = TransportError if kind in UNSENT else OutcomeUnknownError
    async with memory.manager(retry=RetryPolicy(max_attempts=1)) as manager:
        with pytest.raises(expected):
            await write(manager)


@pytest.mark.parametrize("error", [RuntimeError("Session is closed"), KeyError("x")], ids=repr)
async def test_anything_else_in_flight_is_unknown(error: Exception) -> None:
    """An unexpected exception in flight makes the outcome unknown, with a token to resolve it."""
    memory = Memory()
    memory.errors = [error]
    async with memory.manager() as manager:
        with pytest.raises(OutcomeUnknownError) as caught:
            await write(manager)
        assert error is caught.value.__cause__
        session = AsyncMemorySession(manager, "a", "s")
        assert "01#ab" == (await session.resolve(caught.value)).event_id
    assert [caught.value.client_token] * 2 == memory.tokens


@pytest.mark.parametrize(
    ("event", "unknown"),
    [
        ("before-call", False),
        ("before-send", False),
        ("before-parse", None),
        ("response-received", True),
        ("after-call", True),
    ],
)
@pytest.mark.parametrize(
    "error",
    [KeyError("bug"), ConnectionResetError(), boto.ClientError({}, "PutMetric")],
    ids=lambda error: type(error).__name__,
)
async def test_hooks_of_the_caller_that_raise(
    event: str, unknown: bool | None, error: Exception
) -> None:
    """The outcome is unknown if a caller's hook raises after the request was sent."""
    session = AioSession()
    memory = Memory()

    def hook(**_: Any) -> None:
        raise error

    session.get_component("event_emitter").register(f"{event}.bedrock-agentcore", hook)
    async with memory.manager(aws_session=session, retry=RetryPolicy(max_attempts=1)) as manager:
        if unknown is None:  # the answer arrived all the same
            assert "01#ab" == await write(manager)
            return
        with pytest.raises(OutcomeUnknownError if unknown else Exception) as caught:
            await write(manager)
    if unknown:
        assert error is caught.value.__cause__
    else:
        assert not isinstance(caught.value, OutcomeUnknownError)
    assert unknown == (len(memory.tokens) == 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda event: {"eventId": event["eventId"]},
        lambda event: {**event, "eventTimestamp": "2026-01-01T00:00:00Z"},
        lambda event: {**event, "payload": [5]},
    ],
    ids=["id only", "ISO time", "odd payload"],
)
async def test_an_event_id_acknowledges(change: Callable[..., Any]) -> None:
    """An answer with an event id acknowledges the event, with missing values from the request."""
    memory = Memory()
    memory.answer = change
    async with memory.manager() as manager:
        session = AsyncMemorySession(manager, "a", "s")
        event = await session.add_turns([ConversationalMessage("hi", MessageRole.USER)])
    assert ("01#ab", "a", "s", ["hi"]) == (
        event.event_id,
        event.actor_id,
        event.session_id,
        [message.text for message in event.messages],
    )
    assert 1 == len(memory.tokens)


@pytest.mark.parametrize("depth", [1_000, 100_000])
@pytest.mark.parametrize("opening", [b"[", b'{"a":'], ids=["list", "object"])
async def test_nested_too_deeply(service: Any, depth: int, opening: bytes) -> None:
    """An answer that is nested too deeply can't be decoded, so the outcome is unknown."""
    service.status, service.body = 201, opening * depth
    async with AsyncMemorySessionManager(
        "chat-a1B2c3D4e5", endpoint_url=service.url, retry=RetryPolicy(max_attempts=2)
    ) as manager:
        with pytest.raises(OutcomeUnknownError) as caught:
            await write(manager)
    assert 2 == caught.value.attempts == len(service.requests)


@pytest.mark.parametrize(
    "policy",
    [
        RetryPolicy(write_deadline=0.1),
        RetryPolicy(attempt_timeout=0.05, write_deadline=0.1),
    ],
    ids=["deadline", "attempts"],
)
async def test_what_hangs_before_it_is_sent_is_not_unknown(policy: RetryPolicy) -> None:
    """A write that times out before it reached the connection was not sent."""
    session = AioSession()
    memory = Memory()

    async def hang(**_: Any) -> None:
        await anyio.sleep(60)

    session.get_component("event_emitter").register("before-call.bedrock-agentcore", hang)
    async with memory.manager(aws_session=session, retry=policy) as manager:
        with pytest.raises(TransportTimeoutError) as caught:
            await write(manager)
    assert not caught.value.sent
    assert [] == memory.tokens


async def test_what_hangs_after_it_is_sent_is_unknown(raw: Callable[..., Any]) -> None:
    """A write that times out after it was sent has an unknown outcome."""
    async with AsyncMemorySessionManager(
        "chat-a1B2c3D4e5", endpoint_url=await raw(None), retry=RetryPolicy(write_deadline=0.2)
    ) as manager:
        with pytest.raises(OutcomeUnknownError):
            await write(manager)


async def test_no_failure_shows_what_it_was_made_of(service: Any) -> None:
    """An error has neither cause nor context that shows the service's text, a body or a URL."""
    for status, body in ((400, b'{"message": "x"}'), (500, b"\xff"), (201, b"\xff"), (201, b"[")):
        service.status, service.body = status, body
        async with BotocoreTransport(endpoint_url=service.url) as transport:
            with pytest.raises(AgentCoreMemoryError) as caught:
                await transport("CreateEvent", {"memoryId": "m", "payload": []})
        assert (None, None) == (caught.value.__cause__, caught.value.__context__)
