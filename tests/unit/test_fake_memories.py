"""Memories of FakeTransport: what it answers to the control plane without a reply of the test."""

from __future__ import annotations

from typing import Any

import pytest

from agentcore_memory_async.errors import ServiceError
from agentcore_memory_async.testing import FakeTransport

FACTS = {"semanticMemoryStrategy": {"name": "facts", "description": "d"}}
SUMMARIES = {
    "summaryMemoryStrategy": {
        "name": "summaries",
        "namespaceTemplates": ["/summaries/{sessionId}/"],
        "recordExpirySpecification": {"recordExpiryDurationDays": 31},
    }
}


async def create(transport: FakeTransport, name: str, **members: Any) -> dict[str, Any]:
    """Create a memory, and return it."""
    answer = await transport("CreateMemory", {"name": name, **members})
    return dict[str, Any](answer.body["memory"])


async def test_a_memory_is_made_as_it_is_asked_for() -> None:
    """It is ready at once, dated 2026, with what the request says and the service's defaults."""
    transport = FakeTransport()
    memory = await create(transport, "chat", description="d", memoryStrategies=[FACTS, SUMMARIES])

    first, second = memory.pop("strategies")
    assert memory == {
        "id": "chat-0000000001",
        "arn": "arn:aws:bedrock-agentcore:us-west-2:000000000000:memory/chat-0000000001",
        "name": "chat",
        "status": "ACTIVE",
        "description": "d",
        "eventExpiryDuration": 90,
        "createdAt": 1_767_225_600.0,
        "updatedAt": 1_767_225_600.0,
    }
    template = "/strategy/facts-0000000001/actors/{actorId}/"
    assert first == {
        "strategyId": "facts-0000000001",
        "name": "facts",
        "type": "SEMANTIC",
        "status": "ACTIVE",
        "description": "d",
        "namespaces": [template],
        "namespaceTemplates": [template],
    }
    assert (second["type"], second["recordExpiryDurationDays"]) == ("SUMMARIZATION", 31)
    assert ["/summaries/{sessionId}/"] == second["namespaces"] == second["namespaceTemplates"]
    got = (await transport("GetMemory", {"memoryId": memory["id"]})).body["memory"]
    assert got == {**memory, "strategies": [first, second]}


async def test_ids_are_never_used_again() -> None:
    """A number is that of the memory, deleted ones among them."""
    transport = FakeTransport()
    first = await create(transport, "chat")
    await create(transport, "other")
    await transport("DeleteMemory", {"memoryId": first["id"]})

    assert "chat-0000000003" == (await create(transport, "chat"))["id"]
    listed = (await transport("ListMemories", {})).body["memories"]
    assert ["other-0000000002", "chat-0000000003"] == [memory["id"] for memory in listed]
    assert {"id", "arn", "status", "createdAt", "updatedAt"} == set(listed[0])


async def test_a_name_is_used_once() -> None:
    """A second memory of the same name is refused, as the service does."""
    transport = FakeTransport()
    await create(transport, "chat")
    with pytest.raises(ServiceError) as caught:
        await create(transport, "chat")
    assert (caught.value.code, caught.value.status) == ("ValidationException", 400)


@pytest.mark.parametrize("operation", ["GetMemory", "UpdateMemory", "DeleteMemory"])
async def test_what_is_deleted_does_not_exist(operation: str) -> None:
    """Any other id exists, without strategies."""
    transport = FakeTransport()
    params = {"memoryId": "any-a1B2c3D4e5"}
    memory = (await transport("GetMemory", params)).body["memory"]
    assert (memory["name"], memory["strategies"]) == ("any", [])
    deleted = await transport("DeleteMemory", params)
    assert deleted.body == {**params, "status": "DELETING"}
    with pytest.raises(ServiceError) as caught:
        await transport(operation, params)
    assert (caught.value.code, caught.value.status) == ("ResourceNotFoundException", 404)


async def test_a_change_is_shown() -> None:
    """Members change, strategies are added, modified and deleted, and indexed keys are added."""
    transport = FakeTransport()
    memory = await create(transport, "chat", memoryStrategies=[FACTS, SUMMARIES])
    changes = {
        "addMemoryStrategies": [{"userPreferenceMemoryStrategy": {"name": "likes"}}],
        "modifyMemoryStrategies": [{"memoryStrategyId": "facts-0000000001", "description": "new"}],
        "deleteMemoryStrategies": [{"memoryStrategyId": "summaries-0000000001"}],
    }
    change = {"memoryId": memory["id"], "eventExpiryDuration": 30}
    key = {"key": "topic", "type": "STRING"}
    await transport("UpdateMemory", {**change, "addIndexedKeys": [key]})
    answer = await transport("UpdateMemory", {**change, "memoryStrategies": changes})

    changed = answer.body["memory"]
    assert (changed["eventExpiryDuration"], changed["indexedKeys"]) == (30, [key])
    shown = [(each["name"], each.get("description")) for each in changed["strategies"]]
    assert [("facts", "new"), ("likes", None)] == shown


@pytest.mark.parametrize(
    ("operation", "body"),
    [("TagResource", {}), ("UntagResource", {}), ("ListTagsForResource", {"tags": {}})],
)
async def test_nothing_has_tags(operation: str, body: dict[str, Any]) -> None:
    """Tags are taken, and not kept."""
    assert body == (await FakeTransport()(operation, {})).body
