"""Models as JSON data and in notebooks, where their content is shown; nowhere else is it."""

from __future__ import annotations

import copy
import inspect
import json
import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from attrs import asdict, fields, has
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async import models
from agentcore_memory_async.models import (
    ActorSummary,
    BatchResult,
    BlobPayload,
    Branch,
    BranchSummary,
    Conversation,
    ConversationalMessage,
    ConversationBranch,
    ConversationTree,
    Deleted,
    Episode,
    Event,
    Exchange,
    Exchanges,
    Explanation,
    ExportReport,
    ExtractionJob,
    ExtractionJobMessage,
    Fact,
    ForgettingReport,
    ForgettingStep,
    HistoryEvent,
    HistoryMessage,
    HistoryRecord,
    ImportProgress,
    JsonPayload,
    Memory,
    MemoryDifference,
    MemoryRecord,
    MemoryRecordUpdate,
    MemoryStrategy,
    MemorySummary,
    MessageRole,
    NewMemoryRecord,
    NotCovered,
    OperationUsage,
    Origin,
    Preference,
    RecordOutcome,
    Reflection,
    Remaining,
    SessionSummary,
    Summary,
    Topic,
    Turn,
    Usage,
)
from agentcore_memory_async.strategies import PromptOverride, SemanticOverride

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = "the canary sings"
CLASSES = {cls for name in models.__all__ if inspect.isclass(cls := getattr(models, name))}
TEXTS = st.text().map(lambda text: CANARY + text)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
TIMES = st.datetimes(timezones=ZONES)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
).map(lambda value: [CANARY, value])
MESSAGES = st.builds(ConversationalMessage, TEXTS, st.sampled_from(MessageRole))
TOPICS = st.builds(Topic, TEXTS, TEXTS)
BRANCHES = st.builds(Branch, st.text(), st.none() | st.just("1#a"))
METADATA = st.dictionaries(
    st.text(),
    TEXTS | st.lists(TEXTS, max_size=2).map(tuple) | st.floats(0, 1) | TIMES,
    max_size=3,
)
OUTCOMES = st.builds(
    RecordOutcome,
    index=st.integers(0, 300),
    status=st.sampled_from(["SUCCEEDED", "FAILED", "UNKNOWN"]),
    memory_record_id=st.text(),
    request_identifier=st.none() | st.text(),
    code=st.none() | st.just(404),
    message=TEXTS,
)
JOB_MESSAGES = st.builds(ExtractionJobMessage, st.text(), st.none() | st.integers())
OVERRIDES = st.builds(SemanticOverride, st.builds(PromptOverride, TEXTS, st.text()))
MEMORY_STRATEGIES = st.builds(
    MemoryStrategy,
    *[st.text()] * 4,
    namespaces=st.lists(st.text(), max_size=1).map(tuple),
    description=TEXTS,
    configuration=st.none() | OVERRIDES,
    extra=st.dictionaries(st.text(), TEXTS),
)
EVENTS = st.builds(
    Event,
    event_id=st.just("1#a"),
    event_type=st.none() | st.just("order"),
    payload=st.lists(JSON, min_size=1).map(tuple),
    messages=st.lists(MESSAGES).map(tuple),
    timestamp=TIMES,
    actor_id=st.just("a"),
    session_id=st.just("s"),
    branch=st.none() | BRANCHES,
    metadata=st.dictionaries(st.text(), TEXTS),
    accepted_at=st.none() | TIMES,
)
TURNS = st.builds(Turn, st.sampled_from(MessageRole), TEXTS, TIMES)
EXCHANGES = st.builds(Exchange, st.lists(TURNS, min_size=1, max_size=3).map(tuple))
FORKED = st.builds(
    ConversationBranch,
    name=st.text(),
    root_event_id=st.none() | st.just("1#a"),
    events=st.lists(EVENTS, min_size=1, max_size=2).map(tuple),
    forks=st.just({}),
)
HISTORY_MESSAGES = st.builds(HistoryMessage, TEXTS, st.sampled_from(MessageRole), TIMES)
HISTORY_EVENTS = st.builds(
    HistoryEvent,
    st.lists(MESSAGES | st.builds(JsonPayload, JSON) | st.builds(BlobPayload, JSON), min_size=1),
    TIMES,
    st.dictionaries(st.text(), TEXTS),
    st.none() | st.text(),
    st.none() | st.integers(0),
)
NOT_COVERED = st.builds(NotCovered, st.text(), st.text())
USED = st.builds(OperationUsage, *[st.integers(0)] * 5, st.floats(0, 1e6))
DELETED = st.builds(Deleted, *[st.lists(st.text()).map(tuple)] * 2)
REMAINING = st.builds(Remaining, st.sampled_from(["event", "record"]), st.text(), st.text(), TEXTS)
TREES = st.builds(
    ConversationBranch,
    name=st.just("main"),
    root_event_id=st.none(),
    events=st.lists(EVENTS, min_size=1, max_size=2).map(tuple),
    forks=st.dictionaries(st.just("1#a"), st.lists(FORKED, max_size=2).map(tuple)),
)
MODELS: dict[type, st.SearchStrategy[Any]] = {
    ConversationalMessage: MESSAGES,
    JsonPayload: st.builds(JsonPayload, JSON),
    BlobPayload: st.builds(BlobPayload, JSON),
    Branch: BRANCHES,
    BranchSummary: st.builds(
        BranchSummary,
        name=st.text(),
        root_event_id=st.none() | st.just("1#a"),
        first_event_id=st.just("2#b"),
        event_count=st.integers(1),
        created=TIMES,
    ),
    Event: EVENTS,
    ConversationBranch: TREES,
    ConversationTree: st.builds(
        ConversationTree,
        actor_id=st.just("a"),
        session_id=st.just("s"),
        main=TREES,
        orphans=st.lists(FORKED, max_size=2).map(tuple),
    ),
    Turn: TURNS,
    Exchange: EXCHANGES,
    Exchanges: st.builds(Exchanges, st.lists(EXCHANGES, min_size=1, max_size=3).map(tuple)),
    Origin: st.builds(Origin, st.sampled_from(["user", "tool", "web"])),
    MemoryRecord: st.builds(
        MemoryRecord,
        namespace=st.text(),
        content=TEXTS,
        score=st.none() | st.floats(0, 1),
        created_at=TIMES,
        metadata=METADATA,
        timestamp=st.none() | TIMES,
        expires_at=st.none() | TIMES,
        extra=st.dictionaries(st.text(), JSON, max_size=2),
    ),
    NewMemoryRecord: st.builds(
        NewMemoryRecord,
        namespace=st.text(),
        content=TEXTS,
        timestamp=TIMES,
        memory_strategy_id=st.none() | st.text(),
        metadata=METADATA,
        request_identifier=st.none() | st.text(),
    ),
    MemoryRecordUpdate: st.builds(
        MemoryRecordUpdate,
        memory_record_id=st.text(),
        timestamp=TIMES,
        content=TEXTS,
        namespace=st.none() | st.text(),
        source_namespace=st.none() | st.text(),
        memory_strategy_id=st.none() | st.text(),
        metadata=METADATA,
    ),
    RecordOutcome: OUTCOMES,
    BatchResult: st.builds(
        BatchResult,
        st.lists(OUTCOMES, min_size=1, max_size=3).map(tuple),
        st.none() | st.text(),
    ),
    Fact: st.builds(Fact, TEXTS),
    Preference: st.builds(Preference, TEXTS, TEXTS, st.lists(TEXTS).map(tuple)),
    Topic: TOPICS,
    Summary: st.builds(Summary, st.lists(TOPICS, min_size=1, max_size=3).map(tuple)),
    Episode: st.builds(Episode, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS),
    Reflection: st.builds(Reflection, TEXTS, TEXTS, TEXTS, TEXTS),
    ExtractionJob: st.builds(
        ExtractionJob,
        *[st.text()] * 6,
        messages=st.lists(JOB_MESSAGES).map(tuple),
    ),
    ExtractionJobMessage: JOB_MESSAGES,
    HistoryMessage: HISTORY_MESSAGES,
    HistoryEvent: HISTORY_EVENTS,
    Conversation: st.builds(
        Conversation, st.text(), st.text(), st.lists(HISTORY_MESSAGES | HISTORY_EVENTS, min_size=1)
    ),
    HistoryRecord: st.builds(HistoryRecord, st.text(), TEXTS, TIMES, METADATA, st.none() | TIMES),
    OperationUsage: USED,
    Usage: st.builds(Usage, st.dictionaries(st.text(), USED)),
    ImportProgress: st.builds(ImportProgress, *[st.integers(0)] * 3, st.floats(0, 1e6)),
    ExportReport: st.builds(ExportReport, *[st.integers(0)] * 3, st.lists(NOT_COVERED).map(tuple)),
    Explanation: st.builds(
        Explanation,
        st.lists(EVENTS, min_size=1, max_size=2).map(tuple),
        st.lists(st.text()).map(tuple),
    ),
    ForgettingStep: st.builds(
        ForgettingStep, st.sampled_from(["events", "records", "waiting"]), *[st.integers(0)] * 2
    ),
    Deleted: DELETED,
    Remaining: REMAINING,
    NotCovered: NOT_COVERED,
    ForgettingReport: st.builds(
        ForgettingReport,
        DELETED,
        st.lists(REMAINING, min_size=1).map(tuple),
        st.lists(NOT_COVERED).map(tuple),
        TIMES,
    ),
    ActorSummary: st.builds(ActorSummary, st.text()),
    SessionSummary: st.builds(SessionSummary, st.text(), st.text(), TIMES),
    MemorySummary: st.builds(MemorySummary, *[st.text()] * 3, TIMES, TIMES),
    MemoryStrategy: MEMORY_STRATEGIES,
    MemoryDifference: st.builds(MemoryDifference, st.just("description"), TEXTS, TEXTS),
    Memory: st.builds(
        Memory,
        *[st.text()] * 4,
        strategies=st.lists(MEMORY_STRATEGIES, max_size=2).map(tuple),
        event_expiry_days=st.integers(3, 3650),
        description=TEXTS,
        created_at=st.none() | TIMES,
        extra=st.dictionaries(st.text(), TEXTS),
    ),
}
"""How to draw values of each public model."""
WITH_CONTENT = set(MODELS) - {
    ActorSummary,
    Branch,
    BranchSummary,
    Deleted,
    ExportReport,
    ExtractionJob,
    ExtractionJobMessage,
    ForgettingStep,
    ImportProgress,
    MemorySummary,
    NotCovered,
    OperationUsage,
    Origin,
    SessionSummary,
    Usage,
}


def test_every_model_is_drawn() -> None:
    """The tests below are about every public model."""
    assert {cls for cls in CLASSES if has(cls)} == set(MODELS)


class Printer:
    """IPython's printer, as far as a model uses it."""

    def __init__(self) -> None:
        self.written = ""

    @contextmanager
    def group(self, indent: int, opening: str, closing: str) -> Iterator[None]:
        """Write what is around a group."""
        self.text(opening)
        yield
        self.text(closing)

    def text(self, text: str) -> None:
        """Write a text."""
        self.written += text

    def breakable(self) -> None:
        """Write a space."""
        self.text(" ")

    def pretty(self, value: Any) -> None:
        """Write a value, by its own method where it has one."""
        if isinstance(value, tuple):
            for each in value:
                self.pretty(each)
        elif hasattr(value, "_repr_pretty_"):
            value._repr_pretty_(self, False)
        else:
            self.text(repr(value))


@pytest.mark.parametrize("cls", MODELS, ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_every_model_is_json_data(cls: type, data: st.DataObject) -> None:
    """``to_dict`` has every member and its content as JSON, times with their zone."""
    value = data.draw(MODELS[cls])
    found = value.to_dict()

    assert json.loads(json.dumps(found)) == found
    assert set(found) == set(asdict(value))
    for name, member in asdict(value, recurse=False).items():
        if isinstance(member, datetime):
            assert datetime.fromisoformat(found[name]).utcoffset() == member.utcoffset()
        assert is_same(found[name], member)


@pytest.mark.parametrize(
    "cls", sorted((cls for cls in CLASSES if has(cls)), key=str), ids=lambda cls: cls.__name__
)
def test_no_member_keeps_a_value_out_of_a_set(cls: Any) -> None:
    """Members that may be mappings or JSON do not count for the hash."""
    for member in fields(cls):
        unhashable = re.search(r"Mapping\[|JsonValue|\bAny\b|\bobject\b", str(member.type))
        assert (member.hash is False) == bool(unhashable), member.name


@pytest.mark.parametrize("cls", [MemoryRecord, Event, JsonPayload, Memory, NewMemoryRecord])
@given(data=st.data())
def test_equal_values_are_one_in_a_set(cls: type, data: st.DataObject) -> None:
    """Values with content of any form are hashed, and equal ones alike."""
    value = data.draw(MODELS[cls])
    assert {value} == {value, copy.deepcopy(value)}


def is_same(data: Any, value: Any) -> bool:
    """Return whether *data* is *value* as JSON."""
    if isinstance(value, datetime):
        return datetime.fromisoformat(data) == value
    if isinstance(value, MessageRole):
        return (data, type(data)) == (value.value, str)
    if has(type(value)):
        return is_same(data, asdict(value, recurse=False))
    if isinstance(value, dict):
        return set(data) == set(value) and all(is_same(data[key], value[key]) for key in value)
    if isinstance(value, list | tuple):
        return len(data) == len(value) and all(map(is_same, data, value))
    return bool(data == value)


@pytest.mark.parametrize("cls", MODELS, ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_content_is_shown_to_a_person_only(cls: type, data: st.DataObject) -> None:
    """A notebook shows the content of a model; its ``repr`` and ``str`` do not."""
    value = data.draw(MODELS[cls])
    printer = Printer()
    value._repr_pretty_(printer, False)

    assert printer.written.startswith(f"{cls.__name__}(")
    assert (CANARY in printer.written) == (cls in WITH_CONTENT)
    assert CANARY not in f"{value!r} {value} {[value]}"
    assert "_repr_pretty_" in vars(cls)  # else IPython takes the class's own __repr__


def test_a_cycle_is_shown_once() -> None:
    """A model inside itself is abbreviated."""
    printer = Printer()
    JsonPayload(None)._repr_pretty_(printer, True)
    assert "JsonPayload(...)" == printer.written


def test_changing_the_data_changes_no_model() -> None:
    """The data of ``to_dict`` is a copy."""
    payload = JsonPayload({"a": [1]})
    payload.to_dict()["content"]["a"].append(2)
    assert JsonPayload({"a": [1]}) == payload


def test_ipython_itself_shows_content() -> None:
    """IPython's own printer shows the content of nested models."""
    pretty = pytest.importorskip("IPython.lib.pretty")
    message = ConversationalMessage(CANARY, "user")
    event = Event("1#a", None, None, (message,), datetime(2026, 1, 1, tzinfo=UTC), "a", "s")
    assert CANARY in pretty.pretty([event])


def test_a_notebook_shows_members_with_commas_between_them() -> None:
    """What a person sees is what would make the value."""
    printer = Printer()
    Branch("draft", "1#a")._repr_pretty_(printer, False)

    assert "Branch(name='draft', root_event_id='1#a')" == printer.written
