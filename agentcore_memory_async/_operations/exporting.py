"""Taking conversations and records out."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import evolve

from agentcore_memory_async._calls.pagination import MAX_PAGE, Pages
from agentcore_memory_async._followed import Followed
from agentcore_memory_async._operations.actors import session_pages
from agentcore_memory_async._operations.importing import distinct_times
from agentcore_memory_async._operations.together import run_each
from agentcore_memory_async._wire import actor_codec, record_codec
from agentcore_memory_async._wire import transfer as decide
from agentcore_memory_async._wire.reading import read_time
from agentcore_memory_async._wire.validation import check_timestamp
from agentcore_memory_async.errors import NotFoundError
from agentcore_memory_async.models import Conversation, ExportReport, HistoryRecord

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from agentcore_memory_async._operations.records import RecordOperations
    from agentcore_memory_async._wire.forgetting import Target
    from agentcore_memory_async.models import MemoryRecord, NotCovered, SessionSummary

MOST_READS = 16
"""Records that are read at once; flow control may admit fewer."""


class Export(Followed[Conversation | HistoryRecord, ExportReport]):
    """
    An export; ``export`` of a manager makes it.

    ``async for`` yields a `Conversation` for each session that has events, then each record as a
    `HistoryRecord`; ``await`` reads it to its end and returns what there was. Leaving the loop
    leaves nothing in flight, and the next loop begins anew.
    """

    def __init__(
        self,
        view: RecordOperations,
        actor_ids: Sequence[str] | None,
        targets: Sequence[Target],
        not_covered: tuple[NotCovered, ...],
        skip: Callable[[SessionSummary | MemoryRecord], bool] | None,
    ) -> None:
        self._view = view
        self._core = view._core  # noqa: SLF001 - a view's own
        self._actor_ids = actor_ids
        self._targets = targets
        self._not_covered = not_covered
        self._skip = skip or _nothing

    def __repr__(self) -> str:
        return f"<Export of {self._core.memory_id}, {'done' if self.done else 'not done'}>"

    async def _steps(self) -> AsyncGenerator[Conversation | HistoryRecord]:
        conversations = messages = records = 0
        core = self._core
        for actor_id in await self._actors():
            async for page in session_pages(core, actor_id, has_events=False):
                for session in page:
                    if self._skip(session):
                        continue
                    conversation = await self._conversation(actor_id, session.session_id)
                    if conversation.messages:
                        conversations += 1
                        messages += len(conversation.messages)
                        yield conversation
        seen = set[str]()
        for target in self._targets:
            params = {"memoryId": core.memory_id, "namespacePath": target.prefix}
            async for page_of_records in Pages(
                core.retrier,
                "ListMemoryRecords",
                params,
                lambda body: record_codec.read_records("ListMemoryRecords", body, core.unreadable),
                MAX_PAGE,
                core.retry,
            ):
                new = [each for each in page_of_records if target.holds(each.namespace)]
                new = [each for each in new if each.memory_record_id not in seen]
                seen.update(each.memory_record_id for each in new)
                for record in await self._whole([each for each in new if not self._skip(each)]):
                    records += 1
                    yield decide.history_record(record)
        self._result = ExportReport(conversations, messages, records, self._not_covered)

    async def _actors(self) -> Sequence[str]:
        if self._actor_ids is not None:
            return self._actor_ids
        core = self._core
        pages = Pages(
            core.retrier,
            "ListActors",
            {"memoryId": core.memory_id},
            lambda body: actor_codec.read_actors(body, core.unreadable),
            MAX_PAGE,
            core.retry,
        )
        return [actor.actor_id async for actors in pages for actor in actors]

    async def _conversation(self, actor_id: str, session_id: str) -> Conversation:
        core = self._core
        ids = {"memoryId": core.memory_id, "actorId": actor_id, "sessionId": session_id}
        pages = Pages(
            core.retrier,
            "ListEvents",
            {**ids, "includePayloads": True},
            lambda body: decide.read_stored_events(body, core.unreadable),
            MAX_PAGE,
            core.retry,
        )
        events = decide.oldest_first([event async for page in pages for event in page])
        # An import moves equal times apart; what is taken out is what it makes of them.
        given = (check_timestamp(each.event.timestamp) for each in events)
        times = [read_time(ms / 1000) for ms in distinct_times(given)]
        return decide.conversation_of(actor_id, session_id, events, times)

    async def _whole(self, records: list[MemoryRecord]) -> list[MemoryRecord]:
        """Return the records with their expiry, which a list does not show."""
        whole: dict[int, MemoryRecord] = {}

        async def read(placed: tuple[int, MemoryRecord]) -> None:
            place, record = placed
            with suppress(NotFoundError):  # deleted meanwhile
                known = await self._view.get_memory_record(
                    record.memory_record_id, namespace=record.namespace or None
                )
                whole[place] = evolve(record, expires_at=known.expires_at)

        await run_each(enumerate(records), read, MOST_READS)
        return [whole[place] for place in sorted(whole)]


def _nothing(_found: SessionSummary | MemoryRecord) -> bool:
    """Return that nothing is skipped."""
    return False
