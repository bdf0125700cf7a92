"""
Run many seeds: ``python -m tests.simulation.soak --seeds 100 --turns 10000``.

For a failed seed it prints the command that replays the run.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import sys
import time
from collections import Counter

from tests.simulation.scenario import Settings, simulate


def main() -> int:
    """Run the command; return the number of failed seeds, as the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.soak", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="number of seeds (default 100)")
    parser.add_argument("--first", type=int, default=0, help="first seed (default 0)")
    parser.add_argument(
        "--turns", type=int, default=10_000, help="turns of each run (default 10000)"
    )
    parser.add_argument(
        "--faults", type=float, default=0.2, help="share of requests that get a fault"
    )
    parser.add_argument(
        "--cancelled", type=float, default=0.1, help="share of calls that are cancelled"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--quiet", action="store_true", help="print the summary only")
    given = parser.parse_args()
    settings = Settings(given.turns, given.faults, given.cancelled)
    seeds = range(given.first, given.first + given.seeds)
    began = time.perf_counter()
    total: Counter[str] = Counter()
    failed: list[int] = []
    with multiprocessing.get_context("spawn").Pool(min(given.jobs, given.seeds)) as pool:
        work = [(seed, settings) for seed in seeds]
        for seed, line, counts, found in pool.imap(_one, work):
            total.update(counts)
            total["slowest resolve"] = max(total["slowest resolve"], counts["slowest"])
            if not given.quiet:
                print(line, flush=True)
            if found:
                failed.append(seed)
                print(f"seed {seed} FAILED: {found}\n  replay: {_replay(seed, settings)}")
    spent = time.perf_counter() - began
    print(
        f"\n{len(seeds)} seeds, {total['turns']} turns, {total['requests']} requests, "
        f"{total['faults']} faults, {total['buffers']} buffers, {total['reads']} reads, "
        f"{spent:.0f} s\n"
        f"acknowledged {total['acknowledged']}, rejected {total['rejected']}, "
        f"resolved {total['resolved']}, cancelled for good {total['cancelled']}\n"
        f"lost {total['lost']}, doubled {total['doubled']}, rejected but stored "
        f"{total['revived']}, sessions out of order {total['out_of_order']}, sessions with equal "
        f"stamps {total['equal_stamps']}, unresolved {total['unresolved']}, "
        f"slowest resolve {total['slowest resolve'] / 1000:.1f} s\n"
        f"{len(failed)} seeds failed"
    )
    return min(len(failed), 100)


def _replay(seed: int, settings: Settings) -> str:
    return (
        f"python -m tests.simulation.soak --first {seed} --seeds 1 --turns {settings.turns} "
        f"--faults {settings.fault_share} --cancelled {settings.cancel_share}"
    )


def _one(work: tuple[int, Settings]) -> tuple[int, str, Counter[str], str]:
    """Run one seed in a worker process."""
    seed, settings = work
    # Each cancelled write is a warning, which Python prints where nobody handles it.
    logging.getLogger("agentcore_memory_async").addHandler(logging.NullHandler())
    report = simulate(seed, settings)
    verdict = report.verdict
    counts = Counter(report.history.ends())
    counts.update(
        turns=len(report.history.writes),
        requests=report.service.asked.total(),
        faults=report.service.met.total(),
        buffers=report.history.buffers,
        reads=report.history.reads,
        resolved=sum(write.resolved for write in report.history.writes),
        slowest=round(report.history.slowest_resolve_s * 1000),
        lost=verdict.lost,
        doubled=verdict.doubled,
        revived=verdict.revived,
        out_of_order=verdict.out_of_order,
        equal_stamps=verdict.equal_stamps,
        unresolved=verdict.unresolved,
    )
    return seed, report.line(), counts, "" if verdict.is_clean else str(verdict)[:2000]


if __name__ == "__main__":
    sys.exit(main())
