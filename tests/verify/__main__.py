"""
The long runs of the acceptance of verify.

```
python -m tests.verify combinations 200
python -m tests.verify faults 100
python -m tests.verify interrupts 50
```

``--seed`` is that of the first; a failing one is printed with its seed.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from agentcore_memory_async.verify import find_changes
from tests.verify.measuring import RandomFaults, measure
from tests.verify.switches import FLIPS, Settings


async def combination(seed: int, directory: Path) -> tuple[list[str], int, int]:
    """Measure settings, then a service that takes the report; return errors, and two counts."""
    settings = Settings.draw(random.Random(seed))
    return await check_settings(settings, directory)


async def check_settings(settings: Settings, directory: Path) -> tuple[list[str], int, int]:
    """Return what is wrong of a run and of its twin, and the verdicts: inconclusive, and all."""
    first = await measure(directory, **settings.options())
    wrong = settings.errors(first.report)
    profile = directory / "measured.json"
    profile.write_text(first.report.to_json(), "utf-8")
    twin = await measure(directory, profile=profile)
    changes = find_changes(first.report.verdicts, twin.report.verdicts)
    wrong += [f"the twin differs: {change}" for change in changes]
    unclear = {each.name for each in first.report.verdicts if not each.is_conclusive}
    wrong += [f"unclear without a fault: {name}" for name in sorted(unclear)]
    said = first.plan.calls + first.plan.removal.calls
    over = {name: count for name, count in first.requests.items() if count > said[name]}
    wrong += [f"more than was said: {over}"] if over else []
    wrong += [f"left: {first.left}"] if any(first.left.values()) else []
    return wrong, len(unclear), len(first.report.verdicts)


async def faulty(seed: int, directory: Path) -> tuple[list[str], int, int]:
    """Measure settings while requests meet faults; return errors, and two counts."""
    source = random.Random(seed)
    settings = Settings.draw(source)
    measured = await measure(directory, faults=RandomFaults(source), **settings.options())
    wrong = settings.errors(measured.report)
    total = sum(measured.requests.values())
    wrong += [f"{total} requests, more than {measured.plan.limit}"] * (total > measured.plan.limit)
    wrong += [f"left: {measured.left}"] if any(measured.left.values()) else []
    unclear = [each.name for each in measured.report.verdicts if not each.is_conclusive]
    return wrong, len(unclear), len(measured.report.verdicts)


def main() -> int:
    """Run, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.verify")
    parser.add_argument("what", choices=("singles", "combinations", "faults", "interrupts"))
    parser.add_argument("count", type=int, nargs="?", default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.what == "interrupts":
        from tests.verify.interrupting import interrupt_runs

        return interrupt_runs(arguments.count, arguments.seed)
    began, failed, unclear, verdicts, runs = time.monotonic(), 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        if arguments.what == "singles":
            work = [
                (f"{switch}={value!r}", check_settings(Settings({switch: value}), directory))
                for switch, values in FLIPS.items()
                for value in values
            ]
        else:
            run = combination if arguments.what == "combinations" else faulty
            seeds = range(arguments.seed, arguments.seed + arguments.count)
            work = [(f"seed {seed}", run(seed, directory)) for seed in seeds]
        for label, coroutine in work:
            wrong, inconclusive, all_of_it = asyncio.run(coroutine)
            runs, failed = runs + 1, failed + bool(wrong)
            unclear, verdicts = unclear + inconclusive, verdicts + all_of_it
            for each in wrong:
                print(f"{label}: {each}", flush=True)
    share = unclear / max(verdicts, 1)
    print(
        f"{arguments.what}: {runs} runs, {failed} with errors; {verdicts} verdicts, {unclear} "
        f"inconclusive ({share:.1%}); {time.monotonic() - began:.0f} s"
    )
    return 1 if failed or share > 0.05 else 0


if __name__ == "__main__":
    sys.exit(main())
