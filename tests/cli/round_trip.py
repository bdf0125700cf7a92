"""A memory that is exported and imported by commands that are killed, and compared."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from agentcore_memory_async import (
    Conversation,
    ConversationalMessage,
    HistoryEvent,
    HistoryMessage,
    HistoryRecord,
)
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.transfer import history_from_json, history_to_json
from tests.client.test_transfer import FAST, START, history

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from agentcore_memory_async.local import BlockingLocalMemoryService
    from agentcore_memory_async.models import MetadataValue

    Item = Conversation | HistoryRecord

SOURCE, TARGET = "chat-a1B2c3D4e5", "other-a1B2c3D4e5"
COMMAND = (sys.executable, "-m", "agentcore_memory_async")
ACTORS = 100
"""Actors that the sessions are of."""
MOST_EVENTS = 3
"""Events of one session."""
LONGEST_RUN_S = 900.0
"""Longest duration of one run of a command."""
STARTING_S = 4.0
"""Latest moment at which one of a few runs is killed while it starts."""
STARTING_SHARE = 0.2
"""Share of those runs."""
RUNS_MORE = 20
"""Runs of a command beyond those that are killed, which end by themselves."""


def generated(sessions: int, seed: int) -> list[Item]:
    """Return conversations of every kind, and a record for every five of them."""
    source = random.Random(seed)
    later = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    items: list[Item] = []
    for number in range(sessions):
        whole = history(source, f"s{number}")
        messages = whole.messages[: source.randint(1, MOST_EVENTS)]
        items.append(Conversation(f"actor{number % ACTORS}", whole.session_id, messages))
    metadata: list[dict[str, MetadataValue]]
    metadata = [{}, {"topic": "home"}, {"n": 0.5, "tags": ("a", "b")}]
    for number in range(sessions // 5):
        expires_at = source.choice([None, later + timedelta(days=source.randint(40, 400))])
        namespace = f"/facts/actor{number % ACTORS}/"
        content = f"fact {number // 2}"  # each is there twice
        items.append(HistoryRecord(namespace, content, START, source.choice(metadata), expires_at))
    return items


@define
class Killer:
    """
    Runs commands until they are done, and kills them at random moments of their work.

    Attributes:
        service: Service that they ask.
        directory: Folder that they run in.
        source: Source of the moments.
        kills: Kills so far.
        runs: Runs so far.
        at: Bytes that were written at each kill.
    """

    service: BlockingLocalMemoryService
    directory: Path
    source: random.Random
    kills: int = 0
    runs: int = 0
    at: list[int] = field(factory=list[int])

    def until_done(self, kills: int, size: int, *arguments: str) -> str:
        """
        Run a command until it is done, and return figures.

        Args:
            kills: How many of its runs are killed.
            size: Bytes that it writes, about.
            arguments: Arguments of the command.
        """
        before, began, runs, killed = self._written(), time.monotonic(), self.runs, self.kills
        moments = sorted(before + self.source.random() * size for _ in range(kills))
        for number in range(kills + RUNS_MORE):
            code, told = self._run(moments[number] if number < kills else None, *arguments)
            # It may be killed just after the file has got its name.
            if code == 0 or (arguments[0] == "export" and (self.directory / arguments[1]).exists()):
                break
            assert code == -signal.SIGKILL, told
        else:
            message = f"{arguments[0]} is not done after {kills + RUNS_MORE} runs"
            raise AssertionError(message)
        at = [f"{(each - before) / size:.0%}" for each in self.at[killed:]]
        return (
            f"{arguments[0]} done in {time.monotonic() - began:.0f} s and {self.runs - runs} runs, "
            f"killed at {' '.join(at)}"
        )

    def _run(self, moment: float | None, *arguments: str) -> tuple[int, str]:
        """Run a command, kill it once it has written so much, and return its status and text."""
        self.runs += 1
        mine = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.directory,
            env=mine | self.service.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        if moment is not None:
            if self._written() < moment and self.source.random() > STARTING_SHARE:
                while process.poll() is None and self._written() < moment:
                    time.sleep(0.005)
                delay = self.source.uniform(0, 0.05)
            else:
                delay = self.source.uniform(0, STARTING_S)
            try:
                process.wait(delay)
            except subprocess.TimeoutExpired:
                process.kill()
                self.kills += 1
                self.at.append(self._written())
        _, told = process.communicate(timeout=LONGEST_RUN_S)
        return process.returncode, told.decode()[-500:]

    def _written(self) -> int:
        """Return the bytes of what commands have written."""
        return sum(each.stat().st_size for each in self.directory.iterdir())


def run_round_trip(
    sessions: int, kills: int, seed: int, directory: Path, tell: Callable[[str], object]
) -> str:
    """
    Export and import a memory with kills, half of them each, and return figures.

    Raises:
        AssertionError: Something is not equal.
    """
    given = generated(sessions, seed)
    with LocalMemoryService() as service:
        began = time.monotonic()
        with service.manager(SOURCE, limits=FAST) as manager:
            manager.import_conversations(given, extract=False, concurrency=50).wait()
            kept = list(manager.export())
        tell(f"{len(given):,} items stored and read in {time.monotonic() - began:.0f} s")
        assert as_stored(kept) == as_stored(given)
        killer = Killer(service, directory, random.Random(seed))
        archive = directory / "a.jsonl"
        size = sum(len(history_to_json(each)) + 1 for each in kept)
        tell(killer.until_done(kills // 2, size, "export", archive.name, "-m", SOURCE))
        assert list(directory.iterdir()) == [archive]
        assert in_order(items_of(archive)) == in_order(kept)
        size = len(str(list(range(len(kept)))))
        tell(killer.until_done(kills - killer.kills, size, "import", archive.name, "-m", TARGET))
        assert list(directory.iterdir()) == [archive]
        with service.manager(TARGET) as manager:
            assert in_order(list(manager.export())) == in_order(kept)
    events = sum(len(each.messages) for each in kept if isinstance(each, Conversation))
    return (
        f"{sessions:,} sessions of {events:,} events and {len(given) - sessions:,} records: "
        f"exported and imported by {killer.runs} runs, {killer.kills} of them killed; equal; "
        f"{time.monotonic() - began:.0f} s"
    )


def items_of(path: Path) -> list[Item]:
    """Return the conversations and records of an archive."""
    return [history_from_json(line) for line in path.read_text().splitlines()[1:-1]]


def in_order(items: Iterable[Item]) -> list[str]:
    """Return items as text, in an order of their own."""
    return sorted(str(each.to_dict()) for each in items)


def as_stored(items: Iterable[Item]) -> list[str]:
    """Return items as text, in an order of their own, and without times, which move apart."""
    shown: list[str] = []
    for item in items:
        if isinstance(item, HistoryRecord):
            shown.append(str(item.to_dict()))
            continue
        events = [
            evolve(_whole(each), timestamp=START).to_dict() | {"at": each.timestamp.second}
            for each in item.messages
        ]
        shown.append(str((item.actor_id, item.session_id, events)))
    return sorted(shown)


def _whole(message: HistoryMessage | HistoryEvent) -> HistoryEvent:
    if isinstance(message, HistoryEvent):
        return message
    return HistoryEvent([ConversationalMessage(message.text, message.role)], message.timestamp)
