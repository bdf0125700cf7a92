"""
Both APIs have the signatures of the reference.

The table is the reference's; intended differences are listed beside it with their reasons.
"""

from __future__ import annotations

import ast
import inspect
from inspect import Parameter
from typing import Any

import pytest

from agentcore_memory_async import (
    Actor,
    AsyncActor,
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
    ("__init__", "region_name"): None,  # the environment comes before us-west-2
    ("create_memory_session", "session_id"): None,  # optional: a new id by default
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
APIS: dict[str, dict[str, type]] = {
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
NOT_IN_THE_SYNC_API = {
    (AsyncMemorySessionManager, "aclose"): "it is close()",
    (AsyncMemorySessionManager, "background"): "it outlives requests of an async server",
    (
        AsyncMemorySession,
        "buffered",
    ): "it collects messages of tasks; scripts pass a list",
    (
        AsyncMemorySession,
        "record_turn",
    ): "nobody cancels a sync generator: its finally block can call add_turns",
    (ExtractionPoller, "__await__"): "it is wait()",
    (ExtractionPoller, "__aiter__"): "it is __iter__()",
}
PAIRS: dict[type, type] = {
    AsyncMemorySessionManager: MemorySessionManager,
    AsyncMemorySession: MemorySession,
    AsyncActor: Actor,
    ExtractionPoller: sync.BlockingExtractionPoller,
}


def described() -> dict[str, ast.FunctionDef]:
    """Return the functions that the reference's text describes."""
    found: dict[str, ast.FunctionDef] = {}
    for _, code in blocks():
        first = ast.parse(code).body[0]
        if isinstance(first, ast.ClassDef) and first.name == "MemorySessionManager":
            first = first.body[1]
        if isinstance(first, ast.FunctionDef):
            found[first.name] = first
    return found


def parameters(api: str, owner: str, method: str) -> list[Parameter]:
    """Return the parameters of our method, without ``self``."""
    signature = inspect.signature(getattr(APIS[api][owner], method))
    return list(signature.parameters.values())[1:]


def test_table_is_the_reference() -> None:
    """The table has the names, order and defaults of the reference's text."""
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


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(("owner", "method"), TABLE)
def test_parameters(api: str, owner: str, method: str) -> None:
    """The reference's parameters come first, positional or keyword, with its defaults."""
    expected = [
        (name, Parameter.POSITIONAL_OR_KEYWORD, DEFAULTS_OF_OURS.get((method, name), default))
        for name, default in TABLE[owner, method]
    ]
    found = [
        (parameter.name, parameter.kind, parameter.default)
        for parameter in parameters(api, owner, method)
    ]
    assert found[: len(expected)] == expected


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(("owner", "method"), TABLE)
def test_what_is_added_is_keyword_only(api: str, owner: str, method: str) -> None:
    """Additional parameters are keyword-only and optional."""
    added = parameters(api, owner, method)[len(TABLE[owner, method]) :]
    assert {(parameter.kind, parameter.default is NONE) for parameter in added} <= {
        (Parameter.KEYWORD_ONLY, False)
    }


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(("owner", "method"), TABLE)
def test_returns(api: str, owner: str, method: str) -> None:
    """Methods return the reference's types, and are coroutines in the async API only."""
    function = getattr(APIS[api][owner], method)
    assert inspect.signature(function).return_annotation == RETURNS[method].format(Async=api)
    assert inspect.iscoroutinefunction(function) == (api == "Async" and method != "__init__")


@pytest.mark.parametrize("model", FIELDS)
def test_fields(model: type) -> None:
    """Models have the reference's fields first, in its order."""
    names = list(inspect.signature(model).parameters)
    assert names[: len(FIELDS[model])] == FIELDS[model]


def test_roles() -> None:
    """The reference's roles exist."""
    assert [MessageRole.USER, MessageRole.ASSISTANT] == ["USER", "ASSISTANT"]


def test_events_have_what_the_examples_read() -> None:
    """An event has an id, a type and a payload."""
    assert {"event_id", "event_type", "payload"} <= set(inspect.signature(Event).parameters)


def public_members(cls: type) -> set[str]:
    """Return the names of public methods and properties, and of ``__await__`` and ``__aiter__``."""
    return {
        name
        for name, value in inspect.getmembers(cls)
        if (not name.startswith("_") and (callable(value) or isinstance(value, property)))
        or name in {"__await__", "__aiter__"}
    }


@pytest.mark.parametrize("theirs", PAIRS)
def test_every_async_method_has_a_sync_counterpart(theirs: type) -> None:
    """Every async method has a sync counterpart, or a reason on the list."""
    excused = {name for (cls, name) in NOT_IN_THE_SYNC_API if cls is theirs}
    assert public_members(theirs) - public_members(PAIRS[theirs]) == excused


@pytest.mark.parametrize("theirs", [AsyncMemorySessionManager, AsyncMemorySession, AsyncActor])
def test_counterparts_have_the_same_parameters(theirs: type) -> None:
    """Counterparts have the same parameters and docstrings."""
    for name in public_members(theirs) & public_members(PAIRS[theirs]):
        async_one: Any = getattr(theirs, name)
        sync_one: Any = getattr(PAIRS[theirs], name)
        if inspect.isfunction(async_one) and name != "open":
            ours = inspect.signature(sync_one).parameters
            assert (name, inspect.signature(async_one).parameters) == (name, ours)
            if name != "describe":  # it takes a control plane of its own API, and says so
                assert (name, async_one.__doc__) == (name, sync_one.__doc__)
