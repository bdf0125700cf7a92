"""
Polls that are shared: all who wait for one target in a manager send one request.

A `Subscriber` is one wait for one target. A `SharedPoll` knows its subscribers, when each of them
wants the next poll (`PollRequest`), and hands them the results; it sends through a `Lister`. The
`PollCoordinator` of the manager knows the shared polls. Knowledge goes one way: coordinator, shared
poll, subscriber.

No task runs here by itself. Each poll is run by one of its subscribers, the one with the latest
deadline, its leader. Where the leader leaves, the next one takes over. So polling ends with the
last subscriber, and a subscriber that is cancelled removes only itself.
"""

from __future__ import annotations

from bisect import insort
from math import inf
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from agentcore_memory_async._calls.pagination import MAX_JOBS_PAGE, MAX_PAGE
from agentcore_memory_async._extraction.targets import (
    Failure,
    JobSnapshot,
    JobTarget,
    PollRequest,
    PollTarget,
    RecordTarget,
    Snapshot,
)
from agentcore_memory_async._wire import job_codec, queries, record_codec
from agentcore_memory_async._wire.filters import encode_filters
from agentcore_memory_async.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agentcore_memory_async._extraction.lister import Lister
    from agentcore_memory_async.filters import Filter
    from agentcore_memory_async.models import ExtractionJob, MemoryRecord

TargetT = TypeVar("TargetT", bound=PollTarget)
ResultT = TypeVar("ResultT", bound=Snapshot | JobSnapshot)

APART_S = 3.0
"""Time between two polls that several subscribers share, unless one needs its baseline."""
JOBS_APART_S = 10.0
"""Time between two shared polls for failed jobs."""


class Subscriber(Generic[TargetT, ResultT]):
    """
    One wait for one target.

    Args:
        target: What it waits for.
        deadline: When the wait ends at the latest, by the clock of waits.
        wake: Called when there is something to read or to run.

    Attributes:
        inbox: The result of each poll, and whether that poll began after this subscriber joined.
    """

    def __init__(self, target: TargetT, deadline: float, wake: Callable[[], None]) -> None:
        self.target = target
        self.deadline = deadline
        self.wake = wake
        self.inbox: list[tuple[ResultT | Failure, bool]] = []


RecordSubscriber: TypeAlias = Subscriber[RecordTarget, Snapshot]
"""A wait for records."""
JobSubscriber: TypeAlias = Subscriber[JobTarget, JobSnapshot]
"""A wait for failed jobs."""


class SharedPoll(Generic[TargetT, ResultT]):
    """
    The polls for one target, made for all who subscribed.

    Args:
        lister: Sends the requests.
        apart_s: Time between two polls that several subscribers share.
    """

    def __init__(self, lister: Lister, apart_s: float) -> None:
        self._lister = lister
        self._apart_s = apart_s
        # By deadline: the last has the longest to go, and is the least likely to cut a poll off.
        self._subscribers: list[Subscriber[TargetT, ResultT]] = []
        self._requests: dict[Subscriber[TargetT, ResultT], PollRequest] = {}
        # How many polls had begun when each subscriber joined.
        self._joined_at: dict[Subscriber[TargetT, ResultT], int] = {}
        self._earliest = inf
        self._started_at = -inf
        self._begun = 0
        self._running_by: Subscriber[TargetT, ResultT] | None = None

    @property
    def is_running(self) -> bool:
        """Whether a poll is under way."""
        return self._running_by is not None

    @property
    def has_subscribers(self) -> bool:
        """Whether anyone waits for the results."""
        return bool(self._subscribers)

    def join(self, subscriber: Subscriber[TargetT, ResultT]) -> None:
        """Add *subscriber*."""
        insort(self._subscribers, subscriber, key=lambda each: each.deadline)
        self._joined_at[subscriber] = self._begun

    def leave(self, subscriber: Subscriber[TargetT, ResultT]) -> None:
        """Remove *subscriber*; a poll that it runs ends with it."""
        self._subscribers.remove(subscriber)
        self._requests.pop(subscriber, None)
        del self._joined_at[subscriber]
        self._end_run(subscriber)
        self._wake_leader()

    def request(self, subscriber: Subscriber[TargetT, ResultT], request: PollRequest) -> None:
        """Note when *subscriber* wants the next poll."""
        self._requests[subscriber] = request
        at = self._not_before(request)
        if at < self._earliest:
            self._earliest = at
            if self._subscribers[-1] is not subscriber:
                self._wake_leader()

    def _not_before(self, request: PollRequest) -> float:
        if request.is_baseline or len(self._subscribers) < 2:
            return request.at
        apart_s = min(self._apart_s, request.most_apart_s)
        return max(request.at, self._started_at + apart_s)

    def due_at(self, subscriber: Subscriber[TargetT, ResultT]) -> float:
        """Return when *subscriber* is to run the next poll; infinite while that is another's."""
        if self.is_running or self._subscribers[-1] is not subscriber:
            return inf
        # The cached time is too early if a request has changed since, or its subscriber has left.
        if self._earliest <= self._lister.wait_clock.now():
            self._earliest = min(map(self._not_before, self._requests.values()), default=inf)
        return self._earliest

    def claim(self, subscriber: Subscriber[TargetT, ResultT]) -> bool:
        """Return whether a poll is due that *subscriber* is to run; then it is under way."""
        if self.due_at(subscriber) > self._lister.wait_clock.now():
            return False
        self._running_by = subscriber
        self._lister.wait_clock.hold()
        return True

    async def run(self, subscriber: Subscriber[TargetT, ResultT]) -> None:
        """Poll once, run by *subscriber*, and publish the result to all."""
        started_at = self._started_at = self._lister.wait_clock.now()
        number = self._begun = self._begun + 1
        try:
            result: ResultT | Failure = await self._fetch(started_at)
        except Exception as error:  # noqa: BLE001 - raised in each subscriber
            result = Failure(error)
        finally:
            if self._end_run(subscriber):
                self._wake_leader()
        self.publish(result, number)

    def publish(self, result: ResultT | Failure, number: float = inf) -> None:
        """Hand the result of poll *number* to all; each then requests its next poll anew."""
        self._earliest = inf
        for subscriber in self._subscribers:
            subscriber.inbox.append((result, number > self._joined_at[subscriber]))
            subscriber.wake()

    def _end_run(self, subscriber: Subscriber[TargetT, ResultT]) -> bool:
        """End the poll that *subscriber* runs, and return whether there was one."""
        if self._running_by is not subscriber:
            return False
        self._running_by = None
        self._lister.wait_clock.release()
        return True

    def _wake_leader(self) -> None:
        if self._subscribers:
            self._subscribers[-1].wake()

    async def _fetch(self, started_at: float) -> ResultT:
        """Request the records or failed jobs from the service."""
        raise NotImplementedError


class RecordPoll(SharedPoll[RecordTarget, Snapshot]):
    """Polls for the records of one target."""

    def __init__(self, lister: Lister, target: RecordTarget) -> None:
        super().__init__(lister, APART_S)
        self._target = target
        self._count = 0
        self._params: dict[str, Any] = {"namespacePath": target.prefix}
        if target.memory_strategy_id is not None:
            self._params["memoryStrategyId"] = target.memory_strategy_id

    async def _fetch(self, started_at: float) -> Snapshot:
        """List the records, filtered by their time of writing where that works."""
        created_filter = self._lister.created_filter
        afters = [request.after for request in self._requests.values()]
        after = created_filter.choose(afters, self._count + 1)
        if after is None:
            records = await self._list()
        else:
            try:
                records = await self._list(queries.created_after(after))
            except ValidationError:
                after = None
                records = (
                    await self._list()
                )  # refused, too, where the caller's filters are at fault
                created_filter.refused = True
            else:
                created_filter.judge(after, records)
        self._count += 1
        service_time = self._lister.clock.at(started_at)
        return Snapshot(
            tuple(records), started_at, after, service_time, self._lister.wait_clock.now()
        )

    async def _list(self, *more: Filter) -> list[MemoryRecord]:
        params = self._params
        if filters := (*self._target.filters, *more):
            params = {**params, "metadataFilters": encode_filters(filters)}
        return await self._lister.list_all("ListMemoryRecords", params, self._read, MAX_PAGE)

    def _read(self, body: Mapping[str, Any]) -> list[MemoryRecord]:
        """Read a page, less what does not belong here: old prefixes took ``/u/10`` for ``/u/1``."""
        records = record_codec.read_records("ListMemoryRecords", body, self._lister.unreadable)
        return [record for record in records if self._target.has(record)]


class JobPoll(SharedPoll[JobTarget, JobSnapshot]):
    """Polls for failed extraction jobs of the subscribers' sessions."""

    def __init__(self, lister: Lister) -> None:
        super().__init__(lister, JOBS_APART_S)

    async def _fetch(self, started_at: float) -> JobSnapshot:
        """List the failed jobs: of the one session, of the one actor, or of all."""
        wanted = {"status": "FAILED"}
        targets = [subscriber.target for subscriber in self._subscribers]
        actors = {target.actor_id for target in targets}
        sessions = {target.session_id for target in targets}
        if len(actors) == 1:
            wanted["actorId"] = actors.pop()
            session_id = sessions.pop()
            if session_id is not None and not sessions:
                wanted["sessionId"] = session_id

        def read(body: Mapping[str, Any]) -> list[ExtractionJob]:
            return job_codec.read_jobs(body, self._lister.unreadable, wanted)

        operation = "ListMemoryExtractionJobs"
        params = {"filter": wanted}
        jobs = await self._lister.list_all(operation, params, read, MAX_JOBS_PAGE)
        return JobSnapshot(tuple(jobs), started_at)
