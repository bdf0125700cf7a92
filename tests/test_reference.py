"""
Both faces have the signatures of the reference.

The table is the reference's. What differs on purpose is listed beside it, with the reason.
"""

from __future__ import annotations

import ast
import inspect
from inspect import Parameter
from typing import Any

import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    ConversationalMessage,
    Event,
    MemoryRecord,
    MemorySession,
    MemorySessionManager,
    MessageRole,
    Turn,
    sync,
)
from agentcore_memory_async.extraction import ExtractionPoller
from tests.sync.reference_snippets import blocks

NONE = Parameter.empty
TABLE: dict[tuple[str, str], list[tuple[str, object]]] = {
    ("MemorySessionManager", "__init__"): [("memory_id", NONE), ("region_name", "us-west-2")],
    ("MemorySessionManager", "create_memory_session"): [("actor_id", NONE), ("session_id", NONE)],
    ("MemorySession", "add_turns"): [("messages", NONE)],
    ("MemorySession", "get_last_k_turns"): [("k", 10)],
    ("MemorySession", "list_long_term_memory_records"): [("namespace_prefix", "/")],
    ("MemorySession", "search_long_term_memories"): [
        ("query", NONE),
        ("namespace_prefix", "/"),
        ("top_k", 5),
    ],
    ("MemorySession", "create_event"): [("event_type", NONE), ("payload", NONE)],
    ("MemorySession", "list_events"): [("event_type", None)],
}
DEFAULTS_OF_OURS: dict[tuple[str, str], object] = {
    ("__init__", "region_name"): None,  # the environment is asked before us-west-2
    ("create_memory_session", "session_id"): None,  # may be omitted: a new one is made
}
RETURNS = {
    "__init__": "None",
    "create_memory_session": "{Async}MemorySession",
    "add_turns": "Event",  # the reference: None
    "get_last_k_turns": "list[Turn]",
    "list_long_term_memory_records": "list[MemoryRecord]",
    "search_long_term_memories": "list[MemoryRecord]",
    "create_event": "str",
    "list_events": "list[Event]",
}
FACES: dict[str, dict[str, type]] = {
    "Async": {
        "MemorySessionManager": AsyncMemorySessionManager,
        "MemorySession": AsyncMemorySession,
    },
    "": {"MemorySessionManager": MemorySessionManager, "MemorySession": MemorySession},
}
FIELDS = {
    ConversationalMessage: ["text", "role"],
    Turn: ["role", "text", "timestamp"],
    MemoryRecord: ["namespace", "content", "score", "created_at"],
}
NOT_IN_THE_SYNC_FACE = {
    (AsyncMemorySessionManager, "aclose"): "it is close()",
    (AsyncMemorySessionManager, "background"): "it outlives requests of an async server",
    (AsyncMemorySession, "buffered"): "it collects what tasks say meanwhile; scripts batch",
    (ExtractionPoller, "__await__"): "it is wait()",
    (ExtractionPoller, "__aiter__"): "it is __iter__()",
}
PAIRS: dict[type, type] = {
    AsyncMemorySessionManager: MemorySessionManager,
    AsyncMemorySession: MemorySession,
    ExtractionPoller: sync.BlockingExtractionPoller,
}


def described() -> dict[str, ast.FunctionDef]:
    """Give the functions that the reference's text describes."""
    found: dict[str, ast.FunctionDef] = {}
    for _, code in blocks():
        first = ast.parse(code).body[0]
        if isinstance(first, ast.ClassDef) and first.name == "MemorySessionManager":
            first = first.body[1]
        if isinstance(first, ast.FunctionDef):
            found[first.name] = first
    return found


def parameters(face: str, owner: str, method: str) -> list[Parameter]:
    """Give the parameters of our method, less ``self``."""
    signature = inspect.signature(getattr(FACES[face][owner], method))
    return list(signature.parameters.values())[1:]


def test_table_is_the_reference() -> None:
    """The table has what the text describes: names, order and defaults."""
    text = {
        name: [
            (argument.arg, NONE if default is None else ast.literal_eval(default))
            for argument, default in zip(
                function.args.args[1:],
                [
                    *[None] * (len(function.args.args) - 1 - len(function.args.defaults)),
                    *function.args.defaults,
                ],
                strict=True,
            )
        ]
        for name, function in described().items()
    }
    assert {method: rows for (_, method), rows in TABLE.items()} == text


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(("owner", "method"), TABLE)
def test_parameters(face: str, owner: str, method: str) -> None:
    """The reference's parameters come first, positional or keyword, with its defaults."""
    expected = [
        (name, Parameter.POSITIONAL_OR_KEYWORD, DEFAULTS_OF_OURS.get((method, name), default))
        for name, default in TABLE[owner, method]
    ]
    found = [
        (parameter.name, parameter.kind, parameter.default)
        for parameter in parameters(face, owner, method)
    ]
    assert found[: len(expected)] == expected


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(("owner", "method"), TABLE)
def test_what_is_added_is_keyword_only(face: str, owner: str, method: str) -> None:
    """Everything beyond the reference is keyword-only and may be omitted."""
    added = parameters(face, owner, method)[len(TABLE[owner, method]) :]
    assert {(parameter.kind, parameter.default is NONE) for parameter in added} <= {
        (Parameter.KEYWORD_ONLY, False)
    }


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(("owner", "method"), TABLE)
def test_returns(face: str, owner: str, method: str) -> None:
    """Results are of the reference's types; coroutines on the async face only."""
    function = getattr(FACES[face][owner], method)
    assert inspect.signature(function).return_annotation == RETURNS[method].format(Async=face)
    assert inspect.iscoroutinefunction(function) == (face == "Async" and method != "__init__")


@pytest.mark.parametrize("model", FIELDS)
def test_fields(model: type) -> None:
    """Models have the reference's fields, first and in its order."""
    names = list(inspect.signature(model).parameters)
    assert names[: len(FIELDS[model])] == FIELDS[model]


def test_roles() -> None:
    """The reference's roles are there."""
    assert [MessageRole.USER, MessageRole.ASSISTANT] == ["USER", "ASSISTANT"]


def test_events_have_what_the_examples_read() -> None:
    """An event tells its id, type and payload."""
    assert {"event_id", "event_type", "payload"} <= set(inspect.signature(Event).parameters)


def public_members(cls: type) -> set[str]:
    """Name the public methods and properties, and how it is awaited and iterated."""
    return {
        name
        for name, value in inspect.getmembers(cls)
        if (not name.startswith("_") and (callable(value) or isinstance(value, property)))
        or name in {"__await__", "__aiter__"}
    }


@pytest.mark.parametrize("theirs", PAIRS)
def test_every_async_method_has_a_sync_twin(theirs: type) -> None:
    """What the async face can, the sync face can, or a reason stands on the list."""
    excused = {name for (cls, name) in NOT_IN_THE_SYNC_FACE if cls is theirs}
    assert public_members(theirs) - public_members(PAIRS[theirs]) == excused


@pytest.mark.parametrize("theirs", [AsyncMemorySessionManager, AsyncMemorySession])
def test_twins_have_the_same_parameters(theirs: type) -> None:
    """A twin takes exactly the arguments of its async method, and tells the same."""
    for name in public_members(theirs) & public_members(PAIRS[theirs]):
        async_one: Any = getattr(theirs, name)
        sync_one: Any = getattr(PAIRS[theirs], name)
        if inspect.isfunction(async_one) and name != "open":
            ours = inspect.signature(sync_one).parameters
            assert (name, inspect.signature(async_one).parameters) == (name, ours)
            assert (name, async_one.__doc__) == (name, sync_one.__doc__)
