"""What is shown of text that is not trusted."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async import MessageRole
from agentcore_memory_async.cli._text import escaped, shown


@given(st.text())
def test_nothing_of_it_is_a_command(text: str) -> None:
    """No control character, lone surrogate or separator is left, and plain text stays."""
    left = escaped(text)
    assert set() == {"Cc", "Cs", "Zl", "Zp"} & {unicodedata.category(each) for each in left}
    if left.isprintable() and text.isprintable():
        assert left == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x1b[31mred\x1b]0;title\x07", r"a\x1b[31mred\x1b]0;title\x07"),
        ("one\ntwo\tthree\r", r"one\ntwo\tthree\r"),
        ("\x9b31m", r"\x9b31m"),
        ("abc\u202edcb", r"abc\u202edcb"),
        ("\u2066hidden\u2069", r"\u2066hidden\u2069"),
        ("\ud800", r"\ud800"),
        ("👩\u200d🔬 नमस्ते [bold]", "👩\u200d🔬 नमस्ते [bold]"),
    ],
)
def test_what_is_escaped(text: str, expected: str) -> None:
    """Controls are shown as escapes, scripts and emoji as they are."""
    assert expected == escaped(text)


def test_what_is_kept() -> None:
    """A table keeps lines, and nothing else."""
    assert "one\ntwo\\x1b" == escaped("one\ntwo\x1b", keep="\n")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (3, "3"),
        (datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), "2026-01-02 03:04:05Z"),
        (datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2))), "2026-01-02 01:00:00Z"),
        (MessageRole.USER, "USER"),
        (("a", "b"), "a, b"),
        ({"source": "app"}, "source=app"),
    ],
)
def test_what_is_shown_of_values(value: object, expected: str) -> None:
    """Times are in UTC, to the second."""
    assert expected == shown(value)
