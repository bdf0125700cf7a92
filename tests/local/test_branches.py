"""
Branches of the local service, against the model of conversations.

What is listed is held against the model over bare HTTP, with none of the client's code; then the
client reads the same conversations.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.client.branched import (
    MAIN,
    START_MS,
    History,
    Stored,
    check_branches,
    check_reading,
    random_history,
)
from tests.local.local_client import MEMORY

if TYPE_CHECKING:
    from tests.local.local_client import Client


async def store(client: Client, planned: History, session: str) -> History:
    """Store a conversation in its order, and return it with the ids of the service."""
    stored = History()
    found: dict[str, Stored] = {}
    for event in planned.events:
        root = planned.roots.get(event.branch)
        branch: dict[str, Any] = {}
        if root:
            root = stored.roots[event.branch] = found[root.event_id]
            branch["branch"] = {"name": event.branch, "rootEventId": root.event_id}
        payload = [
            {"conversational": {"role": role, "content": {"text": text}}}
            for role, text in event.said
        ]
        reply = await client.create(
            actor="a",
            session=session,
            at=event.at_ms / 1000,
            payload=payload,
            **branch,
        )
        assert reply.status == 201, reply.raw
        event_id = reply.body["event"]["eventId"]
        found[event.event_id] = Stored(event_id, event.at_ms, event.branch, event.said)
        stored.events.append(found[event.event_id])
    return stored


async def listed(client: Client, session: str, size: int, **members: Any) -> list[str]:
    """Return the ids of all pages of a list."""
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        reply = await client.events(actor="a", session=session, maxResults=size, **members, **token)
        assert reply.status == 200, reply.raw
        found += [event["eventId"] for event in reply.body["events"]]
        if "nextToken" not in reply.body:
            return found
        token = {"nextToken": reply.body["nextToken"]}


def newest_first(events: list[Stored]) -> list[str]:
    """Return the ids of events as the service lists them."""
    return [event.event_id for event in sorted(events, key=lambda each: each.key, reverse=True)]


@pytest.mark.parametrize("seed", range(10))
async def test_a_filter_by_branch_lists_the_chain_up_to_the_forks(
    client: Client, seed: int
) -> None:
    """
    A branch is listed alone, or with main and all branches above it up to the forks; without a
    filter all branches are, over pages of each size, newest first.
    """
    chance = Random(seed)
    history = await store(client, random_history(chance), "s")
    assert newest_first(history.events) == await listed(client, "s", chance.randint(1, 100))
    for branch in history.branches:
        for parents in (False, True):
            asked = {"branch": {"name": branch, "includeParentBranches": parents}}
            for size in (1, 2, 3, 100):
                found = await listed(client, "s", size, filter=asked)
                assert newest_first(history.read(branch, parents=parents)) == found


async def test_the_fork_counts_and_not_the_time_of_a_branch(client: Client) -> None:
    """A branch whose events have earlier times than its root has the same parents."""
    root = Stored("1#a", START_MS + 5, MAIN, (("USER", "root"),))
    planned = History(
        [
            Stored("0#a", START_MS, MAIN, (("USER", "first"),)),
            root,
            Stored("2#a", START_MS + 9, MAIN, (("USER", "later"),)),
            inner := Stored("3#a", START_MS + 2, "b", (("USER", "early"),)),
            Stored("4#a", START_MS + 3, "b", (("USER", "beyond"),)),
            Stored("5#a", START_MS + 1, "c", (("USER", "below"),)),
        ],
        {"b": root, "c": inner},
    )
    history = await store(client, planned, "s")
    for branch in history.branches:
        asked = {"branch": {"name": branch, "includeParentBranches": True}}
        expected = newest_first(history.read(branch, parents=True))
        assert expected == await listed(client, "s", 2, filter=asked)


async def test_the_client_reads_them_as_the_model_says(client: Client) -> None:
    """Turns, exchanges, events, branches and tree are those of the model."""
    chance = Random(0)
    async with client.service.manager(MEMORY) as manager:
        for number in range(20):
            history = await store(client, random_history(chance), f"s{number}")
            session = await manager.create_memory_session("a", f"s{number}")
            await check_reading(session, history, chance)
            await check_branches(session, history)
