"""
Run programs on the facade and interrupt them at random moments: ``python -m tests.sync.soak``.

Each run draws a program, a load, a service (quick, slow or losing connections) and what happens to
it (nothing, Ctrl-C once or twice, to the process or to its group, or SIGTERM). It has to end in
time, with its status and without noise; what it said was stored has to be there; and nothing may be
left running. A run that hangs is ended, and reported with its seed and the stacks of all threads.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from agentcore_memory_async.local import LocalMemoryService
from tests.sync.run_scenario import PROGRAMS
from tests.sync.scenario_base import MEMORY_ID, STATUS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agentcore_memory_async.local import BlockingLocalMemoryService

ROOT = Path(__file__).parents[2]
BOUND_S = 60.0
"""Longest time of a run; on a busy machine starting Python alone takes seconds of it."""
COMMAND = (sys.executable, "-X", "faulthandler", "-W", "error", "-m", "tests.sync.run_scenario")
SERVICES = ("quick", "slow", "lossy")
NOISE = re.compile(
    r"Exception ignored|Exception in thread|never awaited|never retrieved|was destroyed|"
    r"\w+Warning:|Fatal Python"
)
EXPECTED = re.compile(
    r".* not known to be stored.*\n"
    # The interpreter prints a Ctrl-C that comes in a finalizer, while it waits for threads at its
    # end, or in a program's own exit handler.
    r"|Exception ignored in(: <module|: <function| atexit callback: <bound).*\n"
    r"Traceback.*\n( .*\n|\n)*KeyboardInterrupt: \n"
)
INTERRUPTED = (-signal.SIGINT, 130)


@frozen
class Plan:
    """
    One run.

    Attributes:
        number: Number of the run, which is the seed of the program, too.
        name: Name of the program.
        service: Kind of the service.
        signals: Signals that it gets.
        after_s: Seconds from its ``ready`` to each signal, from the one before it on.
        to_group: Whether its children get them, too, as from a terminal.
    """

    number: int
    name: str
    service: str = "quick"
    signals: tuple[signal.Signals, ...] = ()
    after_s: tuple[float, ...] = ()
    to_group: bool = False


@frozen
class Outcome:
    """
    How a run went.

    Attributes:
        plan: The run.
        status: Exit status.
        lines: What it said.
        errors: What it wrote to stderr; the stacks, where it hung.
        seconds: How long it took.
        after_s: Seconds from the first signal to its end; None where it got none.
        is_hung: Whether it, or a process that it left, did not end in time.
    """

    plan: Plan
    status: int
    lines: list[str]
    errors: str
    seconds: float
    after_s: float | None
    is_hung: bool

    def count(self, word: str) -> int:
        """Return the messages of its lines that begin with *word*."""
        said = (line.split() for line in self.lines)
        return sum(int(each[1]) for each in said if each[:1] == [word])


def draw(seed: int) -> Plan:
    """Return the run of a seed."""
    source = random.Random(seed)
    name, service = source.choice(sorted(PROGRAMS)), source.choice(SERVICES)
    [signals] = source.choices(
        [(), (signal.SIGINT,), (signal.SIGINT, signal.SIGINT), (signal.SIGTERM,)],
        weights=[30, 50, 15, 5],
    )
    if name == "preload_threads":
        signals = ()
    after_s = tuple(source.uniform(0, 0.8) for _ in signals)
    # SIGTERM alone would leave the children of a program behind, as of any program.
    to_group = signal.SIGTERM in signals or source.random() < 0.5
    return Plan(seed, name, service, signals, after_s, to_group)


def perform(plan: Plan, environment: dict[str, str], bound_s: float = BOUND_S) -> Outcome:
    """Run a program in a session of its own, and wait until it and its children have ended."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        process = subprocess.Popen(
            [*COMMAND, plan.name, f"run{plan.number}", str(plan.number)],
            cwd=ROOT,
            env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        hung = threading.Event()
        bound = threading.Timer(bound_s, _abort, [process.pid, hung])
        bound.start()
        assert process.stdout
        lines, sent = list[str](), list[float]()
        for line in process.stdout:  # until it and all that it left have closed it
            lines.append(line.strip())
            if lines[-1] == "ready":
                threading.Thread(target=_interrupt, args=[process, plan, sent]).start()
        status, ended = process.wait(), time.monotonic()
        process.stdout.close()
        bound.cancel()
        _wait_for_group(process.pid, hung)
        errors.seek(0)
        said = errors.read()
    after_s = ended - sent[0] if sent else None
    return Outcome(plan, status, lines, said, ended - began, after_s, hung.is_set())


def _interrupt(process: subprocess.Popen[str], plan: Plan, sent: list[float]) -> None:
    """Send the signals of the plan, and note when."""
    for kind, after_s in zip(plan.signals, plan.after_s, strict=True):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after_s)
            return
        with contextlib.suppress(ProcessLookupError):
            if plan.to_group:
                os.killpg(process.pid, kind)
            else:
                process.send_signal(kind)
            sent.append(time.monotonic())


def _abort(group: int, hung: threading.Event) -> None:
    """Let each process of a group write its stacks and end."""
    hung.set()
    for kind in (signal.SIGABRT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, kind)
        time.sleep(2)


def _wait_for_group(group: int, hung: threading.Event) -> None:
    """Wait until no process of a group is left, or abort it."""
    until = time.monotonic() + 10
    while not hung.is_set():
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        if time.monotonic() > until:
            _abort(group, hung)
        time.sleep(0.02)


def faults_of(outcome: Outcome, stored: int) -> Iterator[str]:
    """Yield what is wrong with a run after which *stored* messages are there."""
    plan = outcome.plan
    if outcome.is_hung:
        yield "it hangs"
        return
    expected = STATUS.get(plan.name, 0)
    allowed = {expected}
    if signal.SIGINT in plan.signals:
        allowed.update(INTERRUPTED)
    if signal.SIGTERM in plan.signals:
        allowed.add(-signal.SIGTERM)
    if outcome.status not in allowed:
        yield f"its status is {outcome.status}"
    left = EXPECTED.sub("", outcome.errors)
    if NOISE.search(left) or (left and not plan.signals and plan.name != "exception"):
        yield "it makes noise"
    if stored < outcome.count("stored"):
        yield f"{outcome.count('stored')} messages were acknowledged, and {stored} are stored"
    is_kept = plan.service != "lossy" and not plan.signals
    if is_kept and stored < outcome.count("stored") + outcome.count("kept"):
        yield f"{outcome.count('kept')} messages were to be stored at the exit"


def stored_of(service: BlockingLocalMemoryService, plan: Plan) -> int:
    """Return how many messages of a run are stored."""
    with service.manager(MEMORY_ID) as manager:
        return sum(
            len(event.messages)
            for each in manager.iter_actor_sessions(f"run{plan.number}")
            for event in manager.create_memory_session(
                each.actor_id, each.session_id, verify=False
            ).iter_events()
        )


def services() -> dict[str, LocalMemoryService]:
    """Return a service of each kind, not started yet."""
    made = {name: LocalMemoryService() for name in SERVICES}
    made["slow"].add_latency(0.2, probability=0.3)
    made["lossy"].drop_connection(probability=0.05)
    made["lossy"].drop_connection(probability=0.05, after=True)
    return made


def soak(first: int, runs: int, together: int) -> int:
    """Run the seeds from *first* on; return how many runs went wrong."""
    began = time.monotonic()
    statuses = collections.Counter[str]()
    programs = collections.Counter[str]()
    wrong = hangs = 0
    longest, delays = 0.0, list[float]()
    with ExitStack() as stack:
        running = {name: stack.enter_context(each) for name, each in services().items()}
        pool = stack.enter_context(ThreadPoolExecutor(together))
        plans = [draw(seed) for seed in range(first, first + runs)]
        under_way = [
            pool.submit(perform, plan, running[plan.service].environment) for plan in plans
        ]
        for number, each in enumerate(as_completed(under_way), 1):
            outcome = each.result()
            plan = outcome.plan
            programs[plan.name] += 1
            statuses[f"{outcome.status} after {len(plan.signals)} signals"] += 1
            longest = max(longest, outcome.seconds)
            delays += [] if outcome.after_s is None else [outcome.after_s]
            found = list(faults_of(outcome, stored_of(running[plan.service], plan)))
            hangs += outcome.is_hung
            wrong += bool(found)
            if found:
                print(f"{plan}: {'; '.join(found)}\n{outcome.errors}", flush=True)
                print(f"  replay: python -m tests.sync.soak --first {plan.number} --runs 1")
            if number % 100 == 0:
                print(f"{number} runs, {hangs} hangs, {wrong} wrong", flush=True)
    print(
        f"{runs} runs of {len(programs)} programs, {hangs} hangs, {wrong} wrong, the longest "
        f"{longest:.1f} s, {time.monotonic() - began:.0f} s in all"
    )
    if delays := sorted(delays):
        print(
            f"{len(delays)} were interrupted, and ended {delays[len(delays) // 2]:.2f} s later in "
            f"the median, {delays[-1]:.1f} s at most"
        )
    for status, count in sorted(statuses.items()):
        print(f"{count:6} ended with {status}")
    return wrong


def main() -> int:
    """Run the command; return the number of runs that went wrong, as the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.sync.soak", description=__doc__)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--together", type=int, default=4, help="programs at a time")
    given = parser.parse_args()
    return min(soak(given.first, given.runs, given.together), 100)


if __name__ == "__main__":
    sys.exit(main())
