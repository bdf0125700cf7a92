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
        used: Number of requests that earlier commands have made for the same run.

    Attributes:
        limit: Largest number of requests of this command; None for no limit.
        reserve: Number of requests that are kept for the removal of what the run makes.
        requests: Number of requests of each operation.
    """

    def __init__(self, used: int = 0) -> None:
        self.limit: int | None = None
        self.reserve = 0
        self.requests: Counter[str] = Counter()
        self._used = used

    @property
    def total(self) -> int:
        """Number of requests of the whole run."""
        return self._used + self.requests.total()

    def require(self, count: int) -> None:
        """
        Check that *count* requests may be made, beside those that are kept.

        Raises:
            LimitReachedError: There would be more than the limit.
        """
        if self.limit is None:
            return
        if self.requests.total() + count + self.reserve > self.limit:
            kept = f", {self.reserve} of them kept to remove what it made" if self.reserve else ""
            message = f"limit reached: {self.limit} requests{kept}"
            raise LimitReachedError(message)

    def measure(self, transport: Transport) -> Transport:
        """Return a transport that sends by *transport* and counts."""

        async def send(operation: str, params: Mapping[str, Any]) -> Answer:
            self.require(1)
            self.requests[operation] += 1
            return await transport(operation, params)

        return send
