"""Tests under ``@pytest.mark.anyio``, run by anyio's own plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import AsyncMemorySessionManager, ConversationalMessage, MessageRole
from tests.crowded.programs.crowd import FACT, MEMORY_ID, TEXT, converse_blocking, installed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agentcore_memory_async import AsyncMemorySession

BACKENDS: list[Any] = [("asyncio", {"use_uvloop": False})]
if installed("uvloop"):
    BACKENDS.append(("asyncio", {"use_uvloop": True}))


@pytest.fixture(params=BACKENDS, ids=lambda backend: f"uvloop-{backend[1]['use_uvloop']}")
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Run on asyncio and on uvloop."""
    return request.param


@pytest.fixture
async def session(anyio_backend: Any) -> AsyncIterator[AsyncMemorySession]:
    """Yield a session, whose manager is opened and closed by anyio's plugin."""
    async with AsyncMemorySessionManager(MEMORY_ID) as manager:
        yield await manager.create_memory_session(f"anna-{anyio_backend[1]['use_uvloop']}")


@pytest.mark.anyio
async def test_a_fixture_and_a_test_share_a_manager(session: AsyncMemorySession) -> None:
    """What is stored is read and extracted."""
    async with session.extraction_poller("/facts/{actorId}/") as poller:
        await session.add_turns([ConversationalMessage(TEXT, MessageRole.USER)])
        assert [FACT] == [record.content for record in await poller]
    assert [TEXT] == [turn.text for turn in await session.get_last_k_turns()]


def test_the_sync_api(capsys: pytest.CaptureFixture[str]) -> None:
    """A plain test uses the sync API."""
    converse_blocking("ben")
    assert f"ben ['{TEXT}'] ['{FACT}']\n" == capsys.readouterr().out
