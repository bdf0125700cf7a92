"""
The demo behind `make demo`: store a conversation, read it back, extract records, search them.

It needs no account and no network, since the local service runs in this process.
With --transcript it processes your own conversations (see transcripts.py).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

import terminal
import transcripts

from agentcore_memory_async import ConversationalMessage, MessageRole
from agentcore_memory_async.local import LocalMemoryService

CONVERSATION = [
    ConversationalMessage("Hi, how can I help you today?", MessageRole.ASSISTANT),
    ConversationalMessage(
        "I'm having trouble with order #12345. It hasn't arrived yet.", MessageRole.USER
    ),
    ConversationalMessage(
        "I understand. Let me look up order #12345 for you.", MessageRole.ASSISTANT
    ),
    ConversationalMessage(
        "Thank you. Please call me in the evening, I prefer the phone to e-mail.", MessageRole.USER
    ),
]
# The strategies of a memory determine its namespaces; these are those of the local service.
NAMESPACES = ["/facts/{actorId}/", "/preferences/{actorId}/", "/summaries/{actorId}/{sessionId}/"]


async def support_conversation(query: str) -> None:
    """Run the support conversation of the AWS reference."""
    async with LocalMemoryService() as service, service.manager("chat-a1B2c3D4e5") as manager:
        print(f"AgentCore Memory, running locally: {service.endpoint_url}, memory chat-a1B2c3D4e5.")
        session = await manager.create_memory_session("user123", "support-session-001")

        async with session.extraction_poller(NAMESPACES, timeout=30, settle=1.5) as poller:
            terminal.heading("1. Store a conversation, message by message (add_turns)")
            began = time.monotonic()
            for message in CONVERSATION:
                await session.add_turns([message])
                terminal.say(message.role, message.text)

            terminal.heading("2. Read it back, oldest first (get_last_k_turns)")
            for turn in await session.get_last_k_turns(k=5):
                terminal.say(turn.role, turn.text)

            terminal.heading("3. Wait for the extracted records (extraction_poller)")
            async for record in poller:
                terminal.show_record(record, f"  after {time.monotonic() - began:.1f} s")

        terminal.heading(f'4. Search the extracted records: "{query}" (search_long_term_memories)')
        results = await session.search_long_term_memories(
            query, namespace_prefix="/facts/{actorId}/", top_k=3
        )
        results += await session.search_long_term_memories(
            query, namespace_prefix="/preferences/{actorId}/", top_k=3
        )
        results.sort(key=lambda record: record.score or 0.0, reverse=True)
        for rank, record in enumerate(results, 1):
            terminal.show_result(rank, record)
        if not results:
            print("  No results.")

    terminal.heading("What to do next")
    print(
        "  make demo TRANSCRIPT=docs/examples/transcript.jsonl    20 conversations at the same time"
    )
    print('  make demo TRANSCRIPT=docs/examples/transcript.jsonl QUERY="window seat"')
    print("  make test                                             the whole suite")
    print("  docs/examples/demo.py                                 the code of this demo")
    print("  README.md                                             how to run it on AWS")


def main() -> int:
    """Run the demo and return its exit status."""
    parser = argparse.ArgumentParser(description="Try agentcore-memory-async on this machine.")
    parser.add_argument("--transcript", type=Path, help="JSON file with one conversation per line")
    parser.add_argument("--query", help="search query")
    arguments = parser.parse_args()
    query = (arguments.query or "").strip() or None
    try:
        if arguments.transcript is None:
            asyncio.run(support_conversation(query or "order problem"))
            return 0
        conversations = transcripts.load(arguments.transcript)
        intact = asyncio.run(transcripts.run(conversations, query))
    except transcripts.TranscriptError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    return 0 if intact else 1


if __name__ == "__main__":
    sys.exit(main())
