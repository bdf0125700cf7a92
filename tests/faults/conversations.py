"""Conversations that are sent through the proxy and must come back whole and in order."""

from __future__ import annotations

import json
import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
from aiobotocore.session import AioSession
from attrs import define

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    ConversationalMessage,
    MessageRole,
    OutcomeUnknownError,
    ServiceError,
    TransportError,
    UnsentError,
)
from agentcore_memory_async.local import LocalMemoryService
from tests.faults.proxy import FaultProxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from agentcore_memory_async import AsyncMemorySession

VARIABLE = "AGENTCORE_TEST_DIALOGUES"
"""Names a file with one conversation per line: {"id": ..., "turns": [[role, text], ...]}."""

Turns = list[tuple[str, str]]


def own(count: int = 12) -> dict[str, Turns]:
    """Return small conversations, for use without a file."""
    lines = [
        ("USER", "I'd like a window seat to Zürich, please."),
        ("ASSISTANT", "On which day? 七月三日?"),
        ("USER", 'The 3rd.\nIn the morning; no "red-eye".'),
        ("ASSISTANT", "Booked: seat 12A. " + "Anything else? " * 20),
        ("USER", "No \N{AIRPLANE}."),
    ]
    return {
        f"own-{number}": [
            (role, f"{number}.{place} {text}") for place, (role, text) in enumerate(lines)
        ]
        for number in range(count)
    }


def load() -> dict[str, Turns]:
    """Return the conversations of the file that the environment names, or small ones."""
    path = os.environ.get(VARIABLE)
    if not path:
        return own()
    found: dict[str, Turns] = {}
    for line in Path(path).read_text().splitlines():
        conversation = json.loads(line)
        found[conversation["id"]] = [(role, text) for role, text in conversation["turns"]]
    return found


@asynccontextmanager
async def proxied(
    seed: int = 0, **options: Any
) -> AsyncIterator[tuple[FaultProxy, AsyncMemorySessionManager]]:
    """Open the local service, a proxy in front of it, and a manager on the proxy."""
    async with LocalMemoryService(extraction_delay=3600) as service:
        port = urlsplit(service.endpoint_url).port
        assert port is not None
        async with FaultProxy(port, seed) as proxy:
            session = AioSession()
            session.set_credentials("AKIDFAULTS", "secret")
            async with AsyncMemorySessionManager(
                "faults-a1B2c3D4e5",
                "us-west-2",
                aws_session=session,
                endpoint_url=proxy.url,
                **options,
            ) as manager:
                yield proxy, manager


@define
class Tally:
    """
    Counts over all conversations.

    Attributes:
        unknown: Writes with an unknown outcome, which were resolved.
        retried: Writes that failed without being stored, and were sent again.
    """

    unknown: int = 0
    retried: int = 0


async def say_all(session: AsyncMemorySession, turns: Turns, tally: Tally) -> None:
    """Write each turn as an event, in order, and resolve unknown outcomes."""
    for role, text in turns:
        message = ConversationalMessage(text, MessageRole(role))
        while True:
            try:
                await session.add_turns([message])
            except OutcomeUnknownError as error:
                tally.unknown += 1
                await _settle(session, error)
            except (ServiceError, TransportError):
                tally.retried += 1  # never stored
                continue
            break


async def _settle(session: AsyncMemorySession, in_doubt: OutcomeUnknownError | str) -> None:
    while True:
        try:
            await session.resolve(in_doubt)
        except OutcomeUnknownError as error:
            in_doubt = error
            continue
        return


async def buffer_all(session: AsyncMemorySession, turns: Turns, tally: Tally) -> None:
    """Write all turns through buffers, until none is left."""
    left: Sequence[ConversationalMessage] = [
        ConversationalMessage(text, MessageRole(role)) for role, text in turns
    ]
    while left:
        try:
            async with session.buffered(max_messages=4, max_delay=0.05) as buffer:
                for message in left:
                    await buffer.add(message)
        except UnsentError as error:
            tally.unknown += 1
            left = error.messages
            if error.client_token is not None:
                await _settle(session, error.client_token)
                left = left[error.batch_size :]
        else:
            left = []


async def send_and_compare(
    manager: AsyncMemorySessionManager, conversations: dict[str, Turns], together: int
) -> tuple[list[str], Tally]:
    """Write all conversations, *together* at a time; return the ids of those that differ."""
    tally = Tally()
    wrong: list[str] = []
    limiter = anyio.CapacityLimiter(together)

    async def one(number: int, name: str, turns: Turns) -> None:
        async with limiter:
            session = await manager.create_memory_session("actor", f"s-{name}", verify=False)
            await (buffer_all if number % 3 == 0 else say_all)(session, turns, tally)
            while True:
                try:
                    found = await session.get_last_k_turns(10_000)
                except (ServiceError, TransportError, ValueError):
                    continue
                break
            if [(str(turn.role), turn.text) for turn in found] != turns:
                wrong.append(name)

    async with anyio.create_task_group() as tasks:
        for number, (name, turns) in enumerate(conversations.items()):
            tasks.start_soon(one, number, name, turns)
    return wrong, tally
