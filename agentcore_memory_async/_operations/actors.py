"""The actors of a memory, and their sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcore_memory_async._calls.pagination import MAX_PAGE, Pages, collect
from agentcore_memory_async._core import ActorView, View
from agentcore_memory_async._wire import actor_codec
from agentcore_memory_async._wire import validation as check

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from agentcore_memory_async._core import MemoryCore
    from agentcore_memory_async.models import ActorSummary, SessionSummary


class ActorOperations(View):
    """The actors of a memory, and their sessions, through the manager."""

    async def list_actors(
        self, *, max_results: int | None = None, page_size: int = MAX_PAGE
    ) -> list[ActorSummary]:
        """
        Return the actors of the memory: every page of them.

        ``iter_actors`` yields the same one by one.

        Args:
            max_results: Largest number of actors; all if omitted.
            page_size: Actors per request, 1 to 100.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operation: ``ListActors``.
        """
        return await collect(self._actor_pages(page_size), max_results)

    async def iter_actors(self, *, page_size: int = MAX_PAGE) -> AsyncGenerator[ActorSummary]:
        """
        Iterate over the actors of the memory, in the service's order.

        ``list_actors`` returns them as a list.

        Args:
            page_size: Actors per request, 1 to 100.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operation: ``ListActors``.
        """
        async for page in self._actor_pages(page_size):
            for actor in page:
                yield actor

    def _actor_pages(self, page_size: int) -> Pages[ActorSummary]:
        core, size = self._core, check.check_int("page_size", page_size, MAX_PAGE)

        def read(body: Mapping[str, Any]) -> list[ActorSummary]:
            return actor_codec.read_actors(body, core.unreadable)

        params = {"memoryId": self.memory_id}
        return Pages(core.retrier, "ListActors", params, read, size, core.retry)

    async def list_actor_sessions(
        self,
        actor_id: str,
        *,
        has_events: bool = False,
        max_results: int | None = None,
        page_size: int = MAX_PAGE,
    ) -> list[SessionSummary]:
        """
        Return the sessions of one actor: every page of them.

        ``iter_actor_sessions`` yields the same one by one; ``list_sessions`` of an actor does so
        without the id.

        Args:
            actor_id: Actor id.
            has_events: Whether sessions without events are left out. The service keeps a session
                for a day after its last event is gone.
            max_results: Largest number of sessions; all if omitted.
            page_size: Sessions per request, 1 to 100.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operation: ``ListSessions``.
        """
        core = self._core
        actor_id = check.check_actor_id(actor_id, hierarchical=core.allow_hierarchical_actor_ids)
        return await collect(session_pages(core, actor_id, has_events, page_size), max_results)

    async def iter_actor_sessions(
        self, actor_id: str, *, has_events: bool = False, page_size: int = MAX_PAGE
    ) -> AsyncGenerator[SessionSummary]:
        """
        Iterate over the sessions of one actor, in the service's order.

        ``list_actor_sessions`` returns them as a list.

        Args:
            actor_id: Actor id.
            has_events: As in ``list_actor_sessions``.
            page_size: Sessions per request, 1 to 100.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operation: ``ListSessions``.
        """
        core = self._core
        actor_id = check.check_actor_id(actor_id, hierarchical=core.allow_hierarchical_actor_ids)
        async for page in session_pages(core, actor_id, has_events, page_size):
            for session in page:
                yield session


class ActorSessionOperations(ActorView):
    """The sessions of one actor."""

    async def list_sessions(
        self,
        *,
        has_events: bool = False,
        max_results: int | None = None,
        page_size: int = MAX_PAGE,
    ) -> list[SessionSummary]:
        """
        Return the sessions of the actor: every page of them.

        ``iter_sessions`` yields the same one by one.

        Args:
            has_events: Whether sessions without events are left out. The service keeps a session
                for a day after its last event is gone.
            max_results: Largest number of sessions; all if omitted.
            page_size: Sessions per request, 1 to 100.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operation: ``ListSessions``.
        """
        pages = session_pages(self._core, self.actor_id, has_events, page_size)
        return await collect(pages, max_results)

    async def iter_sessions(
        self, *, has_events: bool = False, page_size: int = MAX_PAGE
    ) -> AsyncGenerator[SessionSummary]:
        """
        Iterate over the sessions of the actor, in the service's order.

        ``list_sessions`` returns them as a list.

        Args:
            has_events: As in ``list_sessions``.
            page_size: Sessions per request, 1 to 100.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operation: ``ListSessions``.
        """
        pages = session_pages(self._core, self.actor_id, has_events, page_size)
        async for page in pages:
            for session in page:
                yield session


def session_pages(
    core: MemoryCore, actor_id: str, has_events: bool, page_size: int = MAX_PAGE
) -> Pages[SessionSummary]:
    """Return the pages of the sessions of an actor whose id is checked."""
    size = check.check_int("page_size", page_size, MAX_PAGE)
    params: dict[str, Any] = {"memoryId": core.memory_id, "actorId": actor_id}
    if check.check_bool("has_events", has_events):
        params["filter"] = {"eventFilter": "HAS_EVENTS"}

    def read(body: Mapping[str, Any]) -> list[SessionSummary]:
        return actor_codec.read_sessions(body, core.unreadable, actor_id)

    return Pages(core.retrier, "ListSessions", params, read, size, core.retry)
