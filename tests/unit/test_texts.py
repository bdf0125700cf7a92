"""
What is said about bad input and errors: every text, as it is stored in ``texts.txt``.

``python -m tests.unit.test_texts`` writes the file anew; read the difference before committing it.
"""

from __future__ import annotations

import asyncio
import inspect
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    BlobPayload,
    Branch,
    ConversationalMessage,
    Event,
    InvalidInputError,
    JsonPayload,
    MessageRole,
    OutcomeUnknownError,
    PollPolicy,
    RetryPolicy,
    ServiceLimits,
    encode_actor_id,
)
from agentcore_memory_async.testing import FakeTransport
from tests.unit.test_errors import CLASSES, make

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

STORED = Path(__file__).with_name("texts.txt")
CANARY = "the canary sings"
USER = MessageRole.USER
NAN = float("nan")
EVENT = Event("1#a", None, None, (), datetime(2026, 1, 1, tzinfo=UTC), "other", "s")
NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001
CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)


def said(text: Any = CANARY, role: Any = USER) -> ConversationalMessage:
    """Make a message."""
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
    [said(role="system")],
    [said("USER", CANARY)],
    [said(role=None)],
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
    "/{nope}/",
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
NAMESPACES: list[Any] = [5, "", "/a b/", "/{nope}/"]
STRATEGIES: list[Any] = [5, "", "a/b", "x" * 101]
SIZES: list[Any] = ["5", 0, 101, True, 1.5]
COUNTS: list[Any] = ["5", 0, -1, True, None]
QUERIES: list[Any] = [None, 5, "", " \n", CANARY * 1000, CANARY + "\ud83d"]
SECONDS: list[Any] = ["5", 0, -1.0, True, None, float("nan"), float("inf"), 10**400, timedelta(-1)]
UNSETTLED: list[Any] = [
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
    "allow_hierarchical_actor_ids": [None, "no", 1],
    "transport": [5, "fake"],
    "clock": [5, "now"],
}
ACTORS: list[Any] = [None, 5, "", "a@b.c", "a/b", "..", "a::b", ":a", "-a", "a\n", "x" * 256]
SESSIONS: list[Any] = [5, "", "a@b.c", "a/b", "..", "-a", "x" * 101]

CASES: dict[str, tuple[list[Any], Any]] = {
    "add_turns(messages)": (MESSAGES, lambda s, x: s.add_turns(x)),
    "add_turns(branch)": (BRANCHES, lambda s, x: s.add_turns(GOOD, branch=x)),
    "add_turns(metadata)": (METADATA, lambda s, x: s.add_turns(GOOD, metadata=x)),
    "add_turns(timestamp)": (TIMESTAMPS, lambda s, x: s.add_turns(GOOD, timestamp=x)),
    "add_turns(extract)": ([None, "no", 1], lambda s, x: s.add_turns(GOOD, extract=x)),
    "add_turns(namespace_variables)": (
        VARIABLES,
        lambda s, x: s.add_turns(GOOD, namespace_variables=x),
    ),
    "add_turns(client_token)": (TOKENS, lambda s, x: s.add_turns(GOOD, client_token=x)),
    "add_turns(retry)": (POLICIES, lambda s, x: s.add_turns(GOOD, retry=x)),
    "resolve(unsettled)": (UNSETTLED, lambda s, x: s.resolve(x)),
    "get_last_k_turns(k)": (COUNTS, lambda s, x: s.get_last_k_turns(x)),
    "get_last_k_turns(branch)": (BRANCHES, lambda s, x: s.get_last_k_turns(branch=x)),
    "get_last_k_turns(retry)": (POLICIES, lambda s, x: s.get_last_k_turns(retry=x)),
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
    "create_event(retry)": (POLICIES, lambda s, x: s.create_event("order", {}, retry=x)),
    "list_events(event_type)": (
        [x for x in EVENT_TYPES if x is not None],
        lambda s, x: s.list_events(x),
    ),
    "list_events(branch)": (BRANCHES, lambda s, x: s.list_events(branch=x)),
    "list_events(max_results)": (
        [x for x in COUNTS if x is not None],
        lambda s, x: s.list_events(max_results=x),
    ),
    "list_events(page_size)": (SIZES, lambda s, x: s.list_events(page_size=x)),
    "list_events(retry)": (POLICIES, lambda s, x: s.list_events(retry=x)),
    "iter_events(event_type)": ([5], lambda s, x: anext(s.iter_events(x))),
    "iter_events(branch)": ([5], lambda s, x: anext(s.iter_events(branch=x))),
    "iter_events(page_size)": (SIZES, lambda s, x: anext(s.iter_events(page_size=x))),
    "iter_events(retry)": (POLICIES, lambda s, x: anext(s.iter_events(retry=x))),
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
    "list_long_term_memory_records(retry)": (
        POLICIES,
        lambda s, x: s.list_long_term_memory_records("/x/", retry=x),
    ),
    "iter_long_term_memory_records(namespace_prefix)": (
        [None, "{x}"],
        lambda s, x: anext(s.iter_long_term_memory_records(x)),
    ),
    "iter_long_term_memory_records(page_size)": (
        SIZES,
        lambda s, x: anext(s.iter_long_term_memory_records("/x/", page_size=x)),
    ),
    "iter_long_term_memory_records(retry)": (
        POLICIES,
        lambda s, x: anext(s.iter_long_term_memory_records("/x/", retry=x)),
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
    "search_long_term_memories(retry)": (
        POLICIES,
        lambda s, x: s.search_long_term_memories(CANARY, "/x/", retry=x),
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
    "PollPolicy(expected_s)": ([0, "5", NAN], lambda s, x: PollPolicy(expected_s=x)),
    "PollPolicy(looks_s)": (
        [None, (), [5.0], (5.0, 5.0), (5.0, 1.0), ("5",), (0.0,)],
        lambda s, x: PollPolicy(looks_s=x),
    ),
    "PollPolicy(growth)": ([None, "1", -1, 2, True], lambda s, x: PollPolicy(growth=x)),
    "PollPolicy(min_interval_s)": ([0, "1"], lambda s, x: PollPolicy(min_interval_s=x)),
    "PollPolicy(max_interval_s)": ([0, "1"], lambda s, x: PollPolicy(max_interval_s=x)),
    "PollPolicy(min_interval_s above max_interval_s)": (
        [60.0],
        lambda s, x: PollPolicy(min_interval_s=x, max_interval_s=30.0),
    ),
    "PollPolicy(jitter)": ([None, -0.1, 1.1], lambda s, x: PollPolicy(jitter=x)),
    "PollPolicy(job_interval_s)": ([0, None], lambda s, x: PollPolicy(job_interval_s=x)),
    "PollPolicy(max_requests_per_s)": ([0, "1"], lambda s, x: PollPolicy(max_requests_per_s=x)),
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
    "buffered(retry)": (POLICIES, lambda s, x: s.buffered(retry=x)),
    "buffered(branch)": (BRANCHES, lambda s, x: s.buffered(branch=x)),
    "buffered(metadata)": (METADATA, lambda s, x: s.buffered(metadata=x)),
    "AsyncMemorySession(manager)": ([None, "m"], lambda _, x: AsyncMemorySession(x, "a", "s")),
    "encode_actor_id(text)": ([None, 5, b"a"], lambda _, x: encode_actor_id(x)),
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
            [x for x in [*SECONDS, timedelta(seconds=5)] if x != 0 or "deadline" in name],
            lambda _, x, name=name: RetryPolicy(**{name: x}),
        )
        for name in (
            "write_deadline_s",
            "read_deadline_s",
            "attempt_timeout_s",
            "backoff_s",
            "throttled_backoff_s",
            "max_backoff_s",
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
    "create_memory_session(retry)": (
        POLICIES,
        lambda s, x: s.manager.create_memory_session("a", "s", verify=False, retry=x),
    ),
    "verify(retry)": (POLICIES, lambda s, x: s.verify(retry=x)),
    "create_memory_session(verify)": (
        ["no", 1],
        lambda s, x: s.manager.create_memory_session("a", "s", verify=x),
    ),
}


def text_of(call: Any, value: Any) -> str:
    """Give the text with which *call* refuses *value*; nothing may have been sent."""

    async def use() -> str:
        transport = FakeTransport()
        async with AsyncMemorySessionManager("chat-a1B2c3D4e5", transport=transport) as manager:
            session: Any = AsyncMemorySession(manager, "a", "s")
            session.manager = manager

            async def refused() -> None:
                result = call(session, value)
                if inspect.isawaitable(result):
                    await result

            with pytest.raises(InvalidInputError) as caught:
                await refused()
            assert transport.requests == []
            return str(caught.value)

    return asyncio.run(use())


def shown(value: Any) -> str:
    """Show a bad value shortly, for the reader of the snapshot."""
    if isinstance(value, list | tuple) and value and value is not CIRCLE:
        return f"{type(value).__name__} of {len(value)} {type(value[0]).__name__}"
    text = ascii(value) if isinstance(value, str | int | float | Branch) else type(value).__name__
    return text if len(text) <= 40 else text[:37] + "..."


def all_texts() -> str:
    """Give every text there is, one a line, under its argument."""
    lines: list[str] = []
    for name, (values, call) in CASES.items():
        lines += ["", name]
        lines += [f"  {shown(value)}\n    {text_of(call, value)}" for value in values]
    lines += ["", "errors"]
    lines += [f"  {name}\n    {make(cls)}" for name, cls in sorted(CLASSES.items())]
    return "\n".join(lines).strip() + "\n"


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_before_any_request(name: str) -> None:
    """Each text names the argument and the next step, and shows nothing of what was said."""
    values, call = CASES[name]
    argument = name.partition("(")[2].rstrip(")").partition(" ")[0]
    for value in values:
        text = text_of(call, value)
        assert argument in text
        assert ";" in text
        assert "canary" not in text
        assert len(text) < 400
        assert text.isascii() or "é" in text


def test_texts_are_as_stored() -> None:
    """No text changes unseen."""
    assert STORED.read_text() == all_texts()


def test_every_argument_is_tried() -> None:
    """Of every public method and constructor, so that no new one goes unchecked."""
    unchecked = {
        "AsyncMemorySessionManager(session)",  # seen by the transport when it opens
        "AsyncMemorySessionManager(config)",
        "AsyncMemorySession(actor_id)",  # as create_memory_session
        "AsyncMemorySession(session_id)",
        "resolve(retry)",  # as add_turns
        "iter_long_term_memory_records(namespace)",  # as list_long_term_memory_records
        "iter_long_term_memory_records(memory_strategy_id)",
        *(  # as extraction_poller
            f"wait_for_extraction({name})"
            for name in inspect.signature(AsyncMemorySession.wait_for_extraction).parameters
            if name != "since"
        ),
    }
    callables: list[Callable[..., Any]] = [
        AsyncMemorySessionManager,
        AsyncMemorySession,
        PollPolicy,
        RetryPolicy,
        ServiceLimits,
        encode_actor_id,
        AsyncMemorySessionManager.create_memory_session,
        *(
            member
            for name, member in inspect.getmembers(AsyncMemorySession, inspect.isfunction)
            if not name.startswith("_")
        ),
    ]
    expected = {
        f"{each.__name__}({parameter})"
        for each in callables
        for parameter in inspect.signature(each).parameters
        if parameter != "self"
    }

    assert expected - unchecked <= set(CASES)


async def test_session_and_config_are_refused_when_it_opens() -> None:
    """The network is not asked."""
    options: list[dict[str, Any]] = [{"session": 5}, {"config": {"region": "x"}}]
    for bad in options:
        manager = AsyncMemorySessionManager("m", "us-west-2", **bad)
        opening: Awaitable[Any] = manager.open()
        with pytest.raises(InvalidInputError, match=next(iter(bad))):
            await opening
        await manager.aclose()


def test_issue_text_is_word_for_word() -> None:
    """The text that the design shows."""
    expected = (
        "actor_id 'a@b.c' has '@'; allowed are letters, digits, '-', '_', ':'; "
        "encode_actor_id() makes one"
    )
    values, call = CASES["create_memory_session(actor_id)"]

    assert "a@b.c" in values
    assert expected == text_of(call, "a@b.c")


if __name__ == "__main__":
    STORED.write_text(all_texts())
