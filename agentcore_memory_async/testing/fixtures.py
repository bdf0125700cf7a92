"""
Fixtures for pytest: ``pytest_plugins = ["agentcore_memory_async.testing.fixtures"]``.

- ``local_memory`` is a `LocalMemory`, for async tests, beside pytest-asyncio or anyio's plugin.
- ``local_memory_sync`` is a `BlockingLocalMemory`, for tests without ``await``.

Each test has a memory of its own. An async fixture runs under one plugin, and with pytest-asyncio
on a loop that is chosen where the fixture is defined. So there is a fixture for each loop that a
test can run on, and ``local_memory`` takes the one of its test.

PYTEST_DONT_REWRITE: there are no assertions here, and a conftest may import this first.
"""

from __future__ import annotations

from importlib.util import find_spec
from inspect import iscoroutinefunction, signature
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async.local import AutoClock, LocalMemoryService
from agentcore_memory_async.testing.local_memory import BlockingLocalMemory, LocalMemory

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

__all__: tuple[str, ...] = ()  # tests take fixtures by their names

_MEMORY_ID = "chat-a1B2c3D4e5"
"""Id of each memory."""
_NAMESPACES = {
    "facts": "/facts/{actorId}/",
    "preferences": "/preferences/{actorId}/",
    "summaries": "/summaries/{actorId}/{sessionId}/",
}
"""Where the strategies write that the local service gives to a memory."""
_EXTRACTION_DELAY_S = 90.0
"""Seconds of the clock until an extraction, about as on AWS."""


@pytest.fixture
def local_memory(request: pytest.FixtureRequest) -> LocalMemory:
    """Return a memory for an async test, with a service of its own, on the loop of the test."""
    memory: LocalMemory = request.getfixturevalue(_fixture_of(request))
    return memory


@pytest.fixture
def local_memory_sync() -> Iterator[BlockingLocalMemory]:
    """Return a memory for a test without ``await``, with a service of its own on a thread."""
    clock = AutoClock()
    with (
        LocalMemoryService(clock=clock, extraction_delay=_EXTRACTION_DELAY_S) as service,
        service.manager(_MEMORY_ID, namespaces=_NAMESPACES) as manager,
    ):
        yield BlockingLocalMemory(service, manager, clock)


def _fixture_of(request: pytest.FixtureRequest) -> str:
    """Return the name of the fixture that runs on the loop of a test."""
    node: Any = request.node
    has_pytest_asyncio = hasattr(request.config.option, "asyncio_mode")
    marker = node.get_closest_marker("asyncio")  # each test has it where the mode is auto
    if marker is not None and has_pytest_asyncio:
        scope = marker.kwargs.get("loop_scope") or marker.kwargs.get("scope")
        return _name_of(scope or request.config.getini("asyncio_default_test_loop_scope"))
    if "anyio_backend" in request.fixturenames:
        _check_backend(request.getfixturevalue("anyio_backend"))
        return "_local_memory_of_anyio"
    if iscoroutinefunction(request.function):
        message = (
            f"no plugin runs {node.name}: mark it with pytest.mark.asyncio (pytest-asyncio) or "
            "pytest.mark.anyio (anyio), or set asyncio_mode = auto"
        )
        raise pytest.UsageError(message)
    if not has_pytest_asyncio or "local_memory" in signature(request.function).parameters:
        message = f"{node.name} is not async: take local_memory_sync in place of local_memory"
        raise pytest.UsageError(message)
    return _name_of("default")  # for an async fixture of the user's, which takes this one


def _check_backend(backend: str | tuple[str, dict[str, Any]]) -> None:
    name = backend if isinstance(backend, str) else backend[0]
    if name != "asyncio":
        message = (
            f"local_memory needs asyncio, and anyio's plugin runs this test on {name}: define a "
            'fixture anyio_backend that returns "asyncio"'
        )
        raise pytest.UsageError(message)


def _name_of(loop: str) -> str:
    return f"_local_memory_on_{loop}_loop"


def _new_function() -> Callable[[], AsyncGenerator[LocalMemory]]:
    """Return the function of a fixture: another one each time, since pytest-asyncio marks it."""

    async def memory() -> AsyncGenerator[LocalMemory]:
        clock = AutoClock()
        async with (
            LocalMemoryService(clock=clock, extraction_delay=_EXTRACTION_DELAY_S) as service,
            service.manager(_MEMORY_ID, namespaces=_NAMESPACES) as manager,
        ):
            yield LocalMemory(service, manager, clock)  # noqa: ASYNC119 - plugins end fixtures

    return memory


_of_anyio = pytest.fixture(_new_function(), name="_local_memory_of_anyio")

if find_spec("pytest_asyncio") is not None:
    from pytest_asyncio import fixture

    _on_default_loop = fixture(_new_function(), name=_name_of("default"))
    _on_function_loop = fixture(_new_function(), loop_scope="function", name=_name_of("function"))
    _on_class_loop = fixture(_new_function(), loop_scope="class", name=_name_of("class"))
    _on_module_loop = fixture(_new_function(), loop_scope="module", name=_name_of("module"))
    _on_package_loop = fixture(_new_function(), loop_scope="package", name=_name_of("package"))
    _on_session_loop = fixture(_new_function(), loop_scope="session", name=_name_of("session"))
