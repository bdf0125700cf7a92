"""Extraction jobs from the wire's JSON: pure, no await."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from agentcore_memory_async._wire.reading import (
    Body,
    ItemKind,
    OnUnreadable,
    id_of,
    number_of,
    object_of,
    objects_of,
    read,
    read_each,
    read_page,
    required,
    text_of,
)
from agentcore_memory_async.models import ExtractionJob, ExtractionJobMessage


def _read_job(body: Body) -> ExtractionJob:
    messages = objects_of(required(object_of(body, "messages"), "messages"), "messagesList")
    return ExtractionJob(
        job_id=id_of(body, "jobID"),
        memory_strategy_id=text_of(body, "strategyId"),
        actor_id=text_of(body, "actorId") or "",
        session_id=text_of(body, "sessionId") or "",
        status=text_of(body, "status") or "FAILED",
        reason=text_of(body, "failureReason") or "",
        messages=tuple(
            ExtractionJobMessage(id_of(message, "eventId"), number_of(message, "messageIndex"))
            for message in messages
        ),
    )


def read_jobs(body: Body, unreadable: OnUnreadable, asked: Body) -> list[ExtractionJob]:
    """Return a page of failed extraction jobs; those that name no actor are of the one *asked*."""
    operation = "ListMemoryExtractionJobs"
    jobs = read_each(operation, read_page(operation, body, "jobs"), _JOB, unreadable)
    actor_id, session_id = asked.get("actorId", ""), asked.get("sessionId", "")
    return [
        evolve(job, actor_id=job.actor_id or actor_id, session_id=job.session_id or session_id)
        for job in jobs
    ]


def start_job(memory_id: str, job_id: str, token: str) -> dict[str, Any]:
    """Return the members of StartMemoryExtractionJob."""
    return {"memoryId": memory_id, "extractionJob": {"jobId": job_id}, "clientToken": token}


def read_started_job(body: Body) -> str:
    """Return the job id of an answer to StartMemoryExtractionJob."""
    return read("StartMemoryExtractionJob", body, "job", lambda raw: id_of(raw, "jobId"))


_JOB = ItemKind("job", "jobID", _read_job)
"""Failed extraction jobs."""
