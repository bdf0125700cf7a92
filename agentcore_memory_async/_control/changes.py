"""Changes of a memory and of its strategies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from agentcore_memory_async._control.core import ControlView, check_wait, id_of, token_of
from agentcore_memory_async._control.waiting import Awaited, MemoryWait
from agentcore_memory_async._wire import control_rules as rules
from agentcore_memory_async._wire import strategy_codec as codec
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.synonyms import merged
from agentcore_memory_async.strategies import StrategyChange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from agentcore_memory_async.models import Memory, MemorySummary
    from agentcore_memory_async.strategies import (
        Configuration,
        EpisodicReflection,
        IndexedKey,
        MetadataField,
        NamespaceKey,
        NewStrategy,
        StreamDelivery,
    )


class ChangeOperations(ControlView):
    """Changes of a memory, each of which makes it ``UPDATING`` for a while."""

    async def update_memory(
        self,
        memory: Memory | MemorySummary | str | None = None,
        *,
        event_expiry_days: int | None = None,
        description: str | None = None,
        memory_execution_role_arn: str | None = None,
        add_strategies: Sequence[NewStrategy] = (),
        modify_strategies: Sequence[StrategyChange] = (),
        delete_strategies: Sequence[str] | None = None,
        add_indexed_keys: Sequence[IndexedKey] = (),
        namespace_keys: Sequence[NamespaceKey] | None = None,
        stream_delivery: Sequence[StreamDelivery] | None = None,
        client_token: str | None = None,
        wait: bool = True,
        timeout: float | timedelta = 300.0,  # noqa: ASYNC109 - waiting is what it is for
        memory_id: str | None = None,
        delete_strategy_ids: Sequence[str] | None = None,
    ) -> Memory:
        """
        Change a memory in one request, and wait until it is active again.

        What is omitted stays as it is.

        Args:
            memory: Memory id or ARN, or a memory.
            event_expiry_days: Days for which events are kept, 3 to 3,650.
            description: Description, 1 to 4,096 characters.
            memory_execution_role_arn: ARN of the role by which custom strategies and streams work.
            add_strategies: New strategies.
            modify_strategies: Changes of strategies.
            delete_strategies: Ids of strategies to delete; their records stay.
            add_indexed_keys: More metadata keys by which records can be filtered; none can ever be
                removed.
            namespace_keys: All variables of its own for namespace templates, which replace the
                present ones; an empty sequence removes them.
            stream_delivery: All streams, which replace the present ones; an empty sequence removes
                them.
            client_token: Calls with the same token make one change; one of its own if omitted.
            wait: Whether to wait until the memory and the strategies of this change are active.
            timeout: Longest time of that wait, in seconds or a timedelta.
            memory_id: The official SDK's name of *memory*.
            delete_strategy_ids: The official SDK's name of *delete_strategies*.

        Returns:
            The memory; with ``wait=False`` as it was answered, mostly ``UPDATING``.

        Raises:
            InvalidInputError: An argument is invalid, or nothing is to be changed.
            NotFoundError: There is no such memory or strategy.
            ValidationError: The service refused it, such as while an earlier change is under way.
            MemoryFailedError: It, or a strategy of this change, is ``FAILED`` now; the error has
                the reason.
            MemoryTimeoutError: It was not active in time.
            OutcomeUnknownError: It may be done; calling again with its token is safe.

        AWS operations: ``UpdateMemory``, and ``GetMemory`` while waiting.
        """
        memory = merged(memory, None, memory_id=memory_id)
        deleted = merged(delete_strategies, None, delete_strategy_ids=delete_strategy_ids)
        strategies = codec.members(
            "",
            [
                (
                    "addMemoryStrategies",
                    "add_strategies",
                    add_strategies or None,
                    codec.encode_strategies,
                ),
                (
                    "modifyMemoryStrategies",
                    "modify_strategies",
                    modify_strategies or None,
                    codec.encode_changes,
                ),
                (
                    "deleteMemoryStrategies",
                    "delete_strategies",
                    deleted or None,
                    _deletions,
                ),
            ],
        )
        role = memory_execution_role_arn
        changed = codec.members(
            "",
            [
                (
                    "eventExpiryDuration",
                    "event_expiry_days",
                    event_expiry_days,
                    rules.EVENT_EXPIRY_DAYS,
                ),
                ("description", "description", description, rules.DESCRIPTION),
                ("memoryExecutionRoleArn", "memory_execution_role_arn", role, rules.ARN),
                (
                    "addIndexedKeys",
                    "add_indexed_keys",
                    add_indexed_keys or None,
                    codec.encode_indexed_keys,
                ),
                ("namespaceKeys", "namespace_keys", namespace_keys, codec.encode_namespace_keys),
                (
                    "streamDeliveryResources",
                    "stream_delivery",
                    stream_delivery,
                    codec.encode_streams,
                ),
            ],
        )
        if strategies:
            changed["memoryStrategies"] = strategies
        if not changed:
            check.refuse("nothing is to be changed; give an argument besides the memory")
        return await self._update(memory, changed, client_token, wait=wait, timeout=timeout)

    async def add_strategy(
        self,
        memory: Memory | MemorySummary | str | None = None,
        strategy: NewStrategy | None = None,
        *,
        client_token: str | None = None,
        wait: bool = True,
        timeout: float | timedelta = 300.0,  # noqa: ASYNC109 - waiting is what it is for
        memory_id: str | None = None,
    ) -> Memory:
        """
        Add a strategy to a memory; it extracts from events that are stored once it is active.

        Args:
            memory: As in ``update_memory``.
            strategy: New strategy.
            client_token: As in ``update_memory``.
            wait: As in ``update_memory``.
            timeout: As in ``update_memory``.
            memory_id: The official SDK's name of *memory*.

        Returns:
            The memory.

        Raises:
            InvalidInputError: An argument is invalid.
            ServiceError: As in ``update_memory``.

        AWS operations: as ``update_memory``.
        """
        memory = merged(memory, None, memory_id=memory_id)
        added = [codec.encode_strategy("strategy", strategy)]
        changed = {"memoryStrategies": {"addMemoryStrategies": added}}
        return await self._update(memory, changed, client_token, wait=wait, timeout=timeout)

    async def modify_strategy(
        self,
        memory: Memory | MemorySummary | str | None = None,
        memory_strategy_id: str | None = None,
        *,
        namespace_template: str | None = None,
        description: str | None = None,
        configuration: Configuration | None = None,
        reflection: EpisodicReflection | None = None,
        record_schema: Sequence[MetadataField] = (),
        record_expiry_days: int | Literal["REMOVE"] | None = None,
        client_token: str | None = None,
        wait: bool = True,
        timeout: float | timedelta = 300.0,  # noqa: ASYNC109 - waiting is what it is for
        memory_id: str | None = None,
        strategy_id: str | None = None,
    ) -> Memory:
        """
        Change a strategy of a memory; what is omitted stays as it is.

        Args:
            memory: As in ``update_memory``.
            memory_strategy_id: Strategy id.
            namespace_template: New template; records stay where they are.
            description: New description.
            configuration: New steps of a custom strategy.
            reflection: New reflection of an episodic strategy; that of a custom one is part of its
                configuration, so it is given without one.
            record_schema: New metadata of records, which replaces the old.
            record_expiry_days: Days after which a record expires, 31 or more; ``"REMOVE"`` for
                never.
            client_token: As in ``update_memory``.
            wait: As in ``update_memory``.
            timeout: As in ``update_memory``.
            memory_id: The official SDK's name of *memory*.
            strategy_id: The official SDK's name of *memory_strategy_id*.

        Returns:
            The memory.

        Raises:
            InvalidInputError: An argument is invalid, or nothing is to be changed.
            ServiceError: As in ``update_memory``.

        AWS operations: as ``update_memory``.
        """
        memory = merged(memory, None, memory_id=memory_id)
        memory_strategy_id = merged(memory_strategy_id, None, strategy_id=strategy_id)
        change = StrategyChange(
            check.check_memory_strategy_id(memory_strategy_id),
            namespace_template=namespace_template,
            description=description,
            configuration=configuration,
            reflection=reflection,
            record_schema=record_schema,
            record_expiry_days=record_expiry_days,
        )
        modified = [codec.encode_change("", change)]
        changed = {"memoryStrategies": {"modifyMemoryStrategies": modified}}
        return await self._update(memory, changed, client_token, wait=wait, timeout=timeout)

    async def delete_strategy(
        self,
        memory: Memory | MemorySummary | str | None = None,
        memory_strategy_id: str | None = None,
        *,
        client_token: str | None = None,
        wait: bool = True,
        timeout: float | timedelta = 300.0,  # noqa: ASYNC109 - waiting is what it is for
        memory_id: str | None = None,
        strategy_id: str | None = None,
    ) -> Memory:
        """
        Delete a strategy of a memory; its records stay.

        Args:
            memory: As in ``update_memory``.
            memory_strategy_id: Strategy id.
            client_token: As in ``update_memory``.
            wait: As in ``update_memory``.
            timeout: As in ``update_memory``.
            memory_id: The official SDK's name of *memory*.
            strategy_id: The official SDK's name of *memory_strategy_id*.

        Returns:
            The memory.

        Raises:
            InvalidInputError: An argument is invalid.
            NotFoundError: There is no such memory or strategy.
            ServiceError: As in ``update_memory``.

        AWS operations: as ``update_memory``.
        """
        memory = merged(memory, None, memory_id=memory_id)
        memory_strategy_id = merged(memory_strategy_id, None, strategy_id=strategy_id)
        deleted = [{"memoryStrategyId": check.check_memory_strategy_id(memory_strategy_id)}]
        changed = {"memoryStrategies": {"deleteMemoryStrategies": deleted}}
        return await self._update(memory, changed, client_token, wait=wait, timeout=timeout)

    async def _update(
        self,
        memory: Memory | MemorySummary | str | None,
        changed: Mapping[str, Any],
        client_token: str | None,
        *,
        wait: bool,
        timeout: float | timedelta,  # noqa: ASYNC109 - checked here
    ) -> Memory:
        timeout_s = check_wait(wait, timeout)
        request = {"memoryId": id_of(memory), **changed, "clientToken": token_of(client_token)}
        answered = await self._core.change("UpdateMemory", request, self._core.read_memory)
        if not wait:
            return answered
        strategies = _named_in(changed.get("memoryStrategies", {}))
        awaited = Awaited(strategies, answered.updated_at)
        return await MemoryWait(self._core, answered.memory_id, timeout_s, awaited)


def _named_in(changes: Mapping[str, Sequence[Mapping[str, Any]]]) -> frozenset[str]:
    """Return the names of strategies that are added, and the ids of those that are changed."""
    added = changes.get("addMemoryStrategies", ())
    changed = (changes.get(f"{kind}MemoryStrategies", ()) for kind in ("modify", "delete"))
    names = [body["name"] for each in added for body in each.values()]
    return frozenset(names + [each["memoryStrategyId"] for one in changed for each in one])


def _deletions(argument: str, value: object) -> list[dict[str, str]]:
    ids = rules.check_items(argument, value, str)
    return [{"memoryStrategyId": check.check_memory_strategy_id(each)} for each in ids]
