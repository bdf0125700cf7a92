"""Looking at this machine and asking the service; what it means is decided elsewhere."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING, Any

import anyio
from attrs import frozen

from agentcore_memory_async._transport.botocore import BotocoreTransport
from agentcore_memory_async.cli._connection import session_of
from agentcore_memory_async.cli._doctor.packages import (
    NEIGHBORS,
    STACK,
    Package,
    normalized,
    parsed,
)
from agentcore_memory_async.cli._doctor.seen import Endpoint, Reply
from agentcore_memory_async.cli._doctor.settings import proxies_of, setting_of
from agentcore_memory_async.errors import (
    AgentCoreMemoryError,
    InvalidInputError,
    ServiceError,
    TransportTimeoutError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from agentcore_memory_async._transport.base import Transport
    from agentcore_memory_async._transport.diagnosis import SettingsInUse
    from agentcore_memory_async.cli._doctor.seen import Asked

TIMEOUT_S = 10.0
"""Longest time that an answer is waited for."""
_ELSEWHERE = "us-east-1"
"""A region that has every service."""


def installed_packages() -> dict[str, Package]:
    """Return the distributions of the stack, what these require, and neighbors; in a thread."""
    found: dict[str, Package] = {}
    for name in (*STACK, *NEIGHBORS):
        _add(found, name)
    for owner in STACK:
        for requirement in parsed(found[owner].requires) if owner in found else ():
            _add(found, normalized(requirement.name))
    return found


def _add(found: dict[str, Package], name: str) -> None:
    try:
        there = distribution(name)
    except PackageNotFoundError:
        return
    found[name] = Package(there.version, tuple(there.requires or ()))


def usual_settings(asked: Asked, services: tuple[str, ...]) -> tuple[object, SettingsInUse]:
    """
    Return the session that requests are made by, and its settings; in a thread.

    Raises:
        ImportError: What knows AWS cannot be imported.
        InvalidInputError: A setting is unusable.
    """
    try:
        import agentcore_memory_async._transport.diagnosis as diagnosis
    except AttributeError as error:  # of a botocore that aiobotocore was not made for
        raise ImportError(name="aiobotocore") from error
    session = session_of(asked.profile)
    return session, diagnosis.read_settings(session, services)


def known_profiles() -> tuple[str, ...]:
    """Return the names of the profiles; in a thread."""
    from agentcore_memory_async._transport import diagnosis

    return diagnosis.profiles()


@frozen
class Plane:
    """
    A service, open.

    Attributes:
        transport: Sends requests, once each.
        endpoint: Where they go.
    """

    transport: Transport
    endpoint: Endpoint

    async def ask(self, operation: str, params: Mapping[str, Any]) -> Reply:
        """Send one request, and return what came of it."""
        error: Exception = TransportTimeoutError(
            operation, f"after {TIMEOUT_S:g} s without an answer of {self.endpoint.host}"
        )
        with anyio.move_on_after(TIMEOUT_S):
            try:
                answer = await self.transport(operation, params)
            except (AgentCoreMemoryError, InvalidInputError) as raised:
                error = raised
            else:
                return Reply(operation, answer, offset_s=_offset_s(answer.date))
        offset_s = error.clock_offset_s if isinstance(error, ServiceError) else None
        return Reply(operation, error=error, offset_s=offset_s)


def _offset_s(date: datetime | None) -> float | None:
    """Return how far a clock that shows *date* is ahead of this machine's."""
    return None if date is None else round((date - datetime.now(UTC)).total_seconds())


@asynccontextmanager
async def connected(
    service: str, asked: Asked, session: object, settings: SettingsInUse
) -> AsyncGenerator[Plane]:
    """
    Open the client of a *service*.

    Raises:
        AccessDeniedError: There are no usable credentials.
        InvalidInputError: A setting is unusable.
    """
    transport = BotocoreTransport(
        region_name=asked.region,
        aws_session=session,
        endpoint_url=asked.endpoint_url,
        service=service,
    )
    async with transport:
        url = transport.endpoint_url
        endpoint = Endpoint(
            service=service,
            region=transport.region,
            region_source=transport.region_source,
            endpoint_url=url,
            set_by=setting_of(url, service, asked, settings),
            key=transport.credentials_origin,
            proxies=proxies_of(url, os.environ),
        )
        yield Plane(transport, endpoint)


async def resolves_elsewhere(endpoint: Endpoint) -> bool:
    """Return whether the name that the service has in another region can be resolved."""
    host = endpoint.host.replace(endpoint.region, _ELSEWHERE)
    with anyio.move_on_after(TIMEOUT_S):
        try:
            return bool(await anyio.getaddrinfo(host, 443))
        except OSError:
            return False
    return False
