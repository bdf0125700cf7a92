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

CLASSES = (AsyncMemoryControl, AsyncMemorySessionManager, AsyncMemorySession, AsyncActor)
OF_EVENTS = ("eventMetadata", "event_metadata")
"""Names of the filters of events; those of records are filtered by another."""


def arguments() -> Iterator[tuple[str, str, inspect.Parameter]]:
    """Yield method, synonym and our parameter of every argument that has a synonym."""
    for cls in CLASSES:
        for name, method in inspect.getmembers(cls, inspect.isfunction):
            parameters = inspect.signature(method).parameters
            for synonym, ours in SYNONYMS.items():
                is_other = ours == "filters" and (synonym in OF_EVENTS) != ("event" in name)
                if not name.startswith("_") and ours in parameters and not is_other:
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
    default = "".join(["def", "ault"])  # an object of its own
    assert "other" == merged(default, default, **{name: "other"})
    assert "ours" == merged("ours", default, **{name: None})
    assert default == merged(default, default, **{name: None})
    with pytest.raises(InvalidInputError, match=f"{name} and {SYNONYMS[name]} are both given;?"):
        merged("ours", default, **{name: "other"})
    with pytest.raises(InvalidInputError, match="are both given"):
        merged("default", default, **{name: "other"})


def test_two_names_of_the_official_sdk_are_not_given_together() -> None:
    """An argument that it calls by two names is given by one of them."""
    with pytest.raises(InvalidInputError, match="eventMetadata and event_metadata are both given"):
        merged(None, None, event_metadata=[1], eventMetadata=[1])
