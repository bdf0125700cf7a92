"""
The load: so many agents at once, each with a conversation of some turns.

What a turn is, and how its conversation is read back, is up to the framework (`Agents`). All agents
are asked the same, and their models answer without a network.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING, Protocol

from agentcore_memory_async import AsyncMemorySessionManager, RetryPolicy, ServiceLimits
from benchmarks.agents.watch import OwnWatch
from benchmarks.common.canned import MEMORY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

    from benchmarks.common.contestant import Measure, Opened

FAULTY = "faulty"
"""Beginning of the ids of actors whose requests meet faults."""
TURNS = 3
"""Turns of a conversation."""
ANSWER = "You only fly window seats, and not before nine in the morning."
"""What the models answer."""

RETRY = RetryPolicy(write_deadline=60, read_deadline=60, attempt_timeout=30)
"""Patience with a service that shares two cores with 200 agents."""
LIMITS = ServiceLimits(events_per_second=1e6, other_events_per_second=1e6)
"""Pacing that is on, and not reached."""


class Agents(Protocol):
    """The agents of a framework."""

    async def turn(self, actor_id: str, question: str) -> None:
        """Take a turn of the actor's conversation; it is stored when this returns."""

    async def history(self, actor_id: str) -> list[str]:
        """Return the texts of the actor's conversation, read from the memory."""


def opened_by(make: Callable[[AsyncMemorySessionManager], Agents]) -> Opened:
    """Return what opens the agents that *make* makes of a manager."""

    @asynccontextmanager
    async def opened(url: str) -> AsyncIterator[Measure]:
        async with AsyncMemorySessionManager(
            MEMORY,
            endpoint_url=url,
            max_concurrency=200,
            retry=RETRY,
            limits=LIMITS,
            namespaces={"facts": "/facts/{actorId}/"},
        ) as memory:
            yield measuring(make(memory))

    return opened


def measuring(agents: Agents) -> Measure:
    """Return what measures so many of *agents* at once."""
    watch = OwnWatch()

    async def measure(operation: str, amount: int) -> dict[str, float]:
        # Of this process alone: the service outlives it, and with it the conversations.
        name = f"{FAULTY if operation == 'faults' else 'actor'}-{token_hex(4)}"
        actors = [f"{name}-{n}" for n in range(amount)]
        await converse(agents, "warm-up")
        with quiet_collector():
            await asyncio.sleep(0)  # ends the callback in which that was done
            watch.take("start")
            began = time.perf_counter()
            taken = await at_once(actors, partial(converse, agents))
            seconds = time.perf_counter() - began
            longest = watch.take("turns")
        found = await at_once(actors, agents.history)
        return longest | {
            "turns_per_s": amount * TURNS / seconds,
            "failed": sum(TURNS - len(each) for each in taken),
            "lost": sum(map(count_lost, taken, found)),
        }

    return measure


async def at_once(
    actors: list[str], function: Callable[[str], Coroutine[None, None, list[str]]]
) -> list[list[str]]:
    """Return what *function* returns for each actor."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(function(each)) for each in actors]
    return [each.result() for each in running]


async def converse(agents: Agents, actor_id: str) -> list[str]:
    """Take the turns of a conversation; return the questions of those that did not fail."""
    taken: list[str] = []
    for number in range(TURNS):
        question = f"Question {number}: which seats do I fly, and when do I like to fly?"
        try:
            await agents.turn(actor_id, question)
        except Exception as error:  # noqa: BLE001 - it is counted
            print(repr(error), file=sys.stderr)
        else:
            taken.append(question)
    return taken


def count_lost(taken: list[str], found: list[str]) -> int:
    """Return how many of the questions are not found, once each and in their order."""
    once = [each for each in taken if found.count(each) == 1]
    in_order = [each for each in found if each in once]
    return len(taken) - len(once) + sum(a != b for a, b in zip(once, in_order, strict=True))


@contextmanager
def quiet_collector() -> Iterator[None]:
    """Let full collections of garbage be small and rare, as an app does once it has started."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(before[0], before[1], 100)
    yield
    gc.set_threshold(*before)
    gc.unfreeze()
