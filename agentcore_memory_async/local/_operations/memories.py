"""The control plane's memory operations and tags, run in the database threads."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import attrs

from agentcore_memory_async.local._api.errors import (
    AwsError,
    memory_not_found,
    not_found,
    validation,
)
from agentcore_memory_async.local._api.members import child, children
from agentcore_memory_async.local._api.page_tokens import decode_token, encode_token
from agentcore_memory_async.local._api.patterns import pattern_problem
from agentcore_memory_async.local._storage.memories import Memories, Memory, arn_of, new_document
from agentcore_memory_async.local._storage.strategies import (
    check_strategies,
    modified_strategy,
    new_id,
    new_strategy,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agentcore_memory_async.local._database.store import Transaction


_MEMORIES = 150
_STRATEGIES = 6
_KEYS = 10
_TAGS = 50
_PAGE = 10
#: The tables that hold what belongs to a memory.
_TABLES = (
    "events",
    "branches",
    "sessions",
    "actors",
    "records",
    "pending",
    "failed_jobs",
    "tokens",
)

Params = dict[str, Any]


def refuse_in_transition(memory: Memory, action: str, states: frozenset[str]) -> None:
    """Raise the service's ValidationException where *memory* is in one of *states*."""
    if memory.status in states:
        text = f"Memory is in transitional state {memory.status}. Cannot {action}."
        raise validation(text, field="memoryId")


_CHANGING = frozenset({"CREATING", "UPDATING", "DELETING"})


@attrs.frozen
class Control:
    """
    The operations that make and change memories.

    Attributes:
        memories: Which memories there are.
        provisioning_ms: How long a memory is CREATING, UPDATING or DELETING.
        on_delete: Told of a memory that is deleted, once that is committed.
    """

    memories: Memories
    on_delete: Callable[[str], None]
    provisioning_ms: int = 0

    def create_memory(self, transaction: Transaction, params: Params, now_ms: int) -> Params:
        """Make a memory; a used client token gives the one that it made."""
        db = transaction.db
        made = self._by_token(transaction, "CreateMemory", "", params)
        if made is not None:
            return {"memory": made}
        name = params["name"]
        rows = db.execute("SELECT memory_id FROM memories WHERE deleted = 0").fetchall()
        if len(rows) >= _MEMORIES:
            living = [row for row in rows if self.memories.get(transaction, row[0]) is not None]
            if len(living) >= _MEMORIES:
                text = f"You have reached the limit of {_MEMORIES} memories"
                raise AwsError("ServiceQuotaExceededException", text)
        for (memory_id,) in db.execute(
            "SELECT memory_id FROM memories WHERE name = ? AND deleted = 0", (name,)
        ).fetchall():
            known = self.memories.get(transaction, memory_id)
            if known is not None and not known.first_use:
                raise validation(f"Memory with name {name} already exists", field="name")
        memory_id = new_id(name)
        strategies = [
            new_strategy(item, now_ms / 1000) for item in children(params, "memoryStrategies")
        ]
        document = new_document(memory_id, name, strategies, now_ms, params["eventExpiryDuration"])
        for member in ("description", "encryptionKeyArn", "memoryExecutionRoleArn"):
            if params.get(member):
                document[member] = params[member]
        for member in ("indexedKeys", "namespaceKeys", "streamDeliveryResources"):
            if params.get(member):
                document[member] = params[member]
        document["_indexedSince"] = {entry["key"]: 0 for entry in params.get("indexedKeys") or ()}
        document |= {"status": "CREATING", "_untilMs": now_ms + self.provisioning_ms}
        _check(document)
        self.memories.put(transaction, document, params.get("tags"))
        return {"memory": self._with_token(transaction, "CreateMemory", "", params, document)}

    def get_memory(self, transaction: Transaction, params: Params, now_ms: int) -> Params:
        """Return a memory; in the friendly mode also one that was never used."""
        memory = self.memories.use(transaction, params["memoryId"], now_ms)
        shown = memory.shown()
        if params.get("view") == "without_decryption":
            for part in (shown, *shown["strategies"]):
                part.pop("description", None)
        return {"memory": shown}

    def list_memories(self, transaction: Transaction, params: Params, now_ms: int) -> Params:
        """Return a page of the memories, newest first."""
        del now_ms
        position = decode_token("ListMemories", params, (int,))
        size = int(params.get("maxResults") or _PAGE)
        rows = transaction.db.execute(
            "SELECT memory_id, seq FROM memories WHERE deleted = 0 AND seq < ? ORDER BY seq DESC",
            (position[0] if position else 1 << 62,),
        )
        found: list[tuple[dict[str, Any], int]] = []
        for memory_id, number in rows.fetchall():
            memory = self.memories.get(transaction, memory_id)
            if memory is not None:
                members = ("arn", "id", "status", "createdAt", "updatedAt")
                found.append(({name: memory.document[name] for name in members}, number))
            if len(found) > size:
                break
        answer: Params = {"memories": [summary for summary, _ in found[:size]]}
        if len(found) > size:
            answer["nextToken"] = encode_token("ListMemories", params, [found[size - 1][1]])
        return answer

    def update_memory(self, transaction: Transaction, params: Params, now_ms: int) -> Params:
        """Change a memory; strategies are added, changed and deleted with the time."""
        memory = self.memories.use(transaction, params["memoryId"], now_ms)
        made = self._by_token(transaction, "UpdateMemory", memory.memory_id, params)
        if made is not None:
            return {"memory": made}
        refuse_in_transition(memory, "update memory", _CHANGING)
        document = dict(memory.document) | {"updatedAt": now_ms / 1000}
        for member in (
            "description",
            "eventExpiryDuration",
            "memoryExecutionRoleArn",
            "streamDeliveryResources",
        ):
            if params.get(member) is not None:
                document[member] = params[member]
        if params.get("namespaceKeys") is not None:
            document["namespaceKeys"] = params["namespaceKeys"]
        self._index(document, params.get("addIndexedKeys") or [], now_ms)
        changed = _strategies(document, child(params, "memoryStrategies"), now_ms / 1000)
        _check(document)
        if changed:
            document |= {"status": "UPDATING", "_untilMs": now_ms + self.provisioning_ms}
        self.memories.put(transaction, document)
        made = self._with_token(transaction, "UpdateMemory", memory.memory_id, params, document)
        return {"memory": made}

    def delete_memory(self, transaction: Transaction, params: Params, now_ms: int) -> Params:
        """Delete a memory and all that is in it."""
        memory = self.memories.get(transaction, params["memoryId"])
        if memory is None:
            raise memory_not_found(params["memoryId"])
        memory_id = memory.memory_id
        refuse_in_transition(memory, "delete memory", _CHANGING)
        for table in _TABLES:
            transaction.db.execute(
                f"DELETE FROM {table} WHERE memory_id = ?",  # noqa: S608
                (memory_id,),
            )
        document = dict(memory.document) | {
            "status": "DELETING",
            "updatedAt": now_ms / 1000,
            "_untilMs": now_ms + self.provisioning_ms,
        }
        self.memories.put(transaction, document)
        transaction.on_commit(lambda: self.on_delete(memory_id))
        return {"memoryId": memory_id, "status": "DELETING"}

    def tag(self, transaction: Transaction, params: Params, now_ms: int) -> Params:
        """Add tags to a memory."""
        memory_id, tags = self._tagged(transaction, params["resourceArn"], now_ms)
        tags |= params["tags"]
        if len(tags) > _TAGS:
            text = f"A resource can have at most {_TAGS} tags"
            raise validation(text, field="tags")
        return self._put_tags(transaction, memory_id, tags)

    def untag(self, transaction: Transaction, params: Params, now_ms: int) -> Params:
        """Remove tags from a memory."""
        memory_id, tags = self._tagged(transaction, params["resourceArn"], now_ms)
        kept = {name: value for name, value in tags.items() if name not in params["tagKeys"]}
        return self._put_tags(transaction, memory_id, kept)

    def tags(self, transaction: Transaction, params: Params, now_ms: int) -> Params:
        """Return a memory's tags."""
        return {"tags": self._tagged(transaction, params["resourceArn"], now_ms)[1]}

    # What the operations are made of.

    def _tagged(
        self, transaction: Transaction, arn: str, now_ms: int
    ) -> tuple[str, dict[str, str]]:
        memory_id = arn.rsplit("/", 1)[-1]
        if arn != arn_of(memory_id):
            raise not_found(f"Resource not found: {arn}")
        self.memories.use(transaction, memory_id, now_ms)
        row = transaction.db.execute(
            "SELECT tags FROM memories WHERE memory_id = ?", (memory_id,)
        ).fetchone()
        return memory_id, json.loads(row[0]) if row else {}

    @staticmethod
    def _put_tags(transaction: Transaction, memory_id: str, tags: dict[str, str]) -> Params:
        transaction.db.execute(
            "UPDATE memories SET tags = ? WHERE memory_id = ?", (json.dumps(tags), memory_id)
        )
        return {}

    def _by_token(
        self, transaction: Transaction, operation: str, scope: str, params: Mapping[str, Any]
    ) -> Params | None:
        """Return the memory of a client token's first use, as it is now."""
        token = params.get("clientToken")
        if not token:
            return None
        row = transaction.db.execute(
            "SELECT answer FROM tokens WHERE memory_id = ? AND operation = ? AND token = ?",
            (scope, operation, token),
        ).fetchone()
        if row is None:
            return None
        memory = self.memories.get(transaction, row[0])
        if memory is None:
            raise memory_not_found(row[0])
        return memory.shown()

    @staticmethod
    def _with_token(
        transaction: Transaction,
        operation: str,
        scope: str,
        params: Mapping[str, Any],
        document: dict[str, Any],
    ) -> Params:
        if params.get("clientToken"):
            transaction.db.execute(
                "INSERT INTO tokens VALUES (?, ?, ?, '', ?)",
                (scope, operation, params["clientToken"], document["id"]),
            )
        shown = {name: item for name, item in document.items() if name[0] != "_"}
        return json.loads(json.dumps(shown))  # type: ignore[no-any-return]

    @staticmethod
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


def _strategies(document: dict[str, Any], change: Mapping[str, Any], now: float) -> bool:
    """Apply a change of strategies to *document*; say whether there was one."""
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
        pattern = child(entry, "validation").get("regexPattern")
        problem = pattern_problem(pattern) if pattern else None
        if problem:
            text = f"regexPattern of namespace key {entry['key']} is not accepted: {problem}"
            raise validation(text, field="namespaceKeys")
    check_strategies(kept, indexed, declared)


def check_variables(memory: Memory, variables: Mapping[str, str] | None) -> None:
    """
    Check an event's namespace variables against the memory's namespaceKeys.

    Raises:
        AwsError: ValidationException for one that breaks its rules or is not declared.
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
        if rules.get("regexPattern") and not _matches(rules["regexPattern"], value):
            text = f"Value of namespace variable {key} does not match its regexPattern"
            raise validation(text, field=field)


def _matches(pattern: str, value: str) -> bool:
    return re.fullmatch(pattern, value) is not None


CONTROL_OPERATIONS: dict[str, Callable[[Control, Transaction, Params, int], Params]] = {
    "CreateMemory": Control.create_memory,
    "DeleteMemory": Control.delete_memory,
    "GetMemory": Control.get_memory,
    "ListMemories": Control.list_memories,
    "ListTagsForResource": Control.tags,
    "TagResource": Control.tag,
    "UntagResource": Control.untag,
    "UpdateMemory": Control.update_memory,
}
CONTROL_WRITES = frozenset(
    {"CreateMemory", "DeleteMemory", "TagResource", "UntagResource", "UpdateMemory"}
)
