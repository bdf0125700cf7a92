"""
Runs against local services whose switches are flipped: the verdicts name exactly those.

``python -m tests.verify`` makes hundreds of such runs; here are a few of its seeds.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.verify.__main__ import check_settings, combination, faulty
from tests.verify.measuring import measure
from tests.verify.switches import FLIPS, Settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.verify.measuring import Measured


async def test_a_service_as_it_is(tmp_path: Path) -> None:
    """A service without settings gets no switch named, and its twin is the same."""
    wrong, _, verdicts = await check_settings(Settings({}), tmp_path)
    assert [] == wrong
    assert verdicts > len(FLIPS)


async def test_all_switches_at_once(tmp_path: Path) -> None:
    """All switches are named where all are flipped."""
    flipped = {name: values[-1] for name, values in FLIPS.items()}
    wrong, _, _ = await check_settings(Settings(flipped), tmp_path)
    assert [] == wrong


@pytest.mark.parametrize("seed", range(1000, 1002))
async def test_a_random_combination(tmp_path: Path, seed: int) -> None:
    """Exactly the flipped switches are named, and the twin is the same."""
    wrong, _, _ = await combination(seed, tmp_path)
    assert [] == wrong


async def test_a_faulty_service(tmp_path: Path) -> None:
    """No verdict is wrong while a fifth of the requests meets a fault."""
    wrong, unclear, _ = await faulty(1000, tmp_path)
    assert ([], True) == (wrong, unclear <= 2)


def changed(measured: Measured, settings: Settings) -> list[str]:
    """Return what the report of one service says wrongly of another."""
    return settings.errors(measured.report)


async def test_a_wrong_verdict_is_found(tmp_path: Path) -> None:
    """The check of reports finds each switch that is not the service's."""
    measured = await measure(tmp_path)
    source = random.Random(1)
    for name, values in FLIPS.items():
        assert 1 == len(changed(measured, Settings({name: source.choice(values)}))), name
