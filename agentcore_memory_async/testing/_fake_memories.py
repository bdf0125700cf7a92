"""The fake's answers of the control plane: memories that are ready at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from agentcore_memory_async.errors import service_error

if TYPE_CHECKING:
    from collections.abc import Mapping

Body = dict[str, Any]

_TYPES = {
    "semanticMemoryStrategy": "SEMANTIC",
    "summaryMemoryStrategy": "SUMMARIZATION",
    "userPreferenceMemoryStrategy": "USER_PREFERENCE",
    "episodicMemoryStrategy": "EPISODIC",
    "customMemoryStrategy": "CUSTOM",
}
"""Types of strategies, by the member of a request that holds one."""
_TIME = 1_767_225_600.0
"""When everything was made: 2026-01-01."""


class FakeMemories:
    """The memories that were created; those of other ids exist as well, without strategies."""

    def __init__(self) -> None:
        self._memories: dict[str, Body] = {}
        self._deleted: set[str] = set()

    def answer(self, operation: str, params: Mapping[str, Any]) -> Body | None:
        """Return the answer of an operation of the control plane; None for any other."""
        if operation == "CreateMemory":
            return {"memory": self._create(params)}
        if operation == "ListMemories":
            shown = ("id", "arn", "status", "createdAt", "updatedAt")
            found = self._memories.values()
            return {"memories": [{name: memory[name] for name in shown} for memory in found]}
        if operation in {"TagResource", "UntagResource", "ListTagsForResource"}:
            return {"tags": {}} if operation == "ListTagsForResource" else {}
        if operation not in {"GetMemory", "UpdateMemory", "DeleteMemory"}:
            return None
        memory_id: str = params["memoryId"]
        if memory_id in self._deleted:
            text = f"Memory not found: {memory_id}"
            raise service_error(operation, "ResourceNotFoundException", text, 404)
        if operation == "DeleteMemory":
            self._memories.pop(memory_id, None)
            self._deleted.add(memory_id)
            return {"memoryId": memory_id, "status": "DELETING"}
        memory = self._memories.get(memory_id) or _memory(memory_id)
        if operation == "UpdateMemory":
            memory = self._memories[memory_id] = _updated(memory, params)
        return {"memory": memory}

    def _create(self, params: Mapping[str, Any]) -> Body:
        name: str = params["name"]
        if any(memory["name"] == name for memory in self._memories.values()):
            text = f"Memory with name {name} already exists"
            raise service_error("CreateMemory", "ValidationException", text, 400)
        memory_id = f"{name}-{len(self._memories) + len(self._deleted) + 1:010d}"
        memory = self._memories[memory_id] = _changed(_memory(memory_id), params)
        memory["strategies"] = [_strategy(each) for each in params.get("memoryStrategies", ())]
        return memory


def _memory(memory_id: str) -> Body:
    return {
        "id": memory_id,
        "arn": f"arn:aws:bedrock-agentcore:us-west-2:000000000000:memory/{memory_id}",
        "name": memory_id.rpartition("-")[0] or memory_id,
        "status": "ACTIVE",
        "eventExpiryDuration": 90,
        "createdAt": _TIME,
        "updatedAt": _TIME,
        "strategies": [],
    }


def _changed(memory: Body, params: Mapping[str, Any]) -> Body:
    """Return a memory with the members of a request that are shown as they are."""
    members = (
        "description",
        "encryptionKeyArn",
        "eventExpiryDuration",
        "indexedKeys",
        "memoryExecutionRoleArn",
        "namespaceKeys",
        "streamDeliveryResources",
    )
    return memory | {name: params[name] for name in members if name in params}


def _updated(memory: Body, params: Mapping[str, Any]) -> Body:
    memory = _changed(memory, params)
    memory["indexedKeys"] = [*memory.get("indexedKeys", ()), *params.get("addIndexedKeys", ())]
    change = params.get("memoryStrategies", {})
    changes = {each["memoryStrategyId"]: each for each in change.get("modifyMemoryStrategies", ())}
    deleted = {each["memoryStrategyId"] for each in change.get("deleteMemoryStrategies", ())}
    kept = [
        strategy | _shown(changes.get(strategy["strategyId"], {}))
        for strategy in memory["strategies"]
        if strategy["strategyId"] not in deleted
    ]
    memory["strategies"] = kept + [_strategy(e) for e in change.get("addMemoryStrategies", ())]
    return memory


def _strategy(given: Mapping[str, Any]) -> Body:
    ((member, value),) = given.items()
    body = cast("Mapping[str, Any]", value)
    name: str = body["name"]
    template = f"/strategy/{name}-0000000001/actors/{{actorId}}/"
    made: Body = {
        "strategyId": f"{name}-0000000001",
        "name": name,
        "type": _TYPES[member],
        "status": "ACTIVE",
        "namespaces": [template],
        "namespaceTemplates": [template],
    }
    return made | _shown(body)


def _shown(body: Mapping[str, Any]) -> Body:
    """Return the members of a strategy that are shown as they are given."""
    found = {name: body[name] for name in ("description", "memoryRecordSchema") if name in body}
    if "namespaceTemplates" in body:
        found |= dict.fromkeys(("namespaces", "namespaceTemplates"), body["namespaceTemplates"])
    days = body.get("recordExpirySpecification", {}).get("recordExpiryDurationDays")
    return found | ({"recordExpiryDurationDays": days} if days else {})
