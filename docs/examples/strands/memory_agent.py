"""
A Strands agent with a memory, by hand: history on start, and each message saved and answered.

It runs as it is, with a local memory and a model that needs no network. Where the session manager
of ``integrations.strands`` does what you need, take that: it also keeps tools, images and state.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from strands import Agent
from strands.models import Model

from agentcore_memory_async import AsyncMemorySession, ConversationalMessage, MessageRole
from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

INSTRUCTIONS = "You are a travel assistant."


class MemoryAgent(Agent):
    """An agent whose conversation is a session of the memory; ``start`` makes it."""

    def __init__(self, session: AsyncMemorySession, **options: Any) -> None:
        super().__init__(system_prompt=INSTRUCTIONS, callback_handler=None, **options)
        self.session = session

    @classmethod
    async def start(cls, session: AsyncMemorySession, **options: Any) -> MemoryAgent:
        """Return an agent with the newest history; a constructor can't await it."""
        history = await session.get_last_k_exchanges(k=10)
        return cls(session, messages=history.to_converse(), **options)

    async def get_relevant_context(self, query: str) -> str:
        """Return what is remembered about *query*, as text for a prompt."""
        context = await self.session.retrieve_context(query, on_search_error="degrade")
        return context.render()

    async def process_message(self, user_input: str) -> str:
        """Save the message, answer it with what is remembered, and save the answer."""
        await self.session.add_turns([ConversationalMessage(user_input, MessageRole.USER)])
        # In the system prompt, so that memories are nobody's words and in no history.
        self.system_prompt = f"{INSTRUCTIONS}\n\n{await self.get_relevant_context(user_input)}"
        response = str(await self.invoke_async(user_input)).strip()
        await self.session.add_turns([ConversationalMessage(response, MessageRole.ASSISTANT)])
        return response


class StubModel(Model):
    """A model that answers with what it was told; yours stands here."""

    async def stream(self, messages: Any, *args: Any, **_: Any) -> AsyncIterator[Any]:
        system_prompt: str = args[1]  # behind the tools
        known = system_prompt.partition("<memories>")[2].count("window seats")
        text = f"I know {known} facts about it, and read {len(messages)} messages."
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockDelta": {"delta": {"text": text}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "end_turn"}}

    def structured_output(self, *args: Any, **options: Any) -> Any:
        raise NotImplementedError

    def update_config(self, **options: Any) -> None:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        return {}


async def main() -> None:
    async with (
        LocalMemoryService() as service,
        service.manager("chat-a1B2c3D4e5", namespaces={"facts": "/facts/{actorId}/"}) as manager,
    ):
        session = await manager.create_memory_session("user123", "chat001")
        agent = await MemoryAgent.start(session, model=StubModel())
        print(await agent.process_message("I only fly window seats."))
        await service.drain()  # the extraction is done; with AWS it takes a minute or more

        session = await manager.create_memory_session("user123", "chat002")
        agent = await MemoryAgent.start(session, model=StubModel())
        print(await agent.process_message("Which seats do I fly?"))
        agent = await MemoryAgent.start(session, model=StubModel())
        print(await agent.process_message("Are you sure?"))


if __name__ == "__main__":
    asyncio.run(main())
