"""Arguments are valid exactly if the service's model says so."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from agentcore_memory_async._wire import batch_codec, payloads
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.metadata import MAX_ENTRIES, MAX_TEXTS, check_record_metadata
from agentcore_memory_async.errors import InvalidInputError
from agentcore_memory_async.models import (
    BlobPayload,
    Branch,
    ConversationalMessage,
    JsonPayload,
    MessageRole,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = json.loads(
    files("agentcore_memory_async._wire.service_model")
    .joinpath("data/bedrock-agentcore/2024-02-28/service-2.json")
    .read_text()
)
SHAPES: dict[str, dict[str, Any]] = MODEL["shapes"]

CHECKS: dict[str, Callable[[str], object]] = {
    "ActorId": lambda text: check.check_actor_id(text, hierarchical=True),
    "SessionId": check.check_session_id,
    "BranchName": check.check_branch_name,
    "EventId": lambda text: check.check_event_id("event_id", text),
    "MemoryStrategyId": check.check_memory_strategy_id,
    "MemoryRecordId": lambda text: check.check_memory_record_id("memory_record_id", text),
    "RequestIdentifier": lambda text: check.check_request_identifier("request_identifier", text),
    "StringValue": lambda text: check_record_metadata("metadata", {"key": text}),
    "StringListMemberValue": lambda text: check_record_metadata("metadata", {"key": [text]}),
    "MetadataKey": lambda text: check.check_metadata({text: ""}),
    "MetadataValueStringValueString": lambda text: check.check_metadata({"key": text}),
    "NamespaceVariableName": lambda text: check.check_namespace_variables({text: "x"}),
    "NamespaceVariableValue": lambda text: check.check_namespace_variables({"name": text}),
}
TRICKY = st.text(alphabet="aZ09-_/:.#@ \t\n\r{}*%+=é\u0660\u2028\x00", max_size=12)


def accepts(function: Callable[[str], object], text: str) -> bool:
    """Return whether *function* accepts *text*."""
    try:
        function(text)
    except InvalidInputError:
        return False
    return True


def is_valid(shape: dict[str, Any], text: str) -> bool:
    """Return whether the service's model accepts *text*."""
    within = shape.get("min", 0) <= len(text) <= shape.get("max", 10**9)
    return within and re.fullmatch(shape["pattern"], text, re.ASCII) is not None


@pytest.mark.parametrize("name", CHECKS)
@given(data=st.data())
def test_text_is_taken_iff_the_model_takes_it(name: str, data: st.DataObject) -> None:
    """A text is accepted exactly if the service's model accepts it."""
    shape = SHAPES[name]
    valid = st.from_regex(re.compile(shape["pattern"], re.ASCII), fullmatch=True)
    text = data.draw(st.one_of(valid, TRICKY, st.text(max_size=30), valid.map(lambda x: x + "\n")))

    assert is_valid(shape, text) == accepts(CHECKS[name], text)


@pytest.mark.parametrize("name", [name for name in CHECKS if "max" in SHAPES[name]])
def test_longest_text_is_that_of_the_model(name: str) -> None:
    """The longest text of the model is accepted, and one character more is refused."""
    longest = SHAPES[name]["max"]
    text = ("mem-" if name == "MemoryRecordId" else "").ljust(longest, "a")

    assert accepts(CHECKS[name], text)
    assert not accepts(CHECKS[name], text + "a")


def test_limits_are_those_of_the_model() -> None:
    """Limits of counts and sizes are those of the service's model."""
    assert SHAPES["PayloadTypeList"]["max"] == payloads.MAX_MESSAGES
    assert SHAPES["ContentTextString"]["max"] == payloads.MAX_TEXT_CHARACTERS
    assert SHAPES["MetadataMap"]["max"] == check.MAX_METADATA
    assert SHAPES["MemoryRecordMetadataMap"]["max"] == MAX_ENTRIES
    assert SHAPES["StringValueList"]["max"] == MAX_TEXTS
    assert SHAPES["MemoryContentTextString"]["max"] == batch_codec.MAX_CONTENT
    assert SHAPES["MemoryRecordsCreateInputList"]["max"] == batch_codec.MAX_RECORDS
    assert SHAPES["MemoryRecordsUpdateInputList"]["max"] == batch_codec.MAX_RECORDS
    assert SHAPES["MemoryRecordsDeleteInputList"]["max"] == batch_codec.MAX_RECORDS
    assert SHAPES["RecordExpiryDurationDays"]["min"] == batch_codec.LEAST_EXPIRY_DAYS
    assert accepts(check.check_query, "q" * SHAPES["SearchCriteriaSearchQueryString"]["max"])
    assert not accepts(check.check_query, "q" * 10_001)
    assert set(SHAPES["Role"]["enum"]) == {role.value for role in MessageRole}


@given(st.one_of(st.from_regex(re.compile(SHAPES["ActorId"]["pattern"]), fullmatch=True), TRICKY))
def test_plain_actor_ids_have_no_slash(text: str) -> None:
    """Actor ids with a slash are refused unless the caller opted in."""
    expected = is_valid(SHAPES["ActorId"], text) and "/" not in text

    assert accepts(check.check_actor_id, text) == expected


@pytest.mark.parametrize(
    "bad", ["..", ".", "", "a/../b", "a?b", "a#b", "a%2e", "a\\b", "a\n", "\ud83d"]
)
def test_memory_id_that_could_change_the_url_is_refused(bad: str) -> None:
    """A memory id with URL syntax is refused."""
    assert not accepts(check.check_memory_id, bad)


@pytest.mark.parametrize("odd", ["m", "a b", "ä", "mem-abc123", "x" * 500, "..a", "~:@"])
def test_other_memory_ids_are_the_services_to_judge(odd: str) -> None:
    """A memory id that is percent-encoded, too long or oddly ended is left to the service."""
    assert accepts(check.check_memory_id, odd)
    assert accepts(check.check_memory_id, f"arn:aws:bedrock-agentcore:us-west-2:1:memory/{odd}")


@pytest.mark.parametrize(
    "good",
    [
        "mem-abc123",
        "mem-abc123def456",
        "chat-a1B2c3D4e5",
        "m",
        "arn:aws:bedrock-agentcore:us-west-2:123456789012:memory/chat-a1B2c3D4e5",
    ],
)
def test_memory_id_is_the_services_to_judge(good: str) -> None:
    """The memory ids of the reference are accepted, although no real one has that form."""
    assert good == check.check_memory_id(good)


@given(st.from_regex(re.compile(SHAPES["MemoryId"]["pattern"], re.ASCII), fullmatch=True))
def test_real_memory_ids_are_taken_and_known(text: str) -> None:
    """Every memory id of the model is accepted and recognized as real."""
    assert text == check.check_memory_id(text)
    assert check.looks_like_a_memory_id(text)


@given(
    st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_timestamps_are_floored_to_milliseconds(moment: datetime, offset_min: int) -> None:
    """A timestamp is converted from any zone and floored to milliseconds."""
    assume(1970 < moment.year < 9999)
    local = moment.astimezone(timezone(timedelta(minutes=offset_min)))
    expected = (moment - check.EPOCH) // timedelta(milliseconds=1)

    assert expected == check.check_timestamp(local)


def test_naive_and_ancient_timestamps_are_refused() -> None:
    """Naive datetimes, which two SDKs read as two instants, and ancient ones are refused."""
    for bad in (datetime(2026, 1, 1), datetime(1969, 12, 31, tzinfo=UTC), 1.0, "now", None):  # noqa: DTZ001
        with pytest.raises(InvalidInputError, match="timestamp"):
            check.check_timestamp(bad)


def message(text: Any = "hi", role: Any = MessageRole.USER) -> ConversationalMessage:
    """Return a message."""
    return ConversationalMessage(text, role)


@pytest.mark.parametrize(
    "bad",
    [
        [],
        (),
        None,
        5,
        "text",
        b"bytes",
        {"role": "USER"},
        message(),
        {message()},
        iter([message()]),
        [message()] * 101,
        ["text"],
        [None],
        [("text", "USER")],
        [message(5)],
        [message("")],
        [message(None)],
        [message("x" * 100_001)],
        [message("é" * 60_000)],
        [message("\ud83d")],
        [message(), {"role": "system", "content": "hi"}],
        [JsonPayload(float("nan"))],
        [JsonPayload({1: 2})],  # type: ignore[dict-item]
        [JsonPayload("x" * 102_400)],
        [BlobPayload(b"bytes")],  # type: ignore[arg-type]
        [BlobPayload((1, 2))],  # type: ignore[arg-type]
        [BlobPayload({"a": float("inf")})],
        [message(), JsonPayload({"a": {1, 2}})],
    ],
    ids=lambda value: f"{type(value).__name__}",
)
def test_bad_messages_are_refused(bad: Any) -> None:
    """A list of messages that could not be stored unchanged is refused."""
    with pytest.raises(InvalidInputError, match="messages"):
        payloads.check_messages(bad)


def test_messages_of_the_largest_allowed_size_are_taken() -> None:
    """100 messages, 100,000 characters and 100 KB are accepted."""
    for good in ([message()] * 100, [message("x" * 100_000)], [message("é" * 51_200)]):
        assert tuple(good) == payloads.check_messages(good)


def test_the_largest_event_is_below_10_mb() -> None:
    """100 items of the largest size stay below the service's limit of an event."""
    assert payloads.MAX_MESSAGES * payloads.MAX_MESSAGE_BYTES <= payloads.MAX_EVENT_BYTES
    large = [message("é" * 51_200)] * 100
    assert payloads.check_messages(large)
    over = [*large[:99], BlobPayload("é" * 51_199), JsonPayload(1)]
    with pytest.raises(InvalidInputError, match="messages has 101 items"):
        payloads.check_messages(over)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_json_is_taken_and_measured(value: Any) -> None:
    """JSON values are accepted, and measured as compact text."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    assert len(text.encode()) == payloads.check_json("payload", value)


@pytest.mark.parametrize(
    "bad",
    [
        float("nan"),
        float("-inf"),
        (1, 2),
        {1: 2},
        {"a": {None: 1}},
        b"x",
        {1},
        object(),
        datetime(2026, 1, 1, tzinfo=UTC),
        "\ud800",
        {"\ud800": 1},
        10**5000,
        -(2**1024),
        [[[float("nan")]]],
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_would_change_is_refused(bad: Any) -> None:
    """A value that JSON would change is refused."""
    with pytest.raises(InvalidInputError, match="payload"):
        payloads.check_json("payload", bad)


def test_endless_json_is_refused_in_time() -> None:
    """Cyclic, deeply nested and exponentially shared values are refused quickly."""
    circle: list[Any] = []
    circle.append(circle)
    deep: list[Any] = []
    for _ in range(200):
        deep = [deep]
    doubling: list[Any] = []
    for _ in range(90):
        doubling = [doubling, doubling]
    for bad in (circle, deep, doubling):
        with pytest.raises(InvalidInputError, match="payload"):
            payloads.check_json("payload", bad)


def test_json_over_100_kb_is_refused() -> None:
    """The limit counts the bytes of the compact JSON text."""
    assert payloads.check_json("payload", "x" * (102_400 - 2)) == 102_400
    with pytest.raises(InvalidInputError, match="102,400"):
        payloads.check_json("payload", "x" * (102_400 - 1))


@pytest.mark.parametrize("bad", [True, "1", None, 1.5, 0, -1, 101])
def test_counts_are_ints_in_their_range(bad: Any) -> None:
    """A count that is a bool, a text, a fraction or out of range is refused."""
    with pytest.raises(InvalidInputError, match="top_k"):
        check.check_int("top_k", bad, 100)


@example(10**400)
@given(st.one_of(st.integers(), st.floats(), st.timedeltas()))
def test_seconds_are_finite_and_in_range(value: Any) -> None:
    """A duration is converted to seconds or refused."""
    try:
        seconds = check.check_duration("timeout", value)
    except InvalidInputError:
        return
    assert 0 <= seconds <= check.MAX_SECONDS


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (10**15, "out of range"),
        (10**15 - 1, "9" * 15),
        (-(10**15), "out of range"),
        (1e300, "1e+300"),
    ],
)
def test_a_number_of_seconds_is_shown_unless_it_is_long(value: float, shown: str) -> None:
    """An int of any length fits into the text of its error."""
    with pytest.raises(InvalidInputError, match=re.escape(f"timeout is {shown}; give 0 to")):
        check.check_duration("timeout", value)


def test_main_is_the_branch_without_a_name() -> None:
    """``main`` and None are the main branch, which can't be started anew."""
    assert check.check_branch(None) is None
    assert check.check_branch("main") is None
    assert check.check_branch(Branch("main")) is None
    assert check.check_branch("b") == Branch("b")
    with pytest.raises(InvalidInputError, match="main"):
        check.check_branch(Branch("main", "1#a"))


def test_metadata_has_room_for_the_reserved_key() -> None:
    """``event_type`` leaves room for 14 entries, and its key is refused in metadata."""
    full = {f"k{n}": "v" for n in range(15)}
    assert full == check.check_metadata(full)
    with pytest.raises(InvalidInputError, match="14"):
        check.check_metadata(full, {"eventType": "order"})
    with pytest.raises(InvalidInputError, match="eventType"):
        check.check_metadata({"eventType": "x"}, {"eventType": "order"})
