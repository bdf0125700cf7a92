"""
Requests to the extractor: one for each strategy of a session, or for parts of it.

A round reads the events that are new, those that are open, and a few before them. So it costs the
same in a session of any length.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from attrs import field, frozen

from agentcore_memory_async.local._api.members import as_object, child
from agentcore_memory_async.local._extraction.consolidation import Result
from agentcore_memory_async.local._storage.open_parts import OpenPart, open_parts
from agentcore_memory_async.local._storage.pending import PendingEvent, pending_events
from agentcore_memory_async.local._storage.source_events import (
    SourceEvent,
    find_source_events,
    source_events_before,
)
from agentcore_memory_async.local._storage.strategies import consistent_keys_of, kind_of
from agentcore_memory_async.local.extractor import ExtractionRequest, Message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agentcore_memory_async.local._database.store import Transaction
    from agentcore_memory_async.local._storage.memories import Memory
    from agentcore_memory_async.local._storage.sessions import SessionKey
    from agentcore_memory_async.local.extractor import Strategy


_EVENTS_AT_ONCE = 50
"""New events of a session that are extracted together; the rest is due at once."""
_BEFORE = 20
"""Events before the new ones, or before the open ones, that an extractor gets."""
_OPEN_MESSAGES = 100
"""Messages that stay open at most."""
_WHOLE_SESSION = frozenset({"SUMMARIZATION", "EPISODIC"})
"""Kinds that describe many messages together, so that some of these stay open."""
_TALK_ONLY = frozenset({"SEMANTIC", "USER_PREFERENCE"})
"""Kinds that read no results of tools."""


@frozen
class StrategyWork:
    """
    What one strategy reads of a session.

    Attributes:
        key: The session.
        strategy: The strategy.
        kind: Kind of its records.
        new: New events, oldest first.
        part: Its open part.
        open: Events of the open part, oldest first.
        before: Events before all of these that it may read, oldest first.
    """

    key: SessionKey
    strategy: Strategy
    kind: str
    new: list[SourceEvent]
    part: OpenPart
    open: list[SourceEvent]
    before: list[SourceEvent]

    def requests(self) -> list[Result]:
        """
        Return the requests, each in a result that is still empty.

        Events with different values of the STRICTLY_CONSISTENT keys go into separate requests,
        except for summaries, whose strategies have no such keys.
        """
        keys = () if self.kind == "SUMMARIZATION" else consistent_keys_of(self.strategy)
        parts: dict[tuple[str | None, ...], list[SourceEvent]] = {}
        for event in self.new:
            parts.setdefault(_values(event, keys), []).append(event)
        results = (self._request(new, keys, values) for values, new in parts.items())
        return [result for result in results if result is not None]

    def _request(
        self, new: list[SourceEvent], keys: tuple[str, ...], values: tuple[str | None, ...]
    ) -> Result | None:
        """Return the request for new events that belong together; None if they have no message."""
        first_id = new[0].event_id
        there = [event for event in self.open if _values(event, keys) == values]
        # A new event may be older than open ones, which the extractor then gets after it.
        since = sorted(
            [*new, *(event for event in there if event.event_id > first_id)],
            key=lambda event: event.event_id,
        )
        messages = self._messages(since)
        if not messages:
            return None
        earlier = self._messages(event for event in there if event.event_id < first_id)
        before = _messages(self.kind, (e for e in self.before if _values(e, keys) == values))
        if self.kind in _WHOLE_SESSION:
            before += self._settled_messages(there)
        request = ExtractionRequest(
            self.kind,
            self.strategy,
            *self.key,
            messages=messages,
            history=earlier if self.kind in _WHOLE_SESSION else before,
            context=before[-_BEFORE:] if self.kind in _WHOLE_SESSION else (),
        )
        return Result(
            request=request,
            event_ids=[event.event_id for event in new],
            variables=new[-1].variables,
            partition={
                key: {"stringValue": value}
                for key, value in zip(keys, values, strict=True)
                if value is not None
            },
            consistent_keys=keys,
        )

    def part_after(self, results: Iterable[Result], record_ids: tuple[str, ...]) -> OpenPart:
        """
        Return the open part after a round.

        It has a limit. Beyond that, the records that describe it are final and a new part begins;
        without such records, its oldest messages are settled. A new part begins after ingested
        content, too, which is not kept to be read again.

        Args:
            results: Results of the strategy.
            record_ids: Records that describe what is open now.
        """
        if self.kind not in _WHOLE_SESSION or any(event.is_ingested for event in self.new):
            return OpenPart()
        succeeded = [result for result in results if result.failure is None]
        read = {
            item.event_id
            for result in succeeded
            for item in (*result.request.history, *result.request.messages)
        }
        left = self._messages(event for event in self.open if event.event_id not in read)
        still = (item for result in succeeded for item in result.open_messages())
        places = sorted((item.event_id, item.index) for item in (*left, *still))
        if len(places) > _OPEN_MESSAGES and record_ids:
            return OpenPart()
        return OpenPart(dict(reversed(places[-_OPEN_MESSAGES:])), record_ids)

    def _messages(self, events: Iterable[SourceEvent]) -> tuple[Message, ...]:
        """Return the messages of events, without those that are settled."""
        first = self.part.messages
        found = _messages(self.kind, events)
        return tuple(item for item in found if item.index >= first.get(item.event_id, 0))

    def _settled_messages(self, events: Iterable[SourceEvent]) -> tuple[Message, ...]:
        """Return the settled messages of open events."""
        first = self.part.messages
        found = _messages(self.kind, events)
        return tuple(item for item in found if item.index < first.get(item.event_id, 0))


@frozen
class SessionWork:
    """
    One session that has events to extract.

    Attributes:
        key: The session.
        pending: Events that are due.
        strategies: What each strategy reads.
    """

    key: SessionKey
    pending: tuple[PendingEvent, ...]
    strategies: list[StrategyWork] = field(factory=list[StrategyWork])

    @property
    def event_ids(self) -> set[str]:
        """Ids of the events that are due."""
        return {event.event_id for event in self.pending}


def read_work(
    transaction: Transaction, key: SessionKey, memory: Memory | None, until_ms: int
) -> SessionWork:
    """Return what a session has to extract that is due by *until_ms*, or the first of it."""
    pending = pending_events(transaction, key, until_ms, _EVENTS_AT_ONCE)
    work = SessionWork(key, pending)
    if memory is None or not pending:
        return work
    events = find_source_events(transaction, key, work.event_ids)
    parts = open_parts(transaction, key)
    for strategy in memory.strategies:
        strategy_id, kind = strategy.strategy_id, kind_of(strategy)
        new_ids = {item.event_id for item in pending if strategy_id in item.strategy_ids}
        new = [event for event in events if event.event_id in new_ids]
        if kind is None or not new:
            continue
        part = parts.get(strategy_id, OpenPart())
        # What failed before and is started again may be open since.
        open_ids = part.messages.keys() - new_ids
        opened = find_source_events(transaction, key, open_ids) if open_ids else []
        first_id = min(event.event_id for event in (*new, *opened))
        before = source_events_before(transaction, key, first_id, _BEFORE)
        before = [event for event in before if event.is_for(strategy_id)]
        work.strategies.append(StrategyWork(key, strategy, kind, new, part, opened, before))
    return work


def _values(event: SourceEvent, keys: tuple[str, ...]) -> tuple[str | None, ...]:
    """Return an event's values of the STRICTLY_CONSISTENT keys."""
    return tuple(child(event.metadata, key).get("stringValue") for key in keys)


def _messages(kind: str, events: Iterable[SourceEvent]) -> tuple[Message, ...]:
    """Return the messages that a strategy of *kind* reads."""
    messages = (message for event in events for message in _messages_of(event))
    if kind not in _TALK_ONLY:
        return tuple(messages)
    return tuple(item for item in messages if item.role in {"USER", "ASSISTANT", "JSON"})


def _messages_of(event: SourceEvent) -> list[Message]:
    found: list[Message] = []
    for index, item in enumerate(event.payload):
        talk = as_object(item.get("conversational"))
        if talk:
            role, text = talk["role"], talk["content"]["text"]
        elif "json" in item:
            content = as_object(item["json"]).get("content")
            role, text = "JSON", json.dumps(content, ensure_ascii=False)
        else:  # a blob: no strategy reads it
            continue
        found.append(Message(role, text, event.event_ms, event.event_id, index))
    return found
