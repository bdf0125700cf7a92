"""Deletion of a whole session, which raises where something is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async.errors import AgentCoreMemoryError

if TYPE_CHECKING:
    from agentcore_memory_async.session import AsyncMemorySession


async def delete_session(session: AsyncMemorySession) -> None:
    """Delete all events of *session*."""
    report = await session.delete_session()
    if report.remaining:
        message = (
            f"{len(report.remaining)} events of session {session.session_id} could not be deleted, "
            f"the first since: {report.remaining[0].reason}; delete it again"
        )
        raise AgentCoreMemoryError(message)
