"""Helpers of the tests of recorded turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from agentcore_memory_async import RecordedTurn
    from agentcore_memory_async.testing import FakeTransport


class Model:
    """
    A model that streams three words, a second each.

    Attributes:
        closed: Whether its stream was closed or read to its end.
    """

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.closed = False

    async def stream(self) -> AsyncGenerator[str]:
        """Stream the words."""
        try:
            for word in ("one ", "two ", "three"):
                await anyio.sleep(1)
                yield word
                if self.fails:
                    raise KeyError(word)
        finally:
            self.closed = True


def stored(transport: FakeTransport) -> list[tuple[list[str], bool]]:
    """Return the texts of each event with their roles' initials, and whether it was interrupted."""
    return [
        (
            [
                f"{item['conversational']['role'][0]}: {item['conversational']['content']['text']}"
                for item in request["payload"]
            ],
            request.get("metadata") == {"interrupted": {"stringValue": "true"}},
        )
        for request in transport.sent("CreateEvent")
    ]


async def read(turn: RecordedTurn) -> list[str]:
    """Read a turn to its end."""
    return [chunk async for chunk in turn]
