"""Controls on transports without a network, and memories as the service answers with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcore_memory_async import AsyncMemoryControl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async.testing import FakeTransport

MEMORY = "chat-a1B2c3D4e5"
TIME = 1_767_225_600.0
FACTS: dict[str, Any] = {
    "strategyId": "facts-0123456789",
    "name": "facts",
    "type": "SEMANTIC",
    "namespaces": ["/facts/{actorId}/"],
    "namespaceTemplates": ["/facts/{actorId}/"],
    "status": "ACTIVE",
}
"""A strategy as GetMemory shows it."""


def wire_memory(status: str = "ACTIVE", memory_id: str = MEMORY, **members: Any) -> dict[str, Any]:
    """Return a memory as the service shows it."""
    return {
        "id": memory_id,
        "arn": f"arn:aws:bedrock-agentcore:us-west-2:123456789012:memory/{memory_id}",
        "name": memory_id.rpartition("-")[0],
        "status": status,
        "eventExpiryDuration": 90,
        "createdAt": TIME,
        "updatedAt": TIME,
        "strategies": [FACTS],
        **members,
    }


def answer(status: str = "ACTIVE", memory_id: str = MEMORY, **members: Any) -> dict[str, Any]:
    """Return the body of an answer with a memory."""
    return {"memory": wire_memory(status, memory_id, **members)}


def wire_summary(memory_id: str, status: str = "ACTIVE") -> dict[str, Any]:
    """Return a memory as ListMemories shows it."""
    shown = ("id", "arn", "status", "createdAt", "updatedAt")
    memory = wire_memory(status, memory_id)
    return {name: memory[name] for name in shown}


def page(*memory_ids: str, token: str | None = None) -> dict[str, Any]:
    """Return the body of a page of memories."""
    found: dict[str, Any] = {"memories": [wire_summary(each) for each in memory_ids]}
    return found | ({"nextToken": token} if token else {})


def control_on(transport: FakeTransport, **options: Any) -> AsyncMemoryControl:
    """Return a control on *transport*."""
    return AsyncMemoryControl(transport=transport, **options)


def tokens_of(requests: list[Mapping[str, Any]]) -> set[str]:
    """Return the client tokens of requests."""
    return {request["clientToken"] for request in requests}
