"""The commands about conversations."""

from __future__ import annotations

import os
import subprocess
import sys
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


def test_sessions(run: Callable[..., Ran]) -> None:
    """Each is a row, or an object."""
    [[session, created]] = run("sessions", "alice").rows
    assert "chat001" == session
    [found] = run("sessions", "alice", "--json").objects
    assert ("alice", "chat001") == (found["actor_id"], found["session_id"])
    assert created[:10] == found["created_at"][:10]
    assert "no sessions" in run("sessions", "bob").err


def test_events(
    run: Callable[..., Ran], service: BlockingLocalMemoryService, memory_id: str
) -> None:
    """They come newest first, of all kinds, each on one line."""
    with service.manager(memory_id) as manager:
        session = manager.create_memory_session("alice", "chat001")
        session.create_event("state", {"step": 3}, metadata={"topic": "billing"})
    newest, oldest = run("events", "alice", "chat001").rows
    assert ["main", "eventType=state, topic=billing", '{"step": 3}'] == newest[2:]
    assert r"USER: I live in Turin.\nASSISTANT: Noted\x1b[2J [red]indeed" == oldest[4]
    first, second = run("events", "alice", "chat001", "--json").objects
    assert [newest[1], oldest[1]] == [first["event_id"], second["event_id"]]
    assert ("state", {"step": 3}) == (first["event_type"], first["payload"])


def test_branches(
    run: Callable[..., Ran], service: BlockingLocalMemoryService, memory_id: str
) -> None:
    """``--branch`` reads another branch: turns with what it forks from, events without."""
    with service.manager(memory_id) as manager:
        session = manager.create_memory_session("alice", "chat001")
        [root] = session.list_events()
        session.fork_conversation([{"role": "user", "content": "Again"}], root.event_id, "retry")
    chat = ("alice", "chat001", "--branch", "retry")
    assert 3 == len(run("turns", *chat).rows)
    assert [["retry"]] == [row[2:3] for row in run("events", *chat).rows]
    assert 2 == len(run("events", *chat, "--parents").rows)
    assert 1 == len(run("events", "alice", "chat001").rows)


def test_what_the_encoding_of_stdout_lacks(
    service: BlockingLocalMemoryService, memory_id: str
) -> None:
    """It is escaped, and no error."""
    with service.manager(memory_id) as manager:
        session = manager.create_memory_session("alice", "chat002")
        session.add_turns([{"role": "user", "content": "Zürich 👩"}])
    done = subprocess.run(
        [sys.executable, "-m", "agentcore_memory_async", "turns", "alice", "chat002"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        timeout=45,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert "Z\\xfcrich \\U0001f469\n" == done.stdout.split("\t")[2]
