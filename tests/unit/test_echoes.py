"""An answer belongs to its request only if whatever it repeats is the same."""

from __future__ import annotations

from math import inf, nan
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import AnswerMismatchError
from agentcore_memory_async._wire.echoes import check_answer

if TYPE_CHECKING:
    from collections.abc import Callable

ARN = "arn:aws:bedrock-agentcore:us-west-2:123456789012:memory/chat-a1B2c3D4e5"
IDS = {"memoryId": "chat-a1B2c3D4e5", "actorId": "alice", "sessionId": "s1"}
OTHER_IDS = [("memoryId", "chat-0000000000"), ("actorId", "bob"), ("sessionId", "s2")]


def message(text: str, role: str = "USER") -> dict[str, Any]:
    """Return a message as an item of a payload."""
    return {"conversational": {"role": role, "content": {"text": text}}}


WRITE = {**IDS, "eventTimestamp": 1.001, "payload": [message("hi"), message("hello", "ASSISTANT")]}
EVENT = {**WRITE, "eventId": "0000000000000001001#a", "branch": {"name": "main"}}


def differing(operation: str, params: dict[str, Any], body: dict[str, Any]) -> str:
    """Return the member by which *body* is found to be another's; empty if it is not."""
    try:
        check_answer(operation, params, body)
    except AnswerMismatchError as error:
        return "shown" if error.raw else error.member
    return ""


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"memoryId": ARN},
        {"eventTimestamp": 1.0012},
        {"branch": {"name": "main", "rootEventId": "1#b"}},
        {"branch": None},
        {"payload": None},
        {"payload": [5, {"new": 1}]},
        {"payload": [{"conversational": {"role": None}}, {"conversational": None}]},
        {"eventTimestamp": "1970-01-01T00:00:02Z"},
        {"eventTimestamp": 77.0},  # an earlier process stored it under the same token
        *({"eventTimestamp": value} for value in (nan, inf, 1e306, 10**400, True)),
        {"unknown": 1},
        *({name: None} for name in EVENT),
    ],
    ids=str,
)
def test_the_same_write_is_acknowledged(change: dict[str, Any]) -> None:
    """Absent, null and unknown members of an event are not held against it."""
    assert "" == differing("CreateEvent", WRITE, {"event": {**EVENT, **change}})
    left = {key: value for key, value in EVENT.items() if key not in change}
    assert "" == differing("CreateEvent", WRITE, {"event": left})


@pytest.mark.parametrize(
    ("member", "value"),
    [
        *OTHER_IDS,
        ("branch", {"name": "retry"}),
        ("payload", []),
        ("payload", [message("hi")]),
        ("payload", [message("hi"), message("hello", "TOOL")]),
        ("payload", [message("hi"), {"blob": "hello"}]),
        ("payload", [message("bye"), message("hello", "ASSISTANT")]),
    ],
)
def test_another_write_is_no_acknowledgement(member: str, value: object) -> None:
    """An event that differs in one member that it repeats belongs to another write."""
    assert member == differing("CreateEvent", WRITE, {"event": {**EVENT, member: value}})


@pytest.mark.parametrize(
    ("sent", "stored", "found"),
    [
        ({"json": {"content": 1}}, {"json": {"content": 2}}, "eventTimestamp"),
        ({"json": {"content": 1}}, {"json": {"content": 1.0}}, ""),
        ({"blob": "1"}, {"blob": "2"}, "payload"),
        ({"blob": "1"}, {"blob": "1"}, ""),
        (message("hi"), {"hologram": 1}, ""),
        (message("hi"), {**message("hi"), "blob": None, "json": None}, ""),
        ({"json": {"content": 1}}, {"json": {"content": 1}, "blob": None}, ""),
        ({"blob": "1"}, {"blob": "1", "json": None, "conversational": None}, ""),
        (message("hi"), {"conversational": {**message("hi")["conversational"], "new": 1}}, ""),
        ({"json": {"content": 1}}, {"json": {"content": 1, "new": 1}}, ""),
        ({"json": {"content": 1}}, {"json": [1]}, "eventTimestamp"),
    ],
    ids=str,
)
def test_an_event_of_another_time_is_the_same_write_only_with_the_same_content(
    sent: dict[str, Any], stored: dict[str, Any], found: str
) -> None:
    """What an earlier process stored under the token is held against all of the content."""
    asked = {**WRITE, "payload": [sent]}
    event = {**EVENT, "payload": [stored], "eventTimestamp": 1.002}

    assert found == differing("CreateEvent", asked, {"event": event})


def test_a_blob_that_is_no_text_may_come_back_as_one() -> None:
    """The service shows objects of blobs in a notation of its own, which is not compared."""
    asked = {**WRITE, "payload": [{"blob": {"k": 1}}]}

    assert "" == differing(
        "CreateEvent", asked, {"event": {**asked, "payload": [{"blob": "{k=1}"}]}}
    )
    assert "payload" == differing(
        "CreateEvent", asked, {"event": {**asked, "payload": [message("x")]}}
    )


def test_a_branch_is_asked_for_by_name() -> None:
    """An event of the main branch is no answer to a write on another branch."""
    asked = {**WRITE, "branch": {"name": "retry"}}

    assert "branch" == differing("CreateEvent", asked, {"event": EVENT})
    assert "" == differing("CreateEvent", asked, {"event": {**EVENT, "branch": {"name": "retry"}}})


@pytest.mark.parametrize(("member", "value"), OTHER_IDS)
def test_one_event_of_another_session_spoils_a_page(member: str, value: str) -> None:
    """A page with an event of another memory, actor or session belongs to another request."""
    page = {"events": [EVENT, 5, {**EVENT, member: value}]}

    assert member == differing("ListEvents", IDS, page)
    assert "" == differing("ListEvents", IDS, {"events": [EVENT, {"eventId": "1#a"}]})


@pytest.mark.parametrize(
    ("branches", "found"),
    [
        (["main"], "branch"),
        (["main", "other"], "branch"),
        (["main", "retry"], ""),  # moto lists all branches
        (["retry"], ""),
        (["main", None], ""),
        ([], ""),
    ],
    ids=str,
)
def test_a_page_of_other_branches_only_is_anothers(branches: list[str | None], found: str) -> None:
    """A page is held against the branch that was asked for alone."""
    asked = {"name": "retry", "includeParentBranches": False}
    page = {"events": [{**EVENT, "branch": name and {"name": name}} for name in branches]}

    assert found == differing("ListEvents", {**IDS, "filter": {"branch": asked}}, page)
    assert "" == differing("ListEvents", IDS, page)


@pytest.mark.parametrize(
    ("branches", "change", "found"),
    [
        (["other"], {}, "branch"),
        (["other", "another"], {}, "branch"),
        (["other", "main"], {}, ""),  # a branch whose own events were deleted
        (["other", None], {}, ""),
        (["other", "retry"], {}, ""),
        ([], {}, ""),
        (["other"], {"nextToken": "t1"}, ""),  # a later page may be of a parent alone
        (["other"], {"filter": {"eventMetadata": [{}]}}, ""),  # so may be what a filter leaves
    ],
    ids=str,
)
def test_a_whole_list_with_parents_has_the_branch_or_the_main_one(
    branches: list[str | None], change: dict[str, Any], found: str
) -> None:
    """A whole list of another branch alone is no list of a branch with its parents."""
    branch = {"name": "retry", "includeParentBranches": True}
    asked = {**IDS, **change, "filter": {**change.get("filter", {}), "branch": branch}}
    page = {"events": [{**EVENT, "branch": name and {"name": name}} for name in branches]}

    assert found == differing("ListEvents", asked, page)
    assert "" == differing("ListEvents", asked, {**page, "nextToken": "t2"})


@pytest.mark.parametrize("operation", ["ListMemoryRecords", "RetrieveMemoryRecords"])
@pytest.mark.parametrize(
    ("scope", "namespaces", "found"),
    [
        ({"namespacePath": "/facts/alice/"}, ["/facts/bob/"], "namespaces"),
        ({"namespace": "/facts/alice"}, ["/facts/bob"], "namespaces"),
        ({"namespacePath": "/facts/alice/"}, ["/facts/alice"], ""),
        ({"namespacePath": "/facts/alice/"}, ["facts/alice/s1/"], ""),
        ({"namespacePath": "/users/1/"}, ["/users/10/"], ""),  # as the service once did
        ({"namespacePath": "/"}, ["/facts/bob/"], ""),
        *(({"namespacePath": "/a/"}, value, "") for value in (None, [], [5], "/b/")),
    ],
    ids=str,
)
def test_records_are_held_against_the_prefix(
    operation: str, scope: dict[str, str], namespaces: object, found: str
) -> None:
    """A record that is not even below the text of the prefix belongs to another request."""
    page = {"memoryRecordSummaries": [5, {"namespaces": namespaces}]}

    assert found == differing(operation, scope, page)


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("ListMemoryRecords", {"memoryStrategyId": "facts-1"}),
        ("RetrieveMemoryRecords", {"searchCriteria": {"memoryStrategyId": "facts-1"}}),
    ],
)
def test_records_are_held_against_the_strategy(operation: str, asked: dict[str, Any]) -> None:
    """A record of another strategy than the one asked for belongs to another request."""
    page = {"memoryRecordSummaries": [{"memoryStrategyId": "facts-2"}]}

    assert "memoryStrategyId" == differing(operation, asked, page)
    assert "" == differing(operation, {}, page)
    assert "" == differing(operation, asked, {"memoryRecordSummaries": [{}]})


def test_jobs_are_held_against_their_filter() -> None:
    """A job of another actor does not answer a filter by actor; without a filter, any does."""
    body = {"jobs": [{"jobID": "j1", "actorId": "bob", "sessionId": "s1"}]}
    asked = {"memoryId": "m", "filter": {"actorId": "alice"}}

    assert "actorId" == differing("ListMemoryExtractionJobs", asked, body)
    assert "" == differing("ListMemoryExtractionJobs", {"memoryId": "m"}, body)


@pytest.mark.parametrize(
    ("operation", "member", "answer"),
    [
        ("DeleteEvent", "eventId", lambda ids: ids),
        ("IngestData", "sessionId", lambda ids: ids),
        *(
            ("GetEvent", member, lambda ids: {"event": ids})
            for member in ("memoryId", "actorId", "sessionId", "eventId")
        ),
        ("ListSessions", "actorId", lambda ids: {"sessionSummaries": [{}, 5, ids]}),
    ],
)
def test_what_is_asked_for_by_its_ids_is_held_against_them(
    operation: str, member: str, answer: Callable[[Any], dict[str, Any]]
) -> None:
    """An id that the answer repeats is the one of the request."""
    ids = {**IDS, "eventId": "1#a"}

    assert member == differing(operation, ids, answer({**ids, member: "other-0000000000"}))
    for known in (ids, {}, dict.fromkeys(ids)):
        assert "" == differing(operation, ids, answer(known))


def test_a_started_job_is_the_one_asked_for() -> None:
    """The id of a started job is that of the request."""
    asked = {"memoryId": "m", "extractionJob": {"jobId": "j1"}}

    assert "jobId" == differing("StartMemoryExtractionJob", asked, {"jobId": "j2"})
    assert "" == differing("StartMemoryExtractionJob", asked, {"jobId": "j1"})


@pytest.mark.parametrize(
    ("operation", "body", "found"),
    [
        ("GetMemoryRecord", {"memoryRecord": {"memoryRecordId": "mem-2"}}, "memoryRecordId"),
        ("GetMemoryRecord", {"memoryRecord": {"memoryRecordId": "mem-1"}}, ""),
        ("GetMemoryRecord", {"memoryRecord": {}}, ""),
        ("GetMemoryRecord", {"memoryRecord": 5}, ""),
        ("GetMemoryRecord", {}, ""),
        ("DeleteMemoryRecord", {"memoryRecordId": "mem-2"}, "memoryRecordId"),
        ("DeleteMemoryRecord", {"memoryRecordId": "mem-1"}, ""),
        ("DeleteMemoryRecord", {"memoryRecordId": None}, ""),
    ],
    ids=str,
)
def test_a_record_is_the_one_asked_for(operation: str, body: dict[str, Any], found: str) -> None:
    """The id of a record that was read or deleted is that of the request."""
    asked = {"memoryId": "m", "memoryRecordId": "mem-1"}

    assert found == differing(operation, asked, body)


@pytest.mark.parametrize(
    ("operation", "member"),
    [
        ("BatchCreateMemoryRecords", "requestIdentifier"),
        ("BatchUpdateMemoryRecords", "memoryRecordId"),
        ("BatchDeleteMemoryRecords", "memoryRecordId"),
    ],
)
@pytest.mark.parametrize("outcome", ["successfulRecords", "failedRecords"])
def test_outcomes_are_of_the_records_of_the_batch(
    operation: str, member: str, outcome: str
) -> None:
    """One outcome of a record that is not of the batch spoils the answer."""
    asked = {"memoryId": "m", "records": [{member: "r-1"}, {member: "r-2"}]}
    fine = [{member: "r-1"}, {member: None}, {member: 5}, {}, 5]

    assert "" == differing(operation, asked, {outcome: fine})
    assert "" == differing(operation, asked, {outcome: None})
    assert member == differing(operation, asked, {outcome: [*fine, {member: "r-3"}]})


@pytest.mark.parametrize("body", [{}, {"event": None}, {"event": []}, {"events": {}}, {"jobs": 1}])
@pytest.mark.parametrize(
    "operation",
    [
        *("CreateEvent", "DeleteEvent", "GetEvent", "IngestData"),
        *("ListEvents", "ListMemoryExtractionJobs", "ListSessions"),
    ],
)
def test_what_cannot_be_compared_is_left_to_reading(operation: str, body: dict[str, Any]) -> None:
    """An answer of another shape raises nothing here."""
    assert "" == differing(operation, WRITE, body)
