"""The states of graphs and swarms in a session; what awaits runs in the manager's own loop."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

from strands.types.session import decode_bytes_values, encode_bytes_values

from agentcore_memory_async.integrations.strands._records import (
    ORCHESTRATOR,
    Reader,
    Record,
    to_events,
)
from agentcore_memory_async.integrations.strands._rewriting import add_event

if TYPE_CHECKING:
    from agentcore_memory_async import AsyncMemorySession


class Orchestrators:
    """Reads each state once, and writes it where it has changed."""

    def __init__(self, session: AsyncMemorySession, *, is_read_only: bool) -> None:
        self._session = session
        self._is_read_only = is_read_only
        self._known: dict[str, Any] = {}

    async def read(self, owner: str) -> dict[str, Any] | None:
        """Return the newest state of an orchestrator; None without one, or if it has been read."""
        if owner in self._known:
            return None
        reader = Reader()
        found: object = None
        async with aclosing(self._session.iter_events()) as events:
            async for event in events:
                states = [
                    stored.record.data
                    for stored in await reader.read(event)
                    if (stored.record.kind, stored.record.owner) == (ORCHESTRATOR, owner)
                ]
                if states:
                    found = states[-1]
                    break
        self._known[owner] = found
        return cast("dict[str, Any] | None", decode_bytes_values(found))

    async def write(self, owner: str, state: dict[str, Any]) -> None:
        """Write the state of an orchestrator."""
        data = encode_bytes_values(state)
        if self._is_read_only or self._known.get(owner) == data:
            return
        for items in await to_events([Record(ORCHESTRATOR, owner, data)], ()):
            await add_event(self._session, items)
        self._known[owner] = data
