"""The commands about memories."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

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
