"""What the service extracted: long-term records, and the jobs that failed."""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

from agentcore_memory_async._models.base import Model, size


@frozen
class MemoryRecord(Model):
    """
    A record that the service extracted: a fact, a preference, a summary, an episode.

    Attributes:
        namespace: Namespace that it is in.
        content: Text, as the service wrote it (preferences are JSON, summaries XML).
        score: How well it matches the query: higher is better, and it is not a percentage. None for
            a record that was listed; 0.0 for one that was found without a score.
        created_at: When the service wrote it, UTC.
        memory_record_id: Record id.
        memory_strategy_id: Id of the strategy that made it; None where the service names none.
    """

    namespace: str
    content: str = field(repr=size)
    score: float | None
    created_at: datetime
    memory_record_id: str = ""
    memory_strategy_id: str | None = None


@frozen
class ExtractionJob(Model):
    """
    A failed run of a strategy over some events; the service lists no other jobs.

    Attributes:
        job_id: Job id.
        memory_strategy_id: Id of the strategy; None where the service names none.
        actor_id: Actor id.
        session_id: Session id.
        status: ``FAILED``.
        reason: Reason, such as ``LTM_RATE_EXCEEDED``; empty where the service names none.
        event_ids: Ids of the events that gave no records.
    """

    job_id: str
    memory_strategy_id: str | None
    actor_id: str
    session_id: str
    status: str
    reason: str
    event_ids: tuple[str, ...]
