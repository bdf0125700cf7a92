"""Patterns of namespace keys: none that is accepted stalls the service, whatever it is given."""

from __future__ import annotations

import importlib.util
import re
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async.local._api import patterns
from agentcore_memory_async.local._api.patterns import PatternError, compile_pattern

if TYPE_CHECKING:
    from tests.local.local_client import Client, Reply

needs_re2 = pytest.mark.skipif(patterns._re2 is None, reason="needs the extra [local]")

LONGEST_S = 0.25
"""Processor time that a match may take: it is a few milliseconds, and was hours."""

BLOW_UP = {
    "choices in a row": "(|||)" * 11 + "(||)",
    "a repeated choice": "(a|aa)*",
    "a repeated choice in a group": "(?:(?:a|a))+",
    "an optional choice, often": "(?:a|)?" * 9,
    "a named repeated choice": "(?P<n>a|a)*",
    "a repeated repeat": "(a+)+",
    "a repeat counted again": "(a{1,9}){1,9}",
    "a lazy repeat of a repeat": "(?:a*?)*?",
    "repeats in a row": ".*" * 12,
    "options in a row": "a?" * 32,
    "counts in a row": "a{0,40}" * 9,
    "options and repeats": "a?b?" * 6 + "a*b*a*b*",
    "nested choices": "((||)(||)(||)(||))" * 3,
}
"""Patterns that Python's matcher takes too long for, by what they have."""

CHARACTERS = "ab-0"
VALUES = st.one_of(
    st.text(CHARACTERS, min_size=1, max_size=64),
    st.builds(
        lambda unit, end: (unit * 64)[: 64 - len(end)] + end,
        st.text(CHARACTERS, min_size=1, max_size=4),
        st.sampled_from(["", "_", "a", "-_"]),
    ),
)
ATOMS = st.sampled_from(["a", "b", "-", "0", ".", r"\w", r"\d", "[ab]", "[^a]", "[a-b-]", r"\."])
REPEATS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{2,}", "{0,40}"]


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    groups = st.builds("{}{})".format, st.sampled_from(["(", "(?:"]), inner)
    choices = st.lists(inner, min_size=2, max_size=5).map("|".join)
    return st.one_of(
        st.lists(inner, min_size=2, max_size=5).map("".join),
        choices.map("({})".format),
        st.builds("{}{}".format, groups, st.sampled_from(REPEATS)),
        st.builds("{}{}".format, ATOMS, st.sampled_from(REPEATS)),
        st.builds("{}{}".format, inner, st.sampled_from(["", "$", "|", r"\b"])),
    )


PATTERNS = st.recursive(ATOMS, _larger, max_leaves=14).filter(lambda text: len(text) <= 64)


@pytest.fixture
def _without_re2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "_re2", None)


def _python(pattern: str) -> patterns.Pattern | None:
    """Return what is accepted without google-re2."""
    try:
        return patterns._compile(pattern, None)
    except PatternError:
        return None


@given(PATTERNS, VALUES)
def test_an_accepted_pattern_matches_in_a_short_time(pattern: str, value: str) -> None:
    """Python's matcher takes milliseconds for a pattern that is accepted without google-re2."""
    compiled = _python(pattern)
    if compiled is None:
        return
    began = time.thread_time()
    compiled.fullmatch(value)
    assert time.thread_time() - began < LONGEST_S


@needs_re2
@given(PATTERNS, VALUES)
def test_python_and_re2_agree(pattern: str, value: str) -> None:
    """What is accepted without google-re2 is accepted with it, and matches the same values."""
    compiled = _python(pattern)
    if compiled is not None:
        expected = compile_pattern(pattern).fullmatch(value) is not None
        assert expected == (compiled.fullmatch(value) is not None)


@pytest.mark.parametrize("pattern", BLOW_UP.values(), ids=BLOW_UP.keys())
@pytest.mark.usefixtures("_without_re2")
def test_what_could_blow_up_is_refused_without_re2(pattern: str) -> None:
    """It is refused before it is matched, and the text names the extra to install."""
    re.compile(pattern)
    assert len(pattern) <= 64
    with pytest.raises(PatternError, match=r"agentcore-memory-async\[local\]"):
        compile_pattern(pattern)


@needs_re2
@pytest.mark.parametrize("pattern", BLOW_UP.values(), ids=BLOW_UP.keys())
def test_re2_matches_what_could_blow_up(pattern: str) -> None:
    """With google-re2 the same patterns are accepted, and matched at once."""
    compiled = compile_pattern(pattern)
    began = time.thread_time()
    assert compiled.fullmatch("ab" * 31 + "!!") is None or pattern.startswith(".*")
    assert time.thread_time() - began < LONGEST_S


@pytest.mark.parametrize(
    "pattern",
    [
        "[a-z]+",
        "[a-z0-9][a-z0-9-_]*",
        "(gold|silver|bronze)-[0-9]{1,3}",
        "[a-z]+-[a-z]+-[a-z]+-[a-z]+-[0-9]{4}",
        "(?:abc)+",
        "^team_(?P<number>[0-9]+)$",
        ".*-.*",
        r"\w+_\d*",
    ],
)
@pytest.mark.usefixtures("_without_re2")
def test_usual_patterns_are_accepted_without_re2(pattern: str) -> None:
    """Patterns of names, counts and fixed parts need no extra."""
    compile_pattern(pattern)


@pytest.mark.parametrize(
    "pattern", [r"(a)\1", "(?=a)a", "(?i)a", "a*+", "(?>a)", "a{1001}", "a{,3}", "[[:alpha:]]"]
)
@pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")
@pytest.mark.usefixtures("_without_re2")
def test_what_google_re2_reads_otherwise_is_refused_without_it(pattern: str) -> None:
    """A pattern means the same with the extra and without it, or is refused."""
    with pytest.raises(PatternError, match=r"agentcore-memory-async\[local\]"):
        compile_pattern(pattern)


@needs_re2
@pytest.mark.parametrize("pattern", ["(", "a**", "[", "a{2}{3}", "\ud800)"])
@pytest.mark.parametrize("engine", ["re2", "python"])
def test_what_is_no_expression_is_refused(
    monkeypatch: pytest.MonkeyPatch, engine: str, pattern: str
) -> None:
    """The error says so, with either matcher."""
    if engine == "python":
        monkeypatch.setattr(patterns, "_re2", None)
    with pytest.raises(PatternError, match="not a regular expression"):
        compile_pattern(pattern)


@needs_re2
@pytest.mark.parametrize("module", [None, re], ids=["none", "another one"])
def test_only_google_re2_counts(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, or with another distribution's module of that name, Python matches."""
    found = importlib.util.find_spec(patterns.__name__)
    assert found is not None
    assert found.loader is not None
    monkeypatch.setitem(sys.modules, "re2", module)
    copy = importlib.util.module_from_spec(found)
    found.loader.exec_module(copy)
    assert copy._re2 is None
    assert patterns._re2 is not None


async def _declare(client: Client, pattern: str) -> Reply:
    members: dict[str, Any] = {
        "name": "Chat",
        "eventExpiryDuration": 30,
        "namespaceKeys": [{"key": "team", "validation": {"regexPattern": pattern}}],
    }
    return await client.send("POST", "/memories/create", members)


@needs_re2
async def test_a_hostile_pattern_stalls_nobody(client: Client) -> None:
    """With google-re2 a memory with such a pattern is created, and its events are checked."""
    created = await _declare(client, BLOW_UP["choices in a row"])
    client.memory = created.body["memory"]["id"]
    config = {"namespaceVariables": {"team": "a" * 64}}
    refused = await client.create("hello", extractionConfig=config)
    assert (400, "ValidationException") == (refused.status, refused.code)
    assert "does not match its regexPattern" in refused.body["message"]


@needs_re2
async def test_a_stored_pattern_is_not_matched_where_re2_is_gone(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pattern from where the extra was installed is refused with the event, not matched."""
    created = await _declare(client, BLOW_UP["a repeated repeat"])
    client.memory = created.body["memory"]["id"]
    monkeypatch.setattr(patterns, "_re2", None)
    config = {"namespaceVariables": {"team": "a" * 63 + "-"}}
    refused = await client.create("hello", extractionConfig=config)
    assert (400, "ValidationException") == (refused.status, refused.code)
    assert "agentcore-memory-async[local]" in refused.body["message"]
    assert (await client.create("hello")).status == 201
