"""The branches of a session, and its conversation as a tree of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from agentcore_memory_async._models.base import Model, size
from agentcore_memory_async._models.events import Event


@frozen
class BranchSummary(Model):
    """
    A branch of a session that has events.

    Attributes:
        name: Name; that of the main branch is ``main``.
        root_event_id: Event that it forks from; None for the main branch, and where the service
            names none.
        first_event_id: Its first event: the one with the earliest time.
        event_count: Number of its events, those of other branches not among them.
        created: Time of its first event, UTC.
    """

    name: str
    root_event_id: str | None
    first_event_id: str
    event_count: int
    created: datetime


@frozen
class ConversationBranch(Model):
    """
    A branch of a conversation, with those that fork from it.

    Attributes:
        name: Name; that of the main branch is ``main``.
        root_event_id: Event that it forks from; None for the main branch, and where the service
            names none.
        events: Its events, oldest first.
        forks: Branches that fork from its events, by the id of the event: the events in order, and
            of the branches of one event the oldest first. An event without any is no key.
    """

    name: str
    root_event_id: str | None
    events: tuple[Event, ...] = field(repr=size)
    forks: Mapping[str, tuple[ConversationBranch, ...]] = field(repr=size, hash=False)


@frozen
class ConversationTree(Model):
    """
    The whole conversation of a session; each event is in it once.

    Attributes:
        actor_id: Actor id.
        session_id: Session id.
        main: The main branch, with all that fork from it; it may have no events.
        orphans: Branches whose root is no event of the session any more, or is not named, oldest
            first; with the branches that fork from them.
    """

    actor_id: str
    session_id: str
    main: ConversationBranch
    orphans: tuple[ConversationBranch, ...]
