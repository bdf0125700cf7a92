"""Declared namespaces: checked when they are given, filled in when they are read."""

from __future__ import annotations

from collections import OrderedDict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    InvalidInputError,
    MemorySessionManager,
)
from agentcore_memory_async._wire.declared_namespaces import WrittenNamespace
from agentcore_memory_async.testing import FakeTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TEMPLATES = {
    "facts": "/facts/{actorId}/",
    "preferences": "/preferences/{actorId}",
    "summaries": "/summaries/{actorId}/{sessionId}/",
    "shared": "company/news",
}
PREFIXES = {
    "facts": "/facts/anna/",
    "preferences": "/preferences/anna/",
    "summaries": "/summaries/anna/chat001/",
    "shared": "company/news/",
}


def manager_with(namespaces: Any) -> AsyncMemorySessionManager:
    """Return a manager that is not open, with declared namespaces."""
    return AsyncMemorySessionManager("m", transport=FakeTransport(), namespaces=namespaces)


def session_with(namespaces: Any) -> AsyncMemorySession:
    """Return a session of such a manager."""
    return AsyncMemorySession(manager_with(namespaces), "anna", "chat001")


@pytest.mark.parametrize("kind", [dict, OrderedDict, MappingProxyType])
def test_a_session_reads_each_prefix_by_its_name(kind: Callable[[Any], Mapping[str, str]]) -> None:
    """The variables are filled in, a prefix ends with a slash, and all can be read at once."""
    read = session_with(kind(TEMPLATES)).namespaces

    assert "/facts/anna/" == read["facts"]
    assert PREFIXES == dict(read)
    assert 4 == len(read)
    assert "facts" in read
    assert "episodes" not in read
    assert read.get("episodes") is None


@pytest.mark.parametrize("kind", [list, tuple])
def test_templates_without_names_are_their_own_names(kind: Callable[[Any], Any]) -> None:
    """A list of templates declares each under its own text."""
    read = session_with(kind(TEMPLATES.values())).namespaces
    assert dict(zip(TEMPLATES.values(), PREFIXES.values(), strict=True)) == dict(read)


def test_the_facade_reads_them_too() -> None:
    """The sync manager and its sessions have the same namespaces."""
    manager = MemorySessionManager("m", transport=FakeTransport(), namespaces=TEMPLATES)
    with manager:
        session = manager.create_memory_session("anna", "chat001", verify=False)
        assert PREFIXES == dict(session.namespaces)
        assert "company/news/" == manager.namespaces["shared"]
        assert "/facts/anna/" == manager.actor("anna").namespaces["facts"]


def test_a_view_without_an_id_reads_what_needs_none() -> None:
    """An actor's reach all of its sessions; the manager has no actor, and says what lacks."""
    of_actor = manager_with(TEMPLATES).actor("anna").namespaces
    assert PREFIXES | {"summaries": "/summaries/anna/"} == dict(of_actor)
    read = manager_with(TEMPLATES).namespaces

    assert "company/news/" == read["shared"]
    with pytest.raises(InvalidInputError, match=r"namespaces\['facts'\] .*\{actorId\}.*; write"):
        read["facts"]


def test_a_strategy_without_an_id_has_no_prefix() -> None:
    """A template with ``{memoryStrategyId}`` may be declared, and raises when it is read."""
    read = session_with({"facts": "/strategies/{memoryStrategyId}/{actorId}/"}).namespaces
    with pytest.raises(InvalidInputError, match="memoryStrategyId"):
        read["facts"]


@pytest.mark.parametrize("namespaces", [None, {}, []])
@pytest.mark.parametrize(
    "use",
    [
        lambda read: read["facts"],
        lambda read: read.get("facts"),
        lambda read: "facts" in read,
        dict,
        list,
        len,
        bool,
    ],
)
def test_reading_without_any_says_both_ways(namespaces: Any, use: Callable[[Any], Any]) -> None:
    """Where no namespaces are known, every way of reading them raises and says what to do."""
    read = session_with(namespaces).namespaces
    with pytest.raises(InvalidInputError, match=r"namespaces=\{.*describe\(control\)"):
        use(read)


def test_described_namespaces_are_read_too() -> None:
    """What the control plane describes is read by the names of strategies; a declared one stays."""
    manager = manager_with({"facts": "/mine/{actorId}/"})
    session = AsyncMemorySession(manager, "anna", "chat001")
    written = {"facts": "/facts/{actorId}/", "news": "/news/"}
    manager._core.namespaces.describe(
        {name: WrittenNamespace(template) for name, template in written.items()}
    )

    assert {"facts": "/mine/anna/", "news": "/news/"} == dict(session.namespaces)


def test_an_unknown_name_names_the_known_ones() -> None:
    """Another name is a ``KeyError``, as of every mapping."""
    with pytest.raises(KeyError, match="'facts', 'preferences', 'summaries', 'shared'"):
        session_with(TEMPLATES).namespaces["fact"]


def test_what_was_declared_cannot_change() -> None:
    """Changing the mapping that was given changes nothing."""
    given = dict(TEMPLATES)
    session = session_with(given)
    given["facts"] = "/others/"

    assert "/facts/anna/" == session.namespaces["facts"]
    with pytest.raises(TypeError):
        session.namespaces["facts"] = "/others/"  # type: ignore[index]


def test_showing_them_resolves_nothing() -> None:
    """The ``repr`` shows templates, also where there are none."""
    assert "/facts/{actorId}/" in repr(session_with(TEMPLATES).namespaces)
    assert "{}" in repr(session_with(None).namespaces)


@pytest.mark.parametrize(
    "template",
    [
        "/s/{sessionId}/",
        "/{sessionId}/{actorId}/",
        "/s/{actorId}-{sessionId}/",
        "/s/{sessionId}-x/{actorId}/{sessionId}/",
    ],
)
def test_what_is_above_the_actor_is_never_reached(template: str) -> None:
    """Only what is below the actor's own segment is left open; the rest is of others, too."""
    with pytest.raises(InvalidInputError, match=r"\{sessionId\}, which has no value"):
        manager_with({"x": template}).actor("anna").namespaces["x"]


def test_namespace_keys_of_the_memory_are_filled_in() -> None:
    """They may be declared, are read by a view that has their values, and else say what lacks."""
    manager = manager_with({"facts": "/t/{tenant}/{actorId}/", "all": "/t/{tenant}/"})
    view = manager.with_options(namespace_variables={"tenant": "red"})
    session = AsyncMemorySession(view, "anna", "chat001")
    assert {"facts": "/t/red/anna/", "all": "/t/red/"} == dict(session.namespaces)
    assert "/t/red/" == view.namespaces["all"]
    assert (
        "/t/blue/anna/"
        == (session.with_options(namespace_variables={"tenant": "blue"}).namespaces["facts"])
    )
    for plain in (manager, AsyncMemorySession(manager, "anna", "chat001")):
        with pytest.raises(InvalidInputError, match=r"\{tenant\}.*namespace_variables="):
            plain.namespaces["facts"]


@pytest.mark.parametrize("name", ["actorid", "sessionid", "ActorId", "actor", "memorystrategyid"])
def test_a_mistyped_variable_is_no_namespace_key(name: str) -> None:
    """What differs from a variable of every memory in its case only is refused at once."""
    if name == "actor":
        assert ["x"] == list(manager_with({"x": "/x/{actor}/"}).namespaces)
    else:
        with pytest.raises(InvalidInputError, match=r"known here are \{actorId\}"):
            manager_with({"x": f"/x/{{{name}}}/"})


def test_a_described_memory_without_strategies_has_no_namespaces() -> None:
    """That is known then, and no reason to ask for a declaration."""
    manager = manager_with(None)
    manager._core.namespaces.describe({})
    session = AsyncMemorySession(manager, "anna", "chat001")
    assert {} == dict(session.namespaces)
    assert 0 == len(session.namespaces)
    with pytest.raises(KeyError):
        session.namespaces["facts"]
    with pytest.raises(InvalidInputError, match="give namespaces="):
        manager.forget_actor("anna")
    with pytest.raises(InvalidInputError, match="give namespaces="):
        manager.export(["anna"])
