"""
The demo's transcript mode: store many conversations concurrently, read back, compare, search.

A transcript is a file of JSON lines, with one conversation per line:
{"id": "order-late", "services": ["Support"], "turns": [["USER", "Hello"], ["ASSISTANT", "Hi!"]]}
"""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import TYPE_CHECKING

import anyio
import terminal
from attrs import frozen

from agentcore_memory_async import ConversationalMessage, MessageRole, encode_actor_id
from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from agentcore_memory_async import AsyncMemorySession, AsyncMemorySessionManager, MemoryRecord

CONCURRENCY = 50
"""Conversations at the same time: as many as the requests that the manager sends."""

MESSAGES_PER_EVENT = 100
"""The service's maximum."""

SAMPLES = 4
"""Records of each kind that are shown."""

KINDS = {"Facts": "/facts/", "Preferences": "/preferences/", "Summaries": "/summaries/"}


class TranscriptError(Exception):
    """A transcript is unreadable; the message names the place and the problem."""


@frozen
class Conversation:
    """One conversation, with its own actor and session."""

    id: str
    number: int
    messages: tuple[ConversationalMessage, ...]

    def session(self, manager: AsyncMemorySessionManager) -> Awaitable[AsyncMemorySession]:
        """Return the session of this conversation."""
        return manager.create_memory_session(encode_actor_id(self.id), f"session-{self.number}")


@frozen
class Comparison:
    """Numbers of messages that were lost, doubled or moved."""

    lost: int
    doubled: int
    moved: int

    @classmethod
    def of(cls, expected: Sequence[object], got: Sequence[object]) -> Comparison:
        """Compare the messages stored with the messages read back."""
        lost = Counter(expected) - Counter(got)
        doubled = Counter(got) - Counter(expected)
        kept = Counter(expected) & Counter(got)
        in_order = [_taken(expected, kept), _taken(got, kept)]
        moved = sum(a != b for a, b in zip(*in_order, strict=True))
        return cls(lost.total(), doubled.total(), moved)


def _taken(items: Sequence[object], wanted: Counter[object]) -> list[object]:
    """Return the first *wanted* occurrences of each item, in order."""
    left = Counter(wanted)
    taken = []
    for item in items:
        if left[item]:
            left[item] -= 1
            taken.append(item)
    return taken


def load(path: Path) -> list[Conversation]:
    """Read and validate a transcript."""
    conversations: dict[str, Conversation] = {}
    try:
        # Not splitlines(): a text may contain other line separators, such as U+2028.
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise TranscriptError(f"{path} is unreadable: {error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
            name = str(data["id"])
            messages = tuple(
                ConversationalMessage(str(text), MessageRole(role)) for role, text in data["turns"]
            )
        except (ValueError, KeyError, TypeError) as error:
            text = f'expected {{"id": "...", "turns": [["USER", "..."], ...]}}: {error!r}'
            raise TranscriptError(f"{path}, line {number}: {text}") from error
        if not messages or not all(message.text.strip() for message in messages):
            raise TranscriptError(f"{path}, line {number}: a conversation or message is empty")
        _check(messages, f"{path}, line {number}")
        if name in conversations:
            raise TranscriptError(f"{path}, line {number}: a second conversation {name!r}")
        conversations[name] = Conversation(name, number, messages)
    if not conversations:
        raise TranscriptError(f"{path} has no conversation")
    return list(conversations.values())


def _check(messages: Sequence[ConversationalMessage], where: str) -> None:
    """Raise for messages that the service would refuse, before anything is stored."""
    for place, message in enumerate(messages, 1):
        try:
            size = len(message.text.encode())
        except UnicodeEncodeError:
            raise TranscriptError(f"{where}: message {place} is no Unicode text") from None
        if len(message.text) > 100_000 or size > 100 * 1024:
            raise TranscriptError(
                f"{where}: message {place} has {size:,} bytes; the service takes up to "
                "100,000 characters and 100 KB"
            )


async def for_each(
    label: str,
    conversations: Sequence[Conversation],
    work: Callable[[Conversation], Awaitable[None]],
) -> float:
    """Do *work* on all conversations, with limited concurrency; return the seconds it took."""
    progress = terminal.Progress(label, len(conversations))
    limit = anyio.CapacityLimiter(CONCURRENCY)
    began = time.monotonic()

    async def one(conversation: Conversation) -> None:
        async with limit:
            await work(conversation)
        progress.step()

    async with anyio.create_task_group() as tasks:
        for conversation in conversations:
            tasks.start_soon(one, conversation)
    return time.monotonic() - began


async def run(conversations: Sequence[Conversation], query: str | None) -> bool:
    """Run the demo; return whether every conversation was read back as it was stored."""
    total = sum(len(conversation.messages) for conversation in conversations)
    async with LocalMemoryService() as service, service.manager("chat-a1B2c3D4e5") as manager:
        terminal.write(f"A local AgentCore Memory: {service.endpoint_url}, chat-a1B2c3D4e5.")
        terminal.heading(
            f"1. {counted(len(conversations), 'conversation')}, {counted(total, 'message')}"
        )
        await for_each("stored", conversations, lambda item: store(manager, item))

        results: dict[str, Comparison] = {}

        async def compare(conversation: Conversation) -> None:
            results[conversation.id] = await read_back(manager, conversation)

        await for_each("read back", conversations, compare)
        intact = report(results, total)

        terminal.heading("2. Extracted records")
        began = time.monotonic()
        await service.drain()
        print(f"  Extraction took another {time.monotonic() - began:.1f} s.")
        session = await conversations[0].session(manager)
        await show_records(session)

        if query is not None:
            await search(session, query)
        else:
            await search_prompt(session)
    return intact


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as "1 message" and "2 messages"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


async def store(manager: AsyncMemorySessionManager, conversation: Conversation) -> None:
    """Store one conversation in as few events as possible."""
    session = await conversation.session(manager)
    for start in range(0, len(conversation.messages), MESSAGES_PER_EVENT):
        await session.add_turns(conversation.messages[start : start + MESSAGES_PER_EVENT])


async def read_back(manager: AsyncMemorySessionManager, conversation: Conversation) -> Comparison:
    """Read one conversation back, with any surplus messages, and compare it."""
    session = await conversation.session(manager)
    turns = await session.get_last_k_turns(k=2 * len(conversation.messages) + 10)
    expected = [(message.role, message.text) for message in conversation.messages]
    return Comparison.of(expected, [(turn.role, turn.text) for turn in turns])


def report(results: dict[str, Comparison], total: int) -> bool:
    """Print the result of the comparison; return whether nothing was lost, doubled or moved."""
    lost = sum(result.lost for result in results.values())
    doubled = sum(result.doubled for result in results.values())
    moved = sum(result.moved for result in results.values())
    intact = not (lost or doubled or moved)
    found = (
        "none lost, none doubled, none out of order"
        if intact
        else f"{lost:,} lost, {doubled:,} doubled, {moved:,} out of order"
    )
    terminal.write(
        f"{counted(len(results), 'conversation')} compared, "
        f"message by message ({total:,}): {found}.",
        "green" if intact else "yellow",
    )
    return intact


async def show_records(session: AsyncMemorySession) -> None:
    """Print the number of records of each kind, and some of them."""
    for kind, prefix in KINDS.items():
        records = await session.list_long_term_memory_records(namespace_prefix=prefix)
        print(f"  {terminal.paint(f'{kind}: {len(records):,}', 'bold')}")
        step = max(1, len(records) // SAMPLES)
        for record in records[::step][:SAMPLES]:
            terminal.show_record(record, indent=4)


async def search(session: AsyncMemorySession, query: str) -> None:
    """Search the facts and the preferences of all conversations concurrently."""
    results: list[MemoryRecord] = []

    async def search_in(prefix: str) -> None:
        results.extend(
            await session.search_long_term_memories(
                query, prefix, top_k=5, min_score=terminal.MIN_SCORE
            )
        )

    began = time.monotonic()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(search_in, KINDS["Facts"])
        tasks.start_soon(search_in, KINDS["Preferences"])
    took_ms = 1000 * (time.monotonic() - began)
    terminal.heading(f'3. Search: "{query}" ({took_ms:.0f} ms)')
    terminal.show_results(results)


async def search_prompt(session: AsyncMemorySession) -> None:
    """Ask for queries until an empty one."""
    if not terminal.can_ask():
        print('\nTo search them: make demo TRANSCRIPT=file.jsonl QUERY="window seat"')
        return
    print("\nSearch the records; an empty line ends the demo.")
    while query := terminal.ask("search> "):
        await search(session, query)
