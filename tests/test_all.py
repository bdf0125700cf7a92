"""Public names: sorted, complete, and importable from the package."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING

import pytest

import agentcore_memory_async
from agentcore_memory_async import local
from tests._frameworks import is_importable

if TYPE_CHECKING:
    from types import ModuleType

REFERENCE = {
    "MemorySessionManager",
    "MemorySession",
    "ConversationalMessage",
    "MessageRole",
    "Turn",
    "MemoryRecord",
    "Event",
}
OURS = {
    "AsyncMemorySessionManager",
    "AsyncMemorySession",
    "ExtractionPoller",
    "Branch",
    "encode_actor_id",
    "InvalidInputError",
    "OutcomeUnknownError",
}


def public_modules() -> list[str]:
    """Return the names of the modules without an underscore in their path, if they can import."""
    found = pkgutil.walk_packages(agentcore_memory_async.__path__, "agentcore_memory_async.")
    names = [module.name for module in found if is_importable(module.name)]
    return ["agentcore_memory_async", *(name for name in names if "._" not in name)]


@pytest.mark.parametrize("name", public_modules())
def test_all_is_exact(name: str) -> None:
    """``__all__`` has exactly the public names of the module; ruff sorts it."""
    module = importlib.import_module(name)
    listed = module.__all__

    assert isinstance(listed, tuple)
    assert len(set(listed)) == len(listed)
    for public in listed:
        assert hasattr(module, public)
    own = own_names(module)
    if name.startswith("agentcore_memory_async.local."):
        own &= set(local.__all__)  # the rest is for the service's own modules
    assert own <= set(listed)


def own_names(module: ModuleType) -> set[str]:
    """Return the public classes and functions that *module* defines, without its checks."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith(("_", "check_"))
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == module.__name__
    }


def test_names_of_the_reference_import_from_the_top() -> None:
    """Names of the reference can be imported from the package."""
    assert set(agentcore_memory_async.__all__) >= REFERENCE | OURS


def test_every_error_imports_from_the_top() -> None:
    """Every error can be imported from the package."""
    errors = importlib.import_module("agentcore_memory_async.errors")
    classes = {name for name in errors.__all__ if name[0].isupper()}

    assert classes <= set(agentcore_memory_async.__all__)
