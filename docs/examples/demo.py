"""
What `make demo` runs: an agent's conversation stored, read back, learnt from and searched.

It needs no account and no network: the memory is the local service, in this very process.
With --transcript it does the same with conversations of your own (see transcripts.py).
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
# The strategies of a memory say where their records go; these are the local service's three.
NAMESPACES = ["/facts/{actorId}/", "/preferences/{actorId}/", "/summaries/{actorId}/{sessionId}/"]


async def support_conversation(query: str) -> None:
    """Run the support conversation of the AWS reference."""
    async with LocalMemoryService() as service, service.manager("chat-a1B2c3D4e5") as manager:
        print(f"AgentCore Memory on this machine: {service.endpoint_url}, memory chat-a1B2c3D4e5.")
        session = await manager.create_memory_session("user123", "support-session-001")

        async with session.extraction_poller(NAMESPACES, timeout=30, settle=1.5) as poller:
            terminal.heading("1. A conversation is stored, message by message (add_turns)")
            began = time.monotonic()
            for message in CONVERSATION:
                await session.add_turns([message])
                terminal.say(message.role, message.text)

            terminal.heading("2. It is read back, oldest first (get_last_k_turns)")
            for turn in await session.get_last_k_turns(k=5):
                terminal.say(turn.role, turn.text)

            terminal.heading("3. Meanwhile the memory learns from it (extraction_poller)")
            async for record in poller:
                terminal.learnt(record, f"  after {time.monotonic() - began:.1f} s")

        terminal.heading(f'4. What was learnt is searched: "{query}" (search_long_term_memories)')
        results = await session.search_long_term_memories(
            query, namespace_prefix="/facts/{actorId}/", top_k=3
        )
        results += await session.search_long_term_memories(
            query, namespace_prefix="/preferences/{actorId}/", top_k=3
        )
        results.sort(key=lambda record: record.score or 0.0, reverse=True)
        for place, record in enumerate(results, 1):
            terminal.found(place, record)
        if not results:
            print("  Nothing fits.")

    terminal.heading("What to do next")
    print("  make demo TRANSCRIPT=docs/examples/transcript.jsonl    20 conversations at once")
    print('  make demo TRANSCRIPT=docs/examples/transcript.jsonl QUERY="window seat"')
    print("  make test                                             the whole suite")
    print("  docs/examples/demo.py                                 the code of what you just saw")
    print("  README.md                                             how to run it on AWS")


def main() -> int:
    """Run the demo; returns its exit status."""
    parser = argparse.ArgumentParser(description="Try agentcore-memory-async on this machine.")
    parser.add_argument("--transcript", type=Path, help="conversations, one a line, as JSON")
    parser.add_argument("--query", help="what to search for")
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
