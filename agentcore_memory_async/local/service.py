"""
The local service.

A request passes through the request handler of the HTTP server, an operation, and the repositories
of rows. An event that is stored is scheduled with the extraction pipeline in the background.
"""

from __future__ import annotations

import asyncio
import atexit
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import anyio

from agentcore_memory_async._sync.derive import constructing
from agentcore_memory_async._sync.loop_thread import LoopThread
from agentcore_memory_async._threads import run_in_thread
from agentcore_memory_async.local._api.service_model import Api, load_api
from agentcore_memory_async.local._api.throttle import QuotaLimiter
from agentcore_memory_async.local._client.clients import BlockingClients, Clients
from agentcore_memory_async.local._client.options import client_options, environment_of
from agentcore_memory_async.local._database.schema import clear
from agentcore_memory_async.local._database.store import Store, StoreError, Transaction
from agentcore_memory_async.local._extraction.pipeline import Pipeline
from agentcore_memory_async.local._heuristics.extractor import BuiltInExtractor
from agentcore_memory_async.local._http.admin import AdminApi, row_counts
from agentcore_memory_async.local._http.exchanges import CallLog
from agentcore_memory_async.local._http.listener import Listener, LocalServiceError, check_reach
from agentcore_memory_async.local._http.server import RequestHandler, host_names
from agentcore_memory_async.local._operations.request import ServiceContext
from agentcore_memory_async.local._search.indexes import SearchIndexes
from agentcore_memory_async.local._seeds.contents import Contents, dump_file, load_file
from agentcore_memory_async.local._storage import sessions
from agentcore_memory_async.local._storage.delays import Delays, ExtractionDelay
from agentcore_memory_async.local._storage.memories import Memories
from agentcore_memory_async.local._storage.records import Records
from agentcore_memory_async.local.clock import Clock, SystemClock, sleep
from agentcore_memory_async.local.faults import FaultMethods, Faults
from agentcore_memory_async.local.profile import Profile, read_profile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from types import TracebackType

    from agentcore_memory_async.local._http.exchanges import RecordedExchange, RecordedRequest
    from agentcore_memory_async.local._storage.sessions import SessionKey
    from agentcore_memory_async.local.behavior import Behavior, Lags
    from agentcore_memory_async.local.embedder import Embedder
    from agentcore_memory_async.local.extractor import Extractor

__all__ = ("BlockingLocalMemoryService", "LocalMemoryService", "LocalServiceError")

_PURGE_EVERY_S = 3_600.0
"""Seconds of the clock between two deletions of what has expired."""


class LocalMemoryService(Clients, FaultMethods):
    """
    The AgentCore Memory API on this machine, in this process, on SQLite.

    ```python
    async with LocalMemoryService() as service:
        async with service.manager("chat-a1B2c3D4e5") as manager:
            ...
    ```

    ``with`` in place of ``async with`` opens it on a thread of its own, for code without ``await``.

    SDKs use it that can be given its ``endpoint_url``; most read it from ``environment``. The
    service belongs to the loop that opened it; clients may be anywhere.

    Args:
        path: SQLite file, created if missing; None keeps everything in memory.
        host: Address to listen on; if other machines reach it, *allowed_hosts* is needed.
        port: Port; 0 takes a free one.
        strict: Behave as the real service: unknown memories are 404, and ids match its pattern.
            Otherwise any memory id works, unless it was that of a memory that was deleted: a
            memory is created on first use with three strategies,
            ``/facts/{actorId}/``, ``/preferences/{actorId}/`` and
            ``/summaries/{actorId}/{sessionId}/``.
        extraction_delay: Time from an event to its extraction by the clock, in seconds or as a
            timedelta; or one for each type, name or id of a strategy, ``"*"`` for the rest. 0.5 s
            if omitted.
        clock: Clock for all dates and delays; a ManualClock stands still until it is advanced, an
            AutoClock moves on while every manager of this service waits.
        extractor: Makes records out of messages, such as an OpenAIExtractor; the built-in one needs
            no model.
        embedder: Makes vectors, such as a FastEmbedEmbedder, by which searches rank beside words;
            without one they rank by words alone.
        behavior: Behavior where that of the real service is unknown, optional or has changed.
        lags: Time from a write until answers show it.
        profile: File that ``python -m agentcore_memory_async.verify`` wrote, with the behavior,
            lags and delays that were measured; those given as arguments take precedence.
        seed: File to load before it listens: lines of an export, each memory named before its own.
            The conversations of a memory are extracted, unless the file has records of it, too.
            Loading it again stores nothing twice.
        dump: File to write such lines to when it is closed; what is not yet extracted is left out.
        admin: Offer faults, clock, drain, reset and state over HTTP, under ``/_local/``.
        allowed_hosts: Names accepted in the Host header beside addresses and localhost.
        on_exchange: Called on the service's loop with every exchange, before the answer is sent.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        strict: bool = False,
        extraction_delay: ExtractionDelay | None = None,
        clock: Clock | None = None,
        extractor: Extractor | None = None,
        embedder: Embedder | None = None,
        behavior: Behavior | None = None,
        lags: Lags | None = None,
        profile: str | Path | None = None,
        seed: str | Path | None = None,
        dump: str | Path | None = None,
        admin: bool = False,
        allowed_hosts: Iterable[str] = (),
        on_exchange: Callable[[RecordedExchange], None] | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._seed = None if seed is None else Path(seed)
        self._dump = None if dump is None else Path(dump)
        self._admin = admin
        self._allowed_hosts = host_names(allowed_hosts)
        self._on_exchange = on_exchange
        self._calls = CallLog()
        clock = clock or SystemClock()
        self._faults = Faults(clock)
        measured = Profile() if profile is None else read_profile(profile)
        if extraction_delay is None:
            extraction_delay = measured.extraction_delay
        self._context = context = ServiceContext(
            store=Store(path),
            memories=Memories(strict=strict, clock=clock),
            records=Records(SearchIndexes(embedder)),
            clock=clock,
            on_due=self._on_due,
            delays=Delays.of(extraction_delay),
            behavior=behavior or measured.behavior,
            lags=lags or measured.lags,
        )
        self._pipeline = Pipeline(
            context.store,
            context.memories,
            context.records,
            extractor or BuiltInExtractor(),
            clock,
            self._faults,
            consolidate=context.behavior.consolidate,
        )
        self._limiter = QuotaLimiter(clock) if context.behavior.throttle else None
        self._contents: Contents
        self._blocking: BlockingLocalMemoryService | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._url: str | None = None
        self._listener: Listener | None = None
        self._worker: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<LocalMemoryService {self._url or 'closed'}>"

    # Opening and closing.

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __enter__(self) -> BlockingLocalMemoryService:
        """Open the service on a thread of its own, for code without ``await``."""
        blocking = BlockingLocalMemoryService.__new__(BlockingLocalMemoryService)
        blocking._inner = self  # noqa: SLF001 - of this module
        self._blocking = blocking.open()
        return blocking

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        blocking, self._blocking = self._blocking, None
        if blocking is not None:
            blocking.close()

    async def open(self) -> None:
        """
        Open the database and listen.

        Raises:
            LocalServiceError: The port is taken, the address is not this machine's, other machines
                reach it and *allowed_hosts* names no host, or *seed* can't be loaded.
            StoreError: The file can't be used.
        """
        if self._listener is not None:
            message = "the local service is open already"
            raise RuntimeError(message)
        check_reach(self._host, self._allowed_hosts)
        api: Api = await run_in_thread(load_api)
        self._loop = asyncio.get_running_loop()
        self._contents = Contents(api, self._context)
        store = self._context.store
        await store.open()
        listener = Listener(self._request_handler(api), self._host, self._port)
        try:
            await store.write(self._purge)
            while await store.write(self._context.records.complete):
                pass
            await self._pipeline.load()
            if self._seed is not None:
                await load_file(self._contents, self._seed)
            url = await listener.start()
        except BaseException:
            with anyio.CancelScope(shield=True):
                await listener.stop()
                await store.aclose()
            raise
        store.logs_failures = True
        self._listener, self._url = listener, url
        started = anyio.Event()
        # The one task without a scope around it: it lives from open() to aclose(), which a
        # test framework may call in different tasks, where a task group can't be left.
        self._worker = self._loop.create_task(
            self._background(started), name="agentcore-local-background"
        )
        await started.wait()

    def _request_handler(self, api: Api) -> RequestHandler:
        return RequestHandler(
            api=api,
            service=self._context,
            faults=self._faults,
            allowed_hosts=self._allowed_hosts,
            on_request=self._calls.add,
            on_exchange=self._on_exchange,
            limiter=self._limiter,
            admin=self._admin_api() if self._admin else None,
        )

    async def aclose(self) -> None:
        """
        Stop listening, end the extraction, and close the database; a second call is harmless.

        Raises:
            LocalServiceError: *dump* can't be written. The service is closed all the same.
        """
        listener, self._listener = self._listener, None
        if listener is None:
            return
        self._url = None
        with anyio.CancelScope(shield=True):
            await listener.stop()
            worker, self._worker = self._worker, None
            if worker is not None:
                worker.cancel()
                await asyncio.wait([worker])
            try:
                if self._dump is not None:
                    await dump_file(self._contents, self._dump)
            finally:
                await self._context.store.aclose()

    @property
    def endpoint_url(self) -> str:
        """URL that the service listens on, such as ``http://127.0.0.1:49152``."""
        if self._url is None:
            message = "the local service is not open: enter it by `async with` or `with` first"
            raise RuntimeError(message)
        return self._url

    @property
    def clock(self) -> Clock:
        """Clock of the service."""
        return self._context.clock

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that point SDKs to the service, if they read them."""
        return environment_of(self.endpoint_url)

    def _manager_options(self, options: dict[str, Any]) -> dict[str, Any]:
        return client_options(self.endpoint_url, self.clock, self._context.delays, options)

    def _control_options(self, options: dict[str, Any]) -> dict[str, Any]:
        made = self._manager_options(options)
        return {name: value for name, value in made.items() if name != "polling"}

    # For tests.

    async def drain(self, *, include_future: bool = True) -> None:
        """
        Wait until the extraction is done.

        Args:
            include_future: Extract what is due later, too: a ManualClock is advanced to it, with
                another clock it is done at once. Otherwise only what is due by now.
        """
        await self._pipeline.drain(include_future=include_future)

    async def reset(self) -> None:
        """
        Delete everything: memories and all in them, client tokens, jobs, faults, recorded calls.

        What a request or an extraction that is under way would write is lost with it. The clock
        stays as it is, and no id of an event is used again.
        """
        await self._context.store.write(self._delete_all)
        self._faults.clear()
        self._calls.clear()
        self._context.stale_reads.clear()
        if self._limiter is not None:
            self._limiter.clear()

    def calls(self, operation: str | None = None) -> list[RecordedRequest]:
        """
        Return the requests that were answered, oldest first.

        The last 10,000 are kept.

        Args:
            operation: Wire name of the one operation that is wanted; all if omitted.
        """
        return self._calls.of(operation)

    @property
    def commits(self) -> int:
        """Number of transactions that were committed; concurrent writes share them."""
        return self._context.store.commits

    @property
    def pending_sessions(self) -> int:
        """Number of sessions that have events to be extracted."""
        return self._pipeline.pending_sessions

    # In the background.

    async def _background(self, started: anyio.Event) -> None:
        """Extract, and delete what has expired, until cancelled."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._pipeline.run)
            while True:
                started.set()
                await sleep(self.clock, _PURGE_EVERY_S)
                with suppress(StoreError):  # next time; the store logs it
                    await self._context.store.write(self._purge)

    def _purge(self, transaction: Transaction) -> None:
        now_ms = int(self.clock.now() * 1000)
        sessions.purge(transaction, now_ms)
        self._context.records.purge(transaction, now_ms)

    def _delete_all(self, transaction: Transaction) -> None:
        clear(transaction.db)
        transaction.on_commit(self._context.records.indexes.clear)
        self._pipeline.delete_all(transaction, self._call_soon)

    def _call_soon(self, function: Callable[..., None], *args: object) -> None:
        """Call a function on the loop, from a database thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(function, *args)

    def _on_due(self, key: SessionKey, due_ms: int) -> None:
        """Schedule a session with the pipeline, from a database thread."""
        self._call_soon(self._pipeline.schedule, key, due_ms)

    def _admin_api(self) -> AdminApi:
        async def counts() -> dict[str, Any]:
            rows = await self._context.store.read(row_counts)
            return {"rows": rows, "pendingSessions": self.pending_sessions}

        return AdminApi(self.clock, self._faults, self.drain, self.reset, counts, self.calls)


class BlockingLocalMemoryService(BlockingClients[LocalMemoryService], FaultMethods):
    """
    A local service for code without ``await``, on a thread and an event loop of its own.

    ```python
    with LocalMemoryService() as service:
        manager = service.manager("chat-a1B2c3D4e5")
        ...
    ```

    The sync facade has another thread, so neither waits for the other, also where an event loop
    runs already, as in a notebook. ``open()`` and ``close()`` do without ``with``; what is still
    open is closed at exit. It belongs to the process that opened it; a forked child is a client.

    The arguments are those of ``LocalMemoryService``.
    """

    _thread: LoopThread | None = None

    @constructing(LocalMemoryService)
    def __init__(self) -> None: ...

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def open(self) -> Self:
        """
        Start the thread, open the database and listen.

        Raises:
            LocalServiceError: The port is taken, the address is not this machine's, other machines
                reach it and *allowed_hosts* names no host, or *seed* can't be loaded.
            StoreError: The file can't be used.
        """
        if self._thread is not None:
            message = "the local service is open already"
            raise RuntimeError(message)
        thread = LoopThread()
        thread.start()
        try:
            thread.call(self._inner.open)
        except BaseException:
            thread.stop()
            raise
        self._thread = thread
        atexit.register(self.close)
        return self

    def close(self) -> None:
        """Close the service and end its thread; again, or in a forked child, it does nothing."""
        thread, self._thread = self._thread, None
        atexit.unregister(self.close)
        if thread is not None and thread.usable:
            try:
                thread.call(self._inner.aclose)
            finally:
                thread.stop()

    def _call(self, function: Callable[[], Awaitable[None]]) -> None:
        if self._thread is None or not self._thread.usable:
            message = "the local service is not open in this process"
            raise RuntimeError(message)
        self._thread.call(function)

    def drain(self, *, include_future: bool = True) -> None:
        """Wait until the extraction is done; see ``LocalMemoryService.drain``."""
        self._call(partial(self._inner.drain, include_future=include_future))

    def reset(self) -> None:
        """Delete everything; see ``LocalMemoryService.reset``."""
        self._call(self._inner.reset)

    def calls(self, operation: str | None = None) -> list[RecordedRequest]:
        """Return the requests that were answered; see ``LocalMemoryService.calls``."""
        return self._inner.calls(operation)

    @property
    def commits(self) -> int:
        """Number of transactions that were committed; concurrent writes share them."""
        return self._inner.commits

    @property
    def pending_sessions(self) -> int:
        """Number of sessions that have events to be extracted."""
        return self._inner.pending_sessions

    @property
    def endpoint_url(self) -> str:
        """URL that the service listens on, such as ``http://127.0.0.1:49152``."""
        return self._inner.endpoint_url

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that point SDKs to the service, if they read them."""
        return self._inner.environment

    @property
    def clock(self) -> Clock:
        """Clock of the service."""
        return self._inner.clock

    @property
    def _faults(self) -> Faults:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride] - read only
        return self._inner._faults  # noqa: SLF001 - of this module
