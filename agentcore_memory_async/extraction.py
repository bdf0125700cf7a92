"""
Waiting for extraction: an awaitable poller.

No call says when extraction is done. What can be seen is which records are new under a prefix
since a baseline. Records name no event, so new does not mean caused by one's own.
``docs/extraction.md`` says what can be known.
"""

from __future__ import annotations

from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import anyio

from agentcore_memory_async._calls.pagination import MAX_PAGE
from agentcore_memory_async._extraction.observation import (
    MARGIN,
    FailedJobs,
    Observation,
    PollTarget,
)
from agentcore_memory_async._extraction.schedule import next_poll_at
from agentcore_memory_async._extraction.shared_polls import (
    Failure,
    JobPoll,
    JobSnapshot,
    PollRequest,
    Subscriber,
)
from agentcore_memory_async._extraction.wait_pass import WaitPass
from agentcore_memory_async.errors import (
    ExtractionFailedError,
    ExtractionTimeoutError,
    ServiceError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from types import TracebackType

    from agentcore_memory_async._extraction.observation import Snapshot
    from agentcore_memory_async._extraction.shared_polls import PollCoordinator, SharedPoll
    from agentcore_memory_async._extraction.wait_options import WaitOptions
    from agentcore_memory_async.models import MemoryRecord

__all__ = ("ExtractionPoller",)

AGAIN_S = 3.0
"""Time from a poll that failed to the next one."""
LONG_AGO_S = 4.0
"""Age of a baseline from which on a wait begins with a poll."""


class ExtractionPoller:
    """
    Waits for new long-term records; ``extraction_poller`` of a session or manager makes it.

    ``async with`` takes the baseline on entry, so that records extracted from then on count.
    With ``since=event`` records written after that event count, and no baseline is needed.
    With neither, the baseline is taken when the wait begins, and earlier records are missed.

    ``await poller`` returns the new records, oldest first; again, the same list.
    ``async for`` yields them as they come, and ends when there are enough.
    Both have three outcomes: the records, ``ExtractionFailedError`` where extraction failed, and
    ``ExtractionTimeoutError``, with the records so far, where too few came in time. After an
    error, waiting again goes on from the same baseline.

    All pollers of a manager with the same prefix and strategy share their requests. A wait may be
    cancelled at any time; that ends no other wait.

    Attributes:
        namespaces: Resolved prefixes.
    """

    def __init__(self, polls: PollCoordinator, wait: WaitOptions) -> None:
        self.namespaces: tuple[str, ...] = tuple(target.prefix for target in wait.targets)
        self._polls = polls
        self._wait = wait
        since = wait.since
        after = since.accepted_at - MARGIN if since and since.accepted_at else None
        self._seen = Observation(wait.targets, wait.min_records, wait.settle_s, wait.until, after)
        self._jobs: FailedJobs | None = None
        if wait.session is not None:
            strategies = [target.memory_strategy_id for target in wait.targets]
            named = [strategy for strategy in strategies if strategy is not None]
            self._jobs = FailedJobs(
                *wait.session,
                named if len(named) == len(strategies) else (),
                since.event_id if since else None,
            )
        self._stored_at: float | None = None
        self._next: dict[PollTarget, tuple[float, float]] = {}
        self._failed_at: dict[object, float] = {}
        self._transient_errors: dict[PollTarget, Exception] = {}
        self._passes: dict[WaitPass, Subscriber] = {}
        self._result: list[MemoryRecord] | None = None

    def __repr__(self) -> str:
        state = "done" if self.done else "waiting" if self._has_polled else "not started"
        count = len(self._seen.current)
        return f"<ExtractionPoller {', '.join(self.namespaces)}, {state}, {count} new>"

    @property
    def _has_polled(self) -> bool:
        return any(self._seen.polled_at(target) > -inf for target in self._wait.targets)

    @property
    def done(self) -> bool:
        """Whether the wait is over, so that awaiting returns its list at once."""
        return self._result is not None

    @property
    def records(self) -> list[MemoryRecord]:
        """New records so far, oldest first."""
        return self._seen.current if self._result is None else self._result.copy()

    @property
    def updates(self) -> list[MemoryRecord]:
        """
        New records that replaced older ones: they say in other words what was known before.

        Consolidation writes a new record and removes the old one. That shows only while old
        records are listed: with a baseline of up to 100 records. Beyond that, and with ``since=``,
        it shows only for records that came during the wait.
        """
        return self._seen.updates

    @property
    def replaced(self) -> list[MemoryRecord]:
        """Records that ``updates`` replaced; they are not among ``records``."""
        return self._seen.replaced

    async def __aenter__(self) -> Self:
        if not self._seen.has_baseline or (self._jobs and self._jobs.lacks_baseline):
            await self._step(WaitPass(anyio.current_time(), self._wait.timeout_s, None))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Do nothing: a poller runs only while a caller waits for it, so nothing needs stopping."""

    def __await__(self) -> Generator[Any, Any, list[MemoryRecord]]:
        return self._all().__await__()

    async def _all(self) -> list[MemoryRecord]:
        async for _ in self:
            pass
        return self.records

    async def __aiter__(self) -> AsyncGenerator[MemoryRecord]:
        began = anyio.current_time()
        delivered = 0
        while True:
            while delivered < len(self._seen.new):
                delivered += 1
                paused_at = anyio.current_time()
                yield self._seen.new[delivered - 1]
                began += anyio.current_time() - paused_at  # the caller's own time does not count
            if self.done:
                return
            self._date_conversation()
            await self._step(WaitPass(began, self._wait.timeout_s, delivered))

    def _date_conversation(self) -> None:
        """Determine when the conversation was stored, on the loop's clock."""
        if self._stored_at is not None:
            return
        now = anyio.current_time()
        accepted_at = self._wait.since.accepted_at if self._wait.since else None
        if accepted_at is None:
            self._stored_at = now
        elif (service_time := self._polls.clock.at(now)) is not None:
            self._stored_at = now - max(0.0, (service_time - accepted_at).total_seconds())

    async def _step(self, wait_pass: WaitPass) -> None:
        """Wait until there is something to hand out, running polls meanwhile."""
        subscriber = self._passes[wait_pass] = Subscriber(wait_pass.deadline)
        try:
            self._join(subscriber)
            async with anyio.create_task_group() as group:
                while not self._is_over(subscriber, wait_pass):
                    self._ask(subscriber, wait_pass)
                    for poll in subscriber.claim_due():
                        group.start_soon(poll.run, subscriber)
                    await subscriber.wait(wait_pass.wakes_at)
                group.cancel_scope.cancel()
        finally:
            del self._passes[wait_pass]
            subscriber.leave()
        if wait_pass.error is not None:
            raise wait_pass.error from wait_pass.cause

    def _join(self, subscriber: Subscriber) -> None:
        for target in self._wait.targets:
            self._polls.records_at(target).join(subscriber)
        if self._wait.session is not None and self._polls.jobs_refused is None:
            jobs = self._polls.jobs()
            jobs.sessions[subscriber] = self._wait.session
            jobs.join(subscriber)

    def _is_over(self, subscriber: Subscriber, wait_pass: WaitPass) -> bool:
        """Read the results of polls, and decide whether this pass is over."""
        while subscriber.inbox:
            self._note(*subscriber.inbox.pop(0), wait_pass)
        if wait_pass.failed:
            return True
        now = anyio.current_time()
        if wait_pass.delivered is None:
            if self._seen.has_baseline and not self._waits_for_jobs():
                return True
        else:
            try:
                enough = self._seen.is_enough()
            except Exception as error:  # noqa: BLE001 - the error of until= is raised outside the group
                wait_pass.fail(error)
                return True
            if enough or len(self._seen.new) > wait_pass.delivered:
                return self._finish(subscriber, wait_pass, now, enough=enough)
            self._find_failure(wait_pass, now)
        if wait_pass.failed:
            return True
        if now >= wait_pass.deadline:
            self._time_out(wait_pass, now)
            return True
        return False

    def _waits_for_jobs(self) -> bool:
        """Return whether the baseline of jobs is to come; a failed poll ends the wait for it."""
        if self._jobs is None or self._polls.jobs_refused is not None:
            return False
        return self._jobs.lacks_baseline and JobPoll not in self._failed_at

    def _note(
        self,
        poll: SharedPoll[Any],
        seen: Snapshot | JobSnapshot | Failure,
        is_ours: bool,
        wait_pass: WaitPass,
    ) -> None:
        if isinstance(seen, Failure):
            self._note_failure(poll, seen, wait_pass)
            return
        if isinstance(seen, JobSnapshot):
            if self._jobs is not None and is_ours:  # else it may not have asked for this session
                self._failed_at.pop(JobPoll, None)
                self._jobs.add(seen.jobs, seen.started_at)
        elif isinstance(target := poll.key, PollTarget):
            if self._seen.lacks_baseline(target) and not is_ours:
                return  # it began before this baseline was asked for
            if not self._seen.shows_all(target, seen.after):
                return  # it was made for subscribers with a later baseline
            self._failed_at.pop(target, None)
            self._transient_errors.pop(target, None)
            self._seen.add(target, seen)

    def _note_failure(self, poll: SharedPoll[Any], failure: Failure, wait_pass: WaitPass) -> None:
        self._failed_at[poll.key] = anyio.current_time()
        if isinstance(poll.key, PollTarget):
            if failure.is_retryable:
                self._transient_errors[poll.key] = failure.error
            else:
                wait_pass.fail(failure.error)
        elif not failure.is_retryable:
            if isinstance(failure.error, ServiceError):
                # The records can be seen, and that is what was asked for.
                self._polls.jobs_refused = failure.error
            else:
                wait_pass.fail(failure.error)

    def _finish(
        self, subscriber: Subscriber, wait_pass: WaitPass, now: float, *, enough: bool
    ) -> bool:
        """End the pass once the polls under way at other targets have ended, or soon after."""
        wait_pass.found_at = min(wait_pass.found_at, now)
        polling = any(poll.polling for poll in subscriber.polls if isinstance(poll.key, PollTarget))
        if polling and now < wait_pass.wakes_at:
            return False
        if enough:
            self._result = self._seen.current
        return True

    def _find_failure(self, wait_pass: WaitPass, now: float) -> None:
        """End the pass where jobs failed, unless records may have come since."""
        jobs = self._jobs
        if jobs is None or not jobs.failed:
            return
        polled_at = min(self._seen.polled_at(target) for target in self._wait.targets)
        if polled_at >= jobs.polled_at or now >= wait_pass.deadline:
            tokens = {job.job_id: str(uuid4()) for job in jobs.failed}
            for each, subscriber in self._passes.items():  # all who await this poller get it
                if each.delivered is not None:
                    each.error = ExtractionFailedError(
                        self.namespaces,
                        jobs.failed,
                        self._seen.current,
                        now - each.began,
                        restart=partial(self._polls.start_jobs, tokens),
                    )
                    subscriber.wake()
            jobs.acknowledge()

    def _time_out(self, wait_pass: WaitPass, now: float) -> None:
        # Where the service could not be asked, nobody knows that nothing came.
        silent = not self._transient_errors and self._seen.has_polled_all
        if self._wait.returns_on_timeout and silent and wait_pass.delivered is not None:
            self._result = self._seen.current
            return
        error = ExtractionTimeoutError(
            self.namespaces, self._seen.current, now - wait_pass.began, self._seen.polls
        )
        if self._polls.jobs_refused is not None and self._jobs is not None:
            error.add_note(
                "Failed extraction jobs are not known: "
                f"{self._polls.jobs_refused.code} at ListMemoryExtractionJobs"
            )
        wait_pass.error, wait_pass.cause = error, next(iter(self._transient_errors.values()), None)

    def _ask(self, subscriber: Subscriber, wait_pass: WaitPass) -> None:
        """Request the next poll of each target."""
        for poll in subscriber.polls:
            target = poll.key
            request = (
                self._request(target, wait_pass)
                if isinstance(target, PollTarget)
                else self._request_jobs(wait_pass)
            )
            poll.request(subscriber, request)

    def _request(self, target: PollTarget, wait_pass: WaitPass) -> PollRequest:
        now = anyio.current_time()
        failed_at = self._failed_at.get(target, -inf)
        if self._seen.lacks_baseline(target):
            return PollRequest(max(now, failed_at + AGAIN_S), is_baseline=True)
        if wait_pass.delivered is None:
            return PollRequest(inf)
        after = self._seen.filter_after(target, MAX_PAGE)
        polled_at = self._seen.polled_at(target)
        if self._jobs is not None and self._jobs.failed and polled_at < self._jobs.polled_at:
            at = now
        else:
            at = self._scheduled(target, now)
            settles_at = self._seen.settles_at()
            if polled_at < settles_at < inf:
                at = min(at, settles_at)
        if failed_at > -inf:
            at = min(at, failed_at + AGAIN_S) if at > now else failed_at + AGAIN_S
        last = wait_pass.last_poll_at
        if max(polled_at, failed_at) < last <= at:
            at = last
            if not self._polls.created_filter.proven:
                after = (
                    None  # an unproven filter that shows nothing does not prove that nothing came
                )
        return PollRequest(at, after, most_apart_s=self._wait.policy.max_interval)

    def _scheduled(self, target: PollTarget, now: float) -> float:
        """Return when the policy wants the next poll; drawn once after each poll."""
        self._date_conversation()
        stored_at, polled_at = self._stored_at, self._seen.polled_at(target)
        if stored_at is None:
            return now  # how old the event is will be known with the first answer
        if -inf < polled_at < stored_at - LONG_AGO_S:
            return now  # the conversation may have been stored any time since the baseline
        drawn = self._next.get(target)
        if drawn is None or drawn[0] != polled_at:
            elapsed = max(0.0, polled_at - stored_at)
            at = stored_at + next_poll_at(self._wait.policy, elapsed, self._polls.random)
            drawn = self._next[target] = polled_at, at
        return drawn[1]

    def _request_jobs(self, wait_pass: WaitPass) -> PollRequest:
        now = anyio.current_time()
        failed_at = self._failed_at.get(JobPoll, -inf)
        jobs = self._jobs
        if jobs is None or self._polls.jobs_refused is not None:
            return PollRequest(inf)
        interval_s = self._wait.policy.job_interval
        if jobs.lacks_baseline:
            return PollRequest(max(now, failed_at + interval_s), is_baseline=True)
        if wait_pass.delivered is None:
            return PollRequest(inf)
        asked_at = max(jobs.polled_at, failed_at)
        at = max(asked_at, wait_pass.began) + interval_s
        return PollRequest(
            min(at, wait_pass.last_poll_at) if asked_at < wait_pass.last_poll_at else at
        )
