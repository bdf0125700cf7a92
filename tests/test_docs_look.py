"""How the documentation looks, as far as it takes no browser: ``make docs-look`` does the rest."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

DOCS = Path(__file__).parent.parent / "docs"
PICTURES: dict[str, Callable[[], str]] = runpy.run_path(str(DOCS / "pictures.py"))["PICTURES"]
WIDTH = 100
"""Columns of code that fit beside the navigation at 1,280 pixels."""


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_as_they_are_drawn(name: str) -> None:
    """The pictures are those that ``python docs/pictures.py`` draws."""
    assert (DOCS / "_static" / name).read_text() == PICTURES[name]()


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_code_fits_on_its_page(page: Path) -> None:
    """No line of a block of code is wider than the page of a laptop."""
    blocks = re.findall(r"^( *)(```+)\w[^\n]*\n(.*?)^ *\2$", page.read_text(), re.S | re.M)
    lines = [line for indent, _, code in blocks for line in code.splitlines()]
    assert [line for line in lines if len(line) > WIDTH] == []
