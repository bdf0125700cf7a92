"""Events of a session: written in call order, read by pages."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from agentcore_memory_async._calls.pagination import MAX_PAGE, Pages, collect
from agentcore_memory_async._calls.settling import settle_deletion
from agentcore_memory_async._core import SessionView
from agentcore_memory_async._wire import event_codec, payloads, queries, reading
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.filters import EVENT_TYPE, check_event_filters, meets
from agentcore_memory_async._wire.synonyms import merged
from agentcore_memory_async._wire.turns import is_on_branch
from agentcore_memory_async._wire.weight import is_large
from agentcore_memory_async.models import JsonPayload

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
    from datetime import datetime

    from agentcore_memory_async.filters import Filter
    from agentcore_memory_async.models import Branch, Event


class EventOperations(SessionView):
    """The events of a session."""

    async def verify(self) -> None:
        """
        Ask the service, with one cheap request, whether this session's events may be listed.

        Raises:
            NotFoundError: The memory does not exist in this region.
            AccessDeniedError: The credentials may not list this session's events.

        AWS operation: ``ListEvents`` with one result and no payloads.
        """
        params = {**self._ids(), "includePayloads": False, "maxResults": 1}
        await self._core.retrier.read(
            "ListEvents",
            params,
            lambda answer: reading.read_page("ListEvents", answer.body, "events"),
            self._core.retry,
        )

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
        branch_name: str | None = None,
        event_timestamp: datetime | None = None,
    ) -> str:
        """
        Store an event of your own, such as an order or a click, and return its id.

        It is kept out of extraction unless *extract* is set. ``add_turns`` stores any event.

        Args:
            event_type: 1 to 256 letters, digits, whitespace and ``. _ : / = + @ -``. It is kept
                as the metadata ``eventType``, by which ``list_events`` filters.
            payload: JSON data, at most 100 KB; it comes back equal.
            branch: As in ``add_turns``.
            metadata: At most 14 more entries of plain text.
            timestamp: As in ``add_turns``.
            extract: Whether the service may extract records from it.
            client_token: As in ``add_turns``.
            branch_name: The official SDK's name of *branch*.
            event_timestamp: The official SDK's name of *timestamp*.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            ClientTokenInUseError: The token belongs to another write; this one was not stored.
            OutcomeUnknownError: It may have been stored: no answer tells.
            ServiceError: The service refused it; it was not stored.
            TransportError: Nothing could be sent.

        AWS operation: ``CreateEvent`` with a ``json`` payload.
        """
        kind = check.check_event_type(event_type)
        own = {EVENT_TYPE: kind}
        event = await self._write_event(
            payload,
            lambda: (JsonPayload(payloads.check_payload(payload)),),
            branch=merged(branch, None, branch_name=branch_name),
            metadata=check.check_metadata(metadata, own),
            timestamp=merged(timestamp, None, event_timestamp=event_timestamp),
            extract=extract,
            client_token=client_token,
        )
        return event.event_id

    async def list_events(
        self,
        event_type: str | None = None,
        *,
        branch: str | Branch | None = None,
        include_parent_branches: bool = False,
        filters: Sequence[Filter | Mapping[str, Any]] | None = None,
        metadata: Mapping[str, str] | None = None,
        max_results: int | None = None,
        page_size: int = MAX_PAGE,
        consistent_read: bool = True,
        include_payloads: bool | None = None,
        branch_name: str | None = None,
        include_payload: bool | None = None,
        event_metadata: Sequence[Filter | Mapping[str, Any]] | None = None,
        eventMetadata: Sequence[Filter | Mapping[str, Any]] | None = None,  # noqa: N803 - as the SDK has it
    ) -> list[Event]:
        """
        Return the events of the session, of all kinds, newest first: every page of them.

        ``iter_events`` yields the same one by one.

        Args:
            event_type: Only events that ``create_event`` stored with this type.
            branch: Branch to read; the main one if omitted.
            include_parent_branches: Whether to read the conversation that the branch forks from as
                well, up to the fork, and so on up to the main branch. All are in the order of their
                times, so where clocks differ an event of the branch may be among its parents';
                ``get_last_k_turns`` is in the order of the conversation.
            filters: Conditions on the metadata, all of which must hold: ``where("topic") ==
                "billing"``, ``.exists()`` or ``.not_exists()``; or mappings as the service writes
                them.
            metadata: Entries of the metadata that must be equal. Together with *filters* and
                *event_type* these are five conditions at most.
            max_results: Largest number of events; all if omitted.
            page_size: Events per request, 1 to 100.
            consistent_read: Whether an event is seen as soon as it is stored: then all events are
                read, and filtered here. False uses the service's filter, which may not show an
                event for a minute after it was written.
            include_payloads: Whether events have their content; they have if omitted. Without,
                they come faster, with ids, time, branch and metadata only.
            branch_name: The official SDK's name of *branch*.
            include_payload: The official SDK's name of *include_payloads*.
            event_metadata: The official SDK's name of *filters*.
            eventMetadata: Another of its names of *filters*.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operation: ``ListEvents``.
        """
        pages = self._listed_events(
            event_type,
            merged(branch, None, branch_name=branch_name),
            merged(filters, None, event_metadata=event_metadata, eventMetadata=eventMetadata),
            metadata,
            page_size,
            include_parents=include_parent_branches,
            consistent_read=consistent_read,
            include_payloads=merged(include_payloads, None, include_payload=include_payload),
        )
        return await collect(pages, max_results)

    async def iter_events(
        self,
        event_type: str | None = None,
        *,
        branch: str | Branch | None = None,
        include_parent_branches: bool = False,
        filters: Sequence[Filter | Mapping[str, Any]] | None = None,
        metadata: Mapping[str, str] | None = None,
        page_size: int = MAX_PAGE,
        consistent_read: bool = True,
        include_payloads: bool | None = None,
        branch_name: str | None = None,
        include_payload: bool | None = None,
        event_metadata: Sequence[Filter | Mapping[str, Any]] | None = None,
        eventMetadata: Sequence[Filter | Mapping[str, Any]] | None = None,  # noqa: N803 - as the SDK has it
    ) -> AsyncGenerator[Event]:
        """
        Iterate over the events of the session, of all kinds, newest first.

        ``list_events`` returns them as a list.

        Args:
            event_type: Only events that ``create_event`` stored with this type.
            branch: Branch to read; the main one if omitted.
            include_parent_branches: As in ``list_events``.
            filters: As in ``list_events``.
            metadata: As in ``list_events``.
            page_size: Events per request, 1 to 100.
            consistent_read: As in ``list_events``.
            include_payloads: As in ``list_events``.
            branch_name: The official SDK's name of *branch*.
            include_payload: The official SDK's name of *include_payloads*.
            event_metadata: The official SDK's name of *filters*.
            eventMetadata: Another of its names of *filters*.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operation: ``ListEvents``.
        """
        pages = self._listed_events(
            event_type,
            merged(branch, None, branch_name=branch_name),
            merged(filters, None, event_metadata=event_metadata, eventMetadata=eventMetadata),
            metadata,
            page_size,
            include_parents=include_parent_branches,
            consistent_read=consistent_read,
            include_payloads=merged(include_payloads, None, include_payload=include_payload),
        )
        async for page in pages:
            for event in page:
                yield event

    async def get_event(self, event_id: str) -> Event:
        """
        Return one event of the session.

        Args:
            event_id: Event id.

        Raises:
            NotFoundError: The session has no such event.
            InvalidInputError: *event_id* is invalid.

        AWS operation: ``GetEvent``.
        """
        operation = "GetEvent"
        params = {**self._ids(), "eventId": check.check_event_id("event_id", event_id)}
        return await self._core.retrier.read(
            operation,
            params,
            lambda answer: event_codec.read_event(operation, answer.body),
            self._core.retry,
        )

    async def delete_event(self, event_id: str) -> str:
        """
        Delete one event of the session for good, and return its id.

        The records that were extracted from it stay. Deleting it again raises `NotFoundError`,
        unless the first call itself has done it and only its answer was lost.

        Args:
            event_id: Event id.

        Raises:
            NotFoundError: The session has no such event.
            OutcomeUnknownError: No answer tells, so it may be deleted; calling again is safe.
            InvalidInputError: *event_id* is invalid.

        AWS operation: ``DeleteEvent``.
        """
        params = {**self._ids(), "eventId": check.check_event_id("event_id", event_id)}
        deleted_id: str = params["eventId"]
        return await self._core.retrier.change(
            "DeleteEvent",
            params,
            lambda answer: event_codec.read_deleted_event(answer.body),
            self._core.retry,
            settle=partial(settle_deletion, deleted_id),
        )

    def _write_event(
        self,
        data: object,
        read_items: Callable[[], tuple[payloads.PayloadItem, ...]],
        *,
        branch: str | Branch | None,
        metadata: Mapping[str, str],
        timestamp: datetime | None,
        extract: bool,
        client_token: str | None,
        namespace_variables: Mapping[str, str] | None = None,
    ) -> Awaitable[Event]:
        """
        Check the arguments of an event; what is returned writes it in its session's queue.

        Large *data* is checked later, in a thread, by *read_items*; *metadata* is checked already.
        """
        named = check.check_branch(branch)
        is_extracted = check.check_bool("extract", extract)
        variables = self._all_variables(namespace_variables)

        def build() -> Mapping[str, Any]:
            return event_codec.create_event(
                read_items(),
                branch=named,
                metadata=metadata,
                extract=is_extracted,
                namespace_variables=variables,
            )

        return self._core.writer.write(
            self._queue,
            self._ids(),
            build if is_large(data) else build(),
            timestamp_ms=None if timestamp is None else check.check_timestamp(timestamp),
            client_token=None if client_token is None else check.check_client_token(client_token),
            policy=self._core.retry,
        )

    def _listed_events(
        self,
        event_type: str | None,
        branch: str | Branch | None,
        filters: object,
        metadata: object,
        page_size: int,
        *,
        include_parents: bool,
        consistent_read: bool,
        include_payloads: bool | None,
    ) -> Pages[Event]:
        """Return the pages of a list."""
        size = check.check_int("page_size", page_size, MAX_PAGE)
        if include_payloads is None:
            include_payloads = True
        return self._event_pages(
            branch,
            size,
            include_parents=include_parents,
            event_type=event_type,
            filters=check_event_filters(event_type, filters, metadata),
            consistent_read=consistent_read,
            include_payloads=check.check_bool("include_payloads", include_payloads),
        )

    def _event_pages(
        self,
        branch: str | Branch | None,
        size: int,
        *,
        include_parents: bool,
        event_type: str | None = None,
        filters: Sequence[Filter] = (),
        consistent_read: bool = True,
        include_payloads: bool = True,
    ) -> Pages[Event]:
        """
        Return the pages of one branch, less what is not asked for.

        That for *event_type* is among the *filters*; messages may have the same metadata.
        """
        check.check_bool("include_parent_branches", include_parents)
        named = check.check_branch(branch)
        name = named.name if named else None
        params: dict[str, Any] = {**self._ids(), "includePayloads": include_payloads}
        # The service's filter by metadata lags (sdk#564); no lag of that by branch is known.
        # Reading the main branch filters no branch: what its name means is not documented.
        is_consistent = check.check_bool("consistent_read", consistent_read)
        asked = () if is_consistent else filters
        events_filter = queries.event_filter(asked, name, include_parents=include_parents)
        if events_filter:
            params["filter"] = events_filter

        # Which branches are above the named one, only the service knows before all is read.
        any_branch = named is not None and include_parents

        def read(body: Mapping[str, Any]) -> list[Event]:
            return [
                event
                for event in event_codec.read_events(body, self._core.unreadable)
                if (any_branch or is_on_branch(event, name))
                and (event_type is None or event.event_type is not None)
                and meets(event.metadata, filters)
            ]

        core, is_filtered = self._core, bool(filters) and is_consistent
        return Pages(
            core.retrier, "ListEvents", params, read, size, core.retry, is_filtered=is_filtered
        )
