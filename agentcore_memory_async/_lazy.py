"""
Names of a module that are imported at their first use.

The imports below ``TYPE_CHECKING`` say the same to type checkers and to import-linter; a test holds
both together.
"""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from agentcore_memory_async._collector import RestingCollector

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

_PACKAGE = "agentcore_memory_async"
"""Name of this package."""


@contextmanager
def lasting() -> Generator[None]:
    """
    Keep the garbage collector from what the block imports, since all of it stays.

    There are so many objects that visiting them takes a tenth of the time, and holds the
    interpreter for up to 30 ms. They are moved to the oldest generation unvisited: freezing and
    unfreezing does that and nothing else.
    """
    if not gc.isenabled() or gc.get_freeze_count():
        yield
        return
    collector = RestingCollector()
    collector.rest()
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()
        collector.resume()


def importing(
    module: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """
    Return the ``__getattr__`` and the ``__dir__`` of *module*.

    Args:
        module: Name of the module.
        homes: Names, separated by spaces, by the module of this package that has them.
    """
    home_of = {name: home for home, names in homes.items() for name in names.split()}
    public = {home for home in homes if not home.startswith("_")}

    def import_name(name: str) -> object:
        """Import *name* at its first use."""
        if name in public:  # a module, which is an attribute of the package, too
            with lasting():
                return import_module(f"{_PACKAGE}.{name}")
        if name not in home_of:
            message = f"module {module!r} has no attribute {name!r}"
            raise AttributeError(message)
        with lasting():
            value: object = getattr(import_module(f"{_PACKAGE}.{home_of[name]}"), name)
        setattr(sys.modules[module], name, value)
        return value

    def all_names() -> list[str]:
        """Return the names of the module, those not yet imported among them."""
        return sorted({*vars(sys.modules[module]), *home_of, *public})

    return import_name, all_names
