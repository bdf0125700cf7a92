"""Events, branches, actors and sessions: the short-term half of the service."""

from __future__ import annotations

import hashlib
import itertools
import json
import secrets
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs

from agentcore_memory_async.local._api.errors import not_found, validation
from agentcore_memory_async.local._api.members import as_object, child, children
from agentcore_memory_async.local._api.page_tokens import (
    DEFAULT_PAGE,
    decode_token,
    encode_token,
    page_size,
)
from agentcore_memory_async.local._operations.java_blobs import java_string

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from agentcore_memory_async.local._database.store import Transaction
    from agentcore_memory_async.local._storage.memories import Memory


_DAY_MS = 86_400_000
_MESSAGE_BYTES = 100 * 1024
_EVENT_BYTES = 10 * 1024 * 1024
_MAIN = "main"

_COLUMNS = "event_id, event_ms, branch, payload, metadata"
_READ = _COLUMNS + ", written_ms"


def milliseconds(seconds: float) -> int:
    """Return a wire timestamp floored to milliseconds, whatever its binary fraction is."""
    return round(seconds * 1_000_000) // 1000


def new_event_id(event_ms: int) -> str:
    """Return an id as the service makes it: the time in 19 digits, # and 8 random digits."""
    return f"{event_ms:019d}#{secrets.token_hex(4)}"


@attrs.frozen
class Events:
    """
    The event operations; every method runs in the database thread.

    Attributes:
        token_mismatch: "ignore" answers a used client token with the stored event whatever
            else the request says; "error" refuses other content under it.
        metadata_paging: "post-scan" filters each page after it was read, so that pages may
            be empty; "index" fills every page.
        strict_branches: Every event of a branch must name its root event.
        branch_conflict: "refuse" or "accept" an event that names another root for its branch.
        java_blob_strings: Give blobs that are objects or lists back as Java prints them.
        shuffle_ties: Reorders the events of a page that have the same millisecond.
        default_page: How many a page has where the request does not say.
        event_id: Makes an event id of milliseconds.
    """

    token_mismatch: str = "ignore"  # noqa: S105
    metadata_paging: str = "post-scan"
    strict_branches: bool = False
    branch_conflict: str = "refuse"
    java_blob_strings: bool = False
    shuffle_ties: random.Random | None = None
    default_page: int = DEFAULT_PAGE
    event_id: Callable[[int], str] = new_event_id

    def create(
        self, transaction: Transaction, memory: Memory, params: Mapping[str, Any], now_ms: int
    ) -> tuple[dict[str, Any], bool]:
        """Store an event; returns it and whether it is new."""
        db = transaction.db
        fingerprint = _fingerprint(params)
        token = params.get("clientToken")
        if token is not None:
            row = db.execute(
                "SELECT fingerprint, answer FROM tokens "
                "WHERE memory_id = ? AND operation = 'CreateEvent' AND token = ?",
                (memory.memory_id, token),
            ).fetchone()
            if row is not None:
                if self.token_mismatch == "error" and row[0] != fingerprint:  # noqa: S105
                    text = "clientToken was used before with other parameters"
                    raise validation(
                        text, reason="IdempotentParameterMismatchException", field="clientToken"
                    )
                return self._stored_again(transaction, memory, params, json.loads(row[1])), False
        _check_sizes(params["payload"])
        actor_id = params["actorId"]
        session_id = params.get("sessionId") or str(uuid.uuid4())
        event_ms = milliseconds(params["eventTimestamp"])
        branch = self._branch(transaction, memory.memory_id, actor_id, session_id, params)
        event_id = self.event_id(event_ms)
        key = (memory.memory_id, actor_id, session_id)
        metadata = params.get("metadata") or None
        variables = child(params, "extractionConfig").get("namespaceVariables")
        self._touch(transaction, key, now_ms)
        db.execute(
            f"INSERT INTO events (memory_id, actor_id, session_id, {_COLUMNS}, "  # noqa: S608
            "variables, written_ms, expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *key,
                event_id,
                event_ms,
                branch,
                _dump(params["payload"]),
                _dump(metadata) if metadata else None,
                _dump(variables) if variables else None,
                now_ms,
                now_ms + memory.expiry_days * _DAY_MS,
            ),
        )
        if token is not None:
            db.execute(
                "INSERT INTO tokens VALUES (?, 'CreateEvent', ?, ?, ?)",
                (memory.memory_id, token, fingerprint, _dump([actor_id, session_id, event_id])),
            )
        row = (event_id, event_ms, branch, None, None)
        roots = self._roots(transaction, key)
        event = self._event(key, row, roots)
        event["payload"] = self._shown(params["payload"])
        if metadata:
            event["metadata"] = metadata
        return event, True

    def hide(
        self,
        transaction: Transaction,
        memory: Memory,
        params: Mapping[str, Any],
        event_ms: int,
        now_ms: int,
    ) -> dict[str, Any]:
        """Keep ingested content for the extraction only; returns what stands for its event."""
        _check_sizes(params["payload"])
        event_id = self.event_id(event_ms)
        metadata = params.get("metadata")
        variables = child(params, "extractionConfig").get("namespaceVariables")
        transaction.db.execute(
            "INSERT INTO events (memory_id, actor_id, session_id, event_id, event_ms, payload, "
            "metadata, variables, hidden, written_ms, expires_ms) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)",
            (
                memory.memory_id,
                params["actorId"],
                params["sessionId"],
                event_id,
                event_ms,
                _dump(params["payload"]),
                _dump(metadata) if metadata else None,
                _dump(variables) if variables else None,
                now_ms,
                now_ms + memory.expiry_days * _DAY_MS,
            ),
        )
        return {
            "actorId": params["actorId"],
            "sessionId": params["sessionId"],
            "eventId": event_id,
        }

    def get(
        self, transaction: Transaction, memory: Memory, params: Mapping[str, Any], now_ms: int
    ) -> dict[str, Any]:
        """Return one event."""
        key = (memory.memory_id, params["actorId"], params["sessionId"])
        row = transaction.db.execute(
            f"SELECT {_COLUMNS} FROM events WHERE memory_id = ? AND actor_id = ? "  # noqa: S608
            "AND session_id = ? AND event_id = ? AND hidden = 0 AND expires_ms > ?",
            (*key, params["eventId"], now_ms),
        ).fetchone()
        if row is None:
            raise _no_event(params["eventId"])
        return self._event(key, row, self._roots(transaction, key))

    def delete(
        self, transaction: Transaction, memory: Memory, params: Mapping[str, Any], now_ms: int
    ) -> str:
        """Delete one event for good and return its id."""
        key = (memory.memory_id, params["actorId"], params["sessionId"])
        cursor = transaction.db.execute(
            "DELETE FROM events WHERE memory_id = ? AND actor_id = ? AND session_id = ? "
            "AND event_id = ? AND hidden = 0 AND expires_ms > ?",
            (*key, params["eventId"], now_ms),
        )
        if not cursor.rowcount:
            raise _no_event(params["eventId"])
        transaction.db.execute(
            "UPDATE sessions SET events = events - 1, "
            "emptied_ms = CASE WHEN events = 1 THEN ? ELSE emptied_ms END "
            "WHERE memory_id = ? AND actor_id = ? AND session_id = ?",
            (now_ms, *key),
        )
        return str(params["eventId"])

    def page(
        self,
        transaction: Transaction,
        memory: Memory,
        params: Mapping[str, Any],
        now_ms: int,
        *,
        filterable_before_ms: int | None = None,
        visible_before_ms: int | None = None,
    ) -> dict[str, Any]:
        """
        Return one page of a session's events, newest first.

        A metadata filter does not see what was written later than *filterable_before_ms*, no
        list sees what was written later than *visible_before_ms*.
        """
        key = (memory.memory_id, params["actorId"], params["sessionId"])
        wanted = child(params, "filter")
        conditions, values = self._branch_filter(transaction, key, wanted.get("branch"))
        filters = [_metadata_filter(item) for item in children(wanted, "eventMetadata")]
        position = decode_token("ListEvents", params, (str,))
        if position is not None:
            conditions += " AND event_id < ?"
            values = [*values, position[0]]
        if visible_before_ms is not None:
            conditions += " AND written_ms <= ?"
            values = [*values, visible_before_ms]
        size = page_size(params, self.default_page)
        columns = _READ
        if params.get("includePayloads") is False:
            columns = "event_id, event_ms, branch, NULL, metadata, written_ms"
        cursor = transaction.db.execute(
            f"SELECT {columns} FROM events WHERE memory_id = ? AND actor_id = ? "  # noqa: S608
            f"AND session_id = ? AND hidden = 0 AND expires_ms > ? AND {conditions} "
            "ORDER BY event_id DESC"
            + (" LIMIT ?" if self.metadata_paging == "post-scan" or not filters else ""),
            [*key, now_ms, *values]
            + ([size + 1] if self.metadata_paging == "post-scan" or not filters else []),
        )
        rows: list[Any] = []
        scanned = 0
        more = False
        last = ""
        for row in cursor:
            counted = scanned if self.metadata_paging == "post-scan" else len(rows)
            if counted == size:
                more = True
                break
            scanned += 1
            last = row[0]
            if filters:
                metadata = as_object(json.loads(row[4] or "{}"))
                late = filterable_before_ms is not None and row[5] > filterable_before_ms
                if late or not all(accept(metadata) for accept in filters):
                    continue
            rows.append(row[:5])
        if self.shuffle_ties is not None:
            rows = self._shuffled(rows, self.shuffle_ties)
        roots = self._roots(transaction, key) if rows else {}
        answer: dict[str, Any] = {"events": [self._event(key, row, roots) for row in rows]}
        if more:
            answer["nextToken"] = encode_token("ListEvents", params, [last])
        return answer

    def actors(
        self, transaction: Transaction, memory: Memory, params: Mapping[str, Any], now_ms: int
    ) -> dict[str, Any]:
        """Return one page of the memory's actors, newest first."""
        position = decode_token("ListActors", params, (int,))
        size = page_size(params, self.default_page)
        rows = transaction.db.execute(
            "SELECT actor_id, seq FROM actors a WHERE memory_id = ? AND seq < ? AND EXISTS "
            "(SELECT 1 FROM sessions s WHERE s.memory_id = a.memory_id AND s.actor_id = a.actor_id "
            "AND (s.emptied_ms IS NULL OR s.emptied_ms > ?)) ORDER BY seq DESC LIMIT ?",
            (memory.memory_id, position[0] if position else 1 << 62, now_ms - _DAY_MS, size + 1),
        ).fetchall()
        answer: dict[str, Any] = {"actorSummaries": [{"actorId": row[0]} for row in rows[:size]]}
        if len(rows) > size:
            answer["nextToken"] = encode_token("ListActors", params, [rows[size - 1][1]])
        return answer

    def sessions(
        self, transaction: Transaction, memory: Memory, params: Mapping[str, Any], now_ms: int
    ) -> dict[str, Any]:
        """Return one page of an actor's sessions, newest first."""
        position = decode_token("ListSessions", params, (int,))
        size = page_size(params, self.default_page)
        with_events = bool(child(params, "filter").get("eventFilter"))
        rows = transaction.db.execute(
            "SELECT session_id, created_ms, seq FROM sessions WHERE memory_id = ? AND actor_id = ? "
            "AND seq < ? AND (emptied_ms IS NULL OR emptied_ms > ?) AND (NOT ? OR EXISTS "
            "(SELECT 1 FROM events e WHERE e.memory_id = sessions.memory_id "
            "AND e.actor_id = sessions.actor_id AND e.session_id = sessions.session_id "
            "AND e.hidden = 0 AND e.expires_ms > ?)) ORDER BY seq DESC LIMIT ?",
            (
                memory.memory_id,
                params["actorId"],
                position[0] if position else 1 << 62,
                now_ms - _DAY_MS,
                with_events,
                now_ms,
                size + 1,
            ),
        ).fetchall()
        answer: dict[str, Any] = {
            "sessionSummaries": [
                {"sessionId": row[0], "actorId": params["actorId"], "createdAt": row[1] / 1000}
                for row in rows[:size]
            ]
        }
        if len(rows) > size:
            answer["nextToken"] = encode_token("ListSessions", params, [rows[size - 1][2]])
        return answer

    # What the operations are made of.

    def _stored_again(
        self,
        transaction: Transaction,
        memory: Memory,
        params: Mapping[str, Any],
        where: list[str],
    ) -> dict[str, Any]:
        """Return the event of a used token; as asked for again where it was deleted since."""
        actor_id, session_id, event_id = where
        key = (memory.memory_id, actor_id, session_id)
        row = transaction.db.execute(
            f"SELECT {_COLUMNS} FROM events WHERE memory_id = ? AND actor_id = ? "  # noqa: S608
            "AND session_id = ? AND event_id = ?",
            (*key, event_id),
        ).fetchone()
        if row is None:
            payload, metadata = _dump(params["payload"]), _dump(params.get("metadata") or {})
            row = (event_id, int(event_id.split("#", 1)[0]), None, payload, metadata)
        return self._event(key, row, self._roots(transaction, key))

    def _touch(self, transaction: Transaction, key: tuple[str, str, str], now_ms: int) -> None:
        """Count one more event of the session, which is made with its actor if need be."""
        db = transaction.db
        known = db.execute(
            "UPDATE sessions SET events = events + 1, emptied_ms = NULL "
            "WHERE memory_id = ? AND actor_id = ? AND session_id = ?",
            key,
        )
        if known.rowcount:
            return
        (number,) = db.execute(
            "INSERT INTO sequence (id, value) VALUES (0, 1) "
            "ON CONFLICT (id) DO UPDATE SET value = value + 1 RETURNING value"
        ).fetchone()
        db.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, 1, NULL)", (*key, number, now_ms))
        db.execute("INSERT OR IGNORE INTO actors VALUES (?, ?, ?)", (key[0], key[1], number))

    def _branch(
        self,
        transaction: Transaction,
        memory_id: str,
        actor_id: str,
        session_id: str,
        params: Mapping[str, Any],
    ) -> str | None:
        """Return the branch of a new event, made where the request starts one."""
        branch = params.get("branch")
        if not branch or branch["name"] == _MAIN:
            return None
        db = transaction.db
        name: str = branch["name"]
        root: str | None = branch.get("rootEventId")
        key = (memory_id, actor_id, session_id)
        row = db.execute(
            "SELECT root_event_id FROM branches WHERE memory_id = ? AND actor_id = ? "
            "AND session_id = ? AND name = ?",
            (*key, name),
        ).fetchone()
        if row is not None:
            if root is None and self.strict_branches:
                text = f"rootEventId is required to continue branch {name}"
                raise validation(text, field="branch.rootEventId")
            if root not in {None, row[0]} and self.branch_conflict == "refuse":
                text = f"Branch {name} exists with another rootEventId"
                raise validation(text, reason="ResourceConflict", field="branch.rootEventId")
            return name
        if root is None:
            text = f"rootEventId is required to create branch {name}"
            raise validation(text, field="branch.rootEventId")
        found = db.execute(
            "SELECT actor_id, session_id, branch FROM events WHERE memory_id = ? AND event_id = ?",
            (memory_id, root),
        ).fetchall()
        here = next((item for item in found if item[:2] == (actor_id, session_id)), None)
        if here is None:
            if not found:
                raise _no_event(root)
            text = "The root event belongs to another session"
            raise validation(text, reason="EventInOtherSession", field="branch.rootEventId")
        db.execute("INSERT INTO branches VALUES (?, ?, ?, ?, ?, ?)", (*key, name, root, here[2]))
        return name

    def _roots(self, transaction: Transaction, key: tuple[str, str, str]) -> dict[str, str]:
        rows = transaction.db.execute(
            "SELECT name, root_event_id FROM branches WHERE memory_id = ? AND actor_id = ? "
            "AND session_id = ?",
            key,
        )
        return dict(rows.fetchall())

    def _branch_filter(
        self, transaction: Transaction, key: tuple[str, str, str], wanted: Mapping[str, Any] | None
    ) -> tuple[str, list[Any]]:
        """Return the SQL condition for a branch, with its parents up to the forks if asked."""
        if not wanted:
            return "1", []
        if wanted["name"] == _MAIN:
            return "branch IS NULL", []
        conditions, values = ["branch = ?"], [wanted["name"]]
        if wanted.get("includeParentBranches"):
            rows = transaction.db.execute(
                "SELECT name, root_event_id, root_branch FROM branches WHERE memory_id = ? "
                "AND actor_id = ? AND session_id = ?",
                key,
            )
            known = {name: (root, parent) for name, root, parent in rows}
            name: str | None = wanted["name"]
            while name in known:
                root, name = known[name]
                conditions.append("(branch IS ? AND event_id <= ?)")
                values.extend([name, root])
        return f"({' OR '.join(conditions)})", values

    def _event(
        self, key: tuple[str, str, str], row: Any, roots: Mapping[str, str]
    ) -> dict[str, Any]:
        event_id, event_ms, branch, payload, metadata = row
        event: dict[str, Any] = {
            "memoryId": key[0],
            "actorId": key[1],
            "sessionId": key[2],
            "eventId": event_id,
            "eventTimestamp": event_ms / 1000,
            "branch": {"name": branch or _MAIN},
        }
        if branch and branch in roots:
            event["branch"]["rootEventId"] = roots[branch]
        if payload is not None:
            event["payload"] = self._shown(json.loads(payload))
        if metadata and metadata != "{}":
            event["metadata"] = json.loads(metadata)
        return event

    def _shown(self, payload: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not self.java_blob_strings:
            return payload
        return [
            {"blob": java_string(item["blob"])}
            if isinstance(item.get("blob"), dict | list)
            else item
            for item in payload
        ]

    @staticmethod
    def _shuffled(rows: list[Any], source: random.Random) -> list[Any]:
        """Return the rows with those of one millisecond in another order."""
        mixed: list[Any] = []
        for _, group in itertools.groupby(rows, key=lambda row: row[1]):
            ties = list(group)
            source.shuffle(ties)
            mixed.extend(ties)
        return mixed

    def purge(self, transaction: Transaction, now_ms: int) -> int:
        """Delete expired events, sessions that are empty for a day, and actors without any."""
        db = transaction.db
        gone = db.execute(
            "DELETE FROM events WHERE expires_ms <= ? "
            "RETURNING memory_id, actor_id, session_id, hidden, expires_ms",
            (now_ms,),
        ).fetchall()
        counts = Counter(tuple(row[:3]) for row in gone if not row[3])
        emptied = {tuple(row[:3]): row[4] for row in sorted(gone, key=lambda row: row[4])}
        db.executemany(
            "UPDATE sessions SET events = max(events - ?, 0), "
            "emptied_ms = CASE WHEN events <= ? THEN ? ELSE emptied_ms END "
            "WHERE memory_id = ? AND actor_id = ? AND session_id = ?",
            [(count, count, emptied[key], *key) for key, count in counts.items()],
        )
        empty = db.execute(
            "DELETE FROM sessions WHERE emptied_ms <= ? RETURNING memory_id, actor_id, session_id",
            (now_ms - _DAY_MS,),
        ).fetchall()
        for key in empty:
            db.execute(
                "DELETE FROM branches WHERE memory_id = ? AND actor_id = ? AND session_id = ?", key
            )
            db.execute(
                "DELETE FROM actors WHERE memory_id = ? AND actor_id = ? AND NOT EXISTS "
                "(SELECT 1 FROM sessions s WHERE s.memory_id = actors.memory_id "
                "AND s.actor_id = actors.actor_id)",
                key[:2],
            )
        return len(gone) + len(empty)


def _metadata_filter(expression: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    name = expression["left"]["metadataKey"]
    operator = expression["operator"]
    if operator == "EXISTS":
        return lambda metadata: name in metadata
    if operator == "NOT_EXISTS":
        return lambda metadata: name not in metadata
    right = child(child(expression, "right"), "metadataValue").get("stringValue")
    if right is None:
        text = "EQUALS_TO needs right.metadataValue.stringValue"
        raise validation(text, field="filter.eventMetadata")
    return lambda metadata: bool(child(metadata, name).get("stringValue") == right)


def _check_sizes(payload: list[dict[str, Any]]) -> None:
    """Check what is said, not how its JSON is written: one line break is one byte."""
    total = 0
    for number, item in enumerate(payload, start=1):
        size = _size(item)
        total += size
        if size > _MESSAGE_BYTES and "blob" not in item:
            text = f"payload.{number}.member is larger than 100 KB"
            raise validation(text, field=f"payload.{number}.member")
    if total > _EVENT_BYTES:
        text = "The event is larger than 10 MB"
        raise validation(text, field="payload")


def _size(item: Mapping[str, Any]) -> int:
    """Give the bytes of a message's text, or of other content as compact JSON."""
    if "conversational" in item:
        return len(str(child(item["conversational"], "content").get("text", "")).encode())
    return len(_dump(child(item, "json").get("content", item.get("blob"))).encode())


def _fingerprint(params: Mapping[str, Any]) -> str:
    content = {name: value for name, value in params.items() if name != "clientToken"}
    return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).hexdigest()


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _no_event(event_id: str) -> Exception:
    return not_found(f"Unable to find event with id {event_id}")
