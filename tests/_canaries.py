"""Watches this package's own logs in every test: canaries stand for content and secrets."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

WORD = "CANARY"


class _Watcher(logging.Handler):
    """Keeps what has a canary in it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.seen: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Look at *record*, its arguments and its exception."""
        text = self.format(record)
        if WORD in text:
            self.seen.append(text)


@pytest.fixture(autouse=True)
def no_canaries() -> Iterator[None]:
    """Fail a test in which this package logs a canary, at any level."""
    watcher = _Watcher()
    logger = logging.getLogger("agentcore_memory_async")
    level = logger.level
    logger.addHandler(watcher)
    logger.setLevel(logging.DEBUG)
    yield
    logger.setLevel(level)
    logger.removeHandler(watcher)
    assert [] == watcher.seen
