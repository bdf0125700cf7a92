"""
Open parts of sessions: where the extraction goes on.

A summary or an episode is made of many messages. Those that a later message may still change are
open, and the next request to the extractor begins with them; the rest is never read again. There
is a row for each session and strategy that has open messages, and the extraction rewrites it in
the transaction that writes the records.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async.local._database.store import Transaction
    from agentcore_memory_async.local._storage.sessions import SessionKey


_SESSION = "memory_id = ? AND actor_id = ? AND session_id = ?"
"""Condition for the rows of a session; its parameters are a `SessionKey`."""


@frozen
class OpenPart:
    """
    Open messages of a session, as one strategy reads it.

    Attributes:
        messages: Position of the first open message of each event, by event id.
        record_ids: Records that describe the open messages; those made next replace them.
    """

    messages: Mapping[str, int] = field(factory=dict[str, int])
    record_ids: tuple[str, ...] = ()


def open_parts(transaction: Transaction, key: SessionKey) -> dict[str, OpenPart]:
    """Return the open parts of a session, by strategy id."""
    rows = transaction.db.execute(
        f"SELECT strategy_id, messages, records FROM open_parts WHERE {_SESSION}", key
    )
    return {
        strategy_id: OpenPart(json.loads(messages), tuple(json.loads(record_ids)))
        for strategy_id, messages, record_ids in rows
    }


def put_part(transaction: Transaction, key: SessionKey, strategy_id: str, part: OpenPart) -> None:
    """Write the open part of a session; an empty one has no row."""
    if not part.messages:
        transaction.db.execute(
            f"DELETE FROM open_parts WHERE {_SESSION} AND strategy_id = ?", (*key, strategy_id)
        )
        return
    transaction.db.execute(
        "INSERT OR REPLACE INTO open_parts VALUES (?, ?, ?, ?, ?, ?)",
        (*key, strategy_id, json.dumps(dict(part.messages)), json.dumps(part.record_ids)),
    )
