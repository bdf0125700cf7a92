"""Extraction jobs that failed."""

from __future__ import annotations

from attrs import frozen

from agentcore_memory_async._models.base import Model


@frozen
class ExtractionJobMessage(Model):
    """
    An item of an event from which a job made no records.

    Attributes:
        event_id: Event id.
        message_index: Place in the payload of the event, from 0; None where the service names none.
    """

    event_id: str
    message_index: int | None = None


@frozen
class ExtractionJob(Model):
    """
    A failed run of a strategy over some messages; the service lists no other jobs.

    Attributes:
        job_id: Job id.
        memory_strategy_id: Id of the strategy; None where the service names none.
        actor_id: Actor id.
        session_id: Session id.
        status: ``FAILED``.
        reason: Reason, such as ``LTM_RATE_EXCEEDED``; empty where the service names none.
        messages: The messages that gave no records.
    """

    job_id: str
    memory_strategy_id: str | None
    actor_id: str
    session_id: str
    status: str
    reason: str
    messages: tuple[ExtractionJobMessage, ...]

    @property
    def event_ids(self) -> tuple[str, ...]:
        """Ids of the events that gave no records, each once."""
        return tuple(dict.fromkeys(message.event_id for message in self.messages))
