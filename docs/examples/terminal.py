"""How the demo prints: colours and a moving bar on a terminal, plain lines everywhere else."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentcore_memory_async import MemoryRecord

ON_A_TERMINAL = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
_COLOURS = ON_A_TERMINAL and "NO_COLOR" not in os.environ
_CODES = {"bold": "1", "dim": "2", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


def paint(text: str, colour: str) -> str:
    """Colour *text*, on a terminal."""
    return f"\033[{_CODES[colour]}m{text}\033[0m" if _COLOURS else text


def heading(text: str) -> None:
    """Begin a new part."""
    print(f"\n{paint(text, 'bold')}", flush=True)


def say(role: str, text: str) -> None:
    """Print one message of a conversation."""
    colour = "cyan" if role == "USER" else "green"
    print(f"  {paint(f'{role:>9}', colour)}  {text}", flush=True)


def learnt(record: MemoryRecord, note: str = "") -> None:
    """Print one long-term record, with its namespace."""
    where = paint(f"[{record.namespace}]", "blue")
    print(f"  {where} {readable(record.content)}{paint(note, 'dim')}", flush=True)


def found(place: int, record: MemoryRecord) -> None:
    """Print one result of a search."""
    score = paint(f"{record.score:.2f}", "yellow")
    print(f"  {place}. {score}  {readable(record.content)}", flush=True)


def readable(content: str, longest: int = 160) -> str:
    """Make one line of a record: preferences are JSON, summaries are XML."""
    try:
        text = json.loads(content)["preference"]
    except (ValueError, KeyError, TypeError):
        text = re.sub(r'<topic name="([^"]*)">', r"\1: ", content)
        text = re.sub(r"</?\w+>", "", text)
    text = " ".join(str(text).split())
    return text if len(text) <= longest else text[: longest - 3].rsplit(" ", 1)[0] + "..."


def can_ask() -> bool:
    """Tell whether somebody sits at a terminal."""
    return ON_A_TERMINAL and sys.stdin.isatty()


def ask(prompt: str) -> str:
    """
    Read a line; an empty one for Ctrl-C and Ctrl-D.

    It blocks the event loop: at this point of the demo nothing else has to run.
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
    """A bar that moves on a terminal, and a line per quarter everywhere else."""

    def __init__(self, label: str, total: int) -> None:
        self._label = label
        self._total = total
        self._done = 0
        self._began = time.monotonic()
        self._drawn_at = 0.0
        self._quarter = 0

    def step(self) -> None:
        """Note that one more is done."""
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
