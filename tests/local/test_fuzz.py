"""A share of the hostile requests; ``python -m tests.local.fuzz`` sends as many as one likes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local.fuzz import fuzz

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(60)
@pytest.mark.parametrize("seed", [1, 2])
async def test_hostile_requests(tmp_path: Path, seed: int) -> None:
    """Errors of the model or valid answers, never a 5xx, and a file that is whole."""
    statuses = await fuzz(600, seed, tmp_path / "memory.db")
    assert {200, 201, 202, 400, 404} <= statuses.keys()
