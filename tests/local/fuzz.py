"""
Hostile requests: ``python -m tests.local.fuzz --requests 10000 --seed 1``.

Some are made of botocore's model (shapes filled at random, then corrupted), some of random
members, bodies and paths, some are bytes on a raw socket. Each gets an answer that botocore's model
allows, or the connection is closed. None gets a 5xx, and the database stays intact.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sqlite3
import string
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
import anyio

from agentcore_memory_async.local import LocalMemoryService, ManualClock, RecordedExchange
from tests.local.exchanges import model, problems

if TYPE_CHECKING:
    from collections.abc import Callable

START = 1_767_225_600.0
JSON = {"Content-Type": "application/json"}
WORDS = tuple(
    """
    ann bob s1 s2 main side USER SKIP EXISTS /facts/ann/ /a/ / .. * %2F %00 mem- Facts I live in
    Turin {actorId} {x} arn:aws:bedrock-agentcore:us-west-2:000000000000:memory/ ; -- \u00e9
    STRICTLY_CONSISTENT topic 0000001767225600000#2c84cc72 \u200b \U0001f600 ' "
    """.split()  # noqa: SIM905  (it would be a line a word)
)
OPERATIONS = sorted(
    name
    for name, (entry, _) in model().items()
    if entry["http"]["requestUri"].startswith(("/memories", "/tags/"))
)


CANDIDATES = (
    "ann",
    "s1",
    "main",
    "topic",
    "/a/",
    "/facts/{actorId}/",
    "/a/{actorId}/{sessionId}/",
    "I live in Turin.",
    "0000001767225600000#2c84cc72",
    "mem-" + "0" * 36,
    "Facts-0123456789",
    "arn:aws:iam::123456789012:role/memory",
)


def fits(shape: dict[str, Any], text: str) -> bool:
    """Return whether a shape allows *text*."""
    if not shape.get("min", 0) <= len(text) <= shape.get("max", 10_000):
        return False
    return re.fullmatch(shape.get("pattern", ".*"), text) is not None


class Source:
    """Makes requests from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.memories = ["chat-a1B2c3D4e5"]
        self.seen: dict[str, list[str]] = {}  # ids that were answered, by member

    def learn(self, value: Any, name: str = "") -> None:
        """Keep the strings of an answer for later requests."""
        if isinstance(value, dict):
            for key, item in value.items():
                self.learn(item, key)
        elif isinstance(value, list):
            for item in value[:5]:
                self.learn(item, name)
        elif isinstance(value, str) and len(value) < 400:
            known = self.seen.setdefault(name.lower(), [])
            if len(known) < 50:
                known.append(value)
            else:
                known[self.random.randrange(50)] = value

    def junk(self, depth: int = 0) -> Any:
        """Return any JSON value."""
        choices: list[Callable[[], Any]] = [
            lambda: None,
            lambda: self.random.choice([True, False, 0, -1, 1, 101, 1e308, 2**70, 0.1, START]),
            lambda: self.text(),
        ]
        if depth < 4:
            choices += [
                lambda: [self.junk(depth + 1) for _ in range(self.random.randrange(4))],
                lambda: {
                    self.text(): self.junk(depth + 1) for _ in range(self.random.randrange(4))
                },
            ]
        return self.random.choice(choices)()

    def text(self) -> str:
        """Return a word, or characters of all kinds."""
        if self.random.random() < 0.7:
            return " ".join(self.random.choices(WORDS, k=self.random.choice([1, 1, 1, 2, 5])))
        length = self.random.choice([0, 1, 10, 40, 300])
        return "".join(
            self.random.choices(string.printable + "\u00e9\x00\u2028\U0001f600", k=length)
        )

    def value(self, shapes: dict[str, Any], name: str, member: str, spoilt: float) -> Any:
        """Return a value of a shape, with junk here and there."""
        if self.random.random() < spoilt:
            return self.junk()
        shape = shapes[name]
        kind = shape["type"]
        if shape.get("document"):
            return self.junk(2)
        if kind == "structure":
            return self.structure(shapes, shape, spoilt)
        if kind == "list":
            count = self.random.choice([0, 1, 1, 2, 3])
            return [
                self.value(shapes, shape["member"]["shape"], member, spoilt)
                for _ in range(max(count, shape.get("min", 0)))
            ]
        if kind == "map":
            return {
                str(self.value(shapes, shape["key"]["shape"], "key", spoilt)): self.value(
                    shapes, shape["value"]["shape"], member, spoilt
                )
                for _ in range(self.random.choice([1, 1, 2]))
            }
        if kind == "string":
            return self.string(shape, member)
        if kind == "boolean":
            return self.random.random() < 0.5
        if kind == "timestamp":
            return START + self.random.choice(
                [0, 1, 2, 3, 4, 5, 0.5, 0.0004, 86_400, -1e9, -2e9, 1e13]
            )
        low = shape.get("min", 0)
        return self.random.choice([low, low + 1, low + 2, shape.get("max", 50)] * 3 + [low - 1])

    def string(self, shape: dict[str, Any], member: str) -> str:
        """Return a string: one known under that name, one of the enum, or one that may fit."""
        if "enum" in shape and self.random.random() < 0.95:
            return str(self.random.choice(shape["enum"]))
        if member == "memoryId" and self.random.random() < 0.9:
            return self.random.choice(self.memories)
        known = self.seen.get(member.lower()) or self.seen.get(member.lower().removesuffix("s"))
        if known and self.random.random() < 0.6:
            return self.random.choice(known)
        if self.random.random() < 0.05:
            return self.text()
        fitting = [item for item in CANDIDATES if fits(shape, item)]
        return self.random.choice(fitting or ["x" * 12])

    def structure(
        self, shapes: dict[str, Any], shape: dict[str, Any], spoilt: float
    ) -> dict[str, Any]:
        """Return the required members and some others, or one of a union."""
        members = shape["members"]
        if shape.get("union"):
            chosen = [self.random.choice(list(members))]
        else:
            required = shape.get("required", ())
            chosen = [name for name in members if name in required or self.random.random() < 0.4]
            if self.random.random() < spoilt:
                chosen = chosen[1:]
        return {name: self.value(shapes, members[name]["shape"], name, spoilt) for name in chosen}

    def request(self) -> tuple[str, str, bytes]:
        """Return method, path and body of a request."""
        name = self.random.choice(OPERATIONS)
        if name == "DeleteMemory" and self.random.random() < 0.9:
            name = "CreateEvent"
        entry, shapes = model()[name]
        spoilt = self.random.choice([0, 0, 0, 0, 0.02, 0.1])
        shape = shapes[entry["input"]["shape"]]
        params = self.structure(shapes, shape, spoilt)
        path: str = entry["http"]["requestUri"].split("?")[0]
        query: list[str] = []
        for member, about in shape["members"].items():
            where = about.get("location")
            if where == "uri":
                value = params.pop(member, None) or self.string(shapes[about["shape"]], member)
                path = path.replace("{" + member + "}", quote(str(value), safe=""))
            elif where == "querystring" and member in params:
                query.append(f"{member}={quote(str(params.pop(member)), safe='')}")
        if query:
            path += "?" + "&".join(query)
        method: str = entry["http"]["method"]
        body = json.dumps(params).encode()
        spoil = self.random.random()
        if spoil < 0.04:
            cut = self.random.randrange(len(body) + 1)
            body = body[:cut] + self.random.randbytes(3) + body[cut:]
        elif spoil < 0.06:
            path = "/" + quote(self.text(), safe="%/#?&=+;")
        elif spoil < 0.08:
            method = self.random.choice(["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
        return method, path, body

    def bytes(self) -> bytes:
        """Return bytes that are hardly HTTP."""
        method, path, body = self.request()
        whole = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n".encode()
        return self.random.choice(
            [
                self.random.randbytes(200),
                whole + b"Content-Length: 99999999999999999999\r\n\r\n" + body,
                whole + b"Content-Length: -1\r\n\r\n" + body,
                whole + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + body,
                whole + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n" + body,
                whole + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
                whole + b"X: " + b"y" * 20_000 + b"\r\n\r\n",
                whole + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
                whole + b"Expect: 200-maybe\r\nContent-Length: 0\r\n\r\n",
                whole.replace(b"HTTP/1.1", b"HTTP/9.9") + b"\r\n",
                b"GET " + b"/" * 20_000 + b" HTTP/1.1\r\n\r\n",
                b"POST http://[::1/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
                whole + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                whole[:-9] + b"\r\n",
                whole + b"\r\n" + whole + b"\r\n",
            ]
        )


async def create_memory(service: LocalMemoryService, source: Source) -> str:
    """Create a memory, and return its id."""
    strategies = [
        {"semanticMemoryStrategy": {"name": "Facts", "namespaceTemplates": ["/facts/{actorId}/"]}},
        {"summaryMemoryStrategy": {"name": "Summaries"}},
        {"userPreferenceMemoryStrategy": {"name": "Tastes"}},
        {"episodicMemoryStrategy": {"name": "Episodes"}},
    ]
    body = {
        "name": f"Fuzz{source.random.randrange(10**9)}",
        "eventExpiryDuration": 3,
        "memoryStrategies": strategies,
        "indexedKeys": [{"key": "topic", "type": "STRING"}],
    }
    async with (
        aiohttp.ClientSession() as http,
        http.post(service.endpoint_url + "/memories/create", json=body) as reply,
    ):
        answer = await reply.json()
        if reply.status == 402:  # there are 150 of them: the quota
            return source.memories[-1]
        return str(answer["memory"]["id"])


async def raw(host: str, port: int, data: bytes) -> int | None:
    """Send bytes, close the connection, and return the status of the answer."""
    async with await anyio.connect_tcp(host, port) as stream:
        await stream.send(data)
        answer = b""
        with anyio.move_on_after(0.3):
            try:
                answer = await stream.receive(65_536)
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return None
    if not answer.startswith(b"HTTP/1."):
        assert not answer, answer[:200]
        return None
    assert b"Traceback" not in answer
    return int(answer[9:12])


async def fuzz(count: int, seed: int, path: Path | None = None) -> dict[int, int]:
    """Send *count* requests, and return the number of answers by status."""
    source = Source(seed)
    statuses: dict[int, int] = {}
    wrong: list[str] = []

    def record(exchange: RecordedExchange) -> None:
        wrong.extend(f"{exchange.operation}: {item}" for item in problems(exchange))

    async with (
        LocalMemoryService(
            path,
            clock=ManualClock(START),
            admin=True,
            strict=True,
            on_exchange=record,
        ) as service,
        aiohttp.ClientSession(auto_decompress=False) as http,
    ):
        host, port = "127.0.0.1", int(service.endpoint_url.rsplit(":", 1)[1])
        from yarl import URL

        for number in range(count):
            if number % 100 == 0:
                source.memories = source.memories[-2:]
                source.memories.append(await create_memory(service, source))
            if source.random.random() < 0.03:
                data = source.bytes()
                status = await raw(host, port, data)
                assert status is None or status < 500, (number, status, data)
                continue
            method, where, body = source.request()
            url = URL(service.endpoint_url + where, encoded=True)
            async with http.request(method, url, data=body, headers=JSON) as reply:
                content = await reply.read()
                statuses[reply.status] = statuses.get(reply.status, 0) + 1
                assert reply.status < 500, (number, method, where, body, content)
                if method != "HEAD" and reply.status != 204:
                    answer = json.loads(content)
                    assert (reply.status < 300) == ("x-amzn-errortype" not in reply.headers)
                    if reply.status < 300:
                        source.learn(answer)
                        if where == "/memories/create" and number % 3 == 0:
                            source.memories.append(answer["memory"]["id"])
            assert not wrong, (number, method, where, body, content, wrong)
            if number % 500 == 499:
                service.clock.advance(source.random.choice([1, 3_600, 86_400]))  # type: ignore[attr-defined]
                await service.drain()
    if path is not None:
        with sqlite3.connect(path) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        db.close()
    return statuses


def main() -> int:
    """Fuzz a service on a file, and print the statuses of its answers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.db"
        statuses = anyio.run(fuzz, arguments.requests, arguments.seed, path)
    print(
        f"{arguments.requests} requests of seed {arguments.seed}:", dict(sorted(statuses.items()))
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
