"""An agent of the OpenAI Agents SDK whose tools use the memory."""

from __future__ import annotations

import asyncio

from agents import Agent, Runner, function_tool, set_default_openai_api, set_tracing_disabled

from tests.crowded.programs.crowd import converse, converse_blocking


@function_tool
def remember_blocking() -> str:
    """Converse with the sync API."""
    converse_blocking("sync")
    return "stored"


@function_tool
async def remember() -> str:
    """Converse with the async API."""
    await converse("async")
    return "stored"


async def main() -> None:
    """Run an agent with each tool, in one loop: its http client belongs to that."""
    agent = Agent(name="agent", model="any", tools=[remember])
    print((await Runner.run(agent, "hi")).final_output)
    print((await Runner.run(agent.clone(tools=[remember_blocking]), "hi")).final_output)


set_default_openai_api("chat_completions")
set_tracing_disabled(True)
asyncio.run(main())
