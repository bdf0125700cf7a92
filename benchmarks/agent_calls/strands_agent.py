"""A Strands agent with a model that needs no network; each turn has a new one, as in a web app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from strands import Agent
from strands.models import Model

from benchmarks.agent_calls.counting import ANSWER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class StubModel(Model):
    """Answers at once."""

    async def stream(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        """Answer as Bedrock's Converse does."""
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockDelta": {"delta": {"text": ANSWER}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "end_turn"}}

    def structured_output(self, *_: Any, **__: Any) -> Any:
        """Do nothing: it is not asked for."""
        raise NotImplementedError

    def update_config(self, **_: Any) -> None:
        """Do nothing: there is no configuration."""

    def get_config(self) -> Any:
        """Return nothing: there is no configuration."""
        return {}


def new_agent(session_manager: Any) -> Agent:
    """Return an agent with a session manager."""
    return Agent(model=StubModel(), session_manager=session_manager, callback_handler=None)
