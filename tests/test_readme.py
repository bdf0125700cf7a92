"""The README: its length, its first block, and its memory on AWS."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import agentcore_memory_async
from agentcore_memory_async.local import Lags, LocalMemoryService

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def block(marker: str) -> str:
    """Return the fenced block below a marker."""
    match = re.search(rf"<!-- {marker} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert match is not None, marker
    return match[1]


def test_it_is_short() -> None:
    """The README has at most 120 lines."""
    assert len(README.splitlines()) <= 120


def test_the_first_block_is_short() -> None:
    """The first block is Python and has at most 15 lines."""
    kind, code = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)[0]
    assert (kind, True) == ("python", len(code.splitlines()) <= 15)


def test_the_first_block_is_the_tour() -> None:
    """The first block is ``docs/examples/tour.py`` without its blank lines."""
    code = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    tour = (ROOT / "docs" / "examples" / "tour.py").read_text()
    assert [line for line in code.splitlines() if line] == [
        line for line in tour.splitlines() if line
    ]


def test_the_lines_that_change_for_aws_stand_below() -> None:
    """The second block is the one for AWS."""
    after = README.split("```", 2)[2]
    assert after.index("<!-- aws -->") < after.index("```")


AWS_MEMORY = """\
async with AsyncMemoryControl() as control:
    memory = await control.get_or_create_memory("chat", strategies=[SemanticStrategy("facts", "/facts/{actorId}/"), UserPreferenceStrategy("preferences", "/preferences/{actorId}/")])
    async with control.manager(memory) as manager: ...             # ACTIVE, its namespaces known
"""  # noqa: E501
"""The lines that make a memory, word for word."""


async def test_the_memory_on_aws_is_made_by_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines make the memory, wait for it and use it, on a service as strict as AWS."""
    assert AWS_MEMORY in block("a memory on AWS")
    assert "bedrock-agentcore-control" not in README
    lags = Lags(provisioning=0.3)
    async with LocalMemoryService(strict=True, lags=lags) as service:
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        found: list[dict[str, Any]] = []
        for _ in range(2):  # created, then found
            names: dict[str, Any] = {}
            flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            await eval(compile(block("a memory on AWS"), "README.md", "exec", flags=flags), names)
            found.append(names)
        for names in found:
            memory, manager = names["memory"], names["manager"]
            assert (memory.name, memory.status, memory.differences) == ("chat", "ACTIVE", ())
            assert memory.namespaces == {
                "facts": "/facts/{actorId}/",
                "preferences": "/preferences/{actorId}/",
            }
            assert manager.memory_id == memory.memory_id
            assert manager._core.namespaces.templates == memory.namespaces
        assert found[0]["memory"].memory_id == found[1]["memory"].memory_id
        async with service.manager(found[0]["memory"].memory_id) as manager:
            session = await manager.create_memory_session("anna", "chat001")
            async with session.extraction_poller("/facts/{actorId}/", timeout=20) as poller:
                said = {"role": "user", "content": "I only fly window seats"}
                await session.add_turns([said])
                assert await poller


def test_what_is_not_here_is_not_here() -> None:
    """The methods that the README calls missing are those of no session and no manager."""
    [listed] = re.findall(r"<!-- not here -->(.*?)\. Nor", README, re.DOTALL)
    names = set(re.findall(r"`([a-z_]+)`", listed))

    assert names
    for cls in (
        agentcore_memory_async.AsyncActor,
        agentcore_memory_async.AsyncMemorySessionManager,
        agentcore_memory_async.AsyncMemorySession,
    ):
        assert not names & set(dir(cls))
