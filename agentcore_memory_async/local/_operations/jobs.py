"""Operations on failed extraction jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async.local._api.errors import not_found
from agentcore_memory_async.local._api.members import child
from agentcore_memory_async.local._storage.pending import (
    FailedJob,
    find_failed_job,
    list_failed_jobs,
    restart_job,
)

if TYPE_CHECKING:
    from agentcore_memory_async.local._operations.request import MemoryRequest, Params


_MAX_PAGE = 50
"""Largest page of ListMemoryExtractionJobs (service model)."""


def list_jobs(request: MemoryRequest) -> Params:
    """Return a page of the jobs that failed and can be started again."""
    wanted = child(request.params, "filter")
    position = request.position(int)
    size = min(request.page_size(), _MAX_PAGE)
    found = list_failed_jobs(
        request.transaction,
        request.memory_id,
        actor_id=wanted.get("actorId"),
        session_id=wanted.get("sessionId"),
        strategy_id=wanted.get("strategyId"),
        after=position[0] if position else 0,
        limit=size + 1,
    )
    answer: Params = {"jobs": [_response(job) for job in found[:size]]}
    if len(found) > size:
        answer["nextToken"] = request.next_token(found[size - 1].seq)
    return answer


def _response(job: FailedJob) -> Params:
    return {
        "jobID": job.job_id,
        "messages": {"messagesList": job.messages},
        "status": "FAILED",
        "failureReason": job.reason,
        "strategyId": job.strategy_id,
        "sessionId": job.key.session_id,
        "actorId": job.key.actor_id,
    }


def start_job(request: MemoryRequest) -> Params:
    """Start a failed job again; with a used client token nothing is done, without an error."""
    job_id: str = request.params["extractionJob"]["jobId"]
    token = request.client_token(request.memory_id)
    if token.first_use() is None:
        job = find_failed_job(request.transaction, request.memory_id, job_id)
        if job is None:
            raise not_found(f"Extraction job not found: {job_id}")
        token.remember(None)
        restart_job(request.transaction, job, request.now_ms)
        request.transaction.on_commit(lambda: request.service.on_due(job.key, request.now_ms))
    return {"jobId": job_id}
