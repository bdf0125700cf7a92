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
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import terminal
import timeline
import transcripts
from timeline import Row

from agentcore_memory_async import (
    ConversationalMessage,
    IndexedKey,
    MessageRole,
    MetadataField,
    SemanticStrategy,
    UserPreferenceStrategy,
)
from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    from agentcore_memory_async import AsyncMemorySession, MemoryRecord
    from agentcore_memory_async.local import RecordedExchange

NEXT_STEPS = Path(__file__).with_name("next_steps.py")
"""The lines that a user writes next."""

CONVERSATION = [
    ConversationalMessage("Hi, how can I help you today?", MessageRole.ASSISTANT),
    ConversationalMessage(
        "Please send order #12345 to 12 Harbour Street in Bristol.", MessageRole.USER
    ),
    ConversationalMessage("Of course. It will be with you on Friday.", MessageRole.ASSISTANT),
    ConversationalMessage(
        "Thank you. Please call me in the evening, I prefer the phone to e-mail.", MessageRole.USER
    ),
]
NUMBER = "message"
"""Key of an event's metadata that is passed on to the records: the number of its message."""

SCHEMA = [MetadataField(NUMBER, extraction_type="STRICTLY_CONSISTENT")]
STRATEGIES = [
    SemanticStrategy("facts", "/facts/{actorId}/", record_schema=SCHEMA),
    UserPreferenceStrategy("preferences", "/preferences/{actorId}/", record_schema=SCHEMA),
]
NAMESPACES = ["/facts/{actorId}/", "/preferences/{actorId}/"]


class Calls:
    """When the local service answered each operation, by the clock of this machine."""

    def __init__(self) -> None:
        self._times: dict[str, list[float]] = defaultdict(list)

    def note(self, exchange: RecordedExchange) -> None:
        """Note the time of an answer."""
        self._times[exchange.operation].append(time.time())

    def since(self, began: float, operation: str) -> tuple[float, ...]:
        """Return the seconds from *began* to each answer after it."""
        return tuple(at - began for at in self._times[operation] if at >= began)


async def support_conversation(query: str) -> None:
    """Run a support conversation: what is said, what is extracted of it, and what is found."""
    calls = Calls()
    async with (
        LocalMemoryService(on_exchange=calls.note) as service,
        service.control() as control,
    ):
        memory = await control.create_memory(
            "support", strategies=STRATEGIES, indexed_keys=[IndexedKey(NUMBER)]
        )
        terminal.write(f"A local AgentCore Memory: {service.endpoint_url}, {memory.memory_id}.")
        async with control.manager(memory) as manager:
            session = await manager.create_memory_session("user123", "support-session-001")
            await converse(session, calls)
            await search(session, query)
    next_steps()


async def converse(session: AsyncMemorySession, calls: Calls) -> None:
    """Store the conversation, read it back, and show what is extracted, where from and when."""
    async with session.extraction_poller(NAMESPACES, timeout=30, settle=1) as poller:
        terminal.heading("1. What is said is stored, message by message: add_turns()")
        began = time.time()
        for number, message in enumerate(CONVERSATION, 1):
            await session.add_turns([message], metadata={NUMBER: str(number)})
            terminal.say(number, message.role, message.text)
        turns = await session.get_last_k_turns(k=len(CONVERSATION))
        intact = [turn.text for turn in turns] == [message.text for message in CONVERSATION]
        how = "word for word" if intact else "NOT as they were said"
        terminal.write(f"get_last_k_turns() reads {len(turns)} messages back, {how}.")

        terminal.heading("2. What is extracted arrives as it is found: extraction_poller()")
        received: list[tuple[float, MemoryRecord]] = []
        async for record in poller:
            received.append((time.time() - began, record))
            terminal.show_record(record, await provenance(session, record))

    terminal.heading("3. When it happened")
    records = [record.created_at.timestamp() - began for _, record in received]
    arrivals = tuple(at for at, _ in received)
    stored = calls.since(began, "CreateEvent")
    polls = tuple(at for at in calls.since(began, "ListMemoryRecords") if at <= max(arrivals))
    rows = [
        Row("messages stored", stored),
        Row("extraction", (stored[0], *records), bar=True),
        Row("polls", polls),
        Row("records received", arrivals),
    ]
    for line in timeline.draw(rows, terminal.width()):
        print(line)
    terminal.write("On AWS, extraction takes a minute or more. The code is the same.")


async def provenance(session: AsyncMemorySession, record: MemoryRecord) -> str:
    """Return which message a record comes from."""
    why = await session.explain(record)
    numbers = {number for event in why.events if (number := event.metadata.get(NUMBER))}
    [message, *_] = why.messages
    return f"from message {', '.join(sorted(map(str, numbers)))} ({message.role})"


async def search(session: AsyncMemorySession, query: str) -> None:
    """Search the extracted records."""
    terminal.heading(f'4. What is found for "{query}": search_long_term_memories()')
    results: list[MemoryRecord] = []
    for namespace in NAMESPACES:
        results += await session.search_long_term_memories(
            query, namespace, top_k=3, min_score=terminal.MIN_SCORE
        )
    terminal.show_results(results)


def next_steps() -> None:
    """Print the lines to write next."""
    terminal.heading("Your turn: these ten lines, with the id of your memory on AWS")
    for line in NEXT_STEPS.read_text().splitlines():
        if line:
            print(f"  {line}")
    terminal.heading("Or try the demo on more")
    terminal.write("20 conversations at once: make demo TRANSCRIPT=docs/examples/transcript.jsonl")
    terminal.write(
        "To make a memory on AWS, see README.md; for a tour of it all, docs/tutorial.md."
    )


def main() -> int:
    """Run the demo and return its exit status."""
    parser = argparse.ArgumentParser(description="Try agentcore-memory-async on this machine.")
    parser.add_argument("--transcript", type=Path, help="JSON file with one conversation per line")
    parser.add_argument("--query", help="search query")
    arguments = parser.parse_args()
    query = (arguments.query or "").strip() or None
    try:
        if arguments.transcript is None:
            asyncio.run(support_conversation(query or "Where does the order go?"))
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
