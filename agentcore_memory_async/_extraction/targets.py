"""What is polled for, and what polls show: records under a prefix, failed jobs of an actor."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, TypeAlias

from attrs import Factory, evolve, field, frozen

from agentcore_memory_async._calls.attempts import is_retryable
from agentcore_memory_async._wire.queries import belonging
from agentcore_memory_async.errors import AgentCoreMemoryError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from agentcore_memory_async.filters import Filter
    from agentcore_memory_async.models import ExtractionJob, MemoryRecord


@frozen
class RecordTarget:
    """
    Where new records are expected.

    Attributes:
        prefix: Resolved prefix.
        memory_strategy_id: Only the records of this strategy; None for all.
        min_records: Number of new records that are needed there.
        filters: Conditions on the metadata that the service evaluates.
        exact: Key and value of the metadata that new records must have. It is evaluated here, so
            waits for different values share their polls.
    """

    prefix: str
    memory_strategy_id: str | None = None
    min_records: int = field(default=0, eq=False)
    filters: tuple[Filter, ...] = ()
    exact: tuple[str, str] | None = field(default=None, eq=False)

    def has(self, record: MemoryRecord) -> bool:
        """Return whether *record* is one of this target."""
        strategies = {None, record.memory_strategy_id}
        other = record.memory_strategy_id is not None and self.memory_strategy_id not in strategies
        return not other and bool(belonging([record], {"namespacePath": self.prefix}))


@frozen
class JobTarget:
    """
    An actor or a session, and its strategies, whose failed extraction jobs matter.

    Attributes:
        actor_id: Actor id.
        session_id: Session id; None for all sessions of the actor.
        memory_strategy_ids: Ids of the strategies that matter; empty for any.
    """

    actor_id: str
    session_id: str | None
    memory_strategy_ids: frozenset[str] = frozenset()

    def has(self, job: ExtractionJob) -> bool:
        """Return whether *job* is one of this target; jobs that name no event are not."""
        is_theirs = self.session_id in {None, job.session_id} and self.actor_id == job.actor_id
        if not is_theirs or not job.event_ids:
            return False
        return not self.memory_strategy_ids or job.memory_strategy_id in {
            *self.memory_strategy_ids,
            None,
        }


PollTarget: TypeAlias = RecordTarget | JobTarget
"""What polls are made for."""


@frozen
class Snapshot:
    """
    What one poll of a target showed.

    Attributes:
        records: Records of the target, from all pages.
        started_at: Start of the poll, by the clock of waits.
        after: Time after which records were requested; None if all were requested.
        service_time: The service's clock at the start of the poll, where it is known.
        ended_at: When the last answer came, by the clock of waits.
    """

    records: Sequence[MemoryRecord]
    started_at: float
    after: datetime | None = None
    service_time: datetime | None = None
    ended_at: float = field(default=Factory(lambda self: self.started_at, takes_self=True))

    def only(self, exact: tuple[str, str] | None) -> Snapshot:
        """Return the snapshot with the records alone that have an entry of metadata."""
        if exact is None:
            return self
        key, value = exact
        return evolve(
            self, records=tuple(each for each in self.records if each.metadata.get(key) == value)
        )


@frozen
class JobSnapshot:
    """The failed jobs that one poll showed."""

    jobs: Sequence[ExtractionJob]
    started_at: float


@frozen
class Failure:
    """A poll that failed."""

    error: Exception

    @property
    def is_retryable(self) -> bool:
        """Whether the same poll may succeed a little later."""
        return isinstance(self.error, AgentCoreMemoryError) and is_retryable(self.error)


@frozen(eq=False)
class PollRequest:
    """
    When one subscriber wants the next poll, and of what.

    Attributes:
        at: Time of the poll, by the clock of waits.
        after: Only records written after this matter; None for all.
        is_baseline: Whether it cannot wait for the polls of others.
        most_apart_s: Longest time between two polls.
    """

    at: float
    after: datetime | None = None
    is_baseline: bool = False
    most_apart_s: float = inf
