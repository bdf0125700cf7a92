"""
Validation of every request to a local service, and of every response, by botocore's own model.

The models in ``models`` are unchanged copies from the botocore version in ``SOURCE``. An unknown
or missing member, a wrong type, and a violated limit or pattern are defects of the service, or of
the request that it accepted.
"""

from __future__ import annotations

import gzip
import json
import math
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async.local import RecordedExchange

MODELS = Path(__file__).with_name("models")
SOURCE = "1.44.5"
PATHS = (
    "bedrock-agentcore/2024-02-28/service-2.json.gz",
    "bedrock-agentcore-control/2023-06-05/service-2.json.gz",
)

OTHER_IDS = frozenset(
    {
        "mem-abc123def456",
        "mem-abc123",
        "arn:aws:bedrock-agentcore:us-west-2:123456789012:memory/mem-abc123def456",
    }
)
"""
Ids of the reference and of the tests that the service's pattern does not allow.

A service without ``strict`` takes them, and returns them.
"""

HTTP_ERRORS = frozenset({"RequestEntityTooLargeException", "ThrottledException"})
"""Errors of AWS's HTTP layer, which no operation of the model lists."""

LEFT_OUT = frozenset({"payload"})
"""Required members that includePayloads=false leaves out: seen on AWS."""


@cache
def model() -> dict[str, Any]:
    """Return botocore's operations, each with the shapes of its model."""
    operations: dict[str, Any] = {}
    for name in PATHS:
        document = json.loads(gzip.decompress((MODELS / name).read_bytes()))
        for operation, entry in document["operations"].items():
            operations[operation] = (entry, document["shapes"])
    return operations


def problems(exchange: RecordedExchange) -> list[str]:
    """Return how an exchange violates botocore's model."""
    entry, shapes = model()[exchange.operation]
    if exchange.fault is not None:
        return []
    found: list[str] = []
    check = Check(shapes, found)
    if exchange.error is None:
        if exchange.status != entry["http"].get("responseCode", 200):
            found.append(f"status {exchange.status}")
        if exchange.params.get("memoryId") not in OTHER_IDS:
            check.value(entry["input"]["shape"], exchange.params, "request")
        if "output" in entry and exchange.status != 204:
            check.value(entry["output"]["shape"], json.loads(exchange.body), "answer")
        return found
    body = json.loads(exchange.body)
    names = {error["shape"] for error in entry.get("errors", ())}
    if exchange.error in HTTP_ERRORS - names:
        return found
    if exchange.error not in names:
        return [f"{exchange.error} is not an error of {exchange.operation}"]
    shape = shapes[exchange.error]
    if exchange.status != shape["error"]["httpStatusCode"]:
        found.append(f"{exchange.error} with status {exchange.status}")
    check.value(exchange.error, body, "error")
    return found


def request_problems(operation: str, params: Mapping[str, Any]) -> list[str]:
    """Return how a request of the client violates botocore's model."""
    entry, shapes = model()[operation]
    found: list[str] = []
    if params.get("memoryId") not in OTHER_IDS:
        Check(shapes, found).value(entry["input"]["shape"], dict(params), "request")
    return [f"{operation}: {problem}" for problem in found]


class Check:
    """Checks JSON against the shapes of a model, with all constraints."""

    def __init__(self, shapes: dict[str, Any], found: list[str]) -> None:
        self.shapes = shapes
        self.found = found

    def say(self, path: str, text: str) -> None:
        """Add a problem."""
        self.found.append(f"{path}: {text}")

    def value(self, name: str, value: Any, path: str) -> None:
        """Check *value* against the shape of that name."""
        shape = self.shapes[name]
        kind = shape["type"]
        if shape.get("document"):
            return
        if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
            self.say(path, f"{value!r:.60} is no {kind}")
            return
        getattr(self, kind if kind in {"structure", "list", "map", "string"} else "plain")(
            shape, value, path
        )

    def structure(self, shape: dict[str, Any], value: dict[str, Any], path: str) -> None:
        """Check that members are known, required ones present, and one in a union."""
        given = {name: item for name, item in value.items() if item is not None}
        for name in shape.get("required", ()):
            if name not in given and not (name in LEFT_OUT and path.startswith("answer")):
                self.say(path, f"has no {name}")
        if shape.get("union") and len(given) != 1:
            self.say(path, f"has {len(given)} members of a union")
        by_name = {
            member.get("locationName", name): member["shape"]
            for name, member in shape["members"].items()
        }
        for name, item in given.items():
            if name in by_name:
                if item not in OTHER_IDS if isinstance(item, str) else True:
                    self.value(by_name[name], item, f"{path}.{name}")
            elif path.startswith("answer"):
                self.say(path, f"{name} is no member")

    def list(self, shape: dict[str, Any], value: list[Any], path: str) -> None:
        """Check a list and its items."""
        self.length(shape, len(value), path)
        for number, item in enumerate(value):
            self.value(shape["member"]["shape"], item, f"{path}[{number}]")

    def map(self, shape: dict[str, Any], value: dict[str, Any], path: str) -> None:
        """Check a map, its keys and its values."""
        self.length(shape, len(value), path)
        for key, item in value.items():
            self.value(shape["key"]["shape"], key, f"{path} key")
            self.value(shape["value"]["shape"], item, f"{path}[{key!r}]")

    def string(self, shape: dict[str, Any], value: str, path: str) -> None:
        """Check a string."""
        self.length(shape, len(value), path)
        if "enum" in shape and value not in shape["enum"]:
            self.say(path, f"{value!r} is none of {shape['enum']}")
        if "pattern" in shape and not re.fullmatch(shape["pattern"], value):
            self.say(path, f"{value!r:.80} is not of the form {shape['pattern']}")

    def plain(self, shape: dict[str, Any], value: float, path: str) -> None:
        """Check a number, a timestamp or a boolean."""
        if not math.isfinite(value):
            self.say(path, f"{value} is no number")
        elif not shape.get("min", -math.inf) <= value <= shape.get("max", math.inf):
            self.say(path, f"{value} is out of bounds")

    def length(self, shape: dict[str, Any], length: int, path: str) -> None:
        """Check a length."""
        if not shape.get("min", 0) <= length <= shape.get("max", math.inf):
            self.say(path, f"length {length} is out of bounds")


TYPES: dict[str, Any] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "double": (int, float),
    "float": (int, float),
    "timestamp": (int, float),
}
