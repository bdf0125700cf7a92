"""
Memories: their rows, and their states.

A row holds a JSON document: what GetMemory returns, and members of our own that begin with ``_``.
Without ``strict`` a memory is created on first use. A memory that changes is in a transitional
state until the time in ``_untilMs``; nothing is written at that time, because the state is computed
on reading.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agentcore_memory_async.local._api.errors import memory_not_found, validation
from agentcore_memory_async.local._api.members import child
from agentcore_memory_async.local._storage.strategies import default_strategies, read_strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agentcore_memory_async.local._database.store import Transaction
    from agentcore_memory_async.local.clock import Clock
    from agentcore_memory_async.local.extractor import Strategy


REGION = "us-west-2"
"""Region of the local service, as in its ARNs."""
ACCOUNT = "000000000000"
"""Account id in the ARNs of the local service."""
_MEMORY_ID = re.compile(
    r"(arn:(aws|aws-cn|aws-us-gov):bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:memory/)?"
    r"[a-zA-Z][a-zA-Z0-9-_]{0,99}-[a-zA-Z0-9]{10}"
)
"""With ``strict``: a memory id or ARN of the service (service model)."""
_FRIENDLY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,255}")
"""Without ``strict``: everything that is harmless in a path and in a row."""
_PARSED = 1_000
"""Memories that are kept parsed."""
_LAST = 1 << 62
"""A number above those of all rows."""
_TABLES = (
    "events",
    "branches",
    "sessions",
    "actors",
    "records",
    "record_paths",
    "pending",
    "open_parts",
    "failed_jobs",
    "tokens",
)
"""Tables of the contents of memories."""


@frozen
class Memory:
    """
    One memory as it is now.

    Attributes:
        memory_id: Memory id, without the parts of an ARN.
        name: Name.
        strategies: Strategies, in the order in which they were added.
        expiry_days: Days for which an event is kept after it was written.
        document: Document of the row.
        status: State: CREATING, ACTIVE, UPDATING, FAILED or DELETING.
        first_use: Whether it was created on first use, so that it declares no keys.
    """

    memory_id: str
    name: str
    strategies: tuple[Strategy, ...]
    expiry_days: int
    document: Mapping[str, Any]
    status: str = "ACTIVE"
    first_use: bool = False

    def strategy(self, strategy_id: str | None) -> Strategy | None:
        """Return the strategy of that id."""
        return next((item for item in self.strategies if item.strategy_id == strategy_id), None)

    @property
    def indexed_keys(self) -> dict[str, str]:
        """Types of the keys that metadata filters can use, by key."""
        return {entry["key"]: entry["type"] for entry in self.document.get("indexedKeys") or ()}

    def indexed_since(self, key: str) -> int:
        """Return the time (ms) since which records are indexed by *key*."""
        return int(child(self.document, "_indexedSince").get(key, 0))


def to_response(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a document without our own members, as GetMemory returns it."""
    members = {name: item for name, item in document.items() if name[0] != "_"}
    members["strategies"] = [
        {name: item for name, item in strategy.items() if name[0] != "_"}
        for strategy in document["strategies"]
    ]
    return members


def arn_of(memory_id: str) -> str:
    """Return the ARN of a memory of this service."""
    return f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:memory/{memory_id}"


def new_document(
    memory_id: str, name: str, strategies: list[dict[str, Any]], now_ms: int, expiry_days: int
) -> dict[str, Any]:
    """Return the document of a new, active memory."""
    return {
        "id": memory_id,
        "arn": arn_of(memory_id),
        "name": name,
        "eventExpiryDuration": expiry_days,
        "status": "ACTIVE",
        "createdAt": now_ms / 1000,
        "updatedAt": now_ms / 1000,
        "strategies": strategies,
    }


def first_use_document(memory_id: str, now_ms: int) -> dict[str, Any]:
    """Return the document of a memory that is created on first use."""
    name = memory_id.rsplit("-", 1)[0]
    strategies = default_strategies(memory_id, now_ms / 1000)
    return new_document(memory_id, name, strategies, now_ms, 365) | {"_firstUse": True}


class Memories:
    """
    All memories of the service; safe in every database thread.

    Args:
        strict: Only memories that were created exist, and ids match the service's pattern.
        clock: Ends transitional states.
    """

    def __init__(self, *, strict: bool, clock: Clock) -> None:
        self.strict = strict
        self._clock = clock
        # By the text of the row: what another thread parsed of an older row is not found.
        self._parsed: dict[str, tuple[str, Memory]] = {}

    def check_id(self, given: str) -> str:
        """
        Return a memory id without the parts of an ARN.

        Raises:
            AwsError: ValidationException: the id is malformed.
        """
        pattern = _MEMORY_ID if self.strict else _FRIENDLY_ID
        if not pattern.fullmatch(given) or ".." in given.split("/"):
            text = "Invalid memoryId: not a valid memory ID or ARN"
            raise validation(text, field="memoryId")
        return given.rsplit("/", 1)[-1]

    def get(self, transaction: Transaction, memory_id: str) -> Memory | None:
        """Return the memory as it is now; None if there is none."""
        row = transaction.db.execute(
            "SELECT document FROM memories WHERE memory_id = ? AND deleted = 0", (memory_id,)
        ).fetchone()
        if row is None:
            return None
        text: str = row[0]
        known = self._parsed.get(memory_id)
        if known is not None and known[0] == text:
            memory = known[1]
        else:
            memory = _memory(json.loads(text))
            if len(self._parsed) >= _PARSED:
                self._parsed.clear()
            self._parsed[memory_id] = (text, memory)
        settled = self._settled(memory)
        if settled is not None and settled is not memory:
            self._parsed[memory_id] = (text, settled)
        return settled

    def require(self, transaction: Transaction, memory_id: str, now_ms: int) -> Memory:
        """
        Return the memory for an operation on it; without ``strict`` an unknown one is created.

        Its row is written only if the transaction writes, so that reading costs no commit.

        Raises:
            AwsError: ResourceNotFoundException: the memory was deleted, or never created.
        """
        memory = self.get(transaction, memory_id)
        if memory is not None:
            return memory
        gone = transaction.db.execute(
            "SELECT 1 FROM memories WHERE memory_id = ?", (memory_id,)
        ).fetchone()
        if self.strict or gone:
            raise memory_not_found(memory_id)
        document = first_use_document(memory_id, now_ms)
        if transaction.writes:
            self.put(transaction, document)
        return _memory(document)

    def newest(
        self, transaction: Transaction, before: int | None = None
    ) -> Iterator[tuple[Memory, int]]:
        """Iterate over memories and their numbers, newest first, from below a number."""
        rows = transaction.db.execute(
            "SELECT memory_id, seq FROM memories WHERE deleted = 0 AND seq < ? ORDER BY seq DESC",
            (_LAST if before is None else before,),
        )
        for memory_id, number in rows:
            memory = self.get(transaction, memory_id)
            if memory is not None:
                yield memory, number

    def named(self, transaction: Transaction, name: str) -> list[Memory]:
        """Return the memories of that name."""
        rows = transaction.db.execute(
            "SELECT memory_id FROM memories WHERE name = ? AND deleted = 0", (name,)
        ).fetchall()
        found = (self.get(transaction, memory_id) for (memory_id,) in rows)
        return [memory for memory in found if memory is not None]

    def put(
        self,
        transaction: Transaction,
        document: Mapping[str, Any],
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Write a memory, new or changed; only a new one takes *tags*."""
        transaction.db.execute(
            "INSERT INTO memories (memory_id, name, document, seq, tags) VALUES (?, ?, ?, "
            "(SELECT coalesce(max(seq), 0) + 1 FROM memories), ?) "
            "ON CONFLICT (memory_id) DO UPDATE SET document = excluded.document",
            (document["id"], document["name"], json.dumps(document), json.dumps(tags or {})),
        )

    def empty(self, transaction: Transaction, memory_id: str) -> None:
        """Delete the contents of a memory."""
        for table in _TABLES:
            transaction.db.execute(
                f"DELETE FROM {table} WHERE memory_id = ?",
                (memory_id,),
            )

    def tags(self, transaction: Transaction, memory_id: str) -> dict[str, str]:
        """Return a memory's tags."""
        row = transaction.db.execute(
            "SELECT tags FROM memories WHERE memory_id = ?", (memory_id,)
        ).fetchone()
        return json.loads(row[0]) if row else {}

    def put_tags(self, transaction: Transaction, memory_id: str, tags: Mapping[str, str]) -> None:
        """Replace a memory's tags."""
        transaction.db.execute(
            "UPDATE memories SET tags = ? WHERE memory_id = ?", (json.dumps(tags), memory_id)
        )

    def _settled(self, memory: Memory) -> Memory | None:
        """Return the memory after the changes of state that are due; None once it is deleted."""
        until = memory.document.get("_untilMs")
        if until is None or self._clock.now() * 1000 < until:
            return memory
        if memory.status == "DELETING":
            return None
        return _memory(settled(memory.document))


def settled(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document after all changes of state, unless it is being deleted."""
    after = {name: item for name, item in document.items() if name != "_untilMs"}
    after["status"] = "ACTIVE"
    after["strategies"] = [
        dict(item) | {"status": "ACTIVE"}
        for item in document["strategies"]
        if item["status"] != "DELETING"
    ]
    return after


def _memory(document: Mapping[str, Any]) -> Memory:
    return Memory(
        memory_id=document["id"],
        name=document["name"],
        strategies=tuple(read_strategy(item) for item in document["strategies"]),
        expiry_days=document["eventExpiryDuration"],
        document=document,
        status=document["status"],
        first_use=bool(document.get("_firstUse")),
    )
