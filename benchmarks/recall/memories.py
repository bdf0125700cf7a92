"""Conversations in an embedded local service: stored, extracted and searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from agentcore_memory_async import ConversationalMessage, MessageRole
from agentcore_memory_async.local import LocalMemoryService, ManualClock
from agentcore_memory_async.models import NewMemoryRecord
from agentcore_memory_async.policies import ServiceLimits
from benchmarks.recall.scoring import DEPTHS, Answer, Found

if TYPE_CHECKING:
    from agentcore_memory_async import AsyncMemorySessionManager
    from agentcore_memory_async.models import MemoryRecord
    from benchmarks.recall.conversations import Conversation, Turn

MEMORY = "recall-a1B2c3D4e5"
"""Memory id of what is extracted."""
RAW_MEMORY = "recall-f6G7h8J9k0"
"""Memory id of the turns as they are."""
RECORDS = "all records, both speakers"
"""Contestant: facts, preferences and summaries of both actors."""
RAW = "raw turns, both speakers"
"""Contestant: the text of each turn as a record."""
FACTS = "the user's evidence: facts alone"
"""Contestant: facts of the actor whose turns are the evidence."""
OWN_TURNS = "the user's evidence: the user's raw turns"
"""Contestant: the text of each turn of the user, as if all were kept."""

UNPACED = ServiceLimits(events_per_second=None, other_events_per_second=None)
"""Limits of a manager that writes as fast as it can."""

_FACTS, _SUMMARIES, _TURNS = "/facts/{}/", "/summaries/", "/turns/{}/"
"""Namespaces of an actor, and the beginning of all namespaces of summaries."""


@define
class Measured:
    """
    What the searches of conversations found, and which facts were made.

    Attributes:
        answers: Answers by their contestant.
        facts: Text of each fact and of its message, by whether the user said that.
        messages: Number of messages that users said; as many were said to them.
    """

    answers: dict[str, list[Answer]] = field(factory=dict[str, "list[Answer]"])
    facts: dict[bool, list[tuple[str, str]]] = field(factory=dict[bool, "list[tuple[str, str]]"])
    messages: int = 0


async def measure(conversation: Conversation, measured: Measured) -> None:
    """
    Store, extract and search a conversation, and add what came out to *measured*.

    Each speaker is an actor, who is the user of one session and the other one its assistant. Each
    turn is extracted before the next one comes, as in a live chat.
    """
    clock = ManualClock(conversation.turns[0].time)
    async with (
        LocalMemoryService(clock=clock, extraction_delay=0) as service,
        service.manager(MEMORY, limits=UNPACED) as extracted,
        service.manager(RAW_MEMORY, limits=UNPACED) as raw,
    ):
        for turn in conversation.turns:
            clock.advance_to(turn.time.timestamp())
            for actor in conversation.speakers:
                await say(extracted, actor, turn)
            await service.drain()
        await raw.batch_create_memory_records(
            [
                NewMemoryRecord(
                    namespace=_TURNS.format(turn.speaker), content=turn.text, timestamp=turn.time
                )
                for turn in conversation.turns
            ],
            raise_on_failure=True,
        )
        searches = (
            (RECORDS, extracted, "/", None),
            (RAW, raw, "/", None),
            *((FACTS, extracted, _FACTS.format(name), name) for name in conversation.speakers),
            *((OWN_TURNS, raw, _TURNS.format(name), name) for name in conversation.speakers),
        )
        for contestant, manager, path, speaker in searches:
            answers = await search(manager, path, conversation, speaker)
            measured.answers.setdefault(contestant, []).extend(answers)
        for actor in conversation.speakers:
            await add_facts(measured, extracted, actor, conversation)
    measured.messages += len(conversation.turns)


async def say(manager: AsyncMemorySessionManager, actor: str, turn: Turn) -> None:
    """Store a turn in a session of *actor*, who is its user."""
    role = MessageRole.USER if turn.speaker == actor else MessageRole.ASSISTANT
    session = await manager.create_memory_session(actor, turn.session)
    await session.add_turns([ConversationalMessage(turn.text, role)], timestamp=turn.time)


async def search(
    manager: AsyncMemorySessionManager, path: str, conversation: Conversation, speaker: str | None
) -> list[Answer]:
    """Return the answers to the questions whose evidence *speaker* said; None for anybody."""
    answers: list[Answer] = []
    for question in conversation.questions:
        evidence = tuple(t for t in question.evidence if speaker in {None, t.speaker})
        if evidence:
            records = await manager.search_long_term_memories(question.text, path, top_k=DEPTHS[-1])
            found = [read_record(record) for record in records]
            answers.append(Answer(question, evidence, found))
    return answers


async def add_facts(
    measured: Measured,
    manager: AsyncMemorySessionManager,
    actor: str,
    conversation: Conversation,
) -> None:
    """Add the facts of *actor*, each with its message."""
    by_time = {turn.time: turn for turn in conversation.turns}
    for record in await manager.list_long_term_memory_records(_FACTS.format(actor)):
        turn = by_time[read_record(record).time]
        facts = measured.facts.setdefault(turn.speaker == actor, [])
        facts.append((record.content, turn.text))


def read_record(record: MemoryRecord) -> Found:
    """Return what is judged of a record; one of several turns is told by its namespace."""
    assert record.timestamp is not None, "every record here is of a turn"
    session = None
    if record.namespace.startswith(_SUMMARIES):
        session = record.namespace.strip("/").rpartition("/")[2]
    return Found(record.content, record.timestamp, session)
