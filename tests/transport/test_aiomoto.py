"""Calls of the transport to aiomoto's in-process AWS, in a process of its own since it patches."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import textwrap

import pytest

CODE = """
import asyncio, warnings
warnings.simplefilter("ignore")
from aiomoto import mock_aws
from agentcore_memory_async._transport.botocore import BotocoreTransport

async def main():
    async with mock_aws():
        async with BotocoreTransport(region_name="us-west-2") as transport:
            answer = await transport("CreateEvent", {
                "memoryId": "chat-a1B2c3D4e5", "actorId": "a/b", "sessionId": "s",
                "eventTimestamp": 1732310400.123,
                "payload": [{"conversational": {"role": "USER", "content": {"text": "hi"}}}],
            })
            ids = {"memoryId": "chat-a1B2c3D4e5", "actorId": "a/b", "sessionId": "s"}
            event_id = answer.body["event"]["eventId"]
            got = await transport("GetEvent", {**ids, "eventId": event_id})
            listed = await transport("ListEvents", {**ids, "includePayloads": True})
            await transport("DeleteEvent", {**ids, "eventId": event_id})
            empty = await transport("ListEvents", {**ids, "includePayloads": True})
    text = got.body["event"]["payload"][0]["conversational"]["content"]["text"]
    print(answer.status, text, len(listed.body["events"]), len(empty.body["events"]))

asyncio.run(main())
"""


@pytest.mark.timeout(60)
def test_events_of_aiomoto() -> None:
    """The event operations that moto implements work, on stacks that aiomoto supports."""
    if importlib.util.find_spec("aiomoto") is None:
        return
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CODE)],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert "201 hi 1 0" == done.stdout.strip(), done.stderr
