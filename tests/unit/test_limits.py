"""Every limit of an argument: what is at it is accepted, and what is one beyond it is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    BlobPayload,
    ConversationalMessage,
    InvalidInputError,
    JsonPayload,
    MemoryRecordUpdate,
    MessageRole,
    NewMemoryRecord,
    PollPolicy,
    RetryPolicy,
    ServiceLimits,
    encode_actor_id,
    encode_session_id,
    where,
)
from agentcore_memory_async._wire import batch_codec, payloads
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.filters import check_record_filters
from agentcore_memory_async._wire.metadata import check_record_metadata
from agentcore_memory_async._wire.namespaces import resolve_prefix, resolve_template
from agentcore_memory_async._wire.weight import is_large
from agentcore_memory_async.policies import check_polling, check_retry

if TYPE_CHECKING:
    from collections.abc import Callable

DAY_0 = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
AFTER_LAST = LAST.replace(tzinfo=timezone(timedelta(microseconds=-1)))
TIMES = ([DAY_0, LAST], [DAY_0 - timedelta(microseconds=1), AFTER_LAST])
DURATION = ([0, 10_000_000, timedelta(seconds=10_000_000)], [-0.001, 10_000_000.001])
DEADLINE = ([0.001, timedelta(milliseconds=1), 10_000_000], [0.000_999, 10_000_000.001])
RATE = ([0.001, 1_000_000, None], [0.000_999, 1_000_000.001])
SHARE = ([0, 1, 0.0, 1.0], [-0.001, 1.001])
COUNT = ([1, 10**9], [0])
OUT_OF_100 = ([1, 100], [0, 101])


def texts(least: int, most: int) -> tuple[list[str], list[str]]:
    """Return texts of the lengths that are just allowed, and of those that just are not."""
    short = ["a" * (least - 1)] if least else []
    return ["a" * least, "a" * most], [*short, "a" * (most + 1)]


def entries(count: int) -> dict[str, str]:
    """Return a mapping of that many entries."""
    return {f"k{number}": "v" for number in range(count)}


def nested(levels: int, of: type[list[Any]] | type[dict[str, Any]] = list) -> object:
    """Return a number within so many lists or mappings."""
    value: object = 1
    for _ in range(levels):
        value = [value] if of is list else {"k": value}
    return value


def said(text: str) -> ConversationalMessage:
    """Return a message."""
    return ConversationalMessage(text, MessageRole.USER)


def session() -> AsyncMemorySession:
    """Return a session that is never opened."""
    manager = AsyncMemorySessionManager("chat-a1B2c3D4e5")
    return AsyncMemorySession(manager, "a", "s")


def of_policy(policy: type[Any], name: str) -> Callable[[Any], object]:
    """Return what makes a policy with a value of that name."""
    return lambda value: policy(**{name: value})


def with_buffer(name: str) -> Callable[[Any], object]:
    """Return what makes a buffer with a value of that name."""
    return lambda value: session().buffered(**{name: value})


def new(content: str = "a", timestamp: datetime = DAY_0) -> NewMemoryRecord:
    """Return a record to create."""
    return NewMemoryRecord(namespace="/a/", content=content, timestamp=timestamp)


def change(timestamp: datetime) -> MemoryRecordUpdate:
    """Return a change of a record."""
    return MemoryRecordUpdate(memory_record_id=f"mem-{1:036d}", timestamp=timestamp)


def no_values(_: str | None) -> dict[str, str | None]:
    """Return that namespaces may name nothing."""
    return {}


LIMITS: dict[str, tuple[Callable[[Any], object], tuple[list[Any], list[Any]]]] = {
    "actor_id": (check.check_actor_id, texts(1, 255)),
    "hierarchical actor_id": (
        lambda value: check.check_actor_id(value, hierarchical=True),
        texts(1, 255),
    ),
    "session_id": (check.check_session_id, texts(1, 100)),
    "branch": (check.check_branch, texts(1, 100)),
    "memory_strategy_id": (check.check_memory_strategy_id, texts(1, 100)),
    "client_token": (check.check_client_token, texts(1, 500)),
    "event_type": (check.check_event_type, texts(1, 256)),
    "query": (check.check_query, texts(1, 10_000)),
    "region_name": (check.check_region_name, texts(1, 63)),
    "namespace": (lambda value: resolve_template(value, {}), texts(1, 1024)),
    "namespace_prefix with its slash": (
        lambda value: resolve_prefix(value, {}),
        (["a" * 1023, "a" * 1023 + "/"], ["a" * 1024, "a" * 1024 + "/"]),
    ),
    "namespace that is filled in": (
        lambda value: resolve_template("/{actorId}/", {"actorId": value}),
        (["a" * 1022], ["a" * 1023]),
    ),
    "keys of metadata": (lambda value: check.check_metadata({value: ""}), texts(1, 128)),
    "values of metadata": (lambda value: check.check_metadata({"k": value}), texts(0, 256)),
    "metadata": (check.check_metadata, ([entries(0), entries(15)], [entries(16)])),
    "metadata beside a reserved key": (
        lambda value: check.check_metadata(value, {"eventType": "order"}),
        ([entries(14)], [entries(15)]),
    ),
    "namespace_variables": (
        check.check_namespace_variables,
        ([entries(1), entries(5)], [entries(0), entries(6)]),
    ),
    "names of namespace_variables": (
        lambda value: check.check_namespace_variables({value: "v"}),
        texts(1, 32),
    ),
    "values of namespace_variables": (
        lambda value: check.check_namespace_variables({"k": value}),
        texts(1, 64),
    ),
    "timestamp": (
        check.check_timestamp,
        TIMES,
    ),
    "messages": (
        payloads.check_messages,
        ([[said("a")], [said("a")] * 100], [[], [said("a")] * 101]),
    ),
    "characters of a message": (
        lambda value: payloads.check_messages([said(value)]),
        texts(1, 100_000),
    ),
    "bytes of a message": (
        lambda value: payloads.check_messages([said(value)]),
        (["é" * 51_200], ["é" * 51_200 + "a"]),
    ),
    "bytes of data": (
        lambda value: payloads.check_messages([JsonPayload(value)]),
        (["a" * 102_398, "é" * 51_199], ["a" * 102_399, "é" * 51_199 + "a"]),
    ),
    "bytes of a blob": (
        lambda value: payloads.check_messages([BlobPayload(value)]),
        (["a" * 102_398], ["a" * 102_399]),
    ),
    "payload": (
        payloads.check_payload,
        ([{"k": "a" * 102_392}], [{"k": "a" * 102_393}]),
    ),
    "seconds": (
        lambda value: check.check_duration("timeout", value, least=1),
        ([1, 10_000_000, timedelta(seconds=10_000_000)], [0.999, 10_000_000.1, 10_000_001]),
    ),
    "levels of data": (
        lambda value: payloads.check_json("payload", value),
        ([nested(100), nested(100, of=dict)], [nested(101), nested(101, of=dict)]),
    ),
    "numbers of data": (
        lambda value: payloads.check_json("payload", value),
        ([2**1023 - 1, 1 - 2**1023, 1.7e308], [2**1023, -(2**1023), float("inf")]),
    ),
    "entries of a record's metadata": (
        lambda value: check_record_metadata("metadata", value),
        ([entries(0), entries(20)], [entries(21)]),
    ),
    "texts of a record's metadata": (
        lambda value: check_record_metadata("metadata", {"k": value}),
        ([["a"], ["a"] * 5, "a", "a" * 256], [[], ["a"] * 6, "", "a" * 257]),
    ),
    "text of a list of a record's metadata": (
        lambda value: check_record_metadata("metadata", {"k": [value]}),
        texts(1, 64),
    ),
    "number of a record's metadata": (
        lambda value: check_record_metadata("metadata", {"k": value}),
        ([1.7e308, -1.7e308, 0], [2**1024, float("inf")]),
    ),
    "time of a record": (
        lambda value: batch_codec.new_parts([new(timestamp=value)], no_values, None, "t"),
        TIMES,
    ),
    "time of a changed record": (
        lambda value: batch_codec.update_parts([change(timestamp=value)], no_values, None),
        TIMES,
    ),
    "time of a filter": (
        lambda value: check_record_filters([where("k") > value], None),
        TIMES,
    ),
    "content of a record": (
        lambda value: batch_codec.new_parts([new(content=value)], no_values, None, "t"),
        texts(1, 16_000),
    ),
    "expiry_days": (
        lambda value: batch_codec.new_parts([new()], no_values, value, "t"),
        ([31, 2**31 - 1], [30, 2**31]),
    ),
    "memory_record_id": (
        lambda value: check.check_memory_record_id("memory_record_id", "mem-" + value),
        texts(36, 46),
    ),
    "request_identifier": (
        lambda value: check.check_request_identifier("request_identifier", value),
        texts(1, 80),
    ),
    "max_concurrency": (
        lambda value: AsyncMemorySessionManager("m", max_concurrency=value),
        ([1, 1000], [0, 1001]),
    ),
    "close_timeout": (
        lambda value: AsyncMemorySessionManager("m", close_timeout=value),
        DURATION,
    ),
    "buffered(max_messages)": (with_buffer("max_messages"), OUT_OF_100),
    "buffered(max_pending)": (with_buffer("max_pending"), COUNT),
    "buffered(max_pending_bytes)": (with_buffer("max_pending_bytes"), COUNT),
    "buffered(max_delay)": (with_buffer("max_delay"), DURATION),
    "buffered(close_timeout)": (with_buffer("close_timeout"), DURATION),
    "extraction_poller(timeout)": (
        lambda value: session().extraction_poller("/a/", timeout=value),
        DEADLINE,
    ),
    "extraction_poller(settle)": (
        lambda value: session().extraction_poller("/a/", settle=value),
        DURATION,
    ),
    "extraction_poller(min_records)": (
        lambda value: session().extraction_poller("/a/", min_records=value),
        COUNT,
    ),
    "min_interval": (
        lambda value: PollPolicy(min_interval=value, max_interval=30.0),
        ([0.001, 30.0], [0.000_999, 30.001]),
    ),
    "poll_times_s": (
        lambda value: PollPolicy(poll_times_s=value),
        ([(0.001,), (1.0, 1.001, 10_000_000.0)], [(), (0.000_999,), (1.0, 1.0), (10_000_000.001,)]),
    ),
    **{name: (of_policy(PollPolicy, name), DEADLINE) for name in ("expected", "job_interval")},
    **{name: (of_policy(PollPolicy, name), SHARE) for name in ("growth", "jitter")},
    "max_interval": (of_policy(PollPolicy, "max_interval"), ([0.5, 10_000_000], [0.499])),
    "max_requests_per_second": (of_policy(PollPolicy, "max_requests_per_second"), RATE),
    **{
        name: (of_policy(ServiceLimits, name), RATE)
        for name in ("events_per_second", "other_events_per_second")
    },
    **{
        name: (of_policy(RetryPolicy, name), DEADLINE)
        for name in ("write_deadline", "read_deadline", "attempt_timeout")
    },
    **{
        name: (of_policy(RetryPolicy, name), DURATION)
        for name in ("backoff", "throttled_backoff", "max_backoff")
    },
    "max_attempts": (of_policy(RetryPolicy, "max_attempts"), ([None, *COUNT[0]], COUNT[1])),
}
"""What takes an argument, with values at its limits and values one beyond them."""


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_the_last_value_that_is_accepted(name: str) -> None:
    """A value at the limit is accepted, and one beyond it is refused."""
    take, (within, beyond) = LIMITS[name]
    for value in within:
        take(value)
    for value in beyond:
        with pytest.raises(InvalidInputError):
            take(value)


@pytest.mark.parametrize("count", [102_399, 102_400])
def test_a_list_has_no_more_values_than_could_be_sent(count: int) -> None:
    """Up to 102,400 values are counted with their list, and then the size decides."""
    words = "bytes as JSON" if count < 102_400 else "values"
    with pytest.raises(InvalidInputError, match=words):
        payloads.check_json("payload", [1] * count)


@pytest.mark.parametrize(("length", "shown"), [(80, "'{text}'"), (81, "'{start}...'")])
def test_long_values_are_cut_in_errors(length: int, shown: str) -> None:
    """80 characters of a refused value are shown whole; of more, the first 77."""
    text = "/" + "a" * (length - 2) + "!"
    expected = shown.format(text=text, start=text[:77])
    for take in (check.check_memory_id, lambda value: resolve_template(value, {})):
        with pytest.raises(InvalidInputError) as caught:
            take(text)
        assert f" {expected} " in str(caught.value)


@pytest.mark.parametrize(("encode", "longest"), [(encode_actor_id, 255), (encode_session_id, 100)])
def test_an_encoded_id_is_as_long_as_is_allowed(encode: Callable[[str], str], longest: int) -> None:
    """A valid id is kept up to the limit, an encoded one too, and a digest makes the most of it."""
    assert "a" * longest == encode("a" * longest)
    assert "enc-" + "a" * (longest - 7) + "_21" == encode("a" * (longest - 7) + "!")
    for text in ("a" * (longest + 1), "a" * (longest - 6) + "!"):
        assert "_sha256-" in encode(text)
        assert longest == len(encode(text))


@pytest.mark.parametrize(
    ("at_limit", "below"),
    [
        ("a" * 65_536, "a" * 65_535),
        (b"a" * 65_536, b"a" * 65_535),
        (["a" * 65_472], ["a" * 65_471]),
        ({"k": "a" * 65_471}, {"k": "a" * 65_470}),
        ([said("a" * 65_408)], [said("a" * 65_407)]),
        ([1] * 1023, [1] * 1022),
        (JsonPayload("a" * 65_472), JsonPayload("a" * 65_471)),
        (BlobPayload("a" * 65_472), BlobPayload("a" * 65_471)),
        (MappingProxyType({"k": "a" * 65_472}), MappingProxyType({"k": "a" * 65_471})),
    ],
    ids=["text", "bytes", "list", "dict", "message", "numbers", "data", "blob", "mapping"],
)
def test_data_is_large_from_64_kib_on(at_limit: object, below: object) -> None:
    """A value weighs its text, and 64 if it is none."""
    assert is_large(at_limit)
    assert not is_large(below)


@pytest.mark.parametrize("length", [80, 81])
def test_keys_that_are_no_prefix_are_shown_up_to_80_characters(length: int) -> None:
    """A longer one is cut."""
    with pytest.raises(InvalidInputError) as caught:
        session().extraction_poller("/a/", min_records={"x" * length: 1})

    assert f"the key '{'x' * 80}';" in str(caught.value)


@pytest.mark.parametrize(("value", "shown"), [(10**15 - 1, f"{10**15 - 1}"), (10**15, "out of")])
def test_numbers_without_end_are_not_shown(value: int, shown: str) -> None:
    """Nobody reads a number of 16 digits, and one of a million would fill the log."""
    for sign in (1, -1):
        with pytest.raises(InvalidInputError) as caught:
            check.check_duration("timeout", sign * value)
        assert shown in str(caught.value)


@pytest.mark.parametrize(
    ("text", "is_full"),
    [
        ("a" * 99_999, False),
        ("a" * 100_000, True),
        ("é" * 51_198, False),
        ("é" * 51_198 + "a", True),
    ],
    ids=["characters below", "characters", "bytes below", "bytes"],
)
def test_a_message_is_full_where_a_character_may_not_fit(text: str, is_full: bool) -> None:
    """A character has up to 4 bytes, of the 102,400 that a message may have."""
    assert is_full == payloads.is_full(text)


@pytest.mark.parametrize("value", ["fast", 5, RetryPolicy, PollPolicy])
def test_policies_are_policies(value: object) -> None:
    """One that is none would be found out by the first call that fails."""
    for take in (check_polling, check_retry):
        with pytest.raises(InvalidInputError):
            take(value)
    assert check_polling(None) is None
    with pytest.raises(InvalidInputError):
        check_retry(None)
