"""The service's clock, and its extraction delay if it is a local one, as answers tell them."""

from __future__ import annotations

from collections import OrderedDict
from datetime import timedelta
from typing import TYPE_CHECKING

from attrs import evolve

if TYPE_CHECKING:
    from datetime import datetime

    from agentcore_memory_async._transport.base import Answer

MAX_REMEMBERED = 1000
"""Number of writes whose first sending is remembered."""


class ServiceClock:
    """
    The service's clock, in whole seconds; it is known from the first answer on.

    An event whose answer was slow, or lost at first, may have been accepted long before the answer
    came. Records extracted in between must not count as older than the event. So the first sending
    of each write is remembered, by its client token. All other times are by the clock of waits.

    Attributes:
        extraction_delay_s: Time from an event to its records, as the local service told it last.
    """

    def __init__(self) -> None:
        self._noted: tuple[float, datetime] | None = None
        self._first_sent = OrderedDict[str, float]()
        self.extraction_delay_s: float | None = None

    def at(self, now: float) -> datetime | None:
        """Return the service's time at *now*; None before the first response."""
        if self._noted is None:
            return None
        return self._noted[1] + timedelta(seconds=now - self._noted[0])

    def sending(self, token: str | None, now: float) -> float | None:
        """Note a request; return when the same write was sent first, or None if this is it."""
        if token is None:
            return None
        if token in self._first_sent:
            return self._first_sent[token]
        self._first_sent[token] = now
        if len(self._first_sent) > MAX_REMEMBERED:
            self._first_sent.popitem(last=False)
        return None

    def not_taken(self, token: str | None) -> None:
        """Forget a write that the service certainly did not accept."""
        if token is not None:
            self._first_sent.pop(token, None)

    def answered(self, answer: Answer, first_sent_at: float, now: float) -> Answer:
        """Note the date of *answer*, and return it dated to when its request was first sent."""
        self.extraction_delay_s = answer.extraction_delay_s
        if answer.date is None:
            return answer
        self._noted = now, answer.date
        waited_s = int(now - first_sent_at)  # dates have whole seconds
        return (
            evolve(answer, date=answer.date - timedelta(seconds=waited_s)) if waited_s else answer
        )
