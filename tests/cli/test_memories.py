"""The commands about memories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agentcore_memory_async.cli._commands.memories import parse_strategy

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcore_memory_async.local import BlockingLocalMemoryService
    from tests.cli.conftest import Ran


def test_memories(run: Callable[..., Ran], memory_id: str) -> None:
    """Each is a row with its id and status, or an object."""
    [[shown, status, created, updated]] = run("memories").rows
    assert (memory_id, "ACTIVE") == (shown, status)
    assert created == updated
    [found] = run("memories", "--json").objects
    assert (memory_id, "ACTIVE") == (found["memory_id"], found["status"])
    assert created[:10] == found["created_at"][:10]


def test_memories_on_a_terminal(
    run: Callable[..., Ran], memory_id: str, terminal: Callable[[int], None]
) -> None:
    """A person gets a table with headers."""
    terminal(100)
    header, row = run("memories").out.splitlines()
    assert ["MEMORY", "STATUS", "CREATED", "UPDATED"] == header.split()
    assert memory_id == row.split()[0]


def test_create(run: Callable[..., Ran], service: BlockingLocalMemoryService) -> None:
    """It shows the memory once it is active, with its strategies."""
    ran = run(
        "create",
        "notes",
        "--strategy",
        "semantic:facts=/facts/{actorId}/",
        "--strategy",
        "preference",
        "--expiry-days",
        "30",
    )
    assert 0 == ran.code
    shown = dict(line.split(maxsplit=1) for line in ran.out.splitlines())
    assert "ACTIVE" == shown["status"]
    assert shown["strategies"].startswith("facts (SEMANTIC) at /facts/{actorId}/, preference (")
    assert shown["memory"] in ran.err
    [memory] = run("create", "more", "--no-wait", "--json").objects
    assert ("more", []) == (memory["name"], memory["strategies"])
    with service.control() as control:
        assert 30 == control.get_memory(shown["memory"]).event_expiry_days


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("create", "chat"), "already exists"),
        (("create", "more", "--strategy", "semantics"), "KIND"),
        (("create", "more", "--strategy", "semantic:a=/b/{c}/"), "{c}"),
        (("create", "no-dashes"), "name"),
        (("create", "more", "--expiry-days", "1"), "event_expiry_days"),
    ],
)
def test_what_can_not_be_created(
    run: Callable[..., Ran], memory_id: str, arguments: tuple[str, ...], word: str
) -> None:
    """Wrong arguments exit with 2, and say what is wrong."""
    ran = run(*arguments)
    assert (2, "") == (ran.code, ran.out)
    assert word in ran.err


@pytest.mark.parametrize(
    ("text", "name", "template"),
    [
        ("summary", "summary", None),
        ("episodic:scenes", "scenes", None),
        ("semantic:facts=/a/{actorId}/", "facts", "/a/{actorId}/"),
        ("semantic=/a/", "semantic", "/a/"),
    ],
)
def test_strategies_as_arguments(text: str, name: str, template: str | None) -> None:
    """Name and template may be left out."""
    strategy = parse_strategy(text)
    assert (name, template) == (strategy.name, strategy.namespace_template)
