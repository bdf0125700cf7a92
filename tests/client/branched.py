"""
Conversations with branches: random ones, a simple model of them, and a service that lists them.

The model knows nothing of the client: it is a list of events, and rules of a line each.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import EPOCH_S
from tests.client.doubles import MEMORY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from agentcore_memory_async import AsyncMemorySession, ConversationBranch, Event, Turn

MAIN = "main"
START_MS = round(EPOCH_S * 1000)
ROLES = ("USER", "ASSISTANT", "TOOL", "OTHER")
Said = tuple[str, str]
"""Role and text of a message."""


@frozen
class Stored:
    """
    An event of the model.

    Attributes:
        event_id: Event id.
        at_ms: Its time.
        branch: Name of its branch.
        said: Its messages.
    """

    event_id: str
    at_ms: int
    branch: str
    said: tuple[Said, ...]

    @property
    def key(self) -> tuple[int, str]:
        """Place among the events of a branch."""
        return self.at_ms, self.event_id


@frozen
class History:
    """
    A conversation.

    Attributes:
        events: Events in the order in which they were stored.
        roots: Roots of the branches by name; the main branch has none.
    """

    events: list[Stored] = field(factory=list[Stored])
    roots: dict[str, Stored] = field(factory=dict[str, Stored])

    @property
    def branches(self) -> list[str]:
        """Names of the branches, the main one first."""
        return [MAIN, *self.roots]

    def own(self, branch: str) -> list[Stored]:
        """Return the events of a branch, oldest first."""
        return sorted((each for each in self.events if each.branch == branch), key=_key)

    def conversation(self, branch: str) -> list[Stored]:
        """Return the events of a branch after those that it forks from, up to the fork."""
        above: list[Stored] = []
        if branch != MAIN:
            root = self.roots[branch]
            above = self.conversation(root.branch)
            above = above[: above.index(root) + 1]
        return above + self.own(branch)

    def read(self, branch: str, *, parents: bool) -> list[Stored]:
        """Return the events of a branch, with those above it or without."""
        return self.conversation(branch) if parents else self.own(branch)


def _key(event: Stored) -> tuple[int, str]:
    return event.key


def spoken(events: Sequence[Stored]) -> list[Said]:
    """Return the messages of *events*."""
    return [said for event in events for said in event.said]


def as_said(turns: Sequence[Turn]) -> list[Said]:
    """Return turns as the model has them."""
    return [(turn.role.value, turn.text) for turn in turns]


def grouped(said: Sequence[Said]) -> list[list[Said]]:
    """Return messages as exchanges: cut before each of the user."""
    starts = [at for at, (role, _) in enumerate(said) if role == "USER"]
    cuts = sorted({0, *starts, len(said)})
    return [list(said[cut:end]) for cut, end in pairwise(cuts)]


def random_history(chance: Random, most: int = 25) -> History:
    """
    Return a conversation of up to *most* events, with branches of branches and equal times.

    Their times are in any order: clocks differ, so a branch may be before what it forks from.
    """
    history, spread = History(), chance.choice((4, 40))
    for number in range(chance.randint(0, most)):
        branch = chance.choice(history.branches)
        if history.events and chance.random() < 0.25:
            branch = f"b{number}"
            history.roots[branch] = chance.choice(history.events)
        at_ms = START_MS + chance.randint(0, spread)
        said = tuple(
            (chance.choice(ROLES), f"{number}.{index}") for index in range(chance.randint(0, 3))
        )
        event_id = f"{at_ms:019d}#{chance.getrandbits(20):05x}{number:03x}"
        history.events.append(Stored(event_id, at_ms, branch, said))
    return history


def wire(history: History, event: Stored, session_id: str, *, with_payload: bool) -> dict[str, Any]:
    """Return an event as the service shows it."""
    root = history.roots.get(event.branch)
    payload = [
        {"conversational": {"role": role, "content": {"text": text}}} for role, text in event.said
    ] or [{"json": {"content": {"step": 1}}}]
    return {
        "memoryId": MEMORY,
        "actorId": "a",
        "sessionId": session_id,
        "eventId": event.event_id,
        "eventTimestamp": event.at_ms / 1000,
        "branch": {"name": event.branch} | ({"rootEventId": root.event_id} if root else {}),
        **({"payload": payload} if with_payload else {}),
    }


class BranchedService(FakeTransport):
    """
    Lists conversations newest first, in small pages, some of them empty, ties in random order.

    Attributes:
        histories: Conversations by session id.
    """

    def __init__(self, chance: Random) -> None:
        super().__init__()
        self.histories: dict[str, History] = {}
        self._chance = chance
        self._listed: dict[str, list[dict[str, Any]]] = {}

    def _default(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any] | Exception:
        if operation != "ListEvents":
            return super()._default(operation, params)
        token = params.get("nextToken") or self._begin(params)
        left = self._listed[token]
        size = self._chance.randint(0, min(params["maxResults"], 7))
        page, left = left[:size], left[size:]
        following = f"t{len(self._listed)}"
        self._listed[following] = left
        return {"events": page} | ({"nextToken": following} if left else {})

    def _begin(self, params: Mapping[str, Any]) -> str:
        history = self.histories[params["sessionId"]]
        asked = params.get("filter", {}).get("branch")
        events = history.events
        if asked:
            events = history.read(asked["name"], parents=asked["includeParentBranches"])
        listed = sorted(events, key=lambda each: (each.at_ms, self._chance.random()), reverse=True)
        token = f"t{len(self._listed)}"
        self._listed[token] = [
            wire(history, each, params["sessionId"], with_payload=params["includePayloads"])
            for each in listed
        ]
        return token


def ids(events: Sequence[Event | Stored]) -> list[str]:
    """Return the ids of events."""
    return [event.event_id for event in events]


async def check_reading(session: AsyncMemorySession, history: History, chance: Random) -> None:
    """Check each way to read the conversation against the model."""
    branch, k = chance.choice(history.branches), chance.randint(1, 12)
    parents = chance.random() < 0.7
    expected = history.read(branch, parents=parents)
    options: dict[str, Any] = {"branch": branch, "include_parent_branches": parents}
    said = spoken(expected)

    turns = await session.get_last_k_turns(k, **options)
    assert said[-k:] == as_said(turns)
    exchanges = await session.get_last_k_exchanges(k, **options)
    assert grouped(said)[-k:] == [as_said(exchange.turns) for exchange in exchanges]
    size = chance.randint(1, 100)
    events = await session.list_events(page_size=size, **options)
    assert sorted(ids(expected)) == sorted(ids(events))
    times = [event.timestamp for event in events]
    assert sorted(times, reverse=True) == times


async def check_branches(session: AsyncMemorySession, history: History) -> None:
    """Check the list of branches, and the tree, against the model."""
    summaries = await session.list_branches()
    named = [name for name in history.branches if history.own(name)]
    assert {
        name: (
            history.roots[name].event_id if name in history.roots else None,
            history.own(name)[0].event_id,
            len(history.own(name)),
            history.own(name)[0].at_ms,
        )
        for name in named
    } == {
        each.name: (
            each.root_event_id,
            each.first_event_id,
            each.event_count,
            round(each.created.timestamp() * 1000),
        )
        for each in summaries
    }
    firsts = sorted((history.own(name)[0].key, name) for name in named if name != MAIN)
    others = [each.name for each in summaries if each.name != MAIN]
    assert [name for _, name in firsts] == others
    assert [MAIN] * (MAIN in named) == [each.name for each in summaries][: len(named) - len(others)]

    tree = await session.get_conversation_tree()
    assert () == tree.orphans
    found = walk(tree.main)
    assert sorted(each.name for each in found) == sorted({MAIN, *named})
    for each in found:
        assert ids(history.own(each.name)) == ids(each.events)
        assert {
            root.event_id: [name for _, name in firsts if history.roots[name] == root]
            for root in history.own(each.name)
            if root in history.roots.values()
        } == {event_id: [fork.name for fork in forks] for event_id, forks in each.forks.items()}


def walk(branch: ConversationBranch) -> list[ConversationBranch]:
    """Return a branch and all below it."""
    below = [each for forks in branch.forks.values() for fork in forks for each in walk(fork)]
    return [branch, *below]
