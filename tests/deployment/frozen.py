"""
Handlers of Lambda between whose invocations the process is frozen and its connections are lost.

    python -m tests.deployment.frozen --seconds 20

A freeze is SIGSTOP. Meanwhile the connections, which lead through a relay, are closed or reset, or
lose all that is sent from then on without a word.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from attrs import define, field

from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples" / "lambda"
HANDLERS = ("handler", "async_handler")
LOSSES = ("kept", "closed", "reset", "silent")
"""What becomes of the connections meanwhile."""
MEMORY = "chat-a1B2c3D4e5"


@define
class Relay:
    """
    Passes the bytes of connections on to a port of this machine.

    Attributes:
        opened: Number of connections so far.
    """

    port: int
    opened: int = 0
    _writers: list[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = field(factory=list)
    _silent: set[asyncio.StreamWriter] = field(factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side ends it."""
        self.opened += 1
        there, back = await asyncio.open_connection("127.0.0.1", self.port)
        self._writers.append((writer, back))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._pass_on, reader, back)
            tasks.start_soon(self._pass_on, there, writer)

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                if target not in self._silent:
                    target.write(data)
        target.close()

    def lose(self, how: str) -> None:
        """End the connections that there are."""
        for pair in self._writers if how != "kept" else ():
            for writer in pair:
                if how == "silent":
                    self._silent.add(writer)
                elif how == "reset":
                    writer.transport.abort()
                else:
                    writer.close()

    def end(self) -> None:
        """Close all connections."""
        for writer in [writer for pair in self._writers for writer in pair]:
            writer.transport.abort()


@asynccontextmanager
async def relay_to(url: str) -> AsyncIterator[tuple[Relay, str]]:
    """Yield a relay to *url*, and its own URL."""
    relay = Relay(int(url.rpartition(":")[2]))
    async with await asyncio.start_server(relay.serve, "127.0.0.1", 0) as server:
        yield relay, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        relay.end()


@define
class Runtime:
    """
    A process that serves the invocations of a handler.

    Attributes:
        process: The process.
        skipped_s: By how much its connections are older than the time that has passed.
    """

    process: asyncio.subprocess.Process
    skipped_s: float = 0.0

    async def invoke(self, event: Any, limit_s: float = 30.0) -> dict[str, Any]:
        """Invoke the handler, and return its answer."""
        self.send(event, limit_s)
        return await self.answer()

    def send(self, event: Any, limit_s: float = 30.0) -> None:
        """Invoke the handler."""
        assert self.process.stdin is not None
        invocation = {"event": event, "limit_s": limit_s, "skipped_s": self.skipped_s}
        self.process.stdin.write(json.dumps(invocation).encode() + b"\n")

    async def answer(self) -> dict[str, Any]:
        """Return the next line of the process."""
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(await self.process.stdout.readline())
        return answer

    async def freeze(self) -> None:
        """Return when the process is stopped."""
        self.process.send_signal(signal.SIGSTOP)
        await anyio.to_thread.run_sync(os.waitid, os.P_PID, self.process.pid, os.WSTOPPED)

    def thaw(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)


@asynccontextmanager
async def runtime(module: str, environment: dict[str, str]) -> AsyncIterator[Runtime]:
    """Yield a started process that has imported *module*, and kill it at the end."""
    found = {"PYTHONPATH": f"{ROOT}{os.pathsep}{EXAMPLES}", "MEMORY_ID": MEMORY}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "tests.deployment.lambda_runtime", module),
        env={**os.environ, **environment, **found},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    started = Runtime(process)
    try:
        assert {"ready": module} == await started.answer()
        yield started
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def said(message: str, user: str = "anna@example.com") -> dict[str, Any]:
    """Return the event of an HTTP API: *message* of *user*."""
    return {
        "requestContext": {"authorizer": {"jwt": {"claims": {"sub": user}}}},
        "body": json.dumps({"session_id": "chat001", "message": message}),
    }


async def stored(service: LocalMemoryService) -> list[str]:
    """Return what users said in all sessions, oldest first, as often as it was stored."""
    found: list[str] = []
    async with service.manager(MEMORY) as manager:
        for actor in await manager.list_actors():
            session = await manager.create_memory_session(actor.actor_id, "chat001", verify=False)
            turns = await session.get_last_k_turns(k=100)
            found += [turn.text for turn in turns if turn.role == "USER"]
    return found


@define
class Thawed:
    """
    What came of some invocations, with a freeze after each.

    Attributes:
        answers: What the handler returned.
        stored: What users said, as stored.
        connections: Number of connections after each invocation.
    """

    answers: list[dict[str, Any]] = field(factory=list)
    stored: list[str] = field(factory=list)
    connections: list[int] = field(factory=list)


async def between_freezes(
    module: str, losses: Sequence[str], seconds: float, skipped_s: float = 0.0
) -> Thawed:
    """
    Invoke a handler, and again after each of some freezes.

    Args:
        module: Name of the handler's module.
        losses: What becomes of the connections in each freeze, of `LOSSES`.
        seconds: Length of each freeze.
        skipped_s: How much longer the connections take each freeze for.
    """
    async with LocalMemoryService() as service, relay_to(service.endpoint_url) as (relay, url):
        environment = {
            name: url if value == service.endpoint_url else value
            for name, value in service.environment.items()
        }
        came = Thawed()
        async with runtime(module, environment) as process:
            for number, loss in enumerate(("", *losses)):
                if loss:
                    await process.freeze()
                    relay.lose(loss)
                    await anyio.sleep(seconds)
                    process.thaw()
                    process.skipped_s += skipped_s
                came.answers.append(await process.invoke(said(f"message {number}")))
                came.connections.append(relay.opened)
        came.stored = await stored(service)
    return came


async def _show(seconds: float, freezes: int) -> bool:
    """Print what came of each handler and each loss; return whether each turn was stored once."""
    found: dict[tuple[str, str], Thawed] = {}

    async def find(module: str, loss: str) -> None:
        found[module, loss] = await between_freezes(module, [loss] * freezes, seconds)

    async with anyio.create_task_group() as tasks:
        for module in HANDLERS:
            for loss in LOSSES:
                tasks.start_soon(find, module, loss)
    expected = [f"message {number}" for number in range(freezes + 1)]
    print(f"Milliseconds of each invocation, frozen for {seconds:g} s between two of them:")
    for (module, loss), came in sorted(found.items()):
        times = " ".join(f"{1000 * answer['took_s']:6.0f}" for answer in came.answers)
        print(f"{module:14} {loss:7}{times}  stored once each: {came.stored == expected}")
    return all(came.stored == expected for came in found.values())


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.deployment.frozen")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of a freeze (20)")
    parser.add_argument("--freezes", type=int, default=2, help="number of freezes (2)")
    arguments = parser.parse_args()
    return 0 if asyncio.run(_show(arguments.seconds, arguments.freezes)) else 1


if __name__ == "__main__":
    sys.exit(main())
