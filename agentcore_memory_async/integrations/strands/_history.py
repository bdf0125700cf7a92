"""The history of an agent, read from the events of its session, newest first."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any, cast

from attrs import define, field, frozen
from strands.types.session import SessionMessage, decode_bytes_values

from agentcore_memory_async.integrations.strands._records import (
    AGENT,
    MESSAGE,
    Reader,
    contents,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from strands.types.content import ContentBlock, Message

    from agentcore_memory_async.integrations.strands._converter import MessageConverter
    from agentcore_memory_async.models import Event

INTERRUPTED = "Tool was interrupted."
"""Result of a tool that was called when the conversation ended."""


@frozen
class History:
    """
    What is stored of an agent.

    Attributes:
        messages: Messages that the conversation manager had not removed, oldest first.
        state: State of the agent, as `SessionAgent` has it; None without one.
        next_index: Place of the next message in the conversation.
        places: Events of each message and its copies, by its key.
    """

    messages: tuple[Message, ...] = ()
    state: Mapping[str, Any] | None = None
    next_index: int = 0
    places: Mapping[str, Sequence[tuple[str, ...]]] = field(
        factory=dict[str, list[tuple[str, ...]]]
    )

    @property
    def exists(self) -> bool:
        """Whether anything is stored."""
        return self.state is not None or self.next_index > 0


@define
class HistoryReader:
    """Takes events, newest first, until it knows the history of one agent."""

    _agent_id: str
    _converter: MessageConverter
    _reader: Reader = field(factory=Reader)
    _messages: list[tuple[int, Message]] = field(factory=list[tuple[int, "Message"]])
    _places: dict[str, list[tuple[str, ...]]] = field(factory=dict[str, list[tuple[str, ...]]])
    _known: set[tuple[str, int]] = field(factory=set[tuple[str, int]])
    _state: Mapping[str, Any] | None = None
    is_complete: bool = False

    async def add(self, event: Event) -> None:
        """Take the next older event."""
        if self._reader.is_own(event):
            await self._add_own(event)
        else:
            self._add_official(event)
        # Older messages than those that are removed are not needed.
        removed = _removed(self._state)
        self.is_complete = bool(removed and self._messages) and self._messages[-1][0] <= removed

    def history(self) -> History:
        """Return what was found."""
        removed = _removed(self._state)
        return History(
            tuple(message for index, message in reversed(self._messages) if index >= removed),
            self._state,
            max((index + 1 for index, _ in self._messages), default=0),
            self._places,
        )

    async def _add_own(self, event: Event) -> None:
        for stored in reversed(await self._reader.read(event)):
            record = stored.record
            if record.owner != self._agent_id:
                continue
            # A redaction that was cut off has left both events; the newer one is right.
            if record.kind == AGENT and self._state is None:
                self._state = cast("Mapping[str, Any]", decode_bytes_values(record.data))
            elif record.kind == MESSAGE and (record.key, record.index) not in self._known:
                self._known.add((record.key, record.index))
                self._places.setdefault(record.key, []).append(stored.event_ids)
                self._messages.append((record.index, self._converter.to_message(record.data)))

    def _add_official(self, event: Event) -> None:
        """Take an event of the official SDK's session manager, which all agents share."""
        found = sorted(_official_messages(event), key=lambda each: each.message_id)
        self._messages += [(each.message_id, each.to_message()) for each in reversed(found)]
        if self._state is None and event.metadata.get("stateType") == "AGENT":
            states = [_loads(item) for item in contents(event)]
            own = [state for state in states if state.get("agent_id") == self._agent_id]
            self._state = cast("Mapping[str, Any]", decode_bytes_values(own[-1])) if own else None


def repaired(messages: Sequence[Message]) -> list[Message]:
    """
    Return messages that a model takes: each call of a tool is followed by its result.

    A turn that was cancelled may lack results; the result of a call that is not there goes. A call
    in the last message stays as it is, since its results may come.
    """
    whole: list[Message] = []
    for message in messages:
        calls = tool_calls(whole[-1]) if whole else []
        results = {
            block["toolResult"]["toolUseId"]: block
            for block in message["content"]
            if "toolResult" in block
        }
        if set(results) == set(calls):
            whole.append(message)
            continue
        others = [block for block in message["content"] if "toolResult" not in block]
        answers = [results.get(call) or missing_result(call) for call in calls]
        if answers and not results and others:
            made: Message = {"role": "user", "content": answers}
            made["tracking_id"] = secrets.token_hex(16)  # as every message of an agent has one
            whole.append(made)
            whole.append(message)
        elif answers or others:
            changed = message.copy()
            changed["content"] = [*answers, *others]
            whole.append(changed)
    return whole


def tool_calls(message: Message) -> list[str]:
    """Return the ids of the tools that a message calls."""
    return [block["toolUse"]["toolUseId"] for block in message["content"] if "toolUse" in block]


def missing_result(tool_use_id: str) -> ContentBlock:
    """Return the result of a tool whose own is missing."""
    return {
        "toolResult": {
            "toolUseId": tool_use_id,
            "status": "error",
            "content": [{"text": INTERRUPTED}],
        }
    }


def _removed(state: Mapping[str, Any] | None) -> int:
    """Return the number of messages that the conversation manager had removed."""
    manager: Mapping[str, Any] = (state or {}).get("conversation_manager_state") or {}
    return int(manager.get("removed_message_count", 0))


def _official_messages(event: Event) -> Iterator[SessionMessage]:
    """Yield the messages of an event that the official SDK's session manager stored."""
    texts: list[object] = [message.text for message in event.messages]
    for item in contents(event):
        pair = _parsed(item)
        if isinstance(pair, list) and len(cast("list[object]", pair)) == 2:  # [text, role]
            texts.append(cast("list[object]", pair)[0])
    for text in texts:
        fields = _loads(text)
        if isinstance(fields.get("message"), dict) and "message_id" in fields:
            yield SessionMessage.from_dict(fields)


def _loads(item: object) -> dict[str, Any]:
    """Return the fields of an item that is JSON of an object, or of none."""
    value = _parsed(item)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _parsed(item: object) -> object:
    if not isinstance(item, str):
        return item
    try:
        return cast("object", json.loads(item))
    except ValueError:
        return None
