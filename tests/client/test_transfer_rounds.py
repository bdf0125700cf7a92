"""How much a deletion, an import or an export does at once, and between two steps."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from attrs import evolve

from agentcore_memory_async import Conversation, HistoryMessage, HistoryRecord, ServiceLimits
from agentcore_memory_async._wire.transfer import expiry_days
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import manager_on, wire_record
from tests.client.test_forgetting import NAMESPACES, Store, record_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async._transport.base import Answer

START = datetime(2026, 1, 1, tzinfo=UTC)
UNLIMITED = ServiceLimits(None, None)


class Slow(Store):
    """A memory that takes 0.1 s for each answer, and counts what it is asked at once."""

    def __init__(self, events: Mapping[str, list[str]], records: Mapping[str, str]) -> None:
        super().__init__(events, records)
        self.now = Counter[str]()
        self.most = Counter[str]()

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Answer one request."""
        self.now[operation] += 1
        self.most[operation] = max(self.most[operation], self.now[operation])
        await anyio.sleep(0.1)
        self.now[operation] -= 1
        return await super().__call__(operation, params)

    def list_records(self, prefix: str) -> list[dict[str, Any]]:
        """Return the records below a prefix, as they are listed."""
        listed = super().list_records(prefix)
        return [wire_record(0, "/facts/anna/") | each for each in listed]


@virtual_time
async def test_deletions_are_shown_by_hundreds_and_made_sixteen_at_once() -> None:
    """Events go one by one, 16 at once, and records a hundred in one request."""
    events = {"s1": [f"{number:07}#a" for number in range(350)]}
    store = Slow(events, {record_id(number): "/facts/anna/" for number in range(150)})
    async with manager_on(store, namespaces=NAMESPACES, limits=UNLIMITED) as manager:
        forgetting = manager.forget_actor("anna", settle=0.0)
        steps = [(step.phase, step.done, step.total) async for step in forgetting]

    events_done = [(done, total) for phase, done, total in steps if phase == "events"]
    records_done = [(done, total) for phase, done, total in steps if phase == "records"]
    assert [(100, 350), (200, 350), (300, 350), (350, 350)] == events_done[:4]
    assert [(100, 150), (150, 150)] == records_done[:2]
    assert 16 == store.most["DeleteEvent"]


@virtual_time
async def test_an_export_reads_sixteen_records_at_once() -> None:
    """Only the record itself says when it expires; the list does not."""
    store = Slow({}, {record_id(number): "/facts/anna/" for number in range(300)})
    async with manager_on(store, namespaces=NAMESPACES, limits=UNLIMITED) as manager:
        await manager.export(["anna"])

    assert 300 == len(store.sent("GetMemoryRecord"))
    assert 16 == store.most["GetMemoryRecord"]


@virtual_time
async def test_an_import_stores_twenty_events_or_a_hundred_records_in_a_round() -> None:
    """After each round it shows how much is stored; records come after the conversations."""
    said = [HistoryMessage(f"m{number}", "user", START) for number in range(50)]
    records = [HistoryRecord("/facts/anna/", f"fact {number}", START) for number in range(250)]
    given: list[Conversation | HistoryRecord] = [Conversation("anna", "s1", said), *records]
    async with manager_on(FakeTransport(), limits=UNLIMITED) as manager:
        steps = [step async for step in manager.import_conversations(given, extract=False)]

    assert [20, 40, 50] == sorted({step.messages for step in steps})
    assert [100, 200, 250] == sorted({step.records for step in steps} - {0})


@pytest.mark.parametrize(
    ("left", "days"),
    [
        (timedelta(days=-9), 31),
        (timedelta(days=31), 31),
        (timedelta(days=31, seconds=1), 32),
        (timedelta(days=1000), 1000),
        (timedelta(days=1000, seconds=-1), 1000),
        (timedelta(days=1000, seconds=1), 1001),
    ],
    ids=str,
)
def test_a_record_expires_when_it_did_or_as_early_as_the_service_takes(
    left: timedelta, days: int
) -> None:
    """The service takes whole days, 31 or more."""
    record = HistoryRecord("/facts/anna/", "likes tea", START, expires_at=START + left)
    assert days == expiry_days(record, START)
    assert expiry_days(evolve(record, expires_at=None), START) is None
