"""
The part that one agent has in a session: what is stored of it, and what is yet to be written.

Messages wait in ``_pending`` until an event has them: a write that fails leaves them there, in
their order, and one of which something is stored, or may be, is finished before anything else is
written. What awaits runs in the manager's own loop only.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from contextlib import aclosing
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field
from strands.types.session import encode_bytes_values

from agentcore_memory_async.errors import InvalidInputError, OutcomeUnknownError
from agentcore_memory_async.integrations.strands._history import History, HistoryReader
from agentcore_memory_async.integrations.strands._records import (
    AGENT,
    MESSAGE,
    Record,
    to_events,
    to_messages,
)
from agentcore_memory_async.integrations.strands._rewriting import add_event, rewrite

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from strands.types.content import Message

    from agentcore_memory_async import AsyncMemorySession
    from agentcore_memory_async.integrations._documents import Payload
    from agentcore_memory_async.integrations.strands._converter import MessageConverter


@define
class _Pending:
    """A record that is yet to be written, with the text beside it; without a place until then."""

    record: Record
    metadata: Mapping[str, str]
    role: str = ""
    text: str = ""
    is_placed: bool = False


@define
class _Begun:
    """A write of the first pending records that is under way, or was cut off; it goes on then."""

    count: int
    metadata: Mapping[str, str]
    left: list[list[Payload]] = field(factory=list["list[Payload]"])
    doubt: OutcomeUnknownError | None = None
    event_ids: list[str] = field(factory=list[str])


class Conversation:
    """
    One agent's messages and state in a session.

    Args:
        session: Session of the memory.
        agent_id: Id of the agent, which no other agent of the session has.
        converter: What is stored of a message.
        initial: Messages that the agent was made with; they are stored if nothing is.
        is_read_only: Whether nothing is written.
    """

    def __init__(
        self,
        session: AsyncMemorySession,
        agent_id: str,
        converter: MessageConverter,
        initial: Sequence[Message],
        *,
        is_read_only: bool,
    ) -> None:
        self._session = session
        self._agent_id = agent_id
        self._converter = converter
        self._is_read_only = is_read_only
        self._history: History | None = None
        self._next_index = 0
        self._state = ""
        self._pending: list[_Pending] = []
        self._begun: _Begun | None = None
        self._latest_key = ""
        self._places: dict[str, list[tuple[str, ...]]] = {}
        self._redactions: dict[str, Message] = {}
        self._lock = asyncio.Lock()
        self.metadata: Mapping[str, str] = {}
        for message in initial:
            self.append(message)
        self._initial = len(self._pending)

    @property
    def size(self) -> int:
        """Number of messages that are yet to be written."""
        return len(self._pending)

    def append(self, message: Message) -> None:
        """
        Take a message, as it is now, to be written.

        Raises:
            InvalidInputError: It is no JSON.
        """
        if self._is_read_only:
            return
        key = message.get("tracking_id") or secrets.token_hex(16)
        self._pending.append(self._convert(message, key))
        self._latest_key = key

    def redact(self, message: Message) -> None:
        """Replace the newest message, and any earlier copy of it, also where it is stored."""
        keys = {self._latest_key, message.get("tracking_id") or ""} - {""}
        begun = self._begun.count if self._begun else 0
        for at, pending in enumerate(self._pending):
            key = pending.record.key
            if key in keys:
                redacted = self._convert(message, key).record
                pending.record = evolve(redacted, index=pending.record.index)
                pending.text = self._converter.to_text(message)
                if at < begun:
                    self._redactions[key] = message
        self._redactions |= {key: message for key in keys if key in self._places}

    async def load(self) -> History:
        """Return the history; it is read once."""
        async with self._lock:
            return await self._load()

    async def flush(self, state: str, held: Collection[str]) -> None:
        """
        Write what is pending, and the state if it has changed.

        Args:
            state: JSON of the agent's state.
            held: Keys of the messages that the agent has, which may be redacted yet.
        """
        if self._is_read_only:
            return
        async with self._lock:
            await self._load()
            await self._finish()
            # Before anything else is written, so that the message keeps its place.
            for key, message in list(self._redactions.items()):
                await self._rewrite(key, message)
            if state != self._state:
                record = Record(AGENT, self._agent_id, json.loads(state))
                self._pending.append(_Pending(record, self.metadata))
                self._state = state
            while self._pending:
                await self._write_next()
            kept = {*held, self._latest_key}
            self._places = {key: found for key, found in self._places.items() if key in kept}

    def _convert(self, message: Message, key: str) -> _Pending:
        data = self._converter.to_data(message)
        try:
            json.dumps(data)
        except (TypeError, ValueError, RecursionError) as error:
            what = (
                f"a message of the agent can't be stored, since it is no JSON "
                f"({type(error).__name__}); return JSON from the tool, or give a converter whose "
                "to_data() does"
            )
            raise InvalidInputError(what) from None
        record = Record(MESSAGE, self._agent_id, data, key=key)
        text = self._converter.to_text(message)
        return _Pending(record, self.metadata, message["role"], text)

    async def _load(self) -> History:
        if self._history is not None:
            return self._history
        reader = HistoryReader(self._agent_id, self._converter)
        async with aclosing(self._session.iter_events()) as events:
            async for event in events:
                await reader.add(event)
                if reader.is_complete:
                    break
        history = self._history = reader.history()
        self._next_index = history.next_index
        self._state = state_text(history.state or {})
        self._places = {key: [*places] for key, places in history.places.items()}
        if history.exists:
            del self._pending[: self._initial]
        return history

    async def _write_next(self) -> None:
        """Write what is pending with the same metadata: one event, unless it is very large."""
        metadata = self._pending[0].metadata
        alike = [*takewhile(lambda each: each.metadata == metadata, self._pending.copy())]
        for pending in alike:
            self._place(pending)
        # From now on, a redaction of them is one of what is stored.
        begun = self._begun = _Begun(len(alike), metadata)
        said = [one for each in alike for one in to_messages(each.role, each.text)]
        try:
            begun.left = await to_events([pending.record for pending in alike], said)
            await self._finish()
        finally:
            if begun.doubt is None and not begun.event_ids:
                self._begun = None  # nothing of it is stored

    async def _finish(self) -> None:
        """Write what is left of a write that has begun."""
        begun = self._begun
        if begun is None:
            return
        try:
            while begun.left:
                if begun.doubt is None:
                    id_ = await add_event(self._session, begun.left[0], begun.metadata)
                else:
                    id_ = (await self._session.resolve(begun.doubt)).event_id
                begun.doubt = None
                begun.event_ids.append(id_)
                del begun.left[0]
        except OutcomeUnknownError as error:
            begun.doubt = error
            raise
        self._begun = None
        self._note(begun.count, tuple(begun.event_ids))

    def _place(self, pending: _Pending) -> None:
        """Set the place of a message in the conversation."""
        if pending.record.kind == MESSAGE and not pending.is_placed:
            pending.record = evolve(pending.record, index=self._next_index)
            pending.is_placed = True
            self._next_index += 1

    def _note(self, count: int, event_ids: tuple[str, ...]) -> None:
        """Note that the first pending records are stored."""
        for pending in self._pending[:count]:
            if pending.record.kind == MESSAGE:
                self._places.setdefault(pending.record.key, []).append(event_ids)
        del self._pending[:count]

    async def _rewrite(self, key: str, message: Message) -> None:
        """Replace a stored message, and each copy of it, by its redaction."""
        for former in self._places.get(key, []).copy():
            ids = await rewrite(self._session, self._converter, former, key, message)
            for places in self._places.values():
                places[:] = [ids if place == former else place for place in places]
        self._redactions.pop(key, None)


def state_text(state: Mapping[str, Any]) -> str:
    """Return the JSON of a state, by which two states are compared."""
    return json.dumps(encode_bytes_values(dict(state)), sort_keys=True)
