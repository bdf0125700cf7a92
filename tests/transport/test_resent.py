"""A deletion that aiohttp itself sends twice, since the connection of the first was lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    NotFoundError,
    OutcomeUnknownError,
    RetryPolicy,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

OK = b'HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n{"eventId":"1#a"}'
GONE = (
    b"HTTP/1.1 404 Not Found\r\nx-amzn-errortype: ResourceNotFoundException\r\n"
    b'content-length: 18\r\n\r\n{"message":"gone"}'
)
LIST = b'HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n{"actorSummaries":[]}'


class LosingService:
    """
    A TCP server of one event, which it may delete without an answer.

    Attributes:
        url: Address.
        is_there: Whether the event is there.
        losing: Whether the connection of the next deletion is lost before its answer.
        deletions: Number of deletions that came.
        server: Listens for connections.
        ending: Whether it stops listening when it loses a connection.
    """

    server: asyncio.Server

    def __init__(self) -> None:
        self.url = ""
        self.is_there = True
        self.losing = False
        self.deletions = 0
        self.ending = False

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if not head.startswith(b"DELETE"):
                    length = int(head.lower().partition(b"content-length:")[2].split(b"\r")[0])
                    await reader.readexactly(length)
                    writer.write(LIST)
                    continue
                self.deletions += 1
                was_there, self.is_there = self.is_there, False
                if self.losing:
                    self.losing = False
                    if self.ending:
                        self.server.close()
                    return
                writer.write(OK if was_there else GONE)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def losing_service() -> AsyncIterator[LosingService]:
    """Yield a started `LosingService`."""
    service = LosingService()
    service.server = await asyncio.start_server(service.handle, "127.0.0.1", 0)
    service.url = f"http://127.0.0.1:{service.server.sockets[0].getsockname()[1]}"
    yield service
    service.server.close()


async def test_what_the_first_of_two_requests_deleted_is_deleted(
    losing_service: LosingService,
) -> None:
    """An event that was there is deleted without an error, although the answer says not found."""
    url = losing_service.url
    async with AsyncMemorySessionManager("m-0123456789", "us-west-2", endpoint_url=url) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await manager.list_actors()  # the connection is kept
        losing_service.losing = True
        await session.delete_event("1#a")
        assert (2, False) == (losing_service.deletions, losing_service.is_there)
        with pytest.raises(NotFoundError):
            await session.delete_event("1#a")


async def test_a_second_request_that_finds_nobody_says_nothing_of_the_first(
    losing_service: LosingService,
) -> None:
    """Where only the first reached the service, the outcome is unknown, although none listens."""
    url, once = losing_service.url, RetryPolicy(max_attempts=1)
    async with AsyncMemorySessionManager(
        "m-0123456789", "us-west-2", endpoint_url=url, retry=once
    ) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await manager.list_actors()  # the connection is kept
        losing_service.losing = losing_service.ending = True
        with pytest.raises(OutcomeUnknownError):
            await session.delete_event("1#a")
        assert (1, False) == (losing_service.deletions, losing_service.is_there)
