"""Invalid values for the arguments about namespaces, context and turns with a model."""

from __future__ import annotations

from typing import Any

from agentcore_memory_async import AsyncMemorySessionManager, Context, RetrievalConfig
from tests.unit.bad_input import (
    BRANCHES,
    CANARY,
    METADATA,
    PREFIXES,
    SIZES,
    STRATEGIES,
    TIMESTAMPS,
    TOKENS,
    VARIABLES,
)
from tests.unit.bad_input import NAN as NOT_A_NUMBER
from tests.unit.bad_records import RECORD_FILTERS

TEXTS: list[Any] = [None, 5, b"canary", "", CANARY + "\ud83d"]
TEMPLATES = [each for each in PREFIXES if each not in ("/{memoryStrategyId}/", "/" + "x" * 1024)]
TEMPLATES = [each for each in TEMPLATES if each != "x" * 1024]
"""Templates that no namespace can have; whether a filled one is too long shows later."""
CONFIGS: list[Any] = [
    5,
    CANARY,
    ["/facts/{actorId}/"],
    RetrievalConfig(),
    {"/facts/{actorId}/": None},
    {"/facts/{actorId}/": {"top_k": 5}},
    *({template: RetrievalConfig()} for template in PREFIXES if isinstance(template, str)),
    {5: RetrievalConfig()},
]
BUDGETS: list[Any] = ["5", 0, -1, True]


async def answer(text: str, memories: Context) -> str:
    """Answer as a model does."""
    return "ho"


def _turn(name: str) -> Any:
    """Return a call that gives *name* of ``process_turn_with_llm`` a value."""
    return lambda s, x: s.process_turn_with_llm("hi", answer, {}, **{name: x})


SEARCH_ERRORS: list[Any] = [None, 5, "ignore", ["raise"]]

CONTEXT_CASES: dict[str, tuple[list[Any], Any]] = {
    "AsyncMemorySessionManager(namespaces)": (
        [
            5,
            "/facts/{actorId}/",
            {"/facts/{actorId}/"},
            *([template] for template in TEMPLATES),
            *({"facts": template} for template in TEMPLATES),
            {"": "/facts/"},
            {5: "/facts/"},
        ],
        lambda _, x: AsyncMemorySessionManager("m", namespaces=x),
    ),
    "retrieve_context(query)": (TEXTS, lambda s, x: s.retrieve_context(x, {})),
    "retrieve_context(namespace_variables)": (
        VARIABLES,
        lambda s, x: s.retrieve_context(CANARY, {}, namespace_variables=x),
    ),
    "retrieve_context(on_search_error)": (
        SEARCH_ERRORS,
        lambda s, x: s.retrieve_context(CANARY, {}, on_search_error=x),
    ),
    "retrieve_context(retrieval_config)": (
        CONFIGS,
        lambda s, x: s.retrieve_context(CANARY, x),
    ),
    "RetrievalConfig(top_k)": (SIZES, lambda _, x: RetrievalConfig(top_k=x)),
    "RetrievalConfig(relevance_score)": (
        [None, "0.5", True, -0.001, 1.001, NOT_A_NUMBER],
        lambda _, x: RetrievalConfig(relevance_score=x),
    ),
    "RetrievalConfig(strategy_id)": (STRATEGIES, lambda _, x: RetrievalConfig(strategy_id=x)),
    "RetrievalConfig(retrieval_query)": (
        [x for x in TEXTS if x is not None],
        lambda _, x: RetrievalConfig(retrieval_query=x),
    ),
    "RetrievalConfig(metadata_filters)": (
        RECORD_FILTERS,
        lambda _, x: RetrievalConfig(metadata_filters=x),
    ),
    "render(max_chars)": (BUDGETS, lambda _, x: Context().render(max_chars=x)),
    "render(max_tokens)": (
        BUDGETS,
        lambda _, x: Context().render(max_tokens=x, count_tokens=len),
    ),
    "render(count_tokens)": (
        [5, "len", len],
        lambda _, x: Context().render(count_tokens=x),
    ),
    "render(max_tokens without count_tokens)": (
        [5],
        lambda _, x: Context().render(max_tokens=x),
    ),
    "process_turn_with_llm(user_input)": (
        TEXTS,
        lambda s, x: s.process_turn_with_llm(x, answer, {}),
    ),
    "process_turn_with_llm(llm_callback)": (
        [None, 5, CANARY],
        lambda s, x: s.process_turn_with_llm("hi", x, {}),
    ),
    "process_turn_with_llm(retrieval_config)": (
        CONFIGS,
        lambda s, x: s.process_turn_with_llm(CANARY, answer, x),
    ),
    "process_turn_with_llm(metadata)": (METADATA, _turn("metadata")),
    "process_turn_with_llm(timestamp)": (TIMESTAMPS, _turn("timestamp")),
    "process_turn_with_llm(branch)": (BRANCHES, _turn("branch")),
    "process_turn_with_llm(namespace_variables)": (VARIABLES, _turn("namespace_variables")),
    "process_turn_with_llm(client_token)": (TOKENS, _turn("client_token")),
    "process_turn_with_llm(on_search_error)": (SEARCH_ERRORS, _turn("on_search_error")),
    "process_turn_with_llm(store_on_failure)": ([None, "no", 1], _turn("store_on_failure")),
}
