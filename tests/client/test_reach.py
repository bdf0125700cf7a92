"""No search for one actor returns another's record, whatever a service means by a namespace."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Literal

import pytest

from agentcore_memory_async import AsyncMemorySession, RetrievalConfig, encode_actor_id
from agentcore_memory_async.local._storage.namespaces import NamespaceQuery
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import manager_on, wire_record
from tests.unit.test_namespaces import hostile_pair

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agentcore_memory_async import AsyncMemorySessionManager, MemoryRecord

TEMPLATES = (
    "/facts/{actorId}/",
    "/facts/{actorId}",
    "{actorId}",
    "{actorId}/facts",
    "/x-{actorId}",
    "/users/{actorId}/sessions/{sessionId}/",
    "/strategies/{memoryStrategyId}/actors/{actorId}/",
)
EXACT = ("exact", "legacy prefix")
STRATEGY = "facts-0123456789"
Meaning = Literal["exact", "path", "legacy prefix", "raw prefix"]


class OneNamespace(FakeTransport):
    """
    A service with one record in each of some namespaces.

    Attributes:
        namespaces: The namespaces.
        meaning: What it takes ``namespace`` and ``namespacePath`` for.
    """

    def __init__(self, meaning: Meaning) -> None:
        super().__init__()
        self.meaning = meaning
        self.namespaces: list[str] = []

    def _default(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any] | Exception:
        query = NamespaceQuery.of(
            params,
            legacy_prefix=self.meaning == "legacy prefix",
            raw_prefix=self.meaning == "raw prefix",
        )
        found = [each for each in self.namespaces if query.covers(each)]
        return {
            "memoryRecordSummaries": [
                wire_record(number, namespace, score=0.5) for number, namespace in enumerate(found)
            ]
        }


def fill(template: str, actor_id: str) -> str:
    """Return where the service files records of an actor, in a rule of one line."""
    for name, value in (("actorId", actor_id), ("sessionId", "s"), ("memoryStrategyId", STRATEGY)):
        template = template.replace(f"{{{name}}}", value)
    return template


async def found_by(
    manager: AsyncMemorySessionManager, way: str, template: str, actor_id: str, *, exact: bool
) -> Sequence[MemoryRecord]:
    """Return what an actor's list, search or context finds."""
    session = AsyncMemorySession(manager, actor_id, "s")
    if way == "context" and not exact:
        config = {template: RetrievalConfig(strategy_id=STRATEGY)}
        return await session.retrieve_context("q", config)
    where: dict[str, Any] = {"namespace" if exact else "namespace_prefix": template}
    where["memory_strategy_id"] = STRATEGY
    if way == "list":
        return await session.list_long_term_memory_records(**where)
    return await session.search_long_term_memories("q", **where)


@pytest.mark.parametrize("meaning", ["exact", "path", "legacy prefix", "raw prefix"])
@virtual_time
async def test_no_search_returns_what_is_anothers(meaning: Meaning) -> None:
    """Of 10,000 pairs of similar ids, each finds its own record, and never that of the other."""
    chance = random.Random(2026)
    transport = OneNamespace(meaning)
    pairs = 0
    async with manager_on(transport) as manager:
        while pairs < 10_000:
            mine, theirs = hostile_pair(chance)
            if mine == theirs:
                continue
            pairs += 1
            template = chance.choice(TEMPLATES)
            transport.namespaces = [fill(template, theirs), fill(template, mine)]
            transport.requests.clear()
            way = chance.choice(["list", "search", "context"])
            found = await found_by(manager, way, template, mine, exact=meaning in EXACT)
            own = fill(template, mine)
            # A raw prefix ends with a slash, so it does not find a namespace that has none there.
            is_found = meaning != "raw prefix" or own.endswith("/")
            assert ([own] if is_found else []) == [record.namespace for record in found]


@pytest.mark.parametrize("meaning", ["exact", "legacy prefix"])
@virtual_time
async def test_an_exact_namespace_is_exact(meaning: Meaning) -> None:
    """``namespace=`` finds no other record where a service takes it for the beginning of some."""
    transport = OneNamespace(meaning)
    transport.namespaces = [f"/facts/{each}" for each in ("a", "a/", "ab", "a/b", "b")]
    async with manager_on(transport) as manager:
        found = await manager.list_long_term_memory_records(namespace="/facts/a")
    assert ["/facts/a"] == [record.namespace for record in found]


def test_the_pairs_are_hostile() -> None:
    """Many pairs begin alike, and some ids had to be encoded."""
    chance = random.Random(2026)
    pairs = [hostile_pair(chance) for _ in range(10_000)]
    assert 1_000 < sum(b.startswith(a) for a, b in pairs if a != b)
    assert 1_000 < sum(b.startswith("enc-") for _, b in pairs)
    assert all(encode_actor_id(a) == a for a, _ in pairs if not a.startswith("enc-"))
