"""After another request's answer no connection is used that was open by then."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import anyio
import pytest

from agentcore_memory_async import AsyncMemorySessionManager, ConversationalMessage, MessageRole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class LateService:
    """
    A TCP server that answers each request, and sends the answer again once the next one comes.

    Attributes:
        url: Address.
        connections: Number of the connection of each request, in order.
        texts: Stored texts.
        late: Whether answers come twice.
    """

    def __init__(self) -> None:
        self.url = ""
        self.connections: list[int] = []
        self.texts: list[str] = []
        self.late = False
        self._opened = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self._opened += 1
        number, last = self._opened, b""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r")[0])
                request = json.loads(await reader.readexactly(length))
                self.connections.append(number)
                if self.late and last:
                    writer.write(last)
                    continue
                actor = head.split(b"/")[3] if b"/actor/" in head else b""
                text = request["payload"][0]["conversational"]["content"]["text"]
                self.texts.append(text)
                event = {**request, "eventId": f"{len(self.texts):019d}#a"}
                assert not actor
                body = json.dumps({"event": event}).encode()
                last = b"HTTP/1.1 201 Created\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
                writer.write(last)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def late_service() -> AsyncIterator[LateService]:
    """Yield a started `LateService`."""
    service = LateService()
    server = await asyncio.start_server(service.handle, "127.0.0.1", 0)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield service
    server.close()


def said(text: str) -> ConversationalMessage:
    """Return a message."""
    return ConversationalMessage(text, MessageRole.USER)


async def test_a_late_duplicate_costs_its_connection(late_service: LateService) -> None:
    """A write that gets the answer of the one before goes out again on a fresh connection."""
    async with AsyncMemorySessionManager("m-0123456789", endpoint_url=late_service.url) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.add_turns([said("ok")])
        late_service.late = True
        await session.add_turns([said("ok")])

    assert ["ok", "ok"] == late_service.texts
    assert [1, 1, 2] == late_service.connections


async def test_idle_connections_are_dropped_with_it(late_service: LateService) -> None:
    """The other idle connections are not trusted either."""
    async with AsyncMemorySessionManager("m-0123456789", endpoint_url=late_service.url) as manager:
        sessions = [
            await manager.create_memory_session("a", f"s{number}", verify=False)
            for number in range(4)
        ]
        async with anyio.create_task_group() as tasks:
            for session in sessions:
                tasks.start_soon(session.add_turns, [said("first")])
        before = set(late_service.connections)
        late_service.late = True
        await sessions[0].add_turns([said("second")])
        late_service.late = False
        late_service.connections.clear()
        async with anyio.create_task_group() as tasks:
            for session in sessions:
                tasks.start_soon(session.add_turns, [said("third")])

    assert 4 == len(before)
    assert not before & set(late_service.connections)
    assert ["first"] * 4 + ["second"] + ["third"] * 4 == late_service.texts
