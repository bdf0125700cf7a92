"""Deleting what is known of an actor, a session or a namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async._core import SessionView
from agentcore_memory_async._operations.batches import BatchOperations
from agentcore_memory_async._operations.erasure import Forgetting
from agentcore_memory_async._wire import forgetting as decide
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.forgetting import Scope
from agentcore_memory_async._wire.namespaces import resolve_whole_prefix
from agentcore_memory_async._wire.resolved_namespaces import (
    OF_VIEW,
    check_namespaces,
    templates_to_reach,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

SETTLE_S = 180.0
"""Seconds until nothing more is expected: extraction takes 90 s, and so does listing a record."""


class NamespaceForgetting(BatchOperations):
    """Deletions of whatever a namespace has."""

    def delete_namespace(
        self, namespace_prefix: str, *, settle: float | timedelta = 0.0
    ) -> Forgetting:
        """
        Delete all long-term records at and below a prefix, all pages of them.

        Await the result for the report, or follow it with ``async for``.

        Args:
            namespace_prefix: A path such as ``/facts/{actorId}/``, filled in as elsewhere. ``/`` is
                refused: it is the records of everybody.
            settle: How long no record may have come before it is over, in seconds or a timedelta.
                The service lists a new record after about a minute and a half.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operations: ``ListMemoryRecords`` and ``BatchDeleteMemoryRecords``.
        """
        values = self._namespace_values()
        prefix = resolve_whole_prefix(namespace_prefix, values, given_by=OF_VIEW)
        if not prefix.strip("/"):
            check.refuse("namespace_prefix is '/', which is everybody's; give a path below it")
        scope = Scope(
            f"namespace {prefix}",
            targets=(decide.Target(prefix),),
            not_covered=decide.ELSEWHERE,
            settle_s=check.check_duration("settle", settle),
        )
        return Forgetting(self, scope)


class ForgettingOperations(NamespaceForgetting):
    """Deletions of a manager."""

    def forget_actor(
        self,
        actor_id: str,
        *,
        namespaces: Mapping[str, str] | Sequence[str] | None = None,
        settle: float | timedelta = SETTLE_S,
    ) -> Forgetting:
        """
        Delete what the memory has of an actor: all events, and all records in its namespaces.

        Await the result for the report, or follow it with ``async for``. It scans, deletes, and
        scans again until nothing has come for *settle*, since jobs under way still write records
        of events that are gone. Stop writing for the actor first. It is safe to interrupt and to
        run again.

        Args:
            actor_id: Actor id.
            namespaces: Templates of the namespaces, by name or as a list; those that the manager
                knows if omitted. A template that does not tell the actor's records from others' is
                left, and is in the report.
            settle: How long nothing may have come before it is over, in seconds or a timedelta.

        Raises:
            InvalidInputError: An argument is invalid, or no namespaces are known.

        AWS operations: ``ListSessions``, ``ListEvents``, ``DeleteEvent``, ``ListMemoryRecords`` and
        ``BatchDeleteMemoryRecords``.
        """
        hierarchical = self._core.allow_hierarchical_actor_ids
        actor_id = check.check_actor_id(actor_id, hierarchical=hierarchical)
        known = self._core.namespaces if namespaces is None else check_namespaces(namespaces)
        templates = templates_to_reach(known)
        targets, left = decide.actor_targets(templates, actor_id, hierarchical=hierarchical)
        scope = Scope(
            f"actor {actor_id}",
            actor_id=actor_id,
            targets=targets,
            not_covered=left + decide.ELSEWHERE,
            settle_s=check.check_duration("settle", settle),
        )
        return Forgetting(self, scope)

    def delete_session(self, actor_id: str, session_id: str) -> Forgetting:
        """
        Delete all events of a session, on all branches.

        Await the result for the report, or follow it with ``async for``. The records that were
        extracted from them stay; ``delete_namespace`` deletes those filed by session.

        Args:
            actor_id: Actor id.
            session_id: Session id.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operations: ``ListEvents`` and ``DeleteEvent``.
        """
        hierarchical = self._core.allow_hierarchical_actor_ids
        actor_id = check.check_actor_id(actor_id, hierarchical=hierarchical)
        return _of_session(self, actor_id, check.check_session_id(session_id))


class SessionForgetting(NamespaceForgetting, SessionView):
    """Deletions of a session."""

    def delete_session(self) -> Forgetting:
        """
        Delete all events of this session, on all branches.

        Await the result for the report, or follow it with ``async for``. The records that were
        extracted from them stay; ``delete_namespace`` deletes those filed by session.

        AWS operations: ``ListEvents`` and ``DeleteEvent``.
        """
        return _of_session(self, self.actor_id, self.session_id)


def _of_session(view: BatchOperations, actor_id: str, session_id: str) -> Forgetting:
    left = (decide.EXTRACTED, *decide.ELSEWHERE)
    name = f"session {session_id} of {actor_id}"
    return Forgetting(view, Scope(name, actor_id, session_id, not_covered=left))
