"""What all tests share: how hypothesis looks for examples, and the check of all exchanges."""

from __future__ import annotations

import os
from collections import deque
from functools import partialmethod
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from agentcore_memory_async._calls.retry import _Call
from agentcore_memory_async.local import Exchange, LocalMemoryService
from tests._canaries import no_canaries as no_canaries
from tests.local.exchanges import problems, request_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The suite draws the same examples each time, so that it fails by a change and not by luck.
# `make explore` is where new ones are drawn, many more of them.
settings.register_profile("suite", deadline=None, derandomize=True, print_blob=True)
settings.register_profile(
    "explore",
    deadline=None,
    max_examples=5_000,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


@pytest.fixture(scope="session", autouse=True)
def listeners() -> Iterator[list[Callable[[Exchange], None]]]:
    """Give the listeners that every local service tells of its exchanges, whoever makes it."""
    told: list[Callable[[Exchange], None]] = []

    def on_exchange(exchange: Exchange) -> None:
        for listener in told:
            listener(exchange)

    listening = partialmethod(LocalMemoryService.__init__, on_exchange=on_exchange)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalMemoryService, "__init__", listening)
        yield told


@pytest.fixture(autouse=True)
def recorded(
    monkeypatch: pytest.MonkeyPatch, listeners: list[Callable[[Exchange], None]]
) -> Iterator[Callable[[], list[Exchange]]]:
    """
    Hold each request to a local service, and each answer, against botocore's own model.

    And each request that the client makes, whatever it is sent through. Gives the exchanges so
    far, at most the last hundred.
    """
    kept: deque[Exchange] = deque(maxlen=100)
    found: list[str] = []

    def record(exchange: Exchange) -> None:
        kept.append(exchange)
        found.extend(f"{exchange.operation}: {problem}" for problem in problems(exchange))

    begin = _Call.sending

    def checked(self: _Call) -> None:
        found.extend(request_problems(self.operation, self.params))
        begin(self)

    monkeypatch.setattr(_Call, "sending", checked)
    listeners.append(record)
    try:
        yield lambda: list(kept)
    finally:
        listeners.remove(record)
    assert [] == found
