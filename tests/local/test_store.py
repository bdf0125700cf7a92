"""The database: durable, migrated, used by one service at a time, read concurrently."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async.local import LocalMemoryService, ManualClock, StoreError
from agentcore_memory_async.local.__main__ import main
from agentcore_memory_async.local._database.schema import _MIGRATIONS, VERSION
from agentcore_memory_async.local._database.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MEMORY = "chat-a1B2c3D4e5"
VERSION_1 = Path(__file__).with_name("data") / "version-1.sql"
JSON = {"Content-Type": "application/json"}
START = 1_767_225_600.0


@contextmanager
def old_file(path: Path, version: int) -> Iterator[sqlite3.Connection]:
    """Return a connection to a new file with the schema of an older version."""
    with closing(sqlite3.connect(path)) as db, db:
        for step in _MIGRATIONS[:version]:
            db.executescript(step)
        db.execute(f"PRAGMA user_version = {version}")
        yield db


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
    """A file with a newer schema is refused and left as it was."""
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


async def test_a_file_of_the_first_version_is_brought_up(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    """Its events, branches, tokens, records, pending events and failed jobs are still there."""
    path = tmp_path / "memory.db"
    with sqlite3.connect(path) as db:
        db.executescript(VERSION_1.read_text())
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
    db.close()
    async with serve(path, clock=ManualClock(START + 60)) as client:
        assert await client.texts() == ["What if?", "Noted.", "I like window seats."]
        chain = {"branch": {"name": "side", "includeParentBranches": True}}
        assert await client.texts(filter=chain) == ["What if?", "I like window seats."]
        again = await client.create("again", clientToken="t1")
        assert again.body["event"]["metadata"] == {"kind": {"stringValue": "wish"}}
        assert "Ann lives in Turin." in await client.contents()
        assert await client.search("Where does Ann live?") != []
        (job,) = (await client.call("POST", "extractionJobs")).body["jobs"]
        started = await client.call(
            "POST", "extractionJobs", "start", extractionJob={"jobId": job["jobID"]}
        )
        assert started.status == 200
        await client.service.drain()
        assert any("Miau" in text for text in await client.contents("/facts/ann/"))
        listed = (await client.send("POST", "/memories/", {})).body["memories"]
        assert [item["id"] for item in listed] == [client.memory]
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


async def test_tokens_of_the_fourth_version_are_migrated(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    """A client token that was used then still returns the memory that it created."""
    path = tmp_path / "memory.db"
    new = {"name": "Chat", "eventExpiryDuration": 30, "clientToken": "t" * 40}
    async with serve(path) as client:
        created = (await client.send("POST", "/memories/create", new)).body["memory"]
    tables = ("memories", "tokens")
    with old_file(tmp_path / "old.db", version=4) as db:
        db.execute("ATTACH ? AS newest", (str(path),))
        for table in tables:
            db.execute(f"INSERT INTO {table} SELECT * FROM newest.{table}")
        db.execute("UPDATE tokens SET answer = ?", (created["id"],))
    async with serve(tmp_path / "old.db") as client:
        again = (await client.send("POST", "/memories/create", new)).body["memory"]
        assert again["id"] == created["id"]


async def test_records_of_the_fifth_version_are_migrated(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    """They are listed by namespace and by path, found, and deleted, as those written since."""
    path = tmp_path / "memory.db"
    namespaces = ("/a/b/", "/a/b", "/a/bc/", "/a/", "/a//d/", "e", None)
    row = (
        "INSERT INTO records (memory_id, record_id, namespace, namespace_key, content, "
        "fingerprint, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    )
    with old_file(path, version=5) as db:
        for number, name in enumerate(namespaces):
            at, text = START * 1000 - number - 1, f"old {name}"
            key = (name or "").rstrip("/")
            db.execute(row, (MEMORY, f"mem-{number:036}", name, key, text, text, at, at))
    async with serve(path) as client:
        for name in namespaces[:-1]:
            await client.put(f"new {name}", namespace=name)
        below = {
            "/": 13,
            "/a/": 10,
            "/a": 10,
            "/a/b": 4,
            "/a/b/": 4,
            "/a/bc": 2,
            "/a//d": 2,
            "e/": 2,
            "/a/x": 0,
        }
        for name, count in below.items():
            assert len(await client.records(name)) == count, name
            assert len(await client.search("old new", name, topK=100)) == count, name
        exact = {
            name: (await client.call("POST", "memoryRecords", namespace=name)).body
            for name in namespaces[:-1]
        }
        for name, page in exact.items():
            texts = [item["content"]["text"] for item in page["memoryRecordSummaries"]]
            assert texts == [f"new {name}", f"old {name}"]
        for record in await client.records("/a/"):
            await client.call("DELETE", "memoryRecords", record["memoryRecordId"])
        assert await client.records("/a/") == []
        assert len(await client.records("/")) == 3
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM records WHERE terms IS NULL").fetchone() == (0,)
        assert db.execute("SELECT count(DISTINCT seq) FROM record_paths").fetchone() == (2,)


async def test_a_migration_that_fails_leaves_the_file(tmp_path: Path) -> None:
    """A file that can't be migrated stays intact, at its version."""
    path = tmp_path / "memory.db"
    with sqlite3.connect(path) as db:
        db.executescript(VERSION_1.read_text())
        db.execute("ALTER TABLE memories ADD COLUMN tags TEXT")  # the next version's
    db.close()
    with pytest.raises(StoreError, match="duplicate column"):
        await LocalMemoryService(path).open()
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        columns = [row[1] for row in db.execute("PRAGMA table_info(memories)")]
        assert columns == ["memory_id", "name", "document", "deleted", "tags"]
    db.close()


async def test_one_service_owns_a_file(serve: Callable[..., Any], tmp_path: Path) -> None:
    """A second service on the file is refused while the first runs, and not afterwards."""
    path = tmp_path / "memory.db"
    async with serve(path) as client:
        with pytest.raises(StoreError, match="another local service uses it"):
            await LocalMemoryService(path).open()
        assert (await client.create()).status == 201
    async with serve(path) as client:
        assert await client.texts() == ["hello"]


async def test_a_long_read_blocks_nobody(tmp_path: Path) -> None:
    """While one reader is busy, others read, and writes are committed."""
    store = Store(tmp_path / "memory.db")
    await store.open()
    ended = threading.Event()
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(store.read, lambda _: ended.wait(10))
            await store.write(
                lambda transaction: transaction.db.execute("INSERT INTO sequence VALUES (7, 7)")
            )
            found = await store.read(
                lambda transaction: transaction.db.execute("SELECT id FROM sequence").fetchall()
            )
            assert found == [(7,)]
            ended.set()
        with pytest.raises(StoreError, match="readonly"):
            await store.read(
                lambda transaction: transaction.db.execute("DELETE FROM sequence").rowcount
            )
    finally:
        ended.set()
        await store.aclose()


def _command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "agentcore_memory_async.local", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def _greeting(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Return the address, and all that the command prints when it is ready."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C" in line:
            return said.split()[4], said
    raise AssertionError(said)


def _post(url: str, body: bytes = b"{}") -> bytes:
    request = urllib.request.Request(url, data=body, headers=JSON)
    with urllib.request.urlopen(request) as reply:
        content: bytes = reply.read()
        return content


def test_killed_without_warning_it_loses_nothing(tmp_path: Path) -> None:
    """After SIGKILL all acknowledged events are there."""
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


WRITER = """
import json, sys, urllib.request
url, actor = sys.argv[1:]
for number in range(100_000):
    payload = [{"conversational": {"role": "USER", "content": {"text": f"m{number}"}}}]
    event = {"actorId": actor, "sessionId": "s", "eventTimestamp": 1e9 + number, "payload": payload}
    body = json.dumps(event).encode()
    try:
        json_type = {"Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(url, body, json_type)) as reply:
            print(json.load(reply)["event"]["eventId"], flush=True)
    except OSError:
        break
"""


def test_killed_while_several_processes_write_it_loses_nothing(tmp_path: Path) -> None:
    """After SIGKILL all events that were acknowledged to three processes are there."""
    path = tmp_path / "memory.db"
    service = _command("--db", str(path))
    writers: list[subprocess.Popen[str]] = []
    acknowledged: set[str] = set()
    try:
        url, _ = _greeting(service)
        for actor in "abc":
            arguments = [
                sys.executable,
                "-c",
                WRITER,
                f"{url}/memories/chat-a1B2c3D4e5/events",
                actor,
            ]
            writers.append(subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True))
        for writer in writers:
            assert writer.stdout is not None
            acknowledged |= {next(writer.stdout).strip() for _ in range(20)}
        service.kill()
        for writer in writers:
            acknowledged |= set(writer.communicate(timeout=45)[0].split())
    finally:
        for process in (service, *writers):
            process.kill()
            process.communicate()
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        stored = {row[0] for row in db.execute("SELECT event_id FROM events")}
    db.close()
    assert len(acknowledged) >= 60
    assert acknowledged <= stored


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--port", "99999", "give 0 to 65535"),
        ("--port", "http", "'http' is not a port"),
        ("--extraction-delay", "-1", "0 to 10,000,000"),
        ("--provisioning-delay", "nan", "0 to 10,000,000"),
    ],
)
def test_the_command_refuses_what_can_not_be(
    capsys: pytest.CaptureFixture[str], option: str, value: str, words: str
) -> None:
    """It prints one line, before it does anything."""
    with pytest.raises(SystemExit) as caught:
        main([f"{option}={value}"])
    assert (2, True) == (caught.value.code, words in capsys.readouterr().err)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_tells_what_to_export_and_stops_cleanly(number: int) -> None:
    """It prints address and variables, logs a line for each request, and exits with status 0."""
    process = _command("--trace")
    try:
        url, output = _greeting(process)
        assert b"actorSummaries" in _post(f"{url}/memories/chat-a1B2c3D4e5/actors")
        process.send_signal(number)
        _, errors = process.communicate(timeout=45)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    page = Path(__file__).parents[2] / "docs" / "local.md"
    assert output.replace(url, "http://127.0.0.1:8788") in page.read_text()
    assert f"export AWS_ENDPOINT_URL_BEDROCK_AGENTCORE={url}" in output
    assert f"export AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL={url}" in output
    assert "export AWS_ACCESS_KEY_ID=" in output
    assert "ListActors" in errors
    assert "Traceback" not in errors
