"""
The session of an agent of the OpenAI Agents SDK, in AgentCore Memory.

```python
session = AgentCoreSession(manager, actor_id="anna", session_id="chat001")
result = await Runner.run(agent, "My name is Anna.", session=session)
```

The items of a call of ``add_items`` are one event: whole, as data, and beside them what user and
assistant said, as messages, from which the service extracts long-term records. Nothing that was
written is changed. ``pop_item`` writes which item is taken back, and what the session has is
computed from its events.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary, WeakValueDictionary

from agents.memory import SessionABC, SessionSettings
from agents.memory.session_settings import coerce_session_settings
from anyio import Lock

from agentcore_memory_async import encode_actor_id, encode_session_id
from agentcore_memory_async.errors import InvalidInputError, NotFoundError
from agentcore_memory_async.integrations._documents import Reader, pack, text_of, to_messages
from agentcore_memory_async.integrations._loops import ManagerLoop
from agentcore_memory_async.integrations._together import gather
from agentcore_memory_async.models import MessageRole
from agentcore_memory_async.session import AsyncMemorySession

if TYPE_CHECKING:
    from agents import RunContextWrapper, TResponseInputItem

    from agentcore_memory_async.integrations._documents import Document
    from agentcore_memory_async.manager import AsyncMemorySessionManager
    from agentcore_memory_async.models import ConversationalMessage, Event
    from agentcore_memory_async.sync import MemorySessionManager

__all__ = ("AgentCoreSession",)

_FORMAT = "openai_agents"
"""Name of the format of what is kept."""
_ROLES = {"user": MessageRole.USER, "assistant": MessageRole.ASSISTANT}
"""Roles whose text is for extraction, and so is not that of instructions."""
_MOST_EVENTS = 100
"""Largest number of events of a page."""
_FEWEST_EVENTS = 10
"""Smallest number of events that is asked for: a few more cost the same."""


class AgentCoreSession(SessionABC):
    """
    A session of the OpenAI Agents SDK; it works from any event loop and thread.

    Any number of objects may be made for one session, in any process: each sees what the others
    have stored. Making one sends nothing.

    Args:
        manager: An `AsyncMemorySessionManager` that is open while the session is used, or a
            `MemorySessionManager`, which opens by itself.
        actor_id: Whose session it is, any string; `encode_actor_id` makes an actor id of it.
        session_id: Name of the session, any string; `encode_session_id` makes a session id of it.
        session_settings: Settings of the SDK: ``limit`` is the largest number of items that
            ``get_items`` returns where it is not told.

    Attributes:
        session_id: The name, as it was given.
        session_settings: The settings.

    Raises:
        InvalidInputError: An argument is invalid.
        TypeError: *session_settings* has a name that the SDK does not know.
    """

    session_settings: SessionSettings | None = None

    def __init__(
        self,
        manager: AsyncMemorySessionManager | MemorySessionManager,
        *,
        actor_id: str,
        session_id: str,
        session_settings: SessionSettings | dict[str, Any] | None = None,
    ) -> None:
        self._loop = ManagerLoop(manager)
        self._session = AsyncMemorySession(
            self._loop.manager, encode_actor_id(actor_id), encode_session_id(session_id)
        )
        self._shared: _Shared | None = None
        self.session_id = session_id
        self.session_settings = coerce_session_settings(session_settings or {})

    def __repr__(self) -> str:
        return f"<AgentCoreSession {self._session.session_id} of {self._session.actor_id}>"

    async def get_items(
        self, limit: int | None = None, *, wrapper: RunContextWrapper[Any] | None = None
    ) -> list[TResponseInputItem]:
        """
        Return the newest items, oldest first.

        Args:
            limit: Largest number of items; that of the settings if omitted, and all without one.
            wrapper: Context of the run, as the runner passes it; each run sees the same items.

        AWS operation: ``ListEvents``, as many pages as it takes: up to 100 events each.
        """
        del wrapper
        if limit is None and self.session_settings is not None:
            limit = self.session_settings.limit
        found = await self._loop.read(self._newest, None if limit is None or limit < 0 else limit)
        return [item for _, _, item in reversed(found)]

    async def add_items(
        self, items: list[TResponseInputItem], *, wrapper: RunContextWrapper[Any] | None = None
    ) -> None:
        """
        Store items, all of them or none.

        A caller that is cancelled waits until the outcome is known.

        Args:
            items: Items, which are JSON.
            wrapper: As in ``get_items``.

        Raises:
            InvalidInputError: An item is not JSON.

        AWS operation: ``CreateEvent``: one up to 49 messages and about 2 MB; larger batches take
        several, and are seen when the last one is stored.
        """
        del wrapper
        await self._loop.write(self._add, items)

    async def pop_item(
        self, *, wrapper: RunContextWrapper[Any] | None = None
    ) -> TResponseInputItem | None:
        """
        Take back the newest item, and return it; None where there is none.

        It is marked as taken back, and no longer read; ``clear_session`` deletes it. Where two
        processes do so at once, both may return the same item, which is taken back once.

        Args:
            wrapper: As in ``get_items``.

        AWS operations: ``ListEvents`` and ``CreateEvent``.
        """
        del wrapper
        return await self._loop.write(self._pop)

    async def clear_session(self, *, wrapper: RunContextWrapper[Any] | None = None) -> None:
        """
        Delete all items.

        They are gone for all readers at once, by one event; then what they were stored in is
        deleted, and that event at last. If it is interrupted, the next call deletes the rest. The
        long-term records that were extracted from them stay: see ``forget_actor``.

        Args:
            wrapper: As in ``get_items``.

        AWS operations: ``CreateEvent``, ``ListEvents`` and ``DeleteEvent``, one for each event.
        """
        del wrapper
        await self._loop.write(self._clear)

    async def _newest(self, limit: int | None) -> list[tuple[Document, int, TResponseInputItem]]:
        """Return the newest items, newest first, each with what it is stored in."""
        found: list[tuple[Document, int, TResponseInputItem]] = []
        if limit == 0:
            return found
        popped: set[tuple[str, int]] = set()
        reader = Reader(_FORMAT)
        wanted = _MOST_EVENTS if limit is None else limit + self._state.popped
        size = max(_FEWEST_EVENTS, min(wanted, _MOST_EVENTS))
        async with aclosing(self._session.iter_events(page_size=size)) as events:
            async for event in events:
                self._state.see(event)
                document = await reader.read(event)
                if document is None:
                    continue
                value: dict[str, Any] = document.value
                if "cleared" in value:
                    break
                if "popped" in value:
                    popped.add(tuple(value["popped"]))
                items: list[TResponseInputItem] = value.get("items", [])
                found += [
                    (document, at, items[at])
                    for at in reversed(range(len(items)))
                    if (document.id, at) not in popped
                ]
                if limit is not None and len(found) >= limit:
                    break
        return found[:limit]

    async def _add(self, items: list[TResponseInputItem]) -> None:
        if not items:
            return
        said = [message for item in items for message in _messages(item)]
        try:
            payloads = await pack(_FORMAT, {"items": items}, said)
        except (TypeError, ValueError) as error:
            message = f"items is not JSON: {error}; give what the SDK's to_input_list() returns"
            raise InvalidInputError(message) from None
        await self._write(payloads, is_extracted=bool(said))

    @property
    def _state(self) -> _Shared:
        """What all objects of the session share; in the manager's loop."""
        if self._shared is None:
            sessions = _SHARED.setdefault(self._loop.manager, WeakValueDictionary())
            ids = (self._session.actor_id, self._session.session_id)
            self._shared = sessions.setdefault(ids, _Shared())
        return self._shared

    async def _write(self, payloads: list[list[Any]], *, is_extracted: bool) -> list[Event]:
        state = self._state
        events: list[Event] = []
        for payload in payloads:
            at = state.next_time()
            events.append(
                await self._session.add_turns(payload, timestamp=at, extract=is_extracted)
            )
            state.see(events[-1])
        return events

    async def _pop(self) -> TResponseInputItem | None:
        async with self._state.popping:
            found = await self._newest(1)
            if not found:
                return None
            [(document, at, item)] = found
            popped = await pack(_FORMAT, {"popped": [document.id, at]})
            await self._write(popped, is_extracted=False)
            self._state.popped += 1
            return item

    async def _clear(self) -> None:
        newest = await self._session.list_events(max_results=1, page_size=1, include_payloads=False)
        if not newest:
            return
        self._state.see(newest[0])
        cleared = await pack(_FORMAT, {"cleared": True})
        [marker] = await self._write(cleared, is_extracted=False)
        reader, old, is_older = Reader(_FORMAT), list[str](), False
        async with aclosing(self._session.iter_events()) as events:
            async for event in events:
                if event.event_id == marker.event_id:
                    is_older = True
                elif is_older and reader.frames(event):
                    old.append(event.event_id)
        await gather(self._delete, old)
        await self._delete(marker.event_id)
        self._state.popped = 0

    async def _delete(self, event_id: str) -> None:
        with suppress(NotFoundError):  # another call has deleted it
            await self._session.delete_event(event_id)


class _Shared:
    """
    What the objects of one session share, in the loop of their manager.

    Attributes:
        popping: Held from finding an item until it is taken back, so that it is one's alone.
        popped: Number of items taken back: as many events may precede what a reader looks for.
    """

    def __init__(self) -> None:
        self.popping = Lock()
        self.popped = 0
        self._newest = datetime.min.replace(tzinfo=UTC)

    def see(self, event: Event) -> None:
        """Note an event that was read or written."""
        self._newest = max(self._newest, event.timestamp)

    def next_time(self) -> datetime | None:
        """
        Return the time of the next event; None is the current time.

        Another process may have a clock that is ahead. What answers its events is newer all the
        same: otherwise an item would not be taken back, and an answer would precede its question.
        """
        later = self._newest + timedelta(milliseconds=1)
        return later if later > datetime.now(UTC) else None


_SHARED: WeakKeyDictionary[
    AsyncMemorySessionManager, WeakValueDictionary[tuple[str, str], _Shared]
] = WeakKeyDictionary()
"""What sessions share, by manager, actor id and session id."""


def _messages(item: object) -> list[ConversationalMessage]:
    """Return what the user or the assistant said in an item."""
    fields = cast("Mapping[str, object]", item if isinstance(item, Mapping) else {})
    role = fields.get("role")
    said = _ROLES.get(role) if isinstance(role, str) else None
    return [] if said is None else to_messages(said, text_of(fields.get("content")))
