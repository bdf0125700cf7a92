"""Watches this package's logs and errors in every test: canaries stand for content and secrets."""

from __future__ import annotations

import functools
import inspect
import logging
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

WORD = "CANARY"
_ERRORS = [
    cls
    for _, cls in inspect.getmembers(errors, inspect.isclass)
    if issubclass(cls, errors.AgentCoreMemoryError) and "__init__" in vars(cls)
]


class _Watcher(logging.Handler):
    """Keeps what has a canary in it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.seen: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Look at *record*, its arguments and its exception."""
        self.look(self.format(record))

    def look(self, text: str) -> None:
        """Look at *text*."""
        if WORD in text:
            self.seen.append(text)

    def watch(self, cls: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
        """Look at what each error of *cls* shows of itself."""
        begin = cls.__init__

        @functools.wraps(begin)
        def checked(error: Exception, *args: Any, **options: Any) -> None:
            begin(error, *args, **options)
            self.look(f"{type(error).__name__}: {error} {error!r} {error.args}")

        monkeypatch.setattr(cls, "__init__", checked)


@pytest.fixture(autouse=True)
def no_canaries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test in which this package logs a canary, at any level, or shows one in an error."""
    watcher = _Watcher()
    logger = logging.getLogger("agentcore_memory_async")
    level = logger.level
    logger.addHandler(watcher)
    logger.setLevel(logging.DEBUG)
    for cls in _ERRORS:
        watcher.watch(cls, monkeypatch)
    yield
    logger.setLevel(level)
    logger.removeHandler(watcher)
    assert [] == watcher.seen
