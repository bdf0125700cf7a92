"""Branches of a conversation: forked, listed, and read as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async._calls.pagination import MAX_PAGE, Pages
from agentcore_memory_async._operations.turns import TurnOperations
from agentcore_memory_async._wire import event_codec
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.branches import branch_summaries, conversation_tree
from agentcore_memory_async.models import Branch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from agentcore_memory_async.models import (
        BlobPayload,
        BranchSummary,
        ConversationalMessage,
        ConversationTree,
        Event,
        JsonPayload,
        Origin,
    )


class BranchOperations(TurnOperations):
    """The branches of a session."""

    async def fork_conversation(
        self,
        messages: Sequence[
            ConversationalMessage | Mapping[str, object] | JsonPayload | BlobPayload
        ],
        root_event_id: str,
        branch_name: str,
        metadata: Mapping[str, str] | None = None,
        event_timestamp: datetime | None = None,
        *,
        origin: Origin | None = None,
        extract: bool = True,
        namespace_variables: Mapping[str, str] | None = None,
        client_token: str | None = None,
    ) -> Event:
        """
        Start a branch at an event, for an edited question or a second attempt, with *messages*.

        It is ``add_turns`` with ``branch=Branch(branch_name, root_event_id)``. The branch goes on
        by its name: ``add_turns(messages, branch=branch_name)``.

        Args:
            messages: As in ``add_turns``.
            root_event_id: Event that the branch forks from, on whatever branch it is itself.
            branch_name: Name of the new branch: 1 to 100 letters, digits, ``-``, ``_``.
            metadata: As in ``add_turns``.
            event_timestamp: As the *timestamp* of ``add_turns``.
            origin: As in ``add_turns``.
            extract: As in ``add_turns``.
            namespace_variables: As in ``add_turns``.
            client_token: As in ``add_turns``.

        Returns:
            The first event of the branch.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            ClientTokenInUseError: The token belongs to another write; this one was not stored.
            OutcomeUnknownError: Every response was lost, so the event may have been stored.
            NotFoundError: The memory, or the root event, does not exist.
            ValidationError: The root is an event of another session, or the branch has another.
            ServiceError: The service refused it; it was not stored.
            TransportError: Nothing could be sent.

        AWS operation: ``CreateEvent``.
        """
        root = check.check_event_id("root_event_id", root_event_id)
        name = check.check_branch_name(branch_name, "branch_name")
        if name == check.MAIN_BRANCH:
            check.refuse("branch_name is 'main'; give a new branch another name")
        if event_timestamp is not None:
            check.check_timestamp(event_timestamp, "event_timestamp")
        return await self.add_turns(
            messages,
            branch=Branch(name, root),
            metadata=metadata,
            origin=origin,
            timestamp=event_timestamp,
            extract=extract,
            namespace_variables=namespace_variables,
            client_token=client_token,
        )

    async def list_branches(self) -> list[BranchSummary]:
        """
        Return the branches of the session that have events: the main one first, then the oldest.

        The service has no list of branches, so all events are read, without their content.

        AWS operation: ``ListEvents``, all pages.
        """
        return branch_summaries(await self._all_events(with_payloads=False))

    async def get_conversation_tree(self) -> ConversationTree:
        """
        Return the whole conversation, all branches with all events, as a tree.

        AWS operation: ``ListEvents``, all pages.
        """
        events = await self._all_events(with_payloads=True)
        return conversation_tree(self.actor_id, self.session_id, events)

    async def _all_events(self, *, with_payloads: bool) -> list[Event]:
        """Return the events of all branches."""
        core = self._core
        pages = Pages(
            core.retrier,
            "ListEvents",
            {**self._ids(), "includePayloads": with_payloads},
            lambda body: event_codec.read_events(body, core.unreadable),
            MAX_PAGE,
            core.retry,
        )
        return [event async for events in pages for event in events]
