"""An agent that calls models and the memory from the same tasks and threads."""

from __future__ import annotations

import asyncio

import anthropic
import openai
from langchain_openai import ChatOpenAI

from tests.crowded.programs.crowd import converse, converse_blocking

ASKED = {"model": "any", "messages": [{"role": "user", "content": "hi"}]}


async def main() -> None:
    """Call a model and the memory in turns."""
    async with openai.AsyncOpenAI() as client, anthropic.AsyncAnthropic() as other:
        completion = await client.chat.completions.create(**ASKED)
        await converse("after-openai")
        message = await other.messages.create(max_tokens=9, **ASKED)
        await converse("after-anthropic")
        await client.chat.completions.create(**ASKED)
        print(completion.choices[0].message.content, message.content[0].text)
    print((await ChatOpenAI(model="any").ainvoke("hi")).content)
    await asyncio.to_thread(converse_blocking, "thread")


asyncio.run(main())
with openai.OpenAI() as blocking_client:
    print(blocking_client.chat.completions.create(**ASKED).choices[0].message.content)
    converse_blocking("main")
