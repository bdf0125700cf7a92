"""The error of a bad argument, below everything, since models raise it too; `errors` exports it."""

from __future__ import annotations


class InvalidInputError(ValueError):
    """An argument that the service would refuse, found before any request was made."""
