"""
The lock of a database file, which one service holds.

It is on the file itself and not on its name, since links give one file many names, and SQLite
finds the log of the last writes by name: two services on two names would damage the file. A copy
is another file and has no lock.

The lock is on one byte that SQLite never uses, of the page in which it keeps locks of its own.
Those belong to the process, and end when anything in the process closes the file. So the files
that this process has locked are in a set as well, and are not opened again to find that out.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import struct
import threading
import zlib
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

_fcntl: Any = None
with suppress(ImportError):  # not on Windows
    import fcntl

    _fcntl = fcntl
_msvcrt: Any = None
with suppress(ImportError):  # only there
    import msvcrt

    _msvcrt = msvcrt

_BYTE = 0x4000_0000 + 512
"""Offset of the byte that is locked, behind those that SQLite locks."""
_APPLICATION_ID = 68
"""Offset of SQLite's application id, where the mark is."""
_LOCKED_ERRNOS = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
"""Errors of a lock that another process has; which one depends on the platform."""
_guard = threading.Lock()
_locked: set[tuple[int, int]] = set()


class LockedError(Exception):
    """The file is in use by a service."""


@frozen
class FileLock:
    """
    The lock on one file.

    Attributes:
        identity: Device and inode of the file.
        descriptor: Descriptor of the file, which must not be closed before SQLite closes its own.
        unlock: Ends the lock.
    """

    identity: tuple[int, int]
    descriptor: int
    unlock: Callable[[], None]

    def release(self) -> None:
        """End the lock; after SQLite has closed the file."""
        with _guard:
            self.unlock()
            os.close(self.descriptor)
            _locked.discard(self.identity)


def lock_file(path: str | Path) -> FileLock:
    """
    Lock the file at *path*, and create an empty one if it is missing.

    The operating system ends the lock with the process, however that ends.

    Raises:
        LockedError: Another service has locked it, under whatever name.
        OSError: The file can't be opened to be written.
        sqlite3.Error: The file beside it can't be locked, on a platform without locks of files.
    """
    with _guard:
        with suppress(FileNotFoundError):
            if _identity(Path(path).stat()) in _locked:
                raise LockedError
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        try:
            identity = _identity(os.fstat(descriptor))
            unlock = _lock_byte(descriptor) or _lock_beside(Path(path).resolve(), identity)
        except BaseException:
            os.close(descriptor)
            raise
        _locked.add(identity)
    return FileLock(identity, descriptor, unlock)


def other_name_with_log(path: str | Path) -> Path | None:
    """
    Return another name of the file, in its folder, under which the log of its last writes is.

    SQLite finds the log by name, and a service that was killed leaves it. Without it the writes
    would be missing, and the file would be damaged once it is opened by that name again.
    """
    name = Path(path).resolve()
    status = name.stat()
    for other in name.parent.iterdir() if status.st_nlink > 1 else ():
        log = other.with_name(f"{other.name}-wal")
        if other != name and log.exists() and log.stat().st_size and other.samefile(name):
            return other
    return None


def name_mark(path: str | Path) -> int:
    """Return what a service writes into the file while it is open by this name; never 0."""
    return zlib.crc32(os.fsencode(Path(path).resolve())) & 0x7FFF_FFFF | 1


def was_left_by_another_name(path: str | Path, descriptor: int) -> bool:
    """
    Return whether a service that had the file open by another name did not close it.

    That name may be in any folder, and the log of the last writes is there. A copy has one name.
    """
    name = Path(path).resolve()
    if name.stat().st_nlink == 1 or name.with_name(f"{name.name}-wal").exists():
        return False
    os.lseek(descriptor, _APPLICATION_ID, os.SEEK_SET)
    mark = int.from_bytes(os.read(descriptor, 4), "big")
    return mark not in {0, name_mark(name)}


def has_log_of_another(path: str | Path) -> bool:
    """
    Return whether the file is empty and has a log beside it, which SQLite would delete.

    It is that of a file that was moved or deleted alone, maybe while a service still writes it.
    """
    name = Path(path).resolve()
    log = name.with_name(f"{name.name}-wal")
    return not name.stat().st_size and log.exists() and log.stat().st_size > 0


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _lock_byte(descriptor: int) -> Callable[[], None] | None:
    """Lock the byte, and return what unlocks it; None if this platform has no such locks."""
    try:
        if _fcntl is not None:
            _set_lock(descriptor, lock=True)
            # Unlocked explicitly, since a forked child may still have the descriptor.
            return partial(_set_lock, descriptor, lock=False)
        if _msvcrt is not None:
            os.lseek(descriptor, _BYTE, os.SEEK_SET)
            _msvcrt.locking(descriptor, _msvcrt.LK_NBLCK, 1)
            return partial(_msvcrt.locking, descriptor, _msvcrt.LK_UNLCK, 1)
    except OSError as error:
        if error.errno in _LOCKED_ERRNOS:
            raise LockedError from None
        raise
    return None


def _set_lock(descriptor: int, *, lock: bool) -> None:
    if hasattr(_fcntl, "F_OFD_SETLK"):
        # On Linux a lock can belong to the descriptor. One of the process would be gone as soon as
        # anything in the process closed the file, such as a backup of it.
        kind = _fcntl.F_WRLCK if lock else _fcntl.F_UNLCK
        flock = struct.pack("hhqqi", kind, os.SEEK_SET, _BYTE, 1, 0)
        _fcntl.fcntl(descriptor, _fcntl.F_OFD_SETLK, flock)
    else:
        kind = _fcntl.LOCK_EX | _fcntl.LOCK_NB if lock else _fcntl.LOCK_UN
        _fcntl.lockf(descriptor, kind, 1, _BYTE, os.SEEK_SET)


def _lock_beside(path: Path, identity: tuple[int, int]) -> Callable[[], None]:
    """Lock an empty database beside the file, named after its inode, and return what unlocks it."""
    beside = sqlite3.connect(
        path.with_name(f".{identity[1]:x}-lock"),
        isolation_level=None,
        timeout=0.2,
        check_same_thread=False,
    )
    try:
        beside.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        beside.close()
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise LockedError from None
        raise
    return beside.close
