"""Random conversations with branches read as a simple model of them says."""

from __future__ import annotations

from random import Random

import pytest

from tests._virtual_time import virtual_time
from tests.client.branched import (
    BranchedService,
    check_branches,
    check_reading,
    random_history,
)
from tests.client.doubles import manager_on

HISTORIES = 250
"""Conversations of one run."""
RUNS = range(8)
"""Runs, which pytest spreads over processes."""


@pytest.mark.parametrize("run", RUNS)
@virtual_time
async def test_conversations_with_branches_read_as_the_model_says(run: int) -> None:
    """
    Turns, exchanges, events, branches and tree are right for branches of branches, equal times and
    pages of any size, 2,000 times.
    """
    chance = Random(run)
    service = BranchedService(chance)
    async with manager_on(service) as manager:
        for number in range(HISTORIES):
            history = service.histories[f"s{number}"] = random_history(chance)
            session = await manager.create_memory_session("a", f"s{number}", verify=False)
            await check_reading(session, history, chance)
            await check_branches(session, history)
