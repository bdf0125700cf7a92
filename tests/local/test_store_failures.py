"""A file that can't be used: one line says why, and nothing is acknowledged that isn't stored."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest

from agentcore_memory_async.local import LocalMemoryService, StoreError
from agentcore_memory_async.local.__main__ import main
from agentcore_memory_async.local._database.store import Store
from tests.local.local_client import Client, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agentcore_memory_async.local._database.store import Transaction


def _sql(path: Path, *statements: str) -> None:
    db = sqlite3.connect(path)
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def _directory(path: Path) -> None:
    path.mkdir()


def _text(path: Path) -> None:
    path.write_text("these are my notes, all of them" * 100)


def _newer(path: Path) -> None:
    _sql(path, "CREATE TABLE memories (x)", "PRAGMA user_version = 99")


def _other_program(path: Path) -> None:
    _sql(path, "CREATE TABLE notes (text)", "INSERT INTO notes VALUES ('mine')")


def _other_program_with_a_version(path: Path) -> None:
    _sql(path, "CREATE TABLE notes (text)", "PRAGMA user_version = 3")


def _ours(path: Path) -> bytes:
    async def make() -> None:
        async with serving(path) as client:
            for number in range(20):
                await client.create(f"m{number}")

    anyio.run(make)
    return path.read_bytes()


def _damaged(path: Path) -> None:
    content = _ours(path)
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


def _cut(path: Path) -> None:
    path.write_bytes(_ours(path)[:30_000])


UNUSABLE: dict[Callable[[Path], None], str] = {
    _directory: "Is a directory",
    _text: "not a database",
    _newer: "newer package",
    _other_program: "another program",
    _other_program_with_a_version: "another program",
    _damaged: "it is damaged",
    _cut: "it is damaged",
}
"""Makers of files that can't be used, and words of the error."""


@pytest.mark.parametrize(("make", "words"), UNUSABLE.items())
def test_a_file_that_can_not_be_used_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: Callable[[Path], None], words: str
) -> None:
    """The command exits with status 1 and one line; the file is as it was, without others."""
    path = tmp_path / "memory.db"
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    assert main(["--port", "0", "--db", str(path)]) == 1
    line, nothing = capsys.readouterr().err.split("\n")
    assert (True, True, "") == (words in line, str(path) in line, nothing)
    assert before == (path.read_bytes() if path.is_file() else b"")
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize(("make", "words"), UNUSABLE.items())
def test_a_file_that_can_not_be_used_is_a_clear_error(
    tmp_path: Path, make: Callable[[Path], None], words: str
) -> None:
    """In process it is a StoreError, and the same each time: nothing stays locked."""
    make(tmp_path / "memory.db")
    for _ in range(2):
        with pytest.raises(StoreError, match=words):
            anyio.run(LocalMemoryService(tmp_path / "memory.db").open)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (OSError(30, "Read-only file system"), "Read-only file system"),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
def test_a_file_that_can_not_be_opened_is_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: OSError,
    words: str,
) -> None:
    """A file without permission, or on a disk that can't be written, is named with the reason."""

    def refuse(*args: object) -> int:
        raise error

    monkeypatch.setattr("agentcore_memory_async.local._database.lock.os.open", refuse)
    assert main(["--port", "0", "--db", str(tmp_path / "memory.db")]) == 1
    line, nothing = capsys.readouterr().err.split("\n")
    assert (True, "") == (words in line, nothing)


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """The folder is not created, as a mistyped one would be."""
    with pytest.raises(StoreError, match="its folder does not exist"):
        await LocalMemoryService(tmp_path / "missing" / "memory.db").open()
    assert [] == list(tmp_path.iterdir())


async def test_a_file_that_another_program_locks_is_refused(tmp_path: Path) -> None:
    """SQLite's own error is explained, and the file can be used afterwards."""
    path = tmp_path / "memory.db"
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="another program has locked it"):
        await LocalMemoryService(path).open()
    db.close()
    async with LocalMemoryService(path):
        pass


async def _fill(client: Client, pages: int) -> None:
    """Limit the database to *pages* more than it has; 0 takes the limit away."""

    def limit(transaction: Transaction) -> None:
        (count,) = transaction.db.execute("PRAGMA page_count").fetchone()
        transaction.db.execute(f"PRAGMA max_page_count = {count + pages if pages else 2**30}")

    await client.service._context.store.write(limit)


async def test_a_disk_that_fills_up_loses_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What does not fit is a 500; all others are stored; it goes on once there is room again."""
    path = tmp_path / "memory.db"
    stored: list[str] = []
    refused: set[tuple[int, str | None, bool]] = set()

    async def create(client: Client, number: int) -> None:
        text = f"I like window seats {number}. " + "x" * (5_000 if number % 3 else 5)
        reply = await client.create(text, session=f"s{number % 7}")
        if reply.status == 201:
            stored.append(reply.body["event"]["eventId"])
        else:
            refused.add((reply.status, reply.code, "make room" in reply.body["message"]))

    async def create_all(client: Client, numbers: range) -> None:
        async with anyio.create_task_group() as group:
            for number in numbers:
                group.start_soon(create, client, number)

    async with serving(path) as client:
        await client.create()
        await _fill(client, 60)
        await create_all(client, range(300))
        before = len(stored)
        assert refused == {(500, "ServiceException", True)}
        assert 0 < before < 300
        await _fill(client, 0)
        await create_all(client, range(300, 350))
        assert len(stored) == before + 50
    lines = [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]
    assert [(f"the database {path} can't be used: database or disk is full", None)] == [
        (record.message.partition(";")[0], record.exc_info) for record in lines
    ]
    async with serving(path) as client:
        rows = await client.service._context.store.read(
            lambda transaction: transaction.db.execute("SELECT event_id FROM events").fetchall()
        )
    assert set(stored) < {row[0] for row in rows}
    assert len(rows) == len(stored) + 1


async def test_extraction_goes_on_once_there_is_room(
    serve: Callable[..., Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Events that were stored before the disk was full are extracted afterwards."""
    async with serve(tmp_path / "memory.db") as client:
        await client.create("I live in Oslo with my dog Rex.")
        store = client.service._context.store
        write, full = store.write, True

        async def fail(function: Any) -> Any:
            if full:
                message = "full"
                raise StoreError(message)
            return await write(function)

        store.write = fail
        client.clock.advance(10)
        await client.service.drain(include_future=False)
        assert client.service.pending_sessions == 1
        full = False
        client.clock.advance(10)
        await client.service.drain(include_future=False)
        assert any("Oslo" in text for text in await client.contents("/facts/ann/"))
    assert not [record for record in caplog.records if record.exc_info]


async def test_jobs_whose_transaction_sqlite_ended_are_not_acknowledged(tmp_path: Path) -> None:
    """SQLite may roll all of a transaction back: then the jobs before fail too, those after not."""
    store = Store(tmp_path / "memory.db")
    await store.open()
    begun, hold, outcomes = threading.Event(), threading.Event(), dict[int, str]()

    def wait(_: Transaction) -> None:
        begun.set()
        hold.wait(10)

    def insert(number: int) -> Callable[[Transaction], None]:
        def write(transaction: Transaction) -> None:
            transaction.db.execute("INSERT INTO sequence VALUES (?, ?)", (number, number))
            if number == 2:
                transaction.db.execute("ROLLBACK")
                transaction.db.execute("INSERT INTO nowhere VALUES (1)")

        return write

    async def submit(number: int) -> None:
        try:
            await store.write(insert(number))
        except sqlite3.Error as error:
            outcomes[number] = str(error)
        else:
            outcomes[number] = "stored"

    async with anyio.create_task_group() as group:
        group.start_soon(store.write, wait)
        await anyio.to_thread.run_sync(begun.wait, 10)
        for number in range(1, 5):
            group.start_soon(submit, number)
        await anyio.wait_all_tasks_blocked()
        hold.set()
    found = await store.read(
        lambda transaction: transaction.db.execute("SELECT id FROM sequence").fetchall()
    )
    await store.aclose()
    lost = "no such table: nowhere"
    assert outcomes == {1: lost, 2: lost, 3: "stored", 4: "stored"}
    assert found == [(3,), (4,)]


LIMITED = """
import asyncio, resource, sys
from agentcore_memory_async.local._database.store import Store, StoreError

def insert(number, text):
    return lambda transaction: transaction.db.execute(
        "INSERT INTO memories (memory_id, name, document, seq) VALUES (?, '', ?, ?)",
        (str(number), text, number),
    ).rowcount

async def main():
    store = Store(sys.argv[1])
    await store.open()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limit[1]))
    try:
        await store.write(insert(1, "x" * 900_000))
    except StoreError as error:
        print("disk I/O error" in str(error))
    resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    await store.write(insert(2, "after"))
    count = "SELECT memory_id FROM memories"
    print(await store.read(lambda transaction: transaction.db.execute(count).fetchall()))
    await store.aclose()

asyncio.run(main())
"""


def test_a_limit_of_the_file_is_survived(tmp_path: Path) -> None:
    """Writes past a limit of the process are refused; later ones are stored."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "memory.db")],
        capture_output=True,
        text=True,
        timeout=45,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("True\n[('2',)]\n", "")


async def test_opening_that_is_cancelled_leaves_the_file(tmp_path: Path) -> None:
    """A store whose opening was cancelled gives the file back."""
    path = tmp_path / "memory.db"
    with anyio.move_on_after(0):
        await Store(path).open()
    with anyio.fail_after(20):
        while True:
            try:
                async with LocalMemoryService(path):
                    break
            except StoreError:
                await anyio.sleep(0)


async def test_opening_that_is_cancelled_closes_its_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those for readers, too, are closed by the store, and not left to the garbage collector."""
    opened: list[_Tracked] = []

    def connect(*arguments: Any, **options: Any) -> _Tracked:
        opened.append(_Tracked(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", connect)
    others = set(threading.enumerate())
    with anyio.move_on_after(0):
        await Store(tmp_path / "memory.db").open()
    for thread in set(threading.enumerate()) - others:
        await anyio.to_thread.run_sync(thread.join)
    assert [True] * 4 == [db.is_closed for db in opened]


class _Tracked(sqlite3.Connection):
    """A connection that says whether it was closed."""

    is_closed = False

    def close(self) -> None:
        """Close it."""
        self.is_closed = True
        super().close()


async def test_names_that_sqlite_takes_for_something_else(
    serve: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are the names of files, except for the one that everybody knows, which is refused."""
    monkeypatch.chdir(tmp_path)
    name = "file:memory.db?mode=memory"
    for count in range(2):
        async with serve(name) as client:
            assert len(await client.texts()) == count
            assert (await client.create()).status == 201
    assert (tmp_path / name).stat().st_size > 0
    with pytest.raises(StoreError, match="leave the file out to keep all in memory"):
        await LocalMemoryService(":memory:").open()
    assert not (tmp_path / ":memory:").exists()
