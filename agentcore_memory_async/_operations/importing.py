"""Bringing conversations and records in: each once, in order, however often it is run."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import anyio
from attrs import define, field

from agentcore_memory_async._calls.event_times import UsedTimes
from agentcore_memory_async._followed import Followed
from agentcore_memory_async._operations.events import EventOperations
from agentcore_memory_async._threads import run_apart
from agentcore_memory_async._wire import transfer as decide
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.validation import EPOCH
from agentcore_memory_async._wire.weight import is_large
from agentcore_memory_async.models import (
    Conversation,
    HistoryRecord,
    ImportProgress,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Container, Iterable
    from datetime import datetime

    from agentcore_memory_async._operations.batches import BatchOperations
    from agentcore_memory_async.models import HistoryEvent

ROUND = 20
"""How many messages of each conversation are stored between two steps."""
MOST_RECORDS = 100
"""How many records are stored together."""


def distinct_times(times: Iterable[int]) -> list[int]:
    """Return times in milliseconds, moved to the next free one where they are equal."""
    used = UsedTimes()
    moved: list[int] = []
    for ms in times:
        moved.append(used.free_from(ms))
        used.add(moved[-1])
    return moved


@define
class _Writing:
    """A conversation that is being stored, and how far it is."""

    place: int
    conversation: Conversation
    session: EventOperations
    events: list[HistoryEvent]
    times: list[int]
    order: list[int]
    at: int = 0
    event_ids: dict[int, str] = field(factory=dict[int, str])

    @property
    def is_over(self) -> bool:
        return self.at == len(self.order)


class Import(Followed[ImportProgress, ImportProgress]):
    """
    An import; ``import_conversations`` makes it.

    ``await`` runs it and returns what was stored; ``async for`` shows how far it is. Nothing is
    sent, and no conversation is taken, before. Cancelling, or leaving the loop, leaves nothing in
    flight; waiting again goes on, and so does another import of the same conversations.
    """

    def __init__(
        self,
        view: BatchOperations,
        source: AsyncGenerator[object],
        extract: bool,
        concurrency: int,
        stored: Container[int],
    ) -> None:
        self._view = view
        self._core = view._core  # noqa: SLF001 - a view's own
        self._source = source
        self._extract = extract
        self._concurrency = concurrency
        self._stored_before = stored
        self._active: list[_Writing] = []
        self._held: object = None
        self._records: list[HistoryRecord] = []
        self._record_places: list[int] = []
        self._records_taken = 0
        self._place = -1
        self._places: list[int] = []
        self._has_more = True
        self._is_cut = False
        self._counts = {"conversations": 0, "messages": 0, "records": 0}
        self._sent = 0

    def __repr__(self) -> str:
        state = "done" if self.done else "not done"
        return f"<Import into {self._core.memory_id}, {state}>"

    async def _steps(self) -> AsyncGenerator[ImportProgress]:
        began, before = self._now(), self._sent
        while await self._fill():
            await self._store_round()
            yield self._progress(began, before)
        self._result = self._progress(began, before)

    def _now(self) -> float:
        return self._core.polls.lister.wait_clock.now()

    def _progress(self, began: float, before: int) -> ImportProgress:
        seconds = self._now() - began
        per_second = (self._sent - before) / seconds if seconds > 0 else 0.0
        places, self._places = tuple(self._places), []
        return ImportProgress(**self._counts, per_second=per_second, places=places)

    async def _fill(self) -> bool:
        """Take conversations and records until there is enough to do; return whether there is."""
        while self._has_more and len(self._active) < self._concurrency:
            if len(self._records) == MOST_RECORDS:
                break
            if self._held is None:
                self._held = await self._next()
            item = self._held
            if self._place in self._stored_before:
                self._pass_over(item)
            elif isinstance(item, Conversation):
                if any(_is_same_session(each.conversation, item) for each in self._active):
                    break  # its order is that of the iterable
                self._active.append(await self._begin(item))
            elif isinstance(item, HistoryRecord):
                self._records.append(item)
                self._record_places.append(self._place)
                self._records_taken += 1
            elif self._has_more:
                check.refuse(
                    f"an item of conversations is {check.kind(item)}; give a Conversation, or a "
                    "HistoryRecord"
                )
            self._held = None  # not before: an item that is refused is refused again
        return bool(self._active or self._records)

    def _pass_over(self, item: object) -> None:
        """Count an item that an earlier import has stored."""
        if isinstance(item, Conversation):
            self._counts["conversations"] += 1
            self._counts["messages"] += len(item.messages)
        elif isinstance(item, HistoryRecord):
            self._counts["records"] += 1
            self._records_taken += 1

    async def _next(self) -> object:
        """Return the next item; None at the end."""
        if self._is_cut:
            check.refuse(
                "conversations ended with an error, or was cancelled; import again from a new "
                "iterable: nothing is stored twice"
            )
        self._is_cut = True
        item = await anext(self._source, None)
        self._is_cut = False
        self._place += 1
        self._has_more = item is not None
        return item

    async def _begin(self, conversation: Conversation) -> _Writing:
        session = EventOperations(self._view, conversation.actor_id, conversation.session_id)
        given = conversation.session_id, conversation.messages
        events = await run_apart(decide.checked_events, *given, large=is_large(given))
        times = distinct_times(check.check_timestamp(each.timestamp) for each in events)
        order = decide.writing_order(events)
        return _Writing(self._place, conversation, session, events, times, order)

    async def _store_round(self) -> None:
        """Store a few messages of each conversation, and the records."""
        errors: list[Exception] = []

        async def store(writing: _Writing) -> None:
            try:
                for _ in range(ROUND):
                    if writing.is_over or errors:
                        return
                    await self._store_next(writing)
            except Exception as error:  # noqa: BLE001 - raised below, as itself
                errors.append(error)

        async def store_records() -> None:
            try:
                await self._store_records()
            except Exception as error:  # noqa: BLE001 - raised below, as itself
                errors.append(error)

        async with anyio.create_task_group() as tasks:
            for writing in self._active:
                tasks.start_soon(store, writing)
            if len(self._records) == MOST_RECORDS or not (self._active or self._has_more):
                tasks.start_soon(store_records)
        active = [each for each in self._active if not each.is_over]
        over = [each.place for each in self._active if each.is_over]
        self._counts["conversations"] += len(over)
        self._places += over
        self._active = active
        if errors:
            raise errors[0]

    async def _store_next(self, writing: _Writing) -> None:
        place = writing.order[writing.at]
        event, ms = writing.events[place], writing.times[place]
        stored = await writing.session._write_event(  # noqa: SLF001 - of this folder
            event.items,
            partial(decide.items_of, event),
            branch=decide.branch_of(event, writing.event_ids),
            metadata=decide.metadata_of(event),
            timestamp=EPOCH + timedelta(milliseconds=ms),
            extract=self._extract,
            client_token=decide.token_of(writing.conversation, place, event, ms),
        )
        writing.event_ids[place] = stored.event_id
        writing.at += 1
        self._counts["messages"] += 1
        self._sent += 1

    async def _store_records(self) -> None:
        now = EPOCH + timedelta(milliseconds=self._core.writer.now_ms())
        before = self._records_taken - len(self._records)
        by_expiry: dict[datetime | None, list[HistoryRecord]] = {}
        for record in self._records:
            by_expiry.setdefault(record.expires_at, []).append(record)
        for records in by_expiry.values():
            token = decide.records_token(before, records)
            await self._view.batch_create_memory_records(
                [decide.new_record(each, f"{token}-{place}") for place, each in enumerate(records)],
                expiry_days=decide.expiry_days(records[0], now),
                client_token=token,
                raise_on_failure=True,
            )
        self._counts["records"] += len(self._records)
        self._places += self._record_places
        self._records, self._record_places = [], []


def _is_same_session(one: Conversation, other: Conversation) -> bool:
    return (one.actor_id, one.session_id) == (other.actor_id, other.session_id)
