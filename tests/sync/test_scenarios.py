"""Programs on the facade, each run to its end and interrupted, on a local service."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from agentcore_memory_async.local import LocalMemoryService
from tests.sync.run_scenario import PROGRAMS
from tests.sync.soak import (
    EXPECTED,
    INTERRUPTED,
    Outcome,
    Plan,
    draw,
    faults_of,
    perform,
    stored_of,
)
from tests.sync.test_processes import posix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agentcore_memory_async.local import BlockingLocalMemoryService

pytestmark = posix

LASTING = (
    "asyncio_run",
    "background",
    "buffer_never_left",
    "buffered",
    "calls",
    "daemon_threads",
    "fork",
    "iterators",
    "notebook",
    "pool_of_forks",
    "preload",
    "recorded_turns",
    "transfer",
    "wait",
)
"""Programs whose main thread is busy long enough to be interrupted."""


@pytest.fixture(scope="module")
def service() -> Iterator[BlockingLocalMemoryService]:
    """Yield a local service on a thread of its own."""
    with LocalMemoryService() as service:
        yield service


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_ends(service: BlockingLocalMemoryService, name: str) -> None:
    """It ends with its status and without noise, and what it stored is there."""
    plan = Plan(100, name)
    outcome = perform(plan, service.environment, 50)
    assert [] == list(faults_of(outcome, stored_of(service, plan))), outcome.errors
    assert "done" in outcome.lines


@pytest.mark.parametrize("name", LASTING)
def test_a_program_is_interrupted(service: BlockingLocalMemoryService, name: str) -> None:
    """Ctrl-C ends it with ``KeyboardInterrupt``, and what was acknowledged is there."""
    plan = Plan(200, name, signals=(signal.SIGINT,), after_s=(0,))
    outcome = perform(plan, service.environment, 50)
    assert [] == list(faults_of(outcome, stored_of(service, plan))), outcome.errors
    assert outcome.status in INTERRUPTED
    assert "KeyboardInterrupt" == EXPECTED.sub("", outcome.errors).splitlines()[-1]


def test_what_is_wrong_is_found() -> None:
    """A hang, a wrong status, noise and a loss are named."""

    def faults(status: int, errors: str, stored: int, **options: object) -> list[str]:
        plan = Plan(0, "calls", **options)  # type: ignore[arg-type]
        lines = ["stored 2", "ready", "stored 1", "kept 1"]
        return list(faults_of(Outcome(plan, status, lines, errors, 1.0, None, False), stored))

    assert [] == faults(0, "", 4)
    assert ["its status is 1"] == faults(1, "", 4)
    assert ["it makes noise"] == faults(0, "Exception ignored in: <function f>\nValueError\n", 4)
    assert ["1 messages were to be stored at the exit"] == faults(0, "", 3)
    assert ["3 messages were acknowledged, and 2 are stored"] == faults(
        -2, "KeyboardInterrupt\n", 2, signals=(signal.SIGINT,)
    )
    hung = Outcome(Plan(0, "calls"), -6, [], "", 60.0, None, True)
    assert ["it hangs"] == list(faults_of(hung, 0))


def test_a_hang_is_ended_with_its_stacks(service: BlockingLocalMemoryService) -> None:
    """A run that takes longer than its bound is ended, and shows where it was."""
    outcome = perform(Plan(300, "preload"), service.environment, 1.0)
    assert outcome.is_hung
    # Python shows the stacks of threads that run on, which can end in a crash of another kind.
    assert outcome.status in {-signal.SIGABRT, -signal.SIGSEGV}
    assert "scenario" in outcome.errors


def test_plans_are_drawn_by_their_seed() -> None:
    """A seed gives the same run again, and seeds give all programs."""
    plans = [draw(seed) for seed in range(300)]
    assert plans == [draw(seed) for seed in range(300)]
    assert set(PROGRAMS) == {plan.name for plan in plans}
    assert 4 == len({plan.signals for plan in plans})
