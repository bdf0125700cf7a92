"""
The backends of the contract: the same tests run on the local service, on AWS, and on aiomoto.

The local service always runs. AWS runs if AGENTCORE_TEST_MEMORY_ID names a memory with a semantic
strategy; AGENTCORE_TEST_NAMESPACE is the namespace of its records (default ``/facts/{actorId}/``).
aiomoto patches its whole process, so ``test_aiomoto.py`` runs these tests in a separate process,
which AGENTCORE_CONTRACT_BACKEND marks.
"""

from __future__ import annotations

import os
import time
from contextlib import AsyncExitStack
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import botocore
import pytest
from attrs import frozen

from agentcore_memory_async import AsyncMemorySessionManager
from agentcore_memory_async._calls.wait_clock import LoopClock
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.verify._asking.desk import Desk
from agentcore_memory_async.verify._asking.meter import Meter
from agentcore_memory_async.verify._asking.timer import Timer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agentcore_memory_async import AsyncMemorySession
    from agentcore_memory_async.verify import Verdict
    from agentcore_memory_async.verify._probes import Probe

HERE = Path(__file__).parent
MEMORY_ID = os.environ.get("AGENTCORE_TEST_MEMORY_ID")
NAMESPACE = os.environ.get("AGENTCORE_TEST_NAMESPACE", "/facts/{actorId}/")
IN_AIOMOTO = os.environ.get("AGENTCORE_CONTRACT_BACKEND") == "aiomoto"

MOTO_IS_WRONG = {
    "test_the_newest_turns_of_many_are_given": "it gives the oldest events first, of one page",
    "test_events_are_newest_first": "it gives events in the order in which they were stored",
    "test_pages_are_followed": "it cuts the list at maxResults and gives no nextToken",
    "test_the_service_filters_by_metadata": "it ignores filters; the client filters once more",
    "test_the_service_filters_by_branch": "it ignores filters; the client filters once more",
    "test_a_branch_is_read_after_its_parents": "it ignores filters, and shows what came later",
    "test_the_event_id_begins_with_the_timestamp": "its ids are made of the wall clock",
    "test_a_client_token_stores_once": "it ignores client tokens",
}
"""The tests that fail on moto 5.2.4, each with the reason."""

if tuple(map(int, botocore.__version__.split(".")[:2])) < (1, 43):
    MOTO_IS_WRONG |= dict.fromkeys(
        (
            "test_json_comes_back_equal",
            "test_json_beside_a_message_comes_back_equal",
            "test_events_of_one_type_are_listed",
        ),
        "it reads requests by botocore's model, and this botocore's knows no json payload",
    )


@frozen
class Backend:
    """
    A service to run the contract on.

    Attributes:
        name: Name of the backend.
        manager: Open manager of an existing memory.
        namespace: Namespace of an actor's facts.
    """

    name: str
    manager: AsyncMemorySessionManager
    namespace: str = NAMESPACE

    async def wire(self, operation: str, **params: Any) -> dict[str, Any]:
        """Send one raw request and return the raw response."""
        network = self.manager._client._network
        assert network is not None
        answer = await network(operation, {"memoryId": self.manager.memory_id, **params})
        return answer.body

    async def ask(self, probe: Probe) -> dict[str, Verdict]:
        """Ask a probe of ``verify``, and return its verdicts by name."""
        network = self.manager._client._network
        assert network is not None
        meter = Meter()
        desk = Desk(
            manager=self.manager,
            send=meter.measure(network),
            meter=meter,
            timer=Timer(LoopClock(), inf),
            wall=time.time,
            actor_id=f"contract-{uuid4()}",
            targets=(),
            paths=(),
            key="contract",
            known=dict.fromkeys(("event_lists", "event_filters", "record_lists"), self.lag_s),
        )
        desk.grant(probe.calls)
        return {verdict.name: verdict for verdict in probe.decide(await probe.ask(desk))}

    @property
    def lag_s(self) -> float:
        """Seconds after which a write is seen."""
        return 120.0 if self.name == "aws" else 0.0

    async def session(self, actor_id: str | None = None) -> AsyncMemorySession:
        """Return a new session; without *actor_id*, of a new actor."""
        return await self.manager.create_memory_session(actor_id or f"contract-{uuid4()}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize each test with its backends."""
    if "backend" in metafunc.fixturenames:
        names = ["aiomoto"] if IN_AIOMOTO else ["local", "aws"]
        metafunc.parametrize("backend", names, indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect moto's known failures, skip AWS without a memory, and give it more time."""
    for item in items:
        name = getattr(item, "originalname", item.name)
        if IN_AIOMOTO and name in MOTO_IS_WRONG:
            item.add_marker(pytest.mark.xfail(reason=MOTO_IS_WRONG[name], strict=True))
        elif item.path.parent == HERE and "[aws" in item.name and MEMORY_ID is None:
            reason = "no AWS: AGENTCORE_TEST_MEMORY_ID names no memory"
            item.add_marker(pytest.mark.skip(reason=reason))
        elif item.path.parent == HERE and "[aws" in item.name:
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture
async def backend(request: pytest.FixtureRequest) -> AsyncIterator[Backend]:
    """Open a backend."""
    name: str = request.param
    async with AsyncExitStack() as stack:
        if name == "aiomoto":
            from aiomoto import mock_aws

            await stack.enter_async_context(mock_aws())
            manager = AsyncMemorySessionManager("chat-a1B2c3D4e5", region_name="us-west-2")
        elif name == "aws":
            manager = AsyncMemorySessionManager(MEMORY_ID or "")
        else:
            service = await stack.enter_async_context(LocalMemoryService())
            manager = service.manager("chat-a1B2c3D4e5")
        await stack.enter_async_context(manager)
        yield Backend(name, manager)
