"""The file: durable, migrated, owned by one service."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async.local import LocalMemoryService, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

START = 1_767_225_600.0


async def test_everything_is_there_after_a_restart(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    """Events, records and used tokens survive closing and opening."""
    path = tmp_path / "memory.db"
    async with serve(path) as client:
        await client.create("x", clientToken="t")
        await client.put("a record")
    async with serve(path) as client:
        await client.create("y", clientToken="t")
        assert await client.texts() == ["x"]
        assert len(await client.search("record")) == 1


async def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """A schema that this version does not know is left alone."""
    path = tmp_path / "memory.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match="newer package"):
        await LocalMemoryService(path).open()


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Another file is refused and left as it was."""
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes, all of them" * 100)
    with pytest.raises(StoreError, match="not a database"):
        await LocalMemoryService(path).open()
    assert path.read_text().startswith("these are my notes")


async def test_hundreds_of_writers_share_commits(serve: Callable[..., Any], tmp_path: Path) -> None:
    """Concurrent events are all stored, with far fewer commits than events."""
    async with serve(tmp_path / "memory.db") as client:

        async def write(number: int) -> None:
            assert (await client.create(f"m{number}", actor=f"a{number}")).status == 201

        async with anyio.create_task_group() as group:
            for number in range(300):
                group.start_soon(write, number)
        seen = 0
        token: dict[str, str] = {}
        while True:
            page = (await client.call("POST", "actors", maxResults=100, **token)).body
            seen += len(page["actorSummaries"])
            if "nextToken" not in page:
                break
            token = {"nextToken": page["nextToken"]}
        assert seen == 300
        assert client.service.commits < 150


def _command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "agentcore_memory_async.local", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def _greeting(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Return the address, and all that the command says when it is ready."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C" in line:
            return said.split()[4], said
    raise AssertionError(said)


def _post(url: str, body: bytes = b"{}") -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, data=body, method="POST")) as reply:
        content: bytes = reply.read()
        return content


def test_killed_without_warning_it_loses_nothing(tmp_path: Path) -> None:
    """After SIGKILL every acknowledged event is there."""
    path = tmp_path / "memory.db"
    process = _command("--db", str(path))
    try:
        url, _ = _greeting(process)
        for number in range(50):
            event = (
                b'{"actorId":"a","sessionId":"s","eventTimestamp":%d,'
                b'"payload":[{"blob":%d}]}' % (START + number, number)
            )
            _post(f"{url}/memories/chat-a1B2c3D4e5/events", event)
    finally:
        process.kill()
        process.communicate()
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM events").fetchone() == (50,)
    db.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_tells_what_to_export_and_stops_cleanly(number: int) -> None:
    """It prints address and variables, logs a line per request, and ends with status 0."""
    process = _command("--log-requests")
    try:
        url, output = _greeting(process)
        assert b"actorSummaries" in _post(f"{url}/memories/chat-a1B2c3D4e5/actors")
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert f"export AWS_ENDPOINT_URL_BEDROCK_AGENTCORE={url}" in output
    assert f"export AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL={url}" in output
    assert "export AWS_ACCESS_KEY_ID=" in output
    assert "ListActors" in errors
    assert "Traceback" not in errors
