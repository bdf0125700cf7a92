"""Events, branches, actors and sessions over HTTP."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import ConversationalMessage, MessageRole
from agentcore_memory_async.local import Behavior, Lags, LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.local_client import Client

START = 1_767_225_600.0


async def test_an_event_comes_back_as_it_was_stored(client: Client) -> None:
    """CreateEvent returns 201 and the event; GetEvent returns the same."""
    created = await client.create("hi", metadata={"kind": {"stringValue": "greeting"}})
    assert created.status == 201
    event = created.body["event"]
    assert event == {
        "memoryId": client.memory,
        "actorId": "ann",
        "sessionId": "s1",
        "eventId": event["eventId"],
        "eventTimestamp": START,
        "branch": {"name": "main"},
        "payload": [{"conversational": {"role": "USER", "content": {"text": "hi"}}}],
        "metadata": {"kind": {"stringValue": "greeting"}},
    }
    got = await client.call("GET", "actor", "ann", "sessions", "s1", "events", event["eventId"])
    assert got.body == {"event": event}


@pytest.mark.parametrize(
    ("given", "kept"),
    [(START + 0.1234, START + 0.123), (START + 0.9999, START + 0.999), (1763850000.123,) * 2],
)
async def test_the_time_is_floored_to_milliseconds(
    client: Client, given: float, kept: float
) -> None:
    """The event's timestamp and the digits of its id are floored to milliseconds."""
    event = (await client.create(at=given)).body["event"]
    assert event["eventTimestamp"] == kept
    assert re.fullmatch(r"[0-9]{19}#[0-9a-f]{8}", event["eventId"])
    assert int(event["eventId"].split("#")[0]) == round(kept * 1000)


async def test_a_session_id_is_made_where_none_is_given(client: Client) -> None:
    """An event without sessionId goes to a new session that is named by a UUID."""
    event = (await client.create(sessionId=None)).body["event"]
    assert re.fullmatch(r"[0-9a-f-]{36}", event["sessionId"])


async def test_events_are_listed_newest_first_over_pages(client: Client) -> None:
    """Pages of three return all events once, newest first; the last page has no token."""
    for number in range(8):
        await client.create(f"m{number}", at=START + number)
    seen: list[str] = []
    token: dict[str, str] = {}
    for _ in range(3):
        reply = await client.events(maxResults=3, **token)
        seen += [
            event["payload"][0]["conversational"]["content"]["text"]
            for event in reply.body["events"]
        ]
        if "nextToken" not in reply.body:
            break
        token = {"nextToken": reply.body["nextToken"]}
    assert seen == [f"m{number}" for number in reversed(range(8))]


async def test_a_token_of_another_listing_is_refused(client: Client) -> None:
    """A page token works only for the request that it came from."""
    for number in range(3):
        await client.create(at=START + number)
    token = (await client.events(maxResults=1)).body["nextToken"]
    for wrong in (token + "x", "x", "", "bnVsbA=="):
        refused = await client.events(nextToken=wrong)
        assert (refused.status, refused.body["message"]) == (400, "Invalid nextToken")
    other = await client.events(session="s2", nextToken=token)
    assert (other.status, other.body["message"]) == (400, "Invalid nextToken")


async def test_payloads_are_left_out_on_request(client: Client) -> None:
    """With includePayloads=false the member is missing."""
    await client.create()
    reply = await client.events(includePayloads=False)
    assert "payload" not in reply.body["events"][0]


async def test_an_unknown_session_is_empty(client: Client) -> None:
    """The list of an unknown session is empty, with status 200."""
    reply = await client.events(actor="nobody")
    assert (reply.status, reply.body) == (200, {"events": []})


async def test_metadata_filters_scan_page_by_page(client: Client) -> None:
    """A filtered page may be empty and still have a token, and the match comes later."""
    await client.create("wanted", at=START, metadata={"k": {"stringValue": "v"}})
    for number in range(1, 5):
        await client.create("other", at=START + number)
    wanted = {
        "eventMetadata": [
            {
                "left": {"metadataKey": "k"},
                "operator": "EQUALS_TO",
                "right": {"metadataValue": {"stringValue": "v"}},
            }
        ]
    }
    first = (await client.events(filter=wanted, maxResults=3)).body
    assert first["events"] == []
    second = (await client.events(filter=wanted, maxResults=3, nextToken=first["nextToken"])).body
    assert [event["metadata"] for event in second["events"]] == [{"k": {"stringValue": "v"}}]
    assert "nextToken" not in second


@pytest.mark.parametrize(("operator", "texts"), [("EXISTS", ["a"]), ("NOT_EXISTS", ["b"])])
async def test_metadata_filters_ask_for_existence(
    client: Client, operator: str, texts: list[str]
) -> None:
    """EXISTS and NOT_EXISTS check the key only."""
    await client.create("a", metadata={"k": {"stringValue": ""}})
    await client.create("b", at=START + 1)
    expression = {"left": {"metadataKey": "k"}, "operator": operator}
    assert await client.texts(filter={"eventMetadata": [expression]}) == texts


async def test_filtered_lists_can_lag(serve: Callable[..., Any]) -> None:
    """With a lag of event filters only plain lists return an event at once."""
    async with serve(lags=Lags(event_filters=30)) as client:
        await client.create("a", metadata={"k": {"stringValue": "v"}})
        wanted = {"eventMetadata": [{"left": {"metadataKey": "k"}, "operator": "EXISTS"}]}
        assert await client.texts(filter=wanted) == []
        assert await client.texts() == ["a"]
        client.clock.advance(30)
        assert await client.texts(filter=wanted) == ["a"]


async def test_a_used_token_stores_nothing_again(client: Client) -> None:
    """The same client token returns the stored event, whatever the other parameters are."""
    first = (await client.create("one", clientToken="t")).body
    second = await client.create("two", at=START + 5, clientToken="t")
    assert (second.status, second.body) == (201, first)
    assert await client.texts() == ["one"]


async def test_a_used_token_can_be_refused(serve: Callable[..., Any]) -> None:
    """With token_mismatch="error" another request under a used token is refused."""
    async with serve(behavior=Behavior(token_mismatch="error")) as client:
        first = (await client.create("one", clientToken="t")).body
        assert (await client.create("one", clientToken="t")).body == first
        refused = await client.create("two", clientToken="t")
        assert refused.status == 400
        assert refused.body["reason"] == "IdempotentParameterMismatchException"


async def test_a_deleted_event_is_gone(client: Client) -> None:
    """DeleteEvent echoes the id; afterwards getting and deleting it are 404."""
    event_id = await client.event_id()
    where = ("actor", "ann", "sessions", "s1", "events", event_id)
    assert (await client.call("DELETE", *where)).body == {"eventId": event_id}
    for method in ("GET", "DELETE"):
        gone = await client.call(method, *where)
        assert (gone.status, gone.code) == (404, "ResourceNotFoundException")
        assert gone.body["message"] == f"Unable to find event with id {event_id}"


async def test_branches_with_their_parents(client: Client) -> None:
    """A branch is listed alone, or with its parents up to the forks."""
    await client.create("m1", at=START + 1)
    fork = await client.event_id("m2", at=START + 2)
    await client.create("m3", at=START + 3)
    inner = await client.event_id("a1", at=START + 4, branch={"name": "a", "rootEventId": fork})
    await client.create("a2", at=START + 5, branch={"name": "a"})
    await client.create("b1", at=START + 6, branch={"name": "b", "rootEventId": inner})

    async def listed(name: str, *, parents: bool = False) -> list[str]:
        return await client.texts(
            filter={"branch": {"name": name, "includeParentBranches": parents}}
        )

    assert await listed("a") == ["a2", "a1"]
    assert await listed("a", parents=True) == ["a2", "a1", "m2", "m1"]
    assert await listed("b", parents=True) == ["b1", "a1", "m2", "m1"]
    assert await listed("main") == ["m3", "m2", "m1"]
    assert await listed("unknown", parents=True) == []
    assert await client.texts() == ["b1", "a2", "a1", "m3", "m2", "m1"]
    events = (await client.events(filter={"branch": {"name": "a"}})).body["events"]
    assert [event["branch"] for event in events] == [{"name": "a", "rootEventId": fork}] * 2


async def test_branches_that_are_refused(client: Client) -> None:
    """A branch needs a root of its own session, and keeps it."""
    here = await client.event_id()
    there = await client.event_id(session="s2")
    none = await client.create(branch={"name": "a"})
    assert (none.status, none.body["reason"]) == (400, "FieldValidationFailed")
    other = await client.create(branch={"name": "a", "rootEventId": there})
    assert (other.status, other.body["reason"]) == (400, "EventInOtherSession")
    unknown = await client.create(branch={"name": "a", "rootEventId": "1#ab"})
    assert (unknown.status, unknown.code) == (404, "ResourceNotFoundException")
    await client.create(branch={"name": "a", "rootEventId": here})
    second = await client.event_id(at=START + 1)
    changed = await client.create(branch={"name": "a", "rootEventId": second})
    assert (changed.status, changed.body["reason"]) == (400, "ResourceConflict")


async def test_actors_and_sessions_newest_first(client: Client) -> None:
    """Actors and sessions are listed in pages, newest first."""
    for actor, session in (("ann", "s1"), ("bob", "s2"), ("ann", "s3")):
        await client.create(actor=actor, session=session)
        client.clock.advance(1)
    first = (await client.call("POST", "actors", maxResults=1)).body
    assert first["actorSummaries"] == [{"actorId": "bob"}]
    second = await client.call("POST", "actors", maxResults=1, nextToken=first["nextToken"])
    assert second.body == {"actorSummaries": [{"actorId": "ann"}]}
    sessions = (await client.call("POST", "actor", "ann", "sessions")).body
    assert sessions["sessionSummaries"] == [
        {"sessionId": "s3", "actorId": "ann", "createdAt": START + 2},
        {"sessionId": "s1", "actorId": "ann", "createdAt": START},
    ]


async def test_an_empty_session_is_listed_for_a_day(client: Client) -> None:
    """A session without events is left out by HAS_EVENTS, and deleted after a day."""
    event_id = await client.event_id()
    await client.call("DELETE", "actor", "ann", "sessions", "s1", "events", event_id)
    where = ("actor", "ann", "sessions")
    assert len((await client.call("POST", *where)).body["sessionSummaries"]) == 1
    wanted = {"eventFilter": "HAS_EVENTS"}
    assert (await client.call("POST", *where, filter=wanted)).body["sessionSummaries"] == []
    client.clock.advance(86_400)
    assert (await client.call("POST", *where)).body["sessionSummaries"] == []
    assert (await client.call("POST", "actors")).body["actorSummaries"] == []


async def test_ids_are_decoded_after_the_path_was_parted(client: Client) -> None:
    """An actor id with a slash and a colon stays one segment of the path."""
    await client.create("x", actor="org/al:ice")
    assert await client.texts(actor="org/al:ice") == ["x"]


async def test_events_expire(serve: Callable[..., Any]) -> None:
    """After the memory's expiry, counted from the write, an event is gone."""
    async with serve() as client:
        await client.create("x")
        client.clock.advance(365 * 86_400 - 1)
        assert await client.texts() == ["x"]
        client.clock.advance(1)
        assert await client.texts() == []


async def test_blobs_and_json_come_back_equal(client: Client) -> None:
    """Blob and json payloads are returned as they were sent, whatever JSON they are."""
    payload = [{"blob": {"a": [1, 2.5, None, "ü"]}}, {"json": {"content": {"b": {"c": True}}}}]
    await client.create(payload=payload)
    assert (await client.events()).body["events"][0]["payload"] == payload


@pytest.mark.parametrize(
    ("payload", "count", "status"),
    [
        ({"conversational": {"role": "USER", "content": {"text": "x\n" * 49_500}}}, 1, 201),
        ({"conversational": {"role": "USER", "content": {"text": "\u8a9e" * 34_000}}}, 62, 201),
        ({"conversational": {"role": "USER", "content": {"text": "\u8a9e" * 34_134}}}, 1, 400),
        ({"conversational": {"role": "USER", "content": {"text": "\x07" * 100_000}}}, 100, 201),
        ({"json": {"content": {"a": "x" * 102_392}}}, 1, 201),
        ({"json": {"content": {"a": "x" * 102_393}}}, 1, 400),
        ({"blob": "x" * 200_000}, 1, 201),
        ({"blob": "x" * 600_000}, 18, 400),
    ],
)
async def test_sizes_are_those_of_the_texts(
    client: Client, payload: dict[str, Any], count: int, status: int
) -> None:
    """Text counts in UTF-8 bytes, however its JSON writes them; other content as compact JSON."""
    reply = await client.create(payload=[payload] * count)
    assert reply.status == status, reply.body


async def test_a_large_event_is_sent_without_a_warning() -> None:
    """Aiohttp warns of bodies over 1 MB that are bytes; here warnings are errors."""
    messages = [ConversationalMessage("\u8a9e" * 34_000, MessageRole.USER)] * 20
    async with LocalMemoryService() as service, service.manager("chat-a1B2c3D4e5") as manager:
        session = await manager.create_memory_session("user1", "chat1")
        stored = await session.add_turns(messages)
        (listed,) = await session.list_events()
    assert listed == stored
