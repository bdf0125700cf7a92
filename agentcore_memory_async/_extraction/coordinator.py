"""The polls of one manager: who waits for the same target shares them."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from agentcore_memory_async._extraction.shared_polls import JobPoll, RecordPoll
from agentcore_memory_async._extraction.targets import Failure, RecordTarget

if TYPE_CHECKING:
    from agentcore_memory_async._extraction.lister import Lister
    from agentcore_memory_async._extraction.shared_polls import JobSubscriber, RecordSubscriber
    from agentcore_memory_async.errors import ServiceError
    from agentcore_memory_async.policies import PollPolicy


class PollCoordinator:
    """
    Creates the shared polls of one manager, and drops those without a subscriber.

    Args:
        lister: Sends the requests.
        policy: When to poll, where a poller has no policy of its own.

    Attributes:
        random: Draws the jitter of each wait.
        jobs_refused: Why failed jobs cannot be listed, where that is so.
    """

    def __init__(self, lister: Lister, policy: PollPolicy) -> None:
        self.lister = lister
        self.policy = policy
        self.random: Random = Random()
        self.jobs_refused: ServiceError | None = None
        self._records: dict[RecordTarget, RecordPoll] = {}
        self._jobs: JobPoll | None = None

    def __len__(self) -> int:
        """Return the number of shared polls."""
        return len(self._records) + (self._jobs is not None)

    def join_records(self, subscriber: RecordSubscriber) -> RecordPoll:
        """Return the one shared poll for the subscriber's target, with the subscriber in it."""
        poll = self._records.get(subscriber.target)
        if poll is None:
            poll = self._records[subscriber.target] = RecordPoll(self.lister, subscriber.target)
        poll.join(subscriber)
        return poll

    def leave_records(self, subscriber: RecordSubscriber) -> None:
        """Remove a subscriber; the last one ends the polling."""
        poll = self._records[subscriber.target]
        poll.leave(subscriber)
        if not poll.has_subscribers:
            del self._records[subscriber.target]

    def join_jobs(self, subscriber: JobSubscriber) -> JobPoll:
        """Return the one shared poll for failed jobs, with the subscriber in it."""
        if self._jobs is None:
            self._jobs = JobPoll(self.lister)
        self._jobs.join(subscriber)
        return self._jobs

    def leave_jobs(self, subscriber: JobSubscriber) -> None:
        """Remove a subscriber; the last one ends the polling."""
        if self._jobs is not None:
            self._jobs.leave(subscriber)
            if not self._jobs.has_subscribers:
                self._jobs = None

    def close(self, error: Exception) -> None:
        """End all waits with *error*: each of them waits for records."""
        for poll in self._records.values():
            poll.publish(Failure(error))
