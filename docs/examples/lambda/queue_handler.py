"""
Conversations from an SQS queue, each message stored once however often it is delivered.

The event source mapping needs ``ReportBatchItemFailures``, so that only what failed comes again.
"""

import json
import os
from datetime import UTC, datetime
from typing import Any

from agentcore_memory_async import AgentCoreMemoryError, RetryPolicy
from agentcore_memory_async.sync import MemorySessionManager

RESERVE_S = 0.5
"""Time of an invocation, in seconds, that is left to answer when memory had all the rest."""

manager = MemorySessionManager(os.environ["MEMORY_ID"]).open()


def store(record: dict[str, Any], left_s: float) -> None:
    """Store one delivery; its second delivery, also to another process, stores nothing."""
    body = json.loads(record["body"])
    session = manager.create_memory_session(body["actor_id"], body["session_id"], verify=False)
    session.with_options(retry=RetryPolicy(write_deadline=left_s)).add_turns(
        body["messages"],
        client_token=record["messageId"],
        timestamp=datetime.fromtimestamp(int(record["attributes"]["SentTimestamp"]) / 1000, UTC),
    )


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    failed: list[dict[str, str]] = []
    for record in event["Records"]:
        left_s = context.get_remaining_time_in_millis() / 1000 - RESERVE_S
        try:
            store(record, max(left_s, 0.1))
        except (AgentCoreMemoryError, KeyError, ValueError) as error:
            print(f"{record['messageId']} was not stored: {type(error).__name__}")
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
