"""
The database threads: one writes and commits for many callers at once, others only read.

Functions that arrive while a transaction is being committed share the next one, so hundreds of
concurrent writers cost a handful of commits. A write is acknowledged once it is committed. A file
is in WAL mode: the readers have connections of their own and never wait. A database in memory has
one connection, so there reads run between writes.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any, TypeVar

from attrs import define, field

from agentcore_memory_async.local._database.lock import (
    LockedError,
    has_log_of_another,
    lock_file,
    name_mark,
    other_name_with_log,
    was_left_by_another_name,
)
from agentcore_memory_async.local._database.schema import check, prepare

T = TypeVar("T")

_LOG = logging.getLogger("agentcore_memory_async.local")

_BATCH = 256
"""Functions that share a commit at most."""
_READERS = 3
"""Threads that read a file beside the one that writes."""


_LOCKED = "another local service uses it, under this name or another"
"""Reason why a locked file is refused."""
_LOG_AGAIN_S = 60.0
"""Seconds in which one kind of failure is logged once."""
_HINTS = {
    sqlite3.SQLITE_FULL: "make room on its disk",
    sqlite3.SQLITE_IOERR: "check its disk, and the room there",
    sqlite3.SQLITE_READONLY: "the service writes it, and files of its name with -wal and -shm",
    sqlite3.SQLITE_CANTOPEN: "the service writes it, and files of its name with -wal and -shm",
    sqlite3.SQLITE_PERM: "the service has to be allowed to write it",
    sqlite3.SQLITE_BUSY: "another program has locked it",
    sqlite3.SQLITE_LOCKED: "another program has locked it",
    sqlite3.SQLITE_CORRUPT: "it is damaged; use a copy from before, or another file",
    sqlite3.SQLITE_NOTADB: "use another file",
}
"""What to do, by the SQLite error that the file or its disk is the cause of."""


class StoreError(Exception):
    """The database file can't be used; the text says why."""


@define
class Transaction:
    """
    The database, as a function in a database thread uses it.

    Attributes:
        db: Connection; a transaction is begun and committed around a function that writes.
        writes: Whether the function may write.
        after: Callbacks that run after the commit.
    """

    db: sqlite3.Connection
    writes: bool
    after: list[Callable[[], None]] = field(factory=list[Callable[[], None]], init=False)

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call *callback* in the writer's thread after the transaction is committed."""
        self.after.append(callback)


@define
class _Job:
    """One function to run in a database thread, and its outcome."""

    function: Callable[[Transaction], Any]
    writes: bool
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


_Queue = queue.SimpleQueue[_Job | None]


class Store:
    """
    The database of one service.

    Args:
        path: SQLite file; None keeps everything in memory.

    Attributes:
        commits: Number of transactions that were committed.
        logs_failures: Whether failures of the file or its disk are logged: not while the service
            opens, which raises them.
    """

    def __init__(self, path: str | Path | None) -> None:
        # SQLite takes some relative names for something else than a file, such as file:a?b.
        self._path = None if path is None else Path(path).absolute()
        self._jobs: _Queue = queue.SimpleQueue()
        self._reads: _Queue = queue.SimpleQueue() if path is not None else self._jobs
        self._readers = _READERS if path is not None else 0
        self._threads: list[threading.Thread] = []
        self.logs_failures = False
        self._logging = threading.Lock()
        self._logged: dict[str, float] = {}
        self.commits = 0

    async def open(self) -> None:
        """Open the file, bring its schema up to date, and start the threads."""
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[list[sqlite3.Connection]] = loop.create_future()
        writer = threading.Thread(
            target=self._run, args=(loop, ready), name="agentcore-local-db", daemon=True
        )
        writer.start()
        try:
            readers = await ready
        except LockedError:
            message = f"cannot use {self._path} as the service's database: {_LOCKED}"
            raise StoreError(message) from None
        except (sqlite3.Error, OSError) as error:
            reason = _described(error)
            message = f"cannot use {self._path} as the service's database: {reason}"
            raise StoreError(message) from error
        except BaseException:
            self._jobs.put(None)
            raise
        self._threads = [writer]
        for number, db in enumerate(readers):
            reader = threading.Thread(
                target=self._run_reader,
                args=(db,),
                name=f"agentcore-local-reader-{number}",
                daemon=True,
            )
            reader.start()
            self._threads.append(reader)

    async def aclose(self) -> None:
        """Finish what was submitted, close the file, and end the threads."""
        threads, self._threads = self._threads, []
        if not threads:
            return
        loop = asyncio.get_running_loop()
        for _ in threads[1:]:
            self._reads.put(None)
        for thread in threads[1:]:
            await loop.run_in_executor(None, thread.join)
        self._jobs.put(None)
        await loop.run_in_executor(None, threads[0].join)

    async def read(self, function: Callable[[Transaction], T]) -> T:
        """Run *function*, which must not write, and return its result."""
        return await self._submit(self._reads, function, writes=False)

    async def write(self, function: Callable[[Transaction], T]) -> T:
        """Run *function*, and return its result once all of its writes are committed."""
        return await self._submit(self._jobs, function, writes=True)

    async def _submit(
        self, jobs: _Queue, function: Callable[[Transaction], T], *, writes: bool
    ) -> T:
        if not self._threads:
            message = "the local service is closed"
            raise RuntimeError(message)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        jobs.put(_Job(function, writes, loop, future))
        return await future

    # In the threads.

    def _run(
        self, loop: asyncio.AbstractEventLoop, ready: asyncio.Future[list[sqlite3.Connection]]
    ) -> None:
        stack = ExitStack()
        try:
            # The service keeps the search indexes in its own memory.
            if self._path is not None:
                _check_name(self._path)
                file_lock = lock_file(self._path)
                stack.callback(file_lock.release)
                _check_log(self._path, file_lock.descriptor)
            db = stack.enter_context(closing(self._connect()))
            readers = [self._connect_reader(stack) for _ in range(self._readers)]
        except Exception as error:  # noqa: BLE001 - raised in open()
            stack.close()
            _call(loop, _unless_done(ready, ready.set_exception), error)
            return
        with stack:
            _call(loop, _unless_done(ready, ready.set_result), readers)
            while self._serve(db):
                pass
            with suppress(sqlite3.Error):  # then it counts as not closed
                db.execute("PRAGMA application_id = 0")

    def _connect(self) -> sqlite3.Connection:
        name = ":memory:" if self._path is None else str(self._path)
        db = sqlite3.connect(name, isolation_level=None, cached_statements=256, timeout=2.0)
        try:
            check(db)
            if self._path is not None:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA foreign_keys = ON")
            prepare(db)
            if self._path is not None:
                db.execute(f"PRAGMA application_id = {name_mark(self._path)}")
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # where each of its names shows it
        except BaseException:
            db.close()
            raise
        return db

    def _connect_reader(self, stack: ExitStack) -> sqlite3.Connection:
        """Open a connection for a reader; the writer closes it, also if no reader ever starts."""
        db = sqlite3.connect(
            str(self._path),
            isolation_level=None,
            cached_statements=256,
            timeout=2.0,
            check_same_thread=False,
        )
        stack.callback(db.close)
        db.execute("PRAGMA query_only = ON")
        return db

    def _run_reader(self, db: sqlite3.Connection) -> None:
        while (job := self._reads.get()) is not None:
            try:
                _run_reader(db, job)
            except Exception as error:  # noqa: BLE001 - raised where the caller waits
                job.error = self._judged(error)
            _call(job.loop, _set_results, [job])

    def _serve(self, db: sqlite3.Connection) -> bool:
        """Run what was submitted, commit, and resolve the callers; return False at the end."""
        batch: list[_Job] = []
        job = self._jobs.get()
        ending = job is None
        while job is not None:
            batch.append(job)
            if len(batch) == _BATCH:
                break
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            ending = job is None
        self._perform(db, batch)
        for loop in {job.loop for job in batch}:
            _call(loop, _set_results, [job for job in batch if job.loop is loop])
        return not ending

    def _perform(self, db: sqlite3.Connection, batch: list[_Job]) -> None:
        """Run a batch in one transaction, in which each job can fail by itself."""
        after: list[Callable[[], None]] = []
        written: list[_Job] = []
        for job in batch:
            try:
                if job.writes and not db.in_transaction:
                    db.execute("BEGIN IMMEDIATE")
                after += _run_writer(db, job) if job.writes else _run_reader(db, job)
                written += [job] if job.writes else []
            except Exception as error:  # noqa: BLE001 - raised where the caller waits
                job.error = self._judged(error)
                if not db.in_transaction:  # a full disk can end it, with all that others wrote
                    _fail(written, job.error)
                    after, written = [], []
        if db.in_transaction and self._commit(db, written):
            for callback in after:
                callback()

    def _commit(self, db: sqlite3.Connection, written: list[_Job]) -> bool:
        """Commit, and return whether that succeeded; if not, all jobs that wrote fail."""
        try:
            db.execute("COMMIT")
        except sqlite3.Error as error:
            _fail(written, self._judged(error))
            _roll_back(db)
            return False
        self.commits += 1
        return True

    def _judged(self, error: Exception) -> Exception:
        """Return *error*, or a StoreError if the file or its disk is the cause, which is logged."""
        if not isinstance(error, sqlite3.Error) or _code(error) not in _HINTS:
            return error
        text = f"the database {self._path} can't be used: {_described(error)}"
        with self._logging:
            now = time.monotonic()
            if self.logs_failures and self._logged.get(text, -_LOG_AGAIN_S) + _LOG_AGAIN_S <= now:
                self._logged[text] = now
                _LOG.error(text)
        return StoreError(text)


def _check_name(path: Path) -> None:
    if path.name == ":memory:":
        message = "it is SQLite's name for no file; leave the file out to keep all in memory"
        raise OSError(errno.EINVAL, message)


def _check_log(path: Path, descriptor: int) -> None:
    """Refuse a file beside which SQLite would not find its log, or would delete that of another."""
    if other := other_name_with_log(path):
        message = f"the log of its last writes is that of its other name {other}"
        raise OSError(errno.EBUSY, f"{message}; start the service on that")
    if was_left_by_another_name(path, descriptor):
        message = "a service did not close it by its other name, beside which its last writes are"
        raise OSError(errno.EBUSY, f"{message}; start the service on that")
    if has_log_of_another(path):
        message = f"beside it is {path}-wal, the log of a file that was moved or deleted"
        raise OSError(errno.EBUSY, f"{message}; move it to that file, or delete it")


def _code(error: sqlite3.Error) -> int:
    """Return the primary error code; 0 for errors of Python's module."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def _described(error: sqlite3.Error | OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "its folder does not exist; create that first"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    hint = _HINTS.get(_code(error))
    return f"{error}; {hint}" if hint else str(error)


def _fail(jobs: list[_Job], error: Exception) -> None:
    for job in jobs:
        job.error = error


def _roll_back(db: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):
        if db.in_transaction:
            db.execute("ROLLBACK")


def _run_reader(db: sqlite3.Connection, job: _Job) -> list[Callable[[], None]]:
    job.result = job.function(Transaction(db, writes=False))
    return []


def _run_writer(db: sqlite3.Connection, job: _Job) -> list[Callable[[], None]]:
    """Run a job in a savepoint of its own; return what to call after the commit."""
    transaction = Transaction(db, writes=True)
    db.execute("SAVEPOINT job")
    try:
        job.result = job.function(transaction)
        db.execute("RELEASE job")
    except BaseException:
        _undo(db)
        raise
    return transaction.after


def _undo(db: sqlite3.Connection) -> None:
    """Discard what a job wrote; or the whole transaction, unless SQLite has ended it."""
    try:
        if db.in_transaction:
            db.execute("ROLLBACK TO job")
            db.execute("RELEASE job")
    except sqlite3.Error:
        _roll_back(db)


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[T], None], argument: T) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits there
        loop.call_soon_threadsafe(function, argument)


def _unless_done(future: asyncio.Future[Any], function: Callable[[T], None]) -> Callable[[T], None]:
    def call(argument: T) -> None:
        if not future.done():  # its caller was cancelled
            function(argument)

    return call


def _set_results(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.done():  # its caller was cancelled
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
