"""Invalid values for every argument of the control plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcore_memory_async import (
    AsyncMemoryControl,
    IndexedKey,
    NamespaceKey,
    SemanticStrategy,
    StreamDelivery,
)
from agentcore_memory_async.testing import FakeTransport

if TYPE_CHECKING:
    from collections.abc import Callable

NAN = float("nan")
MEMORY = "chat-a1B2c3D4e5"
NAMES: list[Any] = [None, 5, "", "1chat", "my-chat", "a" * 49]
STRATEGIES: list[Any] = [
    5,
    "facts",
    SemanticStrategy("facts"),
    ["facts"],
    [None],
    [SemanticStrategy("facts")] * 2,
    [SemanticStrategy("1")],
    [SemanticStrategy("facts", "/{a b}/")],
    [SemanticStrategy("facts", record_expiry_days=30)],
]
DAYS: list[Any] = ["90", 2, 3651, 90.0, True]
KEYS: list[Any] = [5, "topic", ["topic"], [IndexedKey("k")] * 2, [IndexedKey("k", "DATE")]]
OWN_KEYS: list[Any] = [5, ["tenant"], [NamespaceKey("actorId")], [NamespaceKey("a")] * 6]
STREAMS: list[Any] = [5, StreamDelivery("x"), [StreamDelivery("x")], ["arn"]]
ARNS: list[Any] = [5, "", "role"]
DESCRIPTIONS: list[Any] = [5, "", "the canary sings " * 300]
TAGS: list[Any] = [5, ["a"], {"a": None}, {"\u00fc": "x"}, {str(n): "" for n in range(51)}]
TOKENS: list[Any] = [5, "", "t" * 501]
FLAGS: list[Any] = [None, "no", 1]
TIMEOUTS: list[Any] = [None, "5", 0, -1, NAN, True]
MEMORIES: list[Any] = [None, 5, "", "a/b", ".."]
IDS: list[Any] = [None, 5, "", "a b", "a" * 101]
SIZES: list[Any] = [None, "5", 0, 101]


def control() -> AsyncMemoryControl:
    """Return a control that is not open: what is invalid is refused before that matters."""
    return AsyncMemoryControl(transport=FakeTransport())


def called(method: str, *before: Any, **options: Any) -> Callable[[str], Callable[[Any, Any], Any]]:
    """Return what calls *method* with a value for the argument of a name."""

    def for_argument(argument: str) -> Callable[[Any, Any], Any]:
        def call(_: Any, value: Any) -> Any:
            return getattr(control(), method)(*before, **{**options, argument: value})

        return call

    return for_argument


def cases(
    method: str, values: dict[str, list[Any]], *before: Any, **options: Any
) -> dict[str, tuple[list[Any], Any]]:
    """Return the cases of a method: values by argument."""
    call = called(method, *before, **options)
    return {f"{method}({name})": (bad, call(name)) for name, bad in values.items()}


MAKING: dict[str, list[Any]] = {
    "name": NAMES,
    "strategies": STRATEGIES,
    "event_expiry_days": DAYS,
    "indexed_keys": KEYS,
    "namespace_keys": OWN_KEYS,
    "description": DESCRIPTIONS,
    "memory_execution_role_arn": ARNS,
    "encryption_key_arn": ARNS,
    "stream_delivery": STREAMS,
    "tags": TAGS,
    "wait": FLAGS,
    "timeout": TIMEOUTS,
}
WAITING = {"wait": FLAGS, "timeout": TIMEOUTS}
CHANGING = {"memory": MEMORIES, "client_token": TOKENS, **WAITING}
STRATEGY = SemanticStrategy("facts")
CONTROL_CASES: dict[str, tuple[list[Any], Any]] = {
    **cases("create_memory", {**MAKING, "client_token": TOKENS}, name="chat"),
    **cases("get_or_create_memory", MAKING, name="chat"),
    **cases("get_memory", {"memory": MEMORIES, "view": [5, "all"]}, memory=MEMORY),
    **cases("list_memories", {"max_results": ["5", 0], "page_size": SIZES}),
    "iter_memories(page_size)": (SIZES, lambda _, x: anext(control().iter_memories(page_size=x))),
    **cases("wait_until_active", {"memory": MEMORIES, "timeout": TIMEOUTS}, memory=MEMORY),
    **cases("delete_memory", {"memory": MEMORIES, **WAITING}, memory=MEMORY),
    **cases("list_tags", {"memory": MEMORIES}),
    **cases("tag_memory", {"memory": MEMORIES, "tags": [None, *TAGS]}, memory=MEMORY, tags={}),
    **cases("untag_memory", {"memory": MEMORIES, "keys": [None, "a", [5]]}, memory=MEMORY, keys=[]),
    **cases(
        "update_memory",
        {
            **CHANGING,
            "event_expiry_days": DAYS,
            "description": DESCRIPTIONS,
            "memory_execution_role_arn": ARNS,
            "add_strategies": STRATEGIES,
            "modify_strategies": [5, ["facts"]],
            "delete_strategies": [5, "facts", [5]],
            "add_indexed_keys": KEYS,
            "namespace_keys": OWN_KEYS,
            "stream_delivery": STREAMS,
        },
        memory=MEMORY,
        description="x",
    ),
    **cases(
        "add_strategy",
        {**CHANGING, "strategy": [None, 5, "facts", [STRATEGY], SemanticStrategy("1")]},
        memory=MEMORY,
        strategy=STRATEGY,
    ),
    **cases(
        "modify_strategy",
        {
            **CHANGING,
            "memory_strategy_id": IDS,
            "namespace_template": [5, "", "/{a b}/"],
            "description": DESCRIPTIONS,
            "configuration": [5, "semantic"],
            "reflection": [5, "/r/"],
            "record_schema": [["topic"]],
            "record_expiry_days": [30, "never"],
        },
        memory=MEMORY,
        memory_strategy_id="facts-0123456789",
        description="x",
    ),
    **cases(
        "delete_strategy",
        {**CHANGING, "memory_strategy_id": IDS},
        memory=MEMORY,
        memory_strategy_id="facts-0123456789",
    ),
    "manager(memory)": (MEMORIES, lambda _, x: control().manager(x)),
    "describe(control)": ([None, 5], lambda s, x: s.manager.describe(x)),
}
"""Values that are refused, by method and argument, and what refuses them."""
