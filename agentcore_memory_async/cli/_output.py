"""The one place that prints: tables for people, plain rows for pipes, JSON lines for programs."""

from __future__ import annotations

import json
import signal
import sys
import threading
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from attrs import frozen

from agentcore_memory_async.cli._exit_codes import (
    WRONG_USAGE,
    CommandError,
    error_object,
    message_of,
)
from agentcore_memory_async.cli._text import escaped, shown

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Sequence

ROWS = 100
"""Rows of one table; more make another, so that nothing waits for the last page."""


def as_json(value: object) -> str:
    """Return a value of the library's as JSON on one line, in ASCII; other objects as text."""
    return json.dumps(value, default=str)


class HasDict(Protocol):
    """What can be shown as JSON."""

    def to_dict(self) -> dict[str, Any]:
        """Return all members as JSON data."""
        ...


Item = TypeVar("Item", bound=HasDict)


@frozen
class Column(Generic[Item]):
    """
    A column of a table.

    Attributes:
        header: Header.
        value: Function that returns what is in it.
        is_id: Whether it holds ids, which are never cut or folded, so that they can be copied.
    """

    header: str
    value: Callable[[Item], object]
    is_id: bool = False


@frozen
class Output:
    """
    The output of a command.

    Attributes:
        as_json: Whether it is for programs: one JSON object a line, and nothing else on stdout.
    """

    as_json: bool = False

    async def stream(
        self, items: AsyncGenerator[Item], columns: Sequence[Column[Item]], empty: str
    ) -> int:
        """
        Print *items* as they come, and return their number.

        Args:
            items: What to print; it is closed.
            columns: What is shown of each of them for people.
            empty: Note for people if there are none.
        """
        count, part = 0, list[Item]()
        async with aclosing(items):
            async for item in items:
                count += 1
                part.append(item)
                if len(part) == ROWS:
                    self.show(part, columns)
                    part = []
        if part or not count:
            self.show(part, columns, empty)
        return count

    def show(
        self,
        items: Sequence[Item],
        columns: Sequence[Column[Item]],
        empty: str = "",
        *,
        headers: bool = True,
    ) -> None:
        """
        Print *items*: as a table on a terminal, as lines with tabs in a pipe, or as JSON lines.

        Args:
            items: What to print.
            columns: What is shown of each of them for people.
            empty: Note for people if there are none.
            headers: Whether a table has the headers of its columns.
        """
        if not items:
            if empty and not self.as_json:
                self.note(empty)
            return
        if self.as_json:
            lines = [as_json(item.to_dict()) for item in items]
        elif sys.stdout.isatty():
            from agentcore_memory_async.cli._tables import print_table

            rows = [
                [escaped(shown(column.value(item)), keep="\n\t") for column in columns]
                for item in items
            ]
            ids = frozenset(place for place, column in enumerate(columns) if column.is_id)
            print_table(rows, [column.header for column in columns], ids, headers=headers)
            sys.stdout.flush()
            return
        else:
            lines = [
                "\t".join(escaped(shown(column.value(item))) for column in columns)
                for item in items
            ]
        _write("".join(f"{line}\n" for line in lines))

    def details(self, item: Item, columns: Sequence[Column[Item]]) -> None:
        """Print one value: a line for each of *columns*, or a JSON object."""
        if self.as_json:
            _write(f"{as_json(item.to_dict())}\n")
            return
        width = max(len(column.header) for column in columns)
        for column in columns:
            _write(f"{column.header:<{width}}  {escaped(shown(column.value(item)))}\n")

    def line(self, text: str) -> None:
        """Print a line for people; programs do not see it."""
        if not self.as_json:
            _write(f"{escaped(text)}\n")

    def note(self, text: str) -> None:
        """Print a note on stderr; for programs an object with ``note``."""
        line = json.dumps({"note": text}) if self.as_json else escaped(text)
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    def error(self, error: Exception) -> None:
        """Print an error on stderr; for programs an object with ``error``."""
        if self.as_json:
            line = json.dumps(error_object(error))
        else:
            line = f"agentcore-memory: {escaped(message_of(error), keep=chr(10))}"
        sys.stderr.write(f"{line}\n")

    def require_consent(self, *, yes: bool) -> None:
        """
        Check that somebody agreed by ``--yes``, or can be asked, before anything is sent.

        Raises:
            CommandError: There is no terminal to ask at.
        """
        if not yes and not sys.stdin.isatty():
            message = "nothing was changed: there is no terminal to ask at; give --yes to agree"
            raise CommandError(message, WRONG_USAGE)

    def confirm(self, question: str, *, yes: bool) -> bool:
        """
        Return whether somebody agrees; the question is asked on stderr.

        Args:
            question: Question, without the form of its answer.
            yes: Whether ``--yes`` was given, so that nobody is asked.

        Raises:
            CommandError: There is no terminal to ask at.
        """
        self.require_consent(yes=yes)
        if yes:
            return True
        with _interruptible():  # before there is a question that Ctrl-C could answer
            sys.stderr.write(f"{escaped(question)} [y/N] ")
            sys.stderr.flush()
            answer = sys.stdin.readline()
        return answer.strip().lower() in {"y", "yes"}

    @contextmanager
    def progress(self, title: str) -> Generator[Callable[[str, int, int | None], None]]:
        """
        Show on a terminal how far something is, until the block is left.

        Yields:
            A function of what is being done, how much of it is done, and how much there is; None
            where that is unknown.
        """
        if self.as_json or not sys.stderr.isatty():
            yield lambda _text, _done, _total: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
        )
        console = Console(file=sys.stderr, highlight=False)
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(title, total=None)

            def update(text: str, done: int, total: int | None) -> None:
                bar.update(task, description=escaped(text), completed=done, total=total)

            yield update


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


@contextmanager
def _interruptible() -> Generator[None]:
    """Let Ctrl-C end the block at once: an event loop would notice it after the block only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
