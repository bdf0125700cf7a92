"""The migration table: every public method of the official SDK, and what to write here, run."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import agentcore_memory_async
from agentcore_memory_async import EpisodicReflection, EpisodicStrategy, PromptOverride
from agentcore_memory_async._wire.synonyms import SYNONYMS
from agentcore_memory_async.local import AutoClock, LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from agentcore_memory_async import Context

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "migration.md").read_text("utf-8")
SIGNATURES = ROOT / "tests" / "official_sdk" / "public_signatures.txt"
THERE = {
    method: arguments
    for method, *arguments in map(str.split, SIGNATURES.read_text("utf-8").splitlines())
}
"""Arguments of every public method of the official SDK's memory package."""
VIEWS = {
    "control": agentcore_memory_async.AsyncMemoryControl,
    "manager": agentcore_memory_async.AsyncMemorySessionManager,
    "actor": agentcore_memory_async.AsyncActor,
    "session": agentcore_memory_async.AsyncMemorySession,
}
"""Classes of the names that the rows use."""
ROLE = "arn:aws:iam::123456789012:role/memory"


def rows() -> list[tuple[str, str]]:
    """Return each method of the table with the code beside it."""
    found: list[tuple[str, str]] = []
    for section in PAGE.split("\n## ")[1:]:
        if section.startswith("Keywords"):
            continue
        title = section.partition("\n")[0].strip("`")
        cells = re.findall(r"^\| `(\w+)` \| `(.+)` \|$", section, re.MULTILINE)
        found += [(f"{title}.{name}", code) for name, code in cells]
    return found


def test_every_method_has_its_row() -> None:
    """Each public method of the official SDK has one row, and each row is of one."""
    assert sorted(THERE) == sorted(name for name, _ in rows())


def arguments_here(code: str) -> set[str] | None:
    """Return the arguments that the code of a row takes by name; None where it calls no method."""
    for node in ast.walk(ast.parse(code.replace("await ", ""), mode="eval")):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            method = getattr(VIEWS.get(node.value.id), node.attr, None)
            if inspect.isfunction(method):
                given = set() if node.value.id == "control" else {"memory_id"}
                return (
                    given | {"actor_id", "session_id"} | set(inspect.signature(method).parameters)
                )
    return None


def test_every_keyword_is_taken_or_told() -> None:
    """Each argument of the official SDK is taken by its name, or the page has what to write."""
    others: set[str] = set()
    for name, code in rows():
        here = arguments_here(code)
        others |= set() if here is None else set(THERE[name]) - here
    [section] = [each for each in PAGE.split("\n## ") if each.startswith("Keywords")]
    assert others == set(
        re.findall(r"`(\w+)=`", "".join(re.findall(r"^\| ([^|]+) \|", section, re.M)))
    )


def test_the_keywords_that_are_taken_are_named() -> None:
    """The page names each keyword that has another name here, and the official SDK has it."""
    [line] = [each for each in PAGE.splitlines() if "mean the same are taken" in each]
    assert set(re.findall(r"`(\w+)=`", line)) == {*SYNONYMS, "max_results"}
    assert set(SYNONYMS) <= {each for arguments in THERE.values() for each in arguments}


@pytest.fixture
async def names() -> AsyncGenerator[dict[str, Any]]:
    """Yield the names that the rows use."""
    package = {
        name: getattr(agentcore_memory_async, name) for name in agentcore_memory_async.__all__
    }
    strategies = [package["SemanticStrategy"]("facts", "/facts/{actorId}/")]
    messages = [{"role": "user", "content": "I live in Turin."}]
    reflection = EpisodicReflection("/more/{actorId}/")

    async def ask(_: str, memories: Context) -> str:
        return memories.render()

    async with (
        LocalMemoryService(strict=True, clock=AutoClock()) as service,
        service.control() as control,
    ):
        memory = await control.create_memory(
            "chat", strategies=strategies, memory_execution_role_arn=ROLE
        )
        async with service.manager(memory.memory_id) as manager:
            session = await manager.create_memory_session("anna", "chat001")
            event = await session.add_turns(messages)
            await session.fork_conversation(messages, event.event_id, "second")
            [record, *_] = await session.wait_for_extraction("/facts/{actorId}/", since=event)
            yield {
                **package,
                "ask": ask,
                "actor": manager.actor("anna"),
                "control": control,
                "episodes": EpisodicStrategy(
                    "more", "/more/{actorId}/{sessionId}/", reflection=reflection
                ),
                "event": event,
                "manager": manager,
                "memory": memory,
                "messages": messages,
                "prompt": PromptOverride("Only what is about flights.", "some.model-v1"),
                "record": record,
                "session": session,
                "strategies": strategies,
                "strategy_id": memory.strategies[0].memory_strategy_id,
            }


@pytest.mark.parametrize("code", sorted({code for _, code in rows()}))
async def test_each_row_runs(code: str, names: dict[str, Any]) -> None:
    """What is to be written here runs as it stands in the table."""
    compiled = compile(code, "migration.md", "eval", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(compiled, names)
    if inspect.isawaitable(result):
        await result
