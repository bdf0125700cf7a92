"""Warnings that point to the line of the caller, whatever lies in between."""

from __future__ import annotations

import os
import sys
import warnings
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define

if TYPE_CHECKING:
    from types import FrameType

_PACKAGE = str(Path(__file__).parent) + os.sep
"""Where the modules of the package are."""


@define(eq=False)
class CallSite:
    """
    A line of code that called the package.

    Attributes:
        filename: File.
        line: Number of the line.
        module: Name of the module.
        registry: What was warned of in that module already.
    """

    filename: str
    line: int
    module: str
    registry: dict[Any, Any]


CALLER: ContextVar[CallSite | None] = ContextVar("agentcore_memory_async_caller", default=None)
"""Who called the sync facade, whose calls run in a thread of their own."""


def find_caller() -> CallSite | None:
    """Return the innermost line outside of the package; None where there is none."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - as warnings.warn does
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    if frame is None:
        return None
    known = frame.f_globals
    return CallSite(
        frame.f_code.co_filename,
        frame.f_lineno,
        known.get("__name__") or "<unknown>",
        known.setdefault("__warningregistry__", {}),
    )


def warn_caller(message: str, category: type[Warning]) -> None:
    """Warn at the line that called the package, or the sync facade."""
    site = CALLER.get() or find_caller()
    if site is None:
        warnings.warn(message, category, stacklevel=2)
    else:
        warnings.warn_explicit(
            message, category, site.filename, site.line, site.module, site.registry
        )
