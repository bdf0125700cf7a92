"""Deleting what a scope holds: scan, delete, and scan again until nothing comes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from agentcore_memory_async._calls.pagination import MAX_PAGE, Pages
from agentcore_memory_async._calls.rate_limit import session_pace
from agentcore_memory_async._calls.wait_clock import LOOP_CLOCK, holding
from agentcore_memory_async._followed import Followed
from agentcore_memory_async._operations.actors import session_pages
from agentcore_memory_async._operations.together import run_each
from agentcore_memory_async._wire import event_codec
from agentcore_memory_async._wire import forgetting as decide
from agentcore_memory_async._wire.validation import EPOCH
from agentcore_memory_async.errors import (
    DecodeError,
    NotFoundError,
    OutcomeUnknownError,
    ServiceError,
)
from agentcore_memory_async.models import ForgettingReport, ForgettingStep, Remaining

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from agentcore_memory_async._calls.rate_limit import TokenBucket
    from agentcore_memory_async._models.forgetting import RemainingKind
    from agentcore_memory_async._operations.batches import BatchOperations
    from agentcore_memory_async._wire.forgetting import Scope
    from agentcore_memory_async._wire.reading import Body, OnUnreadable
    from agentcore_memory_async.models import MemoryRecord

CHUNK = 100
"""How many items are deleted between two steps, records in one request."""
T = TypeVar("T")
MOST_DELETIONS = 16
"""Deletions of events that are under way at once; flow control may admit fewer."""
NOT_FOUND = 404
"""Code of a record that the service does not find."""
REPORTED = (ServiceError, OutcomeUnknownError)
"""Errors of one deletion that say nothing of the others."""


class Forgetting(Followed[ForgettingStep, ForgettingReport]):
    """
    A deletion; ``forget_actor``, ``delete_session`` and ``delete_namespace`` make it.

    ``await`` runs it and returns its report; ``async for`` shows how far it is. Nothing is sent
    before. Cancelling, or leaving the loop, leaves nothing in flight; waiting again goes on, and
    so does another deletion of the same, in any process.
    """

    def __init__(self, view: BatchOperations, scope: Scope) -> None:
        self._view = view
        self._core = view._core  # noqa: SLF001 - a view's own
        self._scope = scope
        self._tally = decide.Tally()
        # What was seen once is read on, and each session has a pace of its own.
        self._sessions: dict[str, TokenBucket] = {}
        self._pace = self._core.writer.account_pace
        if scope.session_id is not None:
            self._add_session(scope.session_id)

    def __repr__(self) -> str:
        return f"<Forgetting {self._scope.name}, {'done' if self.done else 'not done'}>"

    async def _steps(self) -> AsyncGenerator[ForgettingStep]:
        clock, settle_s = self._core.polls.lister.wait_clock, self._scope.settle_s
        quiet_since = clock.now()
        while True:
            began, checked_ms = clock.now(), self._core.writer.now_ms()
            self._tally.begin_scan()
            came = False
            events = await self._find_events()
            for start in range(0, len(events), CHUNK):
                chunk = events[start : start + CHUNK]
                came = await self._delete_events(chunk) or came
                yield ForgettingStep("events", start + len(chunk), len(events))
            records = await self._find_records()
            for start in range(0, len(records), CHUNK):
                chunk_of_records = records[start : start + CHUNK]
                came = await self._delete_records(chunk_of_records) or came
                yield ForgettingStep("records", start + len(chunk_of_records), len(records))
            if decide.is_over(began, quiet_since, settle_s, came=came):
                checked_until = EPOCH + timedelta(milliseconds=checked_ms)
                self._result = self._tally.report(self._scope, checked_until)
                return
            if came:
                quiet_since = clock.now()
            await self._wait(decide.next_scan_at(clock.now(), quiet_since, settle_s))
            quiet_s = min(settle_s, clock.now() - quiet_since)
            yield ForgettingStep("waiting", round(quiet_s), round(settle_s))

    async def _wait(self, until: float) -> None:
        clock = self._core.polls.lister.wait_clock
        with self._core.retrier.waits.until(), holding(clock):
            while clock.now() < until and not await clock.wait(anyio.Event(), until):
                pass

    def _add_session(self, session_id: str) -> None:
        pace = session_pace(self._core.writer.limits)
        self._sessions.setdefault(session_id, pace)

    async def _find_events(self) -> list[tuple[str, str]]:
        """Return session id and event id of each event, one of each session after the other."""
        scope, core = self._scope, self._core
        if scope.actor_id is None:
            return []
        if scope.session_id is None:
            sessions = session_pages(core, scope.actor_id, has_events=False)
            async for session in _paced(sessions, self._pace):
                self._add_session(session.session_id)
        found: dict[str, list[str]] = {}
        for session_id, pace in self._sessions.items():
            params = {**self._ids(session_id), "includePayloads": False}
            pages = self._list("ListEvents", params, decide.read_event_ids, "event", session_id)
            found[session_id] = [event_id async for event_id in _paced(pages, pace)]
        return decide.interleaved(found)

    async def _find_records(self) -> list[MemoryRecord]:
        """Return the records of the targets, as far as a deletion needs them."""
        found: dict[str, MemoryRecord] = {}
        for target in self._scope.targets:
            params = {"memoryId": self._core.memory_id, "namespacePath": target.prefix}
            pages = self._list("ListMemoryRecords", params, decide.read_record_places, "record", "")
            async for record in _paced(pages, self._pace):
                if target.holds(record.namespace):
                    found[record.memory_record_id] = record
                elif target.is_shared(record.namespace):
                    self._note_record(record, decide.SHARED)
        return list(found.values())

    def _list(
        self,
        operation: str,
        params: Mapping[str, Any],
        reader: Callable[[Body, OnUnreadable], list[T]],
        kind: RemainingKind,
        place: str,
    ) -> Pages[T]:
        def unreadable(error: DecodeError) -> None:
            """Note an item without a readable id: it is there, and cannot be named."""
            self._tally.note_failed(Remaining(kind, "", place, str(error)))

        core = self._core
        return Pages(
            core.retrier,
            operation,
            params,
            lambda body: reader(body, unreadable),
            MAX_PAGE,
            core.retry,
        )

    async def _delete_events(self, events: Sequence[tuple[str, str]]) -> bool:
        """Delete events, a few at a time; return whether any of it is new."""
        came: list[bool] = []

        async def delete(event: tuple[str, str]) -> None:
            came.append(await self._delete_event(*event))

        await run_each(events, delete, MOST_DELETIONS)
        return any(came)

    async def _delete_event(self, session_id: str, event_id: str) -> bool:
        core = self._core
        operation = "DeleteEvent"
        await core.retrier.pace(operation, LOOP_CLOCK, self._sessions[session_id], self._pace)
        try:
            await core.retrier.change(
                operation,
                {**self._ids(session_id), "eventId": event_id},
                lambda answer: event_codec.read_deleted_event(answer.body),
                core.retry,
            )
        except REPORTED as error:
            left = Remaining("event", event_id, session_id, str(error))
            return self._tally.note_failed(
                left,
                is_missing=isinstance(error, NotFoundError),
                is_in_doubt=isinstance(error, OutcomeUnknownError),
            )
        except BaseException:
            self._tally.note_in_doubt("event", event_id)
            raise
        return self._tally.note_deleted("event", event_id, session_id)

    async def _delete_records(self, records: Sequence[MemoryRecord]) -> bool:
        """Delete records in one request; return whether any of it is new."""
        try:
            result = await self._view.batch_delete_memory_records(records)
        except REPORTED as error:
            in_doubt = isinstance(error, OutcomeUnknownError)
            notes = [self._note_record(each, str(error), is_in_doubt=in_doubt) for each in records]
            return any(notes)
        except BaseException:
            for record in records:
                self._tally.note_in_doubt("record", record.memory_record_id)
            raise
        came = False
        for record, outcome in zip(records, result, strict=True):
            # Not found after a lost answer is told as a success, but may be too new to be found.
            if outcome.status == "SUCCEEDED" and outcome.code is None:
                record_id, place = record.memory_record_id, record.namespace
                is_new = self._tally.note_deleted("record", record_id, place)
            else:
                in_doubt = outcome.status != "FAILED"
                is_new = self._note_record(
                    record,
                    outcome.message,
                    is_missing=not in_doubt and outcome.code == NOT_FOUND,
                    is_in_doubt=in_doubt,
                )
            came = is_new or came
        return came

    def _note_record(
        self,
        record: MemoryRecord,
        reason: str,
        *,
        is_missing: bool = False,
        is_in_doubt: bool = False,
    ) -> bool:
        left = Remaining("record", record.memory_record_id, record.namespace, reason)
        return self._tally.note_failed(left, is_missing=is_missing, is_in_doubt=is_in_doubt)

    def _ids(self, session_id: str) -> dict[str, Any]:
        ids = {"memoryId": self._core.memory_id, "actorId": self._scope.actor_id}
        return {**ids, "sessionId": session_id}


async def _paced(pages: Pages[T], pace: TokenBucket) -> AsyncGenerator[T]:
    """Iterate over the items of pages, each of which is asked for at a pace."""
    while not pages.over:
        await pages.pace(LOOP_CLOCK, pace)
        for item in await anext(pages):
            yield item
