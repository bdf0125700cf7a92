"""Context from a local service, over HTTP: what was said is found, rendered, and answered with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async import MemoryRecord, RetrievalConfig
from agentcore_memory_async.local import AutoClock, LocalMemoryService
from tests.client.doubles import MEMORY

if TYPE_CHECKING:
    from agentcore_memory_async import Context

NAMESPACES = {"facts": "/facts/{actorId}/", "preferences": "/preferences/{actorId}/"}


async def test_what_was_said_is_context() -> None:
    """Facts and preferences of the actor alone are found, and a turn is answered with them."""
    seen: list[Context] = []

    async def ask(text: str, memories: Context) -> str:
        seen.append(memories)
        return f"You live in Turin, {len(memories)} memories say."

    async with (
        LocalMemoryService(clock=AutoClock()) as service,
        service.manager(MEMORY, namespaces=NAMESPACES) as manager,
    ):
        other = await manager.create_memory_session("berta", "chat001")
        await other.add_turns(
            [{"role": "user", "content": "I live in Rome. I prefer aisle seats."}]
        )
        session = await manager.create_memory_session("anna", "chat001")
        async with session.extraction_poller(
            list(session.namespaces.values()),
            min_records=dict.fromkeys(session.namespaces.values(), 1),
        ) as poller:
            await session.add_turns(
                [{"role": "user", "content": "I live in Turin. I prefer window seats."}]
            )
            await poller
        context = await session.retrieve_context("Which seats do I prefer?")
        result = await session.process_turn_with_llm(
            "Where do I live?", ask, {"/facts/{actorId}/": RetrievalConfig(top_k=1)}
        )
        turns = await session.get_last_k_turns(2)

    assert {"facts", "preferences"} == {where.name for where in context.provenance}
    assert all(isinstance(record, MemoryRecord) for record in context)
    assert {"/facts/anna/", "/preferences/anna/"} == {record.namespace for record in context}
    rendered = context.render()
    assert "window" in rendered
    assert "aisle" not in rendered
    assert [result.memories] == seen
    assert 1 == len(result.memories)
    assert "Turin" in result.memories[0].text
    assert ["Where do I live?", result.response] == [turn.text for turn in turns]
