"""
The service's quotas as token buckets, in requests a second.

The figures are those of the AgentCore quotas page, read 2026-09-26; what it does not name shares
one bucket. A bucket holds what one second brings, so a burst of that many passes at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

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
_OTHERS = 20.0
_CONVERSATIONAL, _OTHER_EVENTS = 5.0, 10.0
_LIST_EVENTS, _DELETE_EVENT = 20.0, 5.0
_BUCKETS = 50_000


@attrs.define
class _Bucket:
    level: float
    at: float


class Throttle:
    """
    Refuses what comes faster than the quotas allow.

    Args:
        clock: Refills the buckets.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[Hashable, _Bucket] = {}

    def check(self, operation: str, params: Mapping[str, Any]) -> None:
        """
        Count a request.

        Raises:
            AwsError: ThrottledException: the account or the session has no token left; then
                none is taken.
        """
        own = PER_ACCOUNT.get(operation)
        limits: list[tuple[Hashable, float]] = [
            ("others", _OTHERS) if own is None else (operation, own)
        ]
        rate = _per_session(operation, params)
        if rate is not None:
            memory_id = str(params.get("memoryId")).rpartition("/")[2]  # an ARN is the same memory
            who = (memory_id, params.get("actorId"), params.get("sessionId"))
            limits.append(((operation, rate, *map(str, who)), rate))
        now = self._clock.now()
        if len(self._buckets) > _BUCKETS:  # those that were left alone for a second are full
            self._buckets = {
                key: bucket for key, bucket in self._buckets.items() if now - bucket.at < 1
            }
        taken: list[_Bucket] = []
        for key, rate in limits:
            bucket = self._buckets.setdefault(key, _Bucket(rate, now))
            bucket.level = min(rate, bucket.level + max(0.0, now - bucket.at) * rate)
            bucket.at = now
            if bucket.level < 1:
                code = "ThrottledException"
                raise AwsError(code, "Rate exceeded.")
            taken.append(bucket)
        for bucket in taken:
            bucket.level -= 1


def _per_session(operation: str, params: Mapping[str, Any]) -> float | None:
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
