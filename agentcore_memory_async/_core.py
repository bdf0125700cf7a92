"""
What a manager and its sessions send by.

The manager makes one `MemoryCore` and hands it to its sessions. They are views of it: they fill in
their ids, and may try calls under another policy, while queue, clock and client stay the same.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Protocol, Self

from attrs import evolve, frozen

from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.resolved_namespaces import ResolvedNamespaces
from agentcore_memory_async.policies import RetryPolicy, check_retry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async._calls.outbox import Outbox
    from agentcore_memory_async._calls.retry import Retrier
    from agentcore_memory_async._calls.writer import Writer
    from agentcore_memory_async._extraction.coordinator import PollCoordinator
    from agentcore_memory_async._transport.lifecycle import Lifecycle
    from agentcore_memory_async._wire.declared_namespaces import DeclaredNamespaces
    from agentcore_memory_async._wire.reading import OnUnreadable


@frozen(repr=False, eq=False)
class MemoryCore:
    """
    One memory, and everything that sends to it.

    Attributes:
        memory_id: Id or ARN of the memory.
        retrier: Sends requests until their outcome is known.
        writer: Writes events in order.
        outbox: Writes turns whose readers have left.
        polls: Shared polls for records and failed jobs.
        lifecycle: Open or closed, and in which loop and process.
        unreadable: Judges the error of one item of a list that cannot be read.
        retry: Policy of the calls made through a view.
        allow_hierarchical_actor_ids: Whether actor ids may contain ``/``.
        namespaces: Namespaces that are declared, or described by the control plane.
        namespace_variables: Values of the memory's own namespace keys, for calls through a view.
    """

    memory_id: str
    retrier: Retrier
    writer: Writer
    outbox: Outbox
    polls: PollCoordinator
    lifecycle: Lifecycle
    unreadable: OnUnreadable
    retry: RetryPolicy
    allow_hierarchical_actor_ids: bool
    namespaces: DeclaredNamespaces
    namespace_variables: Mapping[str, str]


class HasCore(Protocol):
    """A manager, as far as its actors and sessions know it."""

    @property
    def _core(self) -> MemoryCore: ...


class View:
    """
    Something bound to a core: a manager, an actor or a session.

    Namespace templates are filled in from its actor and session, where it has them.
    """

    _core: MemoryCore
    _actor_id: str | None = None
    _session_id: str | None = None

    @property
    def memory_id(self) -> str:
        """Id or ARN of the memory."""
        return self._core.memory_id

    @property
    def namespaces(self) -> Mapping[str, str]:
        """
        Prefixes of the namespaces that the manager knows, by name.

        ``session.namespaces["facts"]`` is ``/facts/anna/`` where ``/facts/{actorId}/`` was
        declared by ``namespaces=`` of the manager, or read by its ``describe(control)``.

        An actor's reach all of its sessions: ``/sums/{actorId}/{sessionId}/`` is ``/sums/anna/``.

        Raises:
            InvalidInputError: While reading it: the manager knows no namespaces, or a template has
                a variable that has no value here, such as ``{actorId}`` in the manager.
            KeyError: While reading it: there is none of that name.
        """
        return ResolvedNamespaces(self._core.namespaces, self._namespace_values())

    def with_options(
        self,
        *,
        retry: RetryPolicy | None = None,
        namespace_variables: Mapping[str, str] | None = None,
    ) -> Self:
        """
        Return a view of this object with other options, as have the sessions that it makes.

        It sends nothing. The view shares the client, the order of writes and everything else, so
        it needs no closing of its own. Extraction pollers keep to the manager's own policy, since
        they share their requests.

        Args:
            retry: How long and how often each call is tried.
            namespace_variables: Values of the memory's own namespace keys, 1 to 5. Templates are
                filled in with them, and events are stored with them.

        Raises:
            InvalidInputError: An argument is invalid, or none is given.
        """
        changes: dict[str, Any] = {}
        if namespace_variables is not None:
            changes["namespace_variables"] = check.check_namespace_variables(namespace_variables)
        if retry is not None:
            changes["retry"] = check_retry(retry)
        if not changes:
            check.refuse(
                "retry and namespace_variables are both None; give a RetryPolicy, a mapping of "
                "namespace keys to their values, or both"
            )
        view = copy(self)
        view._core = evolve(self._core, **changes)  # noqa: SLF001 - of the same class
        return view

    def _namespace_values(
        self,
        memory_strategy_id: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> dict[str, str | None]:
        """Return what namespace templates may name here."""
        return {
            **self._core.namespace_variables,
            **(variables or {}),
            "actorId": self._actor_id,
            "sessionId": self._session_id,
            "memoryStrategyId": memory_strategy_id,
        }

    def _all_variables(self, given: object) -> dict[str, str]:
        """Return the values of namespace keys that an event has: the view's, and those *given*."""
        variables = {
            **self._core.namespace_variables,
            **check.check_namespace_variables(given),
        }
        if len(variables) > check.MAX_VARIABLES:
            check.refuse(
                f"namespace_variables has {len(variables)} entries, with those of with_options(); "
                f"the limit is {check.MAX_VARIABLES}"
            )
        return variables

    def _warn_of_unwritten(self, prefixes: Mapping[str, str]) -> None:
        """
        Warn of *prefixes* under which no strategy writes, as far as that is known.

        Args:
            prefixes: Namespaces, resolved, by what was given.
        """
        core = self._core
        hierarchical = core.allow_hierarchical_actor_ids
        core.namespaces.warn_of_unwritten(prefixes, hierarchical=hierarchical)


class ActorView(View):
    """
    A view of one actor.

    Attributes:
        actor_id: Actor id.
    """

    def __init__(self, manager: HasCore, actor_id: str) -> None:
        core = getattr(manager, "_core", None)
        if not isinstance(core, MemoryCore):
            check.refuse(
                f"manager is {check.kind(manager)}; give an AsyncMemorySessionManager, or use its "
                "methods actor() and create_memory_session()"
            )
        hierarchical = core.allow_hierarchical_actor_ids
        self._core = core
        self.actor_id: str = check.check_actor_id(actor_id, hierarchical=hierarchical)
        self._actor_id = self.actor_id


class SessionView(ActorView):
    """
    A view of one session of one actor.

    Attributes:
        actor_id: Actor id.
        session_id: Session id.
    """

    def __init__(self, manager: HasCore, actor_id: str, session_id: str) -> None:
        super().__init__(manager, actor_id)
        self.session_id: str = check.check_session_id(session_id)
        self._session_id = self.session_id
        self._queue = self._core.writer.queue(self.actor_id, self.session_id)

    def _ids(self) -> dict[str, str]:
        """Return the members that name the session in a request."""
        return {
            "memoryId": self.memory_id,
            "actorId": self.actor_id,
            "sessionId": self.session_id,
        }
