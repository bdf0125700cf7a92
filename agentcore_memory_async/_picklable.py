"""Errors that are copied and pickled whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable


class Picklable(Exception):  # noqa: N818 - a mixin that is never raised by itself
    """Keeps the constructor's arguments, so that copies and pickles are made from them."""

    _fields: ClassVar[tuple[str, ...]] = ()

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        return type(self), tuple(getattr(self, name) for name in self._fields), self.__dict__
