"""
The session store of the Claude Agent SDK, in AgentCore Memory.

```python
options = ClaudeAgentOptions(session_store=AgentCoreSessionStore(manager, actor_id="anna"))
```

Each transcript, that of a subagent too, is a session of its own. What is appended at once is one
event: its entries whole, as data, and beside them what user and assistant said, as messages, from
which the service extracts long-term records. Sessions that hold names list what a project or a
session has.
"""

from __future__ import annotations

import json
from contextlib import aclosing
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING, Any, cast

from anyio import Lock
from attrs import define, field
from claude_agent_sdk import SessionStore, fold_session_summary

from agentcore_memory_async import encode_actor_id, encode_session_id
from agentcore_memory_async.errors import InvalidInputError
from agentcore_memory_async.integrations._deletions import delete_session
from agentcore_memory_async.integrations._documents import Reader, pack, text_of, to_messages
from agentcore_memory_async.integrations._loops import ManagerLoop
from agentcore_memory_async.integrations._recent import Recent
from agentcore_memory_async.integrations._together import gather
from agentcore_memory_async.models import ConversationalMessage, MessageRole
from agentcore_memory_async.session import AsyncMemorySession

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from claude_agent_sdk import (
        SessionKey,
        SessionListSubkeysKey,
        SessionStoreEntry,
        SessionStoreListEntry,
        SessionSummaryEntry,
    )

    from agentcore_memory_async.manager import AsyncMemorySessionManager
    from agentcore_memory_async.sync import MemorySessionManager

__all__ = ("AgentCoreSessionStore",)

_FORMAT = "claude_agent_sdk"
"""Name of the format of what is kept."""
_ROLES = {"user": MessageRole.USER, "assistant": MessageRole.ASSISTANT}
"""Types of entries that have what was said."""
_NOT_SAID = ("isMeta", "isCompactSummary", "isSidechain", "isApiErrorMessage")
"""Marks of entries whose text is not from user or assistant, or not to each other."""
_NEWEST = 1
"""Events that are asked for where the newest one is wanted."""


@define
class _Batch:
    """Entries that are appended at once, and what of them is not stored yet."""

    entries: list[SessionStoreEntry]
    summary: SessionSummaryEntry | None
    events: list[list[Any]]
    token: str = field(factory=partial(token_hex, 16))


@define
class _Transcript:
    """What is known of a transcript that was appended to here; used in the manager's loop only."""

    lock: Lock = field(factory=Lock)
    is_known: bool = False
    summary: SessionSummaryEntry | None = None
    unfinished: _Batch | None = None


class AgentCoreSessionStore(SessionStore):
    """
    A `SessionStore` of the Claude Agent SDK; it works from any event loop and thread.

    All of its optional methods are there. Making one sends nothing.

    Args:
        manager: An `AsyncMemorySessionManager` that is open while the store is used, or a
            `MemorySessionManager`, which opens by itself.
        actor_id: Whose sessions these are, any string; `encode_actor_id` makes an actor id of it.
            If omitted, each project of the SDK is an actor, by its ``project_key``.

    Raises:
        InvalidInputError: An argument is invalid.
    """

    def __init__(
        self,
        manager: AsyncMemorySessionManager | MemorySessionManager,
        *,
        actor_id: str | None = None,
    ) -> None:
        self._loop = ManagerLoop(manager)
        self._actor_id = None if actor_id is None else encode_actor_id(actor_id)
        self._recent = Recent(lambda _: _Transcript())

    def __repr__(self) -> str:
        return f"<AgentCoreSessionStore of {self._actor_id or 'each project'}>"

    async def append(self, key: SessionKey, entries: list[SessionStoreEntry]) -> None:
        """
        Store entries at the end of a transcript, all of them or none.

        Entries whose ``uuid`` is there already are not read twice. A caller that is cancelled waits
        until the outcome is known. Called again with the same entries after an error, it stores
        nothing twice.

        Args:
            key: Project, session, and subpath of a subagent's transcript.
            entries: Entries, which are JSON.

        Raises:
            InvalidInputError: *key* is invalid, or an entry is not JSON.

        AWS operations: ``CreateEvent``, one up to 49 messages and about 2 MB. The first call for a
        transcript asks ``ListEvents`` for its newest event, and stores the name of a new one.
        """
        if entries:
            await self._loop.write(self._append, _checked(key), list(entries))

    async def load(self, key: SessionKey) -> list[SessionStoreEntry] | None:
        """
        Return the entries of a transcript, in their order; None where there are none.

        Args:
            key: As in ``append``.

        Raises:
            InvalidInputError: *key* is invalid.

        AWS operation: ``ListEvents``, as many pages as it takes: up to 100 events each.
        """
        return await self._loop.read(self._load, _checked(key))

    async def list_sessions(self, project_key: str) -> list[SessionStoreListEntry]:
        """
        Return id and time of the last change, in epoch milliseconds, of each session.

        Args:
            project_key: Project.

        AWS operation: ``ListEvents``: a page for each 100 sessions, and one event of each session.
        """
        summaries = await self.list_session_summaries(project_key)
        return [{"session_id": one["session_id"], "mtime": one["mtime"]} for one in summaries]

    async def list_session_summaries(self, project_key: str) -> list[SessionSummaryEntry]:
        """
        Return the SDK's summary of each session.

        Where two processes append to one session at once, its summary may lack what the other one
        appended, until it is loaded and appended to.

        Args:
            project_key: Project.

        AWS operation: ``ListEvents``, as in ``list_sessions``.
        """
        return await self._loop.read(self._summaries, project_key)

    async def list_subkeys(self, key: SessionListSubkeysKey) -> list[str]:
        """
        Return the subpaths of a session, which are those of its subagents.

        Args:
            key: Project and session.

        AWS operation: ``ListEvents``, a page for each 100 subpaths.
        """
        folder = self._session(key["project_key"], key["session_id"])
        return [*dict.fromkeys(await self._loop.read(_names, folder))]

    async def delete(self, key: SessionKey) -> None:
        """
        Delete a transcript, and with that of a session those of its subagents.

        It is deleted event by event; if that is interrupted, the next call deletes the rest. The
        long-term records that were extracted from it stay: see ``forget_actor`` of the manager.

        Args:
            key: As in ``append``.

        Raises:
            InvalidInputError: *key* is invalid.
            AgentCoreMemoryError: Something is left.

        AWS operations: ``ListEvents``, and ``DeleteEvent`` for each event.
        """
        await self._loop.write(self._delete, _checked(key))

    def _session(self, *parts: str | None) -> AsyncMemorySession:
        """
        Return the session of a project, of a session in it, or of a transcript in that.

        The first two have the names of what is in them.
        """
        project = cast("str", parts[0])
        actor_id = encode_actor_id(project) if self._actor_id is None else self._actor_id
        session_id = encode_session_id(json.dumps(parts, separators=(",", ":")))
        return AsyncMemorySession(self._loop.manager, actor_id, session_id)

    def _transcript(self, key: SessionKey) -> AsyncMemorySession:
        return self._session(key["project_key"], key["session_id"], key.get("subpath"))

    async def _append(self, key: SessionKey, entries: list[SessionStoreEntry]) -> None:
        session = self._transcript(key)
        known = self._recent.of(session)
        async with known.lock:
            if not known.is_known:
                await self._meet(key, session, known)
            batch = known.unfinished
            if batch is None or batch.entries != entries:
                batch = known.unfinished = await _batch(key, entries, known.summary)
            while batch.events:
                token = f"{batch.token}-{len(batch.events)}"  # what failed may be stored already
                extract = any(isinstance(item, ConversationalMessage) for item in batch.events[0])
                await session.add_turns(batch.events[0], extract=extract, client_token=token)
                del batch.events[0]
            known.unfinished, known.summary = None, batch.summary

    async def _meet(self, key: SessionKey, session: AsyncMemorySession, known: _Transcript) -> None:
        """Read the summary of a transcript, or store the name of a new one."""
        newest = await _newest(session)
        if newest is None:
            names = [key["project_key"], key["session_id"], *_subpath(key)]
            [payload] = await pack(_FORMAT, {"name": names[-1]})
            await self._session(*names[:-1]).add_turns(payload, extract=False)
            known.summary = None
        else:
            known.summary = newest[0].get("summary")
        known.is_known = True

    async def _load(self, key: SessionKey) -> list[SessionStoreEntry] | None:
        session = self._transcript(key)
        self._recent.of(session).is_known = False  # another process may have appended
        reader, found = Reader(_FORMAT), list[dict[str, Any]]()
        async with aclosing(session.iter_events()) as events:
            async for event in events:
                document = await reader.read(event)
                if document is not None:
                    found.append(document.value)
        return list(_entries(reversed(found))) if found else None

    async def _summaries(self, project_key: str) -> list[SessionSummaryEntry]:
        names = dict.fromkeys(await _names(self._session(project_key)))

        async def read(session_id: str) -> SessionSummaryEntry | None:
            newest = await _newest(self._session(project_key, session_id, None))
            if newest is None:
                return None
            value, mtime = newest
            return {"session_id": session_id, "mtime": mtime, "data": value["summary"]["data"]}

        return [one for one in await gather(read, names) if one is not None]

    async def _delete(self, key: SessionKey) -> None:
        names = [key["project_key"], key["session_id"], *_subpath(key)]
        if "subpath" not in key:
            inner = self._session(*names)
            for subpath in await _names(inner):
                await self._delete_transcript({**key, "subpath": subpath})
            await delete_session(inner)
        await self._delete_transcript(key)
        folder = self._session(*names[:-1])
        for event_id in (await _names_of_events(folder)).get(names[-1], []):
            await folder.delete_event(event_id)

    async def _delete_transcript(self, key: SessionKey) -> None:
        session = self._transcript(key)
        known = self._recent.of(session)
        async with known.lock:
            known.is_known, known.unfinished = False, None
            await delete_session(session)


def _checked(key: SessionKey) -> SessionKey:
    """Return a key whose parts are text, and that has a subpath or none."""
    given = cast("Mapping[str, object]", key)
    project, session = given.get("project_key"), given.get("session_id")
    subpath = given.get("subpath")
    if not (isinstance(project, str) and isinstance(session, str)):
        message = "key has no project_key or no session_id; give both, as str"
        raise InvalidInputError(message)
    if subpath is None:
        return {"project_key": project, "session_id": session}
    if not (isinstance(subpath, str) and subpath):
        message = "key has a subpath that is empty or no str; leave it out for the main transcript"
        raise InvalidInputError(message)
    return {"project_key": project, "session_id": session, "subpath": subpath}


def _subpath(key: SessionKey) -> list[str]:
    return [key["subpath"]] if "subpath" in key else []


async def _batch(
    key: SessionKey, entries: list[SessionStoreEntry], before: SessionSummaryEntry | None
) -> _Batch:
    """Return the events of a batch: entries, summary, and what was said."""
    is_main = "subpath" not in key
    summary = fold_session_summary(before, key, entries) if is_main else None
    said = [message for entry in entries for message in _messages(entry)] if is_main else []
    try:
        events = await pack(_FORMAT, {"entries": entries, "summary": summary}, said)
    except (TypeError, ValueError) as error:
        message = f"entries is not JSON: {error}; give what json.loads() returns"
        raise InvalidInputError(message) from None
    return _Batch(entries, summary, events)


async def _newest(session: AsyncMemorySession) -> tuple[dict[str, Any], int] | None:
    """Return the newest value of a session and its time, in epoch milliseconds."""
    reader = Reader(_FORMAT)
    async with aclosing(session.iter_events(page_size=_NEWEST)) as events:
        async for event in events:
            document = await reader.read(event)
            if document is not None:
                return document.value, round(document.event.timestamp.timestamp() * 1000)
    return None


async def _names_of_events(folder: AsyncMemorySession) -> dict[str, list[str]]:
    """Return the names in a folder, oldest first, and the events that have them."""
    reader, found = Reader(_FORMAT), dict[str, list[str]]()
    for event in reversed(await folder.list_events()):
        document = await reader.read(event)
        if document is not None:
            found.setdefault(document.value["name"], []).append(event.event_id)
    return found


async def _names(folder: AsyncMemorySession) -> list[str]:
    return list(await _names_of_events(folder))


def _entries(values: Iterable[dict[str, Any]]) -> Iterable[SessionStoreEntry]:
    """Yield each entry once, of values in their order."""
    uuids = set[str]()
    for value in values:
        for entry in value["entries"]:
            uuid = entry.get("uuid")
            if isinstance(uuid, str):
                if uuid in uuids:
                    continue
                uuids.add(uuid)
            yield entry


def _messages(entry: SessionStoreEntry) -> list[ConversationalMessage]:
    """Return what the user or the assistant said in an entry."""
    fields = cast("Mapping[str, object]", entry)
    role, message = _ROLES.get(entry["type"]), fields.get("message")
    if role is None or not isinstance(message, dict) or any(fields.get(mark) for mark in _NOT_SAID):
        return []
    content = cast("Mapping[str, object]", message).get("content")
    return to_messages(role, text_of(content, "text"))
