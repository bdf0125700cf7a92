"""
Requests and answers of any operation, held against the shipped service model: pure, no await.

botocore would check required members, types and minimums only; this checks all that the model says:
lengths, ranges, patterns, enums and unions too. Errors show where something is wrong, never the
value, since it may be content.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, cast

from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async._wire import service_model
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.payloads import check_json
from agentcore_memory_async._wire.reading import Body, id_of, read
from agentcore_memory_async.errors import DecodeError

READS = ("Get", "List", "Retrieve")
"""What the names of operations that change nothing begin with."""
_NAME = re.compile(r"[a-zA-Z]{1,64}")
"""Names of members and operations, which errors may show."""


@functools.cache
def load() -> Mapping[str, Any]:
    """Return the shipped model; the first call reads a file, so make it in a thread."""
    return service_model.read("service-2")


def is_loaded() -> bool:
    """Return whether the model was read."""
    return load.cache_info().currsize > 0


def check_operation(value: object) -> str:
    """Check the wire name of an operation."""
    if not isinstance(value, str) or value not in load()["operations"]:
        what = f"{value!r}, which the service does not have" if _is_name(value) else "no wire name"
        check.refuse(f"operation is {what}; give one of its data plane, such as 'CreateEvent'")
    return check.plain(value)


def check_request(operation: str, params: object, memory_id: str) -> dict[str, Any]:
    """
    Return the members of a request as they are sent: a copy, with the memory and a client token.

    Args:
        operation: Wire name of the operation, which is known.
        params: Members as the caller gave them; an aware datetime is a time, too.
        memory_id: Id or ARN of the memory, for requests that name none.
    """
    shape = _shape(load()["operations"][operation]["input"]["shape"])
    if not isinstance(params, Mapping):
        check.refuse(f"params is {check.kind(params)}; give a mapping of the members")
    given = dict(cast("Mapping[object, object]", params))
    asked = given.pop("memoryId", memory_id)
    if not isinstance(asked, str) or check.short_memory_id(asked) != check.short_memory_id(
        memory_id
    ):
        check.refuse(
            "params.memoryId is not the memory of this manager; make a manager for it, or leave "
            "the member out"
        )
    # The manager has checked its id, and the local service takes any.
    request = {"memoryId": memory_id, **_members(shape, given, "params", {"memoryId"})}
    for name, member in shape["members"].items():
        if member.get("idempotencyToken"):
            token = request.setdefault(name, random_id())
            check.check_client_token(token, f"params.{name}")
    return request


def read_answer(operation: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return *body* if it has any of what the operation promises: else it acknowledges nothing."""
    promised = _shape(load()["operations"][operation]["output"]["shape"]).get("required", ())
    if promised and all(body.get(name) is None for name in promised):
        raise DecodeError(operation, f"it has no {' or '.join(promised)}", body, parsed=True)
    if "event" in promised:
        read(operation, body["event"], "event", _event_id)
    return body


def deleted(operation: str, request: Body) -> dict[str, Any] | None:
    """Return the answer to what deletes one thing, which repeats its id; None for the others."""
    model = load()["operations"][operation]
    if model["http"]["method"] != "DELETE":
        return None
    return {name: request[name] for name in _shape(model["output"]["shape"])["members"]}


def _event_id(event: Body) -> str:
    return id_of(event, "eventId")


def _is_name(value: object) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _shape(name: str) -> Mapping[str, Any]:
    shape: Mapping[str, Any] = load()["shapes"][name]
    return shape


def _value(name: str, value: object, path: str) -> Any:
    """Return a value as it is sent, checked against the shape *name*."""
    shape = _shape(name)
    if value is None:
        check.refuse(f"{path} is None, which the service does not take; leave it out")
    if shape.get("document"):
        check_json(path, value)
        return json.loads(json.dumps(value))
    return _CHECKS[shape["type"]](shape, value, path)


def _structure(shape: Mapping[str, Any], value: object, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        check.refuse(f"{path} is {check.kind(value)}; give a mapping of its members")
    given = dict(cast("Mapping[object, object]", value))
    if shape.get("union") and len(given) != 1:
        names = " or ".join(shape["members"])
        check.refuse(f"{path} has {len(given)} members; give exactly one: {names}")
    return _members(shape, given, path)


def _members(
    shape: Mapping[str, Any],
    given: Mapping[object, object],
    path: str,
    known: frozenset[str] | set[str] = frozenset(),
) -> dict[str, Any]:
    """Return the members of a structure; the *known* ones are not among *given*."""
    members = {name: each for name, each in shape["members"].items() if name not in known}
    for name in given:
        if name not in members:
            what = f"the member {name!r}" if _is_name(name) else "a member"
            check.refuse(f"{path} has {what}; the service takes: {', '.join(members)}")
    for name in shape.get("required", ()):
        if name not in known and given.get(name) is None:
            check.refuse(f"{path}.{name} is missing; the service requires it")
    names = cast("Mapping[str, object]", given)
    return {
        check.plain(name): _value(members[name]["shape"], each, f"{path}.{name}")
        for name, each in names.items()
    }


def _list(shape: Mapping[str, Any], value: object, path: str) -> list[Any]:
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        check.refuse(f"{path} is {check.kind(value)}; give a list")
    items = list(cast("Sequence[object]", value))
    _check_range(shape, len(items), path, "items")
    inner = shape["member"]["shape"]
    return [_value(inner, item, f"{path}[{place}]") for place, item in enumerate(items)]


def _map(shape: Mapping[str, Any], value: object, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        check.refuse(f"{path} is {check.kind(value)}; give a mapping")
    entries = dict(cast("Mapping[object, object]", value))
    _check_range(shape, len(entries), path, "entries")
    checked: dict[str, Any] = {}
    for key, item in entries.items():
        name = _value(shape["key"]["shape"], key, f"a key of {path}")
        checked[name] = _value(shape["value"]["shape"], item, f"{path}[{name!r}]")
    return checked


def _string(shape: Mapping[str, Any], value: object, path: str) -> str:
    if not isinstance(value, str):
        check.refuse(f"{path} is {check.kind(value)}; give a str")
    _check_range(shape, len(value), path, "characters")
    allowed = shape.get("enum")
    if allowed and value not in allowed:
        check.refuse(f"{path} has an unknown value; give one of: {', '.join(allowed)}")
    pattern = shape.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        check.refuse(f"{path} has a wrong form; give text that matches {pattern}")
    check.check_utf8(path, value)
    return check.plain(value)


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


def _boolean(_: Mapping[str, Any], value: object, path: str) -> bool:
    return check.check_bool(path, value)


def _integer(shape: Mapping[str, Any], value: object, path: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        check.refuse(f"{path} is {check.kind(value)}; give an int")
    _check_range(shape, value, path, "")
    return int(value)


def _double(_: Mapping[str, Any], value: object, path: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not _is_finite(value):
        check.refuse(f"{path} is {check.kind(value)}; give a finite number")
    return float(value)


def _is_finite(number: float) -> bool:
    """Return whether JSON has *number*: no int beyond the largest float, either."""
    with suppress(OverflowError):
        return math.isfinite(number)
    return False


def _timestamp(_: Mapping[str, Any], value: object, path: str) -> float:
    """Return a time in seconds since 1970, with milliseconds, as the service keeps it."""
    if isinstance(value, datetime):
        return check.check_timestamp(value, path) / 1000
    seconds = _double({}, value, path)
    if not 0 <= seconds * 1000 <= check.LATEST_MS:
        check.refuse(f"{path} is out of range; give seconds from 1970 to the end of the year 9999")
    return round(seconds * 1000) / 1000


def _check_range(shape: Mapping[str, Any], size: int, path: str, unit: str) -> None:
    least, most = shape.get("min", 0), shape.get("max")
    if size < least or (most is not None and size > most):
        limit = f"{least:,} or more" if most is None else f"{least:,} to {most:,}"
        what = f"has {size:,} {unit}" if unit else "is out of range"
        check.refuse(f"{path} {what}; give {limit}")


_CHECKS: dict[str, Callable[[Mapping[str, Any], object, str], Any]] = {
    "boolean": _boolean,
    "double": _double,
    "integer": _integer,
    "list": _list,
    "map": _map,
    "string": _string,
    "structure": _structure,
    "timestamp": _timestamp,
}
"""What checks a value, by the type of its shape."""
