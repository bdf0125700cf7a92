"""The admin API over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from agentcore_memory_async.local import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.local_client import Client, Reply

JSON = {"Content-Type": "application/json"}


async def ask(client: Client, method: str, name: str, **members: Any) -> Reply:
    """Send a request to the admin API."""
    body = members if method != "GET" else None
    return await client.send(method, f"/_local/{name}", body, headers=JSON)


async def test_it_is_off_by_default(client: Client) -> None:
    """Without admin=True its paths are unknown operations."""
    reply = await ask(client, "GET", "state")
    assert (reply.status, reply.code) == (404, "UnknownOperationException")


async def test_it_returns_the_state(serve: Callable[..., Any]) -> None:
    """It returns rows, clock, faults and pending sessions, and the requests so far."""
    async with serve(admin=True, extraction_delay=60) as client:
        await client.create("I live in Turin.")
        client.service.fail("ThrottledException", operation="ListActors", times=1)
        state = (await ask(client, "GET", "state")).body
        assert state["rows"]["events"] == 1
        assert state["pendingSessions"] == 1
        assert state["clock"] == client.clock.now()
        assert [fault["code"] for fault in state["faults"]] == ["ThrottledException"]
        calls = (await ask(client, "GET", "calls")).body["calls"]
        assert calls[0]["operation"] == "CreateEvent"


async def test_it_injects_faults_and_ends_them(serve: Callable[..., Any]) -> None:
    """All kinds of faults can be injected over HTTP."""
    async with serve(admin=True) as client:
        made = await ask(client, "POST", "faults", code="ServiceException", operation="ListActors")
        assert made.body["fault"]["status"] == 500
        assert (await client.call("POST", "actors")).status == 500
        assert (await ask(client, "DELETE", "faults")).status == 200
        assert (await client.call("POST", "actors")).status == 200
        await ask(client, "POST", "faults", kind="lost-after", operation="CreateEvent", times=1)
        with pytest.raises(aiohttp.ClientError):
            await client.create()
        await ask(client, "POST", "faults", kind="cut-body", operation="ListActors", times=1)
        assert len((await client.call("POST", "actors")).raw) < 20
        await ask(client, "POST", "faults", kind="extraction", strategy="facts", times=1)
        await client.create("I live in Turin.")
        await ask(client, "POST", "drain")
        jobs = (await client.call("POST", "extractionJobs")).body["jobs"]
        assert [job["failureReason"] for job in jobs] == ["LTM_RATE_EXCEEDED"]


async def test_a_misspelled_member_of_a_fault_is_refused(serve: Callable[..., Any]) -> None:
    """It would be a fault of every operation."""
    async with serve(admin=True) as client:
        made = await ask(client, "POST", "faults", op="ListActors")
        assert made.status == 400
        assert "op" in made.body["message"]
        assert (await client.call("POST", "actors")).status == 200


async def test_it_moves_the_clock_and_waits(serve: Callable[..., Any]) -> None:
    """A manual clock advances; drain with includeFuture=false extracts only what is due."""
    async with serve(admin=True, extraction_delay=60) as client:
        await client.create("I live in Turin.")
        await ask(client, "POST", "drain", includeFuture=False)
        assert await client.records() == []
        before = client.clock.now()
        moved = await ask(client, "POST", "clock", advance=60)
        assert moved.body["clock"] == before + 60
        await ask(client, "POST", "drain", includeFuture=False)
        assert await client.records() != []


@pytest.mark.parametrize(
    ("method", "name", "members"),
    [
        ("POST", "faults", {"kind": "fire"}),
        ("POST", "faults", {"times": 0}),
        ("POST", "faults", {"times": True}),
        ("POST", "faults", {"status": 200}),
        ("POST", "faults", {"code": 7}),
        ("POST", "faults", {"kind": "latency"}),
        ("POST", "clock", {"advance": -1}),
        ("POST", "clock", {"advance": "1"}),
        ("POST", "clock", {"advance": 1e300}),
        ("POST", "clock", {}),
    ],
)
async def test_an_invalid_request_is_refused(
    serve: Callable[..., Any], method: str, name: str, members: dict[str, Any]
) -> None:
    """An invalid request is a ValidationException and changes nothing."""
    async with serve(admin=True) as client:
        reply = await ask(client, method, name, **members)
        assert (reply.status, reply.code) == (400, "ValidationException")
        assert client.clock.now() == 1_767_225_600.0
        assert (await client.call("POST", "actors")).status == 200


async def test_an_unknown_path_is_refused(serve: Callable[..., Any]) -> None:
    """The error lists the paths."""
    async with serve(admin=True) as client:
        reply = await ask(client, "POST", "nothing")
        assert reply.status == 404
        assert "POST drain" in reply.body["message"]


async def test_the_machines_clock_cannot_be_moved(serve: Callable[..., Any]) -> None:
    """The error says how to start the service with a clock that can be moved."""
    async with serve(admin=True, clock=SystemClock()) as client:
        reply = await ask(client, "POST", "clock", advance=1)
        assert "--manual-clock" in reply.body["message"]


async def test_a_web_page_may_not_use_it(serve: Callable[..., Any]) -> None:
    """Neither the content type of a form nor another origin gets through."""
    async with serve(admin=True) as client:
        plain = await client.send(
            "POST", "/_local/faults", {}, headers={"Content-Type": "text/plain"}
        )
        assert plain.status == 415
        for path in ("/_local/state", f"/memories/{client.memory}/actors"):
            other = await client.send("GET", path, headers={"Origin": "https://evil.example"})
            assert (other.status, other.code) == (403, "AccessDeniedException")
        own = await client.send("GET", "/_local/state", headers={"Origin": "http://localhost:3000"})
        assert own.status == 200
