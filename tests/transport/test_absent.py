"""A service on this machine that is not there is said soon; one that restarts is waited for."""

from __future__ import annotations

import asyncio
import pickle
import random
from typing import TYPE_CHECKING

import anyio
import pytest

from agentcore_memory_async import AsyncMemorySession, AsyncMemorySessionManager, TransportError
from agentcore_memory_async._calls import retry
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import manager_on, said
from tests.transport.test_proxies import closed_port

if TYPE_CHECKING:
    from pathlib import Path

ABSENT = TransportError("ListEvents", "cannot connect", sent=False, is_absent=True)
REFUSED = TransportError("ListEvents", "cannot connect", sent=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_what_to_start_is_said(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing listens, the error names the command of the local service, with the port."""
    monkeypatch.setattr(retry, "START_S", 0.1)
    port = closed_port()
    async with AsyncMemorySessionManager(
        "m-0123456789", endpoint_url=f"http://{host}:{port}"
    ) as manager:
        with anyio.fail_after(5), pytest.raises(TransportError) as caught:
            await AsyncMemorySession(manager, "a", "s").add_turns([said("hi")])

    assert f"'python -m agentcore_memory_async.local --port {port}'" in str(caught.value)
    assert f"cannot connect to {host}:{port}" in str(caught.value)
    assert caught.value.is_absent
    assert not caught.value.sent
    assert pickle.loads(pickle.dumps(caught.value)).is_absent


@pytest.mark.parametrize("kind", ["read", "write"])
@virtual_time
async def test_an_absent_service_is_said_within_two_seconds(kind: str) -> None:
    """Every call ends within 2 s, also those that wait in a queue, and later ones."""
    transport = FakeTransport()
    for operation in ("ListEvents", "CreateEvent"):
        transport.reply(operation, *[ABSENT] * 1000)
    ended_s: list[float] = []

    async def call() -> None:
        with pytest.raises(TransportError):
            await (session.list_events() if kind == "read" else session.add_turns([said("hi")]))
        ended_s.append(anyio.current_time() - began)

    async with manager_on(transport) as manager:
        session = AsyncMemorySession(manager, "a", "s")
        began = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(call)
        attempts = len(transport.requests)
        began = anyio.current_time()
        await call()

    assert 4 < attempts
    assert max(ended_s) < 2.0


class Steady(random.Random):
    """Randomness that draws one value."""

    def uniform(self, a: float, b: float) -> float:
        """Return 0.05."""
        return 0.05


@virtual_time
async def test_an_absent_service_has_a_second_to_start() -> None:
    """Attempts go on for one second from the first, whatever the deadline is."""
    transport = FakeTransport()
    transport.reply("ListEvents", *[ABSENT] * 1000)
    async with manager_on(transport) as manager:
        manager._core.retrier._random = Steady()
        began = anyio.current_time()
        with pytest.raises(TransportError):
            await AsyncMemorySession(manager, "a", "s").list_events()

    assert 0.9 < anyio.current_time() - began <= 1.0


@virtual_time
async def test_a_refusal_that_is_not_local_is_retried_until_the_deadline() -> None:
    """A service elsewhere, or one that answered before, is waited for as long as a call lasts."""
    transport = FakeTransport()
    transport.reply("ListEvents", *[REFUSED] * 1000)
    async with manager_on(transport) as manager:
        began = anyio.current_time()
        with pytest.raises(TransportError):
            await AsyncMemorySession(manager, "a", "s").list_events()

    assert anyio.current_time() - began > 5.0


async def test_a_service_that_starts_meanwhile_is_found() -> None:
    """A service that listens within the time it has is used."""
    port = closed_port()
    async with AsyncMemorySessionManager(
        "m-0123456789", endpoint_url=f"http://127.0.0.1:{port}"
    ) as manager:
        session = AsyncMemorySession(manager, "a", "s")
        call = asyncio.ensure_future(session.list_events())  # noqa: TID251 - ends in this test
        await asyncio.sleep(0.05)
        async with LocalMemoryService(port=port):
            assert [] == await call


async def test_a_service_that_restarts_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A service that answered before is waited for beyond that time."""
    monkeypatch.setattr(retry, "START_S", 0.0)
    path = tmp_path / "memory.db"
    async with LocalMemoryService(path) as service:
        url = service.endpoint_url
        manager = AsyncMemorySessionManager("m-0123456789", endpoint_url=url)
        await manager.open()
        session = AsyncMemorySession(manager, "a", "s")
        await session.add_turns([said("hi")])
    port = int(url.rpartition(":")[2])
    call = asyncio.ensure_future(session.add_turns([said("again")]))  # noqa: TID251 - as above
    await asyncio.sleep(0.1)
    async with LocalMemoryService(path, port=port):
        await call
        events = await session.list_events()
    await manager.aclose()

    assert 2 == len(events)
