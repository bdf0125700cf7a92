"""Failed extraction jobs: listed, and started again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agentcore_memory_async.local._api.errors import not_found
from agentcore_memory_async.local._api.members import child
from agentcore_memory_async.local._api.page_tokens import decode_token, encode_token, page_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async.local._database.store import Transaction
    from agentcore_memory_async.local._storage.memories import Memory


_OPERATION = "ListMemoryExtractionJobs"


def list_jobs(
    transaction: Transaction, memory: Memory, params: Mapping[str, Any]
) -> dict[str, Any]:
    """Return one page of the jobs that failed and can be started again."""
    wanted = child(params, "filter")
    position = decode_token(_OPERATION, params, (int,))
    size = min(page_size(params), 50)
    rows = transaction.db.execute(
        "SELECT seq, job_id, actor_id, session_id, strategy_id, messages, reason FROM failed_jobs "
        "WHERE memory_id = :memory AND seq > :after "
        "AND (:strategy IS NULL OR strategy_id = :strategy) "
        "AND (:session IS NULL OR session_id = :session) "
        "AND (:actor IS NULL OR actor_id = :actor) ORDER BY seq LIMIT :limit",
        {
            "memory": memory.memory_id,
            "after": position[0] if position else 0,
            "strategy": wanted.get("strategyId"),
            "session": wanted.get("sessionId"),
            "actor": wanted.get("actorId"),
            "limit": size + 1,
        },
    ).fetchall()
    answer: dict[str, Any] = {
        "jobs": [
            {
                "jobID": job_id,
                "messages": {"messagesList": json.loads(messages)},
                "status": "FAILED",
                "failureReason": reason,
                "strategyId": strategy_id,
                "sessionId": session_id,
                "actorId": actor_id,
            }
            for _, job_id, actor_id, session_id, strategy_id, messages, reason in rows[:size]
        ]
    }
    if len(rows) > size:
        answer["nextToken"] = encode_token(_OPERATION, params, [rows[size - 1][0]])
    return answer


def start_job(
    transaction: Transaction, memory: Memory, params: Mapping[str, Any], now_ms: int
) -> tuple[str, str, str] | None:
    """
    Queue a failed job again; returns the session that has work.

    A used client token does nothing and is no error: then None comes back.
    """
    db = transaction.db
    job_id = params["extractionJob"]["jobId"]
    token = params.get("clientToken")
    if token is not None:
        used = db.execute(
            "SELECT 1 FROM tokens WHERE memory_id = ? AND operation = 'StartMemoryExtractionJob' "
            "AND token = ?",
            (memory.memory_id, token),
        ).fetchone()
        if used:
            return None
    row = db.execute(
        "SELECT actor_id, session_id, strategy_id, event_ids FROM failed_jobs "
        "WHERE memory_id = ? AND job_id = ?",
        (memory.memory_id, job_id),
    ).fetchone()
    if row is None:
        raise not_found(f"Extraction job not found: {job_id}")
    if token is not None:
        db.execute(
            "INSERT INTO tokens VALUES (?, 'StartMemoryExtractionJob', ?, '', '')",
            (memory.memory_id, token),
        )
    actor_id, session_id, strategy_id, event_ids = row
    key = (memory.memory_id, actor_id, session_id)
    db.execute("DELETE FROM failed_jobs WHERE job_id = ?", (job_id,))
    db.executemany(
        "INSERT INTO pending (memory_id, actor_id, session_id, event_id, strategies, due_ms) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        [(*key, event_id, json.dumps([strategy_id]), now_ms) for event_id in json.loads(event_ids)],
    )
    return key
