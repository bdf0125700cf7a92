"""
The rows of pending events and of failed extraction jobs.

An event is pending until the extraction has read it. It becomes pending in the transaction that
writes it, so nothing is lost if the service is killed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async.local._storage.sessions import SessionKey
from agentcore_memory_async.local._storage.strategies import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agentcore_memory_async.local._database.store import Transaction
    from agentcore_memory_async.local._storage.delays import Delays
    from agentcore_memory_async.local._storage.memories import Memory


_ADD = (
    "INSERT INTO pending (memory_id, actor_id, session_id, event_id, strategies, due_ms) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
"""Statement that adds a pending event."""
_JOB = "memory_id, actor_id, session_id, strategy_id, event_ids, messages, reason, job_id"
"""Columns of a failed job, without its number."""
_SESSION = "memory_id = ? AND actor_id = ? AND session_id = ?"
"""Condition for the rows of a session; its parameters are a `SessionKey`."""


@frozen
class PendingEvent:
    """
    A pending event.

    Attributes:
        seq: Number of the row.
        event_id: Event id.
        strategy_ids: Ids of the strategies that have to read it.
    """

    seq: int
    event_id: str
    strategy_ids: tuple[str, ...]


@frozen
class FailedJob:
    """
    An extraction job that failed and can be started again.

    Attributes:
        key: Session of the job.
        strategy_id: Strategy of the job.
        event_ids: Events that it was to extract from.
        messages: Event id and index of each message, as the wire has them.
        reason: Reason of the failure, as the wire has it.
        job_id: Job id.
        seq: Number of the row; 0 before it is written.
    """

    key: SessionKey
    strategy_id: str
    event_ids: Sequence[str]
    messages: Sequence[Mapping[str, Any]]
    reason: str
    job_id: str = field(factory=random_id)
    seq: int = 0


def queue_event(
    transaction: Transaction,
    memory: Memory,
    key: SessionKey,
    event_id: str,
    payload: Sequence[Mapping[str, Any]],
    now_ms: int,
    delays: Delays,
    *,
    skip: bool = False,
) -> list[int]:
    """
    Make an event pending for the strategies that are ACTIVE now.

    No other strategy will ever read it; if it is to be skipped, none will.

    Returns:
        Times (ms) when it is due, one for each delay; none if it has nothing to extract.
    """
    due: dict[int, list[str]] = {}
    readable = not skip and any("conversational" in item or "json" in item for item in payload)
    for strategy in memory.strategies if readable else ():
        if strategy.status == "ACTIVE" and kind_of(strategy) is not None:
            due_ms = now_ms + delays.after_ms(strategy)
            due.setdefault(due_ms, []).append(strategy.strategy_id)
    transaction.db.executemany(
        _ADD, [(*key, event_id, json.dumps(ids), due_ms) for due_ms, ids in due.items()]
    )
    transaction.db.execute(
        f"UPDATE events SET strategies = ? WHERE {_SESSION} AND event_id = ?",
        (json.dumps([item for ids in due.values() for item in ids]), *key, event_id),
    )
    return list(due)


def pending_sessions(transaction: Transaction) -> list[tuple[SessionKey, int]]:
    """Return the sessions with pending events, each with the time (ms) when the first is due."""
    rows = transaction.db.execute(
        "SELECT memory_id, actor_id, session_id, min(due_ms) FROM pending "
        "GROUP BY memory_id, actor_id, session_id"
    )
    return [(SessionKey(*key), due_ms) for *key, due_ms in rows]


def pending_events(
    transaction: Transaction, key: SessionKey, until_ms: int, limit: int
) -> tuple[PendingEvent, ...]:
    """Return the first *limit* events of a session that are due by *until_ms*."""
    rows = transaction.db.execute(
        f"SELECT seq, event_id, strategies FROM pending WHERE {_SESSION} "
        "AND due_ms <= ? ORDER BY due_ms, event_id LIMIT ?",
        (*key, until_ms, limit),
    )
    return tuple(PendingEvent(seq, event, tuple(json.loads(ids))) for seq, event, ids in rows)


def remove_pending(transaction: Transaction, events: Iterable[PendingEvent]) -> None:
    """Delete pending events."""
    transaction.db.executemany(
        "DELETE FROM pending WHERE seq = ?", [(event.seq,) for event in events]
    )


def drop_ingested(transaction: Transaction, key: SessionKey, event_ids: Iterable[str]) -> None:
    """Delete those of the events that are ingested content which nothing will read any more."""
    transaction.db.execute(
        f"DELETE FROM events WHERE {_SESSION} AND hidden = 1 "
        "AND event_id IN (SELECT value FROM json_each(?)) AND NOT EXISTS "
        f"(SELECT 1 FROM pending WHERE {_SESSION} AND pending.event_id = events.event_id) "
        "AND NOT EXISTS (SELECT 1 FROM failed_jobs, json_each(failed_jobs.event_ids) failed "
        f"WHERE {_SESSION} AND failed.value = events.event_id)",
        (*key, json.dumps(list(event_ids)), *key, *key),
    )


def remove_pending_of_memory(transaction: Transaction, memory_id: str) -> None:
    """Delete all pending events of a memory."""
    transaction.db.execute("DELETE FROM pending WHERE memory_id = ?", (memory_id,))


def next_due_ms(transaction: Transaction, key: SessionKey) -> int | None:
    """Return the time (ms) when a session's next pending event is due; None if there is none."""
    (due_ms,) = transaction.db.execute(
        f"SELECT min(due_ms) FROM pending WHERE {_SESSION}",
        key,
    ).fetchone()
    return None if due_ms is None else int(due_ms)


# Failed jobs.


def add_failed_job(transaction: Transaction, job: FailedJob) -> None:
    """Write an extraction job that failed."""
    transaction.db.execute(
        f"INSERT INTO failed_jobs ({_JOB}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *job.key,
            job.strategy_id,
            json.dumps(job.event_ids),
            json.dumps(job.messages),
            job.reason,
            job.job_id,
        ),
    )


def list_failed_jobs(
    transaction: Transaction,
    memory_id: str,
    *,
    actor_id: str | None,
    session_id: str | None,
    strategy_id: str | None,
    after: int,
    limit: int,
) -> list[FailedJob]:
    """Return the failed jobs after the row *after* that match the other arguments, oldest first."""
    wanted = {"strategy_id": strategy_id, "session_id": session_id, "actor_id": actor_id}
    given = {name: value for name, value in wanted.items() if value is not None}
    rows = transaction.db.execute(
        f"SELECT {_JOB}, seq FROM failed_jobs WHERE memory_id = ? AND seq > ? "
        f"{''.join(f'AND {name} = ? ' for name in given)}ORDER BY seq LIMIT ?",
        (memory_id, after, *given.values(), limit),
    )
    return [_failed_job(row) for row in rows]


def find_failed_job(transaction: Transaction, memory_id: str, job_id: str) -> FailedJob | None:
    """Return the failed job of that id."""
    row = transaction.db.execute(
        f"SELECT {_JOB}, seq FROM failed_jobs WHERE memory_id = ? AND job_id = ?",
        (memory_id, job_id),
    ).fetchone()
    return _failed_job(row) if row else None


def restart_job(transaction: Transaction, job: FailedJob, now_ms: int) -> None:
    """Make the events of a failed job pending again, due now."""
    transaction.db.execute("DELETE FROM failed_jobs WHERE seq = ?", (job.seq,))
    transaction.db.executemany(
        _ADD,
        [(*job.key, event, json.dumps([job.strategy_id]), now_ms) for event in job.event_ids],
    )


def _failed_job(row: Sequence[Any]) -> FailedJob:
    *key, strategy_id, event_ids, messages, reason, job_id, seq = row
    return FailedJob(
        SessionKey(*key),
        strategy_id,
        json.loads(event_ids),
        json.loads(messages),
        reason,
        job_id,
        seq,
    )
