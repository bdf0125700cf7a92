"""A proxy that is dead or refuses is named as the proxy; what it refuses for good is sent once."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from typing import TYPE_CHECKING

import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    InvalidInputError,
    RetryPolicy,
    ServiceError,
    TransportError,
    TransportTimeoutError,
)
from agentcore_memory_async._transport.base import SendState
from agentcore_memory_async._transport.capture import ResponseCapture, capturing, note_proxy
from tests.client.doubles import said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    Start = Callable[[bytes | None], Coroutine[None, None, str]]

TARGETS = {"http": "http://memory.example", "https": "https://memory.example"}
REFUSED = b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def writers() -> list[asyncio.StreamWriter]:
    """Return the connections to the proxies of a test, one for each of its requests."""
    return []


@pytest.fixture
async def proxy(writers: list[asyncio.StreamWriter]) -> AsyncIterator[Start]:
    """Yield a function that starts a proxy with one answer to everything, or with none."""
    servers: list[asyncio.Server] = []

    async def start(answer: bytes | None) -> str:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            await reader.readuntil(b"\r\n\r\n")
            if answer is not None:
                writer.write(answer)
                writer.close()

        servers.append(await asyncio.start_server(handle, "127.0.0.1", 0))
        return f"127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}"

    yield start
    for server in servers:
        server.close()
    for writer in writers:
        writer.transport.abort()


def closed_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


async def write(scheme: str, through: str, patch: pytest.MonkeyPatch, **policy: int) -> None:
    """Make one write through the proxy; it ends by its attempts, however slow the machine is."""
    patch.setenv(f"{scheme.upper()}_PROXY", f"http://user:CANARY@{through}")
    retry = RetryPolicy(backoff=0.01, **{"max_attempts": 3, **policy})
    async with AsyncMemorySessionManager(
        "m-0123456789", endpoint_url=TARGETS[scheme], retry=retry
    ) as manager:
        await AsyncMemorySession(manager, "a", "s").add_turns([said("hi")])


@pytest.mark.parametrize("status", [400, 401, 403, 404, 407, 499])
@pytest.mark.parametrize("scheme", TARGETS)
async def test_what_a_proxy_refuses_is_not_retried(
    proxy: Start, monkeypatch: pytest.MonkeyPatch, scheme: str, status: int
) -> None:
    """A proxy's refusal shows its status after one request, and nothing is in doubt."""
    address = await proxy(REFUSED % status)
    with pytest.raises(ServiceError) as caught:
        await write(scheme, address, monkeypatch)

    assert (status, 1) == (caught.value.status, caught.value.attempts)
    assert "any proxy" in caught.value.hint
    assert f"the proxy {address} refused" in str(caught.value) or scheme == "http"
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
async def test_what_a_proxy_may_do_later_is_retried(
    proxy: Start,
    writers: list[asyncio.StreamWriter],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
) -> None:
    """A tunnel that a busy proxy refused carried nothing, so the write is not in doubt."""
    address = await proxy(REFUSED % status)
    with pytest.raises(TransportError, match=f"the proxy {address} refused .*: {status}") as caught:
        await write("https", address, monkeypatch)

    assert 3 == len(writers)
    assert not caught.value.sent


@pytest.mark.parametrize("scheme", TARGETS)
async def test_a_dead_proxy_is_named(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """Where nothing listens at the proxy's address, the proxy is named and not the service."""
    address = f"127.0.0.1:{closed_port()}"
    with pytest.raises(TransportError, match=f"cannot connect to the proxy {address}") as caught:
        await write(scheme, address, monkeypatch)

    assert "memory.example" not in str(caught.value)
    assert "agentcore_memory_async.local" not in str(caught.value)
    assert not caught.value.sent


@pytest.mark.parametrize("scheme", TARGETS)
async def test_no_log_shows_the_password_of_a_proxy(
    proxy: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, scheme: str
) -> None:
    """A proxy that is dead, or refuses, is named without it in the logs of botocore, too."""
    with caplog.at_level(logging.DEBUG):
        for address in (f"127.0.0.1:{closed_port()}", await proxy(REFUSED % 407)):
            with pytest.raises((TransportError, ServiceError)):
                await write(scheme, address, monkeypatch)

    assert "ProxyConnectionError" in caplog.text
    assert "CANARY" not in caplog.text


@pytest.mark.parametrize("scheme", TARGETS)
async def test_a_proxy_without_an_address_is_named(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """Where the proxy's name cannot be resolved, the proxy is named and not the service."""
    words = "name of the proxy nowhere.invalid:3128 cannot be resolved; check its setting"
    with pytest.raises(TransportError, match=words) as caught:
        await write(scheme, "nowhere.invalid:3128", monkeypatch)

    assert "memory.example" not in str(caught.value)


@pytest.mark.parametrize("scheme", TARGETS)
async def test_a_silent_proxy_is_named(
    proxy: Start, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """A proxy that accepts and ends the connection is named beside the service."""
    address = await proxy(b"")
    policy = {"max_attempts": 1}
    with pytest.raises(Exception, match=r"OutcomeUnknown|closed|lost|may or may not") as caught:
        await write(scheme, address, monkeypatch, **policy)

    lost = caught.value.__cause__ or caught.value
    assert re.search(rf"memory\.example through the proxy {address}", str(lost))
    assert not isinstance(lost, TransportTimeoutError)


@pytest.mark.parametrize("port", ["abc", "99999", "0x1"])
@pytest.mark.parametrize("scheme", TARGETS)
async def test_a_proxy_without_a_port_is_a_settings_fault(
    monkeypatch: pytest.MonkeyPatch, scheme: str, port: str
) -> None:
    """A port that is none is said at once, and nothing is in doubt."""
    with pytest.raises(InvalidInputError, match=r"port of the proxy .*HTTP_PROXY") as caught:
        await write(scheme, f"127.0.0.1:{port}", monkeypatch)

    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://proxy.example", "proxy.example:80"),
        ("https://user:CANARY@proxy.example/", "proxy.example:443"),
        ("https://proxy.example:3128", "proxy.example:3128"),
    ],
)
def test_a_proxy_without_a_port_has_that_of_its_scheme(url: str, address: str) -> None:
    """Its user name and password are no part of its address."""
    capture = ResponseCapture("ListEvents", SendState())
    with capturing(capture):
        note_proxy(url)

    assert address == capture.proxy
