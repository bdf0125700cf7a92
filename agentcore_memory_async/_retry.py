"""
One call, tried until it has an answer or a reason to stop.

A write has three outcomes: acknowledged (returns), rejected (raises what the service said: never
stored) or unknown (``OutcomeUnknownError``: an answer was lost, so it may have been stored).
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from agentcore_memory_async.errors import (
    AgentCoreMemoryError,
    ConflictError,
    DecodeError,
    OutcomeUnknownError,
    ServiceError,
    ServiceUnavailableError,
    ThrottledError,
    TransportError,
    TransportTimeoutError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agentcore_memory_async._lifecycle import Lifecycle
    from agentcore_memory_async._pace import Pace
    from agentcore_memory_async._transport import Answer, Transport
    from agentcore_memory_async.policies import RetryPolicy

T = TypeVar("T")


def is_passing(error: AgentCoreMemoryError) -> bool:
    """Tell whether the same request may succeed a little later."""
    if isinstance(error, ConflictError):
        return error.code == "RetryableConflictException"
    return isinstance(
        error, TransportError | DecodeError | ThrottledError | ServiceUnavailableError
    )


def may_have_run(error: AgentCoreMemoryError) -> bool:
    """Tell whether the service may have done what it was asked, in spite of *error*."""
    if isinstance(error, TransportError):
        return error.sent
    return isinstance(error, DecodeError | ServiceUnavailableError)


def backoff_bound(policy: RetryPolicy, error: AgentCoreMemoryError, attempt: int) -> float:
    """Give the longest wait after attempt number *attempt* (1 is the first), in seconds."""
    throttled = isinstance(error, ThrottledError)
    first = policy.throttled_backoff_s if throttled else policy.backoff_s
    return min(policy.max_backoff_s, first * 2.0 ** min(attempt - 1, 30))


class Retrier:
    """
    Sends requests through the transport, under the policy.

    Args:
        transport: The seam to the network.
        policy: How long and how often.
        lifecycle: Says whether requests may be sent at all.
        hint: Says what to do next about an error of the service.
    """

    def __init__(
        self,
        transport: Transport,
        policy: RetryPolicy,
        lifecycle: Lifecycle,
        hint: Callable[[ServiceError], str],
    ) -> None:
        self._transport = transport
        self._policy = policy
        self._lifecycle = lifecycle
        self._hint = hint
        self._random = random.Random()

    async def read(
        self, operation: str, params: Mapping[str, Any], reader: Callable[[Answer], T]
    ) -> T:
        """Send a request that changes nothing, or may be done twice."""
        return await self._run(operation, params, reader, self._policy.read_deadline_s)

    async def write(
        self,
        operation: str,
        params: Mapping[str, Any],
        reader: Callable[[Answer], T],
        *,
        deadline_s: float,
        pace: Pace,
    ) -> T:
        """Send a frozen request with a client token, until its outcome is known."""
        token = params["clientToken"]
        return await self._run(operation, params, reader, deadline_s, pace, token)

    async def _run(
        self,
        operation: str,
        params: Mapping[str, Any],
        reader: Callable[[Answer], T],
        deadline_s: float,
        pace: Pace | None = None,
        token: str | None = None,
    ) -> T:
        self._lifecycle.check()
        attempt = 0
        in_flight = unknown = False
        last: AgentCoreMemoryError = TransportTimeoutError(
            operation, f"its deadline of {deadline_s:g} s passed before it was sent", sent=False
        )
        with anyio.move_on_after(deadline_s):
            while True:
                if pace is not None:
                    await anyio.sleep(pace.wait_s(anyio.current_time()))
                attempt += 1
                in_flight = True
                try:
                    return reader(await self._transport(operation, params))
                except AgentCoreMemoryError as error:
                    in_flight = False
                    last = error
                    unknown = unknown or may_have_run(error)
                    if not is_passing(error) or attempt >= self._policy.max_attempts:
                        break
                    bound = backoff_bound(self._policy, error, attempt)
                finally:
                    if pace is not None:
                        pace.ended(anyio.current_time())
                asked = last.retry_after_s if isinstance(last, ServiceError) else None
                await anyio.sleep((asked or 0.0) + self._random.uniform(0, bound))
        if in_flight:
            unknown = True
            last = TransportTimeoutError(operation, f"no answer within {deadline_s:g} s")
        if isinstance(last, ServiceError):
            last.attempts = attempt
            last.hint = self._hint(last)
        if token is not None and unknown:
            raise OutcomeUnknownError(operation, token, attempt, params) from last
        raise last
