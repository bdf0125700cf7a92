"""Invalid values for the arguments about origins, and about what is exact."""

from __future__ import annotations

from typing import Any

from agentcore_memory_async import Context, Origin
from tests.unit.bad_input import CANARY, GOOD

ORIGINS: list[Any] = [
    5,
    CANARY,
    Origin(""),
    Origin("x" * 257),
    Origin(CANARY + ","),
    Origin(5),  # type: ignore[arg-type]
]
TRUSTED: list[Any] = [
    5,
    CANARY,
    [],
    {CANARY},
    [5],
    [""],
    ["user", "x" * 257],
    [Origin(CANARY + ",")],
]
EXACT: list[Any] = [
    5,
    CANARY,
    (),
    ("k",),
    ("k", "v", "w"),
    (5, "v"),
    ("", "v"),
    ("k" * 129, "v"),
    ("k", 5),
    ("k", ""),
    ("k", "v" * 257),
    ("k", CANARY + ","),
    ("x-amz-agentcore-memory-recordType", "v"),
]


def answer(text: str, memories: Context) -> str:
    """Answer as a model does."""
    return "ho"


ORIGIN_CASES: dict[str, tuple[list[Any], Any]] = {
    "add_turns(origin)": (ORIGINS, lambda s, x: s.add_turns(GOOD, origin=x)),
    "fork_conversation(origin)": (
        ORIGINS,
        lambda s, x: s.fork_conversation(GOOD, "1#a", "b", origin=x),
    ),
    "ingest_data(origin)": (ORIGINS, lambda s, x: s.ingest_data(GOOD, origin=x)),
    "buffered(origin)": (ORIGINS, lambda s, x: s.buffered(origin=x)),
    "process_turn_with_llm(origin)": (
        ORIGINS,
        lambda s, x: s.process_turn_with_llm("hi", answer, {}, origin=x),
    ),
    "process_turn_with_llm(trusted)": (
        TRUSTED,
        lambda s, x: s.process_turn_with_llm("hi", answer, {}, trusted=x),
    ),
    "retrieve_context(trusted)": (TRUSTED, lambda s, x: s.retrieve_context("q", {}, trusted=x)),
    "search_long_term_memories(trusted)": (
        TRUSTED,
        lambda s, x: s.search_long_term_memories("q", "/a/", trusted=x),
    ),
    "extraction_poller(exact)": (EXACT, lambda s, x: s.extraction_poller("/a/", exact=x)),
    "explain(record)": ([None, 5, CANARY, {}], lambda s, x: s.explain(x)),
}
"""Invalid values of each argument, and the call that gets them."""
