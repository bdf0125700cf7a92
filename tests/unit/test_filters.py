"""Filters: made by comparisons, refused where the service would, and evaluated as it does."""

from __future__ import annotations

import copy
import pickle
import re
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async import Filter, InvalidInputError, where
from agentcore_memory_async._wire import event_codec
from agentcore_memory_async._wire.filters import (
    check_event_filters,
    check_record_filters,
    encode_filters,
    meets,
)
from agentcore_memory_async.local._operations.events import _metadata_check
from tests.unit.test_validation import SHAPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcore_memory_async.filters import FilterOperator

KEY = where("topic")
MOMENT = datetime(2026, 1, 1, 12, tzinfo=UTC)
NAIVE = MOMENT.replace(tzinfo=None)
FIRST = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
OWN = "x-amz-agentcore-memory-"
LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
MADE = [
    (KEY == "billing", "EQUALS_TO", "billing", {"stringValue": "billing"}),
    (KEY == ["a", "b"], "EQUALS_TO", ("a", "b"), {"stringListValue": ["a", "b"]}),
    (KEY == 5, "EQUALS_TO", 5, {"numberValue": 5}),
    (KEY == MOMENT, "EQUALS_TO", MOMENT, {"dateTimeValue": 1_767_268_800.0}),
    (KEY > MOMENT, "AFTER", MOMENT, {"dateTimeValue": 1_767_268_800.0}),
    (KEY < MOMENT, "BEFORE", MOMENT, {"dateTimeValue": 1_767_268_800.0}),
    (KEY > 1.5, "GREATER_THAN", 1.5, {"numberValue": 1.5}),
    (KEY >= 1, "GREATER_THAN_OR_EQUALS", 1, {"numberValue": 1}),
    (KEY < -1, "LESS_THAN", -1, {"numberValue": -1}),
    (KEY <= 0, "LESS_THAN_OR_EQUALS", 0, {"numberValue": 0}),
    (5 < KEY, "GREATER_THAN", 5, {"numberValue": 5}),
    (KEY.contains("a"), "CONTAINS", "a", {"stringValue": "a"}),
    (KEY.contains(["a"]), "CONTAINS", ("a",), {"stringListValue": ["a"]}),
    (KEY.exists(), "EXISTS", None, None),
    (KEY.not_exists(), "NOT_EXISTS", None, None),
]
"""Filters, and what they are here and on the wire."""


@pytest.mark.parametrize(("made", "operator", "value", "wire"), MADE, ids=lambda each: str(each))
def test_a_comparison_is_a_filter(
    made: Filter, operator: FilterOperator, value: Any, wire: dict[str, Any] | None
) -> None:
    """Each comparison of a key is one operator of the service's model."""
    assert Filter("topic", operator, value) == made
    assert (made,) == check_record_filters([made], None)
    expected: dict[str, Any] = {"left": {"metadataKey": "topic"}, "operator": operator}
    if wire is not None:
        expected["right"] = {"metadataValue": wire}
    assert [expected] == encode_filters([made])


class Operator(Enum):
    """An operator as the official SDK gives it."""

    EXISTS = "EXISTS"


@pytest.mark.parametrize(("made", "operator", "value", "wire"), MADE, ids=lambda each: str(each))
def test_an_expression_of_the_service_is_a_filter(
    made: Filter, operator: FilterOperator, value: Any, wire: dict[str, Any] | None
) -> None:
    """What the official SDK builds is taken as it is, times as datetimes."""
    if isinstance(value, datetime):
        wire = {"dateTimeValue": value}
    expression: dict[str, Any] = {"left": {"metadataKey": "topic"}, "operator": operator}
    if wire is not None:
        expression["right"] = {"metadataValue": wire}
    assert (made,) == check_record_filters([expression], None)
    assert (made, made) == check_record_filters([made, expression], None)


def test_an_operator_of_an_enum_is_taken() -> None:
    """The official SDK has its operators in enums, and may leave the right side None."""
    given: dict[str, Any] = {"left": {"metadataKey": "topic"}, "operator": Operator.EXISTS}
    assert (KEY.exists(),) == check_event_filters(None, [given], None)
    assert (KEY.exists(),) == check_event_filters(None, [{**given, "right": None}], None)


LEFT = {"metadataKey": "k"}


@pytest.mark.parametrize(
    "given_",
    [
        {},
        {"left": LEFT},
        {"operator": "EXISTS"},
        {"left": "k", "operator": "EXISTS"},
        {"left": {"metadataKey": 5}, "operator": "EXISTS"},
        {"left": {"metadataKey": "k", "other": 1}, "operator": "EXISTS"},
        {"left": LEFT, "operator": ["EXISTS"]},
        {"left": LEFT, "operator": "EXISTS", "other": 1},
        {"left": LEFT, "operator": "EQUALS_TO", "right": "v"},
        {"left": LEFT, "operator": "EQUALS_TO", "right": {"metadataValue": "v"}},
        {"left": LEFT, "operator": "EQUALS_TO", "right": {"metadataValue": {}}},
        {"left": LEFT, "operator": "EQUALS_TO", "right": {"metadataValue": {"numberValue": "5"}}},
        {"left": LEFT, "operator": "EQUALS_TO", "right": {"metadataValue": {"otherValue": "5"}}},
        {"left": LEFT, "operator": "EQUALS_TO", "right": {"stringValue": "v"}},
    ],
    ids=str,
)
def test_a_mapping_of_another_form_is_refused(given_: dict[str, Any]) -> None:
    """A mapping that is no expression is refused, and nothing of it is guessed."""
    with pytest.raises(InvalidInputError, match=r"filters\[0\] is a mapping of another form"):
        check_record_filters([given_], None)


def test_an_expression_is_checked_as_a_filter_is() -> None:
    """Operator, key and value of an expression have the limits of any filter."""
    right = {"metadataValue": {"stringValue": "v!"}}
    for given_, text in (
        ({"left": LEFT, "operator": "LIKE", "right": right}, "unknown operator"),
        ({"left": LEFT, "operator": "EXISTS", "right": right}, "compares with none"),
        ({"left": LEFT, "operator": "EQUALS_TO", "right": right}, "contains '!'"),
        ({"left": LEFT, "operator": "EQUALS_TO"}, r"value is None"),
        ({"left": {"metadataKey": "!"}, "operator": "EXISTS"}, "contains '!'"),
    ):
        with pytest.raises(InvalidInputError, match=text):
            check_record_filters([given_], None)


def test_every_operator_of_the_model_can_be_made() -> None:
    """The operators are those of the model, for records and for events."""
    assert set(SHAPES["MemoryRecordOperatorType"]["enum"]) == {made.operator for made, *_ in MADE}
    known = set()
    for made, *_ in MADE:
        try:
            check_event_filters(None, [made], None)
        except InvalidInputError:
            continue
        known.add(made.operator)
    assert set(SHAPES["OperatorType"]["enum"]) == known


MISUSES: dict[str, Callable[[], object]] = {
    "and": lambda: (KEY == "a") and (KEY == "b"),
    "or": lambda: (KEY == "a") or (KEY == "b"),
    "not": lambda: not KEY.exists(),
    "chain": lambda: 1 < KEY < 5,
    "in": lambda: KEY in ["a", "b"],
    "if": lambda: 1 if KEY == "a" else 2,
    "unequal": lambda: KEY != "a",
}


@pytest.mark.parametrize("name", MISUSES)
def test_a_filter_is_neither_true_nor_false(name: str) -> None:
    """What Python takes for a truth value raises, instead of losing a condition."""
    with pytest.raises(InvalidInputError, match="filter"):
        MISUSES[name]()


def test_a_filter_is_a_value() -> None:
    """Filters are compared, hashed, pickled and copied, and show no value; keys are not hashed."""
    made = KEY == ["canary"]
    assert made == (where("topic") == ("canary",))
    assert 1 == len({made, where("topic") == ["canary"]})
    assert made != (KEY == ["b"])
    assert made == pickle.loads(pickle.dumps(made)) == copy.deepcopy(made)
    assert "canary" not in repr(made)
    assert "where('topic')" == repr(KEY)
    assert {"key": "topic", "operator": "EQUALS_TO", "value": ["canary"]} == made.to_dict()
    with pytest.raises(TypeError, match="unhashable"):
        hash(KEY)


def test_times_are_sent_to_the_millisecond_from_any_zone() -> None:
    """A time of any zone is sent in seconds since 1970, with three decimals."""
    moment = datetime(2026, 1, 1, 14, 0, 0, 123_456, timezone(timedelta(hours=2)))
    [sent] = encode_filters([KEY > moment])
    assert 1_767_268_800.123 == sent["right"]["metadataValue"]["dateTimeValue"]


TOO_LARGE: Any = 10**400
REFUSED: list[tuple[Any, str]] = [
    (KEY, r"filters\[0\] is a key alone"),
    ("topic", r"filters\[0\] is str"),
    (Filter("", "EXISTS"), r"filters\[0\]\.key is empty"),
    (Filter("k" * 129, "EXISTS"), r"filters\[0\]\.key has 129 characters"),
    (Filter("k!", "EXISTS"), r"filters\[0\]\.key contains '!'"),
    (Filter("k", "EXISTS", "v"), "EXISTS compares with none"),
    (Filter("k", "LIKE", "v"), "unknown operator"),  # type: ignore[arg-type]
    (Filter("k", "EQUALS_TO"), r"filters\[0\]\.value is None"),
    (KEY == True, r"filters\[0\]\.value is bool"),  # noqa: E712
    (KEY == float("nan"), "no finite number"),
    (KEY == TOO_LARGE, "no finite number"),
    (KEY == "", "is empty"),
    (KEY == "v" * 257, "257 characters"),
    (KEY == "v!", "contains '!'"),
    (KEY == [], "has 0 texts"),
    (KEY == ["a"] * 6, "has 6 texts"),
    (KEY == [""], r"filters\[0\]\.value\[0\] is empty"),
    (KEY == ["a" * 65], r"filters\[0\]\.value\[0\] has 65"),
    (KEY == NAIVE, "naive datetime"),
    (KEY > NAIVE, "naive datetime"),
    (KEY > "a", "GREATER_THAN takes a number"),  # type: ignore[operator]
    (KEY >= MOMENT, "times are compared by < and > only"),  # type: ignore[operator]
    (KEY.contains(5), "CONTAINS takes a str"),  # type: ignore[arg-type]
    (Filter("k", "AFTER", 5), "AFTER takes an aware datetime"),
    (KEY > FIRST - MILLISECOND, "before 1970"),
    *(
        (where(f"{OWN}{name}") == "x", "its values are times")
        for name in ("createdAt", "updatedAt")
    ),
    (where(f"{OWN}createdAt") > 5, "its values are times"),
    (where(f"{OWN}updatedAt").contains("x"), "its values are times"),
    (where(f"{OWN}recordType") > MOMENT, "its values are text"),
    (where(f"{OWN}recordType") == ["a"], "its values are text"),
]


@pytest.mark.parametrize(("given_", "text"), REFUSED, ids=[text for _, text in REFUSED])
def test_what_the_service_would_refuse_is_refused(given_: Any, text: str) -> None:
    """Types, lengths and characters are refused before any request."""
    with pytest.raises(InvalidInputError, match=text):
        check_record_filters([given_], None)


@pytest.mark.parametrize(
    "made",
    [KEY > 5, KEY.contains("a"), KEY == 5, KEY == ["a"], KEY == "v" * 257, KEY == "é"],
    ids=str,
)
def test_events_are_compared_by_text_only(made: Filter) -> None:
    """Of events the service takes three operators, and text of the metadata's characters."""
    with pytest.raises(InvalidInputError, match=re.escape("filters[0]")):
        check_event_filters(None, [made], None)
    assert 2 == len(check_event_filters(None, [KEY == "", KEY == "v" * 256], None))


@pytest.mark.parametrize(
    "made",
    [
        where(f"{OWN}createdAt") == MOMENT,
        where(f"{OWN}updatedAt") < MOMENT,
        where(f"{OWN}createdAt").exists(),
        where(f"{OWN}recordType") == "REFLECTION",
        where(f"{OWN}recordType").contains("REF"),
        where(f"{OWN}newer") == 5,
        KEY > FIRST,
        KEY < LAST,
    ],
    ids=str,
)
def test_keys_of_the_service_are_compared_by_their_types(made: Filter) -> None:
    """Times with times, text with text; a key that is unknown here is left to the service."""
    assert (made,) == check_record_filters([made], None)


def test_metadata_compares_the_keys_of_the_service_likewise() -> None:
    """Equality by ``metadata=`` is refused where a filter would be."""
    with pytest.raises(InvalidInputError, match="its values are times"):
        check_record_filters([], {f"{OWN}createdAt": "2026"})


def test_five_conditions_are_the_most() -> None:
    """Filters, entries of metadata and the event's type count together."""
    five = [where(f"k{number}").exists() for number in range(5)]
    assert 5 == len(check_record_filters(five[:3], {"a": "x", "b": 5}))
    assert 5 == len(check_event_filters("order", five[:3], {"a": "x"}))
    calls: list[Callable[[], object]] = [
        lambda: check_record_filters(five, {"a": "x"}),
        lambda: check_record_filters(five, None, ("the poller",)),
        lambda: check_event_filters("order", five, None),
        lambda: check_record_filters([*five, KEY.exists()], None, argument="metadata_filters"),
    ]
    for refused in calls:
        with pytest.raises(InvalidInputError, match="conditions"):
            refused()
    assert SHAPES["MemoryMetadataFilterList"]["max"] == 5
    assert SHAPES["EventMetadataFilterList"]["max"] == 5


def test_metadata_is_compared_by_equality() -> None:
    """Entries of metadata are filters by equality, after the others."""
    found = check_record_filters([KEY.exists()], {"lang": "de", "n": 2, "tags": ["a"]})
    expected = [KEY.exists(), where("lang") == "de", where("n") == 2, where("tags") == ["a"]]
    assert tuple(expected) == found


TEXTS = st.text(alphabet="ab", max_size=2)
KEYS = st.sampled_from(["k", "topic", "eventType"])
EVENT_FILTERS = st.one_of(
    st.builds(lambda key, text: where(key) == text, KEYS, TEXTS),
    KEYS.map(lambda key: where(key).exists()),
    KEYS.map(lambda key: where(key).not_exists()),
)


@given(
    st.dictionaries(KEYS, TEXTS, max_size=3),
    st.lists(EVENT_FILTERS, max_size=5),
)
def test_events_are_filtered_here_as_by_the_service(
    metadata: dict[str, str], filters: list[Filter]
) -> None:
    """The evaluation here is that of the local service, for any event and any filters."""
    stored = {key: {"stringValue": text} for key, text in metadata.items()}
    by_service = all(_metadata_check(each)(stored) for each in encode_filters(filters))
    read = event_codec._read_metadata({"metadata": stored})

    assert by_service == meets(read, check_event_filters(None, filters, None))


NUMBERS = st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False))
WORDS = st.from_regex(r"\A[a-z0-9 ._:/=+@-]{1,64}\Z")
VALUES = st.one_of(
    WORDS,
    st.lists(WORDS, min_size=1, max_size=5),
    NUMBERS,
    st.datetimes(FIRST.replace(tzinfo=None), timezones=st.just(UTC)).filter(
        lambda moment: moment <= LAST
    ),
)


@given(VALUES)
def test_equality_takes_every_value_of_the_model(value: Any) -> None:
    """Each kind of value is sent as its own member of the union."""
    [sent] = encode_filters(check_record_filters([], {"k": value}))
    [(kind, _)] = sent["right"]["metadataValue"].items()
    kinds: dict[type, str] = {
        str: "stringValue",
        list: "stringListValue",
        int: "numberValue",
        float: "numberValue",
        datetime: "dateTimeValue",
    }
    assert kinds[type(value)] == kind
