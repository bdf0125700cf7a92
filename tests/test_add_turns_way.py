"""The modules that a call of ``add_turns`` passes are those that docs/design.md lists."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from aiobotocore.session import AioSession

import agentcore_memory_async
from agentcore_memory_async import (
    AsyncMemorySessionManager,
    ConversationalMessage,
    MessageRole,
)
from agentcore_memory_async.local import LocalMemoryService

PACKAGE = Path(agentcore_memory_async.__file__).parent
DESIGN = Path(__file__).parent.parent / "docs" / "design.md"
LIST = "The modules on the way of `add_turns` to the wire:"


def modules_on_the_stack() -> list[str]:
    """Return the files of the package on the call stack, outermost first, each once."""
    found: list[str] = []
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(PACKAGE):
            found.append(path.relative_to(PACKAGE).as_posix())
    return list(dict.fromkeys(reversed(found)))


def documented_modules() -> list[str]:
    """Return the files of the list in the design document."""
    lines = DESIGN.read_text().splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith(LIST)]
    assert len(starts) == 1, f"docs/design.md has {len(starts)} lines that begin with {LIST!r}"
    paragraph = "\n".join(lines[starts[0] :]).partition("\n\n")[0]
    return re.findall(r"`([\w/]+\.py)`", paragraph)


async def trace_add_turns() -> list[str]:
    """Return the modules on the stack when botocore sends the request of ``add_turns``."""
    traces: list[list[str]] = []
    aws_session = AioSession()
    aws_session.set_credentials("local", "local")
    # Awaited coroutines resume inside each other, so a hook of botocore finds all on its stack.
    aws_session.register(
        "before-send.bedrock-agentcore.CreateEvent",
        lambda **_: traces.append(modules_on_the_stack()),
    )
    async with (
        LocalMemoryService() as service,
        AsyncMemorySessionManager(
            "chat-a1B2c3D4e5",
            "us-west-2",
            aws_session=aws_session,
            endpoint_url=service.endpoint_url,
        ) as manager,
    ):
        session = await manager.create_memory_session("anna", "chat001", verify=False)
        await session.add_turns([ConversationalMessage("I fly window", MessageRole.USER)])
    [trace] = traces
    return trace


async def test_add_turns_passes_the_documented_modules() -> None:
    """A request of ``add_turns`` passes the modules of the list in docs/design.md, in its order."""
    assert await trace_add_turns() == documented_modules()
