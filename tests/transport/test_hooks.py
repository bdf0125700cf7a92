"""Hooks on the events of the caller's session: what they see, and what they change."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore import auth
from botocore.exceptions import ClientError

from agentcore_memory_async._transport.botocore import BotocoreTransport
from agentcore_memory_async.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.transport.conftest import Service

    Hook = Callable[..., None]

IDS = {"memoryId": "m-a1B2c3D4e5", "actorId": "a", "sessionId": "s"}
"""Members that name a session."""
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("ListActors", "list_actors", {"memoryId": "m-a1B2c3D4e5"}),
    (
        "CreateEvent",
        "create_event",
        {**IDS, "eventTimestamp": 1.5, "payload": [{"blob": "x"}], "clientToken": "t" * 36},
    ),
]
"""Operations, their methods, and members."""


def watched(operation: str) -> tuple[AioSession, list[str]]:
    """Return a session, and the names of the events of its calls of *operation*, so far."""
    session, seen = AioSession(), list[str]()

    def record(event_name: str, **_: Any) -> None:
        seen.append(event_name)

    session.register(f"*.bedrock-agentcore.{operation}", record)
    session.register("response-received.bedrock-agentcore", record)
    return session, seen


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(("operation", "method", "members"), CALLS)
async def test_events_are_those_of_a_plain_client(
    service: Service, status: int, operation: str, method: str, members: dict[str, Any]
) -> None:
    """A call emits the events that one of aiobotocore's client does, in the same order."""
    service.status = status
    session, plain = watched(operation)
    config = AioConfig(retries={"total_max_attempts": 1, "mode": "standard"})
    client = session.create_client(
        "bedrock-agentcore", "us-west-2", endpoint_url=service.url, config=config
    )
    async with client as opened:
        try:
            await getattr(opened, method)(**members)
        except ClientError:
            assert status > 200
    session, ours = watched(operation)
    async with BotocoreTransport(aws_session=session, endpoint_url=service.url) as transport:
        try:
            await transport(operation, members)
        except ServiceError:
            assert status > 200
    assert "before-send" in [name.partition(".")[0] for name in ours]
    assert plain == ours


async def test_what_hooks_change_is_sent(service: Service) -> None:
    """Members, headers before the signature, and headers after it are sent as hooks left them."""
    session = AioSession()

    def choose(params: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**params, "maxResults": 7}

    def sign(request: Any, **_: Any) -> None:
        request.headers["X-Before"] = "signed"

    def send(request: Any, **_: Any) -> None:
        request.headers["X-After"] = "unsigned"

    session.register("provide-client-params.bedrock-agentcore.ListActors", choose)
    session.register("before-sign.bedrock-agentcore.ListActors", sign)
    session.register("before-send.bedrock-agentcore.ListActors", send)
    async with BotocoreTransport(aws_session=session, endpoint_url=service.url) as transport:
        await transport("ListActors", {"memoryId": "m-a1B2c3D4e5"})
    request = service.requests[0]
    signed = request.headers["Authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    assert {"maxResults": 7} == json.loads(request.body)
    assert ("signed", "unsigned") == (request.headers["X-Before"], request.headers["X-After"])
    assert "x-before" in signed
    assert "x-after" not in signed


def chunked(request: Any, **_: Any) -> None:
    """Send the body in chunks."""
    request.headers["Transfer-Encoding"] = "chunked"
    del request.headers["Content-Length"]


def header(name: str, value: str) -> Hook:
    """Return a hook that sets a header."""

    def hook(request: Any, **_: Any) -> None:
        request.headers[name] = value

    return hook


def unsigned_payload(request: Any, **_: Any) -> None:
    """Leave the body out of the signature."""
    request.context["payload_signing_enabled"] = False


def no_branch(params: dict[str, Any], **_: Any) -> None:
    """Set a member that has no value."""
    params["branch"] = None


CHANGES: dict[str, tuple[str, Hook]] = {
    "date": ("before-sign", header("Date", "x")),
    "token": ("before-sign", header("X-Amz-Security-Token", "a token")),
    "unsigned payload": ("before-sign", unsigned_payload),
    "chunks": ("before-send", chunked),
    "a member without a value": ("before-parameter-build", no_branch),
}
"""Changes that hooks make, and their events."""


@pytest.mark.parametrize("change", CHANGES)
async def test_what_hooks_change_is_sent_as_a_plain_client_sends_it(
    service: Service, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """The bytes and the signed headers of a changed request are those of aiobotocore's client."""
    at = datetime(2026, 11, 28, 23, 59, 59, tzinfo=UTC)
    monkeypatch.setattr(auth, "get_current_datetime", lambda *_, **__: at)
    event, hook = CHANGES[change]
    session = AioSession()
    session.register(f"{event}.bedrock-agentcore", hook)
    operation, method, members = CALLS[1]
    config = AioConfig(parameter_validation=False)
    client = session.create_client(
        "bedrock-agentcore", "us-west-2", endpoint_url=service.url, config=config
    )
    async with client as opened:
        await getattr(opened, method)(**members)
    async with BotocoreTransport(aws_session=session, endpoint_url=service.url) as transport:
        await transport(operation, members)
    plain, ours = service.requests
    of_each = {"User-Agent", "amz-sdk-invocation-id", "amz-sdk-request"}
    for request in service.requests:
        request.headers = {
            name: value for name, value in request.headers.items() if name not in of_each
        }
    assert plain == ours


async def test_a_hook_sees_and_changes_the_headers_of_an_answer(service: Service) -> None:
    """Their names are in lower case, and what it sets is what counts."""
    session, seen = AioSession(), dict[str, str]()

    def change(response_dict: dict[str, Any], **_: Any) -> None:
        seen.update(dict(response_dict["headers"]))
        response_dict["headers"]["X-Amzn-RequestId"] = "mine"

    session.register("before-parse.bedrock-agentcore", change)
    async with BotocoreTransport(aws_session=session, endpoint_url=service.url) as transport:
        answer = await transport("ListActors", {"memoryId": "m-a1B2c3D4e5"})
    assert "rq-1" == seen["x-amzn-requestid"]
    assert "mine" == answer.request_id


@pytest.mark.parametrize("event", ["request-created", "before-call", "before-parameter-build"])
async def test_each_hook_may_be_a_coroutine_function(service: Service, event: str) -> None:
    """A hook that is a coroutine function is awaited before the call goes on."""
    session, order = AioSession(), list[str]()

    async def hook(**_: Any) -> None:
        order.append(f"{event} {len(service.requests)}")

    session.register(f"{event}.bedrock-agentcore", hook)
    async with BotocoreTransport(aws_session=session, endpoint_url=service.url) as transport:
        await transport("ListActors", {"memoryId": "m-a1B2c3D4e5"})
    assert [f"{event} 0"] == order


async def test_hooks_after_a_call_see_its_answer(service: Service) -> None:
    """A hook for ``after-call`` sees status and request id, of an error its code, too."""
    session, seen = AioSession(), list[tuple[int, int, str, str | None]]()

    def record(http_response: Any, parsed: Any, **_: Any) -> None:
        told = parsed["ResponseMetadata"]
        code = parsed.get("Error", {}).get("Code")
        seen.append((http_response.status_code, told["HTTPStatusCode"], told["RequestId"], code))

    session.register("after-call.bedrock-agentcore", record)
    async with BotocoreTransport(aws_session=session, endpoint_url=service.url) as transport:
        await transport("ListActors", {"memoryId": "m-a1B2c3D4e5"})
        service.status, service.headers = 400, {"x-amzn-errortype": "ValidationException"}
        with pytest.raises(ServiceError):
            await transport("ListActors", {"memoryId": "m-a1B2c3D4e5"})
    assert [(200, 200, "rq-1", None), (400, 400, "rq-1", "ValidationException")] == seen
