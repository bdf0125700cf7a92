"""An agent that calls models through litellm."""

from __future__ import annotations

import asyncio

import litellm

from tests.crowded.programs.crowd import converse, converse_blocking

ASKED = {"model": "openai/any", "messages": [{"role": "user", "content": "hi"}]}


async def main() -> None:
    """Call a model and the memory in turns."""
    print((await litellm.acompletion(**ASKED)).choices[0].message.content)
    await converse("async")
    await asyncio.to_thread(converse_blocking, "thread")


asyncio.run(main())
print(litellm.completion(**ASKED).choices[0].message.content)
converse_blocking("main")
