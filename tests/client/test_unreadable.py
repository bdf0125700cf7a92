"""Answers that lack members, or have unknown ones: one item never hides the others."""

from __future__ import annotations

import warnings
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import (
    BlobPayload,
    DecodeError,
    ExtractionFailedError,
    InvalidInputError,
    MessageRole,
    OutcomeUnknownError,
    RetryPolicy,
    UnreadableItemWarning,
)
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import MEMORY, manager_on, pages, said, wire_event, wire_record
from tests.client.model_answers import Path, answer, members_of, without

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from agentcore_memory_async import AsyncMemorySession

LISTS = {
    "ListEvents": ("events", "eventId"),
    "ListMemoryRecords": ("memoryRecordSummaries", "memoryRecordId"),
    "RetrieveMemoryRecords": ("memoryRecordSummaries", "memoryRecordId"),
    "ListMemoryExtractionJobs": ("jobs", "jobID"),
    "ListSessions": ("sessionSummaries", "sessionId"),
}
"""Lists that the client reads, with the member that has the id of an item."""


async def failed_jobs(session: AsyncMemorySession) -> list[Any]:
    """Return the failed jobs that a wait of the session finds."""
    since = await session.add_turns([said("hi")])
    with pytest.raises(ExtractionFailedError) as caught:
        await session.wait_for_extraction("/facts/{actorId}/", since=since)
    return list(caught.value.jobs)


READ: dict[str, Callable[[AsyncMemorySession], Awaitable[list[Any]]]] = {
    "ListEvents": lambda session: session.list_events(),
    "ListMemoryRecords": lambda session: session.list_long_term_memory_records("/facts/a/"),
    "RetrieveMemoryRecords": lambda session: session.search_long_term_memories("q", "/facts/a/"),
    "ListMemoryExtractionJobs": failed_jobs,
    "ListSessions": lambda session: session.get_actor().list_sessions(),
}

IN_LISTS = [
    pytest.param(operation, path, required, null, id=f"{operation} {path} {null}")
    for operation in LISTS
    for path, required in members_of(operation)
    for null in (False, True)
]


def identity(item: Any) -> str:
    """Return the id of what was read."""
    names = ("event_id", "memory_record_id", "job_id", "session_id")
    return str(next(getattr(item, name) for name in names if hasattr(item, name)))


def texts_of(item: Any) -> list[str]:
    """Return the texts of what was read."""
    names = ("content", "namespace", "actor_id", "session_id", "status", "reason")
    texts = [getattr(item, name) for name in names if hasattr(item, name)]
    texts += [each.text for each in getattr(item, "messages", ()) if hasattr(each, "text")]
    return [*texts, *getattr(item, "metadata", {}).values()]


def with_another(operation: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return *body* with a second item, which is whole."""
    member, name = LISTS[operation]
    (whole,) = answer(operation)[member]
    return {**body, member: [*body[member], {**whole, name: "9999999999999999999#f"}]}


@pytest.mark.parametrize(("operation", "path", "required", "null"), IN_LISTS)
@virtual_time
async def test_every_member_of_a_list_may_be_missing(
    operation: str, path: Path, required: bool, null: bool
) -> None:
    """An item without an optional member is read; one without a required one hides no other."""
    member, name = LISTS[operation]
    body = without(answer(operation), path, null=null)
    service = FakeTransport()
    if path == (member,):
        service.reply(operation, body)
        async with manager_on(service) as manager:
            session = await manager.create_memory_session("a", "s", verify=False)
            with pytest.raises(DecodeError, match=f"no list of {member}"):
                await READ[operation](session)
        assert 1 == len(service.sent(operation))
        return
    service.reply(operation, with_another(operation, body))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        async with manager_on(service) as manager:
            session = await manager.create_memory_session("a", "s", verify=False)
            read = await READ[operation](session)
    texts = [str(each.message) for each in caught]
    assert 1 == len(service.sent(operation))
    assert "9999999999999999999#f" in map(identity, read)
    # A job that names no events is read, and concerns no wait.
    assert len(read) == 2 - len(caught) - (path[-1] == "messagesList")
    assert required or not caught
    assert "None" not in {text for item in read for text in texts_of(item)}
    named = "number 1 of the page" if path[-1] == name else answer(operation)[member][0][name]
    assert all(f"{named}: its " in text for text in texts)


@pytest.mark.parametrize("null", [False, True], ids=["out", "null"])
@pytest.mark.parametrize("path", [path for path, _ in members_of("CreateEvent")], ids=str)
@virtual_time
async def test_every_member_of_an_acknowledgement_may_be_missing(path: Path, null: bool) -> None:
    """What an acknowledgement leaves out is what was sent; without an id it is none."""
    service = FakeTransport()

    def reply(params: Mapping[str, Any]) -> Mapping[str, Any]:
        whole = answer("CreateEvent")
        shown = {name: params[name] for name in ("memoryId", "eventTimestamp", "metadata")}
        whole["event"].update(deepcopy(shown), branch={"name": "main", "rootEventId": "0#a"})
        for item, sent in zip(whole["event"]["payload"], params["payload"], strict=False):
            item.update(deepcopy(sent))
        del whole["event"]["payload"][2:]
        return without(whole, path, null=null) if exists(whole, path) else whole

    service.reply("CreateEvent", reply)
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        event = await session.add_turns([said("hi"), BlobPayload("x")], metadata={"key": "text"})
    assert ((said("hi"),), "x") == (event.messages, event.payload)
    assert {"key": "text"} == event.metadata
    assert ("a", "s", None) == (event.actor_id, event.session_id, event.branch)
    again = path in {("event",), ("event", "eventId")}
    assert 1 + again == len(service.sent("CreateEvent"))


def exists(body: Any, path: Path) -> bool:
    """Return whether *body* has the member."""
    try:
        for step in path:
            body = body[step]
    except (LookupError, TypeError):
        return False
    return True


@virtual_time
async def test_a_started_job_without_an_id_may_be_started() -> None:
    """A wrong answer to the restart of a job leaves it unknown, with a token that settles it."""
    service = FakeTransport()
    service.reply("ListMemoryExtractionJobs", answer("ListMemoryExtractionJobs"))
    service.reply("StartMemoryExtractionJob", {})
    async with manager_on(service, retry=RetryPolicy(max_attempts=1)) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(ExtractionFailedError) as caught:
            await session.wait_for_extraction(
                "/facts/a/", since=await session.add_turns([said("hi")])
            )
        with pytest.raises(OutcomeUnknownError) as unknown:
            await caught.value.restart()
    assert "its jobId is missing" in str(unknown.value.__cause__)
    [sent] = service.sent("StartMemoryExtractionJob")
    assert sent["clientToken"] == unknown.value.client_token


NO_ROLE = {"conversational": {"content": {"text": "secret"}}}
NULL_CONTENT = {"conversational": {"role": "USER", "content": None}}


@pytest.mark.parametrize("item", [NO_ROLE, NULL_CONTENT], ids=["no role", "null content"])
@virtual_time
async def test_a_skipped_event_does_not_count(item: dict[str, Any]) -> None:
    """The last turns are read on past an unreadable event, which is named without its text."""
    service = FakeTransport()
    events = [wire_event(3, "c"), wire_event(2, payload=[item]), wire_event(1, "b", "a")]
    service.reply("ListEvents", *pages("events", *([event] for event in events)))
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.warns(UnreadableItemWarning, match=f"{events[1]['eventId']}.*left out") as seen:
            turns = await session.get_last_k_turns(3)
    assert ["b", "a", "c"] == [turn.text for turn in turns]
    assert "secret" not in str(seen[0].message)


@virtual_time
async def test_a_skipped_record_does_not_count() -> None:
    """A search goes on to its next page where a record was left out."""
    service = FakeTransport()
    records = [wire_record(number, score=0.9 - number / 10) for number in range(4)]
    records[1]["content"] = None
    listed = pages("memoryRecordSummaries", records[:2], records[2:])
    service.reply("RetrieveMemoryRecords", *listed)
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.warns(UnreadableItemWarning, match=records[1]["memoryRecordId"]):
            found = await session.search_long_term_memories("q", "/facts/a/", 2)
    assert [0.9, 0.7] == [record.score for record in found]


@virtual_time
async def test_unreadable_items_are_raised_where_that_is_asked_for() -> None:
    """With ``on_unreadable="raise"`` the first of them ends the call, after one request."""
    service = FakeTransport()
    service.reply("ListEvents", {"events": [wire_event(1, "a"), wire_event(2, payload=[NO_ROLE])]})
    async with manager_on(service, on_unreadable="raise") as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(DecodeError, match="its role is missing"):
            await session.list_events()
    assert 1 == len(service.requests)
    for wrong in ("ignore", None, ["skip"]):
        with pytest.raises(InvalidInputError, match="on_unreadable"):
            manager_on(service, on_unreadable=wrong)


@virtual_time
async def test_verifying_reads_no_event() -> None:
    """An unreadable event is no reason why a session could not be used."""
    service = FakeTransport()
    service.reply("ListEvents", {"events": [{"eventId": None}]})
    async with manager_on(service, on_unreadable="raise") as manager:
        await manager.create_memory_session("a", "s", verify=True)


@virtual_time
async def test_a_record_without_a_score_comes_last() -> None:
    """Found records have a number as score, those without one 0.0, also behind negative ones."""
    service = FakeTransport()
    scores: list[Any] = [{}, {"score": -0.5}, {"score": None}, {"score": 0.5}]
    records = [wire_record(number, **score) for number, score in enumerate(scores)]
    service.reply("RetrieveMemoryRecords", {"memoryRecordSummaries": records})
    service.reply("ListMemoryRecords", {"memoryRecordSummaries": records})
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        found = await session.search_long_term_memories("q", "/facts/a/")
        listed = await session.list_long_term_memory_records("/facts/a/")
    assert ["0.50", "-0.50", "0.00", "0.00"] == [f"{record.score:.2f}" for record in found]
    assert [None] * 4 == [record.score for record in listed]


@virtual_time
async def test_the_unknown_is_kept_or_read_as_other() -> None:
    """Unknown members, roles, items and kinds of metadata never make an event unreadable."""
    service = FakeTransport()
    unknown = wire_event(
        1,
        payload=[
            {"conversational": {"role": "SYSTEM", "content": {"text": None, "new": 1}, "new": 1}},
            {"hologram": {"x": 1}},
            {},
        ],
        metadata={
            "a": {"numberValue": 5},
            "b": None,
            "c": {},
            "d": {"stringValue": None},
            "e": "x",
            "f": 5,
        },
        new={"member": 1},
    )
    service.reply("ListEvents", {"events": [unknown], "new": 1})
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        (event,) = await session.list_events()
    assert [(MessageRole.OTHER, "")] == [(each.role, each.text) for each in event.messages]
    assert {"hologram": {"x": 1}} == event.payload
    assert {"a": "5", "b": "", "c": "", "d": "", "e": "x", "f": "5"} == event.metadata


BROKEN = [({"events": {}}, 1), ({"events": [], "nextToken": 5}, 1), (DecodeError("o", "cut"), 3)]


@pytest.mark.parametrize(("reply", "requests"), BROKEN, ids=["shape", "token", "cut"])
@virtual_time
async def test_only_what_does_not_parse_is_asked_for_again(reply: Any, requests: int) -> None:
    """A page of another shape is raised at once, and a page that is cut off is read again."""
    service = FakeTransport()
    service.reply("ListEvents", reply, reply, reply)
    async with manager_on(service, retry=RetryPolicy(max_attempts=3)) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(DecodeError):
            await session.list_events()
    assert requests == len(service.requests)


STRINGS = ["12345678901234567890123", "true", "NaN", "null", '"x"', '{"a": 1}', "[1]", "1", "", " "]


@pytest.mark.parametrize("text", STRINGS)
async def test_strings_of_others_stay_strings(text: str) -> None:
    """A blob that another program stored as a string is that string, whatever it looks like."""
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        params = {
            "memoryId": MEMORY,
            "actorId": "a",
            "sessionId": "s",
            "eventTimestamp": 1,
            "payload": [{"blob": text}],
        }
        await manager._core.retrier._transport("CreateEvent", params)
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.add_turns([BlobPayload(text)])
        (ours, theirs) = await session.list_events()
    assert [text, text] == [ours.payload, theirs.payload]


@pytest.mark.parametrize("content", [True, None, 1, 10**22, 0.5, {"a": [1]}, [], "x"], ids=repr)
async def test_blobs_of_this_package_come_back_as_they_were(content: Any) -> None:
    """What this package wrote keeps its type."""
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.add_turns([BlobPayload(content)])
        (event,) = await session.list_events()
    assert (type(content), content) == (type(event.payload), event.payload)
