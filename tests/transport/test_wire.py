"""Requests of every operation, as botocore's newest model would send them."""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.model import ServiceModel
from botocore.serialize import create_serializer

from agentcore_memory_async._transport.botocore import BotocoreTransport
from agentcore_memory_async._wire import service_model

TIME = 1732310400.123
EVERY_OPERATION = [
    (service, operation)
    for service, operations in service_model.OPERATIONS_BY_SERVICE.items()
    for operation in operations
]


def example(shape: Any, depth: int = 0) -> Any:
    """Return a value with every member of *shape*, or the first one of a union."""
    if getattr(shape, "is_document_type", False):
        return {"any": [1, 2.5, None, True, {"deep": "ü"}]}
    if shape.type_name == "structure":
        members = dict(shape.members)
        if getattr(shape, "is_tagged_union", False):
            members = dict([next(iter(members.items()))])
        return {name: example(member, depth + 1) for name, member in members.items()}
    if shape.type_name == "list":
        return [example(shape.member, depth + 1)]
    if shape.type_name == "map":
        return {"key": example(shape.value, depth + 1)}
    values = {"integer": 7, "double": 0.5, "boolean": True, "timestamp": TIME, "string": "a/b #ü"}
    return values[shape.type_name]


@pytest.mark.parametrize(("name", "operation"), EVERY_OPERATION)
async def test_every_operation(service: Any, name: str, operation: str) -> None:
    """Method, URL and body are those of botocore's serializer, with times to the millisecond."""
    # Times as numbers, since the encoder of this botocore would truncate them.
    plain = service_model.read("service-2", name)
    for shape in plain["shapes"].values():
        shape["type"] = {"timestamp": "double"}.get(shape["type"], shape["type"])
    shapes = ServiceModel(service_model.read("service-2", name))
    params = example(shapes.operation_model(operation).input_shape)
    async with BotocoreTransport(endpoint_url=service.url, service=name) as transport:
        await transport(operation, params)
    (request,) = service.requests
    expected = create_serializer("rest-json", include_validation=False).serialize_to_request(
        params, ServiceModel(plain).operation_model(operation)
    )
    query = urlencode(expected["query_string"], doseq=True).replace("+", "%20")
    path = expected["url_path"] + (f"?{query}" if query else "")
    assert (expected["method"], path) == (request.method, request.path)
    assert json.loads(expected["body"] or "null") == (request.json if request.body else None)
    if b"imestamp" in request.body:
        assert b"1732310400.123" in request.body


@pytest.mark.parametrize("time", [0.001, 1.0, 1732310400.999, 1732310400.0, 4102444799.999])
async def test_timestamps(transport: BotocoreTransport, service: Any, time: float) -> None:
    """A timestamp is sent as the given JSON number, to the millisecond."""
    await transport("CreateEvent", {"memoryId": "m", "eventTimestamp": time, "payload": []})
    assert time == service.requests[0].json["eventTimestamp"]
    assert json.dumps(time) in service.requests[0].body.decode()


@pytest.mark.parametrize("content", [{"a": {"b": [1, None]}}, [1, "x"], "text", 1.5, None, False])
async def test_documents(transport: BotocoreTransport, service: Any, content: Any) -> None:
    """JSON of any form is sent unchanged."""
    payload = [{"json": {"content": content}}, {"blob": content}]
    await transport("CreateEvent", {"memoryId": "m", "payload": payload})
    assert payload == service.requests[0].json["payload"]


async def test_ids_are_encoded(transport: BotocoreTransport, service: Any) -> None:
    """Ids in the path are percent-encoded completely."""
    ids = {"memoryId": "m", "actorId": "org/al:ice", "sessionId": "s%2F", "eventId": "1#ab"}
    await transport("GetEvent", ids)
    path = "/memories/m/actor/org%2Fal%3Aice/sessions/s%252F/events/1%23ab"
    assert path == service.requests[0].path


async def test_the_token_of_the_caller_is_sent(transport: BotocoreTransport, service: Any) -> None:
    """A client token of the caller is sent unchanged."""
    await transport("CreateEvent", {"memoryId": "m", "payload": [], "clientToken": "t" * 36})
    assert "t" * 36 == service.requests[0].json["clientToken"]


async def test_nothing_is_logged_of_contents(
    transport: BotocoreTransport, service: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Logs and reprs show neither texts nor credentials."""
    caplog.set_level(logging.DEBUG, logger="agentcore_memory_async")
    service.body = b'{"event": {"payload": "ANSWERCANARY"}}'
    payload = [{"conversational": {"content": {"text": "TEXTCANARY"}, "role": "USER"}}]
    answer = await transport("CreateEvent", {"memoryId": "m", "payload": payload})
    shown = caplog.text + repr(answer) + str(answer) + repr(transport)
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("agentcore_memory_async")]
    assert ours
    assert "CANARY" not in "".join(ours) + repr(answer) + repr(transport)
    assert "38 bytes" in shown


async def test_the_answer(transport: BotocoreTransport, service: Any) -> None:
    """The answer has the wire JSON unchanged, with members unknown to botocore's model."""
    service.status = 201
    service.body = b'{"eventId": "1#a", "newMember": {"x": 1.25}, "eventTimestamp": 17.5}'
    service.headers = {"Date": "Sun, 22 Nov 2026 20:00:00 GMT"}
    answer = await transport("DeleteEvent", dict.fromkeys(["memoryId", "actorId"], "m") | IDS)
    assert {"eventId": "1#a", "newMember": {"x": 1.25}, "eventTimestamp": 17.5} == answer.body
    assert (201, "rq-1", 68) == (answer.status, answer.request_id, answer.size)
    assert answer.date is not None
    assert "2026-11-22T20:00:00+00:00" == answer.date.isoformat()


async def test_the_answer_has_the_delay_that_a_local_service_tells(
    transport: BotocoreTransport, service: Any
) -> None:
    """The header of the local service reaches the answer, and without it there is no delay."""
    service.body = b"{}"
    plain = await transport("DeleteEvent", dict.fromkeys(["memoryId", "actorId"], "m") | IDS)
    service.headers = {"X-AgentCore-Local-Extraction-Delay": "0.500"}
    told = await transport("DeleteEvent", dict.fromkeys(["memoryId", "actorId"], "m") | IDS)
    assert (None, 0.5) == (plain.extraction_delay_s, told.extraction_delay_s)


IDS = {"sessionId": "s", "eventId": "1#a"}
