"""
Answer like the service, in a process of its own: ``python -m benchmarks.common.stub [LATENCY]``.

It listens on a free port of 127.0.0.1, prints the port, answers each request *LATENCY* seconds
after it came, and ends with its stdin. It is a bare protocol without a framework: it shares the
machine with the contestant, and whatever it spends comes out of the throughput.
"""

from __future__ import annotations

import asyncio
import re
import sys
from email.utils import formatdate
from http import HTTPStatus

from benchmarks.common.canned import answer

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
"""Length of a request's body; a request without one has no body."""


class Stub(asyncio.Protocol):
    """One connection: its requests are answered one after the other."""

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s
        self._unread = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep *transport*."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer the requests that are whole."""
        self._unread += data
        while request := take_request(self._unread):
            self._answer(*request)

    def _answer(self, path: str, body: bytes) -> None:
        assert self._transport is not None
        response = to_response(*answer(path, body))
        if self._latency_s:
            loop = asyncio.get_running_loop()
            loop.call_later(self._latency_s, self._transport.write, response)
        else:
            self._transport.write(response)


def take_request(unread: bytearray) -> tuple[str, bytes] | None:
    """Take the first request off *unread*; return its path and body, or None if it isn't whole."""
    end = unread.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(unread[:end])
    length = LENGTH.search(head)
    whole = end + 4 + (int(length[1]) if length else 0)
    if len(unread) < whole:
        return None
    body = bytes(unread[end + 4 : whole])
    del unread[:whole]
    return head.split(b" ", 2)[1].decode(), body


def to_response(status: int, body: bytes) -> bytes:
    """Return a whole HTTP response."""
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        f"Date: {formatdate(usegmt=True)}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "x-amzn-RequestId: 1f2e3d4c-0000-4000-8000-000000000000\r\n"
        "\r\n"
    )
    return head.encode() + body


async def serve(latency_s: float) -> None:
    """Listen until stdin ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Stub(latency_s), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
