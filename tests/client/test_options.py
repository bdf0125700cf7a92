"""Views with other options: the same session, queue and client under another retry policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    InvalidInputError,
    MemorySessionManager,
    OutcomeUnknownError,
    RetryPolicy,
    ThrottledError,
)
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import SlowService, manager_on, said

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ONCE = RetryPolicy(max_attempts=1)


@virtual_time
async def test_only_the_calls_of_the_view_follow_its_policy() -> None:
    """The session it was made from goes on with the manager's policy."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        view = session.with_options(retry=ONCE)
        transport.fail("ListEvents", "ThrottledException", status=429, times=2)
        with pytest.raises(ThrottledError):
            await view.list_events()
        assert [] == await session.list_events()

    assert (AsyncMemorySession, "a", "s") == (type(view), view.actor_id, view.session_id)
    assert 3 == len(transport.sent("ListEvents"))


@virtual_time
async def test_sessions_of_a_view_of_the_manager_follow_its_policy() -> None:
    """So does the check of the first session."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        view = manager.with_options(retry=ONCE)
        transport.fail("ListEvents", "ThrottledException", status=429)
        with pytest.raises(ThrottledError):
            await view.create_memory_session("a", "s")
        session = await view.create_memory_session("a", "s")
        transport.fail("ListEvents", "ThrottledException", status=429)
        with pytest.raises(ThrottledError):
            await session.get_last_k_turns()
        await manager.create_memory_session("a", "s")

    assert 3 == len(transport.sent("ListEvents"))


@virtual_time
async def test_views_share_the_queue_of_the_session() -> None:
    """Writes are stored in the order of the calls, through whichever view they were made."""
    service = SlowService()
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        views = [session, session.with_options(retry=ONCE), session]
        async with anyio.create_task_group() as group:
            for number, view in enumerate(views):
                group.start_soon(view.add_turns, [said(f"{number}")])
                await anyio.sleep(0)

    assert ["0", "1", "2"] == service.texts


@virtual_time
async def test_a_write_in_doubt_is_resolved_through_any_view() -> None:
    """It belongs to the session, not to the view that made it."""
    service = SlowService()
    service.lose = {0}
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(OutcomeUnknownError) as caught:
            await session.with_options(retry=ONCE).add_turns([said("1")])
        await session.resolve(caught.value)

    assert ["1"] == service.texts


@virtual_time
async def test_a_view_of_the_manager_opens_and_closes_the_same_client() -> None:
    """There is one client, whatever it is reached through."""
    manager = manager_on(FakeTransport())
    view = manager.with_options(retry=ONCE)
    async with view:
        assert "open" in repr(manager)
        await manager.create_memory_session("a", "s")
    assert "closed" in repr(manager)


def test_the_facade_has_the_same_views() -> None:
    """A view of a facade is a facade of the same class, and closes with it."""
    transport = FakeTransport()
    with MemorySessionManager("chat-a1B2c3D4e5", transport=transport) as manager:
        session = manager.with_options(retry=ONCE).create_memory_session("a", "s")
        transport.fail("ListEvents", "ThrottledException", status=429)
        with pytest.raises(ThrottledError):
            session.list_events()
        assert [] == session.with_options(retry=RetryPolicy()).list_events()


@pytest.mark.parametrize("bad", [None, 5, RetryPolicy])
async def test_only_a_policy_is_an_option(bad: Any) -> None:
    """None would look like a way back to the manager's policy, which is what the session has."""
    async with manager_on(FakeTransport(), clock=None) as manager:
        session = await manager.create_memory_session("a", "s")
        for target in (manager, session):
            with pytest.raises(InvalidInputError, match="give a RetryPolicy"):
                target.with_options(retry=bad)


async def answering(text: str, _: object) -> str:
    """Answer as a model that is never asked here."""
    raise AssertionError(text)


WRITES: dict[str, Callable[..., Awaitable[object]]] = {
    "turns": lambda view, given: view.add_turns([said("x")], namespace_variables=given),
    "ingested": lambda view, given: view.ingest_data([said("x")], namespace_variables=given),
    "model": lambda view, given: view.process_turn_with_llm(
        "x", answering, {}, namespace_variables=given
    ),
}
"""Calls that take variables beside those of their view."""


@pytest.mark.parametrize("write", WRITES)
@virtual_time
async def test_variables_of_a_view_and_a_call_are_five_together(write: str) -> None:
    """What the service would refuse is refused before a request, or a model, is asked."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        view = session.with_options(namespace_variables=dict.fromkeys("abc", "1"))
        with pytest.raises(InvalidInputError, match=r"6 entries.*with_options.*5"):
            await WRITES[write](view, dict.fromkeys("def", "2"))
        assert [] == transport.requests
        await view.add_turns([said("x")], namespace_variables=dict.fromkeys("cde", "2"))
    sent = transport.sent("CreateEvent")[0]["extractionConfig"]["namespaceVariables"]
    assert {**dict.fromkeys("ab", "1"), **dict.fromkeys("cde", "2")} == sent
