"""What a manager remembers of its writes: those in doubt, and those that were acknowledged."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from attrs import evolve

from agentcore_memory_async._calls.write import CREATE_EVENT, Write
from agentcore_memory_async.errors import AnswerMismatchError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_IN_DOUBT = 10_000
"""How many writes in doubt are remembered."""
MAX_IN_DOUBT_BYTES = 64 * 1024 * 1024
"""How many bytes they take together, as JSON."""
MAX_ACKNOWLEDGED = 1000
"""How many events are remembered with their tokens, against late answers."""
MAX_REPEATABLE = 10_000
"""How many acknowledged writes under a caller's token are remembered with their times."""


class InDoubtWrites:
    """
    Writes under a caller's token that were cancelled or lost, as they were frozen.

    Without it a repeated call would carry another timestamp under the same token. Where there are
    too many, the oldest of the lost ones are dropped first, since their errors carry the requests,
    then the oldest of the cancelled ones.
    """

    def __init__(self) -> None:
        self._lost = OrderedDict[str, Write]()
        self._cancelled = OrderedDict[str, Write]()
        self._bytes = 0

    def remember(self, write: Write, *, cancelled: bool) -> None:
        """Keep *write*, which was cancelled or whose error carries its request."""
        token = write.request["clientToken"]
        self._drop(token)
        (self._cancelled if cancelled else self._lost)[token] = write
        self._bytes += _size(write)
        while (
            len(self._lost) + len(self._cancelled) > MAX_IN_DOUBT
            or self._bytes > MAX_IN_DOUBT_BYTES
        ):
            self._drop(next(iter(self._lost or self._cancelled)))

    def forget(self, write: Write) -> None:
        """Drop what is settled; another write that was frozen under its token stays."""
        token = write.request["clientToken"]
        known = self._get(token)
        if known is not None and {**write.request, **known.request} == write.request:
            self._drop(token)

    def get(self, token: str) -> Write:
        """Return the write with *token*."""
        write = self._get(token)
        if write is None:
            message = (
                f"in_doubt {token[:80]!r} is not the client token of a write in doubt that this "
                "manager remembers; call add_turns() again with the same messages, token and "
                "timestamp, which stores nothing twice"
            )
            raise InvalidInputError(message)
        return write

    def request_of(self, token: str) -> Mapping[str, Any] | None:
        """Return the request that may have been stored under *token*; None where none was sent."""
        known = self._get(token)
        return known.request if known is not None and known.in_doubt else None

    def matching(self, write: Write) -> Write:
        """Return *write*, as it was frozen earlier if the same write is in doubt."""
        known = self._get(write.request["clientToken"])
        if known is None or write.is_frozen or known.identity != write.identity:
            return write
        return evolve(write, request=known.request, in_doubt=known.in_doubt)

    def _get(self, token: str) -> Write | None:
        return self._cancelled.get(token) or self._lost.get(token)

    def _drop(self, token: str) -> None:
        dropped = self._cancelled.pop(token, None) or self._lost.pop(token, None)
        if dropped is not None:
            self._bytes -= _size(dropped)


def _size(write: Write) -> int:
    return write.identity.size if write.identity is not None else 0


class Acknowledgements:
    """
    Which write each event acknowledged, so that none acknowledges another one of the same content.

    Only what may still come late on a kept connection matters, so a bounded number is kept. Of a
    write under a caller's token its time is kept too, with which the same call is sent again.
    """

    def __init__(self) -> None:
        self._tokens = OrderedDict[str, str]()
        self._times = OrderedDict[bytes, float]()

    def note(self, event_id: str, write: Write) -> None:
        """Note that the event is that of *write*."""
        self._tokens[event_id] = write.request["clientToken"]
        if len(self._tokens) > MAX_ACKNOWLEDGED:
            self._tokens.popitem(last=False)
        if write.identity is not None:
            self._times[write.identity.digest] = write.request["eventTimestamp"]
            if len(self._times) > MAX_REPEATABLE:
                self._times.popitem(last=False)

    def check(self, event_id: str, token: str) -> None:
        """Raise `AnswerMismatchError` if the event is known as that of another token."""
        if self._tokens.get(event_id, token) != token:
            raise AnswerMismatchError(CREATE_EVENT, "eventId", event_id)

    def time_of(self, write: Write) -> float | None:
        """Return the time with which the same write was acknowledged, in epoch seconds."""
        return None if write.identity is None else self._times.get(write.identity.digest)
