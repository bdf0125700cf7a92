"""A session of the memory whose values are folded to a state; used in the manager's loop only."""

from __future__ import annotations

import logging
from contextlib import aclosing
from datetime import timedelta
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from anyio import Lock
from attrs import define, field

from agentcore_memory_async.errors import AgentCoreMemoryError, InvalidInputError
from agentcore_memory_async.integrations._documents import Reader, pack
from agentcore_memory_async.integrations.google_adk import _names
from agentcore_memory_async.integrations.google_adk._folding import STATE_ONLY, Fold, Wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentcore_memory_async.integrations._recent import Recent
    from agentcore_memory_async.manager import AsyncMemorySessionManager
    from agentcore_memory_async.models import ConversationalMessage
    from agentcore_memory_async.session import AsyncMemorySession

FORMAT = "google_adk"
"""Name of the format of what is kept."""
SNAPSHOT_EVERY = 50
"""Changes from which on a snapshot is stored: a page has 100 events."""
SETTLED = timedelta(seconds=60)
"""Age from which on no change of a shared state is still on its way: a write is tried for 30 s."""
AT_ONCE = timedelta()
"""A session has one writer at a time."""
_MOST_EVENTS = 100
"""Largest number of events of a page."""
_LOG = logging.getLogger("agentcore_memory_async.integrations.google_adk")


@define
class Step:
    """An event that is to be stored; a call that is repeated stores it once."""

    session: AsyncMemorySession
    payload: list[Any]
    is_extracted: bool
    token: str = field(factory=partial(token_hex, 16))
    stored_ms: int | None = None


@define
class Known:
    """
    What is known of a session.

    Attributes:
        lock: Held by who writes.
        newest_ms: Time of the newest value that was read or written here.
        changes: Number of changes since the last snapshot, as far as it is known.
        is_deleted: Whether it was deleted here.
        unfinished: An event of ADK whose call has failed, and how it is stored.
    """

    lock: Lock = field(factory=Lock)
    newest_ms: int = 0
    changes: int = 0
    is_deleted: bool = False
    unfinished: tuple[dict[str, Any], list[Step]] | None = None


async def read(session: AsyncMemorySession, known: Known, wanted: Wanted = STATE_ONLY) -> Fold:
    """Read state and events, no more pages than they need."""
    fold, reader = Fold(wanted), Reader(FORMAT)
    async with aclosing(session.iter_events(page_size=_MOST_EVENTS)) as events:
        async for event in events:
            document = await reader.read(event)
            if document is not None:
                fold.add(document)
                if fold.is_done:
                    break
        else:
            fold.end()
    known.newest_ms = max(known.newest_ms, fold.newest_ms)
    known.changes = fold.since_snapshot
    return fold


async def steps(
    session: AsyncMemorySession,
    value: dict[str, Any],
    said: Sequence[ConversationalMessage] = (),
) -> list[Step]:
    """Return the events that store a value, and messages beside it."""
    try:
        payloads = await pack(FORMAT, value, said)
    except (TypeError, ValueError) as error:
        message = f"what is to be stored is not JSON: {error}; keep JSON in state and events"
        raise InvalidInputError(message) from None
    return [Step(session, payload, bool(said)) for payload in payloads]


async def store(left: list[Step]) -> int:
    """Store what is not stored yet; return when the last value began, in epoch milliseconds."""
    for step in left:
        if step.stored_ms is None:
            event = await step.session.add_turns(
                step.payload, extract=step.is_extracted, client_token=step.token
            )
            step.stored_ms = round(event.timestamp.timestamp() * 1000)
    last = left[-1].session
    return next(step.stored_ms or 0 for step in left if step.session is last)


async def note_change(session: AsyncMemorySession, known: Known, settled: timedelta) -> None:
    """Count a change, and store a snapshot in time; one that fails is tried again later."""
    known.changes += 1
    if known.changes < SNAPSHOT_EVERY:
        return
    try:
        snapshot = (await read(session, known)).to_snapshot(settled)
        known.changes = 0
        if snapshot is not None:
            await store(await steps(session, {"snapshot": snapshot}))
    except AgentCoreMemoryError as error:
        known.changes = 0
        _LOG.warning("a snapshot of session %s was not stored: %s", session.session_id, error)


class States:
    """
    The states of an app and of a user of it, each a session that is written by anybody.

    Args:
        manager: Manager.
        recent: What is known of sessions.
        app_name: Name of the app.
        user_id: Id of the user.
    """

    def __init__(
        self,
        manager: AsyncMemorySessionManager,
        recent: Recent[Known],
        app_name: str,
        user_id: str,
    ) -> None:
        self.app = _names.app_state(manager, app_name)
        self.user = _names.user_state(manager, app_name, user_id)
        self._recent = recent

    async def steps(self, app: dict[str, Any], user: dict[str, Any]) -> list[Step]:
        """Return the events that store changes: none where there is none."""
        changes = ((self.app, app), (self.user, user))
        return [
            step
            for session, change in changes
            if change
            for step in await steps(session, {"state": change})
        ]

    async def note_changes(self, app: dict[str, Any], user: dict[str, Any]) -> None:
        """Count changes that were stored."""
        for session, change in ((self.app, app), (self.user, user)):
            if change:
                await note_change(session, self._recent.of(session), SETTLED)
