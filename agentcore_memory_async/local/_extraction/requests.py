"""Requests to the extractor: one for each strategy and session, or for parts of a session."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from attrs import define

from agentcore_memory_async.local._api.members import as_object, child
from agentcore_memory_async.local._extraction.consolidation import Result
from agentcore_memory_async.local._storage.strategies import consistent_keys_of, kind_of
from agentcore_memory_async.local.extractor import ExtractionRequest, Message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agentcore_memory_async.local._storage.memories import Memory
    from agentcore_memory_async.local._storage.pending import PendingEvent
    from agentcore_memory_async.local._storage.sessions import SessionKey, SourceEvent
    from agentcore_memory_async.local.extractor import Strategy


_HISTORY = 200
"""Messages before the new ones that an extractor gets."""
_WHOLE_SESSION = frozenset({"SUMMARIZATION", "EPISODIC"})
"""Kinds that describe a session as a whole, so that their extractor gets all of it."""
_TALK_ONLY = frozenset({"SEMANTIC", "USER_PREFERENCE"})
"""Kinds that read no results of tools."""


@define
class SessionWork:
    """
    One session that has events to extract.

    Attributes:
        key: The session.
        memory: Its memory; None where that was deleted since.
        pending: Events that are due.
        events: All events of the session, oldest first.
    """

    key: SessionKey
    memory: Memory | None
    pending: tuple[PendingEvent, ...]
    events: tuple[SourceEvent, ...] = ()

    def requests(self) -> list[Result]:
        """Return the requests of all strategies, each in a result that is still empty."""
        strategies = self.memory.strategies if self.memory is not None else ()
        return [result for strategy in strategies for result in self._requests_of(strategy)]

    def _requests_of(self, strategy: Strategy) -> list[Result]:
        """
        Return the requests of one strategy.

        Events with different values of the STRICTLY_CONSISTENT keys go into separate requests,
        except for summaries, whose strategies have no such keys.
        """
        kind, strategy_id = kind_of(strategy), strategy.strategy_id
        new_ids = {item.event_id for item in self.pending if strategy_id in item.strategy_ids}
        if kind is None or not new_ids:
            return []
        keys = () if kind == "SUMMARIZATION" else consistent_keys_of(strategy)
        parts: dict[tuple[str | None, ...], list[SourceEvent]] = {}
        for event in self.events:
            if event.is_for(strategy_id) or event.event_id in new_ids:
                values = tuple(child(event.metadata, key).get("stringValue") for key in keys)
                parts.setdefault(values, []).append(event)
        results = (
            self._request(strategy, kind, events, new_ids, dict(zip(keys, values, strict=True)))
            for values, events in parts.items()
        )
        return [result for result in results if result is not None]

    def _request(
        self,
        strategy: Strategy,
        kind: str,
        events: list[SourceEvent],
        new_ids: set[str],
        values: dict[str, str | None],
    ) -> Result | None:
        """Return the request for events that belong together; None if none of them is new."""
        new = [event for event in events if event.event_id in new_ids]
        if not new:
            return None
        first_id = new[0].event_id
        # A late event may be older than others that were extracted. Kinds that describe
        # the whole session then need those again, too, in order.
        since = [event for event in events if event.event_id >= first_id]
        messages = _messages(kind, since if kind in _WHOLE_SESSION else new)
        if not messages:
            return None
        history = _messages(kind, (event for event in events if event.event_id < first_id))
        request = ExtractionRequest(
            kind,
            strategy,
            *self.key,
            messages=messages,
            history=history if kind in _WHOLE_SESSION else history[-_HISTORY:],
        )
        return Result(
            request=request,
            event_ids=[event.event_id for event in new],
            variables=new[-1].variables,
            partition={
                key: {"stringValue": value} for key, value in values.items() if value is not None
            },
            consistent_keys=tuple(values),
        )


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
