"""The draw: which dialogues, and which of the facts that an extractor makes of them."""

from __future__ import annotations

import json
import random
import tomllib
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agentcore_memory_async import ConversationalMessage, MessageRole
from agentcore_memory_async.local import LocalMemoryService, ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SEED = 20261128
"""Seed of the draw of dialogues."""
DIALOGUES = 60
"""Number of dialogues that are drawn, and that have labels."""
FACTS = 80
"""Number of facts that are judged."""
MEMORY = "learning-a1B2c3D4e5"
"""Memory id that the dialogues are written to."""
FOLDER = Path(__file__).parent
"""Folder of this question."""

Turns = list[tuple[str, str]]
"""Role and text of each message of a dialogue."""


@frozen
class Fact:
    """A fact that was made of a dialogue; *number* counts those of the dialogue from 1."""

    dialogue: str
    number: int
    text: str

    @property
    def key(self) -> str:
        """Dialogue, number and digest of the text, which show nothing of the text."""
        return f"{self.dialogue}/{self.number}/{sha256(self.text.encode()).hexdigest()[:8]}"


def read_dialogues(path: Path) -> dict[str, Turns]:
    """Return the dialogues of the file *path* by their ids."""
    with path.open(encoding="utf-8") as lines:
        dialogues: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return {given["id"]: [(role, text) for role, text in given["turns"]] for given in dialogues}


def read_labels() -> dict[str, dict[str, list[dict[str, str]]]]:
    """Return the labels by the ids of the dialogues, in the order of the draw."""
    given = tomllib.loads((FOLDER / "labels.toml").read_text(encoding="utf-8"))
    return {one["id"]: {"good": one["good"], "bad": one["bad"]} for one in given["dialogues"]}


def draw(ids: Iterable[str], count: int = DIALOGUES) -> list[str]:
    """Return *count* of the *ids*, the same whatever order they come in."""
    return random.Random(SEED).sample(sorted(ids), count)


def numbered(dialogue: str, texts: Iterable[str]) -> list[Fact]:
    """Return the facts of a dialogue in the order of their texts."""
    return [Fact(dialogue, number, text) for number, text in enumerate(sorted(texts), 1)]


async def learn(dialogues: Mapping[str, Turns], wanted: int = FACTS) -> list[Fact]:
    """
    Return the first *wanted* facts that the built-in extractor makes of *dialogues*.

    Each exchange is extracted before the next one comes, as in a live chat.
    """
    facts: list[Fact] = []
    async with (
        LocalMemoryService(clock=ManualClock()) as service,
        service.manager(MEMORY) as manager,
    ):
        for name, turns in dialogues.items():
            session = await manager.create_memory_session(name, name)
            for exchange in exchanges(turns):
                await session.add_turns(
                    [ConversationalMessage(text, MessageRole(role)) for role, text in exchange]
                )
                await service.drain()
            records = await session.list_long_term_memory_records("/facts/{actorId}/")
            facts += numbered(name, (record.content for record in records))
            if len(facts) >= wanted:
                break
    return facts[:wanted]


def exchanges(turns: Sequence[tuple[str, str]]) -> list[Turns]:
    """Return *turns* in parts that each begin with a message of the user."""
    parts: list[Turns] = []
    for role, text in turns:
        if role == "USER" or not parts:
            parts.append([])
        parts[-1].append((role, text))
    return parts
