"""Values survive the wire unchanged, and an unreadable answer is never a success."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async._wire import batch_codec, event_codec, reading, record_codec
from agentcore_memory_async.errors import DecodeError
from agentcore_memory_async.models import (
    BlobPayload,
    Branch,
    ConversationalMessage,
    JsonPayload,
    MessageRole,
    NewMemoryRecord,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)
MESSAGES = st.builds(ConversationalMessage, TEXT, st.sampled_from(MessageRole))
ITEMS = st.one_of(MESSAGES, st.builds(JsonPayload, JSON), st.builds(BlobPayload, JSON))


def stored(request: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the answer of a service that stored *request*, as parsed JSON."""
    event = {
        "memoryId": "m",
        "actorId": "a",
        "sessionId": "s",
        "eventId": "0001#a",
        "eventTimestamp": 1767225600.123,
        **request,
        **more,
    }
    body: dict[str, Any] = json.loads(json.dumps({"event": event}))
    return body


def build(*items: Any, **more: Any) -> dict[str, Any]:
    """Return a request with *items*."""
    defaults: dict[str, Any] = {
        "branch": None,
        "metadata": {},
        "extract": True,
        "namespace_variables": {},
    }
    return event_codec.create_event(items, **{**defaults, **more})


@given(st.lists(ITEMS, min_size=1, max_size=6))
def test_every_kind_of_payload_comes_back_equal(items: list[Any]) -> None:
    """Messages and data come back equal and in order."""
    event = event_codec.read_event("GetEvent", stored(build(*items)))
    messages = tuple(item for item in items if isinstance(item, ConversationalMessage))
    others = tuple(item.content for item in items if not isinstance(item, ConversationalMessage))

    assert messages == event.messages
    assert (others[0] if len(others) == 1 else others or None) == event.payload


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), TEXT, max_size=5))
def test_metadata_and_branch_come_back_equal(metadata: dict[str, str]) -> None:
    """Metadata and branch come back equal."""
    branch = Branch("b", "0001#a")
    event = event_codec.read_event(
        "GetEvent", stored(build(JsonPayload(1), metadata=metadata, branch=branch))
    )

    assert (metadata, branch) == (event.metadata, event.branch)


def test_a_request_says_only_what_is_asked_for() -> None:
    """A request has no empty members, and excludes extraction by ``SKIP``."""
    assert build(JsonPayload({"a": 1})) == {"payload": [{"json": {"content": {"a": 1}}}]}
    request = build(
        ConversationalMessage("hi", MessageRole.USER),
        extract=False,
        branch=Branch("b"),
        namespace_variables={"tenant": "t1"},
    )
    assert request == {
        "payload": [{"conversational": {"role": "USER", "content": {"text": "hi"}}}],
        "extractionMode": "SKIP",
        "branch": {"name": "b"},
        "extractionConfig": {"namespaceVariables": {"tenant": "t1"}},
    }


def test_a_request_is_frozen() -> None:
    """A request does not change when the caller modifies the data."""
    data: dict[str, Any] = {"list": [1]}
    request = build(JsonPayload(data))
    data["list"].append(2)

    assert request["payload"][0]["json"]["content"] == {"list": [1]}


def test_blobs_of_others_stay_as_they_are() -> None:
    """A blob as a mapping, in Java notation or as any other text is not changed."""
    for blob, expected in [
        ({"a": 1}, {"a": 1}),
        ("{content=hi, role=user}", "{content=hi, role=user}"),
        ("plain", "plain"),
        ('{"a": 1}', '{"a": 1}'),
        (event_codec.BLOB_MARK + "no JSON", event_codec.BLOB_MARK + "no JSON"),
        ("[" * 100_000, "[" * 100_000),
        (None, None),
    ]:
        event = event_codec.read_event("GetEvent", stored({"payload": [{"blob": blob}]}))
        assert expected == event.payload


def test_the_unknown_is_kept() -> None:
    """An unknown role is read as OTHER, and an unknown item is kept as it came."""
    future = {"hologram": {"x": 1}}
    odd = {"conversational": {"role": "SYSTEM", "content": {"text": "x"}}}
    event = event_codec.read_event("GetEvent", stored({"payload": [future, odd]}))

    assert future == event.payload
    assert event.messages[0].role is MessageRole.OTHER


def test_main_reads_as_no_branch() -> None:
    """The branch ``main``, which the service adds to events without a branch, is read as None."""
    event = event_codec.read_event("GetEvent", stored({"payload": []}, branch={"name": "main"}))

    assert event.branch is None


GOOD = stored({"payload": []})["event"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"event": None},
        {"event": []},
        {"event": "text"},
        {"event": {}},
        {"event": {**GOOD, "eventId": None}},
        {"event": {**GOOD, "eventId": ""}},
        {"event": {**GOOD, "eventId": 5}},
        {"event": {**GOOD, "eventTimestamp": "today"}},
        {"event": {**GOOD, "eventTimestamp": None}},
        {"event": {**GOOD, "eventTimestamp": True}},
        {"event": {**GOOD, "eventTimestamp": 1e300}},
        {"event": {**GOOD, "eventTimestamp": float("nan")}},
        {"event": {**GOOD, "actorId": None}},
        {"event": {**GOOD, "payload": [5]}},
        {"event": {**GOOD, "payload": {"conversational": 1}}},
        {"event": {**GOOD, "payload": [{"conversational": {}}]}},
        {"event": {**GOOD, "payload": [{"conversational": {"role": ["USER"], "content": {}}}]}},
        {"event": {**GOOD, "payload": [{"json": {}}]}},
        {"event": {**GOOD, "metadata": ["x"]}},
        {"event": {**GOOD, "branch": "main"}},
    ],
)
def test_an_answer_without_its_event_is_an_error(body: dict[str, Any]) -> None:
    """A successful answer without an event raises ``DecodeError``."""
    with pytest.raises(DecodeError, match="CreateEvent"):
        event_codec.read_created_event(body, None, {})


@pytest.mark.parametrize(
    "change",
    [
        {"eventTimestamp": None},
        {"eventTimestamp": "2026-01-01T00:00:00Z"},
        {"payload": [5]},
        {"branch": "main"},
        {"actorId": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_event_id_acknowledges(change: dict[str, Any]) -> None:
    """Unreadable members of an acknowledged event take their values from the request."""
    request = {**build(ConversationalMessage("hi", MessageRole.USER)), **STAMPED}
    stored = {**GOOD, "payload": request["payload"], "eventTimestamp": request["eventTimestamp"]}
    event = event_codec.read_created_event({"event": {**stored, **change}}, None, request)

    assert (event.event_id, event.actor_id, event.session_id) == (GOOD["eventId"], "a", "s")
    assert event.timestamp == datetime(2026, 1, 1, tzinfo=UTC)
    assert [message.text for message in event.messages] == ["hi"]


def test_what_data_holds_is_as_the_answer_says() -> None:
    """Only down to the members of data is anything taken from the request."""
    request = {**build(JsonPayload({"a": {"b": 1}, "c": 2})), **STAMPED}
    shown: list[dict[str, Any]] = [{"json": {"content": {"a": {}}}}]
    answer = {"event": {"eventId": GOOD["eventId"], "payload": shown}}

    assert {"a": {}, "c": 2} == event_codec.read_created_event(answer, None, request).payload


STAMPED = {"actorId": "a", "sessionId": "s", "eventTimestamp": 1767225600.0, "clientToken": "t"}

RECORD = {
    "memoryRecordId": "mem-1",
    "content": {"text": "fact"},
    "memoryStrategyId": "s",
    "namespaces": ["/facts/a/"],
    "createdAt": 1767225600,
}


def fail(error: DecodeError) -> None:
    """Raise the error of an unreadable item."""
    raise error


def test_records_are_read() -> None:
    """Listed records have no score, and found records have a float score."""
    body = {"memoryRecordSummaries": [{**RECORD, "score": 1}]}
    (listed,) = record_codec.read_records("ListMemoryRecords", body, fail)
    (found,) = record_codec.read_records("RetrieveMemoryRecords", body, fail)
    assert listed.score is None
    assert isinstance(found.score, float)
    assert listed.created_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert (listed.namespace, listed.content) == ("/facts/a/", "fact")


def test_a_record_is_read_whole() -> None:
    """Metadata of each kind, times and members that are unknown here are all kept."""
    metadata = {
        "topic": {"stringValue": "billing"},
        "tags": {"stringListValue": ["a", "b"]},
        "rank": {"numberValue": 3},
        "x-amz-agentcore-memory-createdAt": {"dateTimeValue": 1767225600.5},
        "odd": {"matrixValue": [[1]]},
        "wrong": {"numberValue": "many"},
        "absent": None,
    }
    more = {"timestamp": 1767225599.25, "expiresAt": 1767225601, "metadata": metadata}
    unknown = {"importance": 3, "content": {"text": "fact", "language": "en"}}
    body = {"memoryRecord": {**RECORD, **more, **unknown}}

    record = record_codec.read_record(body)

    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert record.timestamp == start - timedelta(milliseconds=750)
    assert record.expires_at == start + timedelta(seconds=1)
    assert record.metadata == {
        "topic": "billing",
        "tags": ("a", "b"),
        "rank": 3,
        "x-amz-agentcore-memory-createdAt": start + timedelta(milliseconds=500),
        "odd": {"matrixValue": [[1]]},
        "wrong": {"numberValue": "many"},
    }
    assert record.extra == {"importance": 3, "content": {"language": "en"}}
    assert record_codec.read_record({"memoryRecord": RECORD}).extra == {}


WORDS = st.from_regex(r"[a-zA-Z0-9 ._:/=+@-]{1,20}", fullmatch=True)
TIMES = st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - a zone is added
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
NEW_RECORDS = st.builds(
    NewMemoryRecord,
    namespace=st.just("/facts/a/"),
    content=TEXT,
    timestamp=TIMES,
    memory_strategy_id=st.none() | st.just("facts-0123456789"),
    metadata=st.dictionaries(
        WORDS,
        WORDS
        | st.lists(WORDS, min_size=1, max_size=5).map(tuple)
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False),
        max_size=20,
    ),
)


@given(st.lists(NEW_RECORDS, min_size=1, max_size=4))
def test_every_kind_of_record_comes_back_equal(records: list[NewMemoryRecord]) -> None:
    """Text, time, strategy and metadata of each kind come back as they were given."""
    [part] = batch_codec.new_parts(records, lambda _: {}, None, "token")
    sent = json.loads(json.dumps(part.params["records"]))
    for given_record, entry in zip(records, sent, strict=True):
        del entry["requestIdentifier"]
        stored = {**entry, "memoryRecordId": "mem-1", "createdAt": entry["timestamp"]}
        read = record_codec.read_record({"memoryRecord": stored})
        assert {} == read.extra
        for name in ("namespace", "content", "timestamp", "memory_strategy_id", "metadata"):
            assert getattr(given_record, name) == getattr(read, name)


WRONG_MEMBERS: list[tuple[dict[str, Any], str]] = [
    ({"memoryRecordId": ""}, "record number 1 of the page: its memoryRecordId is miss"),
    ({"memoryRecordId": 5}, "record number 1 of the page: its memoryRecordId is int"),
    ({"content": None}, "record mem-1: its content is missing"),
    ({"content": "x"}, "record mem-1: its content is str"),
    ({"content": {"text": 5}}, "record mem-1: its text is int"),
    ({"namespaces": None}, "record mem-1: its namespaces is missing"),
    ({"namespaces": [5]}, "record mem-1: its namespaces is no list of str"),
    ({"createdAt": "x"}, "record mem-1: its createdAt is no time"),
    ({"createdAt": 1e300}, "record mem-1: its createdAt is no time"),
    ({"score": "high"}, "record mem-1: its score is no number"),
    ({"score": True}, "record mem-1: its score is no number"),
    ({"score": float("nan")}, "record mem-1: its score is no number"),
    ({"score": 10**400}, "record mem-1: its score is no number"),
]
"""Changes of a record that make it unreadable, and what its error says."""


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, "it has no list of memoryRecordSummaries"),
        ({"memoryRecordSummaries": None}, "it has no list of memoryRecordSummaries"),
        ({"memoryRecordSummaries": [None]}, "it has no record number 1 of the page"),
        *(({"memoryRecordSummaries": [RECORD | change]}, wrong) for change, wrong in WRONG_MEMBERS),
    ],
    ids=str,
)
def test_records_that_cannot_be_read_are_an_error(body: dict[str, Any], wrong: str) -> None:
    """An unreadable record or list raises an error that names it, instead of being empty."""
    with pytest.raises(DecodeError, match=wrong) as caught:
        record_codec.read_records("RetrieveMemoryRecords", body, fail)
    assert caught.value.parsed


def test_errors_quote_no_content() -> None:
    """The text of a ``DecodeError`` names what is missing and shows no content."""
    body = {"event": {**GOOD, "payload": [{"conversational": "the canary sings"}]}}
    with pytest.raises(DecodeError) as caught:
        event_codec.read_created_event(body, None, {})

    assert "canary" not in f"{caught.value} {caught.value!r}"


@given(st.integers(0, 4_102_444_800_000))
def test_milliseconds_survive_as_float_seconds(stamp: int) -> None:
    """Epoch seconds as a float with three decimals are decoded to the same millisecond."""
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=stamp)

    assert expected == reading.read_time(json.loads(json.dumps(stamp / 1000)))


@given(st.floats(-1e10, 253_402_300_799.0) | st.integers(-(10**10), 253_402_300_799))
def test_any_time_is_read_to_the_nearest_millisecond(seconds: float) -> None:
    """Also one before 1970, of the year 9999, and between two milliseconds."""
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=round(seconds * 1000))

    assert expected == reading.read_time(seconds)


@given((st.floats() | st.integers()).filter(lambda seconds: not abs(seconds) < 4e11))
def test_a_time_beyond_the_calendar_is_refused(seconds: float) -> None:
    """Also one that is infinite or no number."""
    with pytest.raises((ValueError, OverflowError)):
        reading.read_time(seconds)


def test_turns_have_no_event_type() -> None:
    """An event with messages has no event type, whatever its metadata says."""
    message = {"conversational": {"role": "USER", "content": {"text": "hi"}}}
    typed = {"eventType": {"stringValue": "order"}}
    for payload, expected in (([message], None), ([{"json": {"content": {}}}], "order")):
        body = {"event": {**GOOD, "payload": payload, "metadata": typed}}
        assert event_codec.read_created_event(body, None, {}).event_type == expected
