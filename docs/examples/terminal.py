"""Output of the demo: colors and a progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
import textwrap
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentcore_memory_async import MemoryRecord

ON_A_TERMINAL = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
_COLORS = ON_A_TERMINAL and "NO_COLOR" not in os.environ
MIN_SCORE = 0.1
"""Score below which a search result is not worth a line."""
_CODES = {"bold": "1", "dim": "2", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


def paint(text: str, color: str) -> str:
    """Return *text* with escape codes for *color*; unchanged if this is no terminal."""
    return f"\033[{_CODES[color]}m{text}\033[0m" if _COLORS else text


def width() -> int:
    """Return the columns to print in: those of the terminal, 80 elsewhere, 100 at most."""
    return min(shutil.get_terminal_size().columns, 100)


def wrapped(text: str, indent: int) -> str:
    """Return *text* in lines that fit, all but the first one with *indent* columns before it."""
    room = max(width() - indent, 20)
    lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
    return f"\n{' ' * indent}".join(lines)


def heading(text: str) -> None:
    """Print the heading of a section."""
    print(f"\n{paint(wrapped(text, 0), 'bold')}", flush=True)


def write(text: str, color: str | None = None) -> None:
    """Print a sentence."""
    lines = wrapped(text, 2)
    print(f"  {paint(lines, color) if color else lines}", flush=True)


def say(number: int, role: str, text: str) -> None:
    """Print one message of a conversation."""
    color = "cyan" if role == "USER" else "green"
    print(f"  {number}. {paint(f'{role:<9}', color)}  {wrapped(text, 16)}", flush=True)


def show_record(record: MemoryRecord, source: str = "", indent: int = 2) -> None:
    """Print one long-term record, and below it its namespace and where it comes from."""
    where = wrapped(f"in {record.namespace}" + (f", {source}" if source else ""), indent + 2)
    print(f"{' ' * indent}{wrapped(readable(record.content), indent)}")
    print(f"{' ' * (indent + 2)}{paint(where, 'blue')}", flush=True)


def show_results(records: list[MemoryRecord], at_most: int = 5) -> None:
    """Print search results with their scores, the best first."""
    best = sorted(records, key=lambda record: record.score or 0.0, reverse=True)[:at_most]
    for rank, record in enumerate(best, 1):
        score = paint(f"{record.score:.2f}", "yellow")
        print(f"  {rank}. {score}  {wrapped(readable(record.content), 11)}", flush=True)
    if not best:
        write(f"Nothing scores {MIN_SCORE} or more.")


def readable(content: str, max_length: int = 160) -> str:
    """Return a record as one line of text; preferences are JSON, summaries are XML."""
    try:
        text = json.loads(content)["preference"]
    except (ValueError, KeyError, TypeError):
        text = re.sub(r'<topic name="([^"]*)">', r"\1: ", content)
        text = re.sub(r"</?\w+>", "", text)
    text = " ".join(str(text).split())
    return text if len(text) <= max_length else text[: max_length - 3].rsplit(" ", 1)[0] + "..."


def can_ask() -> bool:
    """Return whether input and output are a terminal."""
    return ON_A_TERMINAL and sys.stdin.isatty()


def ask(prompt: str) -> str:
    """
    Read a line and return it; Ctrl-C and Ctrl-D give an empty one.

    This blocks the event loop. Nothing else has to run at this point of the demo.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return input(prompt).strip()
    except (EOFError, KeyboardInterrupt):
        print()
        return ""
    finally:
        signal.signal(signal.SIGINT, before)


class Progress:
    """A progress bar on a terminal, and one line per quarter elsewhere."""

    def __init__(self, label: str, total: int) -> None:
        self._label = label
        self._total = total
        self._done = 0
        self._began = time.monotonic()
        self._drawn_at = 0.0
        self._quarter = 0

    def step(self) -> None:
        """Count one more item as done."""
        self._done += 1
        now = time.monotonic()
        last = self._done == self._total
        if ON_A_TERMINAL and (last or now - self._drawn_at > 0.05):
            self._drawn_at = now
            full = 30 * self._done // self._total
            bar = paint("#" * full, "green") + paint("." * (30 - full), "dim")
            end = "\n" if last else ""
            print(f"\r  {self._label:<12} {bar} {self._text(now)}", end=end, flush=True)
        elif not ON_A_TERMINAL and (last or 4 * self._done // self._total > self._quarter):
            self._quarter = 4 * self._done // self._total
            print(f"  {self._label:<12} {self._text(now)}", flush=True)

    def _text(self, now: float) -> str:
        return f"{self._done:,} of {self._total:,}, {now - self._began:.1f} s"
