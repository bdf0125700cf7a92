"""Under which prefixes strategies write: pure matching, and the warning."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async import MemoryRecord, UnwrittenNamespaceWarning
from agentcore_memory_async._wire.declared_namespaces import (
    DeclaredNamespaces,
    WrittenNamespace,
    makes,
    may_hold,
)

FACTS = "/facts/{actorId}/"
DEEP = "/support/{tenant}/sum-{sessionId}/x/"
WHOLE = "/facts/"


@pytest.mark.parametrize(
    ("prefix", "template", "expected"),
    [
        ("/", FACTS, True),
        ("/facts/", FACTS, True),
        ("/facts", FACTS, True),
        ("/facts/anna/", FACTS, True),
        ("facts/anna", FACTS, True),
        (FACTS, FACTS, True),
        ("/facts/anna/more/", FACTS, False),
        ("/fact/", FACTS, False),
        ("/facts2/anna/", FACTS, False),
        ("/preferences/anna/", FACTS, False),
        ("/support/red/", DEEP, True),
        ("/support/red/sum-chat1/", DEEP, True),
        ("/support/red/sum-chat1/x/", DEEP, True),
        ("/support/red/sum-/", DEEP, False),
        ("/support/red/chat1/", DEEP, False),
        ("/support/red/sum-chat1/y/", DEEP, False),
        ("/support/red/sum-chat1/x/y/", DEEP, False),
        (WHOLE, WHOLE, True),
        ("/facts/anna/", WHOLE, False),
        ("/a-b-c/", "/{x}-{y}-c/", True),
        ("/a-b-/", "/{x}-{y}-c/", False),
        ("/a-b/", "/{x}-{y}-c/", False),
        ("/ab/", "/{x}{y}/", True),
        ("/a/", "/{x}{y}/", False),
    ],
)
def test_a_prefix_holds_what_a_template_makes(prefix: str, template: str, expected: bool) -> None:
    """A prefix is compared with a template segment by segment; a variable is any one segment."""
    assert may_hold(prefix, template) is expected


@pytest.mark.parametrize(
    ("prefix", "template", "expected"),
    [
        ("/facts/org/anna/", FACTS, True),
        ("/facts/org/anna/x/", "/facts/{actorId}/x/", True),
        ("/facts/org/anna/y/", "/facts/{actorId}/x/", True),  # below an actor that begins so
        ("/facts/org/anna/", "/facts/{sessionId}/", False),
        ("/other/org/anna/", FACTS, False),
    ],
)
def test_an_actor_id_may_be_a_path_where_that_is_allowed(
    prefix: str, template: str, expected: bool
) -> None:
    """Hierarchical actor ids take several segments, other variables one."""
    assert may_hold(prefix, template, hierarchical=True) is expected


SEGMENTS = st.text("abc", min_size=1, max_size=3)
PARTS = st.lists(SEGMENTS | st.just("{actorId}") | st.just("s-{sessionId}"), min_size=1, max_size=5)


@given(PARTS, SEGMENTS, SEGMENTS, st.integers(0, 5))
def test_every_prefix_of_a_resolved_namespace_holds_it(
    parts: list[str], actor: str, chat: str, count: int
) -> None:
    """Whatever a template is filled in with, each of its ancestors holds it, and no child does."""
    template = "/" + "/".join(parts) + "/"
    resolved = template.replace("{actorId}", actor).replace("{sessionId}", chat)
    segments = resolved.strip("/").split("/")
    assert may_hold("/" + "/".join(segments[:count]), template)
    assert not may_hold(f"{resolved}more/", template)
    assert not may_hold(f"/other{resolved}", f"/others{template}")


def described(**templates: str) -> dict[str, WrittenNamespace]:
    """Return where strategies write."""
    return {name: WrittenNamespace(template) for name, template in templates.items()}


def warned(namespaces: DeclaredNamespaces, *prefixes: str, **given: str) -> list[str]:
    """Return the warnings about *prefixes*."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        namespaces.warn_of_unwritten({each: each for each in prefixes} | given)
    assert all(each.category is UnwrittenNamespaceWarning for each in caught)
    assert all(each.filename == __file__ for each in caught)
    return [str(each.message) for each in caught]


def test_only_a_description_says_what_is_written() -> None:
    """Declared namespaces warn of nothing; described ones name the prefix and what is written."""
    namespaces = DeclaredNamespaces({"facts": FACTS})
    assert warned(namespaces, "/other/") == []
    assert not namespaces.is_described
    namespaces.describe(described(facts="/f/{actorId}/", more="/more/"))
    (text,) = warned(namespaces, "/f/anna/", "/fact/anna/", "/more/", "/")
    assert "writes under /fact/anna/" in text
    assert "/f/{actorId}/, /more/" in text
    assert namespaces.templates == {"facts": FACTS, "more": "/more/"}


def test_a_memory_without_strategies_writes_nowhere() -> None:
    """Where there is no strategy, every prefix is warned of."""
    namespaces = DeclaredNamespaces()
    namespaces.describe({})
    assert "no namespace" in warned(namespaces, "/facts/anna/")[0]


def test_a_template_may_name_its_strategy() -> None:
    """The variable stands for the id of each strategy, so only what none writes is warned of."""
    namespaces = DeclaredNamespaces()
    written = [WrittenNamespace(f"/s/f-{at}/{at}/{{actorId}}/", f"f-{at}") for at in range(2)]
    namespaces.describe({str(at): each for at, each in enumerate(written)})
    right = [f"/s/{{memoryStrategyId}}/{at}/{{actorId}}/" for at in range(2)]
    assert warned(namespaces, "/s/{memoryStrategyId}/", *right) == []
    (text,) = warned(namespaces, "/x/{memoryStrategyId}/{actorId}/", *right)
    assert "writes under /x/{memoryStrategyId}/{actorId}/" in text


def test_a_new_description_takes_the_place_of_the_last_one() -> None:
    """What is described again is what counts, and is warned of anew."""
    namespaces = DeclaredNamespaces()
    namespaces.describe(described(facts=FACTS))
    assert len(warned(namespaces, "/old/")) == 1
    namespaces.describe(described(new="/new/"))
    assert namespaces.templates == {"new": "/new/"}
    assert len(warned(namespaces, "/facts/anna/", "/new/", "/old/")) == 2


def test_what_was_given_is_warned_of_once() -> None:
    """A template is warned of for one actor only, and there is a limit to different ones."""
    namespaces = DeclaredNamespaces()
    namespaces.describe(described(facts=FACTS))
    texts = [
        text for number in range(1000) for text in warned(namespaces, given=f"/fact/{number}/")
    ]
    assert len(texts) == 1
    assert "/fact/0/ (given)" in texts[0]
    texts = [text for number in range(1000) for text in warned(namespaces, f"/fact/{number}/")]
    assert len(texts) == 99


@pytest.mark.parametrize(
    ("namespace", "template", "expected"),
    [
        ("/facts/anna/", FACTS, True),
        ("/facts/anna", FACTS, True),
        ("/facts/", FACTS, False),
        ("/facts/anna/more/", FACTS, False),
        ("/facts/org/anna/", "/facts/org/anna/", True),
        ("/e/anna/", "/e/{actorId}/{sessionId}/", False),
        ("/support/red/sum-chat1/x/", DEEP, True),
    ],
)
def test_a_namespace_is_made_of_a_whole_template(
    namespace: str, template: str, expected: bool
) -> None:
    """Neither above it nor below."""
    assert makes(namespace, template) is expected


def record(namespace: str, strategy_id: str | None) -> MemoryRecord:
    """Return a record."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return MemoryRecord(namespace, "x", None, at, memory_strategy_id=strategy_id)


def test_the_keys_of_a_record_are_those_of_its_strategy() -> None:
    """Of no other strategy, template or namespace, and only what is certain."""
    keys = frozenset({"topic"})
    namespaces = DeclaredNamespaces({"mine": FACTS})
    ids = {"actorId": "a", "sessionId": "s"}
    assert namespaces.keys_of(record("/facts/a/", "f-1"), ids) == frozenset()
    namespaces.describe(
        {
            "facts": WrittenNamespace(FACTS, "f-1", keys),
            "others": WrittenNamespace(FACTS, "f-2"),
            "episodes": WrittenNamespace("/e/{actorId}/{sessionId}/", "e-1", keys),
            "episodes.reflection": WrittenNamespace("/e/{actorId}/", "e-1"),
            "either": WrittenNamespace("/x/{actorId}/", "x-1", keys),
            "either.reflection": WrittenNamespace("/x/{actorId}/", "x-1"),
        }
    )
    assert namespaces.keys_of(record("/facts/a/", "f-1"), ids) == keys
    assert namespaces.keys_of(record("/facts/a/b/", "f-1"), ids | {"actorId": "a/b"}) == keys
    assert namespaces.keys_of(record("/e/a/s/", "e-1"), ids) == keys
    for namespace, strategy_id in [
        ("/facts/a/", "f-2"),
        ("/facts/a/", "f-3"),
        ("/facts/a/", None),
        ("/other/a/", "f-1"),
        ("/facts/a/b/", "f-1"),
        ("/facts/b/", "f-1"),
        ("/e/a/other/", "e-1"),
        ("/e/b/s/", "e-1"),
        ("/e/a/", "e-1"),
        ("/x/a/", "x-1"),
    ]:
        assert namespaces.keys_of(record(namespace, strategy_id), ids) == frozenset(), namespace
