"""Export and import by commands that are killed; ``python -m tests.cli`` is the long run of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.round_trip import run_round_trip

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(180)
def test_killed_at_random_moments_both_are_equal(tmp_path: Path) -> None:
    """The commands go on, and the other memory has everything once."""
    figures = run_round_trip(200, 4, 1, tmp_path, print)
    assert "200 sessions" in figures
