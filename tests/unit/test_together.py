"""Work on many items, a few at a time."""

from __future__ import annotations

import anyio
import pytest

from agentcore_memory_async._operations.together import run_each
from tests._virtual_time import virtual_time


@virtual_time
async def test_each_item_once_and_a_few_at_a_time() -> None:
    """All items are worked on, in their order, as many at once as there may be."""
    begun, under_way, most = list[int](), 0, 0

    async def work(item: int) -> None:
        nonlocal under_way, most
        begun.append(item)
        under_way += 1
        most = max(most, under_way)
        await anyio.sleep(1)
        under_way -= 1

    await run_each(range(10), work, 3)
    assert (list(range(10)), 3) == (begun, most)
    assert anyio.current_time() == pytest.approx(4, abs=0.1)
    await run_each([], work, 3)


@virtual_time
async def test_after_an_error_no_more_is_begun() -> None:
    """What is under way ends, and the first error is raised by itself."""
    begun, ended = list[int](), list[int]()

    async def work(item: int) -> None:
        begun.append(item)
        await anyio.sleep(3 - item)
        if item:
            raise ValueError(str(item))
        ended.append(item)

    with pytest.raises(ValueError, match="2"):
        await run_each(range(10), work, 3)
    assert ([0, 1, 2], [0]) == (begun, ended)
