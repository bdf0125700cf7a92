"""
The control plane: memories, and what they extract.

Nothing of a memory's conversations goes through here: `AsyncMemorySessionManager` sends those, and
``control.manager(memory)`` makes one that knows the memory's namespaces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import anyio

from agentcore_memory_async._calls.hints import find_hint
from agentcore_memory_async._calls.network_client import NetworkClient
from agentcore_memory_async._calls.retry import Retrier
from agentcore_memory_async._calls.service_clock import ServiceClock
from agentcore_memory_async._calls.wait_clock import LoopClock, WaitClock, holding
from agentcore_memory_async._control.changes import ChangeOperations
from agentcore_memory_async._control.core import ControlCore, id_of
from agentcore_memory_async._control.memories import MemoryOperations
from agentcore_memory_async._control.waiting import MemoryWait
from agentcore_memory_async._telemetry.switch import observer_of
from agentcore_memory_async._transport.botocore import BotocoreTransport
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.declared_namespaces import written_by
from agentcore_memory_async._wire.service_model import CONTROL
from agentcore_memory_async._wire.synonyms import merged
from agentcore_memory_async._wire.unreadable import check_on_unreadable
from agentcore_memory_async.manager import AsyncMemorySessionManager
from agentcore_memory_async.models import Memory
from agentcore_memory_async.policies import RetryPolicy

if TYPE_CHECKING:
    from types import TracebackType

    from agentcore_memory_async._transport.base import Transport
    from agentcore_memory_async.errors import ServiceError
    from agentcore_memory_async.models import MemorySummary, Usage
    from agentcore_memory_async.telemetry import Telemetry

__all__ = ("AsyncMemoryControl", "MemoryWait")

_CONCURRENCY = 10
"""Largest number of requests of one operation under way."""
_CLOSE_TIMEOUT_S = 5.0
"""Longest time that closing waits for calls under way, in seconds."""


class AsyncMemoryControl(MemoryOperations, ChangeOperations):
    """
    The memories of an account in a region, for asyncio.

    Use it as ``async with``, or call ``open()`` and ``aclose()``. It belongs to the event loop and
    the process that opened it, and any number of tasks may use it at the same time.

    Args:
        region_name: AWS region; where it comes from if omitted, as for the manager.
        aws_session: An ``aioboto3.Session`` or aiobotocore ``AioSession`` to take credentials,
            configuration and event hooks from. It is left as it is.
        endpoint_url: Another address, such as that of the local service.
        config: A botocore ``Config`` or ``AioConfig``. botocore's own retries stay off.
        retry: How long and how often calls are tried.
        telemetry: A `Telemetry`, as for the manager.
        transport: Custom transport, for tests: see ``agentcore_memory_async.testing``.
        clock: A ``ManualClock`` or ``AutoClock`` of the local service times waits, for tests.

    Raises:
        InvalidInputError: An argument is invalid.
    """

    def __init__(
        self,
        region_name: str | None = None,
        *,
        aws_session: object | None = None,
        endpoint_url: str | None = None,
        config: object | None = None,
        retry: RetryPolicy | None = None,
        telemetry: Telemetry | None = None,
        transport: Transport | None = None,
        clock: WaitClock | None = None,
    ) -> None:
        region_name = check.check_region_name(region_name)
        endpoint_url = check.check_endpoint_url(endpoint_url)
        check.check_is("retry", retry, RetryPolicy, "give a RetryPolicy, or None")
        check.check_callable("transport", transport, "give a FakeTransport, another one, or None")
        check.check_is("clock", clock, WaitClock, "give a clock of the local service, or None")
        settings: dict[str, Any] = {
            "region_name": region_name,
            "aws_session": aws_session,
            "endpoint_url": endpoint_url,
            "config": config,
        }
        self._shared = {name: value for name, value in settings.items() if value is not None}
        if transport is not None and self._shared:
            check.refuse(
                "transport is given together with region_name, aws_session, endpoint_url or "
                "config, which it would not use; give one or the other"
            )
        self._shared |= {
            "transport": transport,
            "clock": clock,
            "retry": retry,
            "telemetry": telemetry,
        }
        network = None
        if transport is None:
            transport = network = BotocoreTransport(
                **settings, max_concurrency=_CONCURRENCY, service=CONTROL
            )
        self._client = NetworkClient("AsyncMemoryControl", "", network)
        wait_clock = clock or LoopClock()
        self._core = ControlCore(
            Retrier(
                transport,
                self._client.lifecycle,
                self._hint,
                _CONCURRENCY,
                ServiceClock(),
                wait_clock,
                observer_of(telemetry, self._client),
            ),
            self._client.lifecycle,
            wait_clock,
            check_on_unreadable("skip"),
            retry or RetryPolicy(),
        )

    def __repr__(self) -> str:
        return repr(self._client)

    def _hint(self, error: ServiceError) -> str:
        return find_hint(error, "", self._client.where, self._client.endpoint_url)

    async def open(self) -> Self:
        """
        Open the client, once; ``async with`` does it for you.

        If it fails or is cancelled, it may be called again.

        Raises:
            AccessDeniedError: There are no usable credentials.
            ClosedError: It is open already, or was closed.
            InvalidInputError: A region, endpoint, profile, session or config is unusable.
        """
        with holding(self._core.wait_clock), self._client.lifecycle.opening():
            await self._client.open_network()
        return self

    async def aclose(self) -> None:
        """
        Close the client once the calls under way have ended, or 5 s have passed.

        Calls made from now on raise ``ClosedError``, and so do waits for a memory; closing again
        does nothing. What ``manager()`` made is not closed by it.
        """
        lifecycle = self._client.lifecycle
        if lifecycle.closed() and not lifecycle.is_inherited:
            self._core.waits.end()
            with anyio.CancelScope(shield=True):
                try:  # a shield does not hold off Task.cancel()
                    await self._core.retrier.drain(_CLOSE_TIMEOUT_S)
                finally:
                    await self._client.close_network()
        elif lifecycle.is_inherited:  # no loop runs in a fork, and the client is the parent's
            await self._client.close_network()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def usage(self) -> Usage:
        """Return what was sent through this control, by operation, as the manager does."""
        return self._core.retrier.tally.usage()

    def manager(
        self,
        memory: Memory | MemorySummary | str | None = None,
        *,
        memory_id: str | None = None,
        **options: Any,
    ) -> AsyncMemorySessionManager:
        """
        Make a manager of *memory* with the settings of this object; it sends nothing.

        Region, session, endpoint, config, retries and telemetry are those given here, unless
        *options* give others. An endpoint that is only the control plane's is refused: give that
        of the data plane as ``endpoint_url``, or None for AWS's own. The manager has a client of
        its own, so it is opened and closed by itself. Of a `Memory` it knows the namespaces; of
        an id or a summary it knows them after ``await manager.describe(control)``.

        Args:
            memory: A memory, its id, or its ARN.
            memory_id: The official SDK's name of *memory*.
            options: Arguments of `AsyncMemorySessionManager`.

        Raises:
            InvalidInputError: An argument is invalid.
        """
        memory = merged(memory, None, memory_id=memory_id)
        given = {name: value for name, value in self._shared.items() if value is not None}
        if options.get("transport") is not None:  # which has settings of its own
            given = {name: given[name] for name in ("retry", "clock", "telemetry") if name in given}
        if "endpoint_url" not in options and CONTROL in given.get("endpoint_url", ""):
            check.refuse(
                "the endpoint_url of this control is one of the control plane only; give that of "
                "the data plane as endpoint_url=, or endpoint_url=None for AWS's own"
            )
        whole_id = memory if isinstance(memory, str) else id_of(memory)
        manager = AsyncMemorySessionManager(whole_id, **{**given, **options})
        if isinstance(memory, Memory):
            manager._core.namespaces.describe(written_by(memory))  # noqa: SLF001 - made here
        return manager
