"""Some of the hostile requests; ``python -m tests.local.fuzz`` sends any number of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local.fuzz import fuzz

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(60)
@pytest.mark.parametrize("seed", [1, 2])
async def test_hostile_requests(tmp_path: Path, seed: int) -> None:
    """Answers are valid, errors are those of the model, none is a 5xx; the database is intact."""
    statuses = await fuzz(600, seed, tmp_path / "memory.db")
    assert {200, 201, 202, 400, 404} <= statuses.keys()
