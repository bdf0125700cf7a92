"""What an integration knows of the sessions that it used last."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio import Lock

    from agentcore_memory_async.session import AsyncMemorySession

MOST = 1000
"""Sessions of which something is known."""


class HasLock(Protocol):
    """Something that is in use while its lock is held."""

    lock: Lock


T = TypeVar("T", bound=HasLock)


class Recent(Generic[T]):
    """
    What is known of sessions, by their ids; those that were not used for long are forgotten.

    Args:
        make: Makes what is known of a session at first.
    """

    def __init__(self, make: Callable[[AsyncMemorySession], T]) -> None:
        self._make = make
        self._known: OrderedDict[tuple[str, str], T] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def of(self, session: AsyncMemorySession) -> T:
        """Return what is known of a session."""
        name = (session.actor_id, session.session_id)
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = self._make(session)
        self._known.move_to_end(name)
        if len(self._known) > MOST:
            known = self._known.items()
            unused = (
                ids
                for ids, each in known
                if each is not found and not each.lock.statistics().locked
            )
            forgotten = next(unused, None)  # one in use keeps none of the others
            if forgotten is not None:
                del self._known[forgotten]
        return found
