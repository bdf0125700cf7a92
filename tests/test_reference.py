"""
Both APIs have the signatures of the reference.

The table is the reference's; intended differences are listed beside it with their reasons.
"""

from __future__ import annotations

import ast
import inspect
from inspect import Parameter

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
)
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
