"""Logs, errors and reprs contain no conversation text, query or credential (P24)."""

from __future__ import annotations

import io
import logging
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.session import AioSession

from agentcore_memory_async import (
    AgentCoreMemoryError,
    BotocoreLogFilter,
    Context,
    ConversationalMessage,
    InvalidInputError,
    JsonPayload,
    MessageRole,
    RetrievalConfig,
    RetryPolicy,
    UnsentError,
)
from tests._virtual_time import virtual_time
from tests.simulation.memory_service import FAULTS, MemoryService
from tests.simulation.scenario import opened

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

WORD = "CANARY"
NAMES = ("agentcore_memory_async", "aiobotocore", "aiohttp", "asyncio", "botocore")


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Capture everything that is logged at DEBUG, by a handler with the filter."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(BotocoreLogFilter())
    loggers = [logging.getLogger(name) for name in NAMES]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    yield written
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)


async def answer(text: str, memories: Context) -> str:
    """Answer as a model does."""
    return "CANARY"


@virtual_time
async def talk(shown: list[Any]) -> None:
    """Use every method with canaries, under every fault; collect all results and errors."""
    service = MemoryService()
    session = AioSession()
    session.set_credentials("CANARYKEY", "CANARYSECRET", "CANARYTOKEN")
    message = ConversationalMessage("CANARY text", MessageRole.USER)
    hasty = RetryPolicy(max_attempts=1)
    async with opened(service, aws_session=session) as manager:
        memory = await manager.create_memory_session("actor", "s", verify=False)
        shown += [manager, memory, message, await memory.add_turns([message])]
        calls: dict[str, Callable[[], Awaitable[Any]]] = {
            "turns": lambda: memory.with_options(retry=hasty).add_turns([message]),
            "json": lambda: memory.with_options(retry=hasty).add_turns(
                [JsonPayload({"n": "CANARY"})]
            ),
            "list": lambda: memory.with_options(retry=hasty).list_events(),
            "last": lambda: memory.with_options(retry=hasty).get_last_k_turns(2),
            "exchanges": lambda: memory.with_options(retry=hasty).get_last_k_exchanges(2),
            "branches": lambda: memory.with_options(retry=hasty).list_branches(),
            "tree": lambda: memory.with_options(retry=hasty).get_conversation_tree(),
            "search": lambda: memory.with_options(retry=hasty).search_long_term_memories(
                "CANARY?", "/f/"
            ),
            "context": lambda: memory.with_options(retry=hasty).retrieve_context(
                "CANARY" * 2000, {"/f/": RetrievalConfig(retrieval_query="CANARY")}
            ),
            "model": lambda: memory.with_options(retry=hasty).process_turn_with_llm(
                "CANARY", answer, {"/f/": RetrievalConfig()}, on_search_error="degrade"
            ),
            "too long": lambda: memory.search_long_term_memories("CANARY" * 2000),
            "too much": lambda: memory.create_event("x", {"n": "CANARY" * 20_000}),
            "bad text": lambda: memory.add_turns(["CANARY"]),  # type: ignore[list-item]
            "bad branch": lambda: memory.add_turns([message], branch="\0"),
        }
        for fault in ("", *FAULTS):
            for call in calls.values():
                service.script = [fault]
                try:
                    shown.append(await call())
                except (AgentCoreMemoryError, InvalidInputError) as error:
                    shown.append(error)
        service.script = []
        service.down = "refused"
        try:
            async with memory.buffered(close_timeout=0.1) as buffer:
                await buffer.add(message)
                shown.append(buffer)
        except UnsentError as error:
            shown.append(error)


def test_nothing_shows_a_canary(logged: io.StringIO) -> None:
    """No canary appears in our logs, in botocore's filtered logs, or in values and errors."""
    shown: list[Any] = []
    talk(shown)
    texts = [logged.getvalue()]
    for value in shown:
        texts += [repr(value), str(value)]
        if isinstance(value, BaseException):
            texts += traceback.format_exception(value)

    assert len(shown) > 80
    assert "CreateEvent" in texts[0]
    assert "201" in texts[0]
    assert [] == [line for text in texts for line in text.splitlines() if WORD in line]
