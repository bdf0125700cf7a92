"""Deletions and imports at the pace of the service: nothing is throttled, in virtual time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import Conversation, HistoryMessage, HistoryRecord, ServiceLimits
from agentcore_memory_async.local._api.errors import AwsError
from agentcore_memory_async.local._api.throttle import QuotaLimiter
from tests._virtual_time import virtual_time
from tests.client.batches import BATCHES, CREATE, UPDATE
from tests.client.doubles import manager_on
from tests.client.test_forgetting import NAMESPACES, Store, record_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

START = datetime(2026, 1, 1, tzinfo=UTC)


class LoopTime:
    """The clock of the loop, for the quotas of the local service."""

    def now(self) -> float:
        """Return the time."""
        return anyio.current_time()

    def call_at(self, when: float, callback: Callable[[], None]) -> Callable[[], None]:
        """Do nothing: quotas only read the time."""
        raise NotImplementedError


class Strict(Store):
    """A memory with the quotas of the service, pages of 100, and no delay."""

    def __init__(self, events: Mapping[str, list[str]], records: Mapping[str, str]) -> None:
        super().__init__(events, records)
        self.limiter = QuotaLimiter(LoopTime())
        self.throttled = 0

    def _default(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any] | Exception:
        try:
            self.limiter.check(operation, params)
        except AwsError:
            self.throttled += 1
            raise
        answer = super()._default(operation, params)
        for member in ("events", "memoryRecordSummaries"):
            if isinstance(answer, dict) and member in answer:
                return page(answer, member, int(params.get("nextToken", "0")))
        return answer


def page(answer: dict[str, Any], member: str, start: int) -> dict[str, Any]:
    """Return 100 items of an answer."""
    items = answer[member][start : start + 100]
    more = len(answer[member]) > start + 100
    return {member: items, "nextToken": str(start + 100)} if more else {member: items}


@virtual_time
async def test_forgetting_keeps_to_the_pace_of_the_service() -> None:
    """Many events of one session, many sessions, and many records: nothing is throttled."""
    events = {f"s{n}": [f"{n * 100 + each:07}#a" for each in range(10)] for n in range(60)}
    events["long"] = [f"{each:07}#b" for each in range(2500)]
    records = {record_id(number): "/facts/anna/" for number in range(6000)}
    store = Strict(events, records)
    async with manager_on(store, namespaces=NAMESPACES) as manager:
        report = await manager.forget_actor("anna", settle=10.0)
    assert store.throttled == 0
    assert (report.deleted.events, report.deleted.records) == (3100, 6000)
    assert report.remaining == ()
    assert anyio.current_time() < 700  # 2,500 events at 5 a second take 500 s


@virtual_time
async def test_limits_of_none_switch_the_pace_off() -> None:
    """For a local service that does not throttle, it takes no time."""
    store = Store({"s1": [f"{each:07}#b" for each in range(300)]}, {})
    async with manager_on(
        store, namespaces=NAMESPACES, limits=ServiceLimits(None, None)
    ) as manager:
        began = anyio.current_time()
        await manager.forget_actor("anna", settle=0.0)
    assert anyio.current_time() - began < 1


@virtual_time
async def test_imports_keep_to_the_pace_of_the_service() -> None:
    """Conversations at once and thousands of records: nothing is throttled."""
    store = Strict({}, {})
    said = [HistoryMessage(f"m{n}", "user", START) for n in range(30)]
    chats = [Conversation("anna", f"s{n}", said) for n in range(20)]
    held = [HistoryRecord("/facts/anna/", f"fact {n}", START) for n in range(4000)]
    async with manager_on(store) as manager:
        result = await manager.import_conversations([*chats, *held], extract=False)
    assert store.throttled == 0
    assert (result.messages, result.records) == (600, 4000)


@pytest.mark.parametrize("name", [CREATE, UPDATE])
@virtual_time
async def test_batches_keep_to_the_pace_of_the_service(name: str) -> None:
    """Large batches at once are sent at a pace that nothing throttles; a small one waits not."""
    store = Strict({}, {})
    began = anyio.current_time()
    async with manager_on(store) as manager:

        async def send() -> None:
            await BATCHES[name](manager, 4000)

        await BATCHES[name](manager, 1)
        assert anyio.current_time() - began < 0.05
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send)
            tasks.start_soon(send)
    assert store.throttled == 0
    assert len(store.sent(name)) == 81
    assert anyio.current_time() - began < 7
