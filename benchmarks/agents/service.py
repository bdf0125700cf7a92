"""
The local service, in a process of its own: ``python -m benchmarks.agents.service [LATENCY]``.

It listens on a free port of 127.0.0.1, prints the port, and ends with its stdin. Requests of actors
whose id has `FAULTY` in it meet faults: a fifth of them, drawn anew for each.
"""

from __future__ import annotations

import asyncio
import random
import sys
from functools import partial
from typing import TYPE_CHECKING

from agentcore_memory_async.local import LocalMemoryService
from benchmarks.agents.load import FAULTY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agentcore_memory_async.local import Fault, RecordedExchange

SHARE = 0.2
"""Share of the requests that meet a fault."""


class Drawn:
    """
    Draws the fault of the next request.

    Args:
        service: Service that answers.
        marked: What requests have that are drawn for; empty for all of them.
        seed: Seed of the draws.

    Attributes:
        faults: Faults that were drawn.
    """

    def __init__(self, service: LocalMemoryService, marked: str = FAULTY, seed: int = 0) -> None:
        self._marked = marked
        self.faults: list[Fault] = []
        self._draw = random.Random(seed)
        self._kinds: Sequence[Callable[..., Fault]] = (
            partial(service.fail, "ServiceException"),
            partial(service.fail, "ThrottledException"),
            partial(service.drop_connection, after=False),
            partial(service.drop_connection, after=True),
            partial(service.corrupt_body, "cut"),
            partial(service.corrupt_body, "html"),
        )

    def __call__(self, exchange: RecordedExchange) -> None:
        """Draw it, once such a request is answered."""
        if self._marked in str(exchange.params) and self._draw.random() < SHARE:
            self.faults.append(self._draw.choice(self._kinds)(times=1))


async def serve(latency_s: float) -> None:
    """Serve until stdin ends."""
    drawn: list[Drawn] = []
    service = LocalMemoryService(admin=True, on_exchange=lambda each: drawn[0](each))
    drawn.append(Drawn(service))
    async with service:
        if latency_s:
            service.add_latency(latency_s)
        print(service.endpoint_url.rpartition(":")[2], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
