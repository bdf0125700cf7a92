"""Canaries stand for content and secrets; no test may show one in a log or an error."""

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


class _CanaryHandler(logging.Handler):
    """Collect texts with a canary."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.seen: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Check *record*, its arguments and its exception."""
        self.check(self.format(record))

    def check(self, text: str) -> None:
        """Check *text*."""
        if WORD in text:
            self.seen.append(text)

    def check_errors_of(self, cls: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
        """Check what each error of *cls* shows."""
        begin = cls.__init__

        @functools.wraps(begin)
        def checked(error: Exception, *args: Any, **options: Any) -> None:
            begin(error, *args, **options)
            self.check(f"{type(error).__name__}: {error} {error!r} {error.args}")

        monkeypatch.setattr(cls, "__init__", checked)


@pytest.fixture(autouse=True)
def no_canaries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test in which this package logs a canary, at any level, or shows one in an error."""
    handler = _CanaryHandler()
    logger = logging.getLogger("agentcore_memory_async")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    for cls in _ERRORS:
        handler.check_errors_of(cls, monkeypatch)
    yield
    logger.setLevel(level)
    logger.removeHandler(handler)
    assert [] == handler.seen
