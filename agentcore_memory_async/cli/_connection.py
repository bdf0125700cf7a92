"""What a command connects to: a memory, or the memories of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
from attrs import frozen

from agentcore_memory_async.cli._exit_codes import WRONG_USAGE, CommandError

if TYPE_CHECKING:
    from agentcore_memory_async._calls.wait_clock import WaitClock
    from agentcore_memory_async.control import AsyncMemoryControl
    from agentcore_memory_async.manager import AsyncMemorySessionManager

MEMORY_VARIABLE = "AGENTCORE_MEMORY_ID"
"""Environment variable with the id of the memory."""


@frozen
class Connection:
    """
    What a command connects to; nothing is opened before it is entered.

    Attributes:
        memory: Id or ARN of the memory; None where none was given.
        region: AWS region; None for the usual one.
        profile: Profile of the AWS configuration; None for the usual one.
        endpoint_url: Another address, such as that of the local service.
        clock: Clock of waits, for tests.
    """

    memory: str | None = None
    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    clock: WaitClock | None = None

    @property
    def memory_id(self) -> str:
        """
        The id or ARN of the memory.

        Raises:
            CommandError: While reading it: none was given.
        """
        if not self.memory:
            message = (
                f"name the memory by --memory ID or {MEMORY_VARIABLE}; "
                "`agentcore-memory memories` lists them"
            )
            raise CommandError(message, WRONG_USAGE)
        if self.memory.startswith("-"):
            message = f"--memory is {self.memory!r}, which is an option; give the id before it"
            raise CommandError(message, WRONG_USAGE)
        return self.memory

    def manager(self, **options: Any) -> AsyncMemorySessionManager:
        """Return a manager of the memory, to be entered; *options* are those of its class."""
        memory_id = self.memory_id  # before anything is imported
        from agentcore_memory_async.manager import AsyncMemorySessionManager

        return AsyncMemorySessionManager(memory_id, **self._settings(), **options)

    def control(self) -> AsyncMemoryControl:
        """Return the control plane, to be entered."""
        from agentcore_memory_async.control import AsyncMemoryControl

        return AsyncMemoryControl(**self._settings())

    @property
    def wait_clock(self) -> WaitClock:
        """The clock of waits."""
        from agentcore_memory_async._calls.wait_clock import LoopClock

        return self.clock or LoopClock()

    async def rest(self, seconds: float) -> None:
        """Wait; a clock of a test moves on meanwhile."""
        from agentcore_memory_async._calls.wait_clock import holding

        clock = self.wait_clock
        until = clock.now() + seconds
        with holding(clock):
            while clock.now() < until and not await clock.wait(anyio.Event(), until):
                pass

    def _settings(self) -> dict[str, Any]:
        return {
            "region_name": self.region,
            "aws_session": session_of(self.profile) if self.profile else None,
            "endpoint_url": self.endpoint_url,
            "clock": self.clock,
        }


def session_of(profile: str | None) -> object:
    """Return a session of *profile*, whose credentials then precede those of the environment."""
    from aiobotocore.session import AioSession

    return AioSession(profile=profile)
