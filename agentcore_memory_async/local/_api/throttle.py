"""
The service's quotas as token buckets, in requests a second.

The figures are those of the AgentCore quotas page, read 2026-09-26; operations that it does not
name share one bucket. A bucket holds what one second brings, so a burst of that many passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define

from agentcore_memory_async.local._api.errors import AwsError
from agentcore_memory_async.local._api.members import as_array, as_object, child

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from agentcore_memory_async.local.clock import Clock


PER_ACCOUNT: dict[str, float] = {
    "CreateEvent": 200,
    "ListEvents": 200,
    "RetrieveMemoryRecords": 30,
    "ListMemoryRecords": 30,
    "IngestData": 10,
    "CreateMemory": 3,
    "UpdateMemory": 3,
    "DeleteMemory": 3,
    "ListMemories": 5,
    "GetMemory": 50,
}
"""Requests a second of an account, by the operation."""
_OTHERS = 20.0
"""Requests a second of an account, for all operations that have no figure of their own."""
_CONVERSATIONAL = 5.0
"""Events with messages a second, of an actor and session."""
_OTHER_EVENTS = 10.0
"""Events without messages a second, of an actor and session."""
_LIST_EVENTS = 20.0
"""ListEvents requests a second, of an actor and session."""
_DELETE_EVENT = 5.0
"""DeleteEvent requests a second, of an actor and session."""
_BUCKETS = 50_000
"""Buckets that are kept until the full ones among them are dropped."""


@define
class TokenBucket:
    """
    A quota and what is left of it.

    Attributes:
        rate: Tokens that come back in a second. The bucket holds as many at most, and 1 at least.
        level: Tokens that are left.
        at: Time in seconds of that level.
    """

    rate: float
    level: float
    at: float

    def refill(self, now: float) -> None:
        """Add the tokens that have come back by *now*."""
        most = max(self.rate, 1.0)
        self.level = min(most, self.level + max(0.0, now - self.at) * self.rate)
        self.at = now

    def take(self, now: float) -> bool:
        """Take a token where one is left at *now*, and return whether one was."""
        self.refill(now)
        if self.level < 1:
            return False
        self.level -= 1
        return True


class QuotaLimiter:
    """
    Refuses requests that exceed the quotas.

    Args:
        clock: Refills the buckets.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[Hashable, TokenBucket] = {}

    def clear(self) -> None:
        """Fill all buckets."""
        self._buckets.clear()

    def check(self, operation: str, params: Mapping[str, Any]) -> None:
        """
        Count a request.

        Raises:
            AwsError: ThrottledException: the account or the session has no token left. Then
                none is taken.
        """
        now = self._clock.now()
        if len(self._buckets) > _BUCKETS:
            # One that was left alone for a second is full, as a new one is.
            self._buckets = {
                key: bucket for key, bucket in self._buckets.items() if now - bucket.at < 1
            }
        buckets: list[TokenBucket] = []
        for key, rate in _quotas(operation, params):
            bucket = self._buckets.setdefault(key, TokenBucket(rate, rate, now))
            bucket.refill(now)
            if bucket.level < 1:
                code = "ThrottledException"
                raise AwsError(code, "Rate exceeded.")
            buckets.append(bucket)
        for bucket in buckets:
            bucket.level -= 1


def _quotas(operation: str, params: Mapping[str, Any]) -> list[tuple[Hashable, float]]:
    """Return the quotas of a request: key and rate of the account's, then of the session's."""
    own = PER_ACCOUNT.get(operation)
    quotas: list[tuple[Hashable, float]] = [
        ("others", _OTHERS) if own is None else (operation, own)
    ]
    rate = _session_rate(operation, params)
    if rate is not None:
        memory_id = str(params.get("memoryId")).rpartition("/")[2]  # an ARN is the same memory
        session = (memory_id, str(params.get("actorId")), str(params.get("sessionId")))
        quotas.append(((operation, rate, *session), rate))
    return quotas


def _session_rate(operation: str, params: Mapping[str, Any]) -> float | None:
    if operation == "ListEvents":
        return _LIST_EVENTS
    if operation == "DeleteEvent":
        return _DELETE_EVENT
    if operation == "CreateEvent":
        payload = as_array(params.get("payload"))
    elif operation == "IngestData":
        payload = as_array(child(child(params, "source"), "inline").get("payload"))
    else:
        return None
    talks = any("conversational" in as_object(item) for item in payload)
    return _CONVERSATIONAL if talks else _OTHER_EVENTS
