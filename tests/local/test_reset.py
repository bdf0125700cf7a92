"""Health, and the reset that empties the service while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async.local import BuiltInExtractor, LocalMemoryService
from tests.local.test_admin import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from agentcore_memory_async.local import ExtractionRequest

FACT = "The user lives in Turin."
OTHER = "The user's dog is called Rex."


@pytest.fixture(params=["memory", "file"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    """Return where the service keeps its rows."""
    return tmp_path / "memory.db" if request.param == "file" else None


@pytest.mark.parametrize("admin", [True, False])
async def test_health_is_always_there(serve: Callable[..., Any], admin: bool) -> None:
    """A health check needs no admin API, no body and no content type; faults spare it."""
    async with serve(admin=admin) as client:
        client.service.fail("ServiceException")
        reply = await client.send("GET", "/_local/health")
        assert (reply.status, reply.body) == (200, {"status": "ok"})
        head = await client.send("HEAD", "/_local/health")
        assert (head.status, head.raw) == (200, b"")
        assert (await client.send("POST", "/_local/health", {})).status == 404


async def test_a_reset_empties_everything(serve: Callable[..., Any], path: Path | None) -> None:
    """Rows, the index, client tokens, faults and calls are gone; the clock is as it was."""
    async with serve(path, admin=True, extraction_delay=60) as client:
        first = await client.event_id(FACT, clientToken="t" * 40)
        await ask(client, "POST", "drain")
        assert await client.search("Turin") != []
        await client.create(OTHER, session="s2")
        client.service.fail("ServiceException", operation="ListEvents")
        client.clock.advance(5)
        now = client.clock.now()

        assert (await ask(client, "POST", "reset")).body == {}

        assert [call.operation for call in client.service.calls()] == ["POST /_local/reset"]
        state = (await ask(client, "GET", "state")).body
        assert set(state["rows"].values()) == {0}
        assert (state["pendingSessions"], state["faults"], state["clock"]) == (0, [], now)
        assert await client.search("Turin") == []
        assert (await client.call("POST", "actors")).body["actorSummaries"] == []
        second = await client.event_id(FACT, clientToken="t" * 40)
        assert second != first
        await ask(client, "POST", "drain")
        assert await client.contents("/facts/ann/") == [FACT]
        assert len(await client.search("Turin", "/facts/ann/")) == 1


async def test_a_deleted_memory_can_be_used_again(serve: Callable[..., Any]) -> None:
    """The id of a memory that was deleted is free after a reset."""
    async with serve(admin=True) as client:
        await client.create(FACT)
        deleted = await client.send("DELETE", f"/memories/{client.memory}/delete")
        assert deleted.status == 202
        assert (await client.create(FACT)).status == 404
        await client.service.reset()
        assert (await client.create(FACT)).status == 201


class Held(BuiltInExtractor):
    """An extractor that waits until it is let go."""

    def __init__(self) -> None:
        self.begun = anyio.Event()
        self.go_on = anyio.Event()

    async def extract(self, request: ExtractionRequest) -> Sequence[str]:  # type: ignore[override]
        """Extract, once it is let go."""
        self.begun.set()
        await self.go_on.wait()
        return super().extract(request)


async def test_an_extraction_under_way_writes_nothing(
    serve: Callable[..., Any], path: Path | None
) -> None:
    """What was read before a reset is not written after it, although its session is back."""
    extractor = Held()
    async with serve(path, admin=True, extractor=extractor, extraction_delay=1) as client:
        await client.create(FACT)
        client.clock.advance(2)
        with anyio.fail_after(20):
            await extractor.begun.wait()
            await client.service.reset()
            await client.create(OTHER)
            extractor.go_on.set()
            await client.service.drain()
        assert await client.contents("/facts/ann/") == [OTHER]
        assert client.service.pending_sessions == 0


async def test_requests_are_before_a_reset_or_after_it(
    serve: Callable[..., Any], path: Path | None
) -> None:
    """Of many writes, all answered before it are gone, and all begun after it are there."""
    async with serve(path, extraction_delay=3600) as client:
        has_been_reset = False
        event_ids: list[tuple[str, bool]] = []

        async def write(number: int) -> None:
            for place in range(15):
                began_after = has_been_reset
                event_id = await client.event_id(f"{number} {place}")
                event_ids.append((event_id, began_after))

        async with anyio.create_task_group() as tasks:
            for number in range(12):
                tasks.start_soon(write, number)
            while len(event_ids) < 40:
                await anyio.sleep(0)
            before = {event_id for event_id, _ in event_ids}
            await client.service.reset()
            has_been_reset = True
        after = {event_id for event_id, began_after in event_ids if began_after}
        assert before
        assert after
        listed = (await client.events(maxResults=100)).body
        found = {event["eventId"] for event in listed["events"]}
        while token := listed.get("nextToken"):
            listed = (await client.events(maxResults=100, nextToken=token)).body
            found |= {event["eventId"] for event in listed["events"]}
        assert not before & found
        assert after <= found


def test_it_is_there_without_await() -> None:
    """The service of the sync facade is reset, too, while it is open."""
    service = LocalMemoryService()
    with service as opened:
        opened.manager("chat-a1B2c3D4e5").create_memory_session("anna", "s1").add_turns(
            [{"role": "user", "content": FACT}]
        )
        opened.reset()
        assert opened.calls() == []
        assert opened.manager("chat-a1B2c3D4e5").list_actors() == []
    with pytest.raises(RuntimeError, match="not open"):
        opened.reset()


async def test_a_web_page_may_not_reset(serve: Callable[..., Any]) -> None:
    """It is an admin request like the others, and off with them."""
    async with serve(admin=True) as client:
        await client.create(FACT)
        async with client.http.post(f"{client.service.endpoint_url}/_local/reset") as response:
            assert response.status == 400
        assert (await client.rows())["events"] == 1
    async with serve() as client:
        assert (await ask(client, "POST", "reset")).status == 404
