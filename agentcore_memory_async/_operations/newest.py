"""
The newest messages of a branch, read as far as they are needed.

A branch comes after what it forks from, whatever the clocks say: its events may be dated before its
root, or after what follows there. So the service's list of a branch with its parents, newest first,
is not in the order of the conversation. It is read level by level: first the branch alone, and what
it forks from only where all of the branch was read and has too few messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from agentcore_memory_async._calls.pagination import MAX_PAGE
from agentcore_memory_async._operations.events import EventOperations
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.turns import Newest, branch_of, in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agentcore_memory_async._calls.pagination import Pages
    from agentcore_memory_async.models import Branch, ConversationalMessage, Event

FIRST_PAGE = 20
"""Events of the first page that is read for the newest messages, at least."""


class NewestOperations(EventOperations):
    """The newest messages of a session."""

    async def _newest(
        self,
        k: int,
        branch: str | Branch | None,
        *,
        include_parents: bool,
        events: int,
        count: Callable[[Sequence[ConversationalMessage]], int] = len,
    ) -> list[Event]:
        """
        Return the newest events that have *k* messages, in the order of the conversation.

        Args:
            k: Number of messages, of those that *count* counts.
            branch: Branch to read.
            include_parents: Whether what it forks from is read before it.
            events: Number of events that probably have so many messages.
            count: Counts those of an event's messages that count.
        """
        named = check.check_branch(branch)
        goes_on = check.check_bool("include_parent_branches", include_parents)
        own = Newest(k, named.name if named else None, count)
        size = min(MAX_PAGE, max(FIRST_PAGE, events))
        await _read(self._event_pages(named, size, include_parents=False), own)
        if named and goes_on and own.missing:
            return await self._with_parents(named.name, own)
        return own.events()

    async def _with_parents(self, branch: str, own: Newest) -> list[Event]:
        """Return the events of *own*, which are all of the branch, after those of its parents."""
        listed = self._event_pages(branch, MAX_PAGE, include_parents=True)
        seen: dict[str, Event] = {}
        name: str | None = branch
        levels: dict[str | None, Newest] = {name: own}
        while name is not None and levels[name].missing:
            below = levels[name]
            root = await _find(listed, seen, below.root_event_id)
            if root is None or listed.over or branch_of(root) in levels:
                await _find(listed, seen, None)
                return in_order(list(seen.values()), branch)
            name = branch_of(root)
            level = levels[name] = below.above(root)
            if name is None:  # nothing is above it, and the list ends at the fork
                level.feed(seen.values())
                await _read(listed, level)
            else:
                await _read(self._event_pages(name, MAX_PAGE, include_parents=False), level)
        return [event for level in reversed(levels.values()) for event in level.events()]


async def _read(pages: Pages[Event], newest: Newest) -> None:
    """Read pages until *newest* is complete, or there are no more."""
    while not (newest.complete or pages.over):
        newest.feed(await anext(pages))
        pages.page_size = MAX_PAGE  # events of other kinds lie between


async def _find(pages: Pages[Event], seen: dict[str, Event], event_id: str | None) -> Event | None:
    """Read pages into *seen* until it has the event, which is returned; None reads all."""
    while event_id not in seen and not pages.over:
        for event in await anext(pages):
            seen[event.event_id] = event if event.messages else evolve(event, payload=None)
    return seen.get(event_id or "")
