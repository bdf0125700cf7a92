"""What the scripts of this folder share: progress on stderr, and an end without a traceback."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from agentcore_memory_async import AgentCoreMemoryError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH = 30


class Bar:
    """A progress bar on stderr; it is drawn on a terminal only."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._is_drawn = False

    def show(self, done: int, total: int) -> None:
        """Draw that *done* of *total* is done."""
        if sys.stderr.isatty():
            full = WIDTH * done // max(total, 1)
            bar = "#" * full + "." * (WIDTH - full)
            print(f"\r[{bar}] {done:,} of {total:,} {self._what}\033[K", end="", file=sys.stderr)
            sys.stderr.flush()
            self._is_drawn = True

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_drawn:
            print(file=sys.stderr)


def run(main: Callable[[], int], after_interrupt: str = "") -> NoReturn:
    """
    Exit with the status of *main*: 1 with an error, 130 after Ctrl-C, 141 where nobody reads.

    *after_interrupt* says what to do after Ctrl-C.
    """
    try:
        status = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        print(f"Interrupted. {after_interrupt}".rstrip(), file=sys.stderr)
        status = 130
    except BrokenPipeError:  # such as `| head`, which has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 141
    except (AgentCoreMemoryError, InvalidInputError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        status = 1
    sys.exit(status)
