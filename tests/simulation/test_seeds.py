"""A few seeds of the simulation; ``python -m tests.simulation.soak`` runs many."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.history import End, History, Verdict, check
from tests.simulation.memory_service import FAULTS, MemoryService, Stored
from tests.simulation.scenario import Settings, simulate

ROOT = Path(__file__).parents[2]
TURNS = 800


@pytest.mark.parametrize("seed", range(5))
def test_nothing_lost_nothing_twice_in_order(seed: int) -> None:
    """Every guarantee holds under all kinds of faults and cancellations."""
    report = simulate(seed, Settings(TURNS))
    replay = f"python -m tests.simulation.soak --first {seed} --seeds 1 --turns {TURNS}"

    assert Verdict() == report.verdict, replay
    assert set(FAULTS) == set(report.service.met)
    assert {"acknowledged", "rejected", "cancelled"} == set(report.history.ends())


@pytest.mark.timeout(60)  # starts two processes
def test_the_same_seed_gives_the_same_trace() -> None:
    """A seed replays the same requests, whatever the hash seed is."""
    lines = set()
    for hash_seed in ("1", "2"):
        command = ["--first", "7", "--seeds", "1", "--turns", "100", "--jobs", "1"]
        done = subprocess.run(
            [sys.executable, "-m", "tests.simulation.soak", *command],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        )
        lines.add(done.stdout.splitlines()[0])

    assert 1 == len(lines)
    assert "trace" in lines.pop()


def stored(text: str, stamp_ms: int, token: str = "") -> Stored:
    """Return an event with one message."""
    payload = [{"conversational": {"role": "USER", "content": {"text": text}}}]
    request = {
        "payload": payload,
        "eventTimestamp": stamp_ms / 1000,
        "clientToken": token or text,
    }
    return Stored(f"{stamp_ms}#{text}", request, 0.0)


KEY = ("actor", "s")


def judged(ends: list[End], events: list[Stored]) -> Verdict:
    """Return the verdict for calls with these outcomes and these stored events."""
    history, service = History(), MemoryService()
    for end in ends:
        write = history.begin(KEY)
        write.end = end
    service.sessions[KEY] = events
    service.first_seen = {event.request["clientToken"]: 0.0 for event in events}
    return check(history, service)


def test_the_checker_sees_what_is_wrong() -> None:
    """The checker detects each kind of violation."""
    ack, rejected, unknown = End.ACKNOWLEDGED, End.REJECTED, End.UNKNOWN
    first, second = stored("turn 0", 1), stored("turn 1", 2)

    assert Verdict() == judged([ack, ack], [first, second])
    assert Verdict(lost=1) == judged([ack, ack], [first])
    assert Verdict(doubled=1) == judged([ack], [first, stored("turn 0", 2, "again")])
    assert Verdict(revived=1) == judged([rejected], [first])
    assert Verdict(unresolved=1) == judged([unknown], [first])
    assert Verdict(foreign=1) == judged([], [first])
    assert Verdict(out_of_order=1) == judged([ack, ack], [stored("turn 0", 3), second])
    assert Verdict(out_of_order=1, equal_stamps=1) == judged(
        [ack] * 2, [first, stored("turn 1", 1)]
    )
