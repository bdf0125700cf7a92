"""The official SDK's names of arguments are taken wherever ours are, and mean the same."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import (
    AsyncActor,
    AsyncMemoryControl,
    AsyncMemorySession,
    AsyncMemorySessionManager,
)
from agentcore_memory_async._wire.synonyms import SYNONYMS, merged
from agentcore_memory_async.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

CLASSES = (AsyncMemorySessionManager, AsyncMemorySession, AsyncActor, AsyncMemoryControl)


def arguments() -> Iterator[tuple[str, str, inspect.Parameter]]:
    """Yield method, synonym and our parameter of every argument that has a synonym."""
    for cls in CLASSES:
        for name, method in inspect.getmembers(cls, inspect.isfunction):
            parameters = inspect.signature(method).parameters
            for synonym, ours in SYNONYMS.items():
                if not name.startswith("_") and ours in parameters:
                    yield f"{cls.__name__}.{name}", synonym, parameters[ours]


def test_every_argument_has_its_other_name() -> None:
    """Every optional argument of ours that the official SDK has is taken by its name, too."""
    lacking: list[str] = []
    for method, synonym, ours in arguments():
        cls, _, name = method.partition(".")
        function: Any = getattr({each.__name__: each for each in CLASSES}[cls], name)
        theirs = inspect.signature(function).parameters.get(synonym)
        if ours.default is inspect.Parameter.empty:
            continue  # required: it is given by position
        if theirs is None or theirs.kind is not theirs.KEYWORD_ONLY or theirs.default is not None:
            lacking.append(f"{method}({synonym})")
    assert [] == lacking


@pytest.mark.parametrize("name", SYNONYMS)
def test_one_of_both_names_is_given(name: str) -> None:
    """An argument is taken by either name; by both it is refused, and by neither the default."""
    assert "other" == merged("default", "default", **{name: "other"})
    assert "ours" == merged("ours", "default", **{name: None})
    assert "default" == merged("default", "default", **{name: None})
    with pytest.raises(InvalidInputError, match=f"{name} and {SYNONYMS[name]} are both given;?"):
        merged("ours", "default", **{name: "other"})
