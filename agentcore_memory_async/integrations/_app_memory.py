"""
The memory of a web app, apart from any framework.

An app is made when its module is imported: once for several workers, loops and threads, and in
some servers before a fork. So nothing is opened then. Each run of the app opens a manager of its
own, in its event loop, and requests find that of the loop that they are in.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from anyio import from_thread

from agentcore_memory_async.control import AsyncMemoryControl
from agentcore_memory_async.errors import AgentCoreMemoryError, ClosedError
from agentcore_memory_async.integrations._web import (
    ANSWERED,
    Answer,
    answer_to,
    control_options,
)
from agentcore_memory_async.manager import AsyncMemorySessionManager
from agentcore_memory_async.policies import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from agentcore_memory_async.session import AsyncMemorySession

_LOG = logging.getLogger("agentcore_memory_async")
_CLIENTS_MISTAKE, _OPERATORS_MISTAKE = 422, 500
"""Statuses of what only the client, and only whoever runs the app can mend."""
_PROBE = RetryPolicy(read_deadline=2.0)
"""How long a check of the memory may take."""
_PROBE_ID = "healthz"
"""Actor and session whose events a check asks for; there are none."""
_DESCRIPTION = RetryPolicy(read_deadline=3.0)
"""How long reading the namespaces may take, which delays the start of the app, or a request."""


class _OpenMemory:
    """
    The manager of one run of the app, which reads its namespaces unless they were declared.

    Args:
        manager: The manager, open.
        control: Arguments of the control plane's client; None where nothing is to be read.
    """

    def __init__(
        self, manager: AsyncMemorySessionManager, control: Mapping[str, Any] | None
    ) -> None:
        self.manager = manager
        self._control = control
        self._failed: Exception | None = None
        self._is_reading = False

    async def know_namespaces(self) -> None:
        """
        Read the memory's namespaces, until that has succeeded or can't.

        While one request tries it again, the others fail as the last one did: at once.
        """
        if self._control is None:
            return
        if self._is_reading and self._failed is not None:
            raise copy(self._failed)
        self._is_reading = True
        try:
            async with AsyncMemoryControl(**self._control, retry=_DESCRIPTION) as control:
                await self.manager.describe(control)
        except ANSWERED as error:
            self._failed = error
            raise
        except AgentCoreMemoryError as error:
            _LOG.warning(
                "the namespaces of the memory can't be read, so they are known only where a call "
                "names them; declare them by namespaces=, or allow GetMemory: %s",
                error,
            )
        finally:
            self._is_reading = False
        self._control = None


class AppMemory:
    """
    One memory of a web app, with a manager for each event loop that the app runs in.

    Args:
        memory_id: Id or ARN of the memory.
        region_name: AWS region.
        options: Further arguments of `AsyncMemorySessionManager`.
    """

    _advice: ClassVar[str]
    """What to do where the app does not run; the end of a sentence."""

    def __init__(self, memory_id: str, region_name: str | None = None, **options: Any) -> None:
        self._make = partial(AsyncMemorySessionManager, memory_id, region_name, **options)
        self._make()  # so that a mistake shows where the app is made
        self._control = control_options(region_name, options)
        self._open: dict[asyncio.AbstractEventLoop, list[_OpenMemory]] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._make.args[0]}, {len(self._open)} running>"

    @property
    def manager(self) -> AsyncMemorySessionManager:
        """
        Manager of the running event loop, for everything else.

        Raises:
            ClosedError: While reading it: the app does not run in this event loop.
        """
        return self._here().manager

    async def session(
        self, actor_id: str, session_id: str | None = None, *, verify: bool | None = False
    ) -> AsyncMemorySession:
        """
        Return the session of *actor_id* and *session_id*, as ``create_memory_session`` does.

        Let *actor_id* come from your authentication, never from the body of a request: whoever
        names an actor reads what is remembered of it.

        Args:
            actor_id: Actor id; ``encode_actor_id()`` makes one of any string.
            session_id: Session id; a new UUID if omitted.
            verify: Whether to ask the service, as in ``create_memory_session``. Unlike there, it is
                not asked if omitted: requests would wait for one another in an outage.

        Raises:
            ClosedError: The app does not run in this event loop.
            InvalidInputError: An id that the service would refuse.
            AgentCoreMemoryError: The service was asked, and failed.

        AWS operations: ``ListEvents`` with *verify*; ``GetMemory``, where reading the namespaces
        failed at the start.
        """
        memory = self._here()
        await memory.know_namespaces()
        return await memory.manager.create_memory_session(actor_id, session_id, verify=verify)

    @asynccontextmanager
    async def _running(self) -> AsyncGenerator[None]:
        """Open a manager for this event loop while the app runs in it."""
        loop = asyncio.get_running_loop()
        async with self._make() as manager:
            memory = _OpenMemory(manager, self._control)
            running = self._open.setdefault(loop, [])
            running.append(memory)
            try:
                await _prepare(memory)
                yield
            finally:
                running.remove(memory)
                if not running:
                    del self._open[loop]

    async def _is_answering(self) -> bool:
        """Return whether the memory answers within two seconds; log why not."""
        try:
            manager = self.manager.with_options(retry=_PROBE)
            await manager.create_memory_session(_PROBE_ID, _PROBE_ID, verify=True)
        except (AgentCoreMemoryError, ClosedError) as error:
            _LOG.warning("the memory does not answer: %s", error)
            return False
        return True

    def _here(self) -> _OpenMemory:
        """Return what was opened last in the running event loop."""
        loop = _running_loop()
        running = self._open.get(loop) if loop is not None else None
        if not running:
            message = f"this {type(self).__name__} is not open in this event loop; {self._advice}"
            raise ClosedError(message)
        return running[-1]


async def _prepare(memory: _OpenMemory) -> None:
    """Read the namespaces before the first request; where that fails now, it is tried again."""
    try:
        await memory.know_namespaces()
    except ANSWERED as error:
        _LOG.warning("the namespaces of the memory are not read yet: %s", error)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop of this thread, or that which waits for it; None without any."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:  # a function of the app that is not async runs in a thread
        pass
    try:
        return from_thread.run_sync(asyncio.get_running_loop)
    except RuntimeError:
        return None


def logged_answer(error: Exception) -> Answer:
    """Return the answer to an error, and log it where the client made no mistake."""
    answer = answer_to(error)
    if answer.status != _CLIENTS_MISTAKE:
        level = logging.ERROR if answer.status == _OPERATORS_MISTAKE else logging.WARNING
        _LOG.log(level, "a request is answered with %d: %s", answer.status, error)
    return answer
