"""Waits of manager, actor and session: which events each takes, and whose failed jobs count."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import (
    AsyncActor,
    AsyncMemorySession,
    AsyncMemorySessionManager,
    ExtractionFailedError,
    ExtractionTimeoutError,
    InvalidInputError,
)
from tests._virtual_time import virtual_time
from tests.client.doubles import said
from tests.client.extraction_service import FACTS, ExtractionService, manager_on, session_of

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from agentcore_memory_async.models import Event

View = AsyncMemorySessionManager | AsyncActor | AsyncMemorySession
SAME = {
    "manager": {("a", "s"), ("a", "other"), ("b", "s")},
    "actor": {("a", "s"), ("a", "other")},
    "session": {("a", "s")},
}
"""Sessions that belong to the manager, to actor ``a``, and to its session ``s``."""
WAYS = ("wait_for_extraction", "await", "async for", "async with")


async def view_of(manager: AsyncMemorySessionManager, kind: str) -> View:
    """Return the manager, its actor ``a``, or the session ``s`` of that."""
    session = await session_of(manager)
    views: dict[str, View] = {
        "manager": manager,
        "actor": manager.actor("a"),
        "session": session,
    }
    return views[kind]


async def wait(view: View, way: str, prefix: str, since: Event | None) -> object:
    """Wait 60 s for a record, in one of the ways to do so."""
    if way == "wait_for_extraction":
        return await view.wait_for_extraction(prefix, since=since, timeout=60)  # type: ignore[arg-type]
    poller = view.extraction_poller(prefix, since=since, timeout=60)
    if way == "await":
        return await poller
    if way == "async for":
        return [record async for record in poller]
    async with poller:
        return await poller


async def outcome(waiting: Awaitable[object]) -> tuple[str, ...]:
    """Return what a wait without records ends with: the ids of failed jobs, or nothing."""
    try:
        await waiting
    except ExtractionFailedError as error:
        return tuple(job.job_id for job in error.jobs)
    except ExtractionTimeoutError:
        return ()
    raise AssertionError


@pytest.mark.parametrize("failed", sorted(SAME["manager"]), ids="-".join)
@pytest.mark.parametrize(
    ("kind", "way", "since"),
    [case for case in product(SAME, WAYS, (True, False)) if case[1:] != (WAYS[0], False)],
)
@virtual_time
async def test_the_failed_jobs_are_those_of_the_view(
    kind: str, way: str, since: bool, failed: tuple[str, str]
) -> None:
    """
    With an event the failed jobs of its session count, else those of the session or actor that
    waits; a manager alone waits for no actor.
    """
    service = ExtractionService()
    async with manager_on(service) as manager:
        event = await (await session_of(manager)).add_turns([said("x")])
        view = await view_of(manager, kind)
        service.fail(event.event_id, 10.0, failed)
        prefix = FACTS if since or kind != "manager" else "/facts/a/"
        found = await outcome(wait(view, way, prefix, event if since else None))
    theirs = SAME["session"] if since else {**SAME, "manager": set[tuple[str, str]]()}[kind]
    assert (("job-0",) if failed in theirs else ()) == found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("origin", sorted(SAME["manager"]), ids="-".join)
@pytest.mark.parametrize("kind", SAME)
@virtual_time
async def test_an_event_is_taken_where_it_belongs(
    kind: str, origin: tuple[str, str], way: str
) -> None:
    """
    A manager takes any event, an actor those of its sessions, a session its own; prefixes get what
    the view lacks from it.
    """
    service = ExtractionService()
    async with manager_on(service) as manager:
        event = await (await session_of(manager, *origin)).add_turns([said("x")])
        view = await view_of(manager, kind)
        service.extract(f"/facts/{'/'.join(origin)}/", 5.0, text="new")
        prefix = "/facts/{actorId}/{sessionId}/"
        if origin in SAME[kind]:
            found: Any = await wait(view, way, prefix, event)
            assert ["new"] == [record.content for record in found]
        else:
            with pytest.raises(InvalidInputError, match=f"give an event of this {kind}, or use"):
                await wait(view, way, prefix, event)
            assert 0 == service.count("ListMemoryRecords")


@virtual_time
async def test_waits_of_an_actor_and_of_its_sessions_share_their_requests() -> None:
    """Polls that serve an actor and a session ask for the actor's jobs, and each gets its own."""
    service = ExtractionService()
    async with manager_on(service) as manager:
        event = await (await session_of(manager)).add_turns([said("x")])
        other = await (await session_of(manager, "a", "other")).add_turns([said("x")])
        service.fail(event.event_id, 10.0, ("a", "s"))
        service.fail(other.event_id, 10.0, ("a", "other"))
        ends: dict[str, tuple[str, ...]] = {}

        async def end(name: str, view: View) -> None:
            ends[name] = await outcome(view.extraction_poller(FACTS, timeout=60))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(end, "actor", manager.actor("a"))
            tasks.start_soon(end, "session", await session_of(manager))
            tasks.start_soon(end, "other", await session_of(manager, "a", "other"))
    assert {"actor": ("job-0", "job-1"), "session": ("job-0",), "other": ("job-1",)} == ends
    asked = [params["filter"] for _, name, params in service.requests if name.endswith("Jobs")]
    assert [{"status": "FAILED", "actorId": "a"}] * 2 == asked
