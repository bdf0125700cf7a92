"""
A worker in a container that stores what is under way before it stops.

    docker run --init --rm -e MEMORY_ID=chat-a1B2c3D4e5 your-worker
"""

import os
import signal
from collections.abc import AsyncIterator

import anyio

from agentcore_memory_async import AsyncMemorySessionManager


async def messages() -> AsyncIterator[tuple[str, str, str]]:
    """Yield actor, session and text of each message; your queue stands here."""
    yield "anna", "chat001", "I live in Turin."
    await anyio.sleep_forever()


async def ask_model(text: str) -> AsyncIterator[str]:
    """Yield an answer; your model stands here."""
    yield f"You said: {text}"


async def work(manager: AsyncMemorySessionManager) -> None:
    async for actor_id, session_id, text in messages():
        session = await manager.create_memory_session(actor_id, session_id, verify=False)
        async for chunk in session.record_turn(text, ask_model(text)):
            print(chunk, flush=True)


async def main() -> None:
    """Work until the container is stopped; closing the manager waits for its writes."""
    async with (
        AsyncMemorySessionManager(os.environ["MEMORY_ID"], close_timeout=8) as manager,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(work, manager)
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            await anext(aiter(signals))
        tasks.cancel_scope.cancel()


if __name__ == "__main__":
    anyio.run(main)
