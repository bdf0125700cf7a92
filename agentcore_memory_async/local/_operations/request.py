"""The context of an operation: the parts of the service, and the request."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import Factory, field, frozen

from agentcore_memory_async.local._api.page_tokens import DEFAULT_PAGE, decode_token, encode_token
from agentcore_memory_async.local._storage.client_tokens import ClientToken
from agentcore_memory_async.local._storage.delays import Delays
from agentcore_memory_async.local._storage.sessions import SessionKey
from agentcore_memory_async.local.behavior import Behavior, Duration, Lags, duration_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcore_memory_async.local._database.store import Store, Transaction
    from agentcore_memory_async.local._storage.memories import Memories, Memory
    from agentcore_memory_async.local._storage.records import Records
    from agentcore_memory_async.local.clock import Clock


Params: TypeAlias = dict[str, Any]
"""Members of a request or an answer, as the wire has them."""


class StaleReads:
    """
    Counts down the filtered lists that miss a session's new events.

    Args:
        count: Number of lists that miss a new event.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        # Lists that are still to miss events, and when (ms) the oldest missed event was written.
        self._left: dict[SessionKey, tuple[int, int]] = {}

    def restart(self, key: SessionKey, now_ms: int) -> None:
        """Make the next lists of a session miss an event that is written now."""
        if self._count:
            since_ms = self._left.get(key, (0, now_ms))[1]
            self._left[key] = (self._count, since_ms)

    def clear(self) -> None:
        """Let all lists see everything."""
        self._left.clear()

    def written_until_ms(self, key: SessionKey) -> int | None:
        """Count one list; return the time (ms) of the last write that it sees, or None for all."""
        left, since_ms = self._left.pop(key, (0, 0))
        if left > 1:
            self._left[key] = (left - 1, since_ms)
        return since_ms - 1 if left else None


def _random(wanted: bool | int) -> random.Random | None:
    if wanted is False:
        return None
    return random.Random() if wanted is True else random.Random(wanted)


@frozen(kw_only=True)
class ServiceContext:
    """
    The parts of a service that operations use.

    Attributes:
        store: Runs operations in its threads.
        memories: Memories.
        records: Long-term records.
        clock: Dates what is written.
        on_due: Called with a session that has events to extract, and when (ms) they are due.
        delays: Time from an event to its extraction.
        behavior: Behavior of the service.
        lags: Time from a write until it is seen.
        tie_shuffler: Reorders events of one millisecond; None leaves their order.
        record_shuffler: Reorders pages of records; None leaves their order.
        stale_reads: Filtered lists that miss new events.
    """

    store: Store
    memories: Memories
    records: Records
    clock: Clock
    on_due: Callable[[SessionKey, int], None]
    delays: Delays = field(factory=Delays)
    behavior: Behavior = field(factory=Behavior)
    lags: Lags = field(factory=Lags)
    tie_shuffler: random.Random | None = field(
        init=False,
        default=Factory(lambda self: _random(self.behavior.shuffle_ties), takes_self=True),
    )
    record_shuffler: random.Random | None = field(
        init=False,
        default=Factory(lambda self: _random(self.behavior.shuffle_records), takes_self=True),
    )
    stale_reads: StaleReads = field(
        init=False,
        default=Factory(lambda self: StaleReads(self.lags.stale_reads), takes_self=True),
    )


@frozen(kw_only=True)
class Request:
    """
    One request, its members checked against the service model.

    Attributes:
        service: Parts of the service.
        operation: Wire name of the operation.
        params: Members of the request, those of path and query included.
        transaction: The database.
        now_ms: Time of the request.
    """

    service: ServiceContext
    operation: str
    params: Params
    transaction: Transaction
    now_ms: int

    def client_token(self, memory_id: str) -> ClientToken:
        """Return the client token of the request, which counts for one memory."""
        token = self.params.get("clientToken") or None
        return ClientToken(self.transaction, memory_id, self.operation, token)

    def page_size(self, default: int = DEFAULT_PAGE) -> int:
        """Return the number of items of the answer's page."""
        return int(self.params.get("maxResults") or default)

    def position(self, *kinds: type) -> tuple[Any, ...] | None:
        """
        Return the position in the page token, one value of each type; None without a token.

        Raises:
            AwsError: ValidationException: the token belongs to another listing.
        """
        return decode_token(self.operation, self.params, kinds)

    def next_token(self, *position: object) -> str:
        """Return the page token that continues this listing after *position*."""
        return encode_token(self.operation, self.params, list(position))

    def written_until_ms(self, lag: Duration) -> int | None:
        """Return the time (ms) of the last write that *lag* lets be seen; None for no lag."""
        return self.now_ms - duration_ms(lag) if lag else None


@frozen(kw_only=True)
class MemoryRequest(Request):
    """
    A request for an operation of the data plane.

    Attributes:
        memory: Memory that the request is about.
    """

    memory: Memory

    @property
    def memory_id(self) -> str:
        """Id of the memory, without the parts of an ARN."""
        return self.memory.memory_id

    @property
    def session_key(self) -> SessionKey:
        """Session that the request is about."""
        return SessionKey(self.memory_id, self.params["actorId"], self.params["sessionId"])
