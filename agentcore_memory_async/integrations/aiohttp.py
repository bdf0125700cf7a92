"""
aiohttp's server: one manager for the app, which opens and closes with it.

```python
memory = AgentCoreMemory(os.environ["MEMORY_ID"])
app = web.Application()
memory.setup(app)
```

A handler has it as ``request.app[MEMORY]``, that of an app inside another one as
``request.config_dict[MEMORY]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from aiohttp import web

from agentcore_memory_async.integrations._app_memory import AppMemory, logged_answer
from agentcore_memory_async.integrations._web import ANSWERED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

__all__ = ("MEMORY", "AgentCoreMemory")


class AgentCoreMemory(AppMemory):
    """
    One AgentCore Memory for an aiohttp app: ``memory.setup(app)``.

    Make it where the app is made. It opens nothing: the app opens a manager when it starts, in its
    process and its event loop, and closes it in the end. Unless *namespaces* are declared, those of
    the memory's strategies are read at the start, by ``GetMemory``; where that fails, the app
    starts nevertheless, and logs why.

    Args:
        memory_id: Id or ARN of the memory, such as ``chat-a1B2c3D4e5``.
        region_name: AWS region; where it comes from if omitted, as for the manager.
        options: Further arguments of `AsyncMemorySessionManager`.

    Raises:
        InvalidInputError: An argument is invalid.
    """

    _advice: ClassVar[str] = "call memory.setup(app) before the app starts"

    def setup(self, app: web.Application) -> None:
        """
        Add the memory to *app*: as ``app[MEMORY]``, open while it runs, with answers to its errors.

        It appends `cleanup_ctx` and `middleware`; an app of special needs adds them itself.

        Args:
            app: The app, before it starts.
        """
        app[MEMORY] = self
        app.cleanup_ctx.append(self.cleanup_ctx)
        app.middlewares.append(self.middleware)

    async def cleanup_ctx(self, _: web.Application) -> AsyncIterator[None]:
        """Open a manager while the app runs, for ``app.cleanup_ctx``."""
        async with self._running():
            yield  # noqa: ASYNC119 - aiohttp itself resumes it when the app stops

    @web.middleware
    async def middleware(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """
        Answer errors of this package as ``{"detail": ...}``, without any content.

        - ``InvalidInputError``: 422 with its text; 500 without it where the app knows no
          namespaces, which the client can't mend.
        - ``ThrottledError``: 429 with ``Retry-After``.
        - What passes by itself, such as an outage, a timeout, a lost answer or a closed manager:
          503.

        The others are for whoever runs the app, such as a missing permission: aiohttp answers 500
        and logs them. An answer that has begun can't be another one: its connection is closed.

        Args:
            request: The request.
            handler: Handles it.
        """
        try:
            return await handler(request)
        except ANSWERED as error:
            if request.writer.output_size:
                raise
            answer = logged_answer(error)
            body = {"detail": answer.text}
            return web.json_response(body, status=answer.status, headers=answer.headers)

    async def check(self, _: web.Request) -> web.Response:
        """
        Return 200 if the memory answers within two seconds, else 503; it is a handler.

        ``app.router.add_get("/healthz", memory.check)``

        AWS operation: ``ListEvents`` with one result and no payloads.
        """
        if await self._is_answering():
            return web.json_response({"status": "ok"})
        return web.json_response({"detail": "the memory does not answer"}, status=503)


MEMORY = web.AppKey("agentcore_memory", AgentCoreMemory)
"""Key of the memory in its app."""
