"""One service uses a file, whatever name it is given, on every platform."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async.local import LocalMemoryService, StoreError
from agentcore_memory_async.local._database import lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OPEN = """
import sys
from agentcore_memory_async.local._database import lock
if "nothing" in sys.argv:
    lock._fcntl = lock._msvcrt = None
from agentcore_memory_async.local.__main__ import main
sys.exit(main(["--port", "0", "--db", sys.argv[1]]))
"""


def _hard_link(path: Path) -> Path:
    other = path.with_name("other.db")
    os.link(path, other)
    return other


def _hard_link_in_another_folder(path: Path) -> Path:
    other = path.parent / "folder" / "memory.db"
    other.parent.mkdir()
    os.link(path, other)
    return other


def _symlink(path: Path) -> Path:
    other = path.with_name("other.db")
    other.symlink_to(path.name)
    return other


def _symlink_of_the_folder(path: Path) -> Path:
    other = path.parent / "here"
    other.symlink_to(path.parent)
    return other / path.name


def _detour(path: Path) -> Path:
    (path.parent / "folder").mkdir()
    return path.parent / "folder" / ".." / path.name


def _itself(path: Path) -> Path:
    return path


NAMES = [
    _itself,
    _hard_link,
    _hard_link_in_another_folder,
    _symlink,
    _symlink_of_the_folder,
    _detour,
]


class Msvcrt:
    """The lock of Windows, by that of this platform."""

    LK_UNLCK, LK_NBLCK = 0, 2

    @staticmethod
    def locking(descriptor: int, mode: int, count: int) -> None:
        """Lock *count* bytes from where the file is, or unlock them."""
        kind = fcntl.LOCK_EX | fcntl.LOCK_NB if mode else fcntl.LOCK_UN
        fcntl.lockf(descriptor, kind, count, 0, os.SEEK_CUR)


class OldFcntl:
    """The locks of a platform where none belongs to a descriptor."""

    LOCK_EX, LOCK_NB, LOCK_UN = fcntl.LOCK_EX, fcntl.LOCK_NB, fcntl.LOCK_UN
    lockf = staticmethod(fcntl.lockf)


@pytest.fixture(params=["linux", "posix", "windows", "neither"])
def platform(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Simulate the modules of a platform, and return its name."""
    name: str = request.param
    if name != "linux":
        monkeypatch.setattr(lock, "_fcntl", OldFcntl if name == "posix" else None)
        monkeypatch.setattr(lock, "_msvcrt", Msvcrt if name == "windows" else None)
    return name


@pytest.mark.parametrize("name", NAMES)
async def test_a_second_service_is_refused(
    tmp_path: Path, platform: str, name: Callable[[Path], Path]
) -> None:
    """In the same process, by every name, while the first runs and not afterwards."""
    path = tmp_path / "memory.db"
    async with LocalMemoryService(path):
        other = name(path)
        for _ in range(2):
            with pytest.raises(StoreError, match="another local service uses it"):
                await LocalMemoryService(other).open()
    async with LocalMemoryService(other):
        pass


@pytest.mark.parametrize("name", NAMES)
async def test_a_second_process_is_refused(
    serve: Callable[..., Any], tmp_path: Path, name: Callable[[Path], Path]
) -> None:
    """By every name, with one line; the first goes on, and the file stays whole."""
    path = tmp_path / "memory.db"
    async with serve(path) as client:
        assert (await client.create("before")).status == 201
        path.read_bytes()  # a reader of the same process that closes the file
        refused = _run(name(path))
        assert (1, 1) == (refused.returncode, refused.stderr.count("\n")), refused.stderr
        assert "another local service uses it" in refused.stderr
        assert (await client.create("after")).status == 201
    db = sqlite3.connect(path)
    assert [("ok",)] == db.execute("PRAGMA integrity_check").fetchall()
    assert (2,) == db.execute("SELECT count(*) FROM events").fetchone()
    db.close()


async def test_a_second_process_is_refused_without_locks_of_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the platform has none, SQLite locks a file beside it, the same for every name there."""
    monkeypatch.setattr(lock, "_fcntl", None)
    async with LocalMemoryService(tmp_path / "memory.db"):
        refused = _run(_hard_link(tmp_path / "memory.db"), "nothing")
    assert "another local service uses it" in refused.stderr


def _run(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", OPEN, str(path), *arguments],
        capture_output=True,
        text=True,
        timeout=45,
        check=False,
    )


async def test_a_copy_is_another_file(tmp_path: Path) -> None:
    """A copy that was made while the service ran has no lock."""
    path = tmp_path / "memory.db"
    async with LocalMemoryService(path):
        shutil.copy(path, tmp_path / "copy.db")
        async with LocalMemoryService(tmp_path / "copy.db"):
            pass


async def test_others_may_read_the_file(serve: Callable[..., Any], tmp_path: Path) -> None:
    """The lock keeps services out, and no reader."""
    path = tmp_path / "memory.db"
    async with serve(path) as client:
        await client.create()
        db = sqlite3.connect(path)
        assert (1,) == db.execute("SELECT count(*) FROM events").fetchone()
        db.close()
        assert (await client.create()).status == 201


async def test_the_log_under_another_name_is_not_passed_over(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    """After a crash, the name is told under which the last writes are; there they are read."""
    path, crashed = tmp_path / "memory.db", tmp_path / "crashed.db"
    async with serve(path) as client:
        await client.create()
        shutil.copy(path, crashed)
        shutil.copy(f"{path}-wal", f"{crashed}-wal")
    other = _hard_link(crashed)
    with pytest.raises(StoreError, match=f"that of its other name {crashed}"):
        await LocalMemoryService(other).open()
    async with serve(crashed) as client:
        assert await client.texts() == ["hello"]
    async with serve(other) as client:
        assert await client.texts() == ["hello"]


async def test_a_file_that_was_left_is_opened_by_no_name_in_another_folder(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    """A service that was killed left its log beside the other name; there its writes are read."""
    path = tmp_path / "memory.db"
    async with LocalMemoryService(path):
        pass
    other = _hard_link_in_another_folder(path)
    with subprocess.Popen(
        [sys.executable, "-c", OPEN, str(path)], stdout=subprocess.PIPE, text=True
    ) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline()
        killed.kill()
    for _ in range(2):
        with pytest.raises(StoreError, match="did not close it by its other name"):
            await LocalMemoryService(other).open()
    shutil.copy(path, tmp_path / "copy.db")
    for each in (tmp_path / "copy.db", path, other, path):
        async with serve(each) as client:
            assert (await client.create()).status == 201


async def test_the_log_of_a_moved_file_is_not_deleted(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    """No other file begins on the name whose log has the last writes; they go where it goes."""
    path, moved = tmp_path / "memory.db", tmp_path / "moved.db"
    async with serve(path) as client:
        await client.create("before")
        path.rename(moved)
        await _refuse_for_the_log(path)
        assert (await client.create("after")).status == 201
        assert sorted(await client.texts()) == ["after", "before"]
    await _refuse_for_the_log(path)
    path.with_name("memory.db-wal").rename(path.with_name("moved.db-wal"))
    async with serve(moved) as client, serve(path):
        assert sorted(await client.texts()) == ["after", "before"]


async def _refuse_for_the_log(path: Path) -> None:
    for _ in range(2):
        with pytest.raises(StoreError, match=r"-wal, the log of a file that was moved"):
            await LocalMemoryService(path).open()
