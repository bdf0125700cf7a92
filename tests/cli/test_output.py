"""Tables on terminals, lines in pipes, objects for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

from agentcore_memory_async.cli._output import ROWS, Column, Output

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    import pytest


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


def test_an_id_is_never_cut(
    terminal: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """An id that is wider than the terminal is printed whole, on one line."""
    terminal(40)
    Output().show([LONG], COLUMNS)
    assert LONG.thing_id in capsys.readouterr().out


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
