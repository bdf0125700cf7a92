"""What all tests share: the examples of hypothesis, and the check of all requests and answers."""

from __future__ import annotations

import os
import signal
from collections import deque
from functools import partialmethod, wraps
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from agentcore_memory_async import AsyncMemoryControl, AsyncMemorySessionManager
from agentcore_memory_async.local import LocalMemoryService, RecordedExchange
from tests._canaries import no_canaries as no_canaries
from tests.checked import PROBLEMS, CheckedTransport
from tests.local.exchanges import problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The suite draws the same examples each time, so that it fails by a change and not by luck.
# `make explore` is where new ones are drawn, many more of them.
settings.register_profile("suite", deadline=None, derandomize=True, print_blob=True)
settings.register_profile(
    "explore",
    deadline=None,
    derandomize=False,  # hypothesis itself derandomizes where it finds a CI
    max_examples=5_000,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Let Ctrl-C interrupt, here and in children: a shell has it ignored in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session", autouse=True)
def listeners() -> Iterator[list[Callable[[RecordedExchange], None]]]:
    """
    Wrap the public constructors, so that whatever tests make is checked.

    Managers and controls get their transport wrapped, and local services report their exchanges:
    through the arguments ``transport=`` and ``on_exchange=`` that users have. The constructors are
    wrapped since managers are made by services, facades, examples and pages of the docs, too.
    Return the listeners of all services.
    """
    listening: list[Callable[[RecordedExchange], None]] = []

    def on_exchange(exchange: RecordedExchange) -> None:
        for listener in listening:
            listener(exchange)

    def checked(make: Callable[..., None]) -> Callable[..., None]:
        @wraps(make)
        def with_checked_transport(
            self: Any, *args: Any, transport: Any = None, **options: Any
        ) -> None:
            if callable(transport) and not isinstance(transport, CheckedTransport):
                transport = CheckedTransport(transport)
            make(self, *args, transport=transport, **options)

        return with_checked_transport

    make_service = partialmethod(LocalMemoryService.__init__, on_exchange=on_exchange)
    with pytest.MonkeyPatch.context() as patch:
        for cls in (AsyncMemorySessionManager, AsyncMemoryControl):
            patch.setattr(cls, "__init__", checked(vars(cls)["__init__"]))
        patch.setattr(LocalMemoryService, "__init__", make_service)
        yield listening


@pytest.fixture(autouse=True)
def recorded(
    listeners: list[Callable[[RecordedExchange], None]],
) -> Iterator[Callable[[], list[RecordedExchange]]]:
    """
    Fail a test in which a request or an answer contradicts botocore's own model.

    Return a function that returns the exchanges with local services so far, at most the last
    hundred.
    """
    kept: deque[RecordedExchange] = deque(maxlen=100)

    def record(exchange: RecordedExchange) -> None:
        kept.append(exchange)
        PROBLEMS.extend(f"{exchange.operation}: {problem}" for problem in problems(exchange))

    PROBLEMS.clear()
    listeners.append(record)
    try:
        yield lambda: list(kept)
    finally:
        listeners.remove(record)
    assert [] == PROBLEMS
