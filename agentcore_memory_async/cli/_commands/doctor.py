"""Finding what is wrong with a set-up: ``doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typer import Typer


def register(app: Typer) -> None:
    """Add the commands to *app*."""
