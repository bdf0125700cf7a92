"""Tables on terminals, lines in pipes, objects for programs."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from attrs import asdict, frozen
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async.cli._output import ROWS, Column, Output

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable


@frozen
class Thing:
    """A thing with an id and a text."""

    thing_id: str
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return all members."""
        return asdict(self)


COLUMNS = (
    Column[Thing]("THING", lambda thing: thing.thing_id, is_id=True),
    Column[Thing]("TEXT", lambda thing: thing.text),
)
LONG = Thing("x" * 60, "word " * 30)


def test_a_table_fits_the_terminal_and_folds_text(
    terminal: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """No line is wider than the terminal, and the whole id stands on one line."""
    terminal(100)
    Output().show([LONG], COLUMNS)
    lines = capsys.readouterr().out.splitlines()
    assert "THING" == lines[0].split()[0]
    assert 100 >= max(map(len, lines))
    assert LONG.thing_id == lines[1].split()[0]
    assert 30 == sum(line.count("word") for line in lines)


@pytest.mark.parametrize("columns", [10, 40, 61, 84])
def test_an_id_is_never_cut(
    terminal: Callable[[int], None], capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    """Where there is no room beside it, it has a line of its own, and the text is below it."""
    terminal(columns)
    Output().show([LONG], COLUMNS)
    header, row, *text = capsys.readouterr().out.splitlines()
    assert ["THING", "TEXT"] == header.split()
    assert LONG.thing_id == row.strip()
    assert 30 == sum(line.count("word") for line in text)
    assert columns >= max(map(len, text))


def test_ids_alone_are_lines(
    terminal: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """A table of nothing but ids needs no room."""
    terminal(40)
    Output().show([LONG], COLUMNS[:1])
    assert ["THING", LONG.thing_id] == capsys.readouterr().out.split()


@given(
    st.lists(st.tuples(st.text("x-", min_size=1, max_size=90), st.text(max_size=90)), min_size=1),
    st.integers(10, 130),
)
def test_whatever_is_shown_is_all_there(things: list[tuple[str, str]], columns: int) -> None:
    """Ids stand whole on a line, whatever the width, and no letter of a text is lost."""
    shown = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(shown):
        patch.setattr(shown, "isatty", lambda: True, raising=False)
        patch.setenv("COLUMNS", str(columns))
        patch.setenv("TERM", "dumb")
        Output().show([Thing(*each) for each in things], COLUMNS)
    words = shown.getvalue().split()
    assert Counter(each for each, _ in things) <= Counter(words)
    letters = Counter(filter(str.isalnum, shown.getvalue()))
    assert Counter(filter(str.isalnum, "".join(text for _, text in things))) <= letters


def test_text_is_no_markup(
    terminal: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither rich's markup nor a terminal's codes act, and lines stay lines."""
    terminal(100)
    Output().show([Thing("[red]id", "[bold]x[/bold]\n:smile: \x1b[31m")], COLUMNS)
    out = capsys.readouterr().out
    assert "[red]id" in out
    assert "[bold]x[/bold]" in out
    assert ":smile: \\x1b[31m" in out
    assert "\x1b" not in out
    assert 3 == len(out.splitlines())


def test_a_pipe_gets_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    """Cells are separated by tabs; those of text are escaped."""
    Output().show([Thing("a", "one\ntwo\tthree")], COLUMNS)
    assert "a\tone\\ntwo\\tthree\n" == capsys.readouterr().out


async def test_a_stream_is_printed_page_by_page(
    terminal: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """What came is on stdout before what follows is asked for."""
    terminal(100)
    seen: list[str] = []

    async def things() -> AsyncGenerator[Thing]:
        for number in range(ROWS + 1):
            if number == ROWS:
                seen.append(capsys.readouterr().out)
            yield Thing(f"id{number}", "text")

    assert ROWS + 1 == await Output().stream(things(), COLUMNS, "none")
    assert f"id{ROWS - 1}" in seen[0]
    assert f"id{ROWS}" in capsys.readouterr().out


async def test_nothing_is_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    """People are told that there is nothing, on stderr; programs get no line."""

    async def nothing() -> AsyncGenerator[Thing]:
        return
        yield

    assert 0 == await Output().stream(nothing(), COLUMNS, "no things")
    assert ("", "no things\n") == capsys.readouterr()
    assert 0 == await Output(as_json=True).stream(nothing(), COLUMNS, "no things")
    assert ("", "") == capsys.readouterr()
