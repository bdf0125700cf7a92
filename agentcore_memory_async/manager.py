"""
The manager: one memory, one client, opened once.

Everything that is sent goes through here: sessions are bound views that fill in their ids.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal, Self

# anyio imports its parts when they are first used: here, instead of in an event loop.
from anyio import CancelScope, Lock, move_on_after

from agentcore_memory_async._calls.hints import find_hint
from agentcore_memory_async._calls.network_client import NetworkClient
from agentcore_memory_async._calls.outbox import Outbox
from agentcore_memory_async._calls.retry import Retrier
from agentcore_memory_async._calls.service_clock import ServiceClock
from agentcore_memory_async._calls.wait_clock import LoopClock, WaitClock, holding
from agentcore_memory_async._calls.writer import Writer
from agentcore_memory_async._core import MemoryCore
from agentcore_memory_async._extraction.coordinator import PollCoordinator
from agentcore_memory_async._extraction.lister import Lister
from agentcore_memory_async._operations.actors import ActorOperations
from agentcore_memory_async._operations.description import DescriptionOperations
from agentcore_memory_async._operations.forgetting import ForgettingOperations
from agentcore_memory_async._operations.jobs import JobOperations
from agentcore_memory_async._operations.raw import RawOperations
from agentcore_memory_async._operations.records import RecordOperations
from agentcore_memory_async._operations.transfer import TransferOperations
from agentcore_memory_async._operations.waiting import WaitingOperations
from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async._telemetry.switch import observer_of
from agentcore_memory_async._transport.botocore import BotocoreTransport
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.resolved_namespaces import check_namespaces
from agentcore_memory_async._wire.unreadable import check_on_unreadable
from agentcore_memory_async.actor import AsyncActor
from agentcore_memory_async.background import BackgroundWork
from agentcore_memory_async.errors import ClosedError, UnsentTurnsError
from agentcore_memory_async.policies import PollPolicy, RetryPolicy, ServiceLimits, check_polling
from agentcore_memory_async.session import AsyncMemorySession

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta
    from types import TracebackType

    from agentcore_memory_async._calls.outbox import Unsent
    from agentcore_memory_async._transport.base import Transport
    from agentcore_memory_async.errors import ServiceError
    from agentcore_memory_async.models import Usage
    from agentcore_memory_async.telemetry import Telemetry

__all__ = ("AsyncMemorySessionManager",)


class _SharedClient(NetworkClient):
    """
    What a manager and its views share: the client, and what ends when it closes.

    Args:
        memory_id: Id or ARN of the memory.
        network: The client; None where the caller gave a transport.
        close_timeout_s: How long closing waits for calls that are under way, in seconds.
    """

    verifying: Lock
    """Held while the first session is verified; made on opening, once anyio is loaded."""

    def __init__(
        self, memory_id: str, network: BotocoreTransport | None, close_timeout_s: float
    ) -> None:
        super().__init__("AsyncMemorySessionManager", memory_id, network)
        self._memory_id = memory_id
        self._close_timeout_s = close_timeout_s
        self.background: set[BackgroundWork] = set()
        self.verified = False

    def hint(self, error: ServiceError) -> str:
        """Return what to do next about *error*; empty where that is unknown."""
        return find_hint(error, self._memory_id, self.where, self.endpoint_url)

    async def open(self) -> None:
        """Open the client, once."""
        with self.lifecycle.opening():
            await self.open_network()
            self.verifying = Lock()

    async def aclose(self, core: MemoryCore) -> None:
        """
        Close the client, and end what goes on through *core*; again it does nothing.

        Raises:
            UnsentTurnsError: Turns were not stored.
        """
        if not self.lifecycle.closed():
            return
        background = list(self.background)
        for work in background:
            work.cancel()
        if self.lifecycle.is_inherited:  # no loop runs in a fork, and the client is the parent's
            await self.close_network()
            return
        try:
            self.lifecycle.check()
        except ClosedError as error:
            core.polls.close(error)
        core.outbox.end_all()
        unsent: list[Unsent] = []
        with CancelScope(shield=True):
            try:  # a shield does not hold off Task.cancel()
                with move_on_after(self._close_timeout_s):
                    for work in background:
                        await work.join()
                await core.retrier.drain(self._close_timeout_s)
            finally:
                try:
                    unsent = await core.outbox.stop()
                finally:
                    await self.close_network()
                    await core.outbox.join()
        if unsent:
            cause = next((each.error for each in unsent if each.error is not None), None)
            raise UnsentTurnsError([each.request for each in unsent]) from cause


class AsyncMemorySessionManager(
    ActorOperations,
    TransferOperations,
    RecordOperations,
    ForgettingOperations,
    WaitingOperations,
    JobOperations,
    RawOperations,
    DescriptionOperations,
):
    """
    Sessions of one AgentCore Memory, for asyncio.

    Use it as ``async with``, or call ``open()`` and ``aclose()``. It belongs to the event loop and
    the process that opened it, and any number of tasks may use it at the same time.

    Args:
        memory_id: Id or ARN of the memory, such as ``chat-a1B2c3D4e5``.
        region_name: AWS region. If omitted: that of *aws_session*, of the environment, of the
            profile, and at last ``us-west-2``; ``repr()`` shows which, and where it came from.
        aws_session: An ``aioboto3.Session`` or aiobotocore ``AioSession`` to take credentials,
            configuration and event hooks from. It is left as it is.
        endpoint_url: Another address, such as that of the local service.
        config: A botocore ``Config`` or ``AioConfig``. botocore's own retries stay off.
        max_concurrency: Largest number of requests of one operation under way, 1 to 1,000.
        limits: Service limits to which writes are paced.
        retry: How long and how often calls are tried.
        polling: When extraction pollers poll, and how many requests they may make together.
        close_timeout: Longest time that closing waits for calls under way, among them the turns of
            ``record_turn`` that are still to be written; in seconds or a timedelta.
        on_unreadable: What happens to an event, record or job of a list that cannot be read:
            ``"skip"`` leaves it out with an `UnreadableItemWarning`, ``"raise"`` raises
            `DecodeError`.
        allow_hierarchical_actor_ids: Whether actor ids may contain ``/``. Such an id reaches into
            the namespaces of others: ``alice/facts`` is below ``/users/alice/``.
        namespaces: Namespace templates of the memory's strategies by name, such as ``{"facts":
            "/facts/{actorId}/"}``, or a list of templates, which are their own names: where
            ``retrieve_context`` searches, and what ``session.namespaces`` resolves.
        telemetry: A `Telemetry`, with which OpenTelemetry gets spans and metrics of what is done
            here; none if omitted.
        transport: Custom transport, for tests: see ``agentcore_memory_async.testing``.
        clock: Custom wall clock instead of ``time.time``, in seconds since 1970, for tests. A
            ``ManualClock`` or ``AutoClock`` of the local service also times waits for extraction.

    Raises:
        InvalidInputError: An argument is invalid.
    """

    def __init__(
        self,
        memory_id: str,
        region_name: str | None = None,
        *,
        aws_session: object | None = None,
        endpoint_url: str | None = None,
        config: object | None = None,
        max_concurrency: int = 50,
        limits: ServiceLimits | None = None,
        retry: RetryPolicy | None = None,
        polling: PollPolicy | None = None,
        close_timeout: float | timedelta = 5.0,
        on_unreadable: Literal["skip", "raise"] = "skip",
        allow_hierarchical_actor_ids: bool = False,
        namespaces: Mapping[str, str] | Sequence[str] | None = None,
        telemetry: Telemetry | None = None,
        transport: Transport | None = None,
        clock: Callable[[], float] | WaitClock | None = None,
    ) -> None:
        memory_id = check.check_memory_id(memory_id)
        region_name = check.check_region_name(region_name)
        endpoint_url = check.check_endpoint_url(endpoint_url)
        check.check_int("max_concurrency", max_concurrency, 1000)
        check.check_is("limits", limits, ServiceLimits, "give a ServiceLimits, or None")
        check.check_is("retry", retry, RetryPolicy, "give a RetryPolicy, or None")
        check.check_callable("transport", transport, "give a FakeTransport, another one, or None")
        if isinstance(clock, WaitClock):
            wait_clock, clock = clock, clock.now
        else:
            wait_clock = LoopClock()
        check.check_callable("clock", clock, "give a function of no arguments, such as time.time")
        check.check_bool("allow_hierarchical_actor_ids", allow_hierarchical_actor_ids)
        declared = check_namespaces(namespaces)
        close_timeout_s = check.check_duration("close_timeout", close_timeout)
        unreadable = check_on_unreadable(on_unreadable)
        poll_policy = check_polling(polling) or PollPolicy()
        policy = retry or RetryPolicy()
        aws = (aws_session, endpoint_url, config, region_name)
        if transport is not None and aws != (None,) * 4:
            check.refuse(
                "transport is given together with region_name, aws_session, endpoint_url or "
                "config, which it would not use; give one or the other"
            )
        network = None
        if transport is None:
            transport = network = BotocoreTransport(
                region_name=region_name,
                aws_session=aws_session,
                endpoint_url=endpoint_url,
                config=config,
                max_concurrency=max_concurrency,
            )
        self._client = _SharedClient(memory_id, network, close_timeout_s)
        lifecycle, service_clock = self._client.lifecycle, ServiceClock()
        retrier = Retrier(
            transport,
            lifecycle,
            self._client.hint,
            max_concurrency,
            service_clock,
            wait_clock,
            observer_of(telemetry, self._client),
        )
        writer = Writer(retrier, memory_id, limits or ServiceLimits(), clock or time.time)
        most = poll_policy.max_requests_per_second
        lister = Lister(retrier, memory_id, most, policy, service_clock, wait_clock, unreadable)
        self._core = MemoryCore(
            memory_id=memory_id,
            retrier=retrier,
            writer=writer,
            outbox=Outbox(retrier, writer, lifecycle, close_timeout_s, wait_clock),
            polls=PollCoordinator(lister, poll_policy),
            lifecycle=lifecycle,
            unreadable=unreadable,
            retry=policy,
            allow_hierarchical_actor_ids=allow_hierarchical_actor_ids,
            namespaces=declared,
            namespace_variables={},
        )

    def __repr__(self) -> str:
        return repr(self._client)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """
        The event loop that opened the manager: its calls are made there.

        From other threads ``asyncio.run_coroutine_threadsafe(coroutine, manager.loop)`` hands them
        over.

        Raises:
            ClosedError: While reading it: it is not open.
            ForkedError: While reading it: the parent of this process opened it.
        """
        return self._core.lifecycle.loop

    async def open(self) -> Self:
        """
        Open the client, once; ``async with`` does it for you.

        Models and certificates are loaded in a thread, so that the loop goes on. If it fails or
        is cancelled, it may be called again.

        Raises:
            AccessDeniedError: There are no usable credentials.
            ClosedError: It is open already, or was closed.
            InvalidInputError: A region, endpoint, profile, session or config is unusable.
        """
        with holding(self._core.polls.lister.wait_clock):
            await self._client.open()
        return self

    async def aclose(self) -> None:
        """
        Close the client once the calls under way have ended, or their time is up; end all waits.

        Turns that ``record_turn`` still records are stored as far as they got. Calls made from now
        on raise ``ClosedError``; closing again does nothing.

        Raises:
            UnsentTurnsError: Turns of ``record_turn`` were not stored within ``close_timeout``, or
                refused meanwhile; then its cause says why. The client is closed nevertheless.
        """
        await self._client.aclose(self._core)

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self.aclose()
        except UnsentTurnsError as unsent:
            if error is None:
                raise
            error.add_note(str(unsent))

    def usage(self) -> Usage:
        """
        Return what was sent through this manager, its sessions and its views, by operation.

        It counts calls that have ended. It may be read at any time, also before the manager is open
        and after it is closed.
        """
        return self._core.retrier.tally.usage()

    async def create_memory_session(
        self, actor_id: str, session_id: str | None = None, *, verify: bool | None = None
    ) -> AsyncMemorySession:
        """
        Return the session of *actor_id* and *session_id*; its first event creates it.

        Sessions of the same ids share order, clock and pacing, also across requests of a server.

        Args:
            actor_id: Actor id: 1 to 255 letters, digits, ``-``, ``_``, ``:``.
                ``encode_actor_id()`` makes one of any string.
            session_id: Session id: 1 to 100 letters, digits, ``-``, ``_``; a new UUID if omitted.
            verify: Whether to ask the service, so that a missing memory or permission shows here:
                None asks at the manager's first session and remembers success, True always asks,
                False never does.

        Raises:
            NotFoundError: The memory does not exist in this region.
            AccessDeniedError: The credentials may not list this session's events.
            InvalidInputError: An id that the service would refuse.

        AWS operation: ``ListEvents`` with one result and no payloads, if anything is asked.
        """
        check.check_is("verify", verify, bool, "give True, False or None")
        if session_id is None:
            session_id = random_id()
        session = AsyncMemorySession(self, actor_id, session_id)
        self._core.lifecycle.check()
        client = self._client
        if verify:
            await session.verify()
            client.verified = True
        elif verify is None and not client.verified:
            async with client.verifying:  # later ones wait, and ask if that failed
                if not client.verified:
                    await session.verify()
                    client.verified = True
        return session

    def actor(self, actor_id: str) -> AsyncActor:
        """
        Return the view of one actor: its sessions, and the records of all of them; sends nothing.

        Args:
            actor_id: Actor id, as in ``create_memory_session``.

        Raises:
            InvalidInputError: An id that the service would refuse.
        """
        return AsyncActor(self, actor_id)

    def background(self) -> BackgroundWork:
        """
        Make work that goes on after a response is sent; for ``async with``, around the server.

        ```python
        async with AsyncMemorySessionManager(memory_id) as manager, manager.background() as work:
            event = await session.add_turns(messages)
            work.wait(session.extraction_poller(prefix, since=event), then=use_records)
        ```

        Leaving the block, or closing the manager, cancels all its waits.
        """
        work = BackgroundWork(self._core.lifecycle.check, self._client.background.discard)
        self._client.background.add(work)
        return work
