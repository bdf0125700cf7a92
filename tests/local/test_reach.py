"""Who may talk to the local service: programs of this machine, and no page of another one."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import pytest
from botocore.session import get_session

from agentcore_memory_async.local import LocalMemoryService, LocalServiceError
from agentcore_memory_async.local.__main__ import main
from tests.local.local_client import START

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.local_client import Client

BODY = (
    b'{"actorId":"a","sessionId":"s","eventTimestamp":1767225600,'
    b'"payload":[{"conversational":{"role":"USER","content":{"text":"hi"}}}]}'
)


async def _send(client: Client, **headers: str | None) -> tuple[int, str | None]:
    sent = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
    path = f"/memories/{client.memory}/events"
    reply = await client.send("POST", path, raw=BODY, headers=sent)
    return reply.status, reply.code


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost",
        "http://localhost:3000",
        "https://LOCALHOST:3000",
        "http://app.localhost:3000",
        "http://127.0.0.1:8080",
        "http://127.1.2.3",
        "http://[::1]:8080",
    ],
)
async def test_pages_of_this_machine_are_answered(client: Client, origin: str) -> None:
    """A page that this machine serves is as local as a program on it."""
    assert (201, None) == await _send(client, Origin=origin)


@pytest.mark.parametrize(
    "origin",
    [
        "http://203.0.113.7",
        "http://192.168.1.20:8080",
        "http://10.0.0.1",
        "http://0.0.0.0:8080",
        "http://[2001:db8::1]",
        "http://[::]",
        "http://169.254.169.254",
        "http://2130706433",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://evil.example:80@localhost",
        "https://evil.example",
        "null",
        "file://",
        "",
    ],
)
async def test_pages_of_other_machines_are_refused(client: Client, origin: str) -> None:
    """A page that is served at a name or an address of another machine is refused."""
    assert (403, "AccessDeniedException") == await _send(client, Origin=origin)
    assert [] == await client.texts(actor="a", session="s")


async def test_an_allowed_page_is_answered(serve: Callable[..., Any]) -> None:
    """allowed_hosts adds names and addresses."""
    async with serve(allowed_hosts=["app.test", "192.168.1.20"]) as client:
        for origin in ("http://app.test:3000", "http://192.168.1.20"):
            assert (201, None) == await _send(client, Origin=origin)


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/x-amz-json-1.0",
        "application/x-amz-json-1.1",
    ],
)
async def test_json_is_taken(client: Client, kind: str) -> None:
    """The types that SDKs declare are taken."""
    assert (201, None) == await _send(client, Content_Type=kind)


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=json",
        "application/octet-stream",
        "text/json",
        "application/jsonp",
        "",
    ],
)
@pytest.mark.parametrize("strict", [False, True])
async def test_other_types_are_refused(serve: Callable[..., Any], kind: str, strict: bool) -> None:
    """What a page may send without asking is refused with its reason, and nothing is stored."""
    async with serve(allowed_hosts=["*"] if strict else []) as client:
        assert (415, "UnsupportedMediaTypeException") == await _send(client, Content_Type=kind)
        assert [] == await client.texts(actor="a", session="s")


async def test_no_body_needs_no_type(client: Client) -> None:
    """GET, DELETE and an empty POST have nothing to declare."""
    event = await client.event_id()
    path = ("actor", "ann", "sessions", "s1", "events", event)
    assert 200 == (await client.call("GET", *path)).status
    assert 200 == (await client.call("DELETE", *path)).status
    assert 200 == (await client.send("POST", f"/memories/{client.memory}/actors")).status


async def test_botocore_is_answered() -> None:
    """Operations with a body, with an empty one and without one, as botocore sends them."""
    async with LocalMemoryService() as service:
        client = get_session().create_client(
            "bedrock-agentcore",
            region_name="us-west-2",
            endpoint_url=service.endpoint_url,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        key = {"memoryId": "chat-a1B2c3D4e5", "actorId": "ann", "sessionId": "s1"}

        async def call(operation: str, **members: Any) -> Any:
            function = partial(getattr(client, operation), **members)
            return await anyio.to_thread.run_sync(function)

        payload = [{"conversational": {"role": "USER", "content": {"text": "hi"}}}]
        created = await call("create_event", eventTimestamp=START, payload=payload, **key)
        event = key | {"eventId": created["event"]["eventId"]}
        assert created["event"]["payload"] == (await call("get_event", **event))["event"]["payload"]
        assert len((await call("list_events", **key))["events"]) == 1
        assert len((await call("list_actors", memoryId=key["memoryId"]))["actorSummaries"]) == 1
        assert await call("delete_event", **event)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "some-host"])
def test_a_service_that_others_reach_needs_allowed_hosts(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is refused with what to do, in process and as a command, which prints one line."""
    with pytest.raises(LocalServiceError, match="--allow-host"):
        anyio.run(LocalMemoryService(host=host).open)
    assert (1, 1) == (main(["--port", "0", "--host", host]), capsys.readouterr().err.count("\n"))


async def test_a_service_that_others_reach_warns(caplog: pytest.LogCaptureFixture) -> None:
    """With allowed hosts it starts, and logs that there is no authentication."""
    with caplog.at_level(logging.WARNING):
        async with LocalMemoryService(host="0.0.0.0", allowed_hosts=["memory.test"]):
            pass
    [message] = [record.message for record in caplog.records]
    assert "other machines reach 0.0.0.0, without authentication" in message


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost"])
async def test_a_service_of_this_machine_needs_nothing(
    host: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A loopback address starts without a warning."""
    async with LocalMemoryService(host=host):
        pass
    assert [] == [record.message for record in caplog.records if record.levelname == "WARNING"]
