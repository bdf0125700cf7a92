"""
Write a burst to one session with boto3 as it comes; run by `measure` with a Python of its own.

It prints JSON: botocore's version, and the code of each call's error, or an empty text.
"""

from __future__ import annotations

import importlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

boto3: Any = importlib.import_module("boto3")
botocore: Any = importlib.import_module("botocore")


def main(memory_id: str, writers: int) -> None:
    """Let *writers* threads store a turn each, at once."""
    client = boto3.client("bedrock-agentcore")

    def write(number: int) -> str:
        try:
            client.create_event(
                memoryId=memory_id,
                actorId="user123",
                sessionId="burst",
                eventTimestamp=datetime.now(UTC),
                payload=[
                    {"conversational": {"role": "USER", "content": {"text": f"turn {number:02}"}}}
                ],
                clientToken=str(uuid4()),
            )
        except client.exceptions.ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    with ThreadPoolExecutor(writers) as threads:
        codes = list(threads.map(write, range(writers)))
    print(json.dumps({"botocore": botocore.__version__, "codes": codes}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
