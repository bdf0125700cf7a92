"""The FastAPI example as users start it: real servers on loopback, one manager for each worker."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agentcore_memory_async.local import BlockingLocalMemoryService

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "fastapi_app.py"
MEMORY_ID = "chat-a1B2c3D4e5"
USERS = {f"token-{number}": f"user{number}@example.com" for number in range(8)}
STARTED = "Application startup complete"
"""What uvicorn says for each worker that has started."""
SERVING = "Uvicorn running on"
"""What it says once it listens: with several workers, or reloading, before they start."""
GUNICORN = [sys.executable, "-m", "gunicorn", "--worker-class", "asgi", "fastapi_app:app"]
UVICORN = [sys.executable, "-m", "uvicorn", "fastapi_app:app"]


class Server:
    """
    A web server in a process of its own.

    Args:
        process: The process.
        url: Its address.
    """

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url
        self.seen: list[str] = []
        self._lines = queue.Queue[str]()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.put(line)
        self._lines.put("")

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until the server has said *text* so many times more."""
        while times:
            line = self._lines.get(timeout=45)
            self.seen.append(line)
            if not line:
                pytest.fail("the server has ended:\n" + "".join(self.seen))
            times -= text in line

    def stop(self) -> str:
        """Stop the server as service managers do, and return all that it said."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        while line := self._lines.get(timeout=30):
            self.seen.append(line)
        return "".join(self.seen)


@pytest.fixture
def service() -> Iterator[BlockingLocalMemoryService]:
    """Yield a local service on a thread of its own."""
    with LocalMemoryService() as service:
        yield service


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serving(
    service: BlockingLocalMemoryService, command: list[str], folder: Path = EXAMPLE.parent
) -> Iterator[Server]:
    """Start the example by *command*, in the folder of its module, and end it."""
    port = free_port()
    if "gunicorn" in command:
        command = [*command, "--bind", f"127.0.0.1:{port}", "--log-level", "debug"]
    else:
        command = [*command, "--port", str(port)]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={
            **os.environ,
            **service.environment,
            "MEMORY_ID": MEMORY_ID,
            "CHAT_TOKENS": json.dumps(USERS),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Server(process, f"http://127.0.0.1:{port}")
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)
        assert process.stderr is not None
        process.stderr.close()


def ask(url: str, number: int, message: str, path: str = "/chat") -> str:
    """Return the answer to a user, on a new connection."""
    answer = httpx2.post(
        f"{url}{path}",
        json={"message": message, "session_id": "chat001"},
        headers={"Authorization": f"Bearer token-{number}"},
        timeout=30,
    )
    assert 200 == answer.status_code, answer.text
    return answer.text


def ask_all(url: str, message: str, path: str) -> list[str]:
    """Return the answers to all users, who ask at the same time."""
    answers: dict[int, str] = {}

    def run(number: int) -> None:
        answers[number] = ask(url, number, message.format(number), path)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(USERS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return [answers[number] for number in range(len(USERS))]


def check(service: BlockingLocalMemoryService, server: Server, workers: int) -> None:
    """Hold a conversation with each user; nobody gets what another said."""
    assert 200 == httpx2.get(f"{server.url}/healthz", timeout=30).status_code
    assert workers == len(service.calls("GetMemory"))  # one manager for each worker
    ask_all(server.url, "My locker code is Q{0}Q.", "/chat")
    service.drain()
    for path in ("/chat", "/chat/stream"):
        for number, answer in enumerate(ask_all(server.url, "What is my locker code?", path)):
            assert [number] == [each for each in range(len(USERS)) if f"Q{each}Q" in answer]


@pytest.mark.parametrize("workers", [1, 2])
def test_uvicorn(service: BlockingLocalMemoryService, workers: int) -> None:
    """Each worker opens one manager, and closes it when the server is told to end."""
    with serving(service, [*UVICORN, "--workers", str(workers)]) as server:
        server.wait_for(STARTED, workers)
        if workers == 1:
            server.wait_for(SERVING)
        check(service, server, workers)
        said = server.stop()
    assert workers == said.count("Application shutdown complete")
    assert "Traceback" not in said


@pytest.mark.parametrize("options", [[], ["--preload"]], ids=["after the fork", "before the fork"])
def test_gunicorn(service: BlockingLocalMemoryService, options: list[str]) -> None:
    """It is the same where the app is imported before its workers are forked."""
    with serving(service, [*GUNICORN, "--workers", "2", *options]) as server:
        server.wait_for("ASGI lifespan startup complete", 2)
        check(service, server, 2)
        said = server.stop()
    assert "Traceback" not in said


def test_uvicorn_with_reload(service: BlockingLocalMemoryService, tmp_path: Path) -> None:
    """A changed module is loaded anew, with a manager of its own."""
    module = Path(shutil.copy(EXAMPLE, tmp_path))
    with serving(service, [*UVICORN, "--reload"], tmp_path) as server:
        server.wait_for(STARTED)
        ask(server.url, 0, "I only fly window seats.")
        module.write_text(module.read_text().replace("I remember:", "I recall:"))
        server.wait_for(STARTED)
        service.drain()
        assert "I recall: The user only flies window seats." in ask(server.url, 0, "Which seats?")
        server.stop()
    assert 2 == len(service.calls("GetMemory"))


def test_a_client_that_leaves_is_stored(service: BlockingLocalMemoryService) -> None:
    """The server may also be told to end right behind it."""
    body = json.dumps({"message": "I only fly window seats.", "session_id": "chat001"})
    with serving(service, UVICORN) as server:
        server.wait_for(SERVING)
        address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        for number in range(len(USERS)):
            with socket.create_connection(address, timeout=30) as connection:
                request = (
                    "POST /chat/stream HTTP/1.1\r\nHost: app\r\n"
                    f"Authorization: Bearer token-{number}\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n{body}"
                )
                connection.sendall(request.encode())
                assert connection.recv(12).startswith(b"HTTP/1.1 200")
        server.stop()
    with service.manager(MEMORY_ID) as manager:
        stored = [actor.actor_id for actor in manager.list_actors()]
    assert len(USERS) == len(stored)
