"""
The transports of the command, and its end: by the end of its input, or by a signal.

The SDK's own would not end by one. Its stdin is read by a thread that nothing interrupts, so here
it is a daemon's; and uvicorn sends itself the signal again once it has ended.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from anyio import AsyncFile, CancelScope, create_task_group, open_signal_receiver, sleep_forever
from mcp.server.stdio import stdio_server

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator

    from anyio.abc import TaskStatus
    from mcp.server.lowlevel import Server

_LOG = logging.getLogger("agentcore_memory_async")
HOST = "127.0.0.1"
"""The one address that is listened on."""
_PATIENCE_S = 8.0
"""Seconds from a signal until the process ends by force: whoever reads its output may be stuck."""
_GRACE_S = 1
"""Seconds that open connections have to close in."""


async def until_signal(function: Callable[[], Awaitable[int]]) -> int:
    """Return what a function returns, or 0 if SIGINT or SIGTERM has cancelled it."""
    async with create_task_group() as group:

        async def watch(*, task_status: TaskStatus[None]) -> None:
            with open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                task_status.started()
                await anext(signals)
            _end_by_force_later()
            group.cancel_scope.cancel()

        if sys.platform != "win32":  # there Ctrl-C raises KeyboardInterrupt
            await group.start(watch)
        status = await function()
        group.cancel_scope.cancel()
        return status
    return 0


def _end_by_force_later() -> None:
    """End the process if it has not ended by itself when its time is up."""
    timer = threading.Timer(_PATIENCE_S, os._exit, (1,))
    timer.daemon = True
    timer.start()


async def serve_stdio(server: Server[Any]) -> None:
    """Run the server for one client, over stdin and stdout, until that closes stdin."""
    lines = cast("AsyncFile[str]", _lines(asyncio.get_running_loop()))
    try:
        async with stdio_server(lines) as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())
    except* BrokenPipeError:
        _LOG.info("the client has gone")


async def _lines(loop: asyncio.AbstractEventLoop) -> AsyncGenerator[str]:
    """Yield the lines of stdin; who stops does not wait for the next one."""
    queue = asyncio.Queue[bytes](1)

    def put(line: bytes) -> None:
        asyncio.run_coroutine_threadsafe(queue.put(line), loop).result()

    def read() -> None:
        with suppress(RuntimeError):  # the loop has ended
            with suppress(OSError), os.fdopen(0, "rb", closefd=False) as stdin:
                for line in stdin:
                    put(line)
            put(b"")

    threading.Thread(target=read, daemon=True).start()
    while line := await queue.get():
        yield line.decode(errors="replace")


class _HttpServer(uvicorn.Server):
    """A server that leaves signals to `until_signal`."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave them."""
        yield


async def serve_http(server: Server[Any], listening: socket.socket) -> None:
    """Run the server for any number of clients, over streamable HTTP, until this is cancelled."""
    app = server.streamable_http_app(host=HOST)  # with that host it refuses names of others
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=_GRACE_S)
    http = _HttpServer(config)

    async def serve() -> None:
        with CancelScope(shield=True):
            await http.serve([listening])
        group.cancel_scope.cancel()

    async with create_task_group() as group:
        group.start_soon(serve)
        try:
            await sleep_forever()
        finally:
            http.handle_exit(signal.SIGTERM, None)  # it also ends the streams of events
