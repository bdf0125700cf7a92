"""The way into one operation's flow: first come, first served."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from agentcore_memory_async._flow import Flow, Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class Ticket:
    """A request under way; whoever holds it says how it ended."""

    def __init__(self) -> None:
        self.outcome = Outcome.CANCELLED


class Gate:
    """
    Lets requests of one operation through as its flow allows.

    Args:
        max_window: How many may be under way at most.
    """

    def __init__(self, max_window: int) -> None:
        self._flow = Flow(max_window)
        self._turnstile = anyio.Lock(fast_acquire=True)
        self._changed = anyio.Event()

    def retrying(self) -> None:
        """Say that the next request is a retry after a failure."""
        self._flow.retrying(anyio.current_time())

    @asynccontextmanager
    async def request(self, source: object = None) -> AsyncGenerator[Ticket]:
        """
        Wait for the turn of a request, and hold its place until it has ended.

        Args:
            source: What stands for the session, where the service has limits for each.
        """
        async with self._turnstile:
            while wait_s := self._flow.wait_s(anyio.current_time()):
                self._changed = anyio.Event()
                with anyio.move_on_after(wait_s):
                    await self._changed.wait()
            number = self._flow.started(anyio.current_time())
        ticket = Ticket()
        try:
            yield ticket
        finally:
            self._flow.ended(anyio.current_time(), number, ticket.outcome, source)
            self._changed.set()
