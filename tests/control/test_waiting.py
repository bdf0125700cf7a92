"""Waiting for a memory: states, deadlines, backoff, failures, cancellation."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import (
    AccessDeniedError,
    AsyncMemoryControl,
    ClosedError,
    InvalidInputError,
    Memory,
    MemoryFailedError,
    MemoryTimeoutError,
    NotFoundError,
    RetryPolicy,
    SemanticStrategy,
    TransportError,
)
from agentcore_memory_async._control.waiting import next_wait_s
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.local import AutoClock, Lags, LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.control.doubles import FACTS, MEMORY, TIME, answer, control_on, page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from agentcore_memory_async._transport.base import Answer

CREATING = FACTS | {"status": "CREATING"}


async def waited(
    *replies: Any, timeout: float = 300.0, **options: Any
) -> tuple[Memory, float, int]:
    """Return the memory that a wait gives, how long it took, and how many requests were sent."""
    transport = FakeTransport()
    transport.reply("GetMemory", *replies)
    async with control_on(transport, **options) as control:
        began = anyio.current_time()
        memory = await control.wait_until_active(MEMORY, timeout=timeout)
        return memory, anyio.current_time() - began, len(transport.requests)


@pytest.mark.parametrize("status", ["CREATING", "UPDATING"])
@virtual_time
async def test_a_changing_memory_is_waited_for(status: str) -> None:
    """CREATING and UPDATING are waited for, and a memory that is active is there at once."""
    memory, seconds, requests = await waited(answer(status), answer(status), answer())
    assert (memory.status, requests) == ("ACTIVE", 3)
    assert 0 < seconds < 3
    assert (await waited(answer()))[1:] == (0, 1)


@pytest.mark.parametrize("status", ["CREATING", "DELETING"])
@virtual_time
async def test_its_strategies_are_waited_for(status: str) -> None:
    """An active memory with a strategy that is not ready yet is not what was waited for."""
    changing = answer(strategies=[FACTS, FACTS | {"status": status}])
    assert (await waited(changing, changing, answer()))[2] == 3


@virtual_time
async def test_a_state_that_is_not_known_is_not_active() -> None:
    """Only ACTIVE is; a strategy whose state is left out is none that is waited for."""
    strange = answer("MIGRATING"), answer(strategies=[FACTS | {"status": "PAUSED"}])
    memory, _, requests = await waited(*strange, answer(strategies=[FACTS | {"status": None}]))
    assert (memory.status, requests) == ("ACTIVE", 3)
    for reply, text in zip(strange, ("MIGRATING", "ACTIVE, facts PAUSED"), strict=True):
        with pytest.raises(MemoryTimeoutError, match=f"is still {text} after") as caught:
            await waited(*[reply] * 20, timeout=5)
        assert caught.value.status == text


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (answer("FAILED", failureReason="No access to the key"), "FAILED (No access to the key)"),
        (answer("FAILED"), "no reason given"),
        (answer("DELETING"), "DELETING (it is being deleted); create it anew once it is gone"),
        (
            answer(strategies=[FACTS | {"status": "FAILED"}], failureReason="Bad role"),
            "strategy facts is FAILED (Bad role)",
        ),
    ],
)
@virtual_time
async def test_a_failure_has_its_reason(reply: dict[str, Any], text: str) -> None:
    """What will never be active raises at once, with the service's reason."""
    with pytest.raises(MemoryFailedError) as caught:
        await waited(answer("CREATING"), reply)
    assert text in str(caught.value)
    assert caught.value.memory_id == MEMORY
    assert caught.value.status in str(caught.value)


@pytest.mark.parametrize("timeout", [0.001, 7.0, 300.0])
@virtual_time
async def test_a_wait_ends_at_its_deadline(timeout: float) -> None:
    """At the deadline it asks once more, and says what it saw."""
    began = anyio.current_time()
    with pytest.raises(MemoryTimeoutError) as caught:
        await waited(*[answer("CREATING")] * 400, timeout=timeout)
    assert anyio.current_time() - began == pytest.approx(timeout)
    error = caught.value
    assert error.status == "CREATING"
    assert error.waited_s == pytest.approx(timeout)
    assert error.polls <= 2 + timeout / 5 + 10
    assert isinstance(error, TimeoutError)


@virtual_time
async def test_a_silent_service_does_not_outlast_the_deadline() -> None:
    """A request without an answer ends with the wait."""

    async def silent(operation: str, params: Any) -> Any:
        await anyio.sleep(10_000)

    transport: Any = silent
    async with control_on(transport) as control:
        began = anyio.current_time()
        with pytest.raises(MemoryTimeoutError) as caught:
            await control.wait_until_active(MEMORY, timeout=4)
        assert anyio.current_time() - began == pytest.approx(4)
    assert caught.value.status == "unknown"


@virtual_time
async def test_what_a_later_poll_may_mend_is_waited_out() -> None:
    """Lost answers do not end a wait; a denied permission and a missing memory do."""
    lost = TransportError("GetMemory", "connection lost")
    once = RetryPolicy(max_attempts=1)
    memory, _, requests = await waited(lost, answer("CREATING"), lost, answer(), retry=once)
    assert (memory.status, requests) == ("ACTIVE", 4)
    transport = FakeTransport()
    transport.fail("GetMemory", "AccessDeniedException", status=403)
    transport.fail("GetMemory", "ResourceNotFoundException", status=404)
    async with control_on(transport) as control:
        with pytest.raises(AccessDeniedError):
            await control.wait_until_active(MEMORY)
        with pytest.raises(NotFoundError):
            await control.wait_until_active(MEMORY)


@pytest.mark.parametrize("makes", ["create", "create, then wait"])
@virtual_time
async def test_a_new_memory_may_not_show_at_once(makes: str) -> None:
    """Reads of a memory that was just created may miss it for a while, and no longer."""
    for misses in (3, 50):
        transport = FakeTransport()
        transport.reply("CreateMemory", answer("CREATING"))
        for _ in range(misses):
            transport.fail("GetMemory", "ResourceNotFoundException", status=404)
        transport.reply("GetMemory", answer())
        async with control_on(transport) as control:

            async def create(control: AsyncMemoryControl = control) -> Memory:
                if makes == "create":
                    return await control.create_memory("chat")
                memory = await control.create_memory("chat", wait=False)
                return await control.wait_until_active(memory)

            if misses == 3:
                assert (await create()).status == "ACTIVE"
            else:
                began = anyio.current_time()
                with pytest.raises(NotFoundError):
                    await create()
                assert 30 <= anyio.current_time() - began <= 40


@virtual_time
async def test_a_memory_that_was_seen_and_is_gone_is_told_at_once() -> None:
    """A new memory that showed once and is missing then has been deleted."""
    transport = FakeTransport()
    transport.reply("CreateMemory", answer("CREATING"))
    transport.reply("GetMemory", answer("CREATING"))
    transport.fail("GetMemory", "ResourceNotFoundException", status=404)
    async with control_on(transport) as control:
        with pytest.raises(NotFoundError):
            await control.create_memory("chat")
    assert len(transport.sent("GetMemory")) == 2


FAILED = FACTS | {"strategyId": "bad-0123456789", "name": "bad", "status": "FAILED"}
"""A strategy that failed earlier."""


@virtual_time
async def test_a_change_fails_by_what_it_changes_only() -> None:
    """A strategy that failed earlier is no error of another change; of its own change it is."""
    both = answer(strategies=[FACTS, FAILED])
    transport = FakeTransport()
    transport.reply("UpdateMemory", *[both] * 7)
    transport.reply("GetMemory", *[both] * 7)
    more, mended = SemanticStrategy("facts"), SemanticStrategy("bad")
    async with control_on(transport) as control:
        facts, bad = FACTS["strategyId"], FAILED["strategyId"]
        await control.update_memory(MEMORY, description="x")
        await control.add_strategy(MEMORY, more)
        await control.modify_strategy(MEMORY, facts, description="x")
        await control.delete_strategy(MEMORY, facts)
        for change in (
            control.add_strategy(MEMORY, mended),
            control.modify_strategy(MEMORY, bad, description="x"),
            control.delete_strategy(MEMORY, bad),
        ):
            with pytest.raises(MemoryFailedError, match="strategy bad is FAILED"):
                await change


@virtual_time
async def test_a_read_that_is_older_than_the_change_does_not_end_its_wait() -> None:
    """What the memory was before, whatever it was, is waited out; a cut time is not older."""
    new: dict[str, Any] = {"updatedAt": TIME + 60.5}
    for old in (answer(), answer("FAILED"), answer(strategies=[FACTS, FAILED])):
        for then in (TIME + 60.5, TIME + 60, TIME + 70):
            transport = FakeTransport()
            transport.reply("UpdateMemory", *[answer("UPDATING", **new)] * 2)
            replies = [old, old, answer(updatedAt=then)]
            transport.reply("GetMemory", *replies * 2)
            async with control_on(transport) as control:
                memory = await control.update_memory(MEMORY, description="x")
                assert memory.updated_at is not None
                assert memory.updated_at.timestamp() == then
                memory = await control.update_memory(MEMORY, description="x", wait=False)
                memory = await control.wait_until_active(memory)
                assert memory.updated_at is not None
                assert memory.updated_at.timestamp() == then
    transport = FakeTransport()
    transport.reply("UpdateMemory", answer("UPDATING", **new))
    transport.reply("GetMemory", *[answer()] * 50)
    async with control_on(transport) as control:
        with pytest.raises(MemoryTimeoutError, match="ACTIVE as before the change"):
            await control.update_memory(MEMORY, description="x", timeout=20)


POLLED: dict[str, Any] = {
    "changing": answer("CREATING"),
    "lost": TransportError("GetMemory", "connection lost"),
    "of another memory": answer("CREATING", "other-0123456789"),
}
"""What each poll of a wait that goes on may get."""


@pytest.mark.parametrize("polled", POLLED)
@pytest.mark.parametrize("closed_s", [60.1, 61.3, 64.7])
@pytest.mark.parametrize("waits", ["wait", "create", "delete", "find"])
@virtual_time
async def test_closing_ends_waits(waits: str, closed_s: float, polled: str) -> None:
    """Whoever waits is told at once that the control is closed, and nobody waits for a poll."""
    transport = FakeTransport()
    transport.reply("CreateMemory", *[answer("CREATING")] * (waits == "create"))
    transport.reply("GetMemory", *[POLLED[polled]] * 400)
    exists = service_error("CreateMemory", "ValidationException", "it already exists", 400)
    control = control_on(transport)
    ended: list[float] = []
    calls: dict[str, Callable[[], Awaitable[Any]]] = {
        "wait": lambda: control.wait_until_active(MEMORY),
        "create": lambda: control.create_memory("chat"),
        "delete": lambda: control.delete_memory(MEMORY),
        "find": lambda: control.get_or_create_memory("chat"),
    }
    if waits == "find":
        transport.reply("CreateMemory", *[exists] * 100)
        transport.reply("ListMemories", *[page()] * 100)

    async def wait() -> None:
        with pytest.raises(ClosedError):
            await calls[waits]()
        ended.append(anyio.current_time())

    async with anyio.create_task_group() as group:
        await control.open()
        group.start_soon(wait)
        await anyio.sleep(closed_s)
        await control.aclose()
        assert pytest.approx(closed_s) == anyio.current_time()
    assert [pytest.approx(closed_s)] == ended
    with pytest.raises(ClosedError):
        await calls[waits]()


@virtual_time
async def test_the_cause_of_a_timeout_is_the_last_error() -> None:
    """A wait that ends in silence names what the last poll got."""
    lost = TransportError("GetMemory", "connection lost")
    with pytest.raises(MemoryTimeoutError) as caught:
        await waited(*[lost] * 400, timeout=5, retry=RetryPolicy(max_attempts=1))
    assert caught.value.__cause__ is lost


@pytest.mark.parametrize("seed", range(20))
def test_waits_grow_with_jitter(seed: int) -> None:
    """Each wait is half of its bound or more; bounds grow to 10 s."""
    source = random.Random(seed)
    waits = [next_wait_s(polls, source) for polls in range(1, 40)]
    bounds = [min(10.0, 1.6**polls) for polls in range(39)]
    assert all(b / 2 <= wait <= b for wait, b in zip(waits, bounds, strict=True))
    assert len(set(waits)) == len(waits)


@virtual_time
async def test_a_wait_can_be_followed_left_and_awaited_again() -> None:
    """Following shows each poll; leaving leaves nothing in flight; awaiting goes on."""
    transport = FakeTransport()
    states = ["CREATING", "CREATING", "UPDATING", "ACTIVE"]
    transport.reply("GetMemory", *map(answer, states))
    async with control_on(transport) as control:
        wait = control.wait_until_active(MEMORY)
        assert not wait.done
        seen: list[str] = []
        steps = aiter(wait)
        async for memory in steps:
            seen.append(memory.status)
            break
        await steps.aclose()
        assert (seen, wait.done, len(transport.requests)) == (["CREATING"], False, 1)
        assert [memory.status async for memory in wait] == states[1:]
        memory = await wait
        assert (memory.status, await wait, wait.done) == ("ACTIVE", memory, True)
        assert [memory async for memory in wait] == []
        assert len(transport.requests) == 4
        assert repr(wait) == f"<MemoryWait {MEMORY}, done>"


@virtual_time
async def test_a_cancelled_wait_can_be_awaited_again() -> None:
    """Cancelling leaves nothing in flight, and the same wait goes on."""
    transport = FakeTransport()
    transport.reply("GetMemory", answer("CREATING"), answer())
    async with control_on(transport) as control:
        wait = control.wait_until_active(MEMORY)
        with anyio.move_on_after(0.1):
            await wait
        assert (wait.done, len(transport.requests)) == (False, 1)
        assert (await wait).status == "ACTIVE"


async def test_waits_follow_the_clock_of_the_local_service() -> None:
    """With an automatic clock the two minutes of a new memory take no time."""
    clock = AutoClock()
    lags = Lags(provisioning=120)
    async with LocalMemoryService(clock=clock, lags=lags) as service, service.control() as control:
        began = clock.now()
        memory = await control.create_memory("chat")
        assert memory.status == "ACTIVE"
        assert 120 <= clock.now() - began < 140
        await control.delete_memory(memory)
        assert clock.now() - began >= 240


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "5", None, True])
async def test_the_timeout_is_checked_before_any_request(timeout: Any) -> None:
    """A timeout that is none is refused where it is given."""
    transport = FakeTransport()
    control = control_on(transport)
    with pytest.raises(InvalidInputError, match="timeout"):
        control.wait_until_active(MEMORY, timeout=timeout)
    with pytest.raises(InvalidInputError, match="timeout"):
        await control.create_memory("chat", timeout=timeout)
    assert transport.requests == []


@virtual_time
async def test_ten_requests_of_an_operation_are_under_way_at_most() -> None:
    """More wait; the control plane takes few requests a second."""
    running, most = 0, 0

    class Counting(FakeTransport):
        async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await anyio.sleep(1)
            running -= 1
            return await super().__call__(operation, params)

    async with control_on(Counting()) as control, anyio.create_task_group() as tasks:
        for _ in range(25):
            tasks.start_soon(control.get_memory, MEMORY)
    assert 10 == most
