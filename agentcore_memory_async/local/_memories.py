"""Memories and their strategies: found, or made on first use."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import attrs

from agentcore_memory_async.local._errors import memory_not_found, validation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async.local._store import Transaction

__all__ = ("ACCOUNT", "REGION", "Memories", "Memory", "Strategy", "usual_strategies")

REGION = "us-west-2"
ACCOUNT = "000000000000"

_MEMORY_ID = re.compile(
    r"(arn:(aws|aws-cn|aws-us-gov):bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:memory/)?"
    r"[a-zA-Z][a-zA-Z0-9-_]{0,99}-[a-zA-Z0-9]{10}"
)
#: Without strict: everything that is harmless in a path and in a row.
_FRIENDLY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,255}")


@attrs.frozen
class Strategy:
    """
    How long-term records are made of a memory's events.

    Attributes:
        strategy_id: Its name and 10 characters.
        name: As given when the memory was made.
        kind: SEMANTIC, SUMMARIZATION, USER_PREFERENCE, EPISODIC or CUSTOM.
        template: Of the namespace that its records go to.
        status: Only an ACTIVE one takes new events.
    """

    strategy_id: str
    name: str
    kind: str
    template: str
    status: str = "ACTIVE"


@attrs.frozen
class Memory:
    """
    One memory.

    Attributes:
        memory_id: Its id, without the parts of an ARN.
        name: Its name.
        strategies: In the order in which they were given.
        expiry_days: How long an event is kept, counted from when it was written.
        document: Everything that the control plane shows of it.
    """

    memory_id: str
    name: str
    strategies: tuple[Strategy, ...]
    expiry_days: int
    document: Mapping[str, Any]

    def strategy(self, strategy_id: str | None) -> Strategy | None:
        """Return the strategy of that id."""
        return next((item for item in self.strategies if item.strategy_id == strategy_id), None)


def usual_strategies(memory_id: str) -> tuple[Strategy, ...]:
    """Return the three strategies of a memory that was made on first use."""

    def made(name: str, kind: str, template: str) -> Strategy:
        digest = hashlib.sha256(f"{memory_id}/{name}".encode()).hexdigest()[:10]
        return Strategy(f"{name}-{digest}", name, kind, template)

    return (
        made("facts", "SEMANTIC", "/facts/{actorId}/"),
        made("preferences", "USER_PREFERENCE", "/preferences/{actorId}/"),
        made("summaries", "SUMMARIZATION", "/summaries/{actorId}/{sessionId}/"),
    )


class Memories:
    """
    All memories of the service; lives in the database thread.

    Args:
        strict: Only memories that were created exist, and ids match the service's pattern.
    """

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._known: dict[str, Memory] = {}

    def check_id(self, given: str) -> str:
        """Return the id without an ARN's parts; ValidationException for a malformed one."""
        pattern = _MEMORY_ID if self._strict else _FRIENDLY_ID
        if not pattern.fullmatch(given) or ".." in given.split("/"):
            text = "Invalid memoryId: not a valid memory ID or ARN"
            raise validation(text, field="memoryId")
        return given.rsplit("/", 1)[-1]

    def get(self, transaction: Transaction, memory_id: str) -> Memory | None:
        """Return the memory, without making one."""
        memory = self._known.get(memory_id)
        if memory is None:
            row = transaction.db.execute(
                "SELECT document, deleted FROM memories WHERE memory_id = ?", (memory_id,)
            ).fetchone()
            if row is None or row[1]:
                return None
            memory = _from_document(json.loads(row[0]))
            self._known[memory_id] = memory
        return memory

    def use(self, transaction: Transaction, memory_id: str, now_ms: int) -> Memory:
        """
        Return the memory for an operation on it.

        In the friendly mode an unknown one is made; its row is written only where the
        transaction writes, so that reading costs no commit.
        """
        memory = self.get(transaction, memory_id)
        if memory is not None:
            return memory
        gone = transaction.db.execute(
            "SELECT 1 FROM memories WHERE memory_id = ?", (memory_id,)
        ).fetchone()
        if self._strict or gone:
            raise memory_not_found(memory_id)
        memory = self.describe(
            memory_id, memory_id.rsplit("-", 1)[0], usual_strategies(memory_id), now_ms
        )
        if transaction.writes:
            self.put(transaction, memory)
        return memory

    def put(self, transaction: Transaction, memory: Memory) -> None:
        """Write *memory*, new or changed."""
        transaction.db.execute(
            "INSERT INTO memories (memory_id, name, document) VALUES (?, ?, ?) "
            "ON CONFLICT (memory_id) DO UPDATE SET document = excluded.document, deleted = 0",
            (memory.memory_id, memory.name, json.dumps(memory.document)),
        )
        transaction.on_commit(lambda: self._known.__setitem__(memory.memory_id, memory))

    def describe(
        self,
        memory_id: str,
        name: str,
        strategies: tuple[Strategy, ...],
        now_ms: int,
        *,
        expiry_days: int = 365,
    ) -> Memory:
        """Return a new memory of these parts; nothing is written."""
        created = now_ms / 1000
        document = {
            "id": memory_id,
            "arn": f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:memory/{memory_id}",
            "name": name,
            "eventExpiryDuration": expiry_days,
            "status": "ACTIVE",
            "createdAt": created,
            "updatedAt": created,
            "strategies": [
                {
                    "strategyId": item.strategy_id,
                    "name": item.name,
                    "type": item.kind,
                    "namespaces": [item.template],
                    "namespaceTemplates": [item.template],
                    "status": item.status,
                    "createdAt": created,
                    "updatedAt": created,
                }
                for item in strategies
            ],
        }
        return _from_document(document)


def _from_document(document: Mapping[str, Any]) -> Memory:
    return Memory(
        memory_id=document["id"],
        name=document["name"],
        strategies=tuple(
            Strategy(
                strategy_id=item["strategyId"],
                name=item["name"],
                kind=item["type"],
                template=item["namespaceTemplates"][0],
                status=item["status"],
            )
            for item in document["strategies"]
        ),
        expiry_days=document["eventExpiryDuration"],
        document=document,
    )
