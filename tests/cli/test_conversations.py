"""The commands about conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcore_memory_async.local import BlockingLocalMemoryService
    from tests.cli.conftest import Ran

SAID = [
    {"role": "user", "content": "I live in Turin."},
    {"role": "assistant", "content": "Noted\x1b[2J [red]indeed"},
]


@pytest.fixture(autouse=True)
def conversation(service: BlockingLocalMemoryService, memory_id: str) -> None:
    """Store a conversation."""
    manager = service.manager(memory_id)
    manager.create_memory_session("alice", "chat001").add_turns(SAID)
    manager.close()


def test_actors(run: Callable[..., Ran]) -> None:
    """Each is a row, or an object."""
    assert [["alice"]] == run("actors").rows
    assert [{"actor_id": "alice"}] == run("actors", "--json").objects


def test_turns(run: Callable[..., Ran]) -> None:
    """They come oldest first; what a terminal could obey is escaped for people only."""
    first, second = run("turns", "alice", "chat001").rows
    assert ["USER", "I live in Turin."] == first[1:]
    assert ["ASSISTANT", r"Noted\x1b[2J [red]indeed"] == second[1:]
    objects = run("turns", "alice", "chat001", "--json").objects
    assert [each["content"] for each in SAID] == [each["text"] for each in objects]
    assert ["USER", "ASSISTANT"] == [each["role"] for each in objects]


def test_the_newest_turns(run: Callable[..., Ran]) -> None:
    """``-k`` is the number of messages."""
    [turn] = run("turns", "alice", "chat001", "-k", "1", "--json").objects
    assert "ASSISTANT" == turn["role"]


def test_turns_of_nothing(run: Callable[..., Ran]) -> None:
    """A session that is not there has no messages; the service knows no difference."""
    ran = run("turns", "alice", "other")
    assert (0, "") == (ran.code, ran.out)
    assert "no messages" in ran.err
