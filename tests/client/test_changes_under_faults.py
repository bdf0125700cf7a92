"""Deletions and ingested content through many faults: each is done, and done once."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import RetryPolicy, TransportError
from agentcore_memory_async._transport.base import Answer
from agentcore_memory_async.errors import service_error
from tests._virtual_time import virtual_time
from tests.client.doubles import manager_on, said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async.testing import FakeTransport

CHANGES = 200
FAULTS = ("unsent", "lost", "late", "busy", "broken", "done")
LONG = RetryPolicy(write_deadline=600)


class FaultyService:
    """
    A service that fails three requests of ten, before it has done it or after.

    Attributes:
        left: Ids of the events that are there.
        ingested: Texts, by their tokens.
        faults: Number of faults.
    """

    def __init__(self, seed: int) -> None:
        self.left = {f"{number}#a" for number in range(CHANGES)}
        self.ingested: dict[str, str] = {}
        self.faults = 0
        self._random = random.Random(seed)

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Answer one request, or fail."""
        await anyio.sleep(0.01)
        fault = self._random.choice(FAULTS) if self._random.random() < 0.3 else ""
        self.faults += bool(fault)
        if fault == "unsent":
            raise TransportError(operation, "refused", sent=False)
        if fault == "lost":
            raise TransportError(operation, "reset", sent=True)
        if fault == "busy":
            raise service_error(operation, "ThrottledException", "made by a test", 429)
        if fault == "broken":
            raise service_error(operation, "ServiceException", "made by a test", 500)
        body = self._perform(operation, params)
        if fault == "late":
            raise TransportError(operation, "reset", sent=True)
        if fault == "done":
            raise service_error(operation, "ServiceException", "made by a test", 500)
        return Answer(body)

    def _perform(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "IngestData":
            [item] = params["source"]["inline"]["payload"]
            text = item["conversational"]["content"]["text"]
            assert text == self.ingested.setdefault(params["clientToken"], text)
            return {"sessionId": params["sessionId"]}
        event_id = params["eventId"]
        if event_id not in self.left:
            raise service_error(operation, "ResourceNotFoundException", "made by a test", 404)
        self.left.remove(event_id)
        return {"eventId": event_id}


def manager_of(service: Any) -> Any:
    """Return a manager on *service*."""
    transport: FakeTransport = service
    return manager_on(transport, retry=LONG)


@pytest.mark.parametrize("seed", range(3))
@virtual_time
async def test_deletions_end_with_nothing_left(seed: int) -> None:
    """No deletion of what is there ends as not found, whatever was lost."""
    service = FaultyService(seed)
    async with manager_of(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        async with anyio.create_task_group() as tasks:
            for event_id in sorted(service.left):
                tasks.start_soon(session.delete_event, event_id)
        assert set() == service.left
        assert service.faults > CHANGES / 5


@pytest.mark.parametrize("seed", range(3))
@virtual_time
async def test_ingested_content_is_accepted_once(seed: int) -> None:
    """Every call is accepted under one token, whatever was lost."""
    service = FaultyService(seed)
    texts = [f"text {number}" for number in range(CHANGES)]
    async with manager_of(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        async with anyio.create_task_group() as tasks:
            for text in texts:
                tasks.start_soon(session.ingest_data, [said(text)])
    assert sorted(texts) == sorted(service.ingested.values())
    assert service.faults > CHANGES / 5
