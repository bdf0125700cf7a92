"""Requests of the 16 operations, as botocore's newest model would send them."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore
import pytest
from botocore.model import ServiceModel
from botocore.serialize import create_serializer

from agentcore_memory_async._wire import service_model
from agentcore_memory_async._wire.service_model.__main__ import main

if TYPE_CHECKING:
    from agentcore_memory_async._transport.botocore import BotocoreTransport

MODEL = ServiceModel(service_model.read("service-2"))
TIME = 1732310400.123
DATA = Path(botocore.__file__).parent / "data"
SOURCE = json.loads(
    (Path(service_model.__file__).parent / "data" / "source.json").read_text("utf-8")
)


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


@pytest.mark.parametrize("operation", service_model.OPERATIONS)
async def test_every_operation(transport: BotocoreTransport, service: Any, operation: str) -> None:
    """Method, URL and body are those of botocore's serializer, with times to the millisecond."""
    model = MODEL.operation_model(operation)
    params = example(model.input_shape)
    await transport(operation, params)
    (request,) = service.requests
    # Times as numbers, since the encoder of this botocore would truncate them.
    plain = service_model.read("service-2")
    for shape in plain["shapes"].values():
        shape["type"] = {"timestamp": "double"}.get(shape["type"], shape["type"])
    expected = create_serializer("rest-json", include_validation=False).serialize_to_request(
        params, ServiceModel(plain).operation_model(operation)
    )
    path = expected["url_path"]
    if expected["query_string"]:
        path += "?namespace=a%2Fb%20%23%C3%BC"
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


def test_the_model_has_the_sixteen_operations_and_no_prose() -> None:
    """The shipped model has the 16 operations and their shapes, without documentation."""
    assert list(service_model.OPERATIONS) == MODEL.operation_names
    assert "documentation" not in service_model.read_text("service-2")
    assert 16 == len(service_model.OPERATIONS)
    assert 6 == len(service_model.read("paginators-1")["pagination"])


def test_the_model_is_what_the_command_makes(capsys: pytest.CaptureFixture[str]) -> None:
    """The command reproduces the shipped files with the same version of botocore."""
    if botocore.__version__ == SOURCE["botocore"]:
        assert 0 == main(["--check"])
        assert "" == capsys.readouterr().out


def test_the_command_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command writes all files below its directory, and then finds no difference."""
    monkeypatch.setattr("agentcore_memory_async._wire.service_model.__main__._HERE", tmp_path)
    monkeypatch.setattr(
        "agentcore_memory_async._wire.service_model.__main__.OPERATIONS",
        ("CreateEvent", "ListEvents"),
    )
    assert 0 == main([str(DATA)])
    assert 0 == main(["--check", str(DATA)])
    assert 6 == len(list(tmp_path.rglob("*.json")))
