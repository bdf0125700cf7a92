"""Certificates: names, chains and dates are verified on every version of aiobotocore."""

from __future__ import annotations

import asyncio
import ssl
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.config import AioConfig
from botocore.config import Config

from agentcore_memory_async._transport.botocore import BotocoreTransport
from agentcore_memory_async._transport.errors import _tls_text
from agentcore_memory_async.errors import CertificateError, InvalidInputError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIGS: dict[str, Any] = {
    "none": None,
    "botocore": Config(connect_timeout=5),
    "aiobotocore": AioConfig(connect_timeout=5, connector_args={"ttl_dns_cache": 5}),
}


@pytest.fixture(params=CONFIGS, ids=str)
def config(request: pytest.FixtureRequest) -> Any:
    """Return a caller's config of each kind."""
    return CONFIGS[request.param]


@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch, authority: Any) -> None:
    """Trust the private authority."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))


async def test_right_certificate(serve: Callable[..., Any], authority: Any, config: Any) -> None:
    """A certificate of a trusted authority for the host is accepted."""
    service = await serve(authority.context("localhost"))
    async with BotocoreTransport(endpoint_url=service.url, config=config) as transport:
        answer = await transport("ListActors", {"memoryId": "m"})
    assert {"eventId": "1#a"} == answer.body


@pytest.mark.parametrize("is_pair", [False, True], ids=["one file", "two files"])
async def test_a_certificate_of_the_client_is_shown(
    serve: Callable[..., Any], authority: Any, is_pair: bool
) -> None:
    """A server that asks for one gets it, and takes nobody without."""
    authority.context("client.example")
    path = f"{authority.directory}/client.example-1-False.pem"
    context = authority.context("localhost")
    context.load_verify_locations(authority.bundle)
    context.verify_mode = ssl.CERT_REQUIRED
    service = await serve(context)
    config = Config(client_cert=(path, path) if is_pair else path)
    async with BotocoreTransport(endpoint_url=service.url, config=config) as transport:
        await transport("ListActors", {"memoryId": "m"})
    async with BotocoreTransport(endpoint_url=service.url) as transport:
        with pytest.raises(TransportError):
            await transport("ListActors", {"memoryId": "m"})
    assert 1 == len(service.requests)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"host": "evil.example"}, "not valid for 'localhost'"),
        ({"host": "localhost", "self_signed": True}, "self-signed certificate"),
        (
            {"host": "localhost", "days": -1},
            "certificate has expired. If it should be valid now, check",
        ),
    ],
    ids=["wrong-host", "self-signed", "expired"],
)
async def test_wrong_certificates(
    serve: Callable[..., Any],
    authority: Any,
    config: Any,
    options: dict[str, Any],
    words: str,
) -> None:
    """A certificate for another host, self-signed or expired is refused before anything is sent."""
    service = await serve(authority.context(**options))
    async with BotocoreTransport(endpoint_url=service.url, config=config) as transport:
        with pytest.raises(CertificateError) as caught:
            await transport("CreateEvent", {"memoryId": "m", "actorId": "a", "payload": []})
    assert words in caught.value.reason
    assert not caught.value.sent
    assert [] == service.requests


async def test_unknown_authority(
    serve: Callable[..., Any], authority: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate of an unknown authority is refused with the next step."""
    monkeypatch.delenv("AWS_CA_BUNDLE")
    service = await serve(authority.context("localhost"))
    async with BotocoreTransport(endpoint_url=service.url) as transport:
        with pytest.raises(TransportError, match="AWS_CA_BUNDLE"):
            await transport("ListActors", {"memoryId": "m"})


async def test_https_to_a_plain_port(serve: Callable[..., Any]) -> None:
    """TLS to a plain HTTP port raises an error that explains it."""
    service = await serve()
    url = service.url.replace("http://", "https://")
    async with BotocoreTransport(endpoint_url=url) as transport:
        with pytest.raises(TransportError, match="is it an https endpoint") as caught:
            await transport("ListActors", {"memoryId": "m"})
    assert not caught.value.sent


@pytest.mark.parametrize("host", ["evil.example", "localhost"])
async def test_behind_a_proxy(
    serve: Callable[..., Any], authority: Any, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """Certificates are verified through a proxy, also where old aiobotocore does not."""
    service = await serve(authority.context(host))
    port = int(service.url.rpartition(":")[2])
    writers: list[asyncio.StreamWriter] = []
    tasks: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        writers.extend((writer, far_writer))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        tasks.add(asyncio.ensure_future(pump(reader, far_writer)))  # noqa: TID251 - server of a test
        await pump(far_reader, writer)

    proxy = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
    async with BotocoreTransport(endpoint_url=service.url) as transport:
        if host == "localhost":
            await transport("ListActors", {"memoryId": "m"})
        else:
            with pytest.raises(TransportError, match="not valid for 'localhost'"):
                await transport("ListActors", {"memoryId": "m"})
    assert (1 if host == "localhost" else 0) == len(service.requests)
    assert writers
    for writer in writers:
        writer.close()
    proxy.close()
    await asyncio.wait(tasks, timeout=5)


async def test_own_tls_context_is_refused() -> None:
    """A TLS context in the config, which aiobotocore ignores, is refused with the next step."""
    import ssl

    config = AioConfig(connector_args={"ssl_context": ssl.create_default_context()})
    with pytest.raises(InvalidInputError, match="AWS_CA_BUNDLE"):
        await BotocoreTransport(config=config).open()


async def test_no_authorities_are_read_without_tls(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening at an endpoint of ``http`` does not spend 20 ms on certificates."""
    from agentcore_memory_async._transport import http_session

    monkeypatch.setattr(http_session, "PreparedContext", None)
    http_session._shared.cache_clear()
    async with BotocoreTransport(endpoint_url=service.url) as transport:
        await transport("ListActors", {"memoryId": "m"})
    assert 1 == len(service.requests)


async def test_session_class_of_the_caller(serve: Callable[..., Any], authority: Any) -> None:
    """A session class of the caller is used, and host names are still verified."""
    from aiobotocore.httpsession import AIOHTTPSession

    sent: list[str] = []

    class Mine(AIOHTTPSession):  # type: ignore[misc]
        async def send(self, request: Any) -> Any:
            sent.append(request.method)
            return await super().send(request)

    service = await serve(authority.context("evil.example"))
    config = AioConfig(http_session_cls=Mine)
    async with BotocoreTransport(endpoint_url=service.url, config=config) as transport:
        with pytest.raises(TransportError, match="not valid for"):
            await transport("ListActors", {"memoryId": "m"})
    assert ["POST"] == sent


async def test_service_in_memory() -> None:
    """A session class without aiohttp can play the service without a network."""
    from aiobotocore.awsrequest import AioAWSResponse

    class Raw:
        async def read(self) -> bytes:
            return b'{"actorSummaries": []}'

    class Memory:
        def __init__(self, **_: Any) -> None:
            self.closed = False

        async def __aenter__(self) -> Any:
            return self

        async def __aexit__(self, *_: Any) -> None:
            self.closed = True

        async def close(self) -> None:
            self.closed = True

        async def send(self, request: Any) -> Any:
            return AioAWSResponse(request.url, 200, {}, Raw())

    config = AioConfig(http_session_cls=Memory)
    async with BotocoreTransport(config=config) as transport:
        answer = await transport("ListActors", {"memoryId": "m"})
    assert {"actorSummaries": []} == answer.body


@pytest.mark.parametrize(
    ("code", "advice"),
    [(9, "check this machine's clock"), (10, "check this machine's clock"), (20, "AWS_CA_BUNDLE")],
    ids=["not yet valid", "expired", "unknown authority"],
)
def test_a_certificate_of_another_time_points_to_the_clock(code: int, advice: str) -> None:
    """By OpenSSL's codes; for any other refusal the authority is what may be missing."""
    error = ssl.SSLCertVerificationError(1, "refused")
    error.verify_code, error.verify_message = code, "not trusted"
    cause = SimpleNamespace(certificate_error=error)

    text = _tls_text("memory.example", cause)
    assert "the certificate of memory.example is not trusted: not trusted. " in text
    assert advice in text
