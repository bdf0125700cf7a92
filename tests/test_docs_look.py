"""How the documentation looks, as far as it takes no browser: ``make docs-look`` does the rest."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

DOCS = Path(__file__).parent.parent / "docs"
PICTURES: dict[str, Callable[[], str]] = runpy.run_path(str(DOCS / "pictures.py"))["PICTURES"]


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_as_they_are_drawn(name: str) -> None:
    """The pictures are those that ``python docs/pictures.py`` draws."""
    assert (DOCS / "_static" / name).read_text() == PICTURES[name]()
