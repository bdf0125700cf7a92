"""
Client tokens: a request that is sent again with its token gets the answer of its first use.

A token counts for one operation of one memory, and for as long as the memory exists.
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
    What is known of a token's first use.

    Attributes:
        fingerprint: That of the first request.
        answer: What its operation remembered, a JSON value.
    """

    fingerprint: str
    answer: Any


@frozen
class ClientToken:
    """
    The client token of one request, if it has one.

    Attributes:
        transaction: The database.
        memory_id: Memory of the request; empty for an operation on no memory.
        operation: Wire name of the operation.
        token: The token; None for a request that has none, which is never remembered.
    """

    transaction: Transaction
    memory_id: str
    operation: str
    token: str | None

    def first_use(self) -> FirstUse | None:
        """Return what was remembered of the token's first use; None for a new token."""
        if self.token is None:
            return None
        row = self.transaction.db.execute(
            "SELECT fingerprint, answer FROM tokens "
            "WHERE memory_id = ? AND operation = ? AND token = ?",
            (self.memory_id, self.operation, self.token),
        ).fetchone()
        return FirstUse(row[0], json.loads(row[1])) if row else None

    def remember(self, answer: object, fingerprint: str = "") -> None:
        """Keep *answer*, a JSON value, for the next request with this token."""
        if self.token is not None:
            self.transaction.db.execute(
                "INSERT INTO tokens VALUES (?, ?, ?, ?, ?)",
                (self.memory_id, self.operation, self.token, fingerprint, json.dumps(answer)),
            )


def fingerprint(params: Mapping[str, Any]) -> str:
    """Return what is equal for requests that say the same, whatever their client tokens are."""
    content = {name: value for name, value in params.items() if name != "clientToken"}
    return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).hexdigest()
