"""Chunks of an answer: how they are closed."""

from __future__ import annotations

import anyio
import pytest

from agentcore_memory_async._operations.chunks import iterate
from tests._virtual_time import virtual_time


class Hanging:
    """An endless async iterator whose ``aclose()`` does not return."""

    def __aiter__(self) -> Hanging:
        return self

    async def __anext__(self) -> str:
        return "a"

    async def aclose(self) -> None:
        """Hang."""
        await anyio.sleep_forever()


@virtual_time
async def test_closing_chunks_takes_five_seconds_at_most() -> None:
    """An answer that does not end holds up nobody for longer, whatever else is cancelled."""
    chunks = iterate("chunks", Hanging())
    assert "a" == await anext(chunks)
    began = anyio.current_time()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await chunks.aclose()

    assert 5.0 == pytest.approx(anyio.current_time() - began)
