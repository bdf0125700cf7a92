"""LangGraph, with AWS's checkpointer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from langgraph_checkpoint_aws import AgentCoreMemorySaver

from benchmarks.agent_calls.counting import counted
from benchmarks.agent_calls.langgraph_graph import compiled, run
from benchmarks.common.canned import MEMORY
from benchmarks.common.contestant import obey


@asynccontextmanager
async def opened_turns(_: str) -> AsyncIterator[Any]:
    """Yield what takes a turn."""
    yield partial(run, compiled(AgentCoreMemorySaver(MEMORY, region_name="us-west-2")))


if __name__ == "__main__":
    obey(counted(opened_turns))
