"""Measure a thousand concurrent sessions on the local service in its own process."""

from __future__ import annotations

import argparse
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import anyio
from aiohttp import web

from agentcore_memory_async import __version__

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

MEMORY = "bench-a1B2c3D4e5"
START = 1_767_225_600
TALK = (
    ("USER", "I live in {place} and I need help with order #{number}."),
    ("ASSISTANT", "Let me look up order #{number} for you."),
    ("USER", "I prefer a window seat when I travel to {place}."),
    ("ASSISTANT", "Your order #{number} has been shipped to {place}."),
)
PLACES = [
    "Oslo",
    "Paris",
    "Berlin",
    "Madrid",
    "Lima",
    "Quito",
    "Cairo",
    "Seoul",
    "Porto",
    "Turin",
    "Kyoto",
    "Accra",
]


class Load:
    """The load of all clients, with durations and errors."""

    def __init__(self, url: str, sessions: int, events: int, *, whole: bool) -> None:
        self.url = f"{url}/memories/{MEMORY}"
        self.sessions = sessions
        self.events = events
        self.whole = whole
        self.took: dict[str, list[float]] = defaultdict(list)
        self.errors: list[str] = []

    async def ask(self, http: aiohttp.ClientSession, name: str, path: str, body: Any) -> Any:
        """Send one request; record its duration, or an error."""
        start = time.perf_counter()
        try:
            async with http.post(f"{self.url}/{path}", json=body) as response:
                answer = await response.json(content_type=None)
                if response.status >= 300:
                    self.errors.append(f"{name} {response.status} {answer}")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            self.errors.append(f"{name} {error!r}")
            return {}
        self.took[name].append(time.perf_counter() - start)
        return answer

    async def session(self, http: aiohttp.ClientSession, number: int) -> None:
        """Run one conversation: write, read back, search."""
        actor, session = f"user{number}", f"s{number}"
        place = PLACES[number % len(PLACES)]
        for event in range(self.events):
            payload = [
                {
                    "conversational": {
                        "role": role,
                        "content": {"text": text.format(place=place, number=number)},
                    }
                }
                for role, text in TALK[event % 2 * 2 : event % 2 * 2 + 2]
            ]
            body = {
                "actorId": actor,
                "sessionId": session,
                "eventTimestamp": START + event,
                "payload": payload,
                "clientToken": f"{actor}-{event}",
            }
            await self.ask(http, "CreateEvent", "events", body)
        listed = await self.ask(http, "ListEvents", f"actor/{actor}/sessions/{session}", {})
        if self.whole and len(listed.get("events", ())) != min(20, self.events):
            self.errors.append(f"{session} has {len(listed.get('events', ()))} events")
        criteria = {"searchCriteria": {"searchQuery": "order problem", "topK": 3}}
        where = {"namespacePath": f"/facts/{actor}/"}
        await self.ask(http, "RetrieveMemoryRecords", "retrieve", criteria | where)

    async def run(self) -> tuple[float, float | None]:
        """Run all conversations; return seconds until their end and until all records."""
        connector = aiohttp.TCPConnector(limit=self.sessions)
        timeout = aiohttp.ClientTimeout(total=300)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
            start = time.perf_counter()
            async with anyio.create_task_group() as group:
                for number in random.Random(1).sample(range(self.sessions), self.sessions):
                    group.start_soon(self.session, http, number)
            took = time.perf_counter() - start
            if not self.whole:
                return took, None
            last = "/summaries/user{}/s{}/"
            for number in range(self.sessions):
                path = last.format(number, number)
                while not (await self._records(http, path)):
                    await anyio.sleep(0.2)
            return took, time.perf_counter() - start

    async def _records(self, http: aiohttp.ClientSession, path: str) -> Any:
        body = {"namespacePath": path}
        async with http.post(f"{self.url}/memoryRecords", json=body) as response:
            return (await response.json(content_type=None))["memoryRecordSummaries"]


@contextmanager
def local_service(path: Path | None) -> Iterator[str]:
    """Run the local service as a command."""
    command = [sys.executable, "-m", "agentcore_memory_async.local", "--port", "0"]
    if path is not None:
        command += ["--db", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        try:
            yield found.group()
        finally:
            process.terminate()
            process.communicate()


@asynccontextmanager
async def stub() -> AsyncIterator[str]:
    """Run a server that answers at once and stores nothing, in its own process."""
    command = [sys.executable, "-m", "benchmarks.local_sessions.measure", "--stub"]
    process = await anyio.open_process(command)
    try:
        assert process.stdout is not None
        yield (await process.stdout.receive()).decode().strip()
    finally:
        process.terminate()
        await process.wait()


async def serve_stub() -> None:
    """Answer every request with the same event."""
    answer = b'{"event": {"eventId": "0000001767225600000#0123abcd"}, "events": []}'

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        await request.read()
        return web.Response(body=answer, content_type="application/json", status=201)

    runner = web.ServerRunner(web.Server(handle, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await anyio.sleep_forever()


def print_rows(name: str, load: Load, took: float, extracted: float | None) -> None:
    """Print a table row for each operation."""
    events = len(load.took["CreateEvent"])
    for operation, seconds in load.took.items():
        ordered = sorted(seconds)
        columns = (ordered[int(len(ordered) * share)] * 1e3 for share in (0.5, 0.95, 0.99))
        p50, p95, p99 = (f"{item:.0f}" for item in columns)
        rate = f"{events / took:,.0f}" if operation == "CreateEvent" else ""
        until = f"{extracted:.1f} s" if extracted and operation == "CreateEvent" else ""
        print(
            f"| {name} | {operation} | {len(ordered):,} | {rate} | {p50} | {p95} | {p99} | "
            f"{ordered[-1] * 1e3:.0f} | {until} |"
        )
    for error in load.errors[:5]:
        print("error:", error)
    print(f"| {name} | errors | {len(load.errors)} | | | | | | |")


async def main(sessions: int, events: int) -> int:
    """Measure all contestants and print the table of the README."""
    print(
        f"agentcore-memory-async {__version__}, Python {platform.python_version()}, aiohttp "
        f"{aiohttp.__version__}, {os.cpu_count()} cores, {sessions:,} sessions, {events} events "
        "each\n"
    )
    print("| | operation | requests | events a second | p50 ms | p95 | p99 | max | all records |")
    print("|---|---|---|---|---|---|---|---|---|")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, path in (("file", Path(folder) / "memory.db"), ("in memory", None)):
            with local_service(path) as url:
                load = Load(url, sessions, events, whole=True)
                print_rows(name, load, *await load.run())
                failed += len(load.errors)
    async with stub() as url:
        load = Load(url, sessions, events, whole=False)
        print_rows("stub", load, *await load.run())
    return 1 if failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--events", type=int, default=10)
    parser.add_argument("--stub", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.stub:
        anyio.run(serve_stub)
    sys.exit(anyio.run(main, given.sessions, given.events))
