"""A line for each request on the terminal: what, whose, how it ended and how long it took."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

    from agentcore_memory_async.local._http.exchanges import RecordedRequest

_SHOWN = 64
"""Characters of an id that are shown at most."""
_DIM, _RED, _YELLOW, _GREEN = "2", "31", "33", "32"
"""Colors of a terminal."""


class TraceFormatter(logging.Formatter):
    """
    Formats requests as lines; never what is in them.

    Args:
        color: Whether to color them.
    """

    def __init__(self, *, color: bool) -> None:
        super().__init__(datefmt="%H:%M:%S")
        self._color = color

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a request."""
        call: RecordedRequest = getattr(record, "call")  # noqa: B009 - no attribute of every record
        at = f"{self.formatTime(record, self.datefmt)}.{record.msecs:03.0f}"
        status = f"{call.status or '---'}"
        parts = [
            self._in(_DIM, at),
            f"{_plain(call.operation):<24}",
            self._in(_status_color(call.status), status),
            f"{call.milliseconds:8.1f} ms",
            *(f"{name}={_plain(value)}" for name, value in call.ids.items()),
        ]
        if call.error:
            parts.append(self._in(_status_color(call.status), call.error))
        return "  ".join(parts)

    def _in(self, color: str, text: str) -> str:
        return f"\x1b[{color}m{text}\x1b[0m" if self._color else text


def _status_color(status: int) -> str:
    if 200 <= status < 300:
        return _GREEN
    return _YELLOW if 400 <= status < 500 else _RED


def _plain(text: str) -> str:
    """Return a text of a request so that a terminal shows it: nothing of it is a command."""
    shown = ascii(text)[1:-1]
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 3]}..."


def wants_color(stream: TextIO, own: Mapping[str, str]) -> bool:
    """Return whether to color what is written to *stream*: a terminal, without NO_COLOR."""
    return (
        stream.isatty()
        and os.name == "posix"
        and not own.get("NO_COLOR")
        and own.get("TERM") != "dumb"
    )


def show_trace() -> None:
    """Write a line for each request to stderr from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TraceFormatter(color=wants_color(sys.stderr, os.environ)))
    access = logging.getLogger("agentcore_memory_async.local.access")
    access.addHandler(handler)
    access.setLevel(logging.INFO)
    access.propagate = False
