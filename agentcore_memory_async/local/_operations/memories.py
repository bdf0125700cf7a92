"""Operations of the control plane: on memories and their tags."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from agentcore_memory_async.local._api.errors import (
    AwsError,
    memory_not_found,
    not_found,
    validation,
)
from agentcore_memory_async.local._api.members import child, children
from agentcore_memory_async.local._api.patterns import PatternError, compile_pattern
from agentcore_memory_async.local._storage.memories import (
    Memory,
    arn_of,
    new_document,
    to_response,
)
from agentcore_memory_async.local._storage.strategies import (
    check_strategies,
    modified_strategy,
    new_id,
    new_strategy,
)
from agentcore_memory_async.local.behavior import duration_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async.local._api.patterns import Pattern
    from agentcore_memory_async.local._operations.request import Params, Request
    from agentcore_memory_async.local._storage.client_tokens import FirstUse


_MEMORIES = 150
"""Memories of an account."""
_STRATEGIES = 6
"""Strategies of a memory."""
_KEYS = 10
"""Indexed keys of a memory."""
_TAGS = 50
"""Tags of a memory."""
_PAGE = 10
"""Memories of a page where a request has no maxResults."""
_CHANGING = frozenset({"CREATING", "UPDATING", "DELETING"})
"""Transitional states of a memory, in which it cannot be changed or deleted."""
_SUMMARY = ("arn", "id", "status", "createdAt", "updatedAt")
"""Members of a memory that ListMemories returns."""
_MEMBERS = (
    "description",
    "encryptionKeyArn",
    "memoryExecutionRoleArn",
    "indexedKeys",
    "namespaceKeys",
    "streamDeliveryResources",
)
"""Members of CreateMemory that are stored as they are."""
_CHANGEABLE = (
    "description",
    "eventExpiryDuration",
    "memoryExecutionRoleArn",
    "streamDeliveryResources",
    "namespaceKeys",
)
"""Members of UpdateMemory that replace the stored ones."""


def refuse_in_transition(memory: Memory, action: str, states: frozenset[str]) -> None:
    """
    Refuse *action* where the memory is in one of *states*.

    Raises:
        AwsError: ValidationException, in the service's words.
    """
    if memory.status in states:
        text = f"Memory is in transitional state {memory.status}. Cannot {action}."
        raise validation(text, field="memoryId")


def create_memory(request: Request) -> Params:
    """Create a memory; a used client token returns the memory of its first use."""
    token = request.client_token("")
    used = token.first_use()
    if used is not None:
        return _made_before(request, used)
    params, memories = request.params, request.service.memories
    if len(list(islice(memories.newest(request.transaction), _MEMORIES))) == _MEMORIES:
        text = f"You have reached the limit of {_MEMORIES} memories"
        raise AwsError("ServiceQuotaExceededException", text)
    name = params["name"]
    if any(not memory.first_use for memory in memories.named(request.transaction, name)):
        raise validation(f"Memory with name {name} already exists", field="name")
    now_ms = request.now_ms
    strategies = [
        new_strategy(item, now_ms / 1000) for item in children(params, "memoryStrategies")
    ]
    document = new_document(new_id(name), name, strategies, now_ms, params["eventExpiryDuration"])
    document |= {member: params[member] for member in _MEMBERS if params.get(member)}
    document["_indexedSince"] = {entry["key"]: 0 for entry in params.get("indexedKeys") or ()}
    document |= {"status": "CREATING", "_untilMs": _provisioned_ms(request)}
    _check(document)
    memories.put(request.transaction, document, params.get("tags"))
    token.remember(document["id"])
    return {"memory": to_response(document)}


def get_memory(request: Request) -> Params:
    """Return a memory; without ``strict`` also one that was never used."""
    memory = _memory(request)
    answer = to_response(memory.document)
    if request.params.get("view") == "without_decryption":
        for part in (answer, *answer["strategies"]):
            part.pop("description", None)
    return {"memory": answer}


def list_memories(request: Request) -> Params:
    """Return a page of the memories, newest first."""
    (before,) = request.position(int) or (None,)
    size = request.page_size(_PAGE)
    found = list(islice(request.service.memories.newest(request.transaction, before), size + 1))
    answer: Params = {
        "memories": [
            {name: memory.document[name] for name in _SUMMARY} for memory, _ in found[:size]
        ]
    }
    if len(found) > size:
        answer["nextToken"] = request.next_token(found[size - 1][1])
    return answer


def update_memory(request: Request) -> Params:
    """Change a memory; its strategies are in transitional states until that is done."""
    memory = _memory(request)
    token = request.client_token(memory.memory_id)
    used = token.first_use()
    if used is not None:
        return _made_before(request, used)
    refuse_in_transition(memory, "update memory", _CHANGING)
    params, now_ms = request.params, request.now_ms
    document = dict(memory.document) | {"updatedAt": now_ms / 1000}
    document |= {member: params[member] for member in _CHANGEABLE if params.get(member) is not None}
    _index(document, params.get("addIndexedKeys") or [], now_ms)
    changed = _change_strategies(document, child(params, "memoryStrategies"), now_ms / 1000)
    _check(document)
    if changed:
        document |= {"status": "UPDATING", "_untilMs": _provisioned_ms(request)}
    request.service.memories.put(request.transaction, document)
    token.remember(memory.memory_id)
    return {"memory": to_response(document)}


def delete_memory(request: Request) -> Params:
    """Delete a memory and all that is in it."""
    service = request.service
    memory = service.memories.get(request.transaction, request.params["memoryId"])
    if memory is None:
        raise memory_not_found(request.params["memoryId"])
    refuse_in_transition(memory, "delete memory", _CHANGING)
    service.memories.empty(request.transaction, memory.memory_id)
    document = dict(memory.document) | {
        "status": "DELETING",
        "updatedAt": request.now_ms / 1000,
        "_untilMs": _provisioned_ms(request),
    }
    service.memories.put(request.transaction, document)
    request.transaction.on_commit(lambda: service.records.indexes.drop(memory.memory_id))
    return {"memoryId": memory.memory_id, "status": "DELETING"}


def add_tags(request: Request) -> Params:
    """Add tags to a memory."""
    memory_id, tags = _tagged(request)
    tags |= request.params["tags"]
    if len(tags) > _TAGS:
        text = f"A resource can have at most {_TAGS} tags"
        raise validation(text, field="tags")
    request.service.memories.put_tags(request.transaction, memory_id, tags)
    return {}


def remove_tags(request: Request) -> Params:
    """Remove tags from a memory."""
    memory_id, tags = _tagged(request)
    kept = {name: value for name, value in tags.items() if name not in request.params["tagKeys"]}
    request.service.memories.put_tags(request.transaction, memory_id, kept)
    return {}


def list_tags(request: Request) -> Params:
    """Return a memory's tags."""
    return {"tags": _tagged(request)[1]}


def _tagged(request: Request) -> tuple[str, dict[str, str]]:
    """Return the id and the tags of the memory whose ARN the request has."""
    arn: str = request.params["resourceArn"]
    memory_id = arn.rsplit("/", 1)[-1]
    if arn != arn_of(memory_id):
        raise not_found(f"Resource not found: {arn}")
    request.service.memories.require(request.transaction, memory_id, request.now_ms)
    return memory_id, request.service.memories.tags(request.transaction, memory_id)


def _memory(request: Request) -> Memory:
    """Return the memory of a request; without ``strict`` an unknown one is created."""
    return request.service.memories.require(
        request.transaction, request.params["memoryId"], request.now_ms
    )


def _made_before(request: Request, used: FirstUse) -> Params:
    """Return the memory of a token's first use as it is now."""
    memory = request.service.memories.get(request.transaction, used.answer)
    if memory is None:
        raise memory_not_found(used.answer)
    return {"memory": to_response(memory.document)}


def _provisioned_ms(request: Request) -> int:
    """Return the time (ms) when a change that is made now is done."""
    return request.now_ms + duration_ms(request.service.lags.provisioning)


def _index(document: dict[str, Any], added: list[Params], now_ms: int) -> None:
    keys: list[Params] = list(document.get("indexedKeys") or ())
    since = dict(document.get("_indexedSince") or {})
    types = {entry["key"]: entry["type"] for entry in keys}
    for entry in added:
        if entry["key"] in types:
            text = f"Key {entry['key']} is indexed already"
            raise validation(text, field="addIndexedKeys")
        types[entry["key"]] = entry["type"]
        keys.append(entry)
        since[entry["key"]] = now_ms
    if keys:
        document["indexedKeys"] = keys
    document["_indexedSince"] = since


def _change_strategies(document: dict[str, Any], change: Mapping[str, Any], now: float) -> bool:
    """Apply a change of strategies to *document*, and return whether there was one."""
    strategies = list(document["strategies"])
    places = {item["strategyId"]: place for place, item in enumerate(strategies)}

    def place_of(entry: Mapping[str, Any]) -> int:
        strategy_id = entry["memoryStrategyId"]
        if strategy_id not in places:
            raise not_found(f"Memory strategy not found: {strategy_id}")
        return places[strategy_id]

    for entry in children(change, "modifyMemoryStrategies"):
        place = place_of(entry)
        strategies[place] = modified_strategy(strategies[place], entry, now)
    for entry in children(change, "deleteMemoryStrategies"):
        place = place_of(entry)
        strategies[place] = dict(strategies[place]) | {"status": "DELETING", "updatedAt": now}
    strategies += [new_strategy(item, now) for item in children(change, "addMemoryStrategies")]
    document["strategies"] = strategies
    return any(change.get(name) for name in change)


def _check(document: Mapping[str, Any]) -> None:
    """Check a new or changed memory as a whole."""
    kept = [item for item in document["strategies"] if item["status"] != "DELETING"]
    if len(kept) > _STRATEGIES:
        text = f"A memory can have at most {_STRATEGIES} strategies"
        raise AwsError("ServiceQuotaExceededException", text)
    indexed = list(document.get("indexedKeys") or ())
    if len(indexed) > _KEYS:
        text = f"A memory can have at most {_KEYS} indexed keys"
        raise validation(text, field="indexedKeys")
    declared = list(document.get("namespaceKeys") or ())
    for field, entries in (("indexedKeys", indexed), ("namespaceKeys", declared)):
        keys = [entry["key"] for entry in entries]
        if len(set(keys)) != len(keys):
            raise validation(f"{field} must be unique", field=field)
    for entry in declared:
        _pattern_of(entry, "namespaceKeys")
    check_strategies(kept, indexed, declared)


def check_variables(memory: Memory, variables: Mapping[str, str] | None) -> None:
    """
    Check an event's namespace variables against the memory's namespaceKeys.

    Raises:
        AwsError: ValidationException: a variable is not declared, or its value is not allowed.
    """
    declared = {entry["key"]: entry for entry in memory.document.get("namespaceKeys") or ()}
    field = "extractionConfig.namespaceVariables"
    for key, value in (variables or {}).items():
        entry = declared.get(key)
        if entry is None:
            if memory.first_use:
                continue
            text = f"Namespace variable {key} is not one of the memory's namespaceKeys"
            raise validation(text, field=field)
        rules = child(entry, "validation")
        allowed = rules.get("allowedValues")
        if allowed and value not in allowed:
            text = f"Value of namespace variable {key} is not one of its allowedValues"
            raise validation(text, field=field)
        pattern = _pattern_of(entry, field)
        if pattern is not None and not pattern.fullmatch(value):
            text = f"Value of namespace variable {key} does not match its regexPattern"
            raise validation(text, field=field)


def _pattern_of(entry: Mapping[str, Any], field: str) -> Pattern | None:
    """Return the pattern of a namespace key, which a file may have from where it was accepted."""
    pattern = child(entry, "validation").get("regexPattern")
    try:
        return compile_pattern(pattern) if pattern else None
    except PatternError as error:
        text = f"regexPattern of namespace key {entry['key']} is not accepted: {error}"
        raise validation(text, field=field) from None
