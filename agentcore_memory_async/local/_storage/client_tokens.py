"""
Client tokens, which make operations idempotent.

An operation looks up the token of a request. If it was used before, the operation answers as it
did then; if not, it performs the request and remembers the answer. A token counts for one
operation of one memory, for as long as the memory exists.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async.local._database.store import Transaction


@frozen
class FirstUse:
    """
    First use of a client token.

    Attributes:
        fingerprint: Fingerprint of the first request.
        answer: JSON value that the operation remembered.
    """

    fingerprint: str
    answer: Any


@frozen
class ClientToken:
    """
    Client token of one request.

    Attributes:
        transaction: The database.
        memory_id: Memory of the request; empty for an operation on no memory.
        operation: Wire name of the operation.
        token: The token; None if the request has none, so that nothing is remembered.
    """

    transaction: Transaction
    memory_id: str
    operation: str
    token: str | None

    def first_use(self) -> FirstUse | None:
        """Return the first use of the token; None if it is new."""
        if self.token is None:
            return None
        row = self.transaction.db.execute(
            "SELECT fingerprint, answer FROM tokens "
            "WHERE memory_id = ? AND operation = ? AND token = ?",
            (self.memory_id, self.operation, self.token),
        ).fetchone()
        return FirstUse(row[0], json.loads(row[1])) if row else None

    def remember(self, answer: object, fingerprint: str = "") -> None:
        """Store *answer*, a JSON value, for further requests with this token."""
        if self.token is not None:
            self.transaction.db.execute(
                "INSERT INTO tokens VALUES (?, ?, ?, ?, ?)",
                (self.memory_id, self.operation, self.token, fingerprint, json.dumps(answer)),
            )


def fingerprint(params: Mapping[str, Any]) -> str:
    """Return a digest of a request without its client token."""
    content = {name: value for name, value in params.items() if name != "clientToken"}
    return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).hexdigest()
