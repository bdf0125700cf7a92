"""Listening: an address, a port, and who reaches them."""

from __future__ import annotations

import errno
import logging
from typing import TYPE_CHECKING

from aiohttp import web
from attrs import define, field

from agentcore_memory_async.local._http.server import Server, is_loopback

if TYPE_CHECKING:
    from collections.abc import Collection

    from agentcore_memory_async.local._http.server import RequestHandler

_LOG = logging.getLogger("agentcore_memory_async.local")

_PATIENCE_S = 1.0
"""Seconds that requests get to finish when it stops."""


class LocalServiceError(OSError):
    """The service can't start; the text says why, and what to do."""


@define
class Listener:
    """
    Listens for one request handler.

    Attributes:
        handler: Answers the requests.
        host: Address to listen on.
        port: Port; 0 takes a free one.
    """

    handler: RequestHandler
    host: str
    port: int
    _runner: web.ServerRunner = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make the server; it is not yet started."""
        server = Server(self.handler.handle, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=_PATIENCE_S)

    async def start(self) -> str:
        """
        Begin to listen, and return the URL.

        Raises:
            LocalServiceError: The port is taken, or the address is not this machine's.
        """
        try:
            await self._runner.setup()
            await web.TCPSite(self._runner, self.host, self.port, backlog=1024).start()
        except OSError as error:
            message = (
                f"cannot listen on {self.host}:{self.port}: {error.strerror or error}; "
                "choose another port, or 0 for a free one"
            )
            raise LocalServiceError(error.errno, message) from error
        address = self._runner.addresses[0]
        name = f"[{address[0]}]" if ":" in address[0] else address[0]
        return f"http://{name}:{address[1]}"

    async def stop(self) -> None:
        """Let requests finish, and stop listening."""
        await self._runner.cleanup()


def check_reach(host: str, allowed_hosts: Collection[str]) -> None:
    """
    Refuse, or log, that other machines reach a service without authentication.

    Raises:
        LocalServiceError: Other machines reach *host*, and no host is allowed.
    """
    if is_loopback(host):
        return
    reach = f"other machines reach {host or 'all addresses'}, without authentication"
    if not allowed_hosts:
        message = f"{reach}: name its hosts by allowed_hosts (--allow-host), or '*' for all"
        raise LocalServiceError(errno.EACCES, message)
    _LOG.warning("%s: keep the network private", reach)
