"""Runs: what they leave of others, what they cost, and where they end."""

from __future__ import annotations

import re
from pathlib import Path

import anyio
import pytest
from attrs import evolve

from agentcore_memory_async import ConversationalMessage
from agentcore_memory_async.local import AutoClock, Fault, Lags, LocalMemoryService, ManualClock
from agentcore_memory_async.local.faults import Faults
from agentcore_memory_async.models import Memory, MemoryStrategy
from agentcore_memory_async.verify._asking.meter import Meter
from agentcore_memory_async.verify._probes import PROBES
from agentcore_memory_async.verify._running.connection import connect
from agentcore_memory_async.verify._running.memory import remove, targets_of
from agentcore_memory_async.verify._running.plan import make_plan
from agentcore_memory_async.verify._running.runner import PROVISIONING, Run
from agentcore_memory_async.verify._running.state import State
from tests.verify.measuring import endpoint_of, measure, rows

BY_NAME = {probe.name: probe for probe in PROBES}
MEMORY_ID = "chat-a1B2c3D4e5"


async def test_a_run_costs_no_more_than_it_says(tmp_path: Path) -> None:
    """Where the service lags as long as a run watches for, all is answered within the plan."""
    lags = Lags(event_lists=299, event_filters=299, record_lists=299, record_ids=299)
    measured = await measure(tmp_path, lags=lags)
    assert all(each.is_conclusive for each in measured.report.verdicts)
    said = measured.plan.calls + measured.plan.removal.calls
    assert measured.requests.keys() == said.keys()
    assert all(count <= said[name] for name, count in measured.requests.items())


class LostFilteredList(Faults):
    """The answer to the first list with a filter is lost, once the service has read."""

    lists = 0

    def take(self, operation: str) -> list[Fault]:
        """Return the fault of a request, if it meets one."""
        self.lists += operation == "ListEvents"
        lost = operation == "ListEvents" and self.lists == 2
        return [Fault("lost-after")] if lost else []


async def test_a_stale_read_whose_answer_is_lost_is_counted(tmp_path: Path) -> None:
    """A list that was sent twice may have been read twice: it says nothing of stale reads."""
    probes, lags = [BY_NAME["event lags"]], Lags(stale_reads=1)
    faults = LostFilteredList(ManualClock())
    measured = await measure(tmp_path, probes=probes, faults=faults, lags=lags)
    verdicts = {each.name: each for each in measured.report.verdicts}
    assert verdicts["lags.stale_reads"].value == 1


async def test_a_named_memory_keeps_what_is_of_others(tmp_path: Path) -> None:
    """A run in the memory of others leaves their data as it was, and none of its own."""
    async with LocalMemoryService(clock=AutoClock()) as service:
        async with service.manager(MEMORY_ID) as manager:
            session = await manager.create_memory_session("alice")
            await session.add_turns([ConversationalMessage("I have a cat called Kafka.", "USER")])
            await service.drain()
        before, lines = await rows(service), list[str]()
        async with connect(endpoint_of(service), Meter()) as connection:
            state = State.new(tmp_path / "run.state", connection.region, MEMORY_ID)
            run = Run(connection, state, PROBES, longest_s=9_000, announce=lines.append)
            await run.ask()
            assert await rows(service) != before
            await remove(connection, state, lines.append)
        after = await rows(service)
        emptied = ("sessions", "actors")  # the service itself deletes these after a day
        assert all(after[table] == before[table] for table in before if table not in emptied)
        report = run.report()
    unclear = {each.name for each in report.verdicts if not each.is_conclusive}
    assert {
        "actors.order",
        "lags.provisioning",
        "records.strictly_consistent",
        "extraction_delay.EPISODIC",
        "tokens.other_actor",
    } >= unclear
    shown = "\n".join([*lines, report.to_json(), report.to_markdown()])
    assert "Kafka" not in shown
    assert "alice" not in shown
    assert "ListActors" not in {call.operation for call in service.calls()}


@pytest.mark.parametrize("memory_id", [None, MEMORY_ID])
@pytest.mark.parametrize("more", [0, 1, 30, 90])
async def test_a_run_ends_with_its_requests(
    tmp_path: Path, memory_id: str | None, more: int
) -> None:
    """A limit is never exceeded, what was not asked is inconclusive, and all is removed."""
    limit = make_plan(PROBES, makes_memory=memory_id is None, paths=1).least + more
    lags = Lags(provisioning=200, record_lists=20)
    async with LocalMemoryService(clock=AutoClock(), lags=lags) as service:
        meter, lines = Meter(), list[str]()
        meter.limit = limit
        async with connect(endpoint_of(service), meter) as connection:
            state = State.new(tmp_path / "run.state", connection.region, memory_id)
            run = Run(connection, state, PROBES, longest_s=9_000, announce=lines.append)
            await run.ask()
            await remove(connection, state, lines.append)
        assert len(service.calls()) <= limit
        assert run.is_incomplete
        unclear = [each.text for each in run.report().verdicts if not each.is_conclusive]
        assert unclear
        assert all("limit reached" in text for text in unclear)
        assert 1 == sum("limit reached" in line for line in lines)
        left = await rows(service)
        assert (0, 0, 0) == (left["events"], left["records"], left["pending"])


class CancellingMeter(Meter):
    """Cancels its user before a request of some number."""

    def __init__(self, cancel_at: int) -> None:
        super().__init__()
        self._cancel_at = cancel_at
        self.scope = anyio.CancelScope()

    def require(self, count: int) -> None:
        """Cancel where it is time, and count as always."""
        if self.requests.total() == self._cancel_at:
            self.scope.cancel()
        super().require(count)


@pytest.mark.parametrize("cancel_at", [2, 8, 30, 75, 110])
async def test_a_cancelled_run_leaves_nothing_in_a_named_memory(
    tmp_path: Path, cancel_at: int
) -> None:
    """Another process knows by the state how much may be there, and until when more may come."""
    async with LocalMemoryService(clock=AutoClock(), extraction_delay=93) as service:
        meter, lines = CancellingMeter(cancel_at), list[str]()
        async with connect(endpoint_of(service), meter) as connection:
            state = State.new(tmp_path / "run.state", connection.region, MEMORY_ID)
            run = Run(connection, state, PROBES, longest_s=9_000, announce=lines.append)
            with meter.scope:
                await run.ask()
            assert meter.scope.cancelled_caught
            loaded = State.load(state.path)
            assert loaded is not None
            assert loaded.events >= (await rows(service))["events"]
            assert loaded.sessions >= (await rows(service))["sessions"]
            await remove(connection, loaded, lines.append)
        await service.drain()
        left = await rows(service)
        assert (0, 0, 0) == (left["events"], left["records"], left["pending"])


@pytest.mark.parametrize("delay_s", [0.5, 93])
async def test_removing_an_actor_waits_no_longer_than_needed(
    tmp_path: Path, delay_s: float
) -> None:
    """It is waited for records that may come after what was measured, and for no others."""
    probes = [BY_NAME["event lags"], BY_NAME["record lags"]]
    async with LocalMemoryService(clock=AutoClock(), extraction_delay=delay_s) as service:
        lines = list[str]()
        async with connect(endpoint_of(service), Meter()) as connection:
            state = State.new(tmp_path / "run.state", connection.region, MEMORY_ID)
            await Run(connection, state, probes, longest_s=9_000, announce=lines.append).ask()
            said = state.settle_s(service.clock.now())
            began = service.clock.now()
            await remove(connection, state, lines.append)
            assert service.clock.now() - began <= said + 5
        assert said < (10 if delay_s < 1 else 300)
        assert said > delay_s
        assert any("what may still come" in line for line in lines)
        left = await rows(service)
        assert (0, 0, 0) == (left["events"], left["records"], left["pending"])
        await service.drain()
        assert 0 == (await rows(service))["records"]


async def test_a_run_ends_with_its_time(tmp_path: Path) -> None:
    """A limit of time is kept by the clock of the waits."""
    lags = Lags(record_lists=90)
    async with LocalMemoryService(clock=AutoClock(), strict=True, lags=lags) as service:
        began = service.clock.now()
        async with connect(endpoint_of(service), Meter()) as connection:
            state = State.new(tmp_path / "run.state", connection.region, None)
            run = Run(connection, state, PROBES, longest_s=60, announce=print)
            await run.ask()
            assert service.clock.now() <= began + 60
            await remove(connection, state, print)
        names = {each.name for each in run.report().verdicts if each.is_conclusive}
        assert "lags.event_lists" in names
        assert "lags.record_lists" not in names


async def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    """A run goes on with the answers of an earlier one, on another memory."""
    probes = [BY_NAME["event lags"], BY_NAME["ties"], BY_NAME["blobs"]]
    async with LocalMemoryService(clock=AutoClock(), strict=True) as service:
        async with connect(endpoint_of(service), Meter()) as connection:
            state = State.new(tmp_path / "run.state", connection.region, None)
            await Run(connection, state, probes[:2], longest_s=900, announce=print).ask()
            await remove(connection, state, print)
            loaded = State.load(state.path)
            assert loaded == state
            first_id = state.run_id
            loaded.begin_again()
            assert first_id != loaded.run_id
            asked = len(service.calls("ListEvents"))
            run = Run(connection, loaded, probes, longest_s=900, announce=print)
            await run.ask()
            assert asked == len(service.calls("ListEvents"))
            await remove(connection, loaded, print)
        assert all(each.is_conclusive for each in run.report().verdicts)
        assert 2 == len(service.calls("CreateMemory"))


def strategy(template: str, status: str = "ACTIVE") -> MemoryStrategy:
    """Return a strategy that files under a template."""
    return MemoryStrategy("facts-1", "facts", "SEMANTIC", status, (template,))


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/facts/{actorId}/", "/facts/ann/"),
        ("/facts/{actorId}", "/facts/ann"),
        ("/{memoryStrategyId}/{actorId}/s-{sessionId}/", "/facts-1/ann/"),
        ("/facts/", None),
        ("/{sessionId}/{actorId}/", None),
        ("/facts/a-{actorId}-{sessionId}/", None),
        ("/{tenant}/{actorId}/", None),
    ],
)
def test_only_namespaces_of_the_actor_are_read(template: str, path: str | None) -> None:
    """A namespace that holds records of others, too, is not read."""
    memory = Memory(MEMORY_ID, "arn", "chat", "ACTIVE", (strategy(template),), 90)
    assert [path] * (path is not None) == [each.namespace for each in targets_of(memory, "ann")]
    failed = evolve(memory, strategies=(strategy(template, "FAILED"),))
    assert () == targets_of(failed, "ann")


def test_the_plan_names_each_operation() -> None:
    """The plan shows what is called how often, and a limit that leaves room for retries."""
    plan = make_plan(PROBES, makes_memory=True, paths=1)
    text = "\n".join(plan.lines())
    assert all(f"{name} {count}" in text for name, count in plan.calls.items())
    assert str(plan.limit) in text
    assert all(probe.question in text for probe in PROBES)
    several = make_plan(PROBES, makes_memory=True, paths=3)
    assert several.calls["ListMemoryRecords"] > plan.calls["ListMemoryRecords"]


def test_the_page_names_each_verdict() -> None:
    """The page on measuring lists all verdicts that there are, and no others."""
    page = (Path(__file__).parents[2] / "docs" / "measured.md").read_text("utf-8")
    table = page.partition("| question | verdicts |")[2].partition("\n\n")[0]
    names = {PROVISIONING, *(name for probe in PROBES for name in probe.answers)}
    assert names == set(re.findall(r"`(\w+\.\w+)`", table))
