"""The reference's own code runs on the facade, with only its import lines changed."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import re
import runpy
import subprocess
import sys
import threading
import time
import warnings
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from botocore.exceptions import ClientError

from agentcore_memory_async import (
    BlockingCallWarning,
    ConversationalMessage,
    MemorySession,
    MemorySessionManager,
    MessageRole,
)
from agentcore_memory_async.local import LocalMemoryService
from tests.sync.reference_snippets import blocks, is_description, ours, snippet
from tests.sync.sync_toys import sockets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextlib.contextmanager
def local_service(*, strict: bool = False) -> Iterator[LocalMemoryService]:
    """Run the local service on a loop of its own."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(
            LocalMemoryService(strict=strict, extraction_delay=0)
        ) as service,
    ):
        yield service


def point_to(service: LocalMemoryService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the variables that point every SDK to *service*."""
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalMemoryService]:
    """Run the local service and point to it."""
    with local_service() as service:
        point_to(service, monkeypatch)
        yield service


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalMemoryService]:
    """Run the local service as strict as the real one, and point to it."""
    with local_service(strict=True) as service:
        point_to(service, monkeypatch)
        yield service


@pytest.fixture
def namespace() -> Iterator[dict[str, Any]]:
    """Give what the snippets share; what they leave open is dropped at the end."""
    shared: dict[str, Any] = {}
    exec(snippet("Import"), shared)
    yield shared
    shared.clear()
    gc.collect()


def test_every_block_is_a_description_or_runs_here() -> None:
    """No code of the reference is left out."""
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
    """What runs here is the reference's text, but for the lines that import."""
    for _, code in blocks():
        changed = [
            line
            for line, theirs in zip(ours(code).splitlines(), code.splitlines(), strict=True)
            if line != theirs
        ]
        assert all(line.startswith("from agentcore_memory_async import ") for line in changed)


def test_short_examples(
    service: LocalMemoryService, namespace: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """The examples of each method run one after the other, and print what was said."""
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
    service: LocalMemoryService, namespace: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Records are listed and searched as the examples do."""
    exec(snippet("create_memory_session"), namespace)
    session: MemorySession = namespace["session"]
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
def test_complete_example(tmp_path: Path) -> None:
    """The complete example, sleep included, against the service in a process of its own."""
    script = tmp_path / "complete_example.py"
    script.write_text(snippet("Complete Example"))
    with subprocess.Popen(
        [sys.executable, "-m", "agentcore_memory_async.local", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as served:
        try:
            assert served.stdout
            lines = iter(served.stdout.readline, "Ctrl-C stops it.\n")
            exports = dict(re.findall(r"export (\w+)=(\S+)", "".join(lines)))
            ran = subprocess.run(
                [sys.executable, "-W", "error", str(script)],
                env={**os.environ, **exports},
                capture_output=True,
                text=True,
                timeout=45,
                check=False,
            )
        finally:
            served.terminate()
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


def test_strands_snippet(service: LocalMemoryService, namespace: dict[str, Any]) -> None:
    """The agent stores both sides and reads its context, with a stand-in for the framework."""

    class Agent:
        def __init__(self) -> None:
            self.contexts: list[str] = []

        def invoke(self, text: str, *, context: str) -> str:
            self.contexts.append(context)
            return f"You said: {text}"

    code = snippet("With Strands Agent").replace("from strands import Agent\n", "")
    namespace["Agent"] = Agent
    exec(code, namespace)
    manager = MemorySessionManager("mem-abc123def456")
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
    """The error example, as printed."""

    def handle(self, memory_id: str) -> None:
        """Run the example."""
        with MemorySessionManager(memory_id) as manager:
            exec(snippet("Error Handling"), {"session_manager": manager})

    def test_missing_memory(
        self, strict: LocalMemoryService, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """An unknown memory is reported when the session is made."""
        self.handle("missing-a1B2c3D4e5")
        assert capsys.readouterr().out == "Memory resource not found\n"

    def test_denied(self, strict: LocalMemoryService, capsys: pytest.CaptureFixture[str]) -> None:
        """A missing permission is reported when the session is made."""
        strict.fail("AccessDeniedException", operation="ListEvents")
        self.handle("missing-a1B2c3D4e5")
        assert capsys.readouterr().out == "Insufficient permissions\n"

    def test_other_codes_are_raised_again(self, strict: LocalMemoryService) -> None:
        """Any other error goes through, as botocore's."""
        strict.fail("ServiceQuotaExceededException", operation="ListEvents")
        with pytest.raises(ClientError) as caught:
            self.handle("missing-a1B2c3D4e5")
        assert caught.value.response["Error"]["Code"] == "ServiceQuotaExceededException"


@pytest.fixture
def chat(
    service: LocalMemoryService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[[int], str]]:
    """Give the reference's FastAPI application: a function that sends one request to it."""
    monkeypatch.setenv("MEMORY_ID", "mem-abc123def456")
    header = (
        "import os\n"
        "from agentcore_memory_async import (\n"
        "    ConversationalMessage, MemorySessionManager, MessageRole)\n"
        "def generate_response(message, context):\n"
        "    return f'{message} with {len(context)} records'\n"
    )
    path = tmp_path / "chat_app.py"
    path.write_text(header + snippet("With FastAPI"))
    application = runpy.run_path(str(path))["app"]
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(application), base_url="http://localhost"
    )
    with asyncio.Runner() as runner:

        def send(number: int) -> str:
            body = {"message": "hello", "actor_id": f"user{number}", "session_id": "chat001"}
            answer = runner.run(client.post("/chat", json=body))
            assert answer.status_code == 200
            response: str = answer.json()["response"]
            return response

        yield send


def test_fastapi_warns_once(chat: Callable[[int], str]) -> None:
    """The application as printed works, and says once, at its own line, that it blocks."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert {chat(1), chat(2)} == {"hello with 0 records"}
    blocking = [warning for warning in caught if warning.category is BlockingCallWarning]
    assert [warning.filename.rpartition(os.sep)[2] for warning in blocking] == ["chat_app.py"]
    assert "MemorySession.add_turns" in str(blocking[0].message)


def count() -> tuple[int, int, int]:
    """Count what may leak: threads, sockets and files, objects."""
    gc.collect()
    return threading.active_count(), sockets(), len(gc.get_objects())


@pytest.mark.timeout(120)
@pytest.mark.filterwarnings("ignore::agentcore_memory_async.BlockingCallWarning")
def test_1000_requests_leave_nothing(chat: Callable[[int], str]) -> None:
    """A manager for each request, never closed: threads, sockets and objects stay flat."""
    for number in range(100):
        chat(number % 10)
    before = count()
    began = time.monotonic()
    for number in range(900):
        chat(number % 10)
    print(time.monotonic() - began)
    after = count()
    grown = [now - then for now, then in zip(after, before, strict=True)]
    assert grown[0] <= 2
    assert grown[1] <= 10
    assert grown[2] <= 5000
