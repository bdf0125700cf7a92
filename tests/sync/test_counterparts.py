"""
The sync facade has all of the async API: each public async class has its twin, with all members.

Everything is found by ``__all__`` of the public modules, so what is added later is held against the
facade too. The twin of ``AsyncX`` is ``X``, and that of another ``X`` is ``BlockingX``.
"""

from __future__ import annotations

import importlib
import inspect
import re
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import local, sync
from agentcore_memory_async._sync.derive import DERIVED
from agentcore_memory_async.integrations import aiohttp, fastapi
from agentcore_memory_async.local import (
    AutoClock,
    BedrockExtractor,
    Consolidator,
    ManualClock,
    OpenAIEmbedder,
    OpenAIExtractor,
)
from agentcore_memory_async.testing import FakeTransport
from tests._frameworks import needs_framework
from tests.test_all import public_modules

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCKING_NAMES = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "__await__": "wait",
    "aclose": "close",
}
"""Members that are called otherwise where nothing is awaited."""
WITHOUT_TWIN: dict[type, str] = {
    aiohttp.AgentCoreMemory: "aiohttp serves from an event loop alone",
    fastapi.AgentCoreMemory: "its lifespan is awaited by the server, and so are its errors",
    FakeTransport: "managers of both APIs call it; a test gives it answers, and reads requests",
    AutoClock: "the local service waits by it; whoever makes it sets its time",
    ManualClock: "the local service waits by it; a test sets its time",
    OpenAIExtractor: "the local service awaits it, in its own loop",
    OpenAIEmbedder: "the local service awaits it, in its own loop",
    BedrockExtractor: "the local service awaits it, in its own loop",
    Consolidator: "the protocol of what the local service awaits",
}
"""Classes without a twin, since no program without an event loop awaits them, with the reasons."""


def public_classes() -> set[type]:
    """Return the classes that are public in any module, but for those of agent frameworks."""
    # A framework awaits them; where it has a sync API, the same class has its methods, too.
    names = [name for name in public_modules() if not needs_framework(name)]
    modules = map(importlib.import_module, names)
    found = (getattr(module, name) for module in modules for name in module.__all__)
    return {each for each in found if inspect.isclass(each)}


def public_members(cls: type) -> dict[str, Any]:
    """Return methods and properties that callers use, also those of the language."""
    return {
        name: value
        for name, value in inspect.getmembers(cls)
        if name in BLOCKING_NAMES
        or (not name.startswith("_") and (callable(value) or isinstance(value, property)))
    }


def is_awaited(name: str, value: object) -> bool:
    """Return whether a member needs an event loop."""
    is_async = inspect.iscoroutinefunction(value) or inspect.isasyncgenfunction(value)
    return is_async or (name in BLOCKING_NAMES and name.startswith("__"))


def async_classes() -> dict[str, type]:
    """Return the public classes with members that need an event loop, by name."""
    return {
        cls.__name__: cls
        for cls in public_classes() - set(WITHOUT_TWIN)
        if any(is_awaited(*member) for member in public_members(cls).items())
        or (inspect.iscoroutinefunction(vars(cls).get("__call__")))
    }


ASYNC = async_classes()


def twin_of(cls: type) -> type:
    """Return the class of the facade."""
    name = cls.__name__
    wanted = name.removeprefix("Async") if name.startswith("Async") else f"Blocking{name}"
    homes = (sync, importlib.import_module(cls.__module__))
    found: type = next(getattr(home, wanted) for home in homes if hasattr(home, wanted))
    return found


def same_methods(cls: type) -> Iterator[tuple[str, Any, Any]]:
    """Iterate over the methods that have the same name in the twin: name, async one, twin's."""
    twin = twin_of(cls)
    for name, method in public_members(cls).items():
        other = getattr(twin, name, None)
        if inspect.isfunction(method) and inspect.isfunction(other):
            yield name, method, other


def test_the_async_classes_are_found() -> None:
    """What the tests below go through has each kind of class: views, handles, errors, services."""
    known = {
        "AsyncMemorySessionManager",
        "AsyncMemorySession",
        "AsyncActor",
        "AsyncMemoryControl",
        "ExtractionPoller",
        "ExtractionFailedError",
        "LocalMemoryService",
        "MessageBuffer",
        "RecordedTurn",
        "BackgroundWork",
        "Import",
    }
    assert known <= set(ASYNC)
    modules = map(importlib.import_module, public_modules())
    functions = [getattr(module, name) for module in modules for name in module.__all__]
    # Its answer goes to a model that is awaited, too.
    awaited = {each.__name__ for each in functions if inspect.iscoroutinefunction(each)}
    assert {"resolve_tool_calls"} == awaited
    assert all(cls in public_classes() for cls in WITHOUT_TWIN)


@pytest.mark.parametrize("name", sorted(ASYNC))
def test_every_async_class_has_a_twin_with_all_its_members(name: str) -> None:
    """No public method, property, ``await``, ``async for`` or ``async with`` lacks its twin."""
    cls = ASYNC[name]
    twin = twin_of(cls)
    wanted = {BLOCKING_NAMES.get(member, member) for member in public_members(cls)}
    assert set() == {member for member in wanted if not hasattr(twin, member)}
    awaited = [
        member for member, value in public_members(twin).items() if is_awaited(member, value)
    ]
    assert [] == awaited
    if twin.__module__ != cls.__module__:
        assert twin.__name__ in sync.__all__


@pytest.mark.parametrize("name", sorted(ASYNC))
def test_twins_have_the_documented_attributes(name: str) -> None:
    """What an async class documents as an attribute, its twin has as a property, or documents."""

    def documented(cls: type) -> set[str]:
        _, _, section = (inspect.getdoc(cls) or "").partition("\nAttributes:\n")
        return set(re.findall(r"^    (\w+):", section.partition("\n\n")[0], re.MULTILINE))

    twin = twin_of(ASYNC[name])
    if issubclass(twin, ASYNC[name]):
        return  # an error that only changes its class
    lacking = documented(ASYNC[name]) - documented(twin)
    assert set() == {each for each in lacking if not hasattr(twin, each)}


@pytest.mark.parametrize("name", sorted(ASYNC))
def test_twins_have_the_same_parameters(name: str) -> None:
    """Names, kinds and defaults are those of the async method, and so all of what is derived."""
    for method, ours, theirs in same_methods(ASYNC[name]):
        expected, found = inspect.signature(ours).parameters, inspect.signature(theirs).parameters
        assert (method, [(p.name, p.kind, p.default) for p in expected.values()]) == (
            method,
            [(p.name, p.kind, p.default) for p in found.values()],
        )
        if hasattr(theirs, DERIVED):
            assert (method, expected, ours.__doc__) == (method, found, theirs.__doc__)


@pytest.mark.parametrize("name", sorted(ASYNC))
def test_twins_are_documented(name: str) -> None:
    """A twin, and each of its members, has a docstring."""
    twin = twin_of(ASYNC[name])
    public = [twin, *(v for m, v in public_members(twin).items() if not m.startswith("_"))]
    assert [] == [each for each in public if not inspect.getdoc(each)]


@pytest.mark.parametrize("name", sorted(ASYNC))
def test_twins_return_nothing_async(name: str) -> None:
    """No method of a twin returns an object of the async API."""
    returned = {
        word.strip("'\" ")
        for _, value in inspect.getmembers(twin_of(ASYNC[name]), inspect.isfunction)
        if not value.__name__.startswith("_") or value.__name__ == "__enter__"
        for word in str(inspect.signature(value).return_annotation)
        .replace("[", " ")
        .replace("]", " ")
        .replace("|", " ")
        .split()
    }
    assert set() == returned & set(ASYNC)


def test_the_local_service_is_entered_as_its_twin() -> None:
    """``with LocalMemoryService()`` gives the twin, so scripts need no other name."""
    entered = inspect.signature(local.LocalMemoryService.__enter__).return_annotation
    assert twin_of(local.LocalMemoryService).__name__ == entered
