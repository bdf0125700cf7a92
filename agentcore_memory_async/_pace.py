"""The pace that the service allows."""

from __future__ import annotations

from collections import deque


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
