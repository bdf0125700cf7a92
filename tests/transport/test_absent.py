"""A service on this machine that is not there is said soon; one that restarts is waited for."""

from __future__ import annotations

import asyncio
import pickle
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    RetryPolicy,
    TransportError,
    UnsentError,
)
from agentcore_memory_async._calls import absence
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import manager_on, said
from tests.transport.test_proxies import closed_port

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from agentcore_memory_async._transport.base import Answer

REFUSED = TransportError("ListEvents", "cannot connect", sent=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_what_to_start_is_said(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing listens, the error names the command of the local service, with the port."""
    monkeypatch.setattr(absence, "START_S", 0.1)
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


class NobodyThere(FakeTransport):
    """
    A service that never answered, and does not listen.

    Attributes:
        starts_at: When it starts to listen, on the loop's clock.
        takes_s: Time until a connection is refused.
        attempted_at: Times of the attempts.
    """

    def __init__(self, starts_at: float = inf, takes_s: float = 0.001) -> None:
        super().__init__()
        self.starts_at = starts_at
        self.takes_s = takes_s
        self.attempted_at: list[float] = []

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Refuse until it listens."""
        self.attempted_at.append(anyio.current_time())
        await anyio.sleep(self.takes_s)
        if anyio.current_time() < self.starts_at:
            raise TransportError(operation, "cannot connect", sent=False, is_absent=True)
        return await super().__call__(operation, params)


async def call(manager: AsyncMemorySessionManager, kind: str, session_id: str = "s") -> None:
    """Make one call of the *kind*."""
    session = AsyncMemorySession(manager, "a", session_id)
    if kind == "read":
        await session.list_events()
    elif kind == "search":
        await session.search_long_term_memories("seat", namespace_prefix="/facts/")
    elif kind == "data":
        await session.create_event("seat", {"row": "window"})
    elif kind == "wait":
        await session.extraction_poller(f"/facts/{session_id}/")
    elif kind == "buffer":
        async with session.buffered() as buffer:
            await buffer.add(said("hi"))
            await buffer.flush()
    else:
        await session.add_turns([said("hi")])


async def calls_at_once(
    manager: AsyncMemorySessionManager, kinds: Sequence[str], sessions: int, count: int = 50
) -> list[float]:
    """Make calls at once that all fail, and return when each has said what is not there."""
    ended_s: list[float] = []
    began = anyio.current_time()

    async def fail(number: int) -> None:
        kind = kinds[number % len(kinds)]
        with pytest.raises((TransportError, UnsentError)) as caught:
            await call(manager, kind, f"s{number % sessions}")
        said_by = caught.value.__cause__ if kind == "buffer" else caught.value
        assert isinstance(said_by, TransportError)
        assert said_by.is_absent
        ended_s.append(anyio.current_time() - began)

    async with anyio.create_task_group() as tasks:
        for number in range(count):
            tasks.start_soon(fail, number)
    return ended_s


KINDS = ("read", "write", "data", "search", "wait", "buffer")
"""Kinds of calls."""


@pytest.mark.parametrize("kinds", [*((kind,) for kind in KINDS), KINDS], ids=" ".join)
@pytest.mark.parametrize("sessions", [1, 50])
@virtual_time
async def test_an_absent_service_is_said_to_every_call(kinds: Sequence[str], sessions: int) -> None:
    """Calls at once end within 2 s, however many are queued; later ones at once."""
    async with manager_on(NobodyThere()) as manager:
        first_s = await calls_at_once(manager, kinds, sessions)
        await anyio.sleep(5)
        later_s = await calls_at_once(manager, kinds, sessions)

    assert max(first_s) < 1.5
    assert max(later_s) < 0.5


@virtual_time
async def test_an_absent_service_is_asked_for_all_calls_together() -> None:
    """What one call found holds for the others, so hundreds attempt little more than one does."""
    transport = NobodyThere()
    async with manager_on(transport) as manager:
        await calls_at_once(manager, ["write"], 300, 300)

    assert 10 <= len(transport.attempted_at) < 200


@virtual_time
async def test_what_was_found_is_soon_asked_again() -> None:
    """A service that is started later is found by the next call."""
    transport = NobodyThere(starts_at=10.0)
    async with manager_on(transport) as manager:
        await calls_at_once(manager, ["write"], 1)
        await anyio.sleep_until(10.2)
        await call(manager, "write")

    assert 1 == len(transport.sent("CreateEvent"))


@virtual_time
async def test_attempts_at_an_absent_service_leave_flow_control_as_it_is() -> None:
    """Where nothing listened, nothing was failing or limited: what starts is used at once."""
    transport = NobodyThere(starts_at=0.5)
    async with manager_on(transport) as manager, anyio.create_task_group() as tasks:
        for number in range(50):
            tasks.start_soon(call, manager, "write", f"s{number}")

    assert anyio.current_time() < 1.0


@virtual_time
async def test_a_policy_of_one_attempt_makes_one() -> None:
    """What another call found counts as an attempt."""
    transport = NobodyThere()
    async with manager_on(transport, retry=RetryPolicy(max_attempts=1)) as manager:
        ended_s = await calls_at_once(manager, ["read"], 1, 1)

    assert max(ended_s) < 0.01
    assert 1 == len(transport.attempted_at)


@virtual_time
async def test_an_absent_service_has_a_second_to_start() -> None:
    """Attempts go on for one second from the first, whatever the deadline is."""
    transport = NobodyThere()
    async with manager_on(transport) as manager:
        (ended_s,) = await calls_at_once(manager, ["read"], 1, 1)

    assert 0.9 <= ended_s < 1.01
    times = [0.0, *transport.attempted_at, 1.0]
    assert max(later - earlier for earlier, later in pairwise(times)) < 0.21


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
    monkeypatch.setattr(absence, "START_S", 0.0)
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
