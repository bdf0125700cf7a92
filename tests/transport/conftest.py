"""Fixtures of the transport's tests: no AWS settings, and HTTP servers with scripted answers."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import json
import socket
import ssl
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agentcore_memory_async._transport.botocore import BotocoreTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


@attrs.define
class Request:
    """A request that a server received."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        """The body as parsed JSON."""
        return json.loads(self.body)

    @property
    def region(self) -> str:
        """Region that the request was signed for."""
        return self.headers["Authorization"].split("Credential=")[1].split("/")[2]

    @property
    def key_id(self) -> str:
        """Access key that the request was signed with."""
        return self.headers["Authorization"].split("Credential=")[1].split("/")[0]


@attrs.define
class Service:
    """A server that records requests and gives the same answer to all."""

    url: str = ""
    requests: list[Request] = attrs.field(factory=list)
    status: int = 200
    body: bytes = b'{"eventId": "1#a"}'
    headers: dict[str, str] = attrs.field(factory=dict)
    echo: bool = False

    async def handle(self, request: web.Request) -> web.Response:
        """Record *request* and answer it."""
        self.requests.append(
            Request(request.method, request.raw_path, await request.read(), dict(request.headers))
        )
        headers = {"x-amzn-requestid": "rq-1", "Content-Type": "application/json", **self.headers}
        body = self.requests[-1].body if self.echo else self.body
        return web.Response(status=self.status, body=body, headers=headers)


@pytest.fixture(autouse=True)
def clean_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Remove the AWS settings of the environment, and set credentials there."""
    import os

    for name in list(os.environ):
        if name.startswith("AWS_") or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ENVKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ENVSECRETCANARY")
    return tmp_path


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Any]]:
    """Yield a function that starts a server and returns its `Service`."""
    runners: list[web.AppRunner] = []

    async def start(context: ssl.SSLContext | None = None) -> Service:
        service = Service()
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", service.handle)
        runner = web.AppRunner(app)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        port = runner.addresses[0][1]
        service.url = f"https://localhost:{port}" if context else f"http://127.0.0.1:{port}"
        return service

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def service(serve: Callable[..., Any]) -> Service:
    """Return a plain HTTP server."""
    made: Service = await serve()
    return made


@pytest.fixture
async def transport(service: Service) -> AsyncIterator[BotocoreTransport]:
    """Yield an open transport to `service`."""
    async with BotocoreTransport(endpoint_url=service.url) as opened:
        yield opened


@pytest.fixture
async def raw() -> AsyncIterator[Callable[..., Any]]:
    """Yield a function that starts a TCP server with a scripted answer."""
    servers: list[asyncio.Server] = []
    writers: list[asyncio.StreamWriter] = []

    async def start(answer: bytes | None, *, reset: bool = False) -> str:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            await reader.readuntil(b"\r\n\r\n")
            if answer is None:
                return
            if reset:
                linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            else:
                writer.write(answer)
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield start
    for server in servers:
        server.close()
    for writer in writers:
        writer.close()


@attrs.define
class Authority:
    """A private certificate authority."""

    directory: Path
    bundle: Path
    name: x509.Name
    key: ec.EllipticCurvePrivateKey

    def context(self, host: str, *, days: int = 1, self_signed: bool = False) -> ssl.SSLContext:
        """Return a server's TLS context with a certificate for *host*, valid for *days*."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        issuer, signer = (subject, key) if self_signed else (self.name, self.key)
        names: list[x509.GeneralName] = [x509.DNSName(host)]
        if host == "localhost":
            names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        certificate = _certificate(subject, issuer, key, signer, days, names)
        path = self.directory / f"{host}-{days}-{self_signed}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    days: int,
    names: list[x509.GeneralName] | None,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=10))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=names is None, path_length=None), critical=True)
    )
    if names is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return a new authority, which is not trusted yet."""
    directory = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test authority")])
    bundle = directory / "bundle.pem"
    certificate = _certificate(name, name, key, key, 1, None)
    bundle.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(directory, bundle, name, key)
