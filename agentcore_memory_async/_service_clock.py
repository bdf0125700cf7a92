"""What the service's clock says, from the ``Date`` of its answers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from agentcore_memory_async._transport import Answer, Transport


class ServiceClock:
    """The service's clock, in whole seconds; it is known once an answer came."""

    def __init__(self) -> None:
        self._noted: tuple[float, datetime] | None = None

    def note(self, now: float, date: datetime) -> None:
        """Note the *date* of an answer that came at *now*, on the loop's clock."""
        self._noted = now, date

    def at(self, now: float) -> datetime | None:
        """Give what it showed or will show at *now*; None where no answer has come yet."""
        if self._noted is None:
            return None
        return self._noted[1] + timedelta(seconds=now - self._noted[0])


class DatedTransport:
    """
    Passes requests on, and notes the date of each answer.

    Args:
        transport: The seam to the network.
        clock: Where to note it.
    """

    def __init__(self, transport: Transport, clock: ServiceClock) -> None:
        self._transport = transport
        self._clock = clock

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Send one request."""
        answer = await self._transport(operation, params)
        if answer.date is not None:
            self._clock.note(anyio.current_time(), answer.date)
        return answer
