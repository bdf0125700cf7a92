"""
Counts the calls of a conversation, by what the local service was asked for.

The standard library is enough, since AWS's integrations live in environments without this package.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from contextlib import asynccontextmanager
from statistics import median
from typing import TYPE_CHECKING
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from benchmarks.common.contestant import Measure, Opened

    Turn = Callable[[str, str], Awaitable[object]]
    """Takes a turn of the conversation with an id: a question, and its answer."""

ANSWER = "You only fly window seats, and not before nine in the morning."
"""What the models answer."""


def counted(opened_turns: Callable[[str], AbstractAsyncContextManager[Turn]]) -> Opened:
    """Return what counts the calls of the turns that *opened_turns* takes."""

    @asynccontextmanager
    async def opened(url: str) -> AsyncIterator[Measure]:
        os.environ["AWS_ENDPOINT_URL"] = url
        async with opened_turns(url) as turn:

            async def measure(_: str, amount: int) -> dict[str, float]:
                conversation = f"chat-{await count_calls(url)}"  # a new one
                before = await count_calls(url)
                took: list[float] = []
                for number in range(amount):
                    began = time.perf_counter()
                    await turn(conversation, f"Question {number}: which seats do I fly?")
                    took.append(time.perf_counter() - began)
                calls = await count_calls(url) - before
                return {"calls": calls / amount, "turn_s": median(took)}

            yield measure

    return opened


async def count_calls(url: str) -> int:
    """Return how often the service was called."""

    def count() -> int:
        with urlopen(f"{url}/_local/calls") as answer:
            return len(json.load(answer)["calls"])

    return await asyncio.to_thread(count)
