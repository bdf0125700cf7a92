"""Reading the newest events of a branch, as far as they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async._calls.pagination import MAX_PAGE

if TYPE_CHECKING:
    from agentcore_memory_async._calls.pagination import Pages
    from agentcore_memory_async._wire.turns import Newest
    from agentcore_memory_async.models import Event, Turn

FIRST_PAGE = 20
"""Events of the first page that is read for the newest messages, at least."""


def first_page(events: int) -> int:
    """Return the size of the first page where about so many *events* are wanted."""
    return min(MAX_PAGE, max(FIRST_PAGE, events))


async def read_newest(event_pages: Pages[Event], newest: Newest) -> list[Turn]:
    """Read pages until *newest* is complete, and return its messages, oldest first."""
    async for events in event_pages:
        newest.feed(events)
        if newest.complete:
            break
        event_pages.page_size = MAX_PAGE  # events of other kinds lie between
    return newest.turns()
