"""The reference's code runs on the sync API with changed import lines."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from anyio.from_thread import start_blocking_portal
from botocore.exceptions import ClientError

from agentcore_memory_async import ConversationalMessage, MemorySessionManager, MessageRole
from agentcore_memory_async.local import LocalMemoryService
from tests.sync.reference_snippets import blocks, is_description, ours, snippet

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def exports() -> Iterator[dict[str, str]]:
    """Run the local service in a thread, and return the environment variables of its address."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(LocalMemoryService(extraction_delay=0)) as service,
    ):
        yield service.environment


@pytest.fixture
def service(exports: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Point every SDK to the local service."""
    for name, value in exports.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalMemoryService]:
    """Run a local service as strict as the real one, and point every SDK to it."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(LocalMemoryService(strict=True)) as service,
    ):
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        yield service


@pytest.fixture
def namespace() -> Iterator[dict[str, Any]]:
    """Yield the namespace that the snippets share, and drop what they leave open."""
    shared: dict[str, Any] = {}
    exec(snippet("Import"), shared)
    yield shared
    shared.clear()
    gc.collect()


def test_every_block_is_a_description_or_runs_here() -> None:
    """Every block of the reference is a description or is run here."""
    runs = [heading for heading, code in blocks() if not is_description(code)]
    assert runs == [
        "Import",
        "create_memory_session",
        "add_turns",
        "get_last_k_turns",
        "list_long_term_memory_records",
        "search_long_term_memories",
        "ConversationalMessage",
        "MessageRole",
        "Complete Example",
        "With Strands Agent",
        "With FastAPI",
        "Error Handling",
    ]


def test_only_import_lines_change() -> None:
    """The code differs from the reference's only in import lines."""
    for _, code in blocks():
        changed = [
            line
            for line, theirs in zip(ours(code).splitlines(), code.splitlines(), strict=True)
            if line != theirs
        ]
        assert all(line.startswith("from agentcore_memory_async import ") for line in changed)


def test_short_examples(
    service: None, namespace: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """The examples of the methods run in order, and print the conversation."""
    for heading in (
        "create_memory_session",
        "add_turns",
        "get_last_k_turns",
        "ConversationalMessage",
        "MessageRole",
    ):
        exec(snippet(heading), namespace)
    assert capsys.readouterr().out.splitlines() == [
        "ASSISTANT: Hello, how can I help?",
        "USER: I need help with my order",
        "ASSISTANT: What's your order number?",
        "USER: Order #12345",
    ]
    assert namespace["user_msg"] == ConversationalMessage("Hello", MessageRole.USER)


def test_long_term_examples(
    service: None, namespace: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """The examples list and search records."""
    exec(snippet("create_memory_session"), namespace)
    manager: MemorySessionManager = namespace["session_manager"]
    # A separate session, since other examples use the same service.
    session = namespace["session"] = manager.create_memory_session("user123", "chat002")
    with session.extraction_poller(["/preferences/user123/", "/facts/user123/"]) as poller:
        session.add_turns(
            [
                ConversationalMessage(
                    "My order #12345 has a delivery issue. I prefer Rust.", MessageRole.USER
                )
            ]
        )
        assert len(poller.wait()) >= 1
    exec(snippet("list_long_term_memory_records"), namespace)
    exec(snippet("search_long_term_memories"), namespace)
    printed = capsys.readouterr().out.splitlines()
    assert all(re.fullmatch(r"Score: [\d.e-]+, Content: .+", line) for line in printed)
    assert (len(printed) >= 1, len(namespace["facts"]) >= 1) == (True, True)


@pytest.mark.timeout(60)
def test_complete_example(exports: dict[str, str], tmp_path: Path) -> None:
    """The complete example runs as a script, including its sleep."""
    script = tmp_path / "complete_example.py"
    script.write_text(snippet("Complete Example"))
    ran = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        env={**os.environ, **exports},
        capture_output=True,
        text=True,
        timeout=45,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    printed = ran.stdout.splitlines()
    assert printed[:4] == [
        "=== Recent Conversation ===",
        "  ASSISTANT: Hi, how can I help you today?...",
        "  USER: I'm having trouble with order #12345. It hasn't ar...",
        "  ASSISTANT: I understand. Let me look up order #12345 for you....",
    ]
    assert any(re.match(r"  \[/\w+/user123/.*\] .*12345", line) for line in printed)
    assert any(re.match(r"  1\. \(score: \d\.\d\d\) .*12345", line) for line in printed)


def test_strands_snippet(service: None, namespace: dict[str, Any]) -> None:
    """The agent stores both roles and reads its context, on a stand-in for the framework."""

    class Agent:
        def __init__(self) -> None:
            self.contexts: list[str] = []

        def invoke(self, text: str, *, context: str) -> str:
            self.contexts.append(context)
            return f"You said: {text}"

    code = snippet("With Strands Agent").replace("from strands import Agent\n", "")
    namespace["Agent"] = Agent
    exec(code, namespace)
    manager = MemorySessionManager("agent-a1B2c3D4e5")
    session = manager.create_memory_session("user123", "chat001")
    agent = namespace["MemoryAgent"](session)
    assert agent.process_message("Where is my order?") == "You said: Where is my order?"
    again = namespace["MemoryAgent"](manager.create_memory_session("user123", "chat001"))
    assert [turn.text for turn in again.history] == [
        "Where is my order?",
        "You said: Where is my order?",
    ]
    manager.close()


class TestErrors:
    """The error example of the reference."""

    def handle(self, memory_id: str) -> None:
        """Run the example."""
        with MemorySessionManager(memory_id) as manager:
            exec(snippet("Error Handling"), {"session_manager": manager})

    def test_missing_memory(
        self, strict: LocalMemoryService, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A missing memory is reported when the session is created."""
        self.handle("missing-a1B2c3D4e5")
        assert capsys.readouterr().out == "Memory resource not found\n"

    def test_denied(self, strict: LocalMemoryService, capsys: pytest.CaptureFixture[str]) -> None:
        """A denied permission is reported when the session is created."""
        strict.fail("AccessDeniedException", operation="ListEvents")
        self.handle("missing-a1B2c3D4e5")
        assert capsys.readouterr().out == "Insufficient permissions\n"

    def test_other_codes_are_raised_again(self, strict: LocalMemoryService) -> None:
        """Other errors are raised again, as botocore's."""
        strict.fail("ServiceQuotaExceededException", operation="ListEvents")
        with pytest.raises(ClientError) as caught:
            self.handle("missing-a1B2c3D4e5")
        assert caught.value.response["Error"]["Code"] == "ServiceQuotaExceededException"


REQUESTS = 1000 if os.environ.get("CI") else 200  # each opens a client, which takes about 40 ms

CHAT = """
import asyncio, gc, os, sys, threading, warnings
import httpx2
from tests.sync.sync_toys import sockets
from agentcore_memory_async import ConversationalMessage, MemorySessionManager, MessageRole

def generate_response(message, context):
    return f"{message} back"

exec(compile(open(sys.argv[1]).read(), "chat_app.py", "exec"))
client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost")

async def send(count):
    for number in range(count):
        body = dict(message="hello", actor_id=f"user{number % 10}", session_id="chat001")
        answer = await client.post("/chat", json=body)
        assert answer.json() == {"response": "hello back"}, answer.text

def counted():
    gc.collect()
    return threading.active_count(), sockets(), len(gc.get_objects())

with asyncio.Runner() as runner:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        runner.run(send(2))
    for warning in caught:
        print(warning.category.__name__, warning.filename, str(warning.message)[:30])
    warnings.simplefilter("error")
    runner.run(send(100))
    before = counted()
    runner.run(send(int(sys.argv[2])))
    print(*(now - then for now, then in zip(counted(), before)))
"""


@pytest.mark.timeout(300)
def test_fastapi(exports: dict[str, str], tmp_path: Path) -> None:
    """The printed application works, warns once at its own line, and leaks nothing."""
    # It makes a manager for each request and never closes one. After 1,000 requests (fewer outside
    # CI) there are as many threads, sockets and objects as before.
    application = tmp_path / "application.py"
    application.write_text(snippet("With FastAPI"))
    ran = subprocess.run(
        [sys.executable, "-c", CHAT, str(application), str(REQUESTS)],
        env={
            **os.environ,
            **exports,
            "MEMORY_ID": "chat-a1B2c3D4e5",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
        capture_output=True,
        text=True,
        timeout=290,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    warned, counts = ran.stdout.splitlines()
    assert warned == "BlockingCallWarning chat_app.py MemorySession.add_turns blocks"
    threads, files, objects = map(int, counts.split())
    assert (threads <= 2, files <= 5, objects < 2000) == (True, True, True)
