"""
The database threads: one writes and commits for many callers at once, others only read.

Functions that arrive while a transaction is being committed share the next one, so hundreds of
concurrent writers cost a handful of commits. A write is acknowledged once it is committed. A file
is in WAL mode: the readers have connections of their own and never wait. A database in memory has
one connection, so there reads run between writes.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define, field

from agentcore_memory_async.local._database.schema import prepare

if TYPE_CHECKING:
    from pathlib import Path


T = TypeVar("T")

_BATCH = 256
"""Functions that share a commit at most."""
_READERS = 3
"""Threads that read a file beside the one that writes."""


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
    """

    def __init__(self, path: str | Path | None) -> None:
        self._path = path
        self._jobs: _Queue = queue.SimpleQueue()
        self._reads: _Queue = queue.SimpleQueue() if path is not None else self._jobs
        self._threads: list[threading.Thread] = []
        self.commits = 0

    async def open(self) -> None:
        """Open the file, bring its schema up to date, and start the threads."""
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        writer = threading.Thread(
            target=self._run, args=(loop, ready), name="agentcore-local-db", daemon=True
        )
        writer.start()
        try:
            await ready
        except (sqlite3.Error, OSError) as error:
            message = f"cannot use {self._path} as the service's database: {error}"
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                message += "; another local service uses it"
            raise StoreError(message) from error
        self._threads = [writer]
        if self._path is None:
            return
        for number in range(_READERS):
            reader = threading.Thread(
                target=self._run_reader, name=f"agentcore-local-reader-{number}", daemon=True
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

    def _run(self, loop: asyncio.AbstractEventLoop, ready: asyncio.Future[None]) -> None:
        owner: sqlite3.Connection | None = None
        try:
            owner = self._lock_file()
            db = self._connect()
        except (sqlite3.Error, OSError) as error:
            if owner is not None:
                owner.close()
            loop.call_soon_threadsafe(ready.set_exception, error)
            return
        loop.call_soon_threadsafe(ready.set_result, None)
        try:
            while self._serve(db):
                pass
        finally:
            db.close()
            if owner is not None:
                owner.close()

    def _lock_file(self) -> sqlite3.Connection | None:
        """
        Lock the file for this service, since it keeps the search indexes in its own memory.

        The lock is a transaction on an empty database beside the file. The operating system ends
        it with the process, however that ends, and no reader of the file meets it.
        """
        if self._path is None:
            return None
        owner = sqlite3.connect(f"{self._path}-lock", isolation_level=None, timeout=0.2)
        try:
            owner.execute("BEGIN EXCLUSIVE")
        except BaseException:
            owner.close()
            raise
        return owner

    def _connect(self) -> sqlite3.Connection:
        name = ":memory:" if self._path is None else str(self._path)
        db = sqlite3.connect(name, isolation_level=None, cached_statements=256)
        try:
            if self._path is not None:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA busy_timeout = 2000")
            prepare(db)
        except BaseException:
            db.close()
            raise
        return db

    def _run_reader(self) -> None:
        db = sqlite3.connect(str(self._path), isolation_level=None, cached_statements=256)
        try:
            db.execute("PRAGMA query_only = ON")
            db.execute("PRAGMA busy_timeout = 2000")
            while (job := self._reads.get()) is not None:
                try:
                    _run_reader(db, job)
                except Exception as error:  # noqa: BLE001  (raised where the caller waits)
                    job.error = error
                _resolve(job.loop, [job])
        finally:
            db.close()

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
            _resolve(loop, [job for job in batch if job.loop is loop])
        return not ending

    def _perform(self, db: sqlite3.Connection, batch: list[_Job]) -> None:
        """Run a batch in one transaction, in which each job can fail by itself."""
        after: list[Callable[[], None]] = []
        for job in batch:
            try:
                if job.writes and not db.in_transaction:
                    db.execute("BEGIN IMMEDIATE")
                after += _run_writer(db, job) if job.writes else _run_reader(db, job)
            except Exception as error:  # noqa: BLE001  (raised where the caller waits)
                job.error = error
        if db.in_transaction and self._commit(db, batch):
            for callback in after:
                callback()

    def _commit(self, db: sqlite3.Connection, batch: list[_Job]) -> bool:
        """Commit, and return whether that succeeded; if not, all jobs that wrote fail."""
        try:
            db.execute("COMMIT")
        except sqlite3.Error as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            for job in batch:
                if job.writes and job.error is None:
                    job.error = error
            return False
        self.commits += 1
        return True


def _run_reader(db: sqlite3.Connection, job: _Job) -> list[Callable[[], None]]:
    job.result = job.function(Transaction(db, writes=False))
    return []


def _run_writer(db: sqlite3.Connection, job: _Job) -> list[Callable[[], None]]:
    """Run a job in a savepoint of its own; return what to call after the commit."""
    transaction = Transaction(db, writes=True)
    db.execute("SAVEPOINT job")
    try:
        job.result = job.function(transaction)
    except BaseException:
        db.execute("ROLLBACK TO job")
        raise
    finally:
        db.execute("RELEASE job")
    return transaction.after


def _resolve(loop: asyncio.AbstractEventLoop, jobs: list[_Job]) -> None:
    try:
        loop.call_soon_threadsafe(_set_results, jobs)
    except RuntimeError:  # the loop is closed: nobody waits there
        return


def _set_results(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.done():  # its caller was cancelled
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
