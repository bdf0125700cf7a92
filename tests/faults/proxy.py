"""A proxy on 127.0.0.1 that forwards requests and injects connection faults."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from types import TracebackType

BODY_FAULTS = ("cut", "half closed", "drip", "one byte at a time")
FAULTS = (
    "reset before",
    "reset after",
    "reset in the answer",
    "closed before",
    "closed after",
    "closed when kept",
    "black hole before",
    "black hole after",
    "no body",
    "html",
    "500",
    "503 after",
    "429",
    "late duplicate",
    "swapped answers",
    *BODY_FAULTS,
)
HARMLESS = frozenset({"one byte at a time", "closed when kept"})
"""Faults despite which the client receives its response."""

_CANNED = {
    "500": (500, "ServiceException"),
    "503 after": (503, ""),
    "429": (429, "ThrottledException"),
}


class FaultProxy:
    """
    Forwards HTTP to a port, request by request.

    Args:
        port: Port of the service on 127.0.0.1.
        seed: Seed for drawing faults.

    Attributes:
        script: Faults of the next requests, in order; "" is none.
        share: Share of the other requests that get a fault.
        kinds: Faults to draw from.
        met: Number of requests by fault.
        open: Number of open connections.
        requests: Number of requests received.
        drip_s: Seconds between two bytes of a dripping body.
    """

    def __init__(self, port: int, seed: int = 0) -> None:
        self.script: list[str] = []
        self.share = 0.0
        self.kinds: tuple[str, ...] = FAULTS
        self.met: Counter[str] = Counter()
        self.open = 0
        self.requests = 0
        self.drip_s = 0.05
        self._port = port
        self._random = random.Random(seed)
        self._server: asyncio.Server | None = None
        self._over = asyncio.Event()
        self._last: WeakKeyDictionary[asyncio.StreamWriter, bytes] = WeakKeyDictionary()
        self._swapped = b""
        # asyncio's streams reference a connection's task only while its client is connected.
        self._tasks = set[asyncio.Task[None] | None]()

    @property
    def url(self) -> str:
        """URL of the proxy."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._over.set()
        self._server.close()
        await asyncio.sleep(0.001)  # lets connections that were just accepted begin
        while self.open:
            await asyncio.sleep(0.001)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side closes it."""
        if self._over.is_set():
            writer.close()
            return
        self.open += 1
        task = asyncio.current_task()
        self._tasks.add(task)
        upstream: asyncio.StreamWriter | None = None
        try:
            answers, upstream = await asyncio.open_connection("127.0.0.1", self._port)
            while (request := await _read_message(reader)) is not None:
                self.requests += 1
                fault = self._draw()
                self.met[fault] += 1
                if not await self._pass_on(fault, request, reader, writer, answers, upstream):
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for side in (writer, upstream):
                if side is not None:
                    side.close()
            self.open -= 1
            self._tasks.discard(task)

    def _draw(self) -> str:
        if self.script:
            return self.script.pop(0)
        if self._random.random() < self.share:
            return self._random.choice(self.kinds)
        return ""

    async def _pass_on(
        self,
        fault: str,
        request: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
        upstream: asyncio.StreamWriter,
    ) -> bool:
        """Handle one request; return whether the connection is still usable."""
        if fault == "reset before":
            _reset(writer)
            return False
        if fault == "closed before":
            return False
        if fault == "black hole before":
            await self._hold(reader)
            return False
        if fault in {"500", "429"}:
            writer.write(_canned(*_CANNED[fault]))
            return True
        answer = await self._forward(fault, request, writer, answers, upstream)
        if answer is None:
            return False
        if fault == "black hole after":
            await self._hold(reader)
            return False
        if fault == "reset after":
            _reset(writer)
            return False
        if fault == "closed after":
            return False
        if fault == "503 after":
            writer.write(_canned(*_CANNED[fault]))
            return True
        return await self._answer(fault, answer, reader, writer)

    async def _forward(
        self,
        fault: str,
        request: bytes,
        writer: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
        upstream: asyncio.StreamWriter,
    ) -> bytes | None:
        """Return the response to a request; by some faults, a write gets that to another one."""
        is_write = request.partition(b" HTTP/")[0].endswith(b"/events")
        if fault == "late duplicate" and is_write and writer in self._last:
            return self._last[writer]
        upstream.write(request)
        answer = await _read_message(answers)
        if answer is None or not is_write:
            return answer
        self._last[writer] = answer
        if fault == "swapped answers":
            # The first one goes to its own request, too: there is no other yet.
            answer, self._swapped = self._swapped or answer, answer
        return answer

    async def _answer(
        self, fault: str, answer: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Send the response, damaged by *fault*; return whether the connection is still usable."""
        head, _, body = answer.partition(b"\r\n\r\n")
        half = len(head) + 4 + len(body) // 2
        if fault == "no body":
            writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
        elif fault == "html":
            page = b"<html><body>It works!</body></html>"
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page))
        elif fault == "cut":
            # Complete by its Content-Length, with half of the JSON.
            cut = body[: len(body) // 2]
            writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%s" % (len(cut), cut))
        elif fault == "half closed":
            writer.write(answer[:half])
            writer.write_eof()
            await self._hold(reader)
            return False
        elif fault == "reset in the answer":
            writer.write(answer[:half])
            await writer.drain()
            _reset(writer)
            return False
        elif fault in {"drip", "one byte at a time"}:
            first, last = (half, len(answer)) if fault == "drip" else (0, min(len(answer), 600))
            writer.write(answer[:first])
            for place in range(first, last):
                writer.write(answer[place : place + 1])
                await writer.drain()
                # Each byte arrives before the read timeout; the whole body does not.
                await self._pause(self.drip_s if fault == "drip" else 0)
                if self._over.is_set():
                    return False
            writer.write(answer[last:])
        else:
            writer.write(answer)
        await writer.drain()
        return fault != "closed when kept"

    async def _pause(self, seconds: float) -> None:
        if seconds:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._over.wait()
        else:
            await asyncio.sleep(0)

    async def _hold(self, reader: asyncio.StreamReader) -> None:
        """Send nothing until the client disconnects or the proxy closes."""
        async with asyncio.TaskGroup() as tasks:
            left = tasks.create_task(_until_left(reader))
            over = tasks.create_task(self._over.wait())
            await asyncio.wait([left, over], return_when=asyncio.FIRST_COMPLETED)
            left.cancel()
            over.cancel()


async def _until_left(reader: asyncio.StreamReader) -> None:
    with suppress(ConnectionError):
        while await reader.read(1024):
            pass


async def _read_message(reader: asyncio.StreamReader) -> bytes | None:
    """Return one HTTP message, read by its Content-Length; None if the connection has ended."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    return head + await reader.readexactly(length)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    raw: Any = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _canned(status: int, code: str) -> bytes:
    kind = f"x-amzn-errortype: {code}\r\n" if code else ""
    return f"HTTP/1.1 {status} No\r\n{kind}Content-Length: 2\r\n\r\n{{}}".encode()
