"""
Polls that are shared: all who wait for one target in a manager send one request.

A `Subscriber` is one wait. It joins a `SharedPoll` for each of its targets, and tells each when it
wants the next poll (`PollRequest`). A shared poll hands its results to its subscribers. The
`PollCoordinator` of the manager creates the shared polls and drops those without a subscriber; it
keeps the rate limit, and what is known of the service.

No task runs here by itself. Each poll is run by one of its subscribers, the one with the latest
deadline, its leader. Where the leader leaves, the next one takes over. So polling ends with the
last subscriber, and a subscriber that is cancelled removes only itself.
"""

from __future__ import annotations

from bisect import insort
from math import inf
from random import Random
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio
from attrs import frozen

from agentcore_memory_async._calls.pagination import MAX_PAGE, Pages
from agentcore_memory_async._calls.rate_limit import TokenBucket
from agentcore_memory_async._calls.retry import is_retryable
from agentcore_memory_async._extraction.observation import PollTarget, Snapshot
from agentcore_memory_async._wire import codec, queries
from agentcore_memory_async.errors import AgentCoreMemoryError, ServiceError, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from agentcore_memory_async._calls.retry import Retrier
    from agentcore_memory_async._calls.service_clock import ServiceClock
    from agentcore_memory_async.models import ExtractionJob, MemoryRecord
    from agentcore_memory_async.policies import PollPolicy, RetryPolicy

T = TypeVar("T")

APART_S = 3.0
"""Time between two polls that several subscribers share, unless one needs its baseline."""
SHORTEST_APART_S = 1.0
"""Shortest time between two shared polls, where a subscriber asks for more frequent ones."""
JOBS_APART_S = 10.0
"""Time between two shared polls for failed jobs."""
JOBS_PAGE = 50
"""Largest page of ListMemoryExtractionJobs."""
UNFILTERED_EVERY = 3
"""Until the filter has shown that it works, every third poll goes without it."""


@frozen
class Failure:
    """A poll that failed."""

    error: Exception
    started_at: float

    @property
    def is_retryable(self) -> bool:
        """Whether the same poll may succeed a little later."""
        return isinstance(self.error, AgentCoreMemoryError) and is_retryable(self.error)


@frozen
class JobSnapshot:
    """The failed jobs that one poll showed."""

    jobs: Sequence[ExtractionJob]
    started_at: float


@frozen(eq=False)
class PollRequest:
    """
    When one subscriber wants the next poll, and of what.

    Attributes:
        at: Time of the poll, on the loop's clock.
        after: Only records written after this matter; None for all.
        is_baseline: Whether it cannot wait for the polls of others.
        most_apart_s: Longest time between two polls.
    """

    at: float
    after: datetime | None = None
    is_baseline: bool = False
    most_apart_s: float = inf


class Subscriber:
    """
    One wait, for one or more targets.

    Args:
        deadline: When the wait ends at the latest, on the loop's clock.
    """

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        # The result of each poll, and whether that poll began after this subscriber joined.
        self.inbox: list[tuple[SharedPoll[Any], Snapshot | JobSnapshot | Failure, bool]] = []
        # Its shared polls, and how many polls each had begun when this one joined.
        self.polls: dict[SharedPoll[Any], int] = {}
        self._wake_up = anyio.Event()

    def wake(self) -> None:
        """Wake it: there is something to read or to run."""
        self._wake_up.set()

    async def wait(self, until: float) -> None:
        """Wait until a poll has ended, or one is to be run, or it is *until*."""
        for poll in self.polls:
            if poll.leader is self and poll.running_by is None:
                until = min(until, poll.due_at())
        if self.inbox:
            return
        self._wake_up = anyio.Event()
        with anyio.move_on_after(until - anyio.current_time()):
            await self._wake_up.wait()

    def claim_due(self) -> Iterator[SharedPoll[Any]]:
        """Yield the polls that are due, and claim them for this subscriber to run."""
        now = anyio.current_time()
        for poll in self.polls:
            if poll.leader is self and poll.running_by is None and poll.due_at() <= now:
                poll.running_by = self
                yield poll

    def leave(self) -> None:
        """Leave all its shared polls."""
        for poll in self.polls:
            poll.leave(self)
        self.polls = {}


class SharedPoll(Generic[T]):
    """
    The polls for one target, made for all who subscribed.

    Args:
        polls: The coordinator of the manager.
        key: The target, or the class `JobPoll` for failed jobs.
        apart_s: Time between two polls that several subscribers share.
    """

    def __init__(self, polls: PollCoordinator, key: object, apart_s: float) -> None:
        self._polls = polls
        self.key = key
        self._apart_s = apart_s
        # By deadline: the last has the longest to go, and is the least likely to cut a poll off.
        self._subscribers: list[Subscriber] = []
        self._requests: dict[Subscriber, PollRequest] = {}
        self._earliest = inf
        self._started_at = -inf
        self._begun = 0
        self.running_by: Subscriber | None = None

    @property
    def leader(self) -> Subscriber | None:
        """The subscriber that is to run the next poll."""
        return self._subscribers[-1] if self._subscribers else None

    @property
    def polling(self) -> bool:
        """Whether a poll is under way."""
        return self.running_by is not None

    def join(self, subscriber: Subscriber) -> None:
        """Add *subscriber*."""
        insort(self._subscribers, subscriber, key=lambda each: each.deadline)
        subscriber.polls[self] = self._begun

    def leave(self, subscriber: Subscriber) -> None:
        """Remove *subscriber*; the last one ends the polling."""
        self._subscribers.remove(subscriber)
        self._requests.pop(subscriber, None)
        if self.running_by is subscriber:
            self.running_by = None
        if self._subscribers:
            self._subscribers[-1].wake()
        else:
            self._polls.end(self)

    def request(self, subscriber: Subscriber, request: PollRequest) -> None:
        """Note when *subscriber* wants the next poll."""
        self._requests[subscriber] = request
        at = self._not_before(request)
        if at < self._earliest:
            self._earliest = at
            if self._subscribers[-1] is not subscriber:
                self._subscribers[-1].wake()

    def _not_before(self, request: PollRequest) -> float:
        if request.is_baseline or len(self._subscribers) < 2:
            return request.at
        apart_s = max(SHORTEST_APART_S, min(self._apart_s, request.most_apart_s))
        return max(request.at, self._started_at + apart_s)

    def due_at(self) -> float:
        """Return when the next poll is to begin."""
        # The cached time is too early if a request has changed since, or its subscriber has left.
        if self._earliest <= anyio.current_time():
            self._earliest = min(map(self._not_before, self._requests.values()), default=inf)
        return self._earliest

    async def run(self, subscriber: Subscriber) -> None:
        """Poll once, run by *subscriber*, and publish the result to all."""
        started_at = self._started_at = anyio.current_time()
        number = self._begun = self._begun + 1
        try:
            seen: Snapshot | JobSnapshot | Failure = await self.fetch(started_at)
        except Exception as error:  # noqa: BLE001 - raised in each subscriber
            seen = Failure(error, started_at)
        finally:
            if self.running_by is subscriber:
                self.running_by = None
                if self._subscribers:
                    self._subscribers[-1].wake()
        self.publish(seen, number)

    def publish(self, seen: Snapshot | JobSnapshot | Failure, number: float = inf) -> None:
        """Hand the result of poll *number* to all; each then requests its next poll anew."""
        self._earliest = inf
        for subscriber in self._subscribers:
            subscriber.inbox.append((self, seen, number > subscriber.polls[self]))
            subscriber.wake()

    def afters(self) -> list[datetime | None]:
        """Return the times after which the subscribers want records."""
        return [request.after for request in self._requests.values()]

    async def fetch(self, started_at: float) -> Snapshot | JobSnapshot:
        """Request the records or failed jobs from the service, and return them as a snapshot."""
        raise NotImplementedError


class RecordPoll(SharedPoll[Snapshot]):
    """Polls for the records of one target."""

    def __init__(self, polls: PollCoordinator, target: PollTarget) -> None:
        super().__init__(polls, target, APART_S)
        self._target = target
        self._count = 0
        self._params: dict[str, Any] = {
            "memoryId": polls.memory_id,
            "namespacePath": target.prefix,
        }
        if target.memory_strategy_id is not None:
            self._params["memoryStrategyId"] = target.memory_strategy_id

    async def fetch(self, started_at: float) -> Snapshot:
        """List the records, filtered by their time of writing where that works."""
        after = self._polls.created_filter.choose(self.afters(), self._count + 1)
        if after is None:
            records = await self._list({})
        else:
            try:
                records = await self._list({"metadataFilters": queries.created_after(after)})
            except ValidationError:
                self._polls.created_filter.refused = True
                after = None
                records = await self._list({})
            else:
                self._polls.created_filter.judge(after, records)
        self._count += 1
        service_time = self._polls.clock.at(started_at)
        return Snapshot(tuple(records), started_at, after, service_time)

    async def _list(self, members: Mapping[str, Any]) -> list[MemoryRecord]:
        params = {**self._params, **members}
        return await self._polls.list_all("ListMemoryRecords", params, self._read, MAX_PAGE)

    def _read(self, body: Mapping[str, Any]) -> list[MemoryRecord]:
        """Read a page, less what does not belong here: old prefixes took ``/u/10`` for ``/u/1``."""
        records = codec.read_records("ListMemoryRecords", body)
        return [record for record in records if self._target.has(record)]


class JobPoll(SharedPoll[JobSnapshot]):
    """Polls for failed extraction jobs of the subscribers' sessions."""

    def __init__(self, polls: PollCoordinator) -> None:
        super().__init__(polls, JobPoll, JOBS_APART_S)
        self.sessions: dict[Subscriber, tuple[str, str]] = {}

    def leave(self, subscriber: Subscriber) -> None:
        """Remove *subscriber*."""
        self.sessions.pop(subscriber, None)
        super().leave(subscriber)

    async def fetch(self, started_at: float) -> JobSnapshot:
        """List the failed jobs: of the one session, of the one actor, or of all."""
        wanted = {"status": "FAILED"}
        actors, sessions = (set(ids) for ids in zip(*self.sessions.values(), strict=True))
        if len(actors) == 1:
            wanted["actorId"] = next(iter(actors))
            if len(sessions) == 1:
                wanted["sessionId"] = next(iter(sessions))
        params = {"memoryId": self._polls.memory_id, "filter": wanted}
        jobs = await self._polls.list_all(
            "ListMemoryExtractionJobs", params, codec.read_jobs, JOBS_PAGE
        )
        return JobSnapshot(tuple(jobs), started_at)


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


class PollCoordinator:
    """
    The polls of one manager.

    Args:
        retrier: Sends the requests.
        memory_id: Id or ARN of the memory.
        policy: When to poll, where a poller has no policy of its own.
        retry: How long and how often each request is tried.
        clock: The service's clock.

    Attributes:
        jobs_refused: Why failed jobs cannot be listed, where that is so.
    """

    def __init__(
        self,
        retrier: Retrier,
        memory_id: str,
        policy: PollPolicy,
        retry: RetryPolicy,
        clock: ServiceClock,
    ) -> None:
        self._retrier = retrier
        self._retry = retry
        self.memory_id = memory_id
        self.policy = policy
        self.clock = clock
        self.random: Random = Random()
        self.created_filter: CreatedFilter = CreatedFilter()
        self.jobs_refused: ServiceError | None = None
        self._bucket = TokenBucket(policy.max_requests_per_second)
        self._polls: dict[object, SharedPoll[Any]] = {}

    def __len__(self) -> int:
        """Return the number of shared polls."""
        return len(self._polls)

    def records_at(self, target: PollTarget) -> SharedPoll[Snapshot]:
        """Return the one shared poll for *target*."""
        poll = self._polls.get(target)
        if poll is None:
            poll = self._polls[target] = RecordPoll(self, target)
        return poll

    def jobs(self) -> JobPoll:
        """Return the one shared poll for failed jobs."""
        poll = self._polls.get(JobPoll)
        if not isinstance(poll, JobPoll):
            poll = self._polls[JobPoll] = JobPoll(self)
        return poll

    def end(self, poll: SharedPoll[Any]) -> None:
        """Drop a poll that has no subscriber."""
        del self._polls[poll.key]

    def close(self, error: Exception) -> None:
        """End all waits with *error*."""
        for poll in self._polls.values():
            poll.publish(Failure(error, inf))

    async def list_all(
        self,
        operation: str,
        params: Mapping[str, Any],
        reader: Callable[[Mapping[str, Any]], list[Any]],
        page_size: int,
    ) -> list[Any]:
        """Return every page of a list, each within the rate limit."""
        items: list[Any] = []
        pages = Pages(self._retrier, operation, params, reader, page_size, self._retry)
        while not pages.over:
            await self._bucket.take()
            items += await anext(pages)
        return items

    async def start_jobs(self, tokens: Mapping[str, str]) -> None:
        """Start failed jobs again, by their ids, each with a token of its own: twice is once."""
        for job_id, token in tokens.items():
            params = {
                "memoryId": self.memory_id,
                "extractionJob": {"jobId": job_id},
                "clientToken": token,
            }
            # The token makes it a request that may be repeated like a read.
            await self._retrier.read(
                "StartMemoryExtractionJob",
                params,
                lambda answer: codec.read_started_job(answer.body),
                self._retry,
            )
