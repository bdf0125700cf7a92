"""The SDK's session manager for Strands agents."""

from __future__ import annotations

import uuid
from typing import Any

from bedrock_agentcore.memory import MemoryClient
from bedrock_agentcore.memory.integrations.strands.config import AgentCoreMemoryConfig
from bedrock_agentcore.memory.integrations.strands.session_manager import (
    AgentCoreMemorySessionManager,
)
from strands import Agent
from strands.models import Model


class Parrot(Model):
    """A model that repeats the last message."""

    def update_config(self, **model_config: Any) -> None:
        """Ignore all settings."""

    def get_config(self) -> dict[str, Any]:
        """Return no settings."""
        return {}

    async def structured_output(self, *args: Any, **kwargs: Any) -> Any:
        """Raise, since structured output is not used."""
        raise NotImplementedError

    async def stream(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        """Yield the answer in one piece."""
        heard = messages[-1]["content"][0]["text"]
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockStart": {"start": {}}}
        yield {"contentBlockDelta": {"delta": {"text": f"You said: {heard}"}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "end_turn"}}


def agent_of(memory_id: str, session_id: str) -> Agent:
    """Return an agent with the session manager."""
    config = AgentCoreMemoryConfig(memory_id=memory_id, actor_id="ann", session_id=session_id)
    return Agent(
        model=Parrot(),
        agent_id="parrot",
        session_manager=AgentCoreMemorySessionManager(config),
        callback_handler=None,
    )


def test_an_agent_is_restored() -> None:
    """A second agent of the same session has the messages of the first."""
    client = MemoryClient()
    memory_id = client.create_memory_and_wait(
        name=f"Strands_{uuid.uuid4().hex[:8]}", strategies=[], poll_interval=1
    )["id"]
    first = agent_of(memory_id, "session-1")
    first("I like tea")
    first("And scones")
    again = agent_of(memory_id, "session-1")
    assert [message["role"] for message in again.messages] == ["user", "assistant"] * 2
    assert again.messages[-1]["content"][0]["text"] == "You said: And scones"
    assert agent_of(memory_id, "session-2").messages == []
    client.delete_memory_and_wait(memory_id, poll_interval=1)
