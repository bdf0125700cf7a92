"""The MCP server as a command: both transports, asked by the official client, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("mcp")

import anyio
import httpx2
from mcp import Client, StdioServerParameters, stdio_client
from mcp.types import TextResourceContents

from agentcore_memory_async.integrations.mcp.__main__ import main
from agentcore_memory_async.local import LocalMemoryService
from tests.integrations.test_mcp import call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from agentcore_memory_async.local import BlockingLocalMemoryService, RecordedExchange

pytestmark = pytest.mark.timeout(200)  # each test starts a process or two
MODULE = "agentcore_memory_async.integrations.mcp"
CANARY = "c4n4ry"
ACTOR = "enc-anna_40example_2ecom"
"""Id of anna@example.com."""
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
HELLO = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
ENDS_WITHIN_S = 60.0
"""Seconds that ending may take on a busy machine."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[BlockingLocalMemoryService]:
    """Yield a local service, on a thread of its own, that the environment names."""
    with LocalMemoryService() as service:
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        yield service


def arguments_of(service: BlockingLocalMemoryService, *more: str) -> list[str]:
    """Return the arguments of a command that serves anna's memory, with ids that are encoded."""
    ids = ["--actor-id", "anna@example.com", "--session-id", "chat 1"]
    where = ["--endpoint-url", service.endpoint_url, "--region", "us-west-2"]
    return ["-m", MODULE, "--memory-id", "chat-a1B2c3D4e5", *ids, *where, *more]


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command with pipes; kill it in the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            with suppress(BrokenPipeError):
                assert pipe is not None
                pipe.close()


def say(process: subprocess.Popen[bytes], message: dict[str, Any]) -> None:
    """Send a message over stdin."""
    assert process.stdin is not None
    process.stdin.write(json.dumps(message).encode() + b"\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Read a message from stdout."""
    assert process.stdout is not None
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


@contextmanager
def listening(service: BlockingLocalMemoryService, *more: str) -> Iterator[tuple[Any, str]]:
    """Run the command over HTTP on a free port, and yield it with its URL."""
    arguments = arguments_of(service, "--transport", "http", "--port", "0", *more)
    with started(*arguments) as process:
        assert process.stderr is not None
        found = re.search(rb"http://127\.0\.0\.1:\d+/mcp", process.stderr.readline())
        assert found is not None
        yield process, found[0].decode()


@asynccontextmanager
async def client_of(
    service: BlockingLocalMemoryService, transport: str, mode: str
) -> AsyncIterator[Client]:
    """Yield a client of a command that runs for it."""
    if transport == "stdio":
        parameters = StdioServerParameters(
            command=sys.executable, args=arguments_of(service), env=dict(os.environ)
        )
        async with Client(stdio_client(parameters), mode=mode) as client:
            yield client
        return
    with listening(service) as (_, url):
        async with Client(url, mode=mode) as client:
            yield client


@pytest.mark.parametrize(("transport", "mode"), [("stdio", "legacy"), ("http", "auto")])
async def test_fifty_calls_at_once_are_answered(
    transport: str, mode: str, service: BlockingLocalMemoryService
) -> None:
    """What was remembered is found, listed and read, each once."""
    async with client_of(service, transport, mode) as client:
        facts = [f"Bee {at} flies." for at in range(50)]
        async with asyncio.TaskGroup() as group:
            kept = [group.create_task(call(client, "remember", fact=each)) for each in facts]
        ids = sorted(each.result()["record_id"] for each in kept)
        found = await call(client, "recall", query="bee")
        assert {each["record_id"] for each in found["memories"]} < set(ids)
        listed = (await client.list_resources()).resources
        assert ids == sorted(each.name for each in listed)
        assert sorted(facts) == sorted(str(each.title) for each in listed)
        assert {"turns": []} == await call(client, "recent_turns", k=5)
        wrong = await client.call_tool("recall", {})
        assert wrong.is_error


@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_cancelled_requests_leave_room_for_others(
    transport: str, service: BlockingLocalMemoryService
) -> None:
    """Searches that take a minute hold all connections, until the client has cancelled them."""
    tasks = list[asyncio.Task[Any]]()
    slow = service.add_latency(60, operation="RetrieveMemoryRecords")
    async with client_of(service, transport, "auto") as client:
        async with asyncio.TaskGroup() as group:
            for _ in range(60):
                tasks.append(group.create_task(call(client, "recall", query="bees")))
            while slow.met < 20:
                await asyncio.sleep(0.05)
            assert {"turns": []} == await call(client, "recent_turns", k=1)
            for task in tasks:
                task.cancel()
        slow.cancel()
        with anyio.fail_after(50):
            assert {"memories": []} == await call(client, "recall", query="bees")


@pytest.mark.parametrize(("number", "is_asked"), [(signal.SIGINT, False), (signal.SIGTERM, True)])
def test_stdio_ends_by_a_signal(
    number: signal.Signals, is_asked: bool, service: BlockingLocalMemoryService
) -> None:
    """While its client keeps stdin open, and also while a search is under way."""
    with started(*arguments_of(service)) as process:
        say(process, HELLO)
        assert "agentcore-memory" == hear(process)["result"]["serverInfo"]["name"]
        if is_asked:
            service.add_latency(60, operation="RetrieveMemoryRecords")
            params = {"name": "recall", "arguments": {"query": "bees"}}
            say(process, {**PING, "method": "tools/call", "params": params})
            say(process, {**PING, "id": 2})
            assert 2 == hear(process)["id"]
        process.send_signal(number)
        assert 0 == process.wait(ENDS_WITHIN_S)
        service.clear_faults()
        assert (b"", b"") == process.communicate()


def test_stdio_ends_with_its_input(service: BlockingLocalMemoryService) -> None:
    """Each line of stdout is a message; stderr has nothing."""
    with started(*arguments_of(service)) as process:
        say(process, HELLO)
        assert process.stdin is not None
        process.stdin.write(b"no JSON\n")
        say(process, PING)
        answers = [hear(process), hear(process)]
        out, error = process.communicate(timeout=ENDS_WITHIN_S)
    assert {0, 1} <= {each.get("id") for each in answers}
    assert (0, b"", b"") == (process.returncode, out, error)


def test_logs_have_no_content(service: BlockingLocalMemoryService) -> None:
    """Neither of what is asked, nor of what breaks the protocol."""
    wrong: list[dict[str, Any]] = [
        {"method": "tools/call", "params": {"name": "recall", "arguments": CANARY}},
        {"method": "tools/call", "params": {"name": CANARY, "arguments": {}}},
        {"method": "tools/call", "params": CANARY},
        {"method": "tools/call", "params": {"name": "remember", "arguments": {"text": CANARY}}},
        {"method": "tools/call", "params": {"name": "remember", "arguments": {"fact": CANARY}}},
        {"method": "resources/read", "params": {"uri": f"memory://records/{CANARY}"}},
        {"method": "resources/list", "params": {"cursor": CANARY}},
        {"method": CANARY},
    ]
    service.fail("ValidationException", operation="BatchCreateMemoryRecords", message=CANARY)
    with started(*arguments_of(service)) as process:
        say(process, HELLO)
        hear(process)
        for at, message in enumerate(wrong):
            say(process, {"jsonrpc": "2.0", "id": at + 1, **message})
        say(process, {**PING, "id": 100})
        waiting = {5, 100}  # that of the service's error, and the last one
        while waiting:
            waiting.discard(hear(process).get("id"))
        _, error = process.communicate(timeout=ENDS_WITHIN_S)
    assert b"remember of a model failed" in error
    assert CANARY.encode() not in error


def test_stdio_ends_if_nobody_reads_it(service: BlockingLocalMemoryService) -> None:
    """A client that died closes both pipes."""
    with started(*arguments_of(service)) as process:
        say(process, HELLO)
        hear(process)
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.close()
        say(process, PING)
        process.stdin.close()
        assert 0 == process.wait(ENDS_WITHIN_S)
        assert process.stderr is not None
        assert b"" == process.stderr.read()


@pytest.mark.parametrize("number", [signal.SIGINT])
def test_http_ends_by_a_signal(number: signal.Signals, service: BlockingLocalMemoryService) -> None:
    """While a client listens for events, too."""
    accept = {"Accept": "application/json, text/event-stream"}
    with listening(service) as (process, url), httpx2.Client(headers=accept) as http:
        session_id = http.post(url, json=HELLO).headers["mcp-session-id"]
        with http.stream("GET", url, headers={"mcp-session-id": session_id}) as stream:
            assert 200 == stream.status_code
            process.send_signal(number)
            assert 0 == process.wait(ENDS_WITHIN_S)
        out, error = process.communicate()
        assert b"" == out
        assert b"Traceback" not in error  # uvicorn says in a line that it cut off an answer


def test_http_listens_on_this_machine_and_refuses_names_of_others(
    service: BlockingLocalMemoryService,
) -> None:
    """A page of another site can't reach it by a name that it points here, nor by its script."""
    with listening(service) as (_, url), httpx2.Client() as http:
        headers = {"Accept": "application/json, text/event-stream"}
        assert 200 == http.post(url, json=HELLO, headers=headers).status_code
        for other in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
            answer = http.post(url, json=HELLO, headers={**headers, **other})
            assert answer.status_code in {403, 421}


@pytest.mark.parametrize(
    ("wrong", "status", "text"),
    [
        (["--host", "0.0.0.0"], 2, "unrecognized arguments"),
        (["--port", "70000"], 2, "not a port"),
        (["--transport", "sse"], 2, "invalid choice"),
        (["--memory-id", "x/y"], 1, "memory_id"),
        (["--namespace", "/f/{tenant}/{actorId}/"], 1, "tenant"),
        (["--namespace", "/f/{actor"], 1, "brace"),
    ],
)
def test_a_wrong_argument_is_told_in_a_line(
    wrong: list[str],
    status: int,
    text: str,
    service: BlockingLocalMemoryService,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On stderr; nothing is served."""
    assert (status, "") == run(arguments_of(service, *wrong), text, capsys)


def run(arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> tuple[Any, str]:
    """Run the command in this process; return its status and output, and check its error."""
    try:
        status: Any = main(arguments[2:])
    except SystemExit as ended:
        status = ended.code
    out, error = capsys.readouterr()
    assert text in error
    assert "Traceback" not in error
    return status, out


def test_a_port_in_use_is_told(
    service: BlockingLocalMemoryService, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends at once, and nothing was asked of the memory."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        more = ["--transport", "http", "--port", str(taken.getsockname()[1])]
        assert (1, "") == run(arguments_of(service, *more), "in use", capsys)


@pytest.mark.parametrize("given", [["--namespace", "/a/{actorId}/", "--namespace", "/b/"], []])
async def test_memories_go_to_the_first_namespace(
    given: list[str],
    service: BlockingLocalMemoryService,
    recorded: Callable[[], list[RecordedExchange]],
) -> None:
    """It is that of the command, or of the memory's strategies, which are read once."""
    with listening(service, *given) as (_, url):
        async with Client(url) as client:
            kept = await call(client, "remember", fact="Bees fly.")
            [content] = (
                await client.read_resource(f"memory://records/{kept['record_id']}")
            ).contents
    assert isinstance(content, TextResourceContents)
    namespace = json.loads(content.text)["namespace"]
    asked = [each.operation for each in recorded() if each.operation == "GetMemory"]
    begun, expected = ("/a/", []) if given else ("/facts/", ["GetMemory"])
    assert (f"{begun}{ACTOR}/", expected) == (namespace, asked)
