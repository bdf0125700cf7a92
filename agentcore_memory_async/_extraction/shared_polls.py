"""
Looks that are shared: all waiters of a manager on one place ask once.

No task runs here by itself. Each look is led by one of those who wait, the one with the latest
deadline; where that one leaves, the next takes over. So the asking ends with the last waiter, and
a waiter that leaves removes only itself.
"""

from __future__ import annotations

from bisect import insort
from math import inf
from random import Random
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio
from attrs import frozen

from agentcore_memory_async._calls.pagination import MAX_PAGE, Pages
from agentcore_memory_async._calls.rate_limit import Budget
from agentcore_memory_async._calls.retry import is_passing
from agentcore_memory_async._extraction.observation import Place, Snapshot
from agentcore_memory_async._wire import codec
from agentcore_memory_async.errors import AgentCoreMemoryError, ServiceError, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from agentcore_memory_async._calls.retry import Retrier
    from agentcore_memory_async._calls.service_clock import ServiceClock
    from agentcore_memory_async.models import ExtractionJob, MemoryRecord
    from agentcore_memory_async.policies import PollPolicy

T = TypeVar("T")

APART_S = 3.0
"""How far apart the looks are that several waiters share, unless one needs its baseline."""
SHORTEST_APART_S = 1.0
"""How far apart they are at least, where one may not wait so long between two looks."""
JOBS_APART_S = 10.0
JOBS_PAGE = 50
PROBE = 3
"""Until the filter has shown that it works, every third look goes without it."""


@frozen
class Failure:
    """A look that failed."""

    error: Exception
    started_at: float

    @property
    def is_passing(self) -> bool:
        """Whether the same look may succeed a little later."""
        return isinstance(self.error, AgentCoreMemoryError) and is_passing(self.error)


@frozen
class JobsSeen:
    """The failed jobs that one look showed."""

    jobs: Sequence[ExtractionJob]
    started_at: float


@frozen(eq=False)
class Want:
    """
    What a waiter wants of the next look.

    Attributes:
        at: When, on the loop's clock.
        after: Only records written after this matter; None for all.
        is_baseline: Whether it can't wait for the looks of others.
        most_apart_s: The longest time between two looks.
    """

    at: float
    after: datetime | None = None
    is_baseline: bool = False
    most_apart_s: float = inf


class Watcher:
    """
    One who waits, at one or more places.

    Args:
        deadline: Until when at most, on the loop's clock.
    """

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        # What was seen where, and whether that look was begun with this one's wants known.
        self.inbox: list[tuple[Poll[Any], Snapshot | JobsSeen | Failure, bool]] = []
        # Where it waits, and how many looks had begun there when it joined.
        self.polls: dict[Poll[Any], int] = {}
        self._bell = anyio.Event()

    def ring(self) -> None:
        """Wake it: there is something to take in or to lead."""
        self._bell.set()

    async def rest(self, until: float) -> None:
        """Wait until something was seen, or it is time to lead a look, or it is *until*."""
        for poll in self.polls:
            if poll.leader is self and poll.led_by is None:
                until = min(until, poll.due_at())
        if self.inbox:
            return
        self._bell = anyio.Event()
        with anyio.move_on_after(until - anyio.current_time()):
            await self._bell.wait()

    def due(self) -> Iterator[Poll[Any]]:
        """Give the places that it is to look at now; it leads there from now on."""
        now = anyio.current_time()
        for poll in self.polls:
            if poll.leader is self and poll.led_by is None and poll.due_at() <= now:
                poll.led_by = self
                yield poll

    def leave(self) -> None:
        """Wait no longer."""
        for poll in self.polls:
            poll.leave(self)
        self.polls = {}


class Poll(Generic[T]):
    """
    One place, looked at for all who wait there.

    Args:
        polls: Those of the manager.
        key: What it is of.
        apart_s: How far apart looks are where several share them.
    """

    def __init__(self, polls: Polls, key: object, apart_s: float) -> None:
        self._polls = polls
        self.key = key
        self._apart_s = apart_s
        # By deadline: the last has the longest to go, and is the least likely to cut a look off.
        self._watchers: list[Watcher] = []
        self._wants: dict[Watcher, Want] = {}
        self._earliest = inf
        self._started_at = -inf
        self._begun = 0
        self.led_by: Watcher | None = None

    @property
    def leader(self) -> Watcher | None:
        """Who is to make the next look."""
        return self._watchers[-1] if self._watchers else None

    @property
    def looking(self) -> bool:
        """Whether a look is under way."""
        return self.led_by is not None

    def join(self, watcher: Watcher) -> None:
        """Take *watcher* in."""
        insort(self._watchers, watcher, key=lambda each: each.deadline)
        watcher.polls[self] = self._begun

    def leave(self, watcher: Watcher) -> None:
        """Let *watcher* go; the last one ends it."""
        self._watchers.remove(watcher)
        self._wants.pop(watcher, None)
        if self.led_by is watcher:
            self.led_by = None
        if self._watchers:
            self._watchers[-1].ring()
        else:
            self._polls.end(self)

    def want(self, watcher: Watcher, want: Want) -> None:
        """Say when *watcher* wants the next look."""
        self._wants[watcher] = want
        at = self._not_before(want)
        if at < self._earliest:
            self._earliest = at
            if self._watchers[-1] is not watcher:
                self._watchers[-1].ring()

    def _not_before(self, want: Want) -> float:
        if want.is_baseline or len(self._watchers) < 2:
            return want.at
        apart_s = max(SHORTEST_APART_S, min(self._apart_s, want.most_apart_s))
        return max(want.at, self._started_at + apart_s)

    def due_at(self) -> float:
        """Give when the next look is to begin."""
        # What is kept may be too early, where a want was changed since or its watcher left.
        if self._earliest <= anyio.current_time():
            self._earliest = min(map(self._not_before, self._wants.values()), default=inf)
        return self._earliest

    async def look(self, watcher: Watcher) -> None:
        """Look once, led by *watcher*, and tell everybody."""
        started_at = self._started_at = anyio.current_time()
        number = self._begun = self._begun + 1
        try:
            seen: Snapshot | JobsSeen | Failure = await self.fetch(started_at)
        except Exception as error:  # noqa: BLE001 - rises in each of those who wait
            seen = Failure(error, started_at)
        finally:
            if self.led_by is watcher:
                self.led_by = None
                if self._watchers:
                    self._watchers[-1].ring()
        self.tell(seen, number)

    def tell(self, seen: Snapshot | JobsSeen | Failure, number: float = inf) -> None:
        """Give what look *number* saw to everybody; they say anew when they want to look again."""
        self._earliest = inf
        for watcher in self._watchers:
            watcher.inbox.append((self, seen, number > watcher.polls[self]))
            watcher.ring()

    def afters(self) -> list[datetime | None]:
        """Give after which moments the waiters want records."""
        return [want.after for want in self._wants.values()]

    async def fetch(self, started_at: float) -> Snapshot | JobsSeen:
        """Ask the service."""
        raise NotImplementedError


class RecordsPoll(Poll[Snapshot]):
    """Looks for the records at one place."""

    def __init__(self, polls: Polls, place: Place) -> None:
        super().__init__(polls, place, APART_S)
        self._place = place
        self._looks = 0
        self._params: dict[str, Any] = {
            "memoryId": polls.memory_id,
            "namespacePath": place.prefix,
        }
        if place.memory_strategy_id is not None:
            self._params["memoryStrategyId"] = place.memory_strategy_id

    async def fetch(self, started_at: float) -> Snapshot:
        """List the records, filtered by when they were written where that works."""
        after = self._polls.created_filter.choose(self.afters(), self._looks + 1)
        if after is None:
            records = await self._list({})
        else:
            try:
                records = await self._list({"metadataFilters": codec.created_after(after)})
            except ValidationError:
                self._polls.created_filter.refused = True
                after = None
                records = await self._list({})
            else:
                self._polls.created_filter.judge(after, records)
        self._looks += 1
        service_time = self._polls.clock.at(started_at)
        return Snapshot(tuple(records), started_at, after, service_time)

    async def _list(self, members: Mapping[str, Any]) -> list[MemoryRecord]:
        params = {**self._params, **members}
        return await self._polls.list_all("ListMemoryRecords", params, self._read, MAX_PAGE)

    def _read(self, body: Mapping[str, Any]) -> list[MemoryRecord]:
        """Read a page, less what does not belong here: old prefixes took ``/u/10`` for ``/u/1``."""
        records = codec.read_records("ListMemoryRecords", body)
        return [record for record in records if self._place.has(record)]


class JobsPoll(Poll[JobsSeen]):
    """Looks for failed extraction jobs, of the sessions of those who wait."""

    def __init__(self, polls: Polls) -> None:
        super().__init__(polls, JobsPoll, JOBS_APART_S)
        self.sessions: dict[Watcher, tuple[str, str]] = {}

    def leave(self, watcher: Watcher) -> None:
        """Let *watcher* go."""
        self.sessions.pop(watcher, None)
        super().leave(watcher)

    async def fetch(self, started_at: float) -> JobsSeen:
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
        return JobsSeen(tuple(jobs), started_at)


class CreatedFilter:
    """
    Whether the service filters records by when they were written.

    Attributes:
        refused: Whether it refused the filter, or ignored it.
        proven: Whether it showed a new record through the filter, so that silence means silence.
    """

    def __init__(self) -> None:
        self.refused: bool = False
        self.proven: bool = False

    def choose(self, afters: list[datetime | None], looks: int) -> datetime | None:
        """Give the moment to filter by in look number *looks*; None to look at everything."""
        known = [after for after in afters if after is not None]
        if self.refused or not known or len(known) < len(afters):
            return None
        if not self.proven and looks % PROBE == 0:
            return None
        return min(known)

    def judge(self, after: datetime, records: Sequence[MemoryRecord]) -> None:
        """Learn from the answer to a filtered look."""
        if any(record.created_at < after - codec.SECOND for record in records):
            self.refused = True
        elif records:
            self.proven = True


class Polls:
    """
    The looks of one manager.

    Args:
        retrier: Sends the requests.
        memory_id: The memory.
        policy: When to look, where a poller has no policy of its own.
        clock: The service's clock.

    Attributes:
        jobs_refused: Why failed jobs can't be listed, where that is so.
    """

    def __init__(
        self, retrier: Retrier, memory_id: str, policy: PollPolicy, clock: ServiceClock
    ) -> None:
        self.retrier = retrier
        self.memory_id = memory_id
        self.policy = policy
        self.clock = clock
        self.random: Random = Random()
        self.created_filter: CreatedFilter = CreatedFilter()
        self.jobs_refused: ServiceError | None = None
        self._budget = Budget(policy.max_requests_per_s)
        self._polls: dict[object, Poll[Any]] = {}

    def __len__(self) -> int:
        """Give how many places are watched."""
        return len(self._polls)

    def records_at(self, place: Place) -> Poll[Snapshot]:
        """Give the one poll of *place*."""
        poll = self._polls.get(place)
        if poll is None:
            poll = self._polls[place] = RecordsPoll(self, place)
        return poll

    def jobs(self) -> JobsPoll:
        """Give the one poll of failed jobs."""
        poll = self._polls.get(JobsPoll)
        if not isinstance(poll, JobsPoll):
            poll = self._polls[JobsPoll] = JobsPoll(self)
        return poll

    def end(self, poll: Poll[Any]) -> None:
        """Forget a poll that nobody waits for."""
        del self._polls[poll.key]

    def close(self, error: Exception) -> None:
        """End all waits with *error*."""
        for poll in self._polls.values():
            poll.tell(Failure(error, inf))

    async def list_all(
        self,
        operation: str,
        params: Mapping[str, Any],
        reader: Callable[[Mapping[str, Any]], list[Any]],
        page_size: int,
    ) -> list[Any]:
        """List everything, each page within the budget."""
        items: list[Any] = []
        pages = Pages(self.retrier, operation, params, reader, page_size)
        while not pages.over:
            await self._budget.take()
            items += await anext(pages)
        return items

    async def start_jobs(self, tokens: Mapping[str, str]) -> None:
        """Start failed jobs again, by their ids, each with its token: twice is once."""
        for job_id, token in tokens.items():
            params = {
                "memoryId": self.memory_id,
                "extractionJob": {"jobId": job_id},
                "clientToken": token,
            }
            # The token makes it a request that may be repeated like a read.
            await self.retrier.read(
                "StartMemoryExtractionJob",
                params,
                lambda answer: codec.read_started_job(answer.body),
            )
