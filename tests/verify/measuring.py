"""Runs against local services, in no time: their clock moves while the run waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from agentcore_memory_async.local import AutoClock, Fault, LocalMemoryService, ManualClock
from agentcore_memory_async.local.faults import Faults
from agentcore_memory_async.policies import RetryPolicy
from agentcore_memory_async.verify._asking.meter import Meter
from agentcore_memory_async.verify._probes import PROBES
from agentcore_memory_async.verify._running.connection import Endpoint, connect
from agentcore_memory_async.verify._running.memory import remove
from agentcore_memory_async.verify._running.plan import Plan, make_plan
from agentcore_memory_async.verify._running.runner import Run
from agentcore_memory_async.verify._running.state import State

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from pathlib import Path

    from agentcore_memory_async.verify import Report
    from agentcore_memory_async.verify._probes import Probe

SHARE = 0.2
"""Share of requests that meet a fault."""
RETRY = RetryPolicy(max_attempts=10, backoff=0.001, throttled_backoff=0.001, max_backoff=0.002)
"""Retries in no time."""
FAULTS = (
    Fault("lost-before"),
    Fault("lost-after"),
    Fault("empty-body"),
    Fault("cut-body"),
    Fault("html-body"),
    Fault("error", code="ServiceException", status=500, message="An internal error occurred"),
    Fault("error", code="ServiceUnavailableException", status=503, message="Unavailable"),
    Fault("error", code="ThrottledException", status=429, message="Rate exceeded."),
    Fault("error", code="RetryableConflictException", status=409, message="Try it again"),
)
"""Transient faults: those that a run must not take for answers."""


class RandomFaults(Faults):
    """Faults that requests meet at random."""

    def __init__(self, source: random.Random) -> None:
        super().__init__(ManualClock())
        self._source = source

    def take(self, operation: str) -> list[Fault]:
        """Return the fault of a request, if it meets one."""
        return [self._source.choice(FAULTS)] if self._source.random() < SHARE else []


@frozen
class Measured:
    """
    What came of a run.

    Attributes:
        report: The report.
        plan: What was said before it started.
        requests: Number of requests that the service got, by operation.
        left: Rows that are left in the service, by table.
    """

    report: Report
    plan: Plan
    requests: dict[str, int]
    left: dict[str, int]


async def measure(
    directory: Path,
    *,
    probes: Sequence[Probe] = PROBES,
    faults: Faults | None = None,
    memory_id: str | None = None,
    **options: Any,
) -> Measured:
    """
    Run against a local service of its own.

    Args:
        directory: Where the state is kept.
        probes: Probes to ask.
        faults: Faults that requests meet; None for none.
        memory_id: Memory to ask; one of the run's own if omitted.
        **options: Arguments of the service.
    """
    service = LocalMemoryService(clock=AutoClock(), **options)
    if faults is not None:
        service._faults = faults
    async with service:
        meter, lines = Meter(), list[str]()
        async with connect(endpoint_of(service), meter) as connection:
            state = State.new(directory / "run.state", connection.region, memory_id)
            plan = make_plan(probes, makes_memory=memory_id is None, paths=1)
            meter.limit = plan.limit
            run = Run(
                connection,
                state,
                probes,
                longest_s=3 * 3600,
                announce=lines.append,
            )
            try:
                await run.ask()
            finally:
                await remove(connection, state, lines.append)
            report = run.report()
        requests: dict[str, int] = {}
        for call in service.calls():
            requests[call.operation] = requests.get(call.operation, 0) + 1
        return Measured(report, plan, requests, await rows(service))


def endpoint_of(service: LocalMemoryService) -> Endpoint:
    """Return the endpoint of a service, without its environment."""
    options = service._control_options({})
    return Endpoint(
        options["region_name"],
        options["aws_session"],
        options["endpoint_url"],
        options.get("clock") or Endpoint().clock,
        RETRY,
    )


async def rows(service: LocalMemoryService) -> dict[str, int]:
    """Return the number of rows of what a run writes, by table."""
    tables = ("events", "sessions", "actors", "records", "pending")

    def count(transaction: Any) -> dict[str, int]:
        return {
            table: transaction.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in tables
        }

    return await service._context.store.read(count)
