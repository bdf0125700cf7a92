"""
Waiting for what a conversation has taught: an awaitable poller.

Nothing tells when extraction is done. What can be seen is which records are new under a prefix
since a baseline; records name no event, so new does not mean caused by one's own.
``docs/extraction.md`` says what can be known.
"""

from __future__ import annotations

from copy import copy
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import anyio

from agentcore_memory_async._calls.pagination import MAX_PAGE
from agentcore_memory_async._extraction.observation import MARGIN, FailedJobs, Observation, Place
from agentcore_memory_async._extraction.schedule import next_look
from agentcore_memory_async._extraction.shared_polls import (
    Failure,
    JobsPoll,
    JobsSeen,
    Want,
    Watcher,
)
from agentcore_memory_async.errors import (
    AgentCoreMemoryError,
    ExtractionFailedError,
    ExtractionTimeoutError,
    ServiceError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from types import TracebackType

    from agentcore_memory_async._extraction.observation import Snapshot
    from agentcore_memory_async._extraction.shared_polls import Poll, Polls
    from agentcore_memory_async._extraction.wait_options import Wait
    from agentcore_memory_async.models import MemoryRecord

__all__ = ("ExtractionPoller",)

AGAIN_S = 3.0
"""How soon it looks again after a look that failed."""
LAST_S = 2.0
"""How long before the deadline the last look begins; half of a shorter wait."""
LONG_AGO_S = 4.0
"""How old a baseline may be when a wait begins, before it looks at once."""
TOGETHER_S = 0.5
"""How long what was seen at one place waits for what is being seen at the others."""


class _Turn:
    """
    One stretch of waiting, until there is something to tell.

    Args:
        began: When the whole wait began, on the loop's clock.
        timeout_s: How long it may last.
        given: How many records the caller has; None where only the baseline is wanted.
    """

    def __init__(self, began: float, timeout_s: float, given: int | None) -> None:
        self.began = began
        self.timeout_s = timeout_s
        self.deadline = began + timeout_s
        self.given = given
        self.told_at = inf
        self.error: Exception | None = None
        self.cause: Exception | None = None

    @property
    def last_look_at(self) -> float:
        """When the last look is to begin, so that it ends in time."""
        return self.deadline - min(LAST_S, self.timeout_s / 2)

    @property
    def wakes_at(self) -> float:
        """Until when nothing has to be decided."""
        return min(self.deadline, self.told_at + TOGETHER_S)

    @property
    def failed(self) -> bool:
        """Whether it ends with an error."""
        return self.error is not None

    def fail(self, error: Exception) -> None:
        """End with *error*, which others may be given too."""
        if isinstance(error, AgentCoreMemoryError):
            error = copy(error).with_traceback(error.__traceback__)
        self.error = error


class ExtractionPoller:
    """
    Waits for new long-term records; ``extraction_poller`` of a session or manager makes it.

    ``async with`` takes the baseline on entry, so that what is extracted from then on counts.
    With ``since=event`` what was written after that event counts, and no baseline is needed.
    With neither, the baseline is taken when the wait begins, and what came before that is missed.

    ``await poller`` gives the new records, oldest first; again, the same list.
    ``async for`` gives them as they come, and ends when it is enough.
    Both have three outcomes: the records, ``ExtractionFailedError`` where extraction failed, and
    ``ExtractionTimeoutError``, with what had come, when it was not enough in time. After an error,
    waiting once more goes on with the same baseline.

    All pollers of a manager that watch the same place share their requests. A wait may be
    cancelled at any time; that ends nobody else's.

    Attributes:
        namespaces: The resolved prefixes that are watched.
    """

    def __init__(self, polls: Polls, wait: Wait) -> None:
        self.namespaces: tuple[str, ...] = tuple(place.prefix for place in wait.places)
        self._polls = polls
        self._wait = wait
        since = wait.since
        after = since.accepted_at - MARGIN if since and since.accepted_at else None
        self._seen = Observation(wait.places, wait.min_records, wait.settle_s, wait.until, after)
        self._jobs: FailedJobs | None = None
        if wait.session is not None:
            strategies = [place.memory_strategy_id for place in wait.places]
            named = [strategy for strategy in strategies if strategy is not None]
            self._jobs = FailedJobs(
                *wait.session,
                named if len(named) == len(strategies) else (),
                since.event_id if since else None,
            )
        self._stored_at: float | None = None
        self._next: dict[Place, tuple[float, float]] = {}
        self._failed_at: dict[object, float] = {}
        self._absorbed: dict[Place, Exception] = {}
        self._turns: dict[_Turn, Watcher] = {}
        self._result: list[MemoryRecord] | None = None

    def __repr__(self) -> str:
        state = "done" if self.done else "waiting" if self._has_looked else "not started"
        count = len(self._seen.current)
        return f"<ExtractionPoller {', '.join(self.namespaces)}, {state}, {count} new>"

    @property
    def _has_looked(self) -> bool:
        return any(self._seen.looked_at(place) > -inf for place in self._wait.places)

    @property
    def done(self) -> bool:
        """Whether the wait is over, so that awaiting gives its list at once."""
        return self._result is not None

    @property
    def records(self) -> list[MemoryRecord]:
        """What has come so far, oldest first."""
        return self._seen.current if self._result is None else self._result.copy()

    @property
    def updates(self) -> list[MemoryRecord]:
        """
        The new records that came for others: what they say was known before, in other words.

        Consolidation writes a new record and takes the old one away, which shows only while old
        records are listed: with a baseline of up to 100 records. Beyond that, and with ``since=``,
        it shows only for records that came during the wait.
        """
        return self._seen.updates

    @property
    def replaced(self) -> list[MemoryRecord]:
        """The records that ``updates`` came for; they are not among ``records``."""
        return self._seen.replaced

    async def __aenter__(self) -> Self:
        if not self._seen.has_baseline or (self._jobs and self._jobs.lacks_baseline):
            await self._step(_Turn(anyio.current_time(), self._wait.timeout_s, None))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing is left over: a poller runs only while it is waited for."""

    def __await__(self) -> Generator[Any, Any, list[MemoryRecord]]:
        return self._all().__await__()

    async def _all(self) -> list[MemoryRecord]:
        async for _ in self:
            pass
        return self.records

    async def __aiter__(self) -> AsyncGenerator[MemoryRecord]:
        began = anyio.current_time()
        given = 0
        while True:
            while given < len(self._seen.new):
                given += 1
                paused_at = anyio.current_time()
                yield self._seen.new[given - 1]
                began += anyio.current_time() - paused_at  # the caller's time is no waiting
            if self.done:
                return
            self._date_conversation()
            await self._step(_Turn(began, self._wait.timeout_s, given))

    def _date_conversation(self) -> None:
        """Find out when the conversation was stored, on the loop's clock."""
        if self._stored_at is not None:
            return
        now = anyio.current_time()
        accepted_at = self._wait.since.accepted_at if self._wait.since else None
        if accepted_at is None:
            self._stored_at = now
        elif (service_time := self._polls.clock.at(now)) is not None:
            self._stored_at = now - max(0.0, (service_time - accepted_at).total_seconds())

    async def _step(self, turn: _Turn) -> None:
        """Wait until there is something to tell, leading looks meanwhile."""
        watcher = self._turns[turn] = Watcher(turn.deadline)
        try:
            self._join(watcher)
            async with anyio.create_task_group() as group:
                while not self._is_over(watcher, turn):
                    self._ask(watcher, turn)
                    for poll in watcher.due():
                        group.start_soon(poll.look, watcher)
                    await watcher.rest(turn.wakes_at)
                group.cancel_scope.cancel()
        finally:
            del self._turns[turn]
            watcher.leave()
        if turn.error is not None:
            raise turn.error from turn.cause

    def _join(self, watcher: Watcher) -> None:
        for place in self._wait.places:
            self._polls.records_at(place).join(watcher)
        if self._wait.session is not None and self._polls.jobs_refused is None:
            jobs = self._polls.jobs()
            jobs.sessions[watcher] = self._wait.session
            jobs.join(watcher)

    def _is_over(self, watcher: Watcher, turn: _Turn) -> bool:
        """Take in what was seen, and decide whether there is something to tell."""
        while watcher.inbox:
            self._take_in(*watcher.inbox.pop(0), turn)
        if turn.failed:
            return True
        now = anyio.current_time()
        if turn.given is None:
            if self._seen.has_baseline and not self._waits_for_jobs():
                return True
        else:
            try:
                enough = self._seen.is_enough()
            except Exception as error:  # noqa: BLE001 - the caller's until= rises outside the group
                turn.fail(error)
                return True
            if enough or len(self._seen.new) > turn.given:
                return self._tell(watcher, turn, now, enough=enough)
            self._find_failure(turn, now)
        if turn.failed:
            return True
        if now >= turn.deadline:
            self._time_out(turn, now)
            return True
        return False

    def _waits_for_jobs(self) -> bool:
        """Tell whether the baseline of jobs is still to come; it is not worth a failed entry."""
        if self._jobs is None or self._polls.jobs_refused is not None:
            return False
        return self._jobs.lacks_baseline and JobsPoll not in self._failed_at

    def _take_in(
        self,
        poll: Poll[Any],
        seen: Snapshot | JobsSeen | Failure,
        is_ours: bool,
        turn: _Turn,
    ) -> None:
        if isinstance(seen, Failure):
            self._take_in_failure(poll, seen, turn)
            return
        if isinstance(seen, JobsSeen):
            if self._jobs is not None and is_ours:  # else it may not have asked for this session
                self._failed_at.pop(JobsPoll, None)
                self._jobs.see(seen.jobs, seen.started_at)
        elif isinstance(place := poll.key, Place):
            if self._seen.lacks_baseline(place) and not is_ours:
                return  # it shows what was there before the baseline
            if not self._seen.shows_all(place, seen.after):
                return  # it was made for those whose baseline is later
            self._failed_at.pop(place, None)
            self._absorbed.pop(place, None)
            self._seen.see(place, seen)

    def _take_in_failure(self, poll: Poll[Any], failure: Failure, turn: _Turn) -> None:
        self._failed_at[poll.key] = anyio.current_time()
        if isinstance(poll.key, Place):
            if failure.is_passing:
                self._absorbed[poll.key] = failure.error
            else:
                turn.fail(failure.error)
        elif not failure.is_passing:
            if isinstance(failure.error, ServiceError):
                # The records can be seen, and that is what was asked for.
                self._polls.jobs_refused = failure.error
            else:
                turn.fail(failure.error)

    def _tell(self, watcher: Watcher, turn: _Turn, now: float, *, enough: bool) -> bool:
        """Tell what came, once the looks that are under way elsewhere have ended, or soon."""
        turn.told_at = min(turn.told_at, now)
        looking = any(poll.looking for poll in watcher.polls if isinstance(poll.key, Place))
        if looking and now < turn.wakes_at:
            return False
        if enough:
            self._result = self._seen.current
        return True

    def _find_failure(self, turn: _Turn, now: float) -> None:
        """Fail where jobs did, unless records may have come since."""
        jobs = self._jobs
        if jobs is None or not jobs.failed:
            return
        looked_at = min(self._seen.looked_at(place) for place in self._wait.places)
        if looked_at >= jobs.looked_at or now >= turn.deadline:
            tokens = {job.job_id: str(uuid4()) for job in jobs.failed}
            for each, watcher in self._turns.items():  # all who await this poller are told
                if each.given is not None:
                    each.error = ExtractionFailedError(
                        self.namespaces,
                        jobs.failed,
                        self._seen.current,
                        now - each.began,
                        restart=partial(self._polls.start_jobs, tokens),
                    )
                    watcher.ring()
            jobs.told()

    def _time_out(self, turn: _Turn, now: float) -> None:
        # Where the service could not be asked, nobody knows that nothing came.
        silent = not self._absorbed and self._seen.was_everywhere
        if self._wait.returns_on_timeout and silent and turn.given is not None:
            self._result = self._seen.current
            return
        error = ExtractionTimeoutError(
            self.namespaces, self._seen.current, now - turn.began, self._seen.looks
        )
        if self._polls.jobs_refused is not None and self._jobs is not None:
            error.add_note(
                "Failed extraction jobs are not known: "
                f"{self._polls.jobs_refused.code} at ListMemoryExtractionJobs"
            )
        turn.error, turn.cause = error, next(iter(self._absorbed.values()), None)

    def _ask(self, watcher: Watcher, turn: _Turn) -> None:
        """Say of each place when the next look is wanted."""
        for poll in watcher.polls:
            place = poll.key
            want = self._want(place, turn) if isinstance(place, Place) else self._want_jobs(turn)
            poll.want(watcher, want)

    def _want(self, place: Place, turn: _Turn) -> Want:
        now = anyio.current_time()
        failed_at = self._failed_at.get(place, -inf)
        if self._seen.lacks_baseline(place):
            return Want(max(now, failed_at + AGAIN_S), is_baseline=True)
        if turn.given is None:
            return Want(inf)
        after = self._seen.filter_after(place, MAX_PAGE)
        looked_at = self._seen.looked_at(place)
        if self._jobs is not None and self._jobs.failed and looked_at < self._jobs.looked_at:
            at = now
        else:
            at = self._scheduled(place, now)
            settles_at = self._seen.settles_at()
            if looked_at < settles_at < inf:
                at = min(at, settles_at)
        if failed_at > -inf:
            at = min(at, failed_at + AGAIN_S) if at > now else failed_at + AGAIN_S
        last = turn.last_look_at
        if max(looked_at, failed_at) < last <= at:
            at = last
            if not self._polls.created_filter.proven:
                after = None  # that nothing came through the filter is no proof of silence
        return Want(at, after, most_apart_s=self._wait.policy.max_interval_s)

    def _scheduled(self, place: Place, now: float) -> float:
        """Give when the policy wants the next look; drawn once after each look."""
        self._date_conversation()
        stored_at, looked_at = self._stored_at, self._seen.looked_at(place)
        if stored_at is None:
            return now  # how old the event is will be known with the first answer
        if -inf < looked_at < stored_at - LONG_AGO_S:
            return now  # the conversation may have been stored any time since the baseline
        drawn = self._next.get(place)
        if drawn is None or drawn[0] != looked_at:
            elapsed = max(0.0, looked_at - stored_at)
            at = stored_at + next_look(self._wait.policy, elapsed, self._polls.random)
            drawn = self._next[place] = looked_at, at
        return drawn[1]

    def _want_jobs(self, turn: _Turn) -> Want:
        now = anyio.current_time()
        failed_at = self._failed_at.get(JobsPoll, -inf)
        jobs = self._jobs
        if jobs is None or self._polls.jobs_refused is not None:
            return Want(inf)
        interval_s = self._wait.policy.job_interval_s
        if jobs.lacks_baseline:
            return Want(max(now, failed_at + interval_s), is_baseline=True)
        if turn.given is None:
            return Want(inf)
        asked_at = max(jobs.looked_at, failed_at)
        at = max(asked_at, turn.began) + interval_s
        return Want(min(at, turn.last_look_at) if asked_at < turn.last_look_at else at)
