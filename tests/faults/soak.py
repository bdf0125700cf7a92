"""
Send conversations through the fault proxy concurrently: ``python -m tests.faults.soak``.

The conversations are those of the file that AGENTCORE_TEST_DIALOGUES names, or small ones. Then
calls with their own deadlines meet slow faults; the command prints by how much they overrun.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time

import anyio

from agentcore_memory_async import (
    AgentCoreMemoryError,
    ConversationalMessage,
    MessageRole,
    RetryPolicy,
    ServiceLimits,
)
from tests.faults.conversations import load, proxied, send_and_compare
from tests.faults.proxy import FAULTS

POLICY = RetryPolicy(attempt_timeout=1.0, backoff=0.01, throttled_backoff=0.05)
OPEN = ServiceLimits(events_per_second=None, other_events_per_second=None)
HI = [ConversationalMessage("hi", MessageRole.USER)]


async def converse(share: float, together: int, seed: int) -> int:
    """Write all conversations and read them back; return how many differ."""
    conversations = load()
    messages = sum(map(len, conversations.values()))
    began = time.perf_counter()
    async with proxied(seed, retry=POLICY, limits=OPEN) as (proxy, manager):
        proxy.share = share
        # Random throttling makes the client write ever more slowly, which is not the question here.
        proxy.kinds = tuple(kind for kind in FAULTS if kind != "429")
        proxy.drip_s = 0.01
        wrong, went = await send_and_compare(manager, conversations, together)
    spent = time.perf_counter() - began
    met = {kind: count for kind, count in sorted(proxy.met.items()) if kind}
    print(
        f"{len(conversations)} conversations, {messages} messages, {proxy.requests} requests, "
        f"{sum(met.values())} faults of {len(met)} kinds, {went.unknown} unknown and settled, "
        f"{went.retried} refused and sent again, {spent:.0f} s\n"
        f"{len(conversations) - len(wrong)} came back whole and in order, {len(wrong)} did not"
    )
    for name in wrong[:20]:
        print(f"  {name} differs; replay: python -m tests.faults.soak --seed {seed}")
    return len(wrong)


async def overrun(calls: int, seed: int) -> float:
    """Make *calls* calls with their own deadlines; return the longest overrun in seconds."""
    source = random.Random(seed)
    overruns: list[float] = []
    async with proxied(seed, retry=POLICY, limits=OPEN, max_concurrency=20) as (proxy, manager):
        proxy.share = 0.7
        proxy.kinds = ("black hole before", "black hole after", "drip", "half closed", "503 after")

        async def work(number: int) -> None:
            session = await manager.create_memory_session("a", f"s{number}", verify=False)
            for _ in range(calls // 40):
                deadline_s = source.uniform(0.02, 0.6)
                policy = RetryPolicy(write_deadline=deadline_s, read_deadline=deadline_s)
                began = time.perf_counter()
                try:
                    if source.random() < 0.5:
                        await session.with_options(retry=policy).add_turns(HI)
                    else:
                        await session.with_options(retry=policy).list_events(
                            max_results=1, page_size=1
                        )
                except AgentCoreMemoryError:
                    pass
                overruns.append(time.perf_counter() - began - deadline_s)

        async with anyio.create_task_group() as tasks:
            for number in range(40):
                tasks.start_soon(work, number)
    overruns.sort()
    print(
        f"{len(overruns)} calls with deadlines of 20 to 600 ms: overrun at most "
        f"{overruns[-1] * 1000:.0f} ms, p99 {overruns[int(len(overruns) * 0.99)] * 1000:.0f} ms"
    )
    return overruns[-1]


def main() -> int:
    """Run the command; return the number of conversations that differ, as the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--faults", type=float, default=0.2, help="share of requests")
    parser.add_argument("--together", type=int, default=100, help="conversations at a time")
    parser.add_argument("--calls", type=int, default=1000, help="calls with deadlines")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    wrong = asyncio.run(converse(given.faults, given.together, given.seed))
    asyncio.run(overrun(given.calls, given.seed))
    return min(wrong, 100)


if __name__ == "__main__":
    sys.exit(main())
