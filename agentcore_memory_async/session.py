"""
A session: one actor's conversation, and what was learnt from it.

A bound view on its manager: it checks arguments, fills in its ids and reads answers.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import anyio

from agentcore_memory_async import _codec
from agentcore_memory_async import _validation as check
from agentcore_memory_async._pages import MAX_PAGE, Pages
from agentcore_memory_async._turns import LastTurns, is_on_branch
from agentcore_memory_async.errors import DecodeError
from agentcore_memory_async.extraction import ExtractionPoller
from agentcore_memory_async.models import Branch, Event, JsonPayload, MemoryRecord, Turn
from agentcore_memory_async.namespaces import as_prefix, is_under, resolve_template

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from datetime import datetime, timedelta

    from agentcore_memory_async.manager import AsyncMemorySessionManager
    from agentcore_memory_async.models import BlobPayload, ConversationalMessage

__all__ = ("AsyncMemorySession",)


class AsyncMemorySession:
    """
    The session of one actor; ``create_memory_session`` of the manager makes it.

    Making one directly sends nothing. It may be kept, or made anew for each request.

    Args:
        manager: The manager that sends for it.
        actor_id: Whose session.
        session_id: Which one.

    Attributes:
        memory_id: The memory it is in.
        actor_id: Whose session.
        session_id: Which one.

    Raises:
        InvalidInputError: An id that the service would refuse.
    """

    def __init__(self, manager: AsyncMemorySessionManager, actor_id: str, session_id: str) -> None:
        hierarchical = manager.allow_hierarchical_actor_ids
        self.memory_id = manager.memory_id
        self.actor_id = check.check_actor_id(actor_id, hierarchical=hierarchical)
        self.session_id = check.check_session_id(session_id)
        self._ids = {
            "memoryId": self.memory_id,
            "actorId": self.actor_id,
            "sessionId": self.session_id,
        }
        self._retrier = manager.retrier
        self._writer = manager.writer
        self._line = manager.writer.line(self.actor_id, self.session_id)

    def __repr__(self) -> str:
        return f"<AsyncMemorySession {self.session_id} of {self.actor_id}, memory {self.memory_id}>"

    async def verify(self) -> None:
        """
        Ask the service whether this session's events may be listed, with one cheap request.

        Raises:
            NotFoundError: The memory does not exist in this region.
            AccessDeniedError: The credentials may not list this session's events.

        AWS operation: ``ListEvents`` with one result and no payloads.
        """
        params = {**self._ids, "includePayloads": False, "maxResults": 1}
        await self._retrier.read(
            "ListEvents", params, lambda answer: _codec.read_events(answer.body)
        )

    async def add_turns(
        self,
        messages: Sequence[ConversationalMessage | JsonPayload | BlobPayload],
        *,
        branch: str | Branch | None = None,
        metadata: Mapping[str, str] | None = None,
        timestamp: datetime | None = None,
        extract: bool = True,
        namespace_variables: Mapping[str, str] | None = None,
        client_token: str | None = None,
    ) -> Event:
        """
        Store *messages* as one event and return it.

        Writes of one session are stored in the order of the calls, at the pace that the service
        allows, so a burst waits. A cancelled call may have been stored or not: calling again with
        the same *client_token* and *timestamp* stores nothing twice.

        Args:
            messages: 1 to 100 items, together at most 10 MB; the text of a message is at most
                100,000 characters and 100 KB.
            branch: The branch to write to; ``Branch(name, root_event_id)`` starts a new one.
                The main branch if omitted.
            metadata: At most 15 entries of plain text.
            timestamp: When it happened, aware, for imported history. If omitted: now, and later
                than every event that this manager wrote to the session.
            extract: Whether the service may learn from it.
            namespace_variables: Values of the memory's own namespace keys, 1 to 5.
            client_token: Makes calls with the same token one event; a UUID if omitted.

        Returns:
            The stored event; its ``timestamp`` is the one sent, in UTC and milliseconds.

        Raises:
            InvalidInputError: Something that the service would refuse; nothing was sent.
            OutcomeUnknownError: It may have been stored: every answer was lost.
            ThrottledError: The service still throttled when the retries ended; not stored.
            NotFoundError: The memory does not exist.
            ServiceError: The service refused it; not stored.
            TransportError: Nothing could be sent.

        AWS operation: ``CreateEvent``. Limits: the service model of 2024-02-28 as of botocore
        1.43.117, and the quotas page of 2026-09-26.
        """
        items = check.check_messages(messages)
        request = _codec.create_event(
            items,
            branch=check.check_branch(branch),
            metadata=check.check_metadata(metadata),
            extract=extract,
            namespace_variables=check.check_namespace_variables(namespace_variables),
        )
        return await self._writer.write(
            self._line,
            {**self._ids, **request},
            timestamp_ms=None if timestamp is None else check.check_timestamp(timestamp),
            client_token=None if client_token is None else check.check_client_token(client_token),
            conversational=any("conversational" in item for item in request["payload"]),
        )

    async def get_last_k_turns(
        self, k: int = 10, *, branch: str | Branch | None = None
    ) -> list[Turn]:
        """
        Give the newest *k* messages of the conversation, oldest first.

        Args:
            k: How many messages, 1 or more; events without messages do not count.
            branch: The branch to read; the main one if omitted.

        Raises:
            InvalidInputError: *k* or *branch* can't be right.

        AWS operation: ``ListEvents``, as many pages as it takes.
        """
        last = LastTurns(check.check_int("k", k))
        size = min(MAX_PAGE, max(20, k))
        async for events in self._event_pages(None, branch, size):
            last.feed(events)
            if last.complete:
                break
        return last.turns()

    async def create_event(
        self,
        event_type: str,
        payload: dict[str, Any],
        *,
        branch: str | Branch | None = None,
        metadata: Mapping[str, str] | None = None,
        timestamp: datetime | None = None,
        extract: bool = False,
        client_token: str | None = None,
    ) -> str:
        """
        Store an event of your own, such as an order or a click, and return its id.

        It is kept out of extraction unless *extract* is set. ``add_turns`` stores any event.

        Args:
            event_type: 1 to 256 letters, digits, white space and ``. _ : / = + @ -``; it is kept
                as the metadata ``eventType``, by which ``list_events`` filters.
            payload: JSON data, at most 100 KB; it comes back equal.
            branch: As in ``add_turns``.
            metadata: At most 14 more entries of plain text.
            timestamp: As in ``add_turns``.
            extract: Whether the service may learn from it.
            client_token: As in ``add_turns``.

        Raises:
            InvalidInputError: Something that the service would refuse; nothing was sent.
            OutcomeUnknownError: It may have been stored: every answer was lost.
            ServiceError: The service refused it; not stored.
            TransportError: Nothing could be sent.

        AWS operation: ``CreateEvent`` with a ``json`` payload.
        """
        if not isinstance(payload, dict):  # pyright: ignore[reportUnnecessaryIsInstance]
            check.refuse(f"payload is {type(payload).__name__}; give a dict of JSON data")
        check.check_json("payload", payload)
        kind = check.check_event_type(event_type)
        more = check.check_metadata(metadata, reserved=(_codec.EVENT_TYPE,))
        event = await self.add_turns(
            [JsonPayload(payload)],
            branch=branch,
            metadata={_codec.EVENT_TYPE: kind, **more},
            timestamp=timestamp,
            extract=extract,
            client_token=client_token,
        )
        return event.event_id

    async def list_events(
        self,
        event_type: str | None = None,
        *,
        branch: str | Branch | None = None,
        max_results: int | None = None,
        page_size: int = MAX_PAGE,
    ) -> list[Event]:
        """
        Give the events of the session, of all kinds, newest first: all of them, page after page.

        ``iter_events`` gives the same one by one.

        Args:
            event_type: Only events that ``create_event`` stored with this type.
            branch: The branch to read; the main one if omitted.
            max_results: Stop after so many; all if omitted.
            page_size: How many the service gives at a time, 1 to 100.

        Raises:
            InvalidInputError: An argument can't be right.

        AWS operation: ``ListEvents``.
        """
        events: list[Event] = []
        if max_results is not None:
            check.check_int("max_results", max_results)
        async with aclosing(
            self.iter_events(event_type, branch=branch, page_size=page_size)
        ) as found:
            async for event in found:
                events.append(event)
                if len(events) == max_results:
                    break
        return events

    async def iter_events(
        self,
        event_type: str | None = None,
        *,
        branch: str | Branch | None = None,
        page_size: int = MAX_PAGE,
    ) -> AsyncGenerator[Event]:
        """
        Go through the events of the session, of all kinds, newest first.

        ``list_events`` gives them as a list.

        Args:
            event_type: Only events that ``create_event`` stored with this type.
            branch: The branch to read; the main one if omitted.
            page_size: How many the service gives at a time, 1 to 100.

        AWS operation: ``ListEvents``.
        """
        size = check.check_int("page_size", page_size, MAX_PAGE)
        async for events in self._event_pages(event_type, branch, size):
            for event in events:
                yield event

    def _event_pages(
        self, event_type: str | None, branch: str | Branch | None, size: int
    ) -> Pages[Event]:
        """Give the pages of one branch, less what the service's filter let through."""
        if event_type is not None:
            check.check_event_type(event_type)
        named = check.check_branch(branch)
        name = named.name if named else None
        params: dict[str, Any] = {**self._ids, "includePayloads": True}
        # Reading the main branch sends no filter: what its name means there is not documented.
        if events_filter := _codec.event_filter(event_type, name):
            params["filter"] = events_filter

        def read(body: Mapping[str, Any]) -> list[Event]:
            return [
                event
                for event in _codec.read_events(body)
                if is_on_branch(event, name)
                and (event_type is None or event.event_type == event_type)
            ]

        return Pages(self._retrier, "ListEvents", params, read, size)

    async def list_long_term_memory_records(
        self,
        namespace_prefix: str = "/",
        *,
        namespace: str | None = None,
        memory_strategy_id: str | None = None,
        max_results: int | None = None,
        page_size: int = MAX_PAGE,
    ) -> list[MemoryRecord]:
        """
        Give the long-term records below a prefix: all of them, page after page.

        The default ``"/"`` reads the records of every actor: give a prefix of one actor instead.
        ``iter_long_term_memory_records`` gives the same one by one.

        Args:
            namespace_prefix: A path such as ``/facts/{actorId}/``; the session fills in
                ``{actorId}`` and ``{sessionId}``. ``/users/1`` does not reach ``/users/10``.
            namespace: One exact namespace instead of a prefix.
            memory_strategy_id: Only the records of this strategy.
            max_results: Stop after so many; all if omitted.
            page_size: How many the service gives at a time, 1 to 100.

        Returns:
            Records in the service's order; ``score`` is None.

        Raises:
            InvalidInputError: An argument can't be right.

        AWS operation: ``ListMemoryRecords``.
        """
        records: list[MemoryRecord] = []
        if max_results is not None:
            check.check_int("max_results", max_results)
        async with aclosing(
            self.iter_long_term_memory_records(
                namespace_prefix,
                namespace=namespace,
                memory_strategy_id=memory_strategy_id,
                page_size=page_size,
            )
        ) as found:
            async for record in found:
                records.append(record)
                if len(records) == max_results:
                    break
        return records

    async def iter_long_term_memory_records(
        self,
        namespace_prefix: str = "/",
        *,
        namespace: str | None = None,
        memory_strategy_id: str | None = None,
        page_size: int = MAX_PAGE,
    ) -> AsyncGenerator[MemoryRecord]:
        """
        Go through the long-term records below a prefix.

        The default ``"/"`` reads the records of every actor: give a prefix of one actor instead.
        ``list_long_term_memory_records`` gives them as a list.

        Args:
            namespace_prefix: As in ``list_long_term_memory_records``.
            namespace: One exact namespace instead of a prefix.
            memory_strategy_id: Only the records of this strategy.
            page_size: How many the service gives at a time, 1 to 100.

        AWS operation: ``ListMemoryRecords``.
        """
        size = check.check_int("page_size", page_size, MAX_PAGE)
        scope = self._scope(namespace_prefix, namespace, memory_strategy_id)
        params = {"memoryId": self.memory_id, **scope}
        if memory_strategy_id is not None:
            params["memoryStrategyId"] = memory_strategy_id

        def read(body: Mapping[str, Any]) -> list[MemoryRecord]:
            return _codec.read_records("ListMemoryRecords", body)

        async for records in Pages(self._retrier, "ListMemoryRecords", params, read, size):
            for record in records:
                if _is_within(record, scope):
                    yield record

    async def search_long_term_memories(
        self,
        query: str,
        namespace_prefix: str = "/",
        top_k: int = 5,
        *,
        namespace: str | None = None,
        memory_strategy_id: str | None = None,
    ) -> list[MemoryRecord]:
        """
        Search the long-term records below a prefix by meaning, best first.

        The default ``"/"`` reads the records of every actor: give a prefix of one actor instead.

        Args:
            query: What to look for, 1 to 10,000 characters.
            namespace_prefix: As in ``list_long_term_memory_records``.
            top_k: How many records at most, 1 to 100.
            namespace: One exact namespace instead of a prefix.
            memory_strategy_id: Only the records of this strategy.

        Returns:
            Records with a ``score``: higher is better, and it is not a percentage.

        Raises:
            InvalidInputError: An argument can't be right.

        AWS operation: ``RetrieveMemoryRecords``.
        """
        criteria: dict[str, Any] = {
            "searchQuery": check.check_query(query),
            "topK": check.check_int("top_k", top_k, 100),
        }
        scope = self._scope(namespace_prefix, namespace, memory_strategy_id)
        if memory_strategy_id is not None:
            criteria["memoryStrategyId"] = memory_strategy_id
        params = {"memoryId": self.memory_id, **scope, "searchCriteria": criteria}
        found: list[MemoryRecord] = []
        async for records in Pages(
            self._retrier, "RetrieveMemoryRecords", params, _read_scored, top_k
        ):
            found += [record for record in records if _is_within(record, scope)]
            if len(found) >= top_k:
                break
        return sorted(found, key=lambda record: record.score or 0.0, reverse=True)[:top_k]

    def extraction_poller(
        self,
        namespace_prefix: str | Sequence[str],
        *,
        timeout: float | timedelta = 180.0,
        min_records: int = 1,
        settle: float | timedelta = 0.0,
    ) -> ExtractionPoller:
        """
        Wait for the long-term records that the service learns from a conversation.

        Args:
            namespace_prefix: One prefix or several, such as ``/facts/{actorId}/``; the session
                fills in ``{actorId}`` and ``{sessionId}``. What comes is merged.
            timeout: How long one wait may last, in seconds (or a timedelta), above 0.
            min_records: How many new records are enough, 1 or more.
            settle: For how long nothing new may have come before it is over, in seconds.

        Returns:
            A poller to ``await``, ``async for`` over, or enter by ``async with`` before the
            conversation is stored, so that all that is new since then counts.

        Raises:
            InvalidInputError: An argument can't be right.

        AWS operation: ``ListMemoryRecords``.
        """
        given = [namespace_prefix] if isinstance(namespace_prefix, str) else namespace_prefix
        if not isinstance(given, list | tuple) or not given:
            check.refuse("namespace_prefix takes a str, or a list of one or more")
        scopes = [self._scope(prefix, None, None)["namespacePath"] for prefix in given]
        prefixes = tuple(dict.fromkeys(scopes))

        async def look() -> list[MemoryRecord]:
            found: dict[str, MemoryRecord] = {}

            async def list_one(prefix: str) -> None:
                for record in await self.list_long_term_memory_records(prefix):
                    found[record.memory_record_id] = record

            async with anyio.create_task_group() as tasks:
                for prefix in prefixes:
                    tasks.start_soon(list_one, prefix)
            return list(found.values())

        return ExtractionPoller(
            look,
            prefixes,
            timeout_s=check.check_seconds("timeout", timeout, least=0.001),
            min_records=check.check_int("min_records", min_records),
            settle_s=check.check_seconds("settle", settle),
        )

    def _scope(
        self, prefix: str, namespace: str | None, memory_strategy_id: str | None
    ) -> dict[str, Any]:
        """Give the member that says which records: an exact namespace, or a path."""
        if memory_strategy_id is not None:
            check.check_memory_strategy_id(memory_strategy_id)
        values = {
            "actorId": self.actor_id,
            "sessionId": self.session_id,
            "memoryStrategyId": memory_strategy_id,
        }
        if namespace is None:
            return {"namespacePath": as_prefix(resolve_template(prefix, values))}
        if prefix != "/":
            check.refuse("namespace and namespace_prefix are both given; give one of them")
        return {"namespace": resolve_template(namespace, values, argument="namespace")}


def _is_within(record: MemoryRecord, scope: Mapping[str, str]) -> bool:
    """Tell whether *record* belongs: the service's old prefixes took ``/u/10`` for ``/u/1``."""
    if "namespace" in scope:
        return record.namespace == scope["namespace"]
    return is_under(record.namespace, scope["namespacePath"])


def _read_scored(body: Mapping[str, Any]) -> list[MemoryRecord]:
    records = _codec.read_records("RetrieveMemoryRecords", body)
    if any(record.score is None for record in records):
        raise DecodeError("RetrieveMemoryRecords", "a record has no score")
    return records
