"""A model without network for the tests of Strands, and what they ask of a session."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from strands import Agent, tool
from strands.models import Model

from agentcore_memory_async.integrations.strands import AgentCoreSessionManager
from agentcore_memory_async.local import AutoClock, LocalMemoryService
from agentcore_memory_async.testing import LocalMemory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MEMORY_ID = "chat-a1B2c3D4e5"


ACTOR_ID, SESSION_ID = "enc-anna_40example_2ecom", "enc-Trip_201"
"""Ids of the session, as the memory has them."""


@pytest.fixture
async def memory() -> AsyncIterator[LocalMemory]:
    """Yield a memory of its own."""
    clock = AutoClock()
    async with (
        LocalMemoryService(clock=clock, extraction_delay=1.0) as service,
        service.manager(MEMORY_ID, namespaces={"facts": "/facts/{actorId}/"}) as manager,
    ):
        yield LocalMemory(service, manager, clock)


class StubModel(Model):
    """
    Answers with the given contents, one after the other, or echoes the newest text.

    Attributes:
        asked: The messages of each call.
    """

    def __init__(self, *answers: str | list[Any] | BaseException) -> None:
        self.answers = list(answers)
        self.asked: list[list[Any]] = []

    def get_config(self) -> Any:
        return {}

    def update_config(self, **model_config: Any) -> None:
        pass

    async def structured_output(  # type: ignore[override]  # it is not asked for
        self, *args: Any, **kwargs: Any
    ) -> AsyncIterator[Any]:
        raise NotImplementedError
        yield

    async def stream(self, messages: list[Any], *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        self.asked.append(json.loads(json.dumps(messages, default=repr)))
        answer = self.answers.pop(0) if self.answers else f"You said: {said(messages[-1])}"
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, str):
            answer = [{"text": answer}]
        yield {"messageStart": {"role": "assistant"}}
        reason = "end_turn"
        for block in answer:
            if "redact" in block:
                yield {"redactContent": {"redactUserContentMessage": block["redact"]}}
            elif "text" in block:
                yield {"contentBlockStart": {"start": {}}}
                yield {"contentBlockDelta": {"delta": {"text": block["text"]}}}
                yield {"contentBlockStop": {}}
            else:
                reason = "tool_use"
                use = block["toolUse"]
                start = {"toolUse": {"name": use["name"], "toolUseId": use["toolUseId"]}}
                yield {"contentBlockStart": {"start": start}}
                delta = {"toolUse": {"input": json.dumps(use["input"])}}
                yield {"contentBlockDelta": {"delta": delta}}
                yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": reason}}


def call(name: str, tool_use_id: str = "t1", **given: Any) -> dict[str, Any]:
    """Return the content of an answer that calls a tool."""
    return {"toolUse": {"name": name, "toolUseId": tool_use_id, "input": given}}


def said(message: Any) -> str:
    """Return the text of a message."""
    return "".join(block.get("text", "") for block in message["content"])


def texts(agent: Agent) -> list[str]:
    """Return what was said in an agent's conversation."""
    return [said(message) for message in agent.messages]


def operations(memory: LocalMemory, start: int = 0) -> list[str]:
    """Return the operations that the service was asked for, from that number on."""
    return [call.operation for call in memory.service.calls()[start:]]


async def restored(memory: LocalMemory, **options: Any) -> Agent:
    """Return a new agent of the session that has its history."""
    own = {key: options.pop(key) for key in ("session_id", "converter") if key in options}
    manager = session_of(memory, **own)
    agent = agent_of(manager, **options)
    await manager.restore(agent)
    return agent


def session_of(memory: LocalMemory, **options: Any) -> AgentCoreSessionManager:
    """Return a session manager of the memory."""
    named: dict[str, Any] = {"actor_id": "anna@example.com", "session_id": "Trip 1"}
    return AgentCoreSessionManager(memory.manager, **{**named, **options})


@tool
def weather(city: str) -> str:
    """
    Return the weather of a city.

    Args:
        city: City.
    """
    return f"sunny in {city}"


def agent_of(session_manager: Any, *answers: Any, **options: Any) -> Agent:
    """Return an agent of a session, with a stub model, that prints nothing."""
    model = options.pop("model", None) or StubModel(*answers)
    return Agent(model=model, session_manager=session_manager, callback_handler=None, **options)
