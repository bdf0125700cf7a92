"""
The rows of short-term memory: events, branches, sessions and actors.

A session counts its events. When the last one is gone the session keeps the time of that, and is
deleted a day later, as on AWS. Ingested content is a row of the events, too, but a hidden one: the
extraction reads and then drops it, while lists don't return it and the session does not count it.
"""

from __future__ import annotations

import heapq
import json
import operator
import secrets
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from agentcore_memory_async.local._database.store import Transaction


DAY_MS = 86_400_000
"""Milliseconds of a day."""
_LAST = 1 << 62
"""A number above those of all rows."""
_COLUMNS = "event_id, event_ms, branch, payload, metadata, written_ms"
"""Columns of an event that make an `Event`."""
_SESSION = "memory_id = ? AND actor_id = ? AND session_id = ?"
"""Condition for the rows of a session; its parameters are a `SessionKey`."""


class SessionKey(NamedTuple):
    """The ids that identify a session."""

    memory_id: str
    actor_id: str
    session_id: str


@frozen
class Event:
    """
    A row of the table of events.

    Attributes:
        event_id: Event id.
        event_ms: Timestamp that the caller gave.
        branch: Name of the branch; None for the main branch.
        payload: JSON text; None where it was not read.
        metadata: JSON text; None where the event has none.
        written_ms: When it was written.
    """

    event_id: str
    event_ms: int
    branch: str | None
    payload: str | None
    metadata: str | None
    written_ms: int


@frozen
class Branch:
    """
    A row of the table of branches.

    Attributes:
        root_event_id: Event that the branch starts from.
        root_branch: Branch of that event; None for the main branch.
    """

    root_event_id: str
    root_branch: str | None


def new_event_id(event_ms: int) -> str:
    """Return an id as the service makes it: the time in 19 digits, # and 8 random hex digits."""
    return f"{event_ms:019d}#{secrets.token_hex(4)}"


# Events.


def add_event(
    transaction: Transaction,
    key: SessionKey,
    event: Event,
    *,
    variables: Mapping[str, str] | None,
    expires_ms: int,
    hidden: bool = False,
) -> None:
    """Write an event; unless it is *hidden*, count it and create its session if it is new."""
    transaction.db.execute(
        f"INSERT INTO events (memory_id, actor_id, session_id, {_COLUMNS}, "
        "variables, hidden, expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *key,
            event.event_id,
            event.event_ms,
            event.branch,
            event.payload,
            event.metadata,
            event.written_ms,
            json.dumps(variables) if variables else None,
            hidden,
            expires_ms,
        ),
    )
    if not hidden:
        _count_event(transaction, key, event.written_ms)


def _count_event(transaction: Transaction, key: SessionKey, now_ms: int) -> None:
    """Count one more event of a session."""
    db = transaction.db
    known = db.execute(
        f"UPDATE sessions SET events = events + 1, emptied_ms = NULL WHERE {_SESSION}",
        key,
    )
    if known.rowcount:
        return
    (number,) = db.execute(
        "INSERT INTO sequence (id, value) VALUES (0, 1) "
        "ON CONFLICT (id) DO UPDATE SET value = value + 1 RETURNING value"
    ).fetchone()
    db.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, 1, NULL)", (*key, number, now_ms))
    db.execute(
        "INSERT OR IGNORE INTO actors VALUES (?, ?, ?)", (key.memory_id, key.actor_id, number)
    )


def find_event(
    transaction: Transaction, key: SessionKey, event_id: str, now_ms: int
) -> Event | None:
    """Return an event that is not hidden and has not expired."""
    row = transaction.db.execute(
        f"SELECT {_COLUMNS} FROM events WHERE {_SESSION} "
        "AND event_id = ? AND hidden = 0 AND expires_ms > ?",
        (*key, event_id, now_ms),
    ).fetchone()
    return Event(*row) if row else None


def find_expired_event(transaction: Transaction, key: SessionKey, event_id: str) -> Event | None:
    """Return an event, even if it has expired but is not purged yet."""
    row = transaction.db.execute(
        f"SELECT {_COLUMNS} FROM events WHERE {_SESSION} AND event_id = ?",
        (*key, event_id),
    ).fetchone()
    return Event(*row) if row else None


def delete_event(transaction: Transaction, key: SessionKey, event_id: str, now_ms: int) -> bool:
    """Delete an event, and return whether there was one."""
    deleted = transaction.db.execute(
        f"DELETE FROM events WHERE {_SESSION} AND event_id = ? AND hidden = 0 AND expires_ms > ?",
        (*key, event_id, now_ms),
    )
    if deleted.rowcount:
        left = transaction.db.execute(
            "UPDATE sessions SET events = events - 1, "
            "emptied_ms = CASE WHEN events = 1 THEN ? ELSE emptied_ms END "
            f"WHERE {_SESSION} RETURNING events",
            (now_ms, *key),
        ).fetchone()
        if left == (0,):
            forget_traces(transaction, [key])
    return bool(deleted.rowcount)


def newest_events(
    transaction: Transaction,
    key: SessionKey,
    now_ms: int,
    *,
    spans: Iterable[tuple[str | None, str | None]] = (),
    before_id: str | None = None,
    written_until_ms: int | None = None,
    with_payload: bool = True,
    limit: int | None = None,
) -> Iterator[Event]:
    """
    Iterate over a session's events, newest first.

    Args:
        transaction: The database.
        key: Session.
        now_ms: Time; events that have expired by then are left out.
        spans: Branches, each with the id of its last event or None for its end; none for all.
        before_id: Event id; only events with a smaller one are returned.
        written_until_ms: Time; only events that were written by then are returned.
        with_payload: Whether to read payloads.
        limit: Maximum number of events.
    """
    columns = _COLUMNS if with_payload else _COLUMNS.replace("payload", "NULL")

    def select(condition: str, *given: str | None) -> Iterator[tuple[Any, ...]]:
        """Iterate over the rows that match one more condition, in the order of an index."""
        conditions = [_SESSION, "hidden = 0", condition]
        values: list[Any] = [*key, *given]
        if before_id is not None:
            conditions.append("event_id < ?")
            values.append(before_id)
        if written_until_ms is not None:
            conditions.append("written_ms <= ?")
            values.append(written_until_ms)
        return transaction.db.execute(
            f"SELECT {columns} FROM events WHERE {' AND '.join(conditions)} "
            "AND expires_ms > ? ORDER BY event_id DESC LIMIT ?",
            [*values, now_ms, -1 if limit is None else limit],
        )

    parts = [
        select("branch IS ?", branch)
        if until is None
        else select("branch IS ? AND event_id <= ?", branch, until)
        for branch, until in spans
    ] or [select("1")]
    rows = heapq.merge(*parts, key=operator.itemgetter(0), reverse=True)
    return (Event(*row) for row in islice(rows, limit))


# Branches.


def find_branch(transaction: Transaction, key: SessionKey, name: str) -> Branch | None:
    """Return a branch of a session; None if there is none of that name."""
    row = transaction.db.execute(
        f"SELECT root_event_id, root_branch FROM branches WHERE {_SESSION} AND name = ?",
        (*key, name),
    ).fetchone()
    return Branch(*row) if row else None


def add_branch(transaction: Transaction, key: SessionKey, name: str, branch: Branch) -> None:
    """Write a new branch."""
    transaction.db.execute(
        "INSERT INTO branches VALUES (?, ?, ?, ?, ?, ?)",
        (*key, name, branch.root_event_id, branch.root_branch),
    )


def event_places(
    transaction: Transaction, memory_id: str, event_id: str
) -> dict[SessionKey, str | None]:
    """Return the sessions that have an event of that id, each with the event's branch."""
    rows = transaction.db.execute(
        "SELECT actor_id, session_id, branch FROM events WHERE memory_id = ? AND event_id = ?",
        (memory_id, event_id),
    )
    return {SessionKey(memory_id, actor, session): branch for actor, session, branch in rows}


# Actors and sessions.


def list_actors(
    transaction: Transaction, memory_id: str, before: int | None, now_ms: int, limit: int
) -> list[tuple[str, int]]:
    """Return id and number of a memory's actors, newest first, from below a number."""
    return transaction.db.execute(
        "SELECT actor_id, seq FROM actors a WHERE memory_id = ? AND seq < ? AND EXISTS "
        "(SELECT 1 FROM sessions s WHERE s.memory_id = a.memory_id AND s.actor_id = a.actor_id "
        "AND (s.emptied_ms IS NULL OR s.emptied_ms > ?)) ORDER BY seq DESC LIMIT ?",
        (memory_id, _LAST if before is None else before, now_ms - DAY_MS, limit),
    ).fetchall()


def list_sessions(
    transaction: Transaction,
    memory_id: str,
    actor_id: str,
    before: int | None,
    now_ms: int,
    limit: int,
    *,
    with_events: bool,
) -> list[tuple[str, int, int]]:
    """
    Return id, time of creation (ms) and number of an actor's sessions, newest first.

    Only sessions with a number below *before*, and if *with_events*, only those with events.
    """
    return transaction.db.execute(
        "SELECT session_id, created_ms, seq FROM sessions WHERE memory_id = ? AND actor_id = ? "
        "AND seq < ? AND (emptied_ms IS NULL OR emptied_ms > ?) AND (NOT ? OR EXISTS "
        "(SELECT 1 FROM events e WHERE e.memory_id = sessions.memory_id "
        "AND e.actor_id = sessions.actor_id AND e.session_id = sessions.session_id "
        "AND e.hidden = 0 AND e.expires_ms > ?)) ORDER BY seq DESC LIMIT ?",
        (
            memory_id,
            actor_id,
            _LAST if before is None else before,
            now_ms - DAY_MS,
            with_events,
            now_ms,
            limit,
        ),
    ).fetchall()


def purge(transaction: Transaction, now_ms: int) -> None:
    """Delete expired events, sessions that were empty for a day, and actors without sessions."""
    db = transaction.db
    gone: list[Any] = db.execute(
        "DELETE FROM events WHERE expires_ms <= ? "
        "RETURNING memory_id, actor_id, session_id, hidden, expires_ms",
        (now_ms,),
    ).fetchall()
    counts = Counter(tuple(row[:3]) for row in gone if not row[3])
    emptied = {tuple(row[:3]): row[4] for row in sorted(gone, key=lambda row: row[4])}
    db.executemany(
        "UPDATE sessions SET events = max(events - ?, 0), "
        f"emptied_ms = CASE WHEN events <= ? THEN ? ELSE emptied_ms END WHERE {_SESSION}",
        [(count, count, emptied[key], *key) for key, count in counts.items()],
    )
    empty: list[tuple[str, str, str]] = db.execute(
        "DELETE FROM sessions WHERE emptied_ms <= ? RETURNING memory_id, actor_id, session_id",
        (now_ms - DAY_MS,),
    ).fetchall()
    for memory_id, actor_id, _ in empty:
        db.execute(
            "DELETE FROM actors WHERE memory_id = ? AND actor_id = ? AND NOT EXISTS "
            "(SELECT 1 FROM sessions s WHERE s.memory_id = actors.memory_id "
            "AND s.actor_id = actors.actor_id)",
            (memory_id, actor_id),
        )
    forget_traces(transaction, {SessionKey(*row[:3]) for row in (*gone, *empty)})


def forget_traces(transaction: Transaction, keys: Iterable[SessionKey]) -> None:
    """Delete what there is of those of the sessions that have no event left, but their ids."""
    for table, also_hidden in (("branches", False), ("failed_jobs", True), ("open_parts", True)):
        transaction.db.executemany(
            f"DELETE FROM {table} WHERE {_SESSION} "
            f"AND NOT EXISTS (SELECT 1 FROM events WHERE {_SESSION} AND hidden <= ?)",
            [(*key, *key, also_hidden) for key in keys],
        )
