"""
The lines of a seed: pure.

A line ``{"memory": {"id": ...}}`` names the memory of the lines after it, which are those of an
export. The first line of what the command line exports is one, too; its others that are no
conversation or record say nothing that a service needs. With more members than its id a memory is
what GetMemory returns, and so are its strategies.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn, cast

from attrs import field, frozen

from agentcore_memory_async.errors import InvalidInputError
from agentcore_memory_async.local._api.members import as_array, as_object
from agentcore_memory_async.local._storage.memories import settled
from agentcore_memory_async.models import HistoryRecord
from agentcore_memory_async.transfer import history_from_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from agentcore_memory_async.models import Conversation

    Item = Conversation | HistoryRecord

_TYPES: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "status": str,
    "eventExpiryDuration": int,
    "createdAt": (int, float),
    "updatedAt": (int, float),
    "strategies": list,
}
"""Types of the members of a memory that are needed, unless it has nothing but its id."""
_SAID_OF_AN_EXPORT = (b'{"left_out": ', b'{"manifest": ')
"""How lines of an export begin that say what is not in it, and what is."""
_STRATEGY = ("strategyId", "name", "type", "status")
"""Members of a strategy that are needed, as texts."""


class SeedError(ValueError):
    """
    A seed can't be loaded; the text says which line, and why.

    Args:
        line: Number of the line, from 1.
        reason: What is wrong with it.
    """

    def __init__(self, line: int, reason: object) -> None:
        super().__init__(line, reason)
        self.line = line
        self.reason = reason

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@frozen
class MemorySeed:
    """
    A memory of a seed, and what is in it.

    Attributes:
        memory_id: Memory id.
        line: Number of the line that names it.
        document: Document of its row, in no transitional state; None for a memory as it is made
            on first use.
        tags: Tags.
        items: Numbers of lines, and the conversations and records in them.
    """

    memory_id: str
    line: int
    document: Mapping[str, Any] | None = None
    tags: Mapping[str, str] = field(factory=dict[str, str])
    items: list[tuple[int, Item]] = field(factory=list["tuple[int, Item]"])

    @property
    def extract(self) -> bool:
        """Whether its conversations are extracted: records in the seed are the result of that."""
        return not any(isinstance(item, HistoryRecord) for _, item in self.items)


def read_seed(path: Path) -> list[MemorySeed]:
    """
    Return the memories of a file.

    Raises:
        SeedError: A line is malformed.
        OSError: The file can't be read.
    """
    with path.open("rb") as file:
        return parse_seed(file)


def parse_seed(lines: Iterable[bytes]) -> list[MemorySeed]:
    """
    Return the memories of a seed; empty lines are passed over.

    Raises:
        SeedError: A line is malformed.
    """
    memories: list[MemorySeed] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            memory = _parse_memory(number, line)
            if memory is not None:
                memories.append(memory)
            elif memories and not line.startswith(_SAID_OF_AN_EXPORT):
                memories[-1].items.append((number, history_from_json(line)))
            elif not memories:
                history_from_json(line)  # what is no line of an export says so
                _refuse(
                    "it is not said in which memory it is; "
                    'put {"memory": {"id": "chat-a1B2c3D4e5"}} on a line before it'
                )
        except InvalidInputError as error:
            raise SeedError(number, error) from None
    return memories


def _parse_memory(number: int, line: bytes) -> MemorySeed | None:
    """Return the memory that a line names; None for another line."""
    try:
        data: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or "memory" not in data:
        return None
    members = cast("dict[str, Any]", data)
    document, tags = as_object(members["memory"]), as_object(members.get("tags"))
    memory_id: object = document.get("id")
    if not isinstance(memory_id, str):
        _refuse('the memory has no id; give {"memory": {"id": "chat-a1B2c3D4e5"}}')
    if len(document) == 1:
        return MemorySeed(memory_id, number)
    _check_document(document)
    return MemorySeed(memory_id, number, settled(document), tags)


def _check_document(document: Mapping[str, Any]) -> None:
    """Check the members of a memory that the service reads."""
    for name, kind in _TYPES.items():
        if not isinstance(document.get(name), kind):
            _refuse(f"{name} of the memory is missing, or not what GetMemory returns")
    for place, given in enumerate(document["strategies"]):
        strategy = as_object(given)
        names = all(isinstance(strategy.get(name), str) for name in _STRATEGY)
        templates = as_array(strategy.get("namespaceTemplates"))
        if not (names and templates and isinstance(templates[0], str)):
            members = ", ".join((*_STRATEGY, "namespaceTemplates"))
            _refuse(f"strategies[{place}] of the memory lacks one of {members}")


def memory_line(document: Mapping[str, Any], tags: Mapping[str, str]) -> str:
    """Return the line that names a memory."""
    return json.dumps({"memory": document} | ({"tags": tags} if tags else {}))


def _refuse(message: str) -> NoReturn:
    raise InvalidInputError(message)
