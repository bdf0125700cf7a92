"""
A memory on a local service, for the tests of frameworks; also a plugin of pytest.

The tests come with their framework, and run with the conftest of a folder of ``tests/suites``. That
makes whatever stores something by `manager`, and calls `used`, so that the report tells which tests
have tried it.
"""

from __future__ import annotations

from functools import cache
from itertools import count
from typing import TYPE_CHECKING

from agentcore_memory_async import RetryPolicy, ServiceLimits
from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    import pytest

    from agentcore_memory_async.local import BlockingLocalMemoryService
    from agentcore_memory_async.sync import MemorySessionManager

PROPERTY = "agentcore_memory"
"""Property of a test that used the memory, in the report."""
UNPACED = ServiceLimits(events_per_second=None, other_events_per_second=None)
"""Pace of writes: the local service has no quotas, and tests write without a pause."""
PATIENT = RetryPolicy(write_deadline=120.0, read_deadline=120.0, attempt_timeout=60.0)
"""Patience: some tests make thousands of calls at once, on a machine that may be slow."""
MEMORY_ID = "suite-a1B2c3D4e5"
_NUMBERS = count()
_RUNNING: list[pytest.Item] = []


@cache
def service() -> BlockingLocalMemoryService:
    """Return the local service of this process, which has a loop of its own."""
    return LocalMemoryService().__enter__()


@cache
def manager() -> MemorySessionManager:
    """Return the manager of this process: it has a loop of its own, since tests have many."""
    return service().manager(MEMORY_ID, limits=UNPACED, retry=PATIENT)


def new_name() -> str:
    """Return a name that nothing else has."""
    return f"n{next(_NUMBERS)}"


def used() -> None:
    """Report that the test that runs has used the memory."""
    if _RUNNING:
        properties = _RUNNING[-1].user_properties
        if (PROPERTY, "used") not in properties:
            properties.append((PROPERTY, "used"))


def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Remember which test runs."""
    _RUNNING[:] = [item]
