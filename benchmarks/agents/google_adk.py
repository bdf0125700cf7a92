"""Google's Agent Development Kit, with this package's session service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.adk.agents import LlmAgent
from google.adk.models import BaseLlm, LlmResponse
from google.adk.runners import Runner
from google.genai import types

from agentcore_memory_async.integrations.google_adk import AgentCoreSessionService
from benchmarks.agents.load import ANSWER, opened_by
from benchmarks.common.contestant import obey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agentcore_memory_async import AsyncMemorySessionManager

APP = "bench"
"""Name of the app."""


class StubModel(BaseLlm):  # type: ignore[misc]  # not installed where types are checked
    """Answers without a network."""

    async def generate_content_async(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        """Answer."""
        yield LlmResponse(content=types.Content(role="model", parts=[types.Part(text=ANSWER)]))


class AdkAgents:
    """A runner for all users, each with a session; others read it by a service of their own."""

    def __init__(self, memory: AsyncMemorySessionManager) -> None:
        self._memory = memory
        self._runner = Runner(
            app_name=APP,
            agent=LlmAgent(name="guide", model=StubModel(model="stub")),
            session_service=AgentCoreSessionService(memory),
            auto_create_session=True,
        )

    async def turn(self, actor_id: str, question: str) -> None:
        """Run the agent once."""
        message = types.Content(role="user", parts=[types.Part(text=question)])
        async for _ in self._runner.run_async(
            user_id=actor_id, session_id="chat", new_message=message
        ):
            pass

    async def history(self, actor_id: str) -> list[str]:
        """Return what a new service has."""
        service = AgentCoreSessionService(self._memory)
        session: Any = await service.get_session(app_name=APP, user_id=actor_id, session_id="chat")
        return [event.content.parts[0].text for event in session.events if event.content]


if __name__ == "__main__":
    obey(opened_by(AdkAgents))
