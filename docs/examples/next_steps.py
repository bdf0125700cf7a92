import asyncio

from agentcore_memory_async import AsyncMemorySessionManager


async def main() -> None:
    async with AsyncMemorySessionManager("chat-a1B2c3D4e5") as manager:
        session = await manager.create_memory_session("user123", "chat001")
        said = {"role": "user", "content": "I live in Turin"}
        async with session.extraction_poller("/facts/{actorId}/") as poller:
            await session.add_turns([said])
            print([record.content for record in await poller])


asyncio.run(main())
