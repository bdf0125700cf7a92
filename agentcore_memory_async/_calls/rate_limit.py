"""The pace that the service allows."""

from __future__ import annotations

from collections import deque
from math import inf

import anyio


class Pace:
    """
    Lets as many starts through in any second as the service takes.

    A start counts from its answer: the service saw it before that, so however long the way there
    was, it never sees more than *rate* of them in a second.
    """

    def __init__(self, rate: float | None) -> None:
        # Below one a second it is one start in a longer while.
        self._per_s = 1.0 if rate is None or rate >= 1 else 1 / rate
        self._ended = deque[float](maxlen=max(1, int(rate))) if rate is not None else None

    def wait_s(self, now: float) -> float:
        """Give the seconds until the next start is allowed."""
        if self._ended is None or len(self._ended) < (self._ended.maxlen or 1):
            return 0.0
        return max(0.0, self._ended[0] + self._per_s - now)

    def ended(self, now: float) -> None:
        """Note that what was started has ended."""
        if self._ended is not None:
            self._ended.append(now)


class Budget:
    """
    How many requests a second all looks together may make.

    Args:
        per_s: The rate, of which a second's worth may go at once; None for no limit.
    """

    def __init__(self, per_s: float | None) -> None:
        self._per_s = per_s
        self._turn = anyio.Lock()
        self._used_until = -inf

    async def take(self) -> None:
        """Wait for the turn of a request; first come, first served."""
        if self._per_s is None:
            return
        async with self._turn:
            burst_s = max(1.0, 1 / self._per_s)
            wait_s = self._used_until - burst_s - anyio.current_time()
            await anyio.sleep(max(0.0, wait_s))
            self._used_until = max(self._used_until, anyio.current_time()) + 1 / self._per_s
