"""The loop of an agent, as the issue that asked for it writes it, runs word for word."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentcore_memory_async.local import LocalMemoryService
from tests.test_docs import blocks_of, compiled

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).parent.parent / "docs" / "agents.md"
LOOP = """\
NAMESPACES = {"facts": "/facts/{actorId}/", "preferences": "/preferences/{actorId}/"}
async with AsyncMemorySessionManager(MEMORY_ID, namespaces=NAMESPACES) as manager:      # an agent's loop
    session = await manager.create_memory_session("anna", "chat001")
    while text := input("> "):
        context = await session.retrieve_context(text)             # all declared namespaces at once
        history = await session.get_last_k_exchanges(10)
        messages = [{"role": "system", "content": context.render()}, *history.to_openai(), {"role": "user", "content": text}]
        answer = await ask(messages)
        await session.add_turns([{"role": "user", "content": text}, {"role": "assistant", "content": answer}])
"""  # noqa: E501 - word for word


async def test_the_loop_of_an_agent_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page has the loop; the model is given what was remembered and what was said before."""
    (loop,) = [block for block in blocks_of(PAGE) if "input(" in block.parsed]
    said = ["I live in Turin. I prefer window seats.", " ", "Which seat do I want?", ""]
    asked: list[list[dict[str, str]]] = []

    async def ask(messages: list[dict[str, str]]) -> str:
        asked.append(messages)
        await service.drain()
        return f"answer {len(asked)}"

    async with LocalMemoryService() as service:
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        page = {
            "MEMORY_ID": "chat-a1B2c3D4e5",
            "input": lambda _: said.pop(0),
            "ask": ask,
        }
        await eval(compiled(loop.parsed, PAGE.name), page)

    assert loop.parsed.endswith(LOOP)
    assert [] == said
    first, second, third = asked
    assert [("system", 1), ("user", 1)] == [(each["role"], 1) for each in first]
    assert "Turin" not in first[0]["content"]
    assert first[1]["content"] == third[1]["content"]
    assert "answer 1" == second[2]["content"]
    assert "window" in third[0]["content"]
    roles: Any = [each["role"] for each in third]
    assert ["system", "user", "assistant", "user", "assistant", "user"] == roles
