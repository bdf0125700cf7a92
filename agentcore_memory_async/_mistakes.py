"""A caller's mistakes, outside of the base class of errors; `errors` exports them."""

from __future__ import annotations


class InvalidInputError(ValueError):
    """An argument that the service would refuse, found before any request was made."""


class NamespacesUnknownError(InvalidInputError):
    """The manager was told of no namespaces, which whoever runs it has to mend."""


class ClosedError(RuntimeError):
    """The object is not open: not opened yet, or closed."""


class WrongLoopError(RuntimeError):
    """The object belongs to another event loop."""


class ForkedError(RuntimeError):
    """The object was opened before a fork, by the parent process."""


class BlockingCallWarning(RuntimeWarning):
    """A method of the sync facade was called inside a running event loop, and blocks it."""
