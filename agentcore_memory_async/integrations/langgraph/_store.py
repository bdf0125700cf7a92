"""
The store of LangGraph, in AgentCore Memory.

Items are kept in events, since the service lists an event at once and a record after more than a
minute: a namespace is a session, and each call that writes to it is one event. What is searched by
meaning are records, which name their session. What they find is read from the events, so an item
is always as it was stored last.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, cast

from langgraph.store.base import (
    BaseStore,
    GetOp,
    ListNamespacesOp,
    PutOp,
    SearchOp,
    validate_op_namespace,
)

from agentcore_memory_async.errors import InvalidInputError
from agentcore_memory_async.integrations._loops import ManagerLoop
from agentcore_memory_async.integrations._together import gather
from agentcore_memory_async.integrations.langgraph._store_names import actor_of
from agentcore_memory_async.integrations.langgraph._store_reads import Reads
from agentcore_memory_async.integrations.langgraph._store_service import AT_ONCE, StoreService

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from langgraph.store.base import Op, Result

    from agentcore_memory_async.integrations.langgraph._store_names import Labels
    from agentcore_memory_async.integrations.langgraph._store_service import Put
    from agentcore_memory_async.manager import AsyncMemorySessionManager
    from agentcore_memory_async.sync import MemorySessionManager


class AgentCoreStore(BaseStore):
    """
    A store of LangGraph; it works from any event loop and thread.

    ``graph = builder.compile(store=AgentCoreStore(manager, actor_id="my-app"))``

    Any number of stores may be made for one actor, in any process: each sees what the others have
    stored. Making one sends nothing. An item is there for all of them as soon as it is stored; of
    two that are stored at once, the one with the later time counts, by the clocks of the writers.
    Items live as long as the memory keeps events, 3 to 3,650 days; times to live of their own are
    not supported.

    Args:
        manager: An `AsyncMemorySessionManager` that is open while the store is used, or a
            `MemorySessionManager`, which opens by itself.
        actor_id: Whose store it is, any string. No namespace reaches that of another actor.
        index: Which fields of a value are its text for searches by meaning, as in LangGraph's
            ``fields``: paths such as ``"text"`` or ``"notes[*].text"``. ``"$"``, the default, is
            the whole value. ``False`` for a store that is not searched by meaning: a *query* has no
            effect there, and no records are written.

    Attributes:
        actor_id: Id of the actor in the memory: ``langgraph-store:`` and the given one.

    Raises:
        InvalidInputError: An argument is invalid.
    """

    __slots__ = ("_loop", "_service", "actor_id")

    def __init__(
        self,
        manager: AsyncMemorySessionManager | MemorySessionManager,
        *,
        actor_id: str,
        index: Literal[False] | Sequence[str] = ("$",),
    ) -> None:
        self._loop = ManagerLoop(manager)
        paths = () if index is False else tuple(index)
        self.actor_id: str = actor_of(actor_id)
        self._service = StoreService(self._loop.manager, self.actor_id, paths)

    def __repr__(self) -> str:
        return f"<AgentCoreStore of {self.actor_id}>"

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """
        Run operations: first those that read, then those that write, the last one of each key.

        What is written to one namespace is one event: all of it is stored, or nothing. A caller
        that is cancelled waits until the outcome is known.

        Raises:
            InvalidNamespaceError: A label of a namespace is invalid; nothing was sent.
            InvalidInputError: A value is not JSON; nothing was sent.
            NotImplementedError: An item has a time to live; nothing was sent.

        AWS operations: ``ListEvents`` for each 100 events of a namespace that is read;
        ``ListSessions`` for searches below a prefix and lists of namespaces;
        ``RetrieveMemoryRecords`` for each query; ``BatchCreateMemoryRecords`` and ``CreateEvent``
        for each namespace that is written to, and now and then ``ListEvents``, ``DeleteEvent`` and
        ``BatchDeleteMemoryRecords`` to tidy it up.
        """
        given = list(ops)
        puts = _checked(given)
        call = self._loop.write if puts else self._loop.read
        return await call(self._run, given, puts)

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """
        Do what ``abatch`` does, from any thread but that of the manager's loop.

        Raises:
            RuntimeError: This thread runs the manager's loop.
        """
        given = list(ops)
        return self._loop.blocking(self._run, given, _checked(given))

    async def _run(self, ops: list[Op], puts: dict[Labels, dict[str, Put]]) -> list[Result]:
        reads = Reads(self._service)
        results = await reads.run(ops)

        async def write(labels: Labels) -> None:
            await self._service.write(labels, puts[labels])

        await gather(write, puts, most=AT_ONCE)
        return results


def _checked(ops: list[Op]) -> dict[Labels, dict[str, Put]]:
    """Check the operations; return what is written, by namespace and key."""
    puts: dict[Labels, dict[str, Put]] = {}
    for op in ops:
        known = cast("object", op)  # callers without a type checker may not know
        if not isinstance(known, (GetOp, SearchOp, ListNamespacesOp, PutOp)):
            message = (
                f"ops has a {type(op).__name__}; give a GetOp, SearchOp, PutOp or ListNamespacesOp"
            )
            raise InvalidInputError(message)
        validate_op_namespace(op)
        if isinstance(op, PutOp):
            if op.ttl is not None:
                message = (
                    "AgentCoreStore does not support ttl; its items live as long as the memory "
                    "keeps events"
                )
                raise NotImplementedError(message)
            puts.setdefault(tuple(op.namespace), {})[op.key] = (_json(op), op.index)
    return puts


def _json(op: PutOp) -> dict[str, Any] | None:
    """Return the value of a put as JSON that nobody else changes; None for a deletion."""
    if op.value is None:
        return None
    try:
        text = json.dumps(dict(op.value), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        message = f"value is not JSON: {error}; give dicts, lists, str, finite numbers, bool, None"
        raise InvalidInputError(message) from None
    return cast("dict[str, Any]", json.loads(text))
