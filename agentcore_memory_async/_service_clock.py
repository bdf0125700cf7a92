"""What the service's clock says, from the ``Date`` of its answers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
from attrs import evolve

from agentcore_memory_async._retry import may_have_run
from agentcore_memory_async.errors import AgentCoreMemoryError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from agentcore_memory_async._transport import Answer, Transport

MOST_REMEMBERED = 1000


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

    An event whose first answer was lost was taken then, not when the repeated request was
    answered: what was learnt in between must not count as older than the event.

    Args:
        transport: The seam to the network.
        clock: Where to note it.
    """

    def __init__(self, transport: Transport, clock: ServiceClock) -> None:
        self._transport = transport
        self._clock = clock
        self._first_sent: dict[str, float] = {}

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Send one request."""
        sent_at = anyio.current_time()
        token = params.get("clientToken") if operation == "CreateEvent" else None
        first_at = sent_at if token is None else self._remember(token, sent_at)
        try:
            answer = await self._transport(operation, params)
        except AgentCoreMemoryError as error:
            if token is not None and first_at == sent_at and not may_have_run(error):
                self._first_sent.pop(token, None)
            raise
        if answer.date is None:
            return answer
        self._clock.note(anyio.current_time(), answer.date)
        if first_at == sent_at:
            return answer
        earlier = answer.date - timedelta(seconds=anyio.current_time() - first_at)
        return evolve(answer, date=earlier.replace(microsecond=0))

    def _remember(self, token: str, now: float) -> float:
        """Give when a write was first sent."""
        first_at = self._first_sent.setdefault(token, now)
        if len(self._first_sent) > MOST_REMEMBERED:
            del self._first_sent[next(iter(self._first_sent))]
        return first_at
