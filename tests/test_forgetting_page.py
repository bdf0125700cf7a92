"""Forgetting and importing, as the issue that asked for them writes them, run word for word."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentcore_memory_async import Conversation, HistoryMessage
from agentcore_memory_async.local import AutoClock, LocalMemoryService
from tests.test_docs import blocks_of, compiled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DOCS = Path(__file__).parent.parent / "docs"
ERASURE = """\
erasure = manager.forget_actor("anna")                             # like a poller: await it, or follow it
async for step in erasure:
    print(step.phase, step.done, step.total)
report = await erasure                                             # .deleted .remaining (with reasons) .not_covered .checked_until
"""  # noqa: E501 - word for word
IMPORT = """\
async for progress in manager.import_conversations(chats(), extract=False):    # Conversation(actor_id, session_id, [HistoryMessage(text, role, timestamp)])
    print(progress.messages, progress.per_second)                  # run again: nothing is stored twice
"""  # noqa: E501 - word for word
NAMESPACES = {"facts": "/facts/{actorId}/", "preferences": "/preferences/{actorId}/"}
SAID = ["I live in Turin.", "I prefer window seats.", "I work as a nurse."]


async def chats() -> AsyncIterator[Conversation]:
    """Yield the conversations of two actors."""
    for actor_id in ("anna", "berta"):
        times = [datetime(2026, 1, 1, minute=minute, tzinfo=UTC) for minute in range(len(SAID))]
        said = [HistoryMessage(text, "user", time) for text, time in zip(SAID, times, strict=True)]
        yield Conversation(actor_id, "chat001", said)


async def test_an_actor_is_imported_and_forgotten() -> None:
    """Imported twice, each message is stored once; forgotten, only the other actor is left."""
    pages = [DOCS / "forgetting.md", DOCS / "importing.md"]
    written = [block.parsed for page in pages for block in blocks_of(page)]
    assert ERASURE in written
    assert any(block.endswith(IMPORT) for block in written)

    async with (
        LocalMemoryService(clock=AutoClock()) as service,
        service.manager("chat-a1B2c3D4e5", namespaces=NAMESPACES) as manager,
    ):
        page: dict[str, Any] = {"manager": manager, "chats": chats}
        for _ in range(2):
            await eval(compiled(IMPORT, "importing.md"), page)
            events = await manager.create_memory_session("anna", "chat001")
            assert 3 == len(await events.list_events())
        session = await manager.create_memory_session("anna", "chat002")
        await session.add_turns([{"role": "user", "content": "I live in Turin."}])

        await service.drain()

        await eval(compiled(ERASURE, "forgetting.md"), page)
        report = page["report"]

        left = await manager.list_long_term_memory_records("/facts/anna/")
        assert [] == left
        other = await manager.create_memory_session("berta", "chat001")
        assert 3 == len(await other.list_events())
        assert [] == await session.list_events()
    assert 4 == report.deleted.events
    assert not report.remaining
    assert report.deleted.records >= 1  # extracted from what is gone
