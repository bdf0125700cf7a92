"""What is given by the official SDK's name of an argument is sent as if it were given by ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import InvalidInputError, where
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import manager_on, said, wire_record

if TYPE_CHECKING:
    from agentcore_memory_async import AsyncMemorySession

THEN = datetime(2025, 5, 1, tzinfo=UTC)
RECORD = "mem-" + "0" * 36
PREFIX = "/facts/{actorId}/"
EXPRESSION = {
    "left": {"metadataKey": "t"},
    "operator": "EQUALS_TO",
    "right": {"metadataValue": {"stringValue": "x"}},
}
"""A filter as the official SDK writes it."""
Call = Callable[..., Awaitable[Any]]


async def iterated(found: Any) -> list[Any]:
    """Return what an iterator yields."""
    return [each async for each in found]


async def buffered(session: AsyncMemorySession, **options: Any) -> None:
    """Write one message through a buffer."""
    async with session.buffered(**options) as buffer:
        await buffer.add(said("hi"))


CALLS: dict[str, tuple[Call, dict[str, Any], dict[str, Any]]] = {
    "add_turns": (
        lambda s, **given: s.add_turns([said("hi")], client_token="t", **given),
        {"branch": "b", "timestamp": THEN},
        {"branch_name": "b", "event_timestamp": THEN},
    ),
    "create_event": (
        lambda s, **given: s.create_event("order", {}, client_token="t", **given),
        {"branch": "b", "timestamp": THEN},
        {"branch_name": "b", "event_timestamp": THEN},
    ),
    "get_last_k_turns": (
        lambda s, **given: s.get_last_k_turns(5, **given),
        {"branch": "b"},
        {"branch_name": "b"},
    ),
    "get_last_k_exchanges": (
        lambda s, **given: s.get_last_k_exchanges(5, **given),
        {"branch": "b"},
        {"branch_name": "b"},
    ),
    "list_events": (
        lambda s, **given: s.list_events(**given),
        {"branch": "b", "include_payloads": False, "filters": [where("t") == "x"]},
        {"branch_name": "b", "include_payload": False, "event_metadata": [EXPRESSION]},
    ),
    "iter_events": (
        lambda s, **given: iterated(s.iter_events(**given)),
        {"branch": "b", "include_payloads": False, "filters": [where("t") == "x"]},
        {"branch_name": "b", "include_payload": False, "event_metadata": [EXPRESSION]},
    ),
    "events by the other name of the filter": (
        lambda s, **given: s.list_events(consistent_read=False, **given),
        {"filters": [where("t") == "x"]},
        {"eventMetadata": [EXPRESSION]},
    ),
    "process_turn_with_llm": (
        lambda s, **given: s.process_turn_with_llm(
            "hi", lambda *_: "ho", {}, client_token="t", **given
        ),
        {"branch": "b", "timestamp": THEN},
        {"branch_name": "b", "event_timestamp": THEN},
    ),
    "ingest_data": (
        lambda s, **given: s.ingest_data([said("hi")], client_token="t", **given),
        {"timestamp": THEN},
        {"event_timestamp": THEN},
    ),
    **{
        name: (
            call,
            {
                "namespace_prefix": PREFIX,
                "memory_strategy_id": "f",
                "filters": [where("t") == "x"],
            },
            {
                "namespace_path": PREFIX,
                "strategy_id": "f",
                "metadata_filters": [EXPRESSION],
            },
        )
        for name, call in {
            "list_records": lambda s, **given: s.list_long_term_memory_records(**given),
            "iter_records": lambda s, **given: iterated(s.iter_long_term_memory_records(**given)),
            "search": lambda s, **given: s.search_long_term_memories("q", **given),
            "search of an actor": lambda s, **given: s.get_actor().search_long_term_memories(
                "q", **given
            ),
        }.items()
    },
    **{
        name: (call, {"memory_strategy_id": "f"}, {"strategy_id": "f"})
        for name, call in {
            "list_jobs": lambda s, **given: s.list_memory_extraction_jobs(**given),
            "iter_jobs": lambda s, **given: iterated(s.iter_memory_extraction_jobs(**given)),
            "wait": lambda s, **given: s.extraction_poller(
                PREFIX, timeout=1, on_timeout="return", **given
            ),
        }.items()
    },
    **{
        name: (call, {"memory_record_id": RECORD}, {"record_id": RECORD})
        for name, call in {
            "get_record": lambda s, **given: s.get_memory_record(**given),
            "delete_record": lambda s, **given: s.delete_memory_record(**given),
        }.items()
    },
}
"""Calls, with arguments by our names, and by those of the official SDK."""


async def requests_of(call: Call, given: dict[str, Any]) -> list[Any]:
    """Return the requests of one call."""
    transport = FakeTransport()
    transport.reply("GetMemoryRecord", {"memoryRecord": wire_record(0)})
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await call(session, **given)
    return transport.requests


@pytest.mark.parametrize("name", CALLS)
@virtual_time
async def test_both_names_send_the_same(name: str) -> None:
    """The requests are the same by either name, and others than without the argument."""
    call, ours, theirs = CALLS[name]
    expected = await requests_of(call, ours)
    assert expected == await requests_of(call, theirs)
    assert expected


@virtual_time
async def test_a_buffer_takes_the_branch_by_either_name() -> None:
    """A buffer writes to the branch that either name gives."""
    for given in ({"branch": "b"}, {"branch_name": "b"}):
        [request] = await requests_of(buffered, given)
        assert {"name": "b"} == request.params["branch"]


@pytest.mark.parametrize("name", CALLS)
@virtual_time
async def test_both_names_together_are_refused(name: str) -> None:
    """An argument that is given by both names is refused before any request."""
    call, ours, theirs = CALLS[name]
    for our_name, their_name in zip(ours, theirs, strict=True):
        given = {our_name: ours[our_name], their_name: theirs[their_name]}
        with pytest.raises(InvalidInputError, match=f"{their_name} and {our_name} are both given"):
            await requests_of(call, given)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"namespace_prefix": "/"}, {"namespace_path": PREFIX}),
        ({"namespace_prefix": "/"}, {"namespace": PREFIX}),
        ({"filters": ()}, {"metadata_filters": [EXPRESSION]}),
    ],
)
@virtual_time
async def test_a_default_that_is_given_counts_as_given(
    ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    """Both names are refused also where ours has the value that it has when it is omitted."""
    calls: list[Call] = [
        lambda s, **given: s.list_long_term_memory_records(**given),
        lambda s, **given: iterated(s.iter_long_term_memory_records(**given)),
        lambda s, **given: s.search_long_term_memories("q", **given),
    ]
    for call in calls:
        assert await requests_of(call, ours)
        with pytest.raises(InvalidInputError, match="are both given"):
            await requests_of(call, {**ours, **theirs})


@virtual_time
async def test_whole_events_that_are_asked_for_by_both_names_are_refused() -> None:
    """``include_payloads=True`` is given, though it is what is done without it."""
    for call in (
        lambda s, **given: s.list_events(**given),
        lambda s, **given: iterated(s.iter_events(**given)),
    ):
        [asked] = await requests_of(call, {"include_payloads": True})
        assert [asked] == await requests_of(call, {})
        with pytest.raises(InvalidInputError, match="are both given"):
            await requests_of(call, {"include_payloads": True, "include_payload": False})


@pytest.mark.parametrize(("given", "sent"), [((3, 20), 3), ((7, 2), 2), ((None, 2), 2)])
@virtual_time
async def test_a_search_returns_the_smaller_number(
    given: tuple[int | None, int], sent: int
) -> None:
    """Of ``top_k`` and the official SDK's ``max_results`` the smaller one counts."""
    top_k, max_results = given
    options: dict[str, Any] = {} if top_k is None else {"top_k": top_k}
    [request] = await requests_of(
        lambda s, **given: s.search_long_term_memories("q", **given),
        {**options, "max_results": max_results},
    )
    assert sent == request.params["searchCriteria"]["topK"]
