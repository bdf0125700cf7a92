"""
The async version of the reference's complete example; the poller replaces `time.sleep(10)`.

On AWS: use the id of your memory and the namespaces of its strategies.
Locally: start `python -m agentcore_memory_async.local` and export the variables it prints.
"""

import asyncio

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    ConversationalMessage,
    ExtractionTimeoutError,
    MessageRole,
)


async def main() -> None:
    async with AsyncMemorySessionManager(
        memory_id="mem-abc123def456", region_name="us-west-2"
    ) as manager:
        session = await manager.create_memory_session(
            actor_id="user123", session_id="support-session-001"
        )
        async with session.extraction_poller("/facts/{actorId}/", timeout=180) as poller:
            # Add conversation
            await session.add_turns(
                messages=[
                    ConversationalMessage("Hi, how can I help you today?", MessageRole.ASSISTANT)
                ]
            )
            await session.add_turns(
                messages=[
                    ConversationalMessage(
                        "I'm having trouble with order #12345. It hasn't arrived yet.",
                        MessageRole.USER,
                    )
                ]
            )
            await session.add_turns(
                messages=[
                    ConversationalMessage(
                        "I understand. Let me look up order #12345 for you.",
                        MessageRole.ASSISTANT,
                    )
                ]
            )

            # Retrieve short-term memory
            print("=== Recent Conversation ===")
            turns = await session.get_last_k_turns(k=5)
            for turn in turns:
                print(f"  {turn.role}: {turn.text[:50]}...")

            # Wait for long-term extraction
            print("\nWaiting for extraction...")
            try:
                await poller
            except ExtractionTimeoutError as error:
                print(f"  {error}")

        # List long-term records
        print("\n=== Long-Term Memory ===")
        records = await session.list_long_term_memory_records("/facts/{actorId}/")
        for record in records:
            print(f"  [{record.namespace}] {record.content}")

        # Semantic search
        print("\n=== Semantic Search: 'order problem' ===")
        results = await session.search_long_term_memories(
            query="order problem", namespace_prefix="/facts/{actorId}/", top_k=3
        )
        for i, result in enumerate(results, 1):
            print(f"  {i}. (score: {result.score:.2f}) {result.content}")


asyncio.run(main())
