"""The command that erases: it shows, asks, deletes, and says what is left."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from agentcore_memory_async.cli._exit_codes import FAILED, WRONG_USAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcore_memory_async.local import BlockingLocalMemoryService
    from tests.cli.conftest import Ran

FORGET = ("forget", "alice", "--settle", "0")
DELETIONS = ("DeleteEvent", "BatchDeleteMemoryRecords")


@pytest.fixture(autouse=True)
def people(service: BlockingLocalMemoryService, memory_id: str) -> None:
    """Have events and records of two people."""
    with service.manager(memory_id, allow_hierarchical_actor_ids=True) as manager:
        for actor in ("alice", "bob"):
            session = manager.create_memory_session(actor, "chat001")
            session.add_turns([{"role": "user", "content": "I live in Turin."}])
            session.add_turns([{"role": "user", "content": "I work as a nurse."}])
        service.drain()


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that sits somebody at a terminal, who answers so."""

    def sit(text: str) -> None:
        typed = io.StringIO(text)
        monkeypatch.setattr(typed, "isatty", lambda: True, raising=False)
        monkeypatch.setattr(sys, "stdin", typed)

    return sit


def deletions(service: BlockingLocalMemoryService) -> int:
    """Return how many requests deleted anything."""
    return sum(len(service.calls(operation)) for operation in DELETIONS)


def test_without_a_terminal_and_yes_it_refuses(
    run: Callable[..., Ran],
    service: BlockingLocalMemoryService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is sent, let alone deleted."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    before = len(service.calls())
    ran = run(*FORGET)
    assert (WRONG_USAGE, "") == (ran.code, ran.out)
    assert "--yes" in ran.err
    assert before == len(service.calls())


@pytest.mark.parametrize("text", ["n\n", "\n", "", "nes\n"])
def test_it_shows_asks_and_takes_no_for_an_answer(
    run: Callable[..., Ran],
    service: BlockingLocalMemoryService,
    answer: Callable[[str], None],
    text: str,
) -> None:
    """It shows how much there is; nothing is deleted unless somebody says yes."""
    answer(text)
    ran = run(*FORGET)
    assert (FAILED, "") == (ran.code, ran.out)
    assert "actor alice: 2 event(s) in 1 session(s)" in ran.err
    assert "below /facts/alice/: 2 record(s) of the actor" in ran.err
    assert "Delete all of it? [y/N]" in ran.err
    assert 0 == deletions(service)


def test_yes_deletes_what_is_the_actors_and_nothing_else(
    run: Callable[..., Ran],
    answer: Callable[[str], None],
) -> None:
    """The report says what is gone and what is not covered."""
    answer("y\n")
    ran = run(*FORGET)
    assert 0 == ran.code
    lines = ran.out.splitlines()
    assert "deleted 2 event(s) and 2 record(s)" == lines[0]
    assert any(line.startswith("not covered: logs:") for line in lines)
    assert [] == run("events", "alice", "chat001").rows
    assert [] == run("records", "/facts/alice/").rows
    assert 2 == len(run("events", "bob", "chat001").rows)
    assert 2 == len(run("records", "/facts/bob/").rows)


def test_the_report_as_json(run: Callable[..., Ran]) -> None:
    """``--yes`` asks nobody, and stdout has the report only."""
    ran = run(*FORGET, "--yes", "--json")
    [report] = ran.objects
    assert (0, "") == (ran.code, ran.err)
    assert 2 == len(report["deleted"]["event_ids"]) == len(report["deleted"]["memory_record_ids"])
    assert [] == report["remaining"]
    assert report["not_covered"]


def test_what_remains_is_named(
    run: Callable[..., Ran], service: BlockingLocalMemoryService
) -> None:
    """What could not be deleted shows in the text and in the exit status."""
    service.fail("AccessDeniedException", operation="DeleteEvent")
    ran = run(*FORGET, "--yes")
    assert FAILED == ran.code
    remaining = [line for line in ran.out.splitlines() if line.startswith("remains: event")]
    assert 2 == len(remaining)


def test_ids_below_the_actor_are_left(
    run: Callable[..., Ran], service: BlockingLocalMemoryService, memory_id: str
) -> None:
    """The records of ``alice/work`` are below those of ``alice``, and are not hers."""
    with service.manager(memory_id, allow_hierarchical_actor_ids=True) as manager:
        session = manager.create_memory_session("alice/work", "chat001")
        session.add_turns([{"role": "user", "content": "I live in Rome."}])
        service.drain()
    assert 0 == run(*FORGET, "--yes").code
    [[_, _, namespace, _]] = run("records", "/facts/alice/").rows
    assert "/facts/alice/work/" == namespace


def test_a_memory_without_strategies(
    run: Callable[..., Ran], service: BlockingLocalMemoryService
) -> None:
    """It asks for namespaces, and takes them."""
    with service.control() as control:
        memory = control.create_memory("plain")
    arguments = ("forget", "alice", "-m", memory.memory_id, "--yes", "--settle", "0")
    ran = run(*arguments)
    assert WRONG_USAGE == ran.code
    assert "--namespace" in ran.err
    assert 0 == run(*arguments, "--namespace", "/facts/{actorId}/").code


def test_ctrl_c_at_the_question(service: BlockingLocalMemoryService) -> None:
    """It ends at once, not after an answer, and nothing is deleted."""
    terminal, stdin = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "agentcore_memory_async", *FORGET],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(stdin)
        assert process.stderr is not None
        asked = b""
        while b"[y/N]" not in asked:
            asked += os.read(process.stderr.fileno(), 1000)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
        os.close(terminal)
    assert (130, b"", b"") == (process.returncode, out, err.strip())
    assert 0 == deletions(service)
