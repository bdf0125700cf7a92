"""A prefix of one actor never reaches another actor's records."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async._wire.ids import encode_actor_id
from agentcore_memory_async._wire.namespaces import (
    as_prefix,
    is_under,
    resolve_prefix,
    resolve_template,
)
from agentcore_memory_async._wire.validation import check_actor_id
from agentcore_memory_async.errors import InvalidInputError

TEMPLATES = (
    "/facts/{actorId}/",
    "/facts/{actorId}",
    "/{actorId}/",
    "{actorId}",
    "/facts-{actorId}",
    "/users/{actorId}/sessions/{sessionId}/",
    "/strategy/{memoryStrategyId}/actors/{actorId}/",
)


def values(actor_id: str) -> dict[str, str | None]:
    """Return the values that a session fills in."""
    return {"actorId": actor_id, "sessionId": "s1", "memoryStrategyId": "facts-0123456789"}


def hostile_pair(chance: random.Random) -> tuple[str, str]:
    """Return two similar ids: one has an extra character, or one that resembles a separator."""
    first = "".join(chance.choices("aAb019-_:", k=chance.randint(1, 5)))
    at = chance.randint(0, len(first))
    second = first[:at] + chance.choice("a0-_:/.@{}") + first[at + chance.randint(0, 1) :]
    return encode_actor_id(first), encode_actor_id(second)


def test_no_actor_reaches_another() -> None:
    """No prefix of one actor covers a namespace of the other, for 10,000 pairs."""
    chance = random.Random(2026)
    pairs = 0
    while pairs < 10_000:
        first, second = hostile_pair(chance)
        if first == second:
            continue
        pairs += 1
        assert check_actor_id(first) == first
        template = chance.choice(TEMPLATES)
        mine = resolve_prefix(template, values(first))
        theirs = resolve_prefix(template, values(second))
        assert is_under(mine, mine)
        for below in ("", "x", "x/", first, first + "/"):
            assert not is_under(theirs + below, mine), (first, second, template)


@pytest.mark.parametrize(
    ("namespace", "prefix", "expected"),
    [
        ("/users/1/", "/users/1", True),
        ("/users/1", "/users/1/", True),
        ("/users/1/x", "/users/1/", True),
        ("/users/10/", "/users/1", False),
        ("/users/10", "/users/1/", False),
        ("/users", "/users/1/", False),
        ("users/1", "/users/1", False),
        ("anything", "/", True),
        ("", "/", True),
        ("", "/users/", False),
    ],
)
def test_prefixes_end_on_the_borders_of_segments(
    namespace: str, prefix: str, expected: bool
) -> None:
    """
    A prefix ends at a segment: ``/users/1`` does not cover ``/users/10``, and ``/``
    covers all.
    """
    assert expected == is_under(namespace, prefix)


@pytest.mark.parametrize(
    "template",
    [
        "{actorId.__class__}",
        "{actorId!r}",
        "{actorId:>5000000}",
        "{actorId[0]}",
        "{0}",
        "{}",
        "{{actorId}}",
        "{actorId",
        "actorId}",
        "{actor id}",
        "{unknown}",
        "{__class__}",
        "{actorId}{",
        "",
        "/facts/*/",
        "/facts/../",
        "/a b/",
        "/é/",
        "/a\n",
        ":a",
        "a::b",
        "-a",
        "/" + "x" * 1024,
        None,
        5,
        b"/facts/",
    ],
)
def test_templates_are_never_evaluated(template: Any) -> None:
    """A template with anything but a known name in braces is refused, and never evaluated."""
    with pytest.raises(InvalidInputError):
        resolve_prefix(template, values("alice"))


def test_values_are_not_rendered_again() -> None:
    """Braces in a value are not rendered; the result is refused as a namespace."""
    with pytest.raises(InvalidInputError):
        resolve_template("/{actorId}/", {"actorId": "{sessionId}", "sessionId": "s"})


def test_variable_without_a_value_is_refused() -> None:
    """``{memoryStrategyId}`` without an id is refused."""
    with pytest.raises(InvalidInputError, match="memory_strategy_id="):
        resolve_prefix("/{memoryStrategyId}/", {"memoryStrategyId": None})


@given(
    st.from_regex(r"[a-zA-Z0-9/][a-zA-Z0-9_/-]{0,40}(:[a-zA-Z0-9_/-]{1,9}){0,3}", fullmatch=True)
)
def test_valid_text_stays_as_it_is(text: str) -> None:
    """A template without variables is unchanged, and a prefix ends with exactly one slash."""
    assert text == resolve_template(text, {})
    assert as_prefix(text) == resolve_prefix(text, {})
    assert as_prefix(as_prefix(text)) == as_prefix(text)


def test_prefix_with_its_slash_is_within_the_limit() -> None:
    """The final slash counts toward the maximum length."""
    assert len(resolve_prefix("x" * 1023, {})) == 1024
    with pytest.raises(InvalidInputError, match="1,025"):
        resolve_prefix("x" * 1024, {})


@pytest.mark.parametrize(
    ("namespace", "words"),
    [
        ("/a b/", "'/a b/' has ' '; allowed"),
        ("/é/", "has 'é'; allowed"),
        ("/a/*/", "has '*' ('*' is not a wildcard here); allowed"),
        ("-a", "has '-' in the wrong place; allowed"),
        ("/a::b/", "has ':' in the wrong place; allowed"),
        ("/a:", "has ':' in the wrong place; allowed"),
    ],
)
def test_only_an_allowed_character_is_in_the_wrong_place(namespace: str, words: str) -> None:
    """The error says of a character that is never allowed that it is there, not where."""
    with pytest.raises(InvalidInputError, match=re.escape(words)):
        resolve_template(namespace, {})
