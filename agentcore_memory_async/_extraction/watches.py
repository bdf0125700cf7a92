"""A wait's part in each shared poll: what it takes from the results, and when it wants the next."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Generic

from agentcore_memory_async._calls.pagination import MAX_PAGE
from agentcore_memory_async._extraction.shared_polls import (
    JobSubscriber,
    RecordSubscriber,
    ResultT,
    SharedPoll,
    Subscriber,
    TargetT,
)
from agentcore_memory_async._extraction.targets import (
    Failure,
    JobSnapshot,
    JobTarget,
    PollRequest,
    RecordTarget,
    Snapshot,
)
from agentcore_memory_async.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcore_memory_async._extraction.failed_jobs import FailedJobs
    from agentcore_memory_async._extraction.wait_state import WaitState, WaitWindow

AGAIN_S = 3.0
"""Time from a poll that failed to the next one."""
CONFIRM_APART_S = 1.0
"""Time between two shared polls, if one is all that a subscriber needs to be done."""


class Watch(Generic[TargetT, ResultT]):
    """
    One subscriber of one shared poll.

    Args:
        state: What is known of the wait.
        subscriber: The subscriber.
        poll: The shared poll, which it has joined.
    """

    def __init__(
        self,
        state: WaitState,
        subscriber: Subscriber[TargetT, ResultT],
        poll: SharedPoll[TargetT, ResultT],
    ) -> None:
        self._state = state
        self._subscriber = subscriber
        self._poll = poll

    @property
    def has_results(self) -> bool:
        """Whether there is something to read."""
        return bool(self._subscriber.inbox)

    @property
    def is_running(self) -> bool:
        """Whether a poll is under way."""
        return self._poll.is_running

    @property
    def due_at(self) -> float:
        """When this subscriber is to run the next poll."""
        return self._poll.due_at(self._subscriber)

    def claim(self) -> bool:
        """Return whether a poll is due that this subscriber is to run; then it is under way."""
        return self._poll.claim(self._subscriber)

    async def run(self) -> None:
        """Run the poll that was claimed."""
        await self._poll.run(self._subscriber)

    def read(self, now: float) -> Exception | None:
        """Note all results; return the error that ends the wait, if there is one."""
        while self._subscriber.inbox:
            result, is_ours = self._subscriber.inbox.pop(0)
            if not isinstance(result, Failure):
                self._note(result, is_ours)
            elif (error := self._note_failure(result, now)) is not None:
                return error
        return None

    def ask(self, window: WaitWindow, now: float) -> None:
        """Request the next poll."""
        self._poll.request(self._subscriber, self._request(window, now))

    def leave(self) -> None:
        """Leave the shared poll."""
        raise NotImplementedError

    def _note(self, result: ResultT, is_ours: bool) -> None:
        """Note a result; *is_ours*: its poll began after this subscriber joined."""
        raise NotImplementedError

    def _note_failure(self, failure: Failure, now: float) -> Exception | None:
        """Note a failed poll; return its error if that ends the wait."""
        raise NotImplementedError

    def _request(self, window: WaitWindow, now: float) -> PollRequest:
        """Return when the next poll is wanted, and of what."""
        raise NotImplementedError


class RecordWatch(Watch[RecordTarget, Snapshot]):
    """Watches the records of one target."""

    def __init__(
        self, state: WaitState, target: RecordTarget, deadline: float, wake: Callable[[], None]
    ) -> None:
        subscriber = RecordSubscriber(target, deadline, wake)
        super().__init__(state, subscriber, state.polls.join_records(subscriber))

    def leave(self) -> None:
        """Leave the shared poll."""
        self._state.polls.leave_records(self._subscriber)

    def _note(self, result: Snapshot, is_ours: bool) -> None:
        records, target = self._state.records, self._subscriber.target
        if records.lacks_baseline(target) and not is_ours:
            return  # it began before this baseline was asked for
        if records.shows_all(target, result.after):  # else for subscribers with a later baseline
            records.add(target, result.only(target.exact))

    def _note_failure(self, failure: Failure, now: float) -> Exception | None:
        if not failure.is_retryable:
            return failure.error
        self._state.records.note_failure(self._subscriber.target, failure.error, now)
        return None

    def _request(self, window: WaitWindow, now: float) -> PollRequest:
        state, records, target = self._state, self._state.records, self._subscriber.target
        failed_at, polled_at = records.failed_at(target), records.polled_at(target)
        if records.lacks_baseline(target):
            return PollRequest(max(now, failed_at + AGAIN_S), is_baseline=True)
        if window.is_baseline:
            return PollRequest(inf)
        needed_at = records.needed_at(target)
        at = min(state.scheduled(target, now), needed_at)
        if state.jobs is not None and state.jobs.failed and polled_at < state.jobs.polled_at:
            at = now  # records may have come since
        if failed_at > -inf:
            at = min(at, failed_at + AGAIN_S) if at > now else failed_at + AGAIN_S
        is_last = max(polled_at, failed_at) < window.last_poll_at <= at
        if is_last:
            at = window.last_poll_at
        after = records.filter_after(target, MAX_PAGE)
        if (is_last or needed_at < inf) and not state.polls.lister.created_filter.proven:
            after = None  # an unproven filter that shows nothing does not prove that nothing came
        apart_s = state.options.policy.max_interval
        if needed_at < inf:
            apart_s = min(apart_s, CONFIRM_APART_S)
        return PollRequest(at, after, most_apart_s=apart_s)


class JobWatch(Watch[JobTarget, JobSnapshot]):
    """Watches the failed jobs of a session or an actor."""

    def __init__(
        self, state: WaitState, jobs: FailedJobs, deadline: float, wake: Callable[[], None]
    ) -> None:
        subscriber = JobSubscriber(jobs.target, deadline, wake)
        super().__init__(state, subscriber, state.polls.join_jobs(subscriber))
        self._jobs = jobs

    def leave(self) -> None:
        """Leave the shared poll."""
        self._state.polls.leave_jobs(self._subscriber)

    def _note(self, result: JobSnapshot, is_ours: bool) -> None:
        if is_ours:  # else it may not have asked for these jobs
            self._jobs.add(result)

    def _note_failure(self, failure: Failure, now: float) -> Exception | None:
        self._jobs.note_failure(now)
        if failure.is_retryable:
            return None
        if not isinstance(failure.error, ServiceError):
            return failure.error
        # The records can be seen, and that is what was asked for.
        self._state.polls.jobs_refused = failure.error
        return None

    def _request(self, window: WaitWindow, now: float) -> PollRequest:
        jobs, failed_at = self._jobs, self._jobs.failed_at
        interval_s = self._state.options.policy.job_interval
        if self._state.polls.jobs_refused is not None:
            return PollRequest(inf)
        if jobs.lacks_baseline:
            return PollRequest(max(now, failed_at + AGAIN_S), is_baseline=True)
        if window.is_baseline:
            return PollRequest(inf)
        asked_at = max(jobs.polled_at, failed_at)
        stored_at = self._state.date_conversation(now)
        at = (window.began if stored_at is None else stored_at) + interval_s
        if asked_at > -inf:
            at = asked_at + interval_s
        last_at = window.last_poll_at
        at = min(at, last_at) if asked_at < last_at else at
        return PollRequest(at, most_apart_s=interval_s)
