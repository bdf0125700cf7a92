"""The clients of a run, both of which count their requests."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import field, frozen

from agentcore_memory_async._calls.wait_clock import LoopClock, WaitClock
from agentcore_memory_async._transport.botocore import BotocoreTransport
from agentcore_memory_async._wire.service_model import CONTROL, SERVICE
from agentcore_memory_async.control import AsyncMemoryControl
from agentcore_memory_async.manager import AsyncMemorySessionManager
from agentcore_memory_async.policies import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from agentcore_memory_async._transport.base import Transport
    from agentcore_memory_async.verify._asking.meter import Meter

_RETRY = RetryPolicy(max_attempts=10)
"""How often a request is tried: a service that is down ends the run soon."""


@frozen
class Endpoint:
    """
    The service to ask.

    Attributes:
        region_name: AWS region; where it comes from if None, as for the manager.
        aws_session: Session with the credentials; the usual ones if None.
        endpoint_url: Another address.
        clock: Clock of waits, for tests.
        retry: How requests are tried.
    """

    region_name: str | None = None
    aws_session: object | None = None
    endpoint_url: str | None = None
    clock: WaitClock = field(factory=LoopClock)
    retry: RetryPolicy = _RETRY


@frozen
class Connection:
    """
    Open clients.

    Attributes:
        endpoint: The service.
        region: Its region.
        is_aws: Whether it is at an address of AWS.
        meter: Counts the requests.
        control: Client of memories.
        send: Transport that sends a request to the data plane once.
    """

    endpoint: Endpoint
    region: str
    is_aws: bool
    meter: Meter
    control: AsyncMemoryControl
    send: Transport

    @property
    def wall(self) -> Callable[[], float]:
        """The function that returns the time as seconds since 1970."""
        clock = self.endpoint.clock
        return time.time if isinstance(clock, LoopClock) else clock.now

    @asynccontextmanager
    async def manager(self, memory_id: str) -> AsyncGenerator[AsyncMemorySessionManager]:
        """Open a manager of one memory."""
        endpoint = self.endpoint
        clock = None if isinstance(endpoint.clock, LoopClock) else endpoint.clock
        made = AsyncMemorySessionManager(
            memory_id, transport=self.send, retry=endpoint.retry, clock=clock
        )
        async with made:
            yield made


@asynccontextmanager
async def connect(endpoint: Endpoint, meter: Meter) -> AsyncGenerator[Connection]:
    """Open the clients; nothing is sent by that."""

    def transport(service: str) -> BotocoreTransport:
        return BotocoreTransport(
            region_name=endpoint.region_name,
            aws_session=endpoint.aws_session,
            endpoint_url=endpoint.endpoint_url,
            service=service,
        )

    async with transport(SERVICE) as data, transport(CONTROL) as memories:
        host = urlsplit(data.endpoint_url).hostname or ""
        clock = None if isinstance(endpoint.clock, LoopClock) else endpoint.clock
        control = AsyncMemoryControl(
            transport=meter.measure(memories), retry=endpoint.retry, clock=clock
        )
        async with control:
            yield Connection(
                endpoint,
                data.region,
                host.endswith((".amazonaws.com", ".amazonaws.com.cn")),
                meter,
                control,
                meter.measure(data),
            )
