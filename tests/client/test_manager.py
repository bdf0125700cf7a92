"""The manager: when it can be used, what it verifies, and what its errors say."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from aiobotocore.session import AioSession

from agentcore_memory_async import (
    AccessDeniedError,
    AsyncMemorySession,
    AsyncMemorySessionManager,
    ClosedError,
    NotFoundError,
    ServiceError,
    ValidationError,
    WrongLoopError,
)
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.testing import FakeTransport
from tests.client.doubles import MEMORY, manager_on, said

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CORE = AioSession()
CORE.set_credentials("AKIDMANAGER", "secret")
SIGNED: dict[bool, dict[str, Any]] = {True: {"aws_session": CORE}, False: {}}
CALLS: dict[str, Callable[[AsyncMemorySession], Awaitable[Any]]] = {
    "add_turns": lambda session: session.add_turns([said("hi")]),
    "create_event": lambda session: session.create_event("order", {}),
    "get_last_k_turns": lambda session: session.get_last_k_turns(),
    "get_last_k_exchanges": lambda session: session.get_last_k_exchanges(),
    "list_branches": lambda session: session.list_branches(),
    "list_events": lambda session: session.list_events(),
    "list_records": lambda session: session.list_long_term_memory_records("/facts/{actorId}/"),
    "search": lambda session: session.search_long_term_memories("q", "/facts/{actorId}/"),
    "poller": lambda session: session.extraction_poller("/facts/{actorId}/"),
    "verify": lambda session: session.verify(),
}


async def test_what_needs_no_content_asks_for_none() -> None:
    """The list of branches is made without payloads; the tree has them."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.list_branches()
        await session.get_conversation_tree()
    assert [False, True] == [each.params["includePayloads"] for each in transport.requests]


@pytest.mark.parametrize("call", CALLS)
async def test_before_it_is_open_everything_says_so(call: str) -> None:
    """
    Every call on a manager that is not open raises before anything is sent, and names ``async
    with``.
    """
    transport = FakeTransport()
    session = AsyncMemorySession(manager_on(transport), "a", "s")
    with pytest.raises(ClosedError, match="not open; use 'async with'"):
        await CALLS[call](session)

    assert transport.requests == []


@pytest.mark.parametrize("call", CALLS)
async def test_after_close_everything_says_so(call: str) -> None:
    """Every call of a session raises ``ClosedError`` after its manager was closed."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = AsyncMemorySession(manager, "a", "s")
    with pytest.raises(ClosedError, match="closed"):
        await CALLS[call](session)

    assert transport.requests == []


@pytest.mark.parametrize("call", CALLS)
def test_in_another_loop_everything_says_so(call: str) -> None:
    """Every call raises ``WrongLoopError`` in a loop other than the one that opened the manager."""
    transport = FakeTransport()

    async def opened() -> AsyncMemorySession:
        return AsyncMemorySession(await manager_on(transport).open(), "a", "s")

    session = asyncio.run(opened())

    async def use() -> None:
        await CALLS[call](session)

    with pytest.raises(WrongLoopError, match="another event loop"):
        asyncio.run(use())
    assert transport.requests == []


@pytest.mark.parametrize("is_closed", [False, True])
@pytest.mark.parametrize("call", [*CALLS, "open", "enter"])
def test_a_second_asyncio_run_says_that_the_first_has_ended(call: str, is_closed: bool) -> None:
    """
    A manager of the module that was used in one ``asyncio.run``, and closed there or not, says in
    the next one that its loop has ended, and where to create another one.
    """
    transport = FakeTransport()
    manager = manager_on(transport)
    session = AsyncMemorySession(manager, "a", "s")

    async def first() -> None:
        await manager.open()
        if is_closed:
            await manager.aclose()

    async def second() -> None:
        if call == "open":
            await manager.open()
        elif call == "enter":
            async with manager:
                pass
        else:
            await CALLS[call](session)

    asyncio.run(first())
    expected = (
        r"create a new one inside of each asyncio\.run\(\), since the event loop .* has ended"
    )
    with pytest.raises((ClosedError, WrongLoopError), match=expected):
        asyncio.run(second())
    assert [] == transport.requests


def test_closing_in_another_loop_leaves_it_open() -> None:
    """Closing in another loop raises, and the manager's own loop can still close it."""
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    manager = manager_on(FakeTransport())
    try:
        first.run_until_complete(manager.open())
        with pytest.raises(WrongLoopError):
            second.run_until_complete(manager.aclose())
        assert repr(manager).endswith("open>")
        first.run_until_complete(manager.aclose())
        assert repr(manager).endswith("closed>")
    finally:
        first.close()
        second.close()


async def test_it_opens_once() -> None:
    """A second opening is refused, also after closing, and closing twice does nothing."""
    manager = manager_on(FakeTransport())
    async with manager:
        with pytest.raises(ClosedError, match="can be opened only once"):
            await manager.open()
    await manager.aclose()
    with pytest.raises(ClosedError, match="create a new one"):
        await manager.open()


async def test_closing_before_opening_is_allowed() -> None:
    """Closing a manager that was never opened leaves it closed."""
    manager = manager_on(FakeTransport())
    await manager.aclose()

    assert repr(manager) == f"<AsyncMemorySessionManager {MEMORY}, closed>"


FORK = """
import asyncio, os, sys
from agentcore_memory_async import AsyncMemorySessionManager, ForkedError
from agentcore_memory_async.testing import FakeTransport

async def main():
    manager = await AsyncMemorySessionManager("mem-abc123", transport=FakeTransport()).open()
    session = await manager.create_memory_session("a", "s")
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        print(len(await session.list_events()), os.waitstatus_to_exitcode(status))
        return
    code = 1
    try:
        await session.list_events()
    except ForkedError as error:
        code = 0 if "after the fork" in str(error) else 2
    await manager.aclose()
    os._exit(code)

asyncio.run(main())
"""


def test_after_a_fork_the_child_says_so() -> None:
    """A forked child gets ``ForkedError``, and the parent continues to work."""
    done = subprocess.run(
        [sys.executable, "-c", FORK], capture_output=True, text=True, timeout=45, check=True
    )

    assert done.stdout.split() == ["0", "0"]


@pytest.mark.parametrize("leave", ["open", "closed", "new", "open, with no network"])
async def test_left_open_it_warns(leave: str) -> None:
    """An open manager on the network warns when it is garbage-collected."""
    transport = FakeTransport() if "no network" in leave else None
    manager = AsyncMemorySessionManager(MEMORY, transport=transport, **SIGNED[transport is None])
    network = manager._client._network
    if leave != "new":
        await manager.open()
    if leave == "closed":
        await manager.aclose()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del manager
        gc.collect()
    texts = [str(each.message) for each in caught if "SessionManager" in str(each.message)]
    assert len(texts) == (leave == "open")
    assert all("await its aclose()" in text for text in texts)
    if network is not None:
        await network.aclose()


async def test_first_session_is_verified_and_success_remembered() -> None:
    """The first session is verified by one cheap request, and later ones are not."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        await manager.create_memory_session("a", "s1")
        await manager.create_memory_session("b", "s2")

    assert transport.sent("ListEvents") == [
        {
            "memoryId": MEMORY,
            "actorId": "a",
            "sessionId": "s1",
            "includePayloads": False,
            "maxResults": 1,
        }
    ]


async def test_sessions_made_together_are_verified_once() -> None:
    """
    Concurrent first sessions share one verification, and the next one tries again
    after a failure.
    """
    transport = FakeTransport()
    transport.fail("ListEvents", "AccessDeniedException", status=403)
    made: list[str] = []

    async def make(manager: AsyncMemorySessionManager, number: int) -> None:
        with suppress(AccessDeniedError):
            made.append((await manager.create_memory_session(f"user{number}")).actor_id)

    async with manager_on(transport) as manager, anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(make, manager, number)

    assert len(transport.sent("ListEvents")) == 2
    assert len(made) == 19


async def test_verify_can_be_always_or_never() -> None:
    """``verify=True`` always sends a request and ``verify=False`` never does."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        await manager.create_memory_session("a", "s", verify=False)
        assert transport.requests == []
        for expected in (1, 2):
            await manager.create_memory_session("a", "s", verify=True)
            assert len(transport.requests) == expected
        await manager.create_memory_session("a", "s")
        assert len(transport.requests) == 2


async def test_failed_verification_is_not_remembered() -> None:
    """The session after a failed verification is verified again."""
    transport = FakeTransport()
    transport.fail("ListEvents", "AccessDeniedException", status=403)
    async with manager_on(transport) as manager:
        with pytest.raises(AccessDeniedError):
            await manager.create_memory_session("a", "s")
        await manager.create_memory_session("a", "s")

    assert len(transport.requests) == 2


async def test_session_has_its_ids_and_a_new_one_if_none_is_given() -> None:
    """A session exposes its ids, and an omitted session id is a new one each time."""
    async with manager_on(FakeTransport()) as manager:
        session = await manager.create_memory_session("a", "s")
        others = [await manager.create_memory_session("a") for _ in range(2)]

    assert (session.memory_id, session.actor_id, session.session_id) == (MEMORY, "a", "s")
    assert others[0].session_id != others[1].session_id
    assert repr(session) == f"<AsyncMemorySession s of a, memory {MEMORY}>"


async def test_hierarchical_actor_ids_are_opt_in() -> None:
    """An actor id with a slash is accepted only by a manager that allows it."""
    async with manager_on(FakeTransport(), allow_hierarchical_actor_ids=True) as manager:
        session = await manager.create_memory_session("org/al", "s")

    assert session.actor_id == "org/al"


def hint(memory_id: str, error: ServiceError, **options: Any) -> str:
    """Return the hint that a manager on the network adds to *error*."""
    return AsyncMemorySessionManager(memory_id, **options)._client.hint(error)


def test_missing_memory_is_named_with_its_region_and_where_that_came_from() -> None:
    """
    The hint for a missing memory names the region and its source, since a wrong region is the usual
    cause.
    """
    error = service_error("ListEvents", "ResourceNotFoundException", "Memory not found", 404)

    assert hint(MEMORY, error, region_name="eu-central-1") == (
        f"Asked for memory {MEMORY} in region eu-central-1 (from argument)"
    )
    assert (
        hint(MEMORY, error)
        == f"Asked for memory {MEMORY} in a region that is known once it is open"
    )


def test_manager_shows_its_region_and_state() -> None:
    """The repr shows the region, its source, and whether the manager is open."""
    manager = AsyncMemorySessionManager(MEMORY, "eu-central-1")

    assert repr(manager) == (
        f"<AsyncMemorySessionManager {MEMORY}, region eu-central-1 (from argument), not open>"
    )


async def test_odd_memory_id_is_explained_when_the_service_refuses_it() -> None:
    """
    A memory id of unusual form is sent, and the service's refusal is explained with
    an example.
    """
    transport = FakeTransport()
    message = "Invalid memoryId: not a valid memory ID or ARN"
    transport.reply("ListEvents", service_error("ListEvents", "ValidationException", message, 400))
    async with AsyncMemorySessionManager("mem-abc123", transport=transport) as manager:
        with pytest.raises(ValidationError, match="'mem-abc123' does not have the form") as caught:
            await manager.create_memory_session("a", "s")
    assert "chat-a1B2c3D4e5" in str(caught.value)


async def test_error_of_the_reference_reads_as_botocores() -> None:
    """An error has the code where the reference's example reads it."""
    transport = FakeTransport()
    transport.fail("ListEvents", "ResourceNotFoundException", status=404)
    async with manager_on(transport) as manager:
        with pytest.raises(NotFoundError) as caught:
            await manager.create_memory_session("a", "s")

    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert caught.value.attempts == 1
