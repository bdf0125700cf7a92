"""
A plugin of pytest that shortens the waits of tests that are made for AWS, which takes minutes.

A long sleep takes half a second, and the clocks that deadlines are read from move on by the rest.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

LONGEST_S = 0.5
"""Longest wait in seconds; the local service extracts in less."""

_sleep, _async_sleep = time.sleep, asyncio.sleep
_time, _monotonic = time.time, time.monotonic
_skipped_s = 0.0


def _shortened(seconds: float) -> float:
    global _skipped_s
    short = min(seconds, LONGEST_S)
    _skipped_s += seconds - short
    return short


def sleep(seconds: float) -> None:
    """Sleep, but not for minutes."""
    _sleep(_shortened(seconds))


async def async_sleep(seconds: float, result: Any = None) -> Any:
    """Sleep, but not for minutes."""
    return await _async_sleep(_shortened(seconds), result)


time.sleep = sleep  # type: ignore[assignment]
asyncio.sleep = async_sleep  # type: ignore[assignment]
time.time = lambda: _time() + _skipped_s
time.monotonic = lambda: _monotonic() + _skipped_s
