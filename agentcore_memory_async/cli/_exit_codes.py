"""What a command exits with, and what it tells of an error: pure, and without any content."""

from __future__ import annotations

import platform
import traceback
from pathlib import PurePath
from typing import Any, cast

from agentcore_memory_async._version import __version__

DONE = 0
"""Everything was done."""
FAILED = 1
"""A check or the work failed."""
WRONG_USAGE = 2
"""The arguments are wrong, and nothing was sent."""
NOT_FOUND = 3
"""The memory, or what was asked for in it, is not there."""
DENIED = 4
"""The credentials do not allow it, or there are none."""
TRY_AGAIN = 5
"""Throttled, unavailable, timed out, or the outcome is unknown: the same command may succeed."""
INTERRUPTED = 130
"""Interrupted by Ctrl-C."""
READER_LEFT = 141
"""Whatever read the output, such as ``head``, has left; a shell's status for SIGPIPE."""

_FRAMES = 3
"""Innermost places of an unexpected error that are named."""


class CommandError(Exception):
    """
    A command that can't go on, for a reason that its user can do something about.

    Args:
        message: What is wrong, and what to do next.
        exit_code: Exit status of the command.
    """

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class ReaderLeftError(Exception):
    """Whatever reads the output of the command has left."""


def cause_of(error: Exception) -> Exception:
    """Return *error*, or of a group the first one: an unexpected one, where there is any."""
    if not isinstance(error, ExceptionGroup):
        return error
    group = cast("ExceptionGroup[Exception]", error)
    return min(map(cause_of, group.exceptions), key=is_expected)


def exit_code_of(error: Exception) -> int:
    """Return the exit status for *error*."""
    from agentcore_memory_async import errors

    if isinstance(error, CommandError):
        return error.exit_code
    if _unusable_file(error) is not None:
        return WRONG_USAGE
    by_class: tuple[tuple[tuple[type[Exception], ...], int], ...] = (
        ((errors.CertificateError,), FAILED),
        ((errors.InvalidInputError, errors.ValidationError), WRONG_USAGE),
        ((errors.NotFoundError,), NOT_FOUND),
        ((errors.AccessDeniedError,), DENIED),
        (
            (
                errors.ConflictError,
                errors.ExtractionTimeoutError,
                errors.MemoryTimeoutError,
                errors.OutcomeUnknownError,
                errors.ServiceUnavailableError,
                errors.ThrottledError,
                errors.TransportError,
            ),
            TRY_AGAIN,
        ),
    )
    return next((code for classes, code in by_class if isinstance(error, classes)), FAILED)


def is_expected(error: Exception) -> bool:
    """Return whether the message of *error* says what its user has to know."""
    from agentcore_memory_async.errors import AgentCoreMemoryError, InvalidInputError

    return isinstance(error, AgentCoreMemoryError | CommandError | InvalidInputError | OSError)


def _unusable_file(error: Exception) -> str | None:
    """Return what to tell of a file that can't be opened; None of another error."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}; give another file"
    return None  # an error of reading or writing names no file


def message_of(error: Exception) -> str:
    """
    Return what to tell of *error*.

    The message of an unexpected one may have content. So its places are told instead.
    """
    if (message := _unusable_file(error)) is not None:
        return message
    if is_expected(error):
        return str(error)
    places = [
        f"{_short(frame.filename)}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    ]
    return (
        f"unexpected {type(error).__name__}; please report it with this line: "
        f"agentcore-memory-async {__version__}, Python {platform.python_version()}, "
        f"at {', '.join(places)}"
    )


def _short(filename: str) -> str:
    """Return the path of a file in this package, or the name of another one."""
    outside, _, inside = filename.rpartition("agentcore_memory_async/")
    return inside if outside else PurePath(filename).name


def error_object(error: Exception) -> dict[str, Any]:
    """Return *error* for programs: its class, message and exit status, and the service's code."""
    found: dict[str, Any] = {
        "type": type(error).__name__,
        "message": message_of(error),
        "exit_code": exit_code_of(error),
    }
    for name in ("operation", "code", "status", "request_id"):
        if (value := getattr(error, name, None)) is not None and is_expected(error):
            found[name] = value
    return {"error": found}
