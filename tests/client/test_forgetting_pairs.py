"""Forgetting one actor never touches another, whatever their ids, templates and the service."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async.local._storage.namespaces import NamespaceQuery
from tests._virtual_time import virtual_time
from tests.client.doubles import manager_on
from tests.client.test_forgetting import Store, record_id
from tests.client.test_reach import TEMPLATES, fill
from tests.unit.test_namespaces import hostile_pair

if TYPE_CHECKING:
    from collections.abc import Mapping

PAIRS = 1_000
"""Pairs of each way."""


class TwoActors(Store):
    """A memory with events and records of some actors, and one meaning of ``namespacePath``."""

    def __init__(self, *, raw_prefix: bool) -> None:
        super().__init__({}, {})
        self.of_actor: dict[str, dict[str, dict[str, None]]] = {}
        self._raw_prefix = raw_prefix

    def _default(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any] | Exception:
        self.kept_events = self.of_actor.get(params.get("actorId", ""), {})
        return super()._default(operation, params)

    def list_records(self, prefix: str) -> list[dict[str, Any]]:
        """Return the records below a prefix, as this service means it."""
        query = NamespaceQuery.of(
            {"namespacePath": prefix}, legacy_prefix=False, raw_prefix=self._raw_prefix
        )
        shown = {key: each for key, each in self.kept_records.items() if query.covers(each)}
        return [{"memoryRecordId": key, "namespaces": [each]} for key, each in shown.items()]


def path_pair(chance: random.Random) -> tuple[str, str]:
    """Return two ids that are paths, one often below the other or alike."""
    pieces = ["a", "ab", "a-b", "facts", "s", "a:b", "x"]
    mine = "/".join(chance.choices(pieces, k=chance.randint(1, 2)))
    others = [f"{mine}/{chance.choice(pieces)}", f"{mine}b", mine[:-1], chance.choice(pieces)]
    return mine, chance.choice(others) or "b"


@pytest.mark.parametrize("raw_prefix", [False, True])
@pytest.mark.parametrize("hierarchical", [False, True])
@virtual_time
async def test_forgetting_one_of_a_pair_leaves_the_other(
    hierarchical: bool, raw_prefix: bool
) -> None:
    """All of mine goes, of theirs nothing, in namespaces of several templates and below them."""
    chance = random.Random(2026)
    store = TwoActors(raw_prefix=raw_prefix)
    options = {"allow_hierarchical_actor_ids": hierarchical}
    pairs = 0
    async with manager_on(store, **options) as manager:
        while pairs < PAIRS:
            mine, theirs = (path_pair if hierarchical else hostile_pair)(chance)
            if mine == theirs or mine.endswith("/") or theirs.endswith("/"):
                continue
            pairs += 1
            template = chance.choice(TEMPLATES)
            places = [fill(template, mine), fill(template, theirs)]
            if not hierarchical:
                places = [f"{each}{below}" for below in ("", "/x") for each in places]
            store.kept_records = {record_id(number): each for number, each in enumerate(places)}
            of_theirs = dict(list(store.kept_records.items())[1::2])
            store.of_actor = {
                actor_id: {f"s{n}": {f"000000{n}#a": None} for n in range(2)}
                for actor_id in (mine, theirs)
            }
            store.requests.clear()
            report = await manager.forget_actor(mine, namespaces=[template], settle=0)
            assert store.kept_records == of_theirs, (mine, theirs, template)
            assert store.of_actor[mine] == {"s0": {}, "s1": {}}
            assert all(store.of_actor[theirs].values())
            assert (report.deleted.events, report.remaining) == (2, ())
