"""
A session: one actor's conversation, and what was learnt from it.

A bound view on its manager: it checks arguments, fills in its ids and reads answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from agentcore_memory_async._calls.pagination import MAX_PAGE, Pages, collect
from agentcore_memory_async._operations.records import LongTermMemory
from agentcore_memory_async._wire import codec
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.turns import LastTurns, is_on_branch
from agentcore_memory_async.buffer import MessageBuffer
from agentcore_memory_async.errors import OutcomeUnknownError
from agentcore_memory_async.models import Branch, Event, JsonPayload, Turn
from agentcore_memory_async.policies import check_retry

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from datetime import datetime, timedelta

    from agentcore_memory_async.manager import AsyncMemorySessionManager
    from agentcore_memory_async.models import BlobPayload, ConversationalMessage
    from agentcore_memory_async.policies import RetryPolicy

__all__ = ("AsyncMemorySession",)

FIRST_PAGE = 20
"""How many events are read at first for the last turns, at least."""


class AsyncMemorySession(LongTermMemory):
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
        if not hasattr(manager, "allow_hierarchical_actor_ids"):
            check.refuse(
                f"manager is {check.kind(manager)}; give an AsyncMemorySessionManager, or use its "
                "create_memory_session()"
            )
        hierarchical = manager.allow_hierarchical_actor_ids
        super().__init__(
            manager._retrier,
            manager.memory_id,
            check.check_actor_id(actor_id, hierarchical=hierarchical),
            check.check_session_id(session_id),
            manager._polls,
        )
        self._ids = {
            "memoryId": self.memory_id,
            "actorId": self.actor_id,
            "sessionId": self.session_id,
        }
        self._writer = manager._writer
        self._line = manager._writer.line(self.actor_id, self.session_id)
        self._check_open = manager._lifecycle.check

    def __repr__(self) -> str:
        return f"<AsyncMemorySession {self.session_id} of {self.actor_id}, memory {self.memory_id}>"

    async def verify(self, *, retry: RetryPolicy | None = None) -> None:
        """
        Ask the service whether this session's events may be listed, with one cheap request.

        Args:
            retry: How long and how often it is tried; the manager's policy if omitted.

        Raises:
            NotFoundError: The memory does not exist in this region.
            AccessDeniedError: The credentials may not list this session's events.

        AWS operation: ``ListEvents`` with one result and no payloads.
        """
        params = {**self._ids, "includePayloads": False, "maxResults": 1}
        await self._retrier.read(
            "ListEvents",
            params,
            lambda answer: codec.read_events(answer.body),
            check_retry(retry),
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
        retry: RetryPolicy | None = None,
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
                than every event of the session to which this manager gave its time.
            extract: Whether the service may learn from it.
            namespace_variables: Values of the memory's own namespace keys, 1 to 5.
            client_token: Makes calls with the same token one event; a UUID if omitted.
            retry: How long and how often this call is tried; the manager's policy if omitted.

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
        request = codec.create_event(
            items,
            branch=check.check_branch(branch),
            metadata=check.check_metadata(metadata),
            extract=check.check_bool("extract", extract),
            namespace_variables=check.check_namespace_variables(namespace_variables),
        )
        return await self._writer.write(
            self._line,
            {**self._ids, **request},
            timestamp_ms=None if timestamp is None else check.check_timestamp(timestamp),
            client_token=None if client_token is None else check.check_client_token(client_token),
            policy=check_retry(retry),
        )

    def buffered(
        self,
        *,
        max_messages: int = 100,
        max_delay: float | timedelta = 1.0,
        max_pending: int = 1000,
        max_pending_bytes: int = 16 * 1024 * 1024,
        close_timeout: float | timedelta = 10.0,
        branch: str | Branch | None = None,
        metadata: Mapping[str, str] | None = None,
        retry: RetryPolicy | None = None,
    ) -> MessageBuffer:
        """
        Collect messages and write them as few events, for ``async with``.

        Args:
            max_messages: Write when so many have come, 1 to 100.
            max_delay: Write when the oldest has waited so long, in seconds or a timedelta.
            max_pending: How many messages may wait before ``add`` waits too.
            max_pending_bytes: How many bytes of text may wait before ``add`` waits too.
            close_timeout: How long leaving the block may take, in seconds or a timedelta.
            branch: The branch to write to; the main one if omitted.
            metadata: Metadata of each event, at most 15 entries.
            retry: How long and how often an event is tried before the buffer waits a little and
                begins anew; the manager's policy if omitted.

        Raises:
            InvalidInputError: An argument can't be right.

        AWS operation: ``CreateEvent``.
        """
        named = check.check_branch(branch)
        entries = check.check_metadata(metadata)
        policy = check_retry(retry)

        async def write(messages: tuple[ConversationalMessage, ...], token: str) -> Event:
            return await self.add_turns(
                messages, branch=named, metadata=entries, client_token=token, retry=policy
            )

        return MessageBuffer(
            write,
            check_open=self._check_open,
            max_messages=check.check_int("max_messages", max_messages, check.MAX_MESSAGES),
            max_delay_s=check.check_duration("max_delay", max_delay),
            max_pending=check.check_int("max_pending", max_pending),
            max_pending_bytes=check.check_int("max_pending_bytes", max_pending_bytes),
            close_timeout_s=check.check_duration("close_timeout", close_timeout),
        )

    async def resolve(
        self, unsettled: OutcomeUnknownError | str, *, retry: RetryPolicy | None = None
    ) -> Event:
        """
        Settle a write whose outcome is not known: afterwards it is stored, once.

        The request is sent again exactly as it was, with its token and timestamp.

        Args:
            unsettled: The error that the write raised; or, for one that was cancelled, the
                *client_token* it was called with.
            retry: How long and how often this call is tried; the manager's policy if omitted.

        Returns:
            The stored event.

        Raises:
            InvalidInputError: The error is of another session, or nothing with this token is
                unsettled in this manager.
            OutcomeUnknownError: It is still not known.
            ServiceError: The service refused it; it was never stored.

        AWS operation: ``CreateEvent``.
        """
        if not isinstance(unsettled, OutcomeUnknownError | str):  # pyright: ignore[reportUnnecessaryIsInstance]
            check.refuse(
                f"unsettled is {check.kind(unsettled)}; give an OutcomeUnknownError, "
                "or the client token of a cancelled write"
            )
        return await self._writer.resolve(self._line, unsettled, check_retry(retry))

    async def get_last_k_turns(
        self,
        k: int = 10,
        *,
        branch: str | Branch | None = None,
        retry: RetryPolicy | None = None,
    ) -> list[Turn]:
        """
        Give the newest *k* messages of the conversation, oldest first.

        Args:
            k: How many messages, 1 or more; events without messages do not count.
            branch: The branch to read; the main one if omitted.
            retry: How long and how often each request is tried; the manager's policy if omitted.

        Raises:
            InvalidInputError: *k* or *branch* can't be right.

        AWS operation: ``ListEvents``, as many pages as it takes.
        """
        last = LastTurns(check.check_int("k", k))
        event_pages = self._event_pages(None, branch, min(MAX_PAGE, max(FIRST_PAGE, k)), retry)
        async for events in event_pages:
            last.feed(events)
            if last.complete:
                break
            event_pages.page_size = MAX_PAGE  # events of other kinds lie between
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
        retry: RetryPolicy | None = None,
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
            retry: As in ``add_turns``.

        Raises:
            InvalidInputError: Something that the service would refuse; nothing was sent.
            OutcomeUnknownError: It may have been stored: every answer was lost.
            ServiceError: The service refused it; not stored.
            TransportError: Nothing could be sent.

        AWS operation: ``CreateEvent`` with a ``json`` payload.
        """
        data = check.check_payload(payload)
        kind = check.check_event_type(event_type)
        more = check.check_metadata(metadata, reserved=(codec.EVENT_TYPE,))
        event = await self.add_turns(
            [JsonPayload(data)],
            branch=branch,
            metadata={codec.EVENT_TYPE: kind, **more},
            timestamp=timestamp,
            extract=extract,
            client_token=client_token,
            retry=retry,
        )
        return event.event_id

    async def list_events(
        self,
        event_type: str | None = None,
        *,
        branch: str | Branch | None = None,
        max_results: int | None = None,
        page_size: int = MAX_PAGE,
        retry: RetryPolicy | None = None,
    ) -> list[Event]:
        """
        Give the events of the session, of all kinds, newest first: all of them, page after page.

        ``iter_events`` gives the same one by one.

        Args:
            event_type: Only events that ``create_event`` stored with this type.
            branch: The branch to read; the main one if omitted.
            max_results: Stop after so many; all if omitted.
            page_size: How many the service gives at a time, 1 to 100.
            retry: How long and how often each request is tried; the manager's policy if omitted.

        Raises:
            InvalidInputError: An argument can't be right.

        AWS operation: ``ListEvents``.
        """
        found = self.iter_events(event_type, branch=branch, page_size=page_size, retry=retry)
        return await collect(found, max_results)

    async def iter_events(
        self,
        event_type: str | None = None,
        *,
        branch: str | Branch | None = None,
        page_size: int = MAX_PAGE,
        retry: RetryPolicy | None = None,
    ) -> AsyncGenerator[Event]:
        """
        Go through the events of the session, of all kinds, newest first.

        ``list_events`` gives them as a list.

        Args:
            event_type: Only events that ``create_event`` stored with this type.
            branch: The branch to read; the main one if omitted.
            page_size: How many the service gives at a time, 1 to 100.
            retry: How long and how often each request is tried; the manager's policy if omitted.

        AWS operation: ``ListEvents``.
        """
        size = check.check_int("page_size", page_size, MAX_PAGE)
        async for events in self._event_pages(event_type, branch, size, retry):
            for event in events:
                yield event

    def _event_pages(
        self,
        event_type: str | None,
        branch: str | Branch | None,
        size: int,
        retry: RetryPolicy | None,
    ) -> Pages[Event]:
        """Give the pages of one branch, less what the service's filter let through."""
        if event_type is not None:
            check.check_event_type(event_type)
        named = check.check_branch(branch)
        name = named.name if named else None
        params: dict[str, Any] = {**self._ids, "includePayloads": True}
        # Reading the main branch sends no filter: what its name means there is not documented.
        # Soon after a write nothing is filtered there, since the service's filters may lag.
        events_filter = codec.event_filter(event_type, name)
        if events_filter and not self._line.may_lag(anyio.current_time()):
            params["filter"] = events_filter

        def read(body: Mapping[str, Any]) -> list[Event]:
            return [
                event
                for event in codec.read_events(body)
                if is_on_branch(event, name)
                and (event_type is None or event.event_type == event_type)
            ]

        return Pages(self._retrier, "ListEvents", params, read, size, check_retry(retry))
