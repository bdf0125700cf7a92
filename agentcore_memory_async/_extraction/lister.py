"""Sends the requests of a manager's polls, and keeps what is known of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcore_memory_async._calls.pagination import Pages
from agentcore_memory_async._calls.rate_limit import TokenBucket
from agentcore_memory_async._wire import job_codec, queries
from agentcore_memory_async.errors import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from agentcore_memory_async._calls.retry import Retrier
    from agentcore_memory_async._calls.service_clock import ServiceClock
    from agentcore_memory_async._calls.wait_clock import WaitClock
    from agentcore_memory_async._wire.reading import OnUnreadable
    from agentcore_memory_async.models import MemoryRecord
    from agentcore_memory_async.policies import RetryPolicy

UNFILTERED_EVERY = 3
"""Until the filter has shown that it works, every third poll goes without it."""


class CreatedFilter:
    """
    Whether the service filters records by their time of writing.

    Attributes:
        refused: Whether it refused the filter, or ignored it.
        proven: Whether a filtered list has shown a new record, so that an empty one can be trusted.
    """

    def __init__(self) -> None:
        self.refused: bool = False
        self.proven: bool = False

    def choose(self, afters: list[datetime | None], number: int) -> datetime | None:
        """Return the time to filter by in poll *number*; None to list everything."""
        known = [after for after in afters if after is not None]
        if self.refused or not known or len(known) < len(afters):
            return None
        if not self.proven and number % UNFILTERED_EVERY == 0:
            return None
        return min(known)

    def judge(self, after: datetime, records: Sequence[MemoryRecord]) -> None:
        """Judge the filter by the answer to a filtered poll."""
        if any(record.created_at < after - queries.SECOND for record in records):
            self.refused = True
        elif records:
            self.proven = True


class Lister:
    """
    Sends the requests of all polls of a manager, within one rate limit.

    Args:
        retrier: Sends the requests.
        memory_id: Id or ARN of the memory.
        max_requests_per_second: Requests that all polls make together; None for no limit.
        retry: How long and how often each request is tried.
        clock: The service's clock.
        wait_clock: The clock of waits.
        unreadable: Judges the error of one record or job that cannot be read.

    Attributes:
        clock: The service's clock.
        wait_clock: The clock of waits.
        unreadable: Judges the error of one record or job that cannot be read.
        created_filter: Whether the service filters records by their time of writing.
    """

    def __init__(
        self,
        retrier: Retrier,
        memory_id: str,
        max_requests_per_second: float | None,
        retry: RetryPolicy,
        clock: ServiceClock,
        wait_clock: WaitClock,
        unreadable: OnUnreadable,
    ) -> None:
        self._retrier = retrier
        self._memory_id = memory_id
        self._retry = retry
        self._bucket = TokenBucket(max_requests_per_second)
        self.clock = clock
        self.wait_clock = wait_clock
        self.unreadable = unreadable
        self.created_filter: CreatedFilter = CreatedFilter()

    async def list_all(
        self,
        operation: str,
        params: Mapping[str, Any],
        reader: Callable[[Mapping[str, Any]], list[Any]],
        page_size: int,
    ) -> list[Any]:
        """Return every page of a list."""
        items: list[Any] = []
        params = {"memoryId": self._memory_id, **params}
        pages = Pages(self._retrier, operation, params, reader, page_size, self._retry)
        while not pages.over:
            await pages.pace(self.wait_clock, self._bucket)
            try:
                items += await anext(pages)
            except TransportError as error:
                if error.is_absent:
                    self._bucket.give_back()
                raise
        return items

    async def start_jobs(self, tokens: Mapping[str, str]) -> None:
        """Start failed jobs again, by their ids, each with a token of its own: twice is once."""
        for job_id, token in tokens.items():
            await self._retrier.change(
                "StartMemoryExtractionJob",
                job_codec.start_job(self._memory_id, job_id, token),
                lambda answer: job_codec.read_started_job(answer.body),
                self._retry,
            )
