"""
The database thread: one SQLite connection, group commit, acknowledged means committed.

Everything that touches the database or the search index runs as a function in this one
thread. Functions that wait while a transaction is being committed are taken together
into the next one, so hundreds of concurrent writers cost a handful of commits.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from agentcore_memory_async.local._schema import prepare

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ("Store", "StoreError", "Transaction")

T = TypeVar("T")

#: So many functions share a commit at most.
_BATCH = 256


class StoreError(Exception):
    """The database file can't be used; the text says why."""


@attrs.define
class Transaction:
    """
    What a function in the database thread works on.

    Attributes:
        db: The connection; the transaction is begun and committed for the function.
        writes: Whether it may write.
        after: What runs once it is committed.
    """

    db: sqlite3.Connection
    writes: bool
    after: list[Callable[[], None]] = attrs.field(factory=list[Callable[[], None]], init=False)

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call *callback* in the database thread once the transaction is on disk."""
        self.after.append(callback)


@attrs.define
class _Job:
    """One function on its way through the thread."""

    function: Callable[[Transaction], Any]
    writes: bool
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class Store:
    """
    The database of one service.

    Args:
        path: The file; None keeps everything in memory.
    """

    def __init__(self, path: str | Path | None) -> None:
        self._path = path
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.commits = 0

    async def open(self) -> None:
        """Open the file, bring its schema up to date and start the thread."""
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        self._thread = threading.Thread(
            target=self._run, args=(loop, ready), name="agentcore-local-db", daemon=True
        )
        self._thread.start()
        try:
            await ready
        except (sqlite3.Error, OSError) as error:
            message = f"cannot use {self._path} as the service's database: {error}"
            raise StoreError(message) from error

    async def aclose(self) -> None:
        """Finish what was submitted, close the file and end the thread."""
        thread, self._thread = self._thread, None
        if thread is None or not thread.is_alive():
            return
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._jobs.put(_Job(_nothing, writes=False, loop=loop, future=done))
        self._jobs.put(None)
        await done
        await loop.run_in_executor(None, thread.join)

    async def read(self, function: Callable[[Transaction], T]) -> T:
        """Return what *function* finds; it must not write."""
        return await self._submit(function, writes=False)

    async def write(self, function: Callable[[Transaction], T]) -> T:
        """Return what *function* gives once its writes are committed; all or nothing of them."""
        return await self._submit(function, writes=True)

    async def _submit(self, function: Callable[[Transaction], T], *, writes: bool) -> T:
        if self._thread is None:
            message = "the local service is closed"
            raise RuntimeError(message)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(function, writes, loop, future))
        return await future

    # In the thread.

    def _run(self, loop: asyncio.AbstractEventLoop, ready: asyncio.Future[None]) -> None:
        try:
            db = self._connect()
        except (sqlite3.Error, OSError) as error:
            loop.call_soon_threadsafe(ready.set_exception, error)
            return
        loop.call_soon_threadsafe(ready.set_result, None)
        try:
            while self._serve(db):
                pass
        finally:
            db.close()

    def _connect(self) -> sqlite3.Connection:
        name = ":memory:" if self._path is None else str(self._path)
        db = sqlite3.connect(name, isolation_level=None, cached_statements=256)
        try:
            if self._path is not None:
                # One service owns a file: the search index lives in its memory.
                db.execute("PRAGMA locking_mode = EXCLUSIVE")
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA busy_timeout = 2000")
            prepare(db)
        except BaseException:
            db.close()
            raise
        return db

    def _serve(self, db: sqlite3.Connection) -> bool:
        """Take what waits, run it, commit, answer; False when told to end."""
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
            mine = [job for job in batch if job.loop is loop]
            try:
                loop.call_soon_threadsafe(_answer, mine)
            except RuntimeError:  # that loop was closed; nobody waits there
                continue
        return not ending

    def _perform(self, db: sqlite3.Connection, batch: list[_Job]) -> None:
        after: list[Callable[[], None]] = []
        begun = False
        for job in batch:
            transaction = Transaction(db, job.writes)
            try:
                if not job.writes:
                    job.result = job.function(transaction)
                    continue
                if not begun:
                    db.execute("BEGIN IMMEDIATE")
                    begun = True
                db.execute("SAVEPOINT job")
                try:
                    job.result = job.function(transaction)
                except BaseException:
                    db.execute("ROLLBACK TO job")
                    raise
                finally:
                    db.execute("RELEASE job")
                after.extend(transaction.after)
            except Exception as error:  # noqa: BLE001  (given to who waits)
                job.error = error
        if begun:
            try:
                db.execute("COMMIT")
                self.commits += 1
            except sqlite3.Error as error:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                for job in batch:
                    if job.writes and job.error is None:
                        job.error = error
                return
        for callback in after:
            callback()


def _nothing(_: Transaction) -> None:
    """Do nothing: it marks the end of what was submitted before."""


def _answer(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.done():  # its caller was cancelled
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
