"""Default numbers and switches of the public API: callers rely on them, so a change shows here."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from agentcore_memory_async import (
    AsyncActor,
    AsyncMemoryControl,
    AsyncMemorySession,
    AsyncMemorySessionManager,
    CustomStrategy,
    DecodeError,
    EpisodicReflection,
    EpisodicStrategy,
    ExtractionFailedError,
    MetadataField,
    NamespaceKey,
    PollPolicy,
    ReflectionOverride,
    RetrievalConfig,
    RetryPolicy,
    SelfManaged,
    SemanticStrategy,
    ServiceError,
    ServiceLimits,
    StrategyChange,
    SummaryStrategy,
    TransportError,
    TurnResult,
    UnsentError,
    UserPreferenceStrategy,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OWNERS = (AsyncActor, AsyncMemoryControl, AsyncMemorySession, AsyncMemorySessionManager)
CLASSES = (
    *OWNERS,
    DecodeError,
    ExtractionFailedError,
    PollPolicy,
    RetrievalConfig,
    RetryPolicy,
    ServiceError,
    ServiceLimits,
    TransportError,
    TurnResult,
    UnsentError,
)
WAITING = {"timeout": 180.0, "min_records": 1, "settle": 0.0}
CHANGING = {"wait": True, "timeout": 300.0}
EVENTS = {
    "include_parent_branches": False,
    "page_size": 100,
    "consistent_read": True,
}
NEWEST = {"k": 10, "include_parent_branches": True}
JOBS = {"page_size": 50}
ACTORS = {"page_size": 100}
SESSIONS = {"has_events": False, "page_size": 100}
RECORDS: dict[str, dict[str, Any]] = {
    "iter_long_term_memory_records": {"page_size": 100},
    "list_long_term_memory_records": {"page_size": 100},
    "search_long_term_memories": {"top_k": 5},
    "batch_create_memory_records": {"raise_on_failure": False},
    "batch_delete_memory_records": {"raise_on_failure": False},
    "batch_update_memory_records": {"raise_on_failure": False},
}
"""Defaults of the methods for records, which an actor, a session and a manager have."""
SHARED: dict[str, dict[str, Any]] = {
    **RECORDS,
    "delete_namespace": {"settle": 0.0},
    "extraction_poller": WAITING,
    "iter_memory_extraction_jobs": JOBS,
    "list_memory_extraction_jobs": JOBS,
    "wait_for_extraction": WAITING,
}
"""Defaults of what an actor, a session and a manager have."""
DEFAULTS: dict[str, dict[str, Any]] = {
    "AsyncMemorySessionManager": {
        "max_concurrency": 50,
        "close_timeout": 5.0,
        "allow_hierarchical_actor_ids": False,
    },
    "DecodeError": {"parsed": False},
    "ExtractionFailedError": {"waited_s": 0.0},
    "PollPolicy": {
        "growth": 0.4,
        "min_interval": 0.5,
        "max_interval": 30.0,
        "jitter": 0.1,
        "job_interval": 120.0,
        "max_requests_per_second": 10.0,
    },
    "RetrievalConfig": {"top_k": 10, "relevance_score": 0.0},
    "RetryPolicy": {
        "write_deadline": 30.0,
        "read_deadline": 10.0,
        "attempt_timeout": 8.0,
        "backoff": 0.05,
        "throttled_backoff": 1.0,
        "max_backoff": 5.0,
    },
    "ServiceError": {"attempts": 1},
    "ServiceLimits": {"events_per_second": 5.0, "other_events_per_second": 10.0},
    "TransportError": {"sent": True, "is_absent": False},
    "TurnResult": {"degraded": False},
    "UnsentError": {"batch_size": 0},
    "AsyncMemorySession.add_turns": {"extract": True},
    "AsyncMemorySession.buffered": {
        "max_messages": 100,
        "max_delay": 1.0,
        "max_pending": 1000,
        "max_pending_bytes": 16777216,
        "close_timeout": 10.0,
    },
    "AsyncMemorySession.create_event": {"extract": False},
    "AsyncMemorySession.fork_conversation": {"extract": True},
    "AsyncMemorySession.get_last_k_exchanges": NEWEST,
    "AsyncMemorySession.get_last_k_turns": NEWEST,
    "AsyncMemorySession.iter_events": EVENTS,
    "AsyncMemorySession.list_events": EVENTS,
    "AsyncMemorySession.process_turn_with_llm": {"store_on_failure": False},
    "AsyncMemorySessionManager.forget_actor": {"settle": 180.0},
    "AsyncMemorySessionManager.import_conversations": {"concurrency": 16},
    "AsyncMemorySessionManager.iter_actor_sessions": SESSIONS,
    "AsyncMemorySessionManager.iter_actors": ACTORS,
    "AsyncMemorySessionManager.list_actor_sessions": SESSIONS,
    "AsyncMemorySessionManager.list_actors": ACTORS,
    "AsyncActor.iter_sessions": SESSIONS,
    "AsyncActor.list_sessions": SESSIONS,
    "AsyncMemoryControl.create_memory": {"event_expiry_days": 90, **CHANGING},
    "AsyncMemoryControl.iter_memories": {"page_size": 50},
    "AsyncMemoryControl.list_memories": {"page_size": 50},
    "AsyncMemoryControl.wait_until_active": {"timeout": 300.0},
    **{
        f"AsyncMemoryControl.{what}": CHANGING
        for what in (
            "add_strategy",
            "delete_memory",
            "delete_strategy",
            "get_or_create_memory",
            "modify_strategy",
            "update_memory",
        )
    },
    **{
        f"{owner.__name__}.{name}": found
        for owner in (AsyncActor, AsyncMemorySession, AsyncMemorySessionManager)
        for name, found in SHARED.items()
    },
}
"""Defaults of the classes, and of what users call on sessions and managers."""


def read_defaults() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the defaults of the classes and of their methods; the facade has the same."""
    called: dict[str, Callable[..., object]] = {each.__name__: each for each in CLASSES}
    for owner in OWNERS:
        methods = inspect.getmembers(owner, inspect.isfunction)
        called |= {f"{owner.__name__}.{name}": each for name, each in methods if name[0] != "_"}
    for name, each in called.items():
        parameters = inspect.signature(each).parameters.values()
        found = {one.name: one.default for one in parameters}
        yield name, {key: value for key, value in found.items() if isinstance(value, int | float)}


def test_defaults_are_what_callers_rely_on() -> None:
    """A default is part of what a call without the argument promises."""
    assert DEFAULTS == {name: found for name, found in read_defaults() if found}


NAMED = ["name", "namespace_template"]
BY_PLACE: dict[type[Any], list[str]] = {
    CustomStrategy: NAMED,
    EpisodicReflection: ["namespace_template"],
    EpisodicStrategy: NAMED,
    MetadataField: ["key", "type", "extraction_type"],
    NamespaceKey: ["key"],
    ReflectionOverride: ["append_to_prompt", "model_id", "namespace_template"],
    SelfManaged: ["topic_arn", "bucket_name"],
    SemanticStrategy: NAMED,
    StrategyChange: ["memory_strategy_id"],
    SummaryStrategy: NAMED,
    UserPreferenceStrategy: NAMED,
}
"""Members that may be given by their place; all others are given by their names."""


def test_members_that_are_given_by_name_may_move() -> None:
    """Nobody relies on the order of members that have to be named."""
    for cls, expected in BY_PLACE.items():
        parameters = inspect.signature(cls).parameters.values()
        by_name = inspect.Parameter.KEYWORD_ONLY
        assert expected == [each.name for each in parameters if each.kind is not by_name]
