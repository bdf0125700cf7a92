"""Requests of any operation are held against all that the shipped model says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async import InvalidInputError
from agentcore_memory_async._wire import requests, service_model

MEMORY = "chat-a1B2c3D4e5"
MODEL = service_model.read("service-2")
SHAPES: dict[str, Any] = MODEL["shapes"]
TEXTS = {"EventId": "1#a", "MemoryRecordId": "mem-" + "0" * 36}
"""Texts of the forms that a plain letter does not have."""
NUMBERS = st.integers(-5, 200) | st.floats() | st.booleans()
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | NUMBERS | st.text(max_size=3) | st.binary(max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=4,
)


def valid(name: str) -> Any:
    """Return a value of a shape with all its members; of a union, the first one."""
    shape = SHAPES[name]
    if shape.get("document"):
        return {"k": [1, None]}
    kind = shape["type"]
    if kind == "structure":
        members = list(shape["members"].items())[: 1 if shape.get("union") else None]
        return {key: valid(member["shape"]) for key, member in members}
    if kind == "list":
        return [valid(shape["member"]["shape"])]
    if kind == "map":
        return {valid(shape["key"]["shape"]): valid(shape["value"]["shape"])}
    if kind == "string":
        return TEXTS.get(name) or shape.get("enum", ["a" * max(1, shape.get("min", 1))])[0]
    return {"timestamp": 1.5, "double": 0.5, "boolean": True}.get(kind, max(1, shape.get("min", 1)))


def whole(operation: str) -> dict[str, Any]:
    """Return a request with all members."""
    request: dict[str, Any] = valid(MODEL["operations"][operation]["input"]["shape"])
    return {**request, "memoryId": MEMORY}


def places(name: str, value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], str]]:
    """Return the path and the shape of every value in *value*, which is of the shape *name*."""
    shape = SHAPES[name]
    found = [(path, name)]
    if shape.get("document"):
        return found
    if shape["type"] == "structure":
        for key, each in value.items():
            found += places(shape["members"][key]["shape"], each, (*path, key))
    elif shape["type"] == "list":
        found += places(shape["member"]["shape"], value[0], (*path, 0))
    elif shape["type"] == "map":
        key = next(iter(value))
        found += places(shape["value"]["shape"], value[key], (*path, key))
    return found


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return *value* with *new* at *path*."""
    if not path:
        return new
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[path[0]] = replaced(value[path[0]], path[1:], new)
    return changed


def places_of(operation: str) -> list[tuple[tuple[Any, ...], str]]:
    """Return every place of a request, less the memory, which the manager has checked."""
    found = places(MODEL["operations"][operation]["input"]["shape"], whole(operation))
    return [(path, name) for path, name in found if path != ("memoryId",)]


PLACES = [(name, path) for name in MODEL["operations"] for path, _ in places_of(name)]
"""Every place of every operation's request."""


def refuses(operation: str, params: Any) -> bool:
    """Return whether the request is refused."""
    try:
        requests.check_request(operation, params, MEMORY)
    except InvalidInputError:
        return True
    return False


@pytest.mark.parametrize("operation", MODEL["operations"])
def test_a_whole_request_is_sent_as_it_is(operation: str) -> None:
    """A request with every member of the model comes out as it went in."""
    assert whole(operation) == requests.check_request(operation, whole(operation), MEMORY)


def sized(name: str, size: int) -> Any:
    """Return a value of a shape that has a length or range, of that size."""
    shape, value = SHAPES[name], valid(name)
    if shape["type"] == "string":
        return (value + value[-1] * size)[:size]
    return [valid(shape["member"]["shape"])] * size if shape["type"] == "list" else size


@pytest.mark.parametrize("operation", MODEL["operations"])
def test_every_limit_of_the_model_is_held(operation: str) -> None:
    """A value at a limit of the model is sent, and one beyond it is refused, at every place."""
    request = whole(operation)
    for path, name in places_of(operation):
        shape = SHAPES[name]
        if shape["type"] not in {"string", "list", "integer"} or "enum" in shape:
            continue
        for limit, beyond in ((shape.get("min"), -1), (shape.get("max"), 1)):
            if limit is not None:
                assert not refuses(operation, replaced(request, path, sized(name, limit))), path
            if limit is not None and limit + beyond >= 0:
                past = sized(name, limit + beyond)
                assert refuses(operation, replaced(request, path, past)), path


@pytest.mark.parametrize("operation", MODEL["operations"])
def test_what_has_another_form_is_refused(operation: str) -> None:
    """Text of another form, an unknown value, and None are refused at every place."""
    request = whole(operation)
    for path, name in places_of(operation):
        shape = SHAPES[name]
        if "pattern" in shape and name != "NonBlankString":
            text = "!" * max(1, shape.get("min", 1))
            assert refuses(operation, replaced(request, path, text)), path
        if "enum" in shape:
            assert refuses(operation, replaced(request, path, "OTHER_VALUE")), path
        assert refuses(operation, replaced(request, path, None)), path


@pytest.mark.parametrize("operation", MODEL["operations"])
def test_structures_have_the_members_of_the_model(operation: str) -> None:
    """An unknown member, a required one that is missing, and an empty union are refused."""
    request = whole(operation)
    for path, name in places_of(operation):
        shape = SHAPES[name]
        if shape["type"] != "structure" or shape.get("document"):
            continue
        members = {**valid(name)}
        assert refuses(operation, replaced(request, path, {**members, "newMember": 1})), path
        for required in set(shape.get("required", ())) - {"memoryId"}:
            left = {key: each for key, each in members.items() if key != required}
            assert refuses(operation, replaced(request, path, left)), (path, required)
        if shape.get("union"):
            assert refuses(operation, replaced(request, path, {})), path


@given(place=st.sampled_from(PLACES), value=ANYTHING)
def test_what_botocore_refuses_is_refused(place: tuple[str, tuple[Any, ...]], value: Any) -> None:
    """Whatever botocore's own validator refuses is refused here, and is never another error."""
    operation, path = place
    params = replaced(whole(operation), path, value)
    if isinstance(params, dict):
        params["memoryId"] = MEMORY
    shape = ServiceModel(MODEL).operation_model(operation).input_shape
    refused = refuses(operation, params)
    if ParamValidator().validate(params, shape).has_errors():
        assert refused


@pytest.mark.parametrize(
    ("given_time", "sent"),
    [
        (0, 0.0),
        (1.0005, 1.0),
        (1.0006, 1.001),
        (253_402_300_799.999, 253_402_300_799.999),
        (datetime(2026, 1, 1, 0, 0, 0, 1999, tzinfo=UTC), 1_767_225_600.001),
    ],
)
def test_times_are_milliseconds(given_time: object, sent: float) -> None:
    """Numbers and datetimes are sent as seconds with three decimals."""
    params = {"actorId": "a", "payload": [], "eventTimestamp": given_time}
    assert sent == requests.check_request("CreateEvent", params, MEMORY)["eventTimestamp"]
