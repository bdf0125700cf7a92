"""The requests of a run, counted at the seam to the network, where no retry is missed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from agentcore_memory_async.verify._asking.reply import LimitReachedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async._transport.base import Answer, Transport


class Meter:
    """
    Counts requests, and refuses those beyond a limit.

    Args:
        used: Number of requests that the run has made already.

    Attributes:
        limit: Largest number of requests; None for no limit.
        requests: Number of requests of each operation.
    """

    def __init__(self, used: int = 0) -> None:
        self.limit: int | None = None
        self.requests: Counter[str] = Counter()
        self._used = used

    @property
    def total(self) -> int:
        """Number of requests of the whole run."""
        return self._used + self.requests.total()

    def require(self, count: int) -> None:
        """
        Check that *count* requests may be made.

        Raises:
            LimitReachedError: The run would make more than its limit.
        """
        if self.limit is not None and self.total + count > self.limit:
            message = f"the limit of {self.limit} requests is reached"
            raise LimitReachedError(message)

    def measure(self, transport: Transport) -> Transport:
        """Return a transport that sends by *transport* and counts."""

        async def send(operation: str, params: Mapping[str, Any]) -> Answer:
            self.require(1)
            self.requests[operation] += 1
            return await transport(operation, params)

        return send
