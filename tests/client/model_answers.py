"""Answers made from the shipped service model, with every member of them taken out."""

from __future__ import annotations

import json
from copy import deepcopy
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_DATA = resources.files("agentcore_memory_async._wire.service_model") / "data"
MODEL: dict[str, Any] = json.loads(
    (_DATA / "bedrock-agentcore" / "2024-02-28" / "service-2.json").read_text("utf-8")
)
SHAPES: dict[str, Any] = MODEL["shapes"]
TEXTS = {
    "memoryId": "chat-a1B2c3D4e5",
    "actorId": "a",
    "sessionId": "s",
    "eventId": "0000001767225600000#a1",
    "rootEventId": "0000001767225600000#a0",
    "memoryRecordId": "mem-1",
    "namespaces": "/facts/a/",
    "name": "main",
    "jobID": "job-1",
    "jobId": "job-1",
}
"""Texts of members that the client compares."""
VALUES: dict[str, Any] = {"timestamp": 1_767_225_600.5, "double": 0.5, "integer": 0}

Path = tuple[str | int, ...]


def sample(shape_name: str, member: str = "") -> Any:
    """Return a value of a shape with all its members; of a union, the first one."""
    shape = SHAPES[shape_name]
    kind = shape["type"]
    if shape.get("document"):
        return {"a": 1}
    if kind == "structure":
        members = dict(list(shape["members"].items())[: 1 if shape.get("union") else None])
        return {name: sample(each["shape"], name) for name, each in members.items()}
    if kind == "list":
        item = SHAPES[shape["member"]["shape"]]
        if item.get("union"):  # all of them
            return [{name: sample(to["shape"], name)} for name, to in item["members"].items()]
        return [sample(shape["member"]["shape"], member)]
    if kind == "map":
        return {"key": sample(shape["value"]["shape"])}
    if kind == "string":
        return TEXTS.get(member) or shape.get("enum", ["text"])[0]
    return VALUES[kind]


def answer(operation: str) -> dict[str, Any]:
    """Return an answer to *operation* that is the last page of its list."""
    body: dict[str, Any] = sample(MODEL["operations"][operation]["output"]["shape"])
    body.pop("nextToken", None)
    return body


def paths(value: Any, shape_name: str, start: Path = ()) -> Iterator[tuple[Path, bool]]:
    """Yield the path of each member in *value*, and whether the model requires it."""
    shape = SHAPES[shape_name]
    if shape["type"] == "structure" and not shape.get("document"):
        for name, inner in value.items():
            yield (*start, name), name in shape.get("required", ())
            yield from paths(inner, shape["members"][name]["shape"], (*start, name))
    elif shape["type"] == "map":
        for name, inner in value.items():
            yield (*start, name), False
            yield from paths(inner, shape["value"]["shape"], (*start, name))
    elif shape["type"] == "list":
        for place, inner in enumerate(value):
            yield from paths(inner, shape["member"]["shape"], (*start, place))


def members_of(operation: str) -> list[tuple[Path, bool]]:
    """Return the paths of all output members of *operation*, and whether each is required."""
    shape = MODEL["operations"][operation]["output"]["shape"]
    return list(paths(answer(operation), shape))


def without(body: dict[str, Any], path: Path, *, null: bool) -> dict[str, Any]:
    """Return *body* with a member set null, or taken out."""
    changed = deepcopy(body)
    at: Any = changed
    for step in path[:-1]:
        at = at[step]
    if null:
        at[path[-1]] = None
    else:
        del at[path[-1]]
    return changed
