import asyncio

from agentcore_memory_async import ConversationalMessage, MessageRole
from agentcore_memory_async.local import LocalMemoryService


async def main() -> None:
    async with LocalMemoryService() as service, service.manager("chat-a1B2c3D4e5") as manager:
        session = await manager.create_memory_session("user123", "chat001")
        message = ConversationalMessage("I only fly window seats", MessageRole.USER)
        async with session.extraction_poller("/facts/{actorId}/") as poller:
            await session.add_turns([message])
            print("extracted:", [record.content for record in await poller])
        for record in await session.search_long_term_memories("seat", "/facts/{actorId}/"):
            print(f"found: {record.content} (score {record.score:.2f})")


asyncio.run(main())
