"""An agent of Strands whose tools use the memory."""

from __future__ import annotations

from typing import Any

from strands import Agent, tool
from strands.models import Model

from tests.crowded.programs.crowd import converse, converse_blocking


class Caller(Model):
    """A model that calls a tool once, and then ends."""

    def update_config(self, **model_config: Any) -> None:
        """Ignore all settings."""

    def get_config(self) -> dict[str, Any]:
        """Return no settings."""
        return {}

    async def structured_output(self, *args: Any, **kwargs: Any) -> Any:
        """Raise, since structured output is not used."""
        raise NotImplementedError

    async def stream(self, messages: Any, tool_specs: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Yield the answer in one piece."""
        called = any("toolResult" in block for block in messages[-1]["content"])
        yield {"messageStart": {"role": "assistant"}}
        if called:
            yield {"contentBlockStart": {"start": {}}}
            yield {"contentBlockDelta": {"delta": {"text": "done"}}}
        else:
            use = {"toolUseId": "call-1", "name": tool_specs[0]["name"]}
            yield {"contentBlockStart": {"start": {"toolUse": use}}}
            yield {"contentBlockDelta": {"delta": {"toolUse": {"input": "{}"}}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "end_turn" if called else "tool_use"}}


@tool
def remember_blocking() -> str:
    """Converse with the sync API."""
    converse_blocking("sync")
    return "stored"


@tool
async def remember() -> str:
    """Converse with the async API."""
    await converse("async")
    return "stored"


for each in (remember_blocking, remember):
    print(Agent(model=Caller(), tools=[each], callback_handler=None)("hi"), end="")
