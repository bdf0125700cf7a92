"""The client of a service as its owner holds it: opened once, shown, and warned of if forgotten."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from agentcore_memory_async._transport.lifecycle import Lifecycle

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcore_memory_async._transport.botocore import BotocoreTransport


class NetworkClient:
    """
    A client, and whether it is open.

    Args:
        owner: Class of what it belongs to, for errors and ``repr()``.
        subject: What ``repr()`` shows of the owner beside that; may be empty.
        network: The client; None where the caller gave a transport.

    Attributes:
        lifecycle: Open or closed, and in which loop and process.
    """

    def __init__(self, owner: str, subject: str, network: BotocoreTransport | None) -> None:
        self._shown = f"{owner} {subject}".rstrip()
        self._network = network
        self.lifecycle = Lifecycle(owner)

    def __repr__(self) -> str:
        parts = [self._shown, *([self.where] if self._network else []), self.lifecycle.state]
        return f"<{', '.join(parts)}>"

    def __del__(self, warn: Callable[..., None] = warnings.warn) -> None:
        if self._network is not None and self.lifecycle.is_open_here:
            message = f"unclosed {self!r}; use 'async with', or await its aclose()"
            warn(message, ResourceWarning, source=self)

    @property
    def where(self) -> str:
        """The region in words, and where it came from."""
        if self._network is None:
            return "the given transport"
        if not self._network.region:
            return "a region that is known once it is open"
        return f"region {self._network.region} (from {self._network.region_source})"

    @property
    def region(self) -> str:
        """The region in use; empty before it is open, or if that is not known."""
        return self._network.region if self._network else ""

    @property
    def endpoint_url(self) -> str:
        """Where requests go; empty if that is not known."""
        return self._network.endpoint_url if self._network else ""

    async def open_network(self) -> None:
        """Open the client, inside of the lifecycle's opening."""
        if self._network is not None:
            await self._network.open()

    async def close_network(self) -> None:
        """Close the client."""
        if self._network is not None:
            await self._network.aclose()
