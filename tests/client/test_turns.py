"""Turns are read in the order of the conversation."""

from __future__ import annotations

from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import Branch, InvalidInputError, MessageRole
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import MEMORY, manager_on, pages, said, wire_event

if TYPE_CHECKING:
    from collections.abc import Mapping


async def turns(contents: list[list[dict[str, Any]]], k: int = 10, **options: Any) -> list[str]:
    """Return the texts of the last *k* turns of a session that is listed as *contents*."""
    return (await read(contents, k, **options))[0]


async def read(
    contents: list[list[dict[str, Any]]], k: int = 10, **options: Any
) -> tuple[list[str], FakeTransport]:
    """Return the texts of the last *k* turns, and the transport."""
    transport = FakeTransport()
    transport.reply("ListEvents", *pages("events", *contents))
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        found = await session.get_last_k_turns(k, **options)
    return [turn.text for turn in found], transport


CONVERSATION = ["U1", "A1", "U2", "A2", "U3", "A3"]


async def test_one_message_an_event_reads_oldest_first() -> None:
    """
    Events of one message each read oldest first, where the official SDK reverses turns (service
    facts 4.1).
    """
    events = [wire_event(at, text) for at, text in enumerate(CONVERSATION)]

    assert await turns([events[::-1]], 4) == ["U2", "A2", "U3", "A3"]


async def test_one_turn_an_event_reads_oldest_first() -> None:
    """
    Events of one turn each read oldest first, where the official SDK returns the
    newest first.
    """
    events = [wire_event(at, f"U{at}", f"A{at}") for at in (1, 2, 3)]

    assert await turns([events[::-1]], 4) == ["U2", "A2", "U3", "A3"]


async def test_the_newest_of_one_large_event_are_its_last() -> None:
    """
    The last messages of a large event are its newest, where the official SDK
    returns its first.
    """
    assert await turns([[wire_event(1, *CONVERSATION)]], 4) == ["U2", "A2", "U3", "A3"]


async def test_a_turn_over_two_events_stays_together() -> None:
    """
    A turn over two events stays together, where the official SDK joins a tool's answer to the next
    turn.
    """
    events = [wire_event(1, "U1"), wire_event(2, "T1", "A1"), wire_event(3, "U2")]

    assert await turns([events[::-1]], 4) == ["U1", "T1", "A1", "U2"]


async def test_an_empty_page_is_not_the_end() -> None:
    """Reading continues after an empty page, where the official SDK stops."""
    contents = [[], [wire_event(2, "new")], [], [], [wire_event(1, "old")], []]

    assert await turns(contents) == ["old", "new"]


async def test_a_named_branch_is_filtered_by_the_service_and_here() -> None:
    """A branch alone is filtered by the service and again in the client."""
    on_b = wire_event(2, "on b", branch={"name": "b", "rootEventId": "1#a"})
    listed = [[on_b, wire_event(1, "on main")]]
    texts, transport = await read(listed, branch="b", include_parent_branches=False)

    assert texts == ["on b"]
    (request,) = transport.requests
    assert request.params["filter"] == {"branch": {"name": "b", "includeParentBranches": False}}


async def test_a_branch_has_the_turns_before_its_fork() -> None:
    """The last turns of a branch go on with those of its parents, also at the same time."""
    root = wire_event(2, "root", number=9)
    on_b = wire_event(2, "on b", branch={"name": "b", "rootEventId": root["eventId"]}, number=1)
    transport = FakeTransport()
    transport.reply("ListEvents", {"events": [on_b]})
    transport.reply("ListEvents", *pages("events", [root, on_b], [wire_event(1, "start")]))
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        found = await session.get_last_k_turns(branch="b")

    assert [turn.text for turn in found] == ["start", "root", "on b"]
    asked = [request.params["filter"]["branch"] for request in transport.requests]
    assert asked == [
        {"name": "b", "includeParentBranches": parents} for parents in (False, True, True)
    ]


async def test_a_branch_with_enough_turns_is_read_alone() -> None:
    """What a branch forks from is not asked for where the branch itself has enough messages."""
    on_b = wire_event(2, "on b", branch={"name": "b", "rootEventId": "1#a"})
    texts, transport = await read([[on_b]], 1, branch="b")

    assert texts == ["on b"]
    (request,) = transport.requests
    assert request.params["filter"] == {"branch": {"name": "b", "includeParentBranches": False}}


async def test_parents_are_read_as_far_as_they_are_needed() -> None:
    """Their list is left at the first older event, once there are enough messages."""
    root = wire_event(5, "root")
    on_b = wire_event(1, "on b", branch={"name": "b", "rootEventId": root["eventId"]})
    listed = [[], [root], [wire_event(4, "older"), on_b], [wire_event(0, "start")]]
    transport = FakeTransport()
    transport.reply("ListEvents", {"events": [on_b]})
    transport.reply("ListEvents", *pages("events", *listed))
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        found = await session.get_last_k_turns(2, branch="b")

    assert [turn.text for turn in found] == ["root", "on b"]
    assert len(transport.requests) == 4


@pytest.mark.parametrize("root", [None, "7#f", "2#a"], ids=["unnamed", "gone", "itself"])
async def test_a_branch_whose_root_is_not_listed_has_what_the_service_lists(
    root: str | None,
) -> None:
    """A root that is not named, was deleted, or is on the branch itself, ends the search."""
    named = {"rootEventId": root} if root else {}
    on_b = {**wire_event(2, "on b", branch={"name": "b", **named}), "eventId": "2#a"}
    listed = [[on_b], [wire_event(3, "later")], [wire_event(1, "start")]]
    transport = FakeTransport()
    transport.reply("ListEvents", {"events": [on_b]})
    transport.reply("ListEvents", *pages("events", *listed))
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        found = await session.get_last_k_turns(branch="b")

    assert [turn.text for turn in found] == ["start", "later", "on b"]
    assert len(transport.requests) == 4


@pytest.mark.parametrize("branch", [None, "main", Branch("main")])
async def test_main_branch_drops_the_others(branch: Any) -> None:
    """The main branch is read without a filter, and events of other branches are dropped."""
    mixed = [
        wire_event(3, "on b", branch={"name": "b"}),
        wire_event(2, "plain"),
        {**wire_event(1, "no branch"), "branch": None},
    ]
    texts, transport = await read([mixed], branch=branch)

    assert texts == ["no branch", "plain"]
    assert "filter" not in transport.requests[0].params


async def test_turns_behind_a_thousand_custom_events_are_found() -> None:
    """Events without messages do not count toward *k*."""
    custom = [
        wire_event(5000 - at, payload=[{"json": {"content": {"n": at}}}]) for at in range(1000)
    ]
    contents = [custom[at : at + 20] for at in range(0, 1000, 20)]
    contents.append([wire_event(at, text) for at, text in enumerate(CONVERSATION)][::-1])

    assert await turns(contents, 3) == ["A2", "U3", "A3"]


async def test_ties_over_the_border_of_a_page_are_all_seen() -> None:
    """Events of the same millisecond are ordered by id across pages."""
    contents = [
        [wire_event(9, "n1", number=1), wire_event(9, "n3", number=3)],
        [wire_event(9, "n2", number=2), wire_event(8, "old")],
    ]

    assert await turns(contents, 2) == ["n2", "n3"]


async def test_reading_stops_when_it_is_certain() -> None:
    """No unneeded page is read, and the page size fits *k*."""
    contents = [
        [wire_event(3, "c"), wire_event(2, "b")],
        [wire_event(1, "a")],
        [wire_event(0, "z")],
    ]
    texts, transport = await read(contents, 1)
    assert (texts, len(transport.requests)) == (["c"], 1)
    assert transport.requests[0].params["maxResults"] == 20

    _, transport = await read(contents, 500)
    assert [request.params.get("nextToken") for request in transport.requests] == [None, "t0", "t1"]
    assert transport.requests[0].params["maxResults"] == 100
    assert transport.requests[0].params["includePayloads"] is True


async def test_a_turn_has_role_text_and_the_time_of_its_event() -> None:
    """A turn has its role, its text and the timestamp of its event."""
    transport = FakeTransport()
    transport.reply("ListEvents", {"events": [wire_event(5, "hi", "there")]})
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        first, second = await session.get_last_k_turns()

    assert f"{first.role}: {first.text}" == "USER: hi"
    assert first.role is MessageRole.USER
    assert first.timestamp == second.timestamp == datetime(2026, 1, 1, 0, 0, 0, 5000, tzinfo=UTC)
    assert session.memory_id == MEMORY


@virtual_time
async def test_mappings_are_stored_as_messages() -> None:
    """``add_turns`` and a buffer store mappings of other APIs as messages, among others."""
    transport = FakeTransport()
    conversation: list[Mapping[str, object]] = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [{"text": "ho"}]},
    ]
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        event = await session.add_turns([*conversation, said("U2")])
        async with session.buffered() as buffer:
            for each in conversation:
                await buffer.add(each)
            with pytest.raises(InvalidInputError, match=r"^message\.role is 'system'"):
                await buffer.add({"role": "system", "content": "be brief"})
    expected = [("USER", "hi"), ("ASSISTANT", "ho"), ("USER", "U2")]
    sent = [
        [
            (said["role"], said["content"]["text"])
            for said in map(itemgetter("conversational"), each)
        ]
        for each in map(itemgetter("payload"), transport.sent("CreateEvent"))
    ]

    assert [expected, expected[:2]] == sent
    assert [said("hi"), said("ho", MessageRole.ASSISTANT), said("U2")] == list(event.messages)
