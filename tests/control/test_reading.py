"""Answers of the control plane with every member of the model taken out, nulled or changed."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import DecodeError, Memory, NotFoundError, ValidationError
from agentcore_memory_async._wire import memory_codec, service_model
from agentcore_memory_async._wire.service_model import CONTROL
from agentcore_memory_async._wire.unreadable import check_on_unreadable
from agentcore_memory_async.testing import FakeTransport
from tests.control.doubles import control_on

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL = service_model.read("service-2", CONTROL)
SHAPES: dict[str, Any] = MODEL["shapes"]
VALUES: dict[str, Any] = {"timestamp": 1_767_225_600.5, "double": 0.5, "integer": 5}
OVERRIDES = SHAPES["OverrideType"]["enum"]
NEEDED = {
    ("memory",),
    ("memory", "id"),
    ("memory", "arn"),
    ("memory", "name"),
    ("memory", "status"),
    ("memory", "eventExpiryDuration"),
}
"""Members without which an answer with a memory is none."""
SCHEMA = ("memory", "strategies", 0, "memoryRecordSchema", "metadataSchema", 0)
IDENTIFYING = {
    *(("memory", "strategies", 0, name) for name in ("strategyId", "name", "type")),
    (*SCHEMA, "key"),
    ("memory", "indexedKeys", 0, "key"),
    ("memory", "namespaceKeys", 0, "key"),
}
"""Members without which an item of a list is none."""


def sample(shape_name: str, member: str = "") -> Any:
    """Return a value of a shape with all its members, of a union too."""
    shape = SHAPES[shape_name]
    kind = shape["type"]
    if kind == "structure":
        return {name: sample(each["shape"], name) for name, each in shape["members"].items()}
    if kind == "list":
        return [sample(shape["member"]["shape"], member)]
    if kind == "map":
        return {"key": sample(shape["value"]["shape"])}
    if kind == "string":
        return shape.get("enum", [f"the {member}"])[0]
    return VALUES[kind]


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the paths of all members of objects, however deep."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield (*path, name)
            yield from paths(item, (*path, name))
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield from paths(item, (*path, place))


def bodies(override: str) -> dict[str, Any]:
    """Return an answer with a memory whose strategy has steps of a kind of override."""
    body: dict[str, Any] = sample("GetMemoryOutput")
    body["memory"]["strategies"][0]["configuration"]["type"] = override
    if override != "SELF_MANAGED":
        del body["memory"]["strategies"][0]["configuration"]["selfManagedConfiguration"]
    return body


def read(body: Any) -> Memory:
    """Read an answer; a strategy that cannot be read is an error."""
    return memory_codec.read_memory("GetMemory", body, check_on_unreadable("raise"))


@pytest.mark.parametrize("override", OVERRIDES)
def test_every_member_of_the_model_is_read(override: str) -> None:
    """A memory with everything is read, and nothing of it is unknown."""
    memory = read(bodies(override))
    (strategy,) = memory.strategies
    assert (memory.extra, strategy.extra) == ({}, {})
    assert strategy.configuration is not None
    assert not isinstance(strategy.configuration, dict)
    assert memory.stream_delivery[0].data_stream_arn == "the dataStreamArn"
    assert strategy.record_schema[0].definition == "the definition"
    assert None not in (memory.failure_reason, memory.description, memory.created_at)


@pytest.mark.parametrize("override", OVERRIDES)
@pytest.mark.parametrize("change", ["absent", "null"])
def test_a_member_that_is_left_out_hides_nothing_else(override: str, change: str) -> None:
    """Only what identifies a memory or an item is needed; all else may be absent or null."""
    body = bodies(override)
    for path in paths(body):
        changed = deepcopy(body)
        holder: Any = changed
        for step in path[:-1]:
            holder = holder[step]
        if change == "null":
            holder[path[-1]] = None
        else:
            del holder[path[-1]]
        if path[-3:] == ("metadataSchema", 0, "key") and path not in IDENTIFYING:
            continue  # of a step that is read with some kinds only
        if path in NEEDED | IDENTIFYING:
            with pytest.raises(DecodeError):
                read(changed)
        else:
            assert read(changed).memory_id == "the id"


@pytest.mark.parametrize("wrong", [5, "text", [], {}, True, [5], float("inf")])
def test_a_member_of_another_form_is_read_or_unreadable(wrong: Any) -> None:
    """Whatever an answer has, there is a memory or a DecodeError."""
    for override in OVERRIDES:
        body = bodies(override)
        for path in paths(body):
            changed = deepcopy(body)
            holder: Any = changed
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = wrong
            with suppress(DecodeError):
                read(changed)


async def test_a_fake_transport_refuses_as_the_service_does() -> None:
    """What is deleted is not found, and a name is taken once, with the status codes of both."""
    async with control_on(FakeTransport()) as control:
        memory = await control.create_memory("chat", wait=False)
        with pytest.raises(ValidationError) as taken:
            await control.create_memory("chat", wait=False)
        await control.delete_memory(memory, wait=False)
        with pytest.raises(NotFoundError) as gone:
            await control.get_memory(memory)
    assert (400, 404) == (taken.value.status, gone.value.status)
