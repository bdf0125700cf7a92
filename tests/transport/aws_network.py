"""A proxy that is the network of AWS: it notes what each host is asked, and answers for it."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import attrs

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

FAR = "2099-01-01T00:00:00Z"
"""An expiry that does not come."""
NOTED_HEADERS = (
    "authorization",
    "x-amz-security-token",
    "x-amz-sso_bearer_token",
    "x-aws-ec2-metadata-token",
    "host",
)
"""Headers that say who asks whom."""


@attrs.frozen
class Asked:
    """
    What one host was asked for, without what differs by the clock.

    Attributes:
        host: Host name, and port where it is named.
        what: Method, path and body.
        headers: Those of `NOTED_HEADERS`; of a signature only key, region and service.
    """

    host: str
    what: str
    headers: tuple[tuple[str, str], ...]


def asked(method: str, url: str, headers: dict[str, str], body: bytes) -> Asked:
    """Return what a request asks for."""
    parts = urlsplit(url)
    text = re.sub(r"botocore-session-\d+", "botocore-session", body.decode())
    if "form" in headers.get("content-type", ""):
        text = repr(sorted(parse_qsl(text)))
    noted = []
    for name in NOTED_HEADERS:
        value = headers.get(name, "")
        signed = re.search(r"Credential=(\w+)/\d+/(\S+?/\S+?)/", value)
        noted.append((name, "/".join(signed.groups()) if signed else value))
    return Asked(parts.netloc, f"{method} {parts.path}?{parts.query} {text}", tuple(noted))


def role_answer(operation: str, key_id: str) -> bytes:
    """Return the answer of STS to *operation*."""
    return (
        f'<{operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<{operation}Result><Credentials><AccessKeyId>{key_id}</AccessKeyId>"
        "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
        f"<Expiration>{FAR}</Expiration></Credentials></{operation}Result>"
        f"</{operation}Response>"
    ).encode()


def metadata(key_id: str) -> dict[str, str]:
    """Return the credentials that a container or an instance gets."""
    return {
        "Code": "Success",
        "AccessKeyId": key_id,
        "SecretAccessKey": "s",
        "Token": "t",
        "Expiration": FAR,
    }


def answer(request: Asked) -> bytes:
    """Return the body of a success of whichever host was asked."""
    if request.host.startswith("sts."):
        operation = re.search(r"'Action', '(\w+)'", request.what)
        role = re.search(r"role/(\w+)", request.what)
        assert operation
        assert role
        return role_answer(operation[1], f"KEYOF{role[1].upper()}")
    given: dict[str, Any] = {"actorSummaries": []}
    if request.host.startswith("portal.sso."):
        keys = {"accessKeyId": "SSOKEY", "secretAccessKey": "s", "sessionToken": "t"}
        given = {"roleCredentials": {**keys, "expiration": 4_070_908_800_000}}
    elif request.host.startswith("oidc."):
        given = {"accessToken": "newtoken", "expiresIn": 3600, "refreshToken": "r"}
    elif request.what.startswith("PUT /latest/api/token"):
        return b"imdstoken"
    elif request.what.startswith("GET /latest/meta-data/iam/security-credentials/?"):
        return b"box"
    elif request.what.startswith("GET /latest/meta-data/iam/security-credentials/box?"):
        given = metadata("INSTANCEKEY")
    elif request.what.startswith("GET /container"):
        given = metadata("CONTAINERKEY")
    return json.dumps(given).encode()


@attrs.define
class AwsNetwork:
    """
    A proxy for http and https, behind which every host is played by one function.

    Attributes:
        context: Makes the TLS context for a host.
        answer: Makes the body of each answer.
        address: Host and port of the proxy, which is a container's host, too.
        seen: What was asked for, in order.
    """

    context: Callable[[str], ssl.SSLContext]
    answer: Callable[[Asked], bytes] = answer
    address: str = ""
    seen: list[Asked] = attrs.field(factory=list)
    _server: asyncio.Server | None = None
    _contexts: dict[str, ssl.SSLContext] = attrs.field(factory=dict)

    async def __aenter__(self) -> AwsNetwork:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tunnel = ""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                method, target, _ = head[0].split()
                if method == "CONNECT":
                    tunnel = f"https://{target.removesuffix(':443')}"
                    await self._start_tls(target.rpartition(":")[0], writer)
                    continue
                pairs = (line.split(": ", 1) for line in head[1:] if line)
                headers = {name.lower(): value for name, value in pairs}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                origin = tunnel or (f"http://{headers['host']}" if target[0] == "/" else "")
                self.seen.append(asked(method, origin + target, headers, body))
                content = self.answer(self.seen[-1])
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n%s" % (len(content), content)
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _start_tls(self, host: str, writer: asyncio.StreamWriter) -> None:
        if host not in self._contexts:
            self._contexts[host] = self.context(host)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await writer.start_tls(self._contexts[host])
