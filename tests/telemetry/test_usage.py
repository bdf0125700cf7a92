"""What `usage` counts, what the metrics measure, and what the logs say of the same calls."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest
from opentelemetry.sdk.metrics import Histogram

import agentcore_memory_async
from agentcore_memory_async import (
    AsyncMemoryControl,
    MemoryControl,
    MemorySessionManager,
    OperationUsage,
    PollPolicy,
    RetryPolicy,
    ServiceLimits,
    ThrottledError,
    TransportError,
    Usage,
)
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._canaries import WORD
from tests._virtual_time import virtual_time
from tests.client.doubles import SlowService, manager_on, said
from tests.telemetry.collecting import Collected, quoted, table
from tests.telemetry.doing import MEMORY, NEW

if TYPE_CHECKING:
    from collections.abc import Callable

THROTTLED = service_error("CreateEvent", "ThrottledException", "slow down", 429, "request-1")
LOST = TransportError("CreateEvent", "reset")


@virtual_time
async def test_calls_are_counted_by_operation() -> None:
    """Calls, failures, requests and retries are those that the transport saw."""
    transport = FakeTransport()
    for fault in (THROTTLED, LOST):
        transport.reply("CreateEvent", fault)
    transport.reply("ListEvents", service_error("ListEvents", "ValidationException", "no", 400))
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.add_turns([said("hi")])
        await session.add_turns([said("ho")])
        with pytest.raises(Exception, match="ValidationException"):
            await session.list_events()
        usage = manager.usage()

    assert ["CreateEvent", "ListEvents"] == list(usage.operations)
    assert OperationUsage(2, 0, 4, 2) == usage.operations["CreateEvent"]
    assert OperationUsage(1, 1, 1, 0) == usage.operations["ListEvents"]
    assert OperationUsage(3, 1, 5, 2) == usage.total
    assert len(transport.sent("CreateEvent")) == usage.operations["CreateEvent"].requests


@virtual_time
async def test_the_pace_of_a_session_is_counted() -> None:
    """The time that requests waited for the pace is that by which the writes took longer."""
    loop = asyncio.get_running_loop()
    async with manager_on(FakeTransport(), limits=ServiceLimits(events_per_second=2)) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        began = loop.time()
        for _ in range(5):
            await session.add_turns([said("hi")])
        took_s = loop.time() - began
        used = manager.usage().operations["CreateEvent"]

    assert 2 == used.paced
    assert used.paced_s == pytest.approx(took_s, abs=0.01)
    assert took_s == pytest.approx(2.0, abs=0.01)


@virtual_time
async def test_the_pace_of_batches_polls_and_deletions_is_counted() -> None:
    """What the manager paces by itself is counted for the operation that waited."""
    async with manager_on(
        FakeTransport(), polling=PollPolicy(expected=0.5, max_requests_per_second=0.1)
    ) as manager:
        await manager.batch_create_memory_records([NEW] * 300)
        poller = manager.extraction_poller("/facts/a/", timeout=60, on_timeout="return")
        await poller
        used = manager.usage().operations

    assert 2 == used["BatchCreateMemoryRecords"].paced
    assert used["BatchCreateMemoryRecords"].paced_s > 0.1
    assert used["ListMemoryRecords"].paced_s > 5


@virtual_time
async def test_flow_control_is_counted_as_pace() -> None:
    """A call that waits for another one to end, at the limit of concurrency, was paced."""
    async with manager_on(SlowService(1.5), max_concurrency=1) as manager:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(manager.search_long_term_memories, "seats")
            tasks.start_soon(manager.search_long_term_memories, "seats")
        used = manager.usage().operations["RetrieveMemoryRecords"]

    assert (2, 1) == (used.calls, used.paced)
    assert used.paced_s == pytest.approx(3.0, abs=0.01)


@virtual_time
async def test_cancelled_calls_are_failures() -> None:
    """A call counts when it has ended, a cancelled one too."""
    async with manager_on(SlowService(20.0)) as manager:
        with anyio.move_on_after(1):
            await manager.search_long_term_memories("seats")
        assert OperationUsage(1, 1, 1, 0) == manager.usage().total


async def test_it_may_be_read_at_any_time() -> None:
    """Usage is empty before the manager is open, and stays after it is closed."""
    manager = manager_on(FakeTransport())
    assert Usage() == manager.usage()
    assert OperationUsage() == manager.usage().total
    async with manager:
        await manager.search_long_term_memories("seats")
    assert {
        "operations": {
            "RetrieveMemoryRecords": {
                "calls": 1,
                "failures": 0,
                "requests": 1,
                "retries": 0,
                "paced": 0,
                "paced_s": 0.0,
            }
        }
    } == manager.usage().to_dict()


async def test_a_view_counts_with_its_manager() -> None:
    """Sessions, actors and views share the counts of their manager."""
    async with manager_on(FakeTransport()) as manager:
        await manager.with_options(retry=RetryPolicy()).search_long_term_memories("seats")
        await manager.actor("a").search_long_term_memories("seats")
        assert 2 == manager.usage().total.calls


async def test_a_control_counts_too() -> None:
    """Usage of the control plane is that of its control, not of the managers that it makes."""
    async with AsyncMemoryControl(transport=FakeTransport()) as control:
        await control.list_memories()
        assert {"ListMemories": OperationUsage(1, 0, 1, 0)} == control.usage().operations


def test_the_facades_count() -> None:
    """The blocking manager and control tell the usage of what they hold, from any thread."""
    with MemorySessionManager(MEMORY, transport=FakeTransport()) as manager:
        session = manager.create_memory_session("a", "s", verify=False)

        def work() -> None:
            for _ in range(20):
                session.search_long_term_memories("seats")
                manager.usage()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 80 == manager.usage().total.calls
    with MemoryControl(transport=FakeTransport()) as control:
        control.list_memories()
        assert 1 == control.usage().total.requests


@virtual_time
async def test_metrics_measure_calls() -> None:
    """Durations and retries have the names, kinds, units and attributes of the page."""
    collected, transport = Collected(), FakeTransport()
    for fault in (LOST, LOST):
        transport.reply("CreateEvent", fault)
    refused = service_error("ListEvents", "ValidationException", "no", 400)
    transport.reply("ListEvents", refused)
    async with manager_on(transport, telemetry=collected.telemetry) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        began = asyncio.get_running_loop().time()
        await session.add_turns([said("hi")])
        took_s = asyncio.get_running_loop().time() - began
        with pytest.raises(type(refused)):
            await session.list_events()

    metrics = collected.metrics()
    documented = {quoted(name)[0]: quoted(unit)[0] for name, _, unit, _ in table("metrics")}
    assert documented == {name: metric.unit for name, metric in metrics.items()}
    durations = {
        tuple(sorted(point.attributes.items())): point
        for point in metrics["agentcore_memory.client.call.duration"].data.data_points
    }
    created = (("agentcore_memory.operation", "CreateEvent"),)
    listed = ("agentcore_memory.operation", "ListEvents"), ("error.type", "ValidationException")
    assert {created, listed} == set(durations)
    assert durations[created].sum == pytest.approx(took_s, abs=0.001)
    assert 1 == durations[created].count
    [retries] = metrics["agentcore_memory.client.call.retries"].data.data_points
    assert (2, dict(created)) == (retries.value, dict(retries.attributes))


async def test_a_metric_that_can_not_be_recorded_fails_no_call(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The turn is stored and counted; a log record names what went wrong."""

    def fail(*_: object) -> None:
        raise RuntimeError(WORD)

    monkeypatch.setattr(Histogram, "record", fail)
    transport = FakeTransport()
    async with manager_on(transport, telemetry=Collected().telemetry) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.add_turns([said("hi")])
        assert OperationUsage(1, 0, 1, 0) == manager.usage().operations["CreateEvent"]
    assert 1 == len(transport.sent("CreateEvent"))
    found = [each.message for each in caplog.records if "metric" in each.message]
    assert ["a metric could not be recorded: RuntimeError"] == found


async def test_metrics_name_the_server() -> None:
    """Measurements of a manager with an endpoint have its address and port."""
    collected = Collected()
    async with (
        LocalMemoryService() as service,
        service.manager(MEMORY, telemetry=collected.telemetry) as manager,
    ):
        await manager.search_long_term_memories("seats")
        port = int(service.endpoint_url.rpartition(":")[2])

    [point] = collected.metrics()["agentcore_memory.client.call.duration"].data.data_points
    assert {
        "agentcore_memory.operation": "RetrieveMemoryRecords",
        "server.address": "127.0.0.1",
        "server.port": port,
    } == dict(point.attributes)


@pytest.fixture
def calls(caplog: pytest.LogCaptureFixture) -> Callable[[int], list[str]]:
    """Return what the logger of calls wrote, as levels and texts."""
    caplog.set_level(logging.DEBUG, "agentcore_memory_async.calls")

    def read(level: int) -> list[str]:
        return [
            record.getMessage()
            for record in caplog.records
            if record.name == "agentcore_memory_async.calls" and record.levelno == level
        ]

    return read


@virtual_time
async def test_retries_and_calls_are_logged(calls: Callable[[int], list[str]]) -> None:
    """A retry is logged at INFO and a call at DEBUG, with ids and counts."""
    transport = FakeTransport()
    transport.reply("CreateEvent", THROTTLED)
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("anna", "s", verify=False)
        await session.add_turns([said(f"{WORD} text")], client_token="token-1")

    ids = f"memoryId {MEMORY}, actorId anna, sessionId s, clientToken token-1"
    [retry], [call] = calls(logging.INFO), calls(logging.DEBUG)
    assert retry.startswith(
        f"CreateEvent ({ids}): request 1 failed with ThrottledError ThrottledException "
        "(request id request-1); the next one comes in "
    )
    assert call.startswith(f"CreateEvent ({ids}): done; requests: 2, in ")


@virtual_time
async def test_failures_and_the_pace_are_logged(calls: Callable[[int], list[str]]) -> None:
    """A call that failed names its error, and a wait for the pace its time; neither has content."""
    transport = FakeTransport()
    refused = service_error("RetrieveMemoryRecords", "ThrottledException", "no", 429)
    transport.reply("RetrieveMemoryRecords", refused)
    limits, retry = ServiceLimits(events_per_second=1), RetryPolicy(max_attempts=1)
    async with manager_on(transport, limits=limits, retry=retry) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(ThrottledError):
            await session.search_long_term_memories(f"{WORD} query", f"/{WORD}/")
        for _ in range(2):
            await session.add_turns([said("hi")])

    failed, _, paced, _ = calls(logging.DEBUG)
    assert "ThrottledError ThrottledException (request id None); requests: 1, in" in failed
    assert "CreateEvent waited 1.000 s for the pace" == paced
    assert WORD not in "".join(calls(logging.DEBUG))


def test_every_logger_is_on_the_page() -> None:
    """The page names each logger of the package, or the one that it is below."""
    root = Path(agentcore_memory_async.__file__).parent
    own = set[str]()
    for path in root.rglob("*.py"):
        module = ".".join(path.relative_to(root.parent).with_suffix("").parts)
        for name in re.findall(r"getLogger\((.*?)\)", path.read_text()):
            own.add(module if name == "__name__" else name.strip('"'))
    own = {name for name in own if name.partition(".")[0] == root.name}
    named = {quoted(logger)[0] for logger, _, _ in table("loggers")}

    assert named <= own
    below = {name: name.rpartition(".")[0] for name in own - named}
    assert [] == [name for name, parent in below.items() if parent not in named - {root.name}]
