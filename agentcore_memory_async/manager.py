"""
The manager: one memory, one client, opened once.

Everything that is sent goes through here: sessions are bound views that fill in their ids.
"""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Literal, Self
from uuid import uuid4

import anyio

from agentcore_memory_async._calls.retry import Retrier
from agentcore_memory_async._calls.service_clock import ServiceClock
from agentcore_memory_async._calls.writer import Writer
from agentcore_memory_async._extraction.shared_polls import Polls
from agentcore_memory_async._extraction.wait_options import read_wait
from agentcore_memory_async._transport.botocore import BotocoreTransport
from agentcore_memory_async._transport.lifecycle import Lifecycle
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async.background import BackgroundWaits
from agentcore_memory_async.errors import (
    AccessDeniedError,
    ClosedError,
    NotFoundError,
    ServiceError,
    ValidationError,
)
from agentcore_memory_async.extraction import ExtractionPoller
from agentcore_memory_async.policies import (
    PollPolicy,
    RetryPolicy,
    ServiceLimits,
    check_polling,
    check_retry,
)
from agentcore_memory_async.session import AsyncMemorySession

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta
    from types import TracebackType

    from agentcore_memory_async._transport.base import Transport
    from agentcore_memory_async.models import Event, MemoryRecord

__all__ = ("AsyncMemorySessionManager",)

CLOSE_S = 5.0
"""How long closing waits for calls that are under way."""


class AsyncMemorySessionManager:
    """
    Sessions of one AgentCore Memory, for asyncio.

    Use it as ``async with``, or call ``open()`` and ``aclose()``. It belongs to the event loop and
    the process that opened it, and any number of tasks may use it at the same time.

    Args:
        memory_id: The id or ARN of the memory, such as ``chat-a1B2c3D4e5``.
        region_name: The AWS region. If omitted: that of *session*, of the environment, of the
            profile, and at last ``us-west-2``; ``repr()`` shows which, and where it came from.
        session: An ``aioboto3.Session`` or aiobotocore ``AioSession`` to take credentials,
            configuration and event hooks from. It is left as it is.
        endpoint_url: Another address, such as that of the local service.
        config: A botocore ``Config`` or ``AioConfig``. botocore's own retries stay off.
        max_concurrency: How many requests may be under way at the same time, 1 to 1,000.
        limits: The service's limits to which writes are paced.
        retry: How long and how often calls are tried.
        polling: When extraction pollers look, and how many requests they may make together.
        allow_hierarchical_actor_ids: Takes actor ids with ``/``. Such an id reaches into the
            namespaces of others: ``alice/facts`` is below ``/users/alice/``.
        transport: Another seam to the network, for tests: see ``agentcore_memory_async.testing``.
        clock: Another wall clock than ``time.time``, in seconds since 1970, for tests.

    Raises:
        InvalidInputError: An argument that can't be right.
    """

    def __init__(
        self,
        memory_id: str,
        region_name: str | None = None,
        *,
        session: object | None = None,
        endpoint_url: str | None = None,
        config: object | None = None,
        max_concurrency: int = 50,
        limits: ServiceLimits | None = None,
        retry: RetryPolicy | None = None,
        polling: PollPolicy | None = None,
        allow_hierarchical_actor_ids: bool = False,
        transport: Transport | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.memory_id: str = check.check_memory_id(memory_id)
        check.check_region_name(region_name)
        check.check_endpoint_url(endpoint_url)
        check.check_int("max_concurrency", max_concurrency, 1000)
        check.check_is("limits", limits, ServiceLimits, "give a ServiceLimits, or None")
        check.check_is("retry", retry, RetryPolicy, "give a RetryPolicy, or None")
        check.check_callable("transport", transport, "give a FakeTransport, another one, or None")
        check.check_callable("clock", clock, "give a function of no arguments, such as time.time")
        self.allow_hierarchical_actor_ids: bool = check.check_bool(
            "allow_hierarchical_actor_ids", allow_hierarchical_actor_ids
        )
        if transport is not None and (session, endpoint_url, config, region_name) != (None,) * 4:
            check.refuse(
                "transport is given together with region_name, session, endpoint_url or config, "
                "which it would not use; give one or the other"
            )
        self._network = None
        if transport is None:
            transport = self._network = BotocoreTransport(
                region_name=region_name,
                session=session,
                endpoint_url=endpoint_url,
                config=config,
                max_concurrency=max_concurrency,
            )
        policy = retry or RetryPolicy()
        self._lifecycle = Lifecycle("AsyncMemorySessionManager")
        service_clock = ServiceClock()
        self._retrier = Retrier(
            transport, policy, self._lifecycle, self._hint, max_concurrency, service_clock
        )
        self._polls = Polls(
            self._retrier, self.memory_id, check_polling(polling) or PollPolicy(), service_clock
        )
        self._background: set[BackgroundWaits] = set()
        self._writer = Writer(
            self._retrier, self.memory_id, limits or ServiceLimits(), clock or time.time
        )
        self._verified = False
        self._verifying = anyio.Lock()

    def __repr__(self) -> str:
        where = f", {self._where()}" if self._network else ""
        return f"<AsyncMemorySessionManager {self.memory_id}{where}, {self._lifecycle.state}>"

    def _where(self) -> str:
        if self._network is None:
            return "the given transport"
        if not self._network.region:
            return "a region that is known once it is open"
        return f"region {self._network.region} (from {self._network.region_source})"

    def _hint(self, error: ServiceError) -> str:
        """Say what to do next about *error*, where that is known."""
        if isinstance(error, NotFoundError):
            return f"Asked for memory {self.memory_id} in {self._where()}"
        if isinstance(error, AccessDeniedError) and error.code.startswith("AccessDenied"):
            return f"The credentials need bedrock-agentcore:{error.operation} on the memory"
        if isinstance(error, ValidationError) and not check.looks_like_a_memory_id(self.memory_id):
            return (
                f"memory_id {self.memory_id!r} is not of the form of a real one: a name, '-' and "
                "10 letters or digits, such as 'chat-a1B2c3D4e5'; "
                "'aws bedrock-agentcore-control list-memories' shows yours"
            )
        return ""

    async def open(self) -> Self:
        """
        Open the client, once; ``async with`` does it for you.

        Models and certificates are loaded in a thread, so that the loop goes on. If it fails or
        is cancelled, it may be called again.

        Raises:
            AccessDeniedError: There are no usable credentials.
            ClosedError: It is open already, or was closed.
            InvalidInputError: A region, endpoint, profile, session or config that can't be used.
        """
        with self._lifecycle.opening():
            if self._network is not None:
                await self._network.open()
        return self

    async def aclose(self) -> None:
        """
        Close the client, once what is under way has ended, or after 5 seconds; end all waits.

        Calls made from now on raise ``ClosedError``; closing again does nothing.
        """
        if not self._lifecycle.closed():
            return
        waits = list(self._background)
        for wait in waits:
            wait.end()
        if self._lifecycle.is_inherited:  # no loop runs in a fork, and the client is the parent's
            await self._close_network()
            return
        try:
            self._lifecycle.check()
        except ClosedError as error:
            self._polls.close(error)
        with anyio.CancelScope(shield=True):
            try:  # a shield is none against Task.cancel()
                with anyio.move_on_after(CLOSE_S):
                    for wait in waits:
                        await wait.ended()
                await self._retrier.drain(CLOSE_S)
            finally:
                await self._close_network()

    async def _close_network(self) -> None:
        if self._network is not None:
            await self._network.aclose()

    def __del__(self, warn: Callable[..., None] = warnings.warn) -> None:
        network = getattr(self, "_network", None)  # None too where an argument was refused
        if network is not None and self._lifecycle.is_open_here:
            message = f"unclosed {self!r}; use 'async with', or await its aclose()"
            warn(message, ResourceWarning, source=self)

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def create_memory_session(
        self,
        actor_id: str,
        session_id: str | None = None,
        *,
        verify: bool | None = None,
        retry: RetryPolicy | None = None,
    ) -> AsyncMemorySession:
        """
        Get the session of *actor_id* and *session_id*; the service makes it with its first event.

        Sessions of the same ids share order, clock and pacing, also across requests of a server.

        Args:
            actor_id: Whose session: 1 to 255 letters, digits, ``-``, ``_``, ``:``.
                ``encode_actor_id()`` makes one of any string.
            session_id: 1 to 100 letters, digits, ``-``, ``_``; a new UUID if omitted.
            verify: Whether to ask the service, so that a missing memory or permission shows here:
                None asks at the manager's first session and remembers success, True always asks,
                False never does.
            retry: How long and how often it is asked; the manager's policy if omitted.

        Raises:
            NotFoundError: The memory does not exist in this region.
            AccessDeniedError: The credentials may not list this session's events.
            InvalidInputError: An id that the service would refuse.

        AWS operation: ``ListEvents`` with one result and no payloads, if anything is asked.
        """
        check.check_is("verify", verify, bool, "give True, False or None")
        check_retry(retry)
        if session_id is None:
            session_id = str(uuid4())
        session = AsyncMemorySession(self, actor_id, session_id)
        self._lifecycle.check()
        if verify:
            await session.verify(retry=retry)
            self._verified = True
        elif verify is None and not self._verified:
            async with self._verifying:  # those that come meanwhile wait, and ask if that failed
                if not self._verified:
                    await session.verify(retry=retry)
                    self._verified = True
        return session

    def extraction_poller(
        self,
        namespace_prefix: str | Sequence[str],
        *,
        timeout: float | timedelta = 180.0,
        min_records: int | Mapping[str, int] = 1,
        settle: float | timedelta = 0.0,
        since: Event | None = None,
        until: Callable[[list[MemoryRecord]], bool] | None = None,
        memory_strategy_id: str | Mapping[str, str] | None = None,
        on_timeout: Literal["raise", "return"] = "raise",
        polling: PollPolicy | None = None,
    ) -> ExtractionPoller:
        """
        Wait for new long-term records of any actor; ``AsyncMemorySession`` has the same for one.

        Failed extraction jobs are asked for only with *since*, of the session it is in.

        Args:
            namespace_prefix: One prefix or several, such as ``/facts/user1/``. ``{actorId}`` and
                ``{sessionId}`` are filled in from *since*.
            timeout: As in ``AsyncMemorySession.extraction_poller``, and so are all others.
            min_records: How many new records are enough.
            settle: For how long nothing new may have come before it is over, in seconds.
            since: An event of any session of the memory.
            until: Given the new records: whether they are enough.
            memory_strategy_id: Only the records of this strategy.
            on_timeout: What happens when the time is over.
            polling: When to look.

        Raises:
            InvalidInputError: An argument can't be right.

        AWS operations: ``ListMemoryRecords``, and now and then ``ListMemoryExtractionJobs``.
        """
        wait = read_wait(
            namespace_prefix,
            policy=self._polls.policy,
            ids={"actorId": None, "sessionId": None},
            timeout=timeout,
            min_records=min_records,
            settle=settle,
            since=since,
            until=until,
            memory_strategy_id=memory_strategy_id,
            on_timeout=on_timeout,
            polling=polling,
        )
        return ExtractionPoller(self._polls, wait)

    def background(self) -> BackgroundWaits:
        """
        Make what goes on waiting after a response is sent; for ``async with``, around the server.

        ```python
        async with AsyncMemorySessionManager(memory_id) as manager, manager.background() as waits:
            event = await session.add_turns(messages)
            waits.start(session.extraction_poller(prefix, since=event), then=use_records)
        ```

        Leaving the block, or closing the manager, ends all its waits.
        """
        waits = BackgroundWaits(self._lifecycle.check, self._background.discard)
        self._background.add(waits)
        return waits
