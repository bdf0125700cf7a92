"""Connections that died without a word cost one short attempt, not one attempt each."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    OutcomeUnknownError,
    RetryPolicy,
)
from agentcore_memory_async._transport import http_session
from agentcore_memory_async._transport.http_session import idle_limit_s
from tests.client.doubles import said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

ATTEMPT_S = 1.2
"""Time of an attempt; what is idle has a share of it."""
IDLE_S, IDLE_SHARE = 1.0, 0.25
"""Time from which on a connection is idle, in seconds, and its share of an attempt."""
POLICY = RetryPolicy(attempt_timeout=ATTEMPT_S, write_deadline=5, read_deadline=5, backoff=0.001)


async def settled() -> None:
    """Let the loop read what was sent and act on it; rounds of the loop, as a slow one has them."""
    for _ in range(20):
        await asyncio.sleep(0.001)


@attrs.define
class Network:
    """
    A service on real sockets whose connections die without a word.

    Attributes:
        url: Address.
        dead: Connections with at most this number get no answer any more, and no end either.
        reset: Whether dead connections are reset by the next request.
        begins: Whether dead connections begin an answer before.
        late_s: How long each answer takes.
        lost: Number of the connection of each request that got no answer.
        answered: Number of the connection of each answer.
        losing: Called when the client has what is sent to a request that gets no answer.
        together: Number of requests that are answered at once.
    """

    url: str = ""
    dead: int = 0
    reset: bool = False
    begins: bool = False
    late_s: float = 0.0
    lost: list[int] = attrs.field(factory=list)
    answered: list[int] = attrs.field(factory=list)
    stored: dict[str, str] = attrs.field(factory=dict)
    losing: Callable[[], None] | None = None
    together: int = 1
    opened: int = 0
    _waiting: list[asyncio.Event] = attrs.field(factory=list)
    writers: list[asyncio.StreamWriter] = attrs.field(factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.writers.append(writer)
        self.opened += 1
        number = self.opened
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r")[0])
                request = json.loads(await reader.readexactly(length))
                if number <= self.dead:
                    self.lost.append(number)
                    if self.begins:
                        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{")
                    if self.losing is not None:
                        await settled()
                        self.losing()
                    if self.reset:
                        writer.transport.abort()
                        return
                    continue
                await self._wait()
                self.answered.append(number)
                body = json.dumps(self._answer(request)).encode()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if number > self.dead:
                writer.close()

    async def _wait(self) -> None:
        await asyncio.sleep(self.late_s)
        event = asyncio.Event()
        self._waiting.append(event)
        if len(self._waiting) == self.together:
            while self._waiting:
                self._waiting.pop().set()
        await event.wait()

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if "payload" not in request:
            return {"events": []}
        token = request["clientToken"]
        self.stored.setdefault(token, f"{len(self.stored):019d}#a")
        return {"event": {**request, "eventId": self.stored[token]}}


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    """Yield a started `Network`."""
    made = Network()
    server = await asyncio.start_server(made.handle, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()
    for writer in made.writers:
        writer.transport.abort()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the wall clock of the connections, which a test sets."""
    now = [1000.0]
    monkeypatch.setattr(http_session, "time", SimpleNamespace(time=lambda: now[0]))
    return now


@pytest.fixture
async def session(network: Network) -> AsyncIterator[AsyncMemorySession]:
    """Yield a session whose manager talks to `network`."""
    async with AsyncMemorySessionManager("m-0123456789", endpoint_url=network.url) as manager:
        yield AsyncMemorySession(manager, "a", "s").with_options(retry=POLICY)


async def call(session: AsyncMemorySession, kind: str) -> None:
    """Make one call of the *kind*: a read or a write."""
    if kind == "read":
        await session.list_events()
    else:
        await session.add_turns([said("hi")])


async def keep(network: Network, session: AsyncMemorySession, count: int) -> None:
    """Open *count* connections and leave them idle, however long a slow machine takes."""
    network.together = count
    session = session.with_options(retry=RetryPolicy())
    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(call, session, "read")
    network.together = 1
    assert count == network.opened
    network.answered.clear()


@pytest.mark.parametrize("count", [1, 2, 8])
@pytest.mark.parametrize("reset", [False, True], ids=["silent", "reset"])
@pytest.mark.parametrize("kind", ["read", "write"])
async def test_dead_connections_cost_one_short_attempt(
    network: Network,
    session: AsyncMemorySession,
    clock: list[float],
    kind: str,
    reset: bool,
    count: int,
) -> None:
    """However many idle connections are dead, one is tried, for a share of an attempt."""
    await keep(network, session, count)
    network.dead, network.reset = count, reset
    clock[0] += IDLE_S
    began = anyio.current_time()
    await call(session, kind)
    took_s = anyio.current_time() - began

    assert 1 == len(network.lost)
    assert [count + 1] == network.answered
    assert took_s < ATTEMPT_S
    assert (kind == "write") == len(network.stored)


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_calls_at_once_lose_one_attempt_each(
    network: Network, session: AsyncMemorySession, clock: list[float], kind: str
) -> None:
    """Calls that are under way together on dead connections each lose one attempt at most."""
    await keep(network, session, 6)
    network.dead = 6
    clock[0] += IDLE_S
    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(call, session, kind)

    assert sorted(set(network.lost)) == sorted(network.lost)
    assert len(network.lost) <= 4
    assert (4 if kind == "write" else 0) == len(network.stored)


async def test_a_connection_in_use_is_not_cut_short(
    network: Network, session: AsyncMemorySession, clock: list[float]
) -> None:
    """A connection that answered just now has the whole time of an attempt."""
    await keep(network, session, 1)
    network.late_s = ATTEMPT_S * IDLE_SHARE * 1.5
    clock[0] += IDLE_S * 0.99
    await call(session, "write")

    assert [1] == network.answered


async def test_a_slow_answer_on_an_idle_connection_is_taken_on_a_new_one(
    network: Network, session: AsyncMemorySession, clock: list[float]
) -> None:
    """A write that is cut short is sent again on a new connection, and stored once."""
    await keep(network, session, 1)
    network.late_s = ATTEMPT_S * IDLE_SHARE * 1.5
    clock[0] += IDLE_S
    await call(session, "write")

    assert [1, 2] == network.answered[:2]
    assert 1 == len(network.stored)


async def test_a_write_that_is_cut_short_is_in_doubt(
    network: Network, session: AsyncMemorySession, clock: list[float]
) -> None:
    """The request may have run on the connection that seemed dead."""
    await keep(network, session, 1)
    network.dead = 1
    clock[0] += IDLE_S
    once = session.with_options(retry=RetryPolicy(attempt_timeout=ATTEMPT_S, max_attempts=1))
    with pytest.raises(OutcomeUnknownError):
        await call(once, "write")


@pytest.mark.parametrize("begins", [False, True], ids=["silent", "begun"])
@pytest.mark.parametrize("reset", [False, True], ids=["stays", "reset"])
@pytest.mark.parametrize("set_s", [2 * IDLE_S, -900.0])
async def test_a_lost_answer_on_a_busy_connection_costs_one_attempt(
    network: Network,
    session: AsyncMemorySession,
    clock: list[float],
    set_s: float,
    reset: bool,
    begins: bool,
) -> None:
    """The others are not trusted, whatever came of the answer, and if the clock is set back."""
    await keep(network, session, 4)
    network.dead, network.reset, network.begins = 4, reset, begins
    clock[0] += IDLE_S / 2
    network.losing = lambda: clock.__setitem__(0, 1e3 + set_s)
    await call(session, "read")

    assert 1 == len(network.lost)
    assert [5] == network.answered


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_a_deadline_that_is_shorter_than_an_attempt_is_shared(
    network: Network, session: AsyncMemorySession, clock: list[float], kind: str
) -> None:
    """An idle connection has a share of the time that is left, so there is a second attempt."""
    await keep(network, session, 2)
    network.dead = 2
    clock[0] += IDLE_S
    policy = RetryPolicy(read_deadline=ATTEMPT_S, write_deadline=ATTEMPT_S, attempt_timeout=60)
    await call(session.with_options(retry=policy), kind)

    assert 1 == len(network.lost)
    assert [3] == network.answered


async def test_a_cancelled_call_closes_idle_connections_too(
    network: Network, session: AsyncMemorySession, clock: list[float]
) -> None:
    """A caller with less patience than the share of an attempt loses one call, not one each."""
    await keep(network, session, 4)
    network.dead = 4
    clock[0] += IDLE_S
    with anyio.move_on_after(ATTEMPT_S * IDLE_SHARE / 4):
        await call(session, "read")
    await call(session, "read")

    assert 1 == len(network.lost)
    assert [5] == network.answered


async def test_a_cancelled_call_on_a_busy_connection_closes_no_other(
    network: Network, session: AsyncMemorySession, clock: list[float]
) -> None:
    """Cancelling calls costs no connection but their own."""
    await keep(network, session, 4)
    with anyio.CancelScope() as scope:
        asyncio.get_running_loop().call_later(0.02, scope.cancel)
        network.late_s = ATTEMPT_S
        await call(session, "read")
    network.late_s = 0.0
    await keep_open(network, session, 3)

    assert 4 == network.opened
    assert 1000.0 == clock[0]


async def keep_open(network: Network, session: AsyncMemorySession, count: int) -> None:
    """Make *count* calls at the same time."""
    network._waiting.clear()
    network.together = count
    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(call, session, "read")


@pytest.mark.parametrize(
    ("answered_at", "now", "timeout_s", "limit_s"),
    [
        (None, 1000.0, 8.0, None),
        (1000.0, 1000.0, 8.0, None),
        (1000.0, 1000.999, 8.0, None),
        (1000.0, 1001.0, 8.0, 2.0),
        (1000.0, 2000.0, 4.0, 1.0),
        (1000.0, 2000.0, None, None),
        (1000.0, 900.0, 8.0, 2.0),
    ],
)
def test_idle_limit(
    answered_at: float | None, now: float, timeout_s: float | None, limit_s: float | None
) -> None:
    """Only what is kept is cut short, to a quarter: if idle, or if the clock was set back."""
    assert limit_s == idle_limit_s(answered_at, now, timeout_s)
