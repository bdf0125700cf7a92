"""The OpenAI Agents SDK, with a session of this package for each agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents import Agent, Model, ModelResponse, Runner, Usage, set_tracing_disabled
from openai.types.responses import ResponseOutputMessage, ResponseOutputText

from agentcore_memory_async.integrations.openai_agents import AgentCoreSession
from benchmarks.agents.load import ANSWER, opened_by
from benchmarks.common.contestant import obey

if TYPE_CHECKING:
    from agentcore_memory_async import AsyncMemorySessionManager


class StubModel(Model):
    """Answers without a network."""

    async def get_response(self, *_: Any, **__: Any) -> ModelResponse:
        """Answer."""
        text = ResponseOutputText(type="output_text", text=ANSWER, annotations=[], logprobs=[])
        message = ResponseOutputMessage(
            id="1", type="message", role="assistant", status="completed", content=[text]
        )
        return ModelResponse(output=[message], usage=Usage(), response_id=None)

    def stream_response(self, *_: Any, **__: Any) -> Any:
        """Do nothing: it is not asked for."""
        raise NotImplementedError


class OpenAIAgents:
    """An agent that everybody asks, in sessions of their own."""

    def __init__(self, memory: AsyncMemorySessionManager) -> None:
        set_tracing_disabled(True)
        self._memory = memory
        self._agent = Agent(name="assistant", model=StubModel())

    def _session(self, actor_id: str) -> AgentCoreSession:
        return AgentCoreSession(self._memory, actor_id=actor_id, session_id="chat")

    async def turn(self, actor_id: str, question: str) -> None:
        """Take a turn."""
        await Runner.run(self._agent, question, session=self._session(actor_id))

    async def history(self, actor_id: str) -> list[str]:
        """Return what the session has."""
        items: list[Any] = [*await self._session(actor_id).get_items()]
        return [item["content"] for item in items if isinstance(item["content"], str)]


if __name__ == "__main__":
    obey(opened_by(OpenAIAgents))
