"""The local service: its life, its switches and its operations."""

from __future__ import annotations

import asyncio
import os
import random
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, Self

import anyio
import anyio.to_thread
from aiohttp import web

from agentcore_memory_async.local._api.service_model import Api, Route, ServiceModel, load_api
from agentcore_memory_async.local._api.throttle import Throttle
from agentcore_memory_async.local._database.store import Store, Transaction
from agentcore_memory_async.local._extraction.pipeline import Pipeline
from agentcore_memory_async.local._heuristics.extractor import BuiltInExtractor
from agentcore_memory_async.local._http.admin import Console
from agentcore_memory_async.local._http.server import Front, Server, host_names
from agentcore_memory_async.local._operations.dispatch import Operations
from agentcore_memory_async.local._operations.events import Events
from agentcore_memory_async.local._operations.memories import Control
from agentcore_memory_async.local._search.indexes import Finder
from agentcore_memory_async.local._storage.delays import Delay, Delays
from agentcore_memory_async.local._storage.memories import REGION, Memories
from agentcore_memory_async.local._storage.records import Records
from agentcore_memory_async.local.clock import Clock, SystemClock, sleep
from agentcore_memory_async.local.faults import FaultMethods, Faults

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    from agentcore_memory_async.local._http.exchanges import Call
    from agentcore_memory_async.local._storage.pending import SessionKey
    from agentcore_memory_async.local.embedder import Embedder
    from agentcore_memory_async.local.extractor import Extractor
    from agentcore_memory_async.manager import AsyncMemorySessionManager

__all__ = ("LocalMemoryService", "LocalServiceError")

_PATIENCE_S = 1.0  # how long a request that is under way may hold up the end
_BODY_LIMIT = 64 * 1024 * 1024  # an event of 10 MB: JSON may write six bytes for one
_CALLS_KEPT = 10_000
_PURGE_EVERY = 3_600.0  # seconds of the clock


class LocalServiceError(OSError):
    """The service can't start; the text says why and what to do."""


class LocalMemoryService(FaultMethods):
    """
    The AgentCore Memory API on this machine, in this process, on SQLite.

    ```python
    async with LocalMemoryService() as service:
        async with service.manager("chat-a1B2c3D4e5") as manager:
            ...
    ```

    Any SDK can use it: point ``AWS_ENDPOINT_URL_BEDROCK_AGENTCORE`` to ``endpoint_url``. It
    belongs to the loop that opened it; clients may be anywhere.

    Args:
        path: The SQLite file, made if missing; None keeps everything in memory.
        host: The address to listen on.
        port: The port; 0 takes a free one.
        strict: Behave as the real service: unknown memories are 404 and ids match its pattern.
            Otherwise any memory id works; a memory is made on first use with three strategies:
            ``/facts/{actorId}/``, ``/preferences/{actorId}/``,
            ``/summaries/{actorId}/{sessionId}/``.
        extraction_delay: Seconds (or a timedelta) of the clock from an event to its extraction; or
            one for each type, name or id of a strategy, ``"*"`` for the rest.
        clock: Dates and delays everything; a ManualClock stands until it is advanced.
        extractor: Makes records out of messages; the built-in one needs no model.
        embedder: Lets searches rank by its vectors; without one they rank by words.
        consolidate: Skip duplicates and replace what newer records make obsolete.
        token_mismatch: "ignore" answers a used client token with the stored event, "error"
            refuses it for another request.
        metadata_paging: "post-scan" filters each page after reading it, so that pages may be
            empty; "index" fills them.
        strict_branches: Every event of a branch names its root event; else the first one does.
        branch_conflict: "refuse" or "accept" an event with another root than its branch has.
        java_blob_strings: Give blobs that are objects or lists back as Java prints them.
        shuffle_ties: Reorder the events of a page that have the same millisecond; an int is the
            seed.
        shuffle_records: Reorder each page of ListMemoryRecords; an int is the seed.
        default_page: How many a page has where the request has no maxResults.
        event_lag: Seconds for which ListEvents does not see a new event at all.
        filter_lag: Seconds for which metadata filters do not see a new event.
        stale_reads: How many filtered lists of a session do not see a new event.
        record_lag: Seconds for which lists and searches do not see a new record.
        update_lag: Seconds for which reads by id, updates and deletes do not see a new record.
        provisioning_delay: Seconds for which a memory is CREATING, UPDATING or DELETING.
        throttle: Refuse what comes faster than the service's quotas: ThrottledException.
        legacy_prefix: ``namespace`` matches by its first characters.
        raw_prefix: ``namespacePath`` matches by its first characters instead of by segments.
        control: Offer faults, clock, drain and state over HTTP, under ``/_local/``.
        allowed_hosts: Names accepted in the Host header beside addresses and localhost.
        body_limit: Bytes that a request may have.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        strict: bool = False,
        extraction_delay: Delay = 0.5,
        clock: Clock | None = None,
        extractor: Extractor | None = None,
        embedder: Embedder | None = None,
        consolidate: bool = True,
        token_mismatch: Literal["ignore", "error"] = "ignore",  # noqa: S107
        metadata_paging: Literal["post-scan", "index"] = "post-scan",
        strict_branches: bool = False,
        branch_conflict: Literal["refuse", "accept"] = "refuse",
        java_blob_strings: bool = False,
        shuffle_ties: bool | int = False,
        shuffle_records: bool | int = False,
        default_page: int = 20,
        event_lag: float | timedelta = 0.0,
        filter_lag: float | timedelta = 0.0,
        stale_reads: int = 0,
        record_lag: float | timedelta = 0.0,
        update_lag: float | timedelta = 0.0,
        provisioning_delay: float | timedelta = 0.0,
        throttle: bool = False,
        legacy_prefix: bool = False,
        raw_prefix: bool = False,
        control: bool = False,
        allowed_hosts: Iterable[str] = (),
        body_limit: int = _BODY_LIMIT,
    ) -> None:
        self._host = host
        self._port = port
        self._clock: Clock = clock or SystemClock()
        self._allowed_hosts = host_names(allowed_hosts)
        self._body_limit = body_limit
        self._faults = Faults()
        self._calls: deque[Call] = deque(maxlen=_CALLS_KEPT)
        self._store = Store(path)
        self._memories = Memories(strict=strict, clock=self._clock)
        self._events = Events(
            token_mismatch=token_mismatch,
            metadata_paging=metadata_paging,
            strict_branches=strict_branches,
            branch_conflict=branch_conflict,
            java_blob_strings=java_blob_strings,
            shuffle_ties=_shuffler(shuffle_ties),
            default_page=default_page,
        )
        self._records = records = Records(
            legacy_prefix=legacy_prefix,
            raw_prefix=raw_prefix,
            shuffle=_shuffler(shuffle_records),
            default_page=default_page,
            finder=Finder(embedder),
        )
        self._pipeline = Pipeline(
            self._store,
            self._memories,
            records,
            extractor or BuiltInExtractor(),
            self._clock,
            self._faults,
            consolidate=consolidate,
        )
        self._delays = Delays.of(extraction_delay)
        self._operations = Operations(
            store=self._store,
            memories=self._memories,
            control=Control(self._memories, records.drop, _milliseconds(provisioning_delay)),
            events=self._events,
            records=records,
            clock=self._clock,
            notice=self._notice,
            delays=self._delays,
            filter_lag_ms=_milliseconds(filter_lag),
            event_lag_ms=_milliseconds(event_lag),
            stale_reads=stale_reads,
            record_lag_ms=_milliseconds(record_lag),
            update_lag_ms=_milliseconds(update_lag),
        )
        self._throttle = Throttle(self._clock) if throttle else None
        self._console = self._made_console() if control else None
        self._strict = strict
        self._loop: asyncio.AbstractEventLoop | None = None
        self._url: str | None = None
        self._runner: web.ServerRunner | None = None
        self._worker: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<LocalMemoryService {self._url or 'closed'}>"

    # Life.

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def open(self) -> None:
        """
        Open the database and listen.

        Raises:
            LocalServiceError: The port is taken, the address is not this machine's.
            StoreError: The file can't be used.
        """
        if self._runner is not None:
            message = "the local service is open already"
            raise RuntimeError(message)
        api: Api = await anyio.to_thread.run_sync(load_api)
        self._loop = asyncio.get_running_loop()
        await self._store.open()
        front = Front(
            api=api,
            perform=self._perform,
            clock=self._clock,
            faults=self._faults,
            body_limit=self._body_limit,
            allowed_hosts=self._allowed_hosts,
            on_call=self._calls.append,
            throttle=self._throttle,
            console=self._console,
        )
        runner = web.ServerRunner(
            Server(front.handle, access_log=None), shutdown_timeout=_PATIENCE_S
        )
        try:
            await self._store.write(self._purge)
            await self._pipeline.load()
            await runner.setup()
            site = web.TCPSite(runner, self._host, self._port, backlog=1024)
            await site.start()
        except BaseException as error:
            with anyio.CancelScope(shield=True):
                await runner.cleanup()
                await self._store.aclose()
            if isinstance(error, OSError):
                message = (
                    f"cannot listen on {self._host}:{self._port}: {error.strerror or error}; "
                    "choose another port, or 0 for a free one"
                )
                raise LocalServiceError(error.errno, message) from error
            raise
        self._runner = runner
        address = runner.addresses[0]
        name = f"[{address[0]}]" if ":" in address[0] else address[0]
        self._url = f"http://{name}:{address[1]}"
        started = anyio.Event()
        # The one task without a scope around it: it lives from open() to aclose(), which a
        # test framework may call in different tasks, where a task group can't be left.
        self._worker = asyncio.get_running_loop().create_task(
            self._background(started), name="agentcore-local-background"
        )
        await started.wait()

    async def aclose(self) -> None:
        """Stop listening, end the extraction and close the database; again does nothing."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        self._url = None
        with anyio.CancelScope(shield=True):
            await runner.cleanup()
            worker, self._worker = self._worker, None
            if worker is not None:
                worker.cancel()
                await asyncio.wait([worker])
            await self._store.aclose()

    @property
    def endpoint_url(self) -> str:
        """Where it listens, such as ``http://127.0.0.1:49152``."""
        if self._url is None:
            message = "the local service is not open: enter it with `async with` first"
            raise RuntimeError(message)
        return self._url

    @property
    def clock(self) -> Clock:
        """Its clock."""
        return self._clock

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that point any SDK to it."""
        return {
            "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE": self.endpoint_url,
            "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }

    def manager(self, memory_id: str, **options: Any) -> AsyncMemorySessionManager:
        """
        Return a manager for this service, not yet opened; it needs no environment.

        Args:
            memory_id: The memory.
            **options: Passed on to AsyncMemorySessionManager.
        """
        from aiobotocore.session import AioSession

        from agentcore_memory_async.manager import AsyncMemorySessionManager
        from agentcore_memory_async.policies import PollPolicy

        if "aws_session" not in options:
            # No profile and no file of the user's has a say.
            nothing = (None, None, None, None)
            session = AioSession(
                session_vars={
                    "profile": nothing,
                    "config_file": (None, None, os.devnull, None),
                    "credentials_file": (None, None, os.devnull, None),
                }
            )
            session.set_credentials("local", "local")  # pyright: ignore[reportUnknownMemberType]
            options["aws_session"] = session
        options.setdefault("region_name", REGION)
        options.setdefault("endpoint_url", self.endpoint_url)
        if "polling" not in options:
            # Here it is known when to look, else a poller waits as the real service makes it.
            slowest_ms = max(self._delays.usual_ms, *self._delays.named_ms.values(), 100)
            options["polling"] = PollPolicy(expected=slowest_ms / 1000)
        return AsyncMemorySessionManager(memory_id, **options)

    # For tests.

    async def drain(self, *, everything: bool = True) -> None:
        """
        Wait until the extraction is done.

        Args:
            everything: Also what is due later: a ManualClock is advanced to it, with another
                clock it is done at once. Otherwise only what is due by now.
        """
        await self._pipeline.drain(everything=everything)

    def calls(self, operation: str | None = None) -> list[Call]:
        """Return the requests that were answered, oldest first; the last 10,000 are kept."""
        return [call for call in self._calls if operation in {None, call.operation}]

    @property
    def commits(self) -> int:
        """How many transactions were committed; concurrent writes share them."""
        return self._store.commits

    @property
    def sessions_waiting(self) -> int:
        """How many sessions have events that wait for extraction."""
        return self._pipeline.waiting

    # Operations.

    async def _perform(
        self, model: ServiceModel, route: Route, params: dict[str, Any]
    ) -> dict[str, Any]:
        """Check a request and do what it asks for."""
        memory_id = ""
        skip = frozenset[str]()
        if "memoryId" in route.labels:
            memory_id = self._memories.check_id(str(params.get("memoryId", "")))
            skip = skip if self._strict else frozenset({"memoryId"})
        model.check(route.operation, params, skip=skip)
        return await self._operations.perform(route.operation.name, memory_id, params)

    async def _background(self, started: anyio.Event) -> None:
        """Extract, and delete what has expired, until cancelled."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._pipeline.run)
            while True:
                started.set()
                await sleep(self._clock, _PURGE_EVERY)
                await self._store.write(self._purge)

    def _purge(self, transaction: Transaction) -> None:
        now_ms = int(self._clock.now() * 1000)
        self._events.purge(transaction, now_ms)
        self._records.purge(transaction, now_ms)

    def _made_console(self) -> Console:
        async def drain(everything: bool) -> None:
            await self.drain(everything=everything)

        async def counts() -> dict[str, Any]:
            tables = ("memories", "sessions", "events", "records", "pending", "failed_jobs")

            def count(transaction: Transaction) -> dict[str, Any]:
                return {
                    table: transaction.db.execute(
                        f"SELECT count(*) FROM {table}"  # noqa: S608
                    ).fetchone()[0]
                    for table in tables
                }

            return {"rows": await self._store.read(count), "sessionsWaiting": self.sessions_waiting}

        return Console(self._clock, self._faults, drain, counts, self.calls)

    def _notice(self, key: SessionKey, due_ms: int) -> None:
        """Tell the pipeline, from the database thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._pipeline.notice, key, due_ms)


def _shuffler(wanted: bool | int) -> random.Random | None:
    if wanted is False:
        return None
    return random.Random() if wanted is True else random.Random(wanted)


def _milliseconds(duration: float | timedelta) -> int:
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    return round(seconds * 1000)
