"""New events and records as they come."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async import Event, SemanticStrategy
from agentcore_memory_async.cli import main
from agentcore_memory_async.cli._commands.watch import (
    EVENTS,
    EventWatch,
    SeenEvents,
    watched_prefix,
)
from agentcore_memory_async.cli._connection import Connection
from agentcore_memory_async.local import AutoClock, LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agentcore_memory_async.local import BlockingLocalMemoryService
    from tests.cli.conftest import Ran

TURIN = [{"role": "user", "content": "I live in Turin."}]
NURSE = [{"role": "user", "content": "I work as a nurse."}]
"""What is said."""


@pytest.mark.parametrize(
    ("template", "prefix"),
    [
        ("/facts/{actorId}/", "/facts/alice/"),
        ("/facts/{actorId}/{sessionId}/", "/facts/alice/"),
        ("/facts/{sessionId}/{actorId}/", "/facts/"),
        ("/facts/user-{actorId}", "/facts/"),
        ("/{sessionId}/", "/"),
    ],
)
def test_the_prefix_that_is_certain(template: str, prefix: str) -> None:
    """What follows an unknown variable may be anything."""
    assert prefix == watched_prefix(template, "alice")


def event(number: int) -> Event:
    """Make an event of a time."""
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    return Event(f"e{number}", None, None, (), at, "alice", "chat001")


@given(st.sets(st.integers(0, 300)), st.lists(st.sets(st.integers(0, 300)), max_size=5))
def test_each_event_is_new_once(before: set[int], later: list[set[int]]) -> None:
    """Whatever comes or goes: nothing is new twice, and nothing that was there before is."""
    seen, there = SeenEvents(), set(before)

    def newest() -> list[Event]:
        return [event(number) for number in sorted(there, reverse=True)[:EVENTS]]

    seen.begin(newest())
    told: list[str] = []
    for change in later:
        there ^= change - before  # events come and go
        there -= change & before  # those that were there may go
        told += [each.event_id for each in seen.take_new(newest())]
    assert len(set(told)) == len(told)
    assert not {event(number).event_id for number in before} & set(told)


async def test_new_events_of_all_sessions() -> None:
    """What was there is not new; what comes is, once, oldest first, in new sessions as well."""
    async with LocalMemoryService() as service, service.manager("chat-a1B2c3D4e5") as manager:
        first = await manager.create_memory_session("alice", "first")
        await first.add_turns(TURIN)
        watch = EventWatch(manager, "alice")
        assert [] == await watch.poll() == await watch.poll()
        second = await manager.create_memory_session("alice", "second")
        new = [await second.add_turns(TURIN), await first.add_turns(NURSE)]
        other = await manager.create_memory_session("bob", "first")
        await other.add_turns(TURIN)
        found = await watch.poll()
        assert [each.event_id for each in new] == [each.event_id for each in found]
        assert [["I live in Turin."], ["I work as a nurse."]] == [
            [message.text for message in each.messages] for each in found
        ]
        assert [] == await watch.poll()


@pytest.fixture
def virtual(monkeypatch: pytest.MonkeyPatch) -> Iterator[BlockingLocalMemoryService]:
    """Open a service in which minutes pass in no time; extraction takes one."""
    with LocalMemoryService(strict=True, clock=AutoClock(), extraction_delay=60) as service:
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        with service.control() as control:
            memory = control.create_memory(
                "chat", strategies=[SemanticStrategy("facts", "/facts/{actorId}/")]
            )
        monkeypatch.setenv("AGENTCORE_MEMORY_ID", memory.memory_id)
        yield service


def clock_of(service: BlockingLocalMemoryService) -> AutoClock:
    """Return the clock of a service in which minutes pass in no time."""
    assert isinstance(service.clock, AutoClock)
    return service.clock


@pytest.fixture
def said_meanwhile(
    virtual: BlockingLocalMemoryService, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Store a message while somebody watches: when the watch rests for the first time."""
    memory_id = os.environ["AGENTCORE_MEMORY_ID"]
    rest = Connection.rest
    texts = iter([NURSE])
    with virtual.manager(memory_id) as manager:
        session = manager.create_memory_session("alice", "chat001")
        session.add_turns(TURIN)
        virtual.drain()

        async def say_and_rest(connection: Connection, seconds: float) -> None:
            for text in texts:
                await anyio.to_thread.run_sync(session.add_turns, text)
            await rest(connection, seconds)

        monkeypatch.setattr(Connection, "rest", say_and_rest)
        yield


@pytest.mark.usefixtures("said_meanwhile")
def test_what_is_said_while_somebody_watches(
    virtual: BlockingLocalMemoryService, capsys: pytest.CaptureFixture[str]
) -> None:
    """The event comes first, then the record that is extracted from it, each once."""
    assert 0 == main(["watch", "alice", "--for", "200"], clock=clock_of(virtual))
    out, err = capsys.readouterr()
    event_row, record_row = (line.split("\t") for line in out.splitlines())
    assert ["event", "chat001", "USER: I work as a nurse."] == [event_row[1], *event_row[3:]]
    assert ["record", "/facts/alice/", "The user works as a nurse."] == [
        record_row[1],
        *record_row[3:],
    ]
    assert "watching alice and /facts/alice/\n" == err


@pytest.mark.usefixtures("said_meanwhile")
def test_what_a_program_sees(
    virtual: BlockingLocalMemoryService, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is an object: an event has an ``event_id``, a record a ``memory_record_id``."""
    arguments = ["watch", "alice", "chat001", "--prefix", "/facts/alice/", "--for", "200", "--json"]
    assert 0 == main(arguments, clock=clock_of(virtual))
    seen, record = map(json.loads, capsys.readouterr().out.splitlines())
    assert ["I work as a nurse."] == [each["text"] for each in seen["messages"]]
    assert seen["event_id"]
    assert record["memory_record_id"]
    assert "The user works as a nurse." == record["content"]


@pytest.mark.usefixtures("said_meanwhile")
def test_it_asks_no_more_often_than_it_says(virtual: BlockingLocalMemoryService) -> None:
    """In 200 seconds there are no more rounds than the interval allows."""
    before = len(virtual.calls("ListSessions")), len(virtual.calls("ListMemoryRecords"))
    arguments = ["watch", "alice", "--interval", "20", "--for", "200"]
    assert 0 == main(arguments, clock=clock_of(virtual))
    assert 12 >= len(virtual.calls("ListSessions")) - before[0]
    assert 13 >= len(virtual.calls("ListMemoryRecords")) - before[1]


@pytest.mark.usefixtures("memory_id")
def test_a_tight_loop_is_refused(run: Callable[..., Ran]) -> None:
    """The interval is a second at least."""
    assert 2 == run("watch", "alice", "--interval", "0").code


def test_a_memory_that_files_nothing_by_actor(
    virtual: BlockingLocalMemoryService, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its events are watched, and a note says how to watch for records."""
    with virtual.control() as control:
        plain = control.create_memory("plain").memory_id
    assert 0 == main(["watch", "alice", "-m", plain, "--for", "20"], clock=clock_of(virtual))
    assert "--prefix" in capsys.readouterr().err


@pytest.mark.usefixtures("memory_id")
def test_ctrl_c_ends_it() -> None:
    """It exits with 130 at once, and says nothing of it."""
    with subprocess.Popen(
        [sys.executable, "-m", "agentcore_memory_async", "watch", "alice"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert "watching" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=4)
    assert (130, "", "") == (process.returncode, out, err)


def test_a_reader_that_leaves_ends_it(service: BlockingLocalMemoryService, memory_id: str) -> None:
    """It ends quietly at the first event that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    with (
        service.manager(memory_id) as manager,
        subprocess.Popen(
            [sys.executable, "-m", "agentcore_memory_async", "watch", "alice", "--interval", "1"],
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        os.close(write)
        assert process.stderr is not None
        assert "watching" in process.stderr.readline()
        manager.create_memory_session("alice", "chat001").add_turns(TURIN)
        assert "" == process.stderr.read()
        assert 141 == process.wait(10)
