"""Invalid values for every argument of the public interface."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    BlobPayload,
    Branch,
    ConversationalMessage,
    Event,
    JsonPayload,
    MessageRole,
    OutcomeUnknownError,
    PollPolicy,
    RetryPolicy,
    ServiceLimits,
    decode_actor_id,
    encode_actor_id,
    encode_session_id,
    to_message,
)
from tests.unit.bad_control_input import CONTROL_CASES

CANARY = "the canary sings"
USER = MessageRole.USER
NAN = float("nan")
EVENT = Event("1#a", None, None, (), datetime(2026, 1, 1, tzinfo=UTC), "other", "s")
NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001
CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)


def said(text: Any = CANARY, role: Any = USER) -> ConversationalMessage:
    """Return a message."""
    return ConversationalMessage(text, role)


GOOD = [said()]
MESSAGES: list[Any] = [
    None,
    5,
    CANARY,
    b"the canary sings",
    said(),
    {CANARY: CANARY},
    {said()},
    iter(GOOD),
    [],
    GOOD * 101,
    [CANARY],
    [None],
    [{"role": "USER", "text": CANARY}],
    [said(5)],
    [said("")],
    [said("canary " * 15_000)],
    [said("é" * 60_000)],
    [said(CANARY + "\ud83d")],
    [{"role": "user", "content": CANARY}, {"role": "system", "content": CANARY}],
    [JsonPayload(None)],
    [JsonPayload({"k": float("nan")})],
    [JsonPayload({CANARY: {1, 2}})],
    [JsonPayload({5: CANARY})],  # type: ignore[dict-item]
    [JsonPayload({CANARY: "\ud83d"})],
    [JsonPayload({CANARY + "\ud83d": 1})],
    [JsonPayload(CANARY * 10_000)],
    [JsonPayload([CANARY, 10**400])],
    [JsonPayload([0] * 110_000)],
    [BlobPayload(b"the canary sings")],  # type: ignore[arg-type]
    [BlobPayload(CIRCLE)],
    [BlobPayload((CANARY,))],  # type: ignore[arg-type]
]
ROLES: list[Any] = [None, 5, CANARY, "", "system", ["USER"]]
MAPPINGS: list[Any] = [
    None,
    CANARY,
    [CANARY],
    {},
    {CANARY: CANARY},
    {"content": CANARY},
    {"role": "user"},
    {"role": "user", "text": CANARY},
    {"role": CANARY, "content": "user"},
    {"role": ["user"], "content": CANARY},
    {"role": "system", "content": CANARY},
    {"role": "developer", "content": CANARY},
    {"role": "user", "content": None},
    {"role": "user", "content": {"text": CANARY}},
    {"role": "user", "content": [CANARY]},
    {"role": "user", "content": [{"text": CANARY}, {"image": {"format": CANARY}}]},
    {"role": "user", "content": [{"type": "text", "text": None}]},
    {"role": "assistant", "content": [{"type": [CANARY], "text": CANARY}]},
    {"role": "assistant", "content": CANARY, "tool_calls": [{"id": CANARY}]},
    {"role": "assistant", "content": None, "refusal": CANARY},
]
"""Mappings that stand for no message; each of them names why."""
PAYLOADS: list[Any] = [
    None,
    CANARY,
    [CANARY],
    {CANARY: float("inf")},
    {5: CANARY},
    {CANARY: object()},
    {CANARY: CANARY * 10_000},
    {CANARY: CIRCLE},
]
EVENT_TYPES: list[Any] = [5, None, "", "x" * 257, CANARY + "!", "é"]
BRANCHES: list[Any] = [
    5,
    "",
    "a/b",
    "-b",
    "x" * 101,
    Branch("a b"),
    Branch("main", "1#a"),
    Branch("b", "12"),
    Branch("b", 5),  # type: ignore[arg-type]
]
METADATA: list[Any] = [
    5,
    [CANARY],
    {f"k{n}": CANARY for n in range(16)},
    {5: CANARY},
    {"": CANARY},
    {"k" * 129: CANARY},
    {CANARY + "!": CANARY},
    {"k": 5},
    {"k": CANARY + "!"},
    {"k": "x" * 257},
]
TIMESTAMPS: list[Any] = [5.0, "now", NAIVE, datetime(1969, 1, 1, tzinfo=UTC)]
TOKENS: list[Any] = [5, "", "t" * 501, "t\ud83d"]
VARIABLES: list[Any] = [
    5,
    {},
    {f"k{n}": "v" for n in range(6)},
    {"Tenant": "v"},
    {"actorId": "v"},
    {5: "v"},
    {"k" * 33: "v"},
    {"k": CANARY},
    {"k": 5},
    {"k": "v" * 65},
]
POLICIES: list[Any] = [5, "always", RetryPolicy]
PREFIXES: list[Any] = [
    None,
    5,
    "",
    "/a b/",
    "/a/*/",
    "/a/../b/",
    "a::b",
    "-a",
    "/{noPe}/",
    "/{actorId.__class__}/",
    "/{actorId",
    "/{memoryStrategyId}/",
    CANARY + "?",
    CANARY + "{actorId",
    CANARY + "{nope}",
    CANARY * 100,
    "/" + "x" * 1024,
    "x" * 1024,
]
NAMESPACES: list[Any] = [5, "", "/a b/", "/{noPe}/"]
STRATEGIES: list[Any] = [5, "", "a/b", "x" * 101]
SIZES: list[Any] = ["5", 0, 101, True, 1.5]
COUNTS: list[Any] = ["5", 0, -1, True, None]
QUERIES: list[Any] = [None, 5, "", " \n", CANARY * 1000, CANARY + "\ud83d"]
SECONDS: list[Any] = ["5", 0, -1.0, True, None, float("nan"), float("inf"), 10**400, timedelta(-1)]
IN_DOUBT: list[Any] = [
    None,
    5,
    "unknown-token",
    OutcomeUnknownError("CreateEvent", "t", 1, {"actorId": "a", "sessionId": "other"}),
]
MANAGER: dict[str, list[Any]] = {
    "memory_id": [
        *(None, 5, "", "..", "a/b", "a?b", "a\\b", "%2e", "a\n", "x" * 100 + "#", "a\ud83d"),
        "arn:aws:bedrock-agentcore:us-west-2:123456789012:memory/",
        "arn:aws:bedrock-agentcore:us-west-2:123456789012:memory/..",
    ],
    "region_name": [5, "", "us west"],
    "endpoint_url": [5, "", "localhost:4710", "ftp://x", "http://", "http://a b"],
    "max_concurrency": ["5", 0, 1001, True, None],
    "limits": [5, {"events_per_second": 5}, ServiceLimits],
    "retry": POLICIES,
    "close_timeout": ["5", -1, None, True, float("nan")],
    "on_unreadable": [None, "ignore", 1, "x" * 21],
    "allow_hierarchical_actor_ids": [None, "no", 1],
    "transport": [5, "fake"],
    "clock": [5, "now"],
}
ACTORS: list[Any] = [None, 5, "", "a@b.c", "a/b", "..", "a::b", ":a", "-a", "a\n", "x" * 256]
SESSIONS: list[Any] = [5, "", "a@b.c", "a/b", "..", "-a", "x" * 101]

CASES: dict[str, tuple[list[Any], Any]] = {
    **CONTROL_CASES,
    "add_turns(messages)": (MESSAGES, lambda s, x: s.add_turns(x)),
    "add_turns(branch)": (BRANCHES, lambda s, x: s.add_turns(GOOD, branch=x)),
    "add_turns(metadata)": (METADATA, lambda s, x: s.add_turns(GOOD, metadata=x)),
    "add_turns(timestamp)": (TIMESTAMPS, lambda s, x: s.add_turns(GOOD, timestamp=x)),
    "add_turns(extract)": ([None, "no", 1], lambda s, x: s.add_turns(GOOD, extract=x)),
    "add_turns(namespace_variables)": (
        VARIABLES,
        lambda s, x: s.add_turns(GOOD, namespace_variables=x),
    ),
    "add_turns(namespace_variables of a view)": (
        [dict.fromkeys("def", "x")],
        lambda s, x: s.with_options(namespace_variables=dict.fromkeys("abc", "x")).add_turns(
            GOOD, namespace_variables=x
        ),
    ),
    "add_turns(client_token)": (TOKENS, lambda s, x: s.add_turns(GOOD, client_token=x)),
    "with_options(retry)": ([None, *POLICIES], lambda s, x: s.with_options(retry=x)),
    "with_options(namespace_variables)": (
        [None, *VARIABLES],
        lambda s, x: s.with_options(namespace_variables=x),
    ),
    "resolve(in_doubt)": (IN_DOUBT, lambda s, x: s.resolve(x)),
    "get_last_k_turns(k)": (COUNTS, lambda s, x: s.get_last_k_turns(x)),
    "get_last_k_turns(branch)": (BRANCHES, lambda s, x: s.get_last_k_turns(branch=x)),
    "get_last_k_turns(include_parent_branches)": (
        [None, "no", 1],
        lambda s, x: s.get_last_k_turns(branch="b", include_parent_branches=x),
    ),
    "get_last_k_exchanges(k)": (COUNTS, lambda s, x: s.get_last_k_exchanges(x)),
    "get_last_k_exchanges(branch)": (BRANCHES, lambda s, x: s.get_last_k_exchanges(branch=x)),
    "get_last_k_exchanges(include_parent_branches)": (
        [None, "no", 1],
        lambda s, x: s.get_last_k_exchanges(include_parent_branches=x),
    ),
    "fork_conversation(messages)": ([None], lambda s, x: s.fork_conversation(x, "1#a", "b")),
    "fork_conversation(root_event_id)": (
        [None, 5, "", "12", "1#", "#a", "1#g", " 1#a"],
        lambda s, x: s.fork_conversation(GOOD, x, "b"),
    ),
    "fork_conversation(branch_name)": (
        [None, 5, "", "main", "a/b", "-b", "x" * 101, Branch("b")],
        lambda s, x: s.fork_conversation(GOOD, "1#a", x),
    ),
    "fork_conversation(metadata)": (
        [5],
        lambda s, x: s.fork_conversation(GOOD, "1#a", "b", x),
    ),
    "fork_conversation(event_timestamp)": (
        [NAIVE],
        lambda s, x: s.fork_conversation(GOOD, "1#a", "b", None, x),
    ),
    "fork_conversation(extract)": (
        ["no"],
        lambda s, x: s.fork_conversation(GOOD, "1#a", "b", extract=x),
    ),
    "fork_conversation(namespace_variables)": (
        [5],
        lambda s, x: s.fork_conversation(GOOD, "1#a", "b", namespace_variables=x),
    ),
    "fork_conversation(client_token)": (
        [5],
        lambda s, x: s.fork_conversation(GOOD, "1#a", "b", client_token=x),
    ),
    "create_event(event_type)": (EVENT_TYPES, lambda s, x: s.create_event(x, {})),
    "create_event(payload)": (PAYLOADS, lambda s, x: s.create_event("order", x)),
    "create_event(branch)": (BRANCHES, lambda s, x: s.create_event("order", {}, branch=x)),
    "create_event(metadata)": (
        [*METADATA, {f"k{n}": "v" for n in range(15)}, {"eventType": "x"}],
        lambda s, x: s.create_event("order", {}, metadata=x),
    ),
    "create_event(timestamp)": (
        TIMESTAMPS,
        lambda s, x: s.create_event("order", {}, timestamp=x),
    ),
    "create_event(extract)": (["no"], lambda s, x: s.create_event("order", {}, extract=x)),
    "create_event(client_token)": (
        TOKENS,
        lambda s, x: s.create_event("order", {}, client_token=x),
    ),
    "list_events(event_type)": (
        [x for x in EVENT_TYPES if x is not None],
        lambda s, x: s.list_events(x),
    ),
    "list_events(branch)": (BRANCHES, lambda s, x: s.list_events(branch=x)),
    "list_events(include_parent_branches)": (
        [None, "no", 1],
        lambda s, x: s.list_events(include_parent_branches=x),
    ),
    "iter_events(include_parent_branches)": (
        [5],
        lambda s, x: anext(s.iter_events(include_parent_branches=x)),
    ),
    "list_events(max_results)": (
        [x for x in COUNTS if x is not None],
        lambda s, x: s.list_events(max_results=x),
    ),
    "list_events(consistent_read)": (
        [None, "no", 1],
        lambda s, x: s.list_events(consistent_read=x),
    ),
    "list_events(include_payloads)": (
        ["no", 1],
        lambda s, x: s.list_events(include_payloads=x),
    ),
    "iter_events(include_payloads)": (
        [5],
        lambda s, x: anext(s.iter_events(include_payloads=x)),
    ),
    "iter_events(consistent_read)": (
        [5],
        lambda s, x: anext(s.iter_events(consistent_read=x)),
    ),
    "list_events(page_size)": (SIZES, lambda s, x: s.list_events(page_size=x)),
    "iter_events(event_type)": ([5], lambda s, x: anext(s.iter_events(x))),
    "iter_events(branch)": ([5], lambda s, x: anext(s.iter_events(branch=x))),
    "iter_events(page_size)": (SIZES, lambda s, x: anext(s.iter_events(page_size=x))),
    "list_long_term_memory_records(namespace_prefix)": (
        PREFIXES,
        lambda s, x: s.list_long_term_memory_records(x),
    ),
    "list_long_term_memory_records(namespace)": (
        NAMESPACES,
        lambda s, x: s.list_long_term_memory_records(namespace=x),
    ),
    "list_long_term_memory_records(namespace_prefix and namespace)": (
        ["/facts/"],
        lambda s, x: s.list_long_term_memory_records(x, namespace=x),
    ),
    "list_long_term_memory_records(memory_strategy_id)": (
        STRATEGIES,
        lambda s, x: s.list_long_term_memory_records("/x/", memory_strategy_id=x),
    ),
    "list_long_term_memory_records(max_results)": (
        [x for x in COUNTS if x is not None],
        lambda s, x: s.list_long_term_memory_records("/x/", max_results=x),
    ),
    "list_long_term_memory_records(page_size)": (
        SIZES,
        lambda s, x: s.list_long_term_memory_records("/x/", page_size=x),
    ),
    "iter_long_term_memory_records(namespace_prefix)": (
        [None, "{x}"],
        lambda s, x: anext(s.iter_long_term_memory_records(x)),
    ),
    "iter_long_term_memory_records(page_size)": (
        SIZES,
        lambda s, x: anext(s.iter_long_term_memory_records("/x/", page_size=x)),
    ),
    "search_long_term_memories(query)": (
        QUERIES,
        lambda s, x: s.search_long_term_memories(x, "/x/"),
    ),
    "search_long_term_memories(namespace_prefix)": (
        PREFIXES,
        lambda s, x: s.search_long_term_memories(CANARY, x),
    ),
    "search_long_term_memories(top_k)": (
        SIZES,
        lambda s, x: s.search_long_term_memories(CANARY, "/x/", x),
    ),
    "search_long_term_memories(namespace)": (
        NAMESPACES,
        lambda s, x: s.search_long_term_memories(CANARY, namespace=x),
    ),
    "search_long_term_memories(memory_strategy_id)": (
        STRATEGIES,
        lambda s, x: s.search_long_term_memories(CANARY, "/x/", memory_strategy_id=x),
    ),
    "extraction_poller(namespace_prefix)": (
        [*PREFIXES, [], (), {"/a/"}, ["/a/", 5], ["/a/", ""]],
        lambda s, x: s.extraction_poller(x),
    ),
    "extraction_poller(timeout)": (SECONDS, lambda s, x: s.extraction_poller("/x/", timeout=x)),
    "extraction_poller(min_records)": (
        COUNTS,
        lambda s, x: s.extraction_poller("/x/", min_records=x),
    ),
    "extraction_poller(since)": (
        [5, CANARY, EVENT],
        lambda s, x: s.extraction_poller("/x/", since=x),
    ),
    "extraction_poller(until)": (
        [5, "no"],
        lambda s, x: s.extraction_poller("/x/", until=x),
    ),
    "extraction_poller(memory_strategy_id)": (
        [5, "", "a b", {}, {"/y/": "s"}, {"/x/": 5}],
        lambda s, x: s.extraction_poller("/x/", memory_strategy_id=x),
    ),
    "extraction_poller(min_records by prefix)": (
        [{}, {"/y/": 1}, {"/x/": 0}, {"/x/": "2"}],
        lambda s, x: s.extraction_poller("/x/", min_records=x),
    ),
    "extraction_poller(on_timeout)": (
        [None, 5, "give up", ["return"]],
        lambda s, x: s.extraction_poller("/x/", on_timeout=x),
    ),
    "extraction_poller(polling)": (
        [5, "often"],
        lambda s, x: s.extraction_poller("/x/", polling=x),
    ),
    "wait_for_extraction(since)": (
        [None, 5],
        lambda s, x: s.wait_for_extraction("/x/", since=x),
    ),
    "AsyncMemorySessionManager(polling)": (
        [5],
        lambda s, x: AsyncMemorySessionManager("m", polling=x),
    ),
    "PollPolicy(expected)": ([0, "5", NAN], lambda s, x: PollPolicy(expected=x)),
    "PollPolicy(poll_times_s)": (
        [None, (), [5.0], (5.0, 5.0), (5.0, 1.0), ("5",), (0.0,)],
        lambda s, x: PollPolicy(poll_times_s=x),
    ),
    "PollPolicy(growth)": ([None, "1", -1, 2, True], lambda s, x: PollPolicy(growth=x)),
    "PollPolicy(min_interval)": ([0, "1"], lambda s, x: PollPolicy(min_interval=x)),
    "PollPolicy(max_interval)": ([0, "1"], lambda s, x: PollPolicy(max_interval=x)),
    "PollPolicy(min_interval above max_interval)": (
        [60.0],
        lambda s, x: PollPolicy(min_interval=x, max_interval=30.0),
    ),
    "PollPolicy(jitter)": ([None, -0.1, 1.1], lambda s, x: PollPolicy(jitter=x)),
    "PollPolicy(job_interval)": ([0, None], lambda s, x: PollPolicy(job_interval=x)),
    "PollPolicy(max_requests_per_second)": (
        [0, "1"],
        lambda s, x: PollPolicy(max_requests_per_second=x),
    ),
    "extraction_poller(settle)": (
        [x for x in SECONDS if x != 0 or isinstance(x, bool)],
        lambda s, x: s.extraction_poller("/x/", settle=x),
    ),
    "buffered(max_messages)": (SIZES, lambda s, x: s.buffered(max_messages=x)),
    "buffered(max_delay)": (
        [x for x in SECONDS if x != 0 or isinstance(x, bool)],
        lambda s, x: s.buffered(max_delay=x),
    ),
    "buffered(max_pending)": (COUNTS, lambda s, x: s.buffered(max_pending=x)),
    "buffered(max_pending_bytes)": (COUNTS, lambda s, x: s.buffered(max_pending_bytes=x)),
    "buffered(close_timeout)": (["5", -1], lambda s, x: s.buffered(close_timeout=x)),
    "buffered(branch)": (BRANCHES, lambda s, x: s.buffered(branch=x)),
    "buffered(metadata)": (METADATA, lambda s, x: s.buffered(metadata=x)),
    "record_turn(user_text)": ([None, 5, "", "\ud83d"], lambda s, x: s.record_turn(x, [])),
    "record_turn(chunks)": ([None, 5, CANARY, b"canary"], lambda s, x: s.record_turn("hi", x)),
    "AsyncMemorySession(manager)": ([None, "m"], lambda _, x: AsyncMemorySession(x, "a", "s")),
    "ConversationalMessage(role)": (ROLES, lambda _, x: said(role=x)),
    "to_message(mapping)": (MAPPINGS, lambda _, x: to_message(x)),
    "encode_actor_id(text)": ([None, 5, b"a"], lambda _, x: encode_actor_id(x)),
    "encode_session_id(text)": ([None, 5, b"a"], lambda _, x: encode_session_id(x)),
    "decode_actor_id(actor_id)": (
        [None, 5, "enc-a", "enc-_4A", "enc-_ff", "a/b", "é", encode_actor_id(CANARY * 20)],
        lambda _, x: decode_actor_id(x),
    ),
    "ServiceLimits(events_per_second)": (
        ["5", 0, -1, True, float("nan"), float("inf")],
        lambda _, x: ServiceLimits(events_per_second=x),
    ),
    "ServiceLimits(other_events_per_second)": (
        [0],
        lambda _, x: ServiceLimits(other_events_per_second=x),
    ),
    **{
        f"RetryPolicy({name})": (
            [x for x in SECONDS if x != 0 or "deadline" in name],
            lambda _, x, name=name: RetryPolicy(**{name: x}),
        )
        for name in (
            "write_deadline",
            "read_deadline",
            "attempt_timeout",
            "backoff",
            "throttled_backoff",
            "max_backoff",
        )
    },
    "RetryPolicy(max_attempts)": (
        [x for x in COUNTS if x is not None],
        lambda _, x: RetryPolicy(max_attempts=x),
    ),
    **{
        f"AsyncMemorySessionManager({name})": (
            values,
            lambda _, x, name=name: AsyncMemorySessionManager(**{"memory_id": "m", name: x}),
        )
        for name, values in MANAGER.items()
    },
    "create_memory_session(actor_id)": (
        ACTORS,
        lambda s, x: s.manager.create_memory_session(x, "s"),
    ),
    "create_memory_session(session_id)": (
        SESSIONS,
        lambda s, x: s.manager.create_memory_session("a", x),
    ),
    "create_memory_session(verify)": (
        ["no", 1],
        lambda s, x: s.manager.create_memory_session("a", "s", verify=x),
    ),
}
