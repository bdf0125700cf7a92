"""The memory of a run: made, or the one that was named, and what is removed at the end."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from agentcore_memory_async._calls.wait_clock import holding
from agentcore_memory_async.errors import NotFoundError
from agentcore_memory_async.strategies import (
    EpisodicReflection,
    EpisodicStrategy,
    IndexedKey,
    MetadataField,
    SemanticStrategy,
    SummaryStrategy,
    UserPreferenceStrategy,
)
from agentcore_memory_async.verify._asking.desk import ROOT, Target
from agentcore_memory_async.verify._asking.reply import NoAnswerError, Reply
from agentcore_memory_async.verify._asking.timer import Timer
from agentcore_memory_async.verify._asking.watching import watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcore_memory_async.models import Memory
    from agentcore_memory_async.verify._running.connection import Connection
    from agentcore_memory_async.verify._running.state import State

KEY = "verifyRun"
"""Metadata key of a run."""
EXPIRY_DAYS = 7
"""Days after which events of a run are gone, should anything be left."""
_CHANGING = ("CREATING", "UPDATING")
"""States in which a memory cannot be deleted."""


def strategies() -> tuple[
    SemanticStrategy | EpisodicStrategy | SummaryStrategy | UserPreferenceStrategy, ...
]:
    """Return one strategy of each type, all of which file below the run's path."""
    schema = (MetadataField(KEY, extraction_type="STRICTLY_CONSISTENT"),)
    episodes = f"{ROOT}episodes/"
    return (
        SemanticStrategy("facts", f"{ROOT}facts/", record_schema=schema),
        UserPreferenceStrategy("preferences", f"{ROOT}preferences/"),
        SummaryStrategy("summaries", f"{ROOT}summaries/{{sessionId}}/"),
        EpisodicStrategy(
            "episodes", f"{episodes}{{sessionId}}/", reflection=EpisodicReflection(episodes)
        ),
    )


async def create(connection: Connection, state: State) -> Memory:
    """Create the run's memory, and return it as it was answered."""
    return await connection.control.create_memory(
        state.memory_name,
        strategies=strategies(),
        event_expiry_days=EXPIRY_DAYS,
        indexed_keys=(IndexedKey(KEY),),
        description="A run of agentcore_memory_async.verify, which deletes it at its end.",
        client_token=f"verify-{state.run_id}-{'0' * 16}",
        wait=False,
    )


def targets_of(memory: Memory, actor_id: str) -> tuple[Target, ...]:
    """
    Return where strategies file the run's records, one of each type.

    A namespace that does not tell the actor's records from those of others is left out.
    """
    found: dict[str, Target] = {}
    for strategy in memory.strategies:
        path, session, _ = next(iter(strategy.namespaces), "").partition("{sessionId}")
        if session:  # all sessions of the run's actor, by whole segments
            path = path[: path.rfind("/") + 1]
        is_own = "{actorId}" in path
        path = path.replace("{actorId}", actor_id)
        path = path.replace("{memoryStrategyId}", strategy.memory_strategy_id)
        if not is_own or "{" in path or strategy.status not in {None, "ACTIVE"}:
            continue
        keeps = any(
            each.key == KEY and each.extraction_type == "STRICTLY_CONSISTENT"
            for each in strategy.record_schema
        )
        target = Target(strategy.type, strategy.memory_strategy_id, path, keeps)
        found.setdefault(strategy.type, target)
    return tuple(found.values())


def paths_of(targets: tuple[Target, ...], actor_id: str) -> tuple[str, ...]:
    """Return the namespace paths of all records of the run."""
    root = ROOT.replace("{actorId}", actor_id)
    others = {each.namespace for each in targets if not each.namespace.startswith(root)}
    return (root, *sorted(others))


def templates_of(memory: Memory) -> list[str]:
    """Return the namespace templates below which records of the run's actor may be."""
    return [*(each for each in memory.namespaces.values() if "{actorId}" in each), ROOT]


async def remove(connection: Connection, state: State, announce: Callable[[str], None]) -> None:
    """
    Remove what the run made: its memory, or its actor's data in the one that was named.

    Raises:
        AgentCoreMemoryError: It could not be removed.
    """
    if not state.may_be_there:
        return
    if state.named_memory is None:
        await _delete_memories(connection, state, announce)
    else:
        await _forget_actor(connection, state, state.named_memory, announce)
    state.may_be_there = False
    if state.observations:
        state.save()
    else:
        state.remove()


async def _forget_actor(
    connection: Connection, state: State, memory_id: str, announce: Callable[[str], None]
) -> None:
    """Remove the run's actor, and what may still come of it."""
    settle_s = state.settle_s(connection.wall())
    announce(f"removing actor {state.actor_id}")
    memory = await connection.control.get_memory(memory_id)
    async with connection.manager(memory.memory_id) as manager:
        forgetting = manager.forget_actor(
            state.actor_id, namespaces=templates_of(memory), settle=settle_s
        )
        async for step in forgetting:
            if step.phase == "waiting" and step.total:
                announce(f"waiting for what may still come: {step.done} of {step.total} s")
        report = await forgetting
    if report.remaining:
        message = f"{len(report.remaining)} items of actor {state.actor_id} are left"
        raise NoAnswerError(message)


async def _delete_memories(
    connection: Connection, state: State, announce: Callable[[str], None]
) -> None:
    """Delete the run's memory; where a lost answer told nobody its id, it is found by its name."""
    control = connection.control
    memory_ids = [state.memory_id] if state.memory_id else []
    if not memory_ids:
        listed = await control.list_memories(page_size=100)
        ids = [each.memory_id for each in listed]
        memory_ids = [each for each in ids if each.startswith(f"{state.memory_name}-")]
    for memory_id in memory_ids:
        announce(f"deleting memory {memory_id}")
        try:
            await _wait_while_created(connection, memory_id, announce)
            await control.delete_memory(memory_id, wait=False)
        except NotFoundError:
            continue
    state.memory_id = None


async def _wait_while_created(
    connection: Connection, memory_id: str, announce: Callable[[str], None]
) -> None:
    """Wait until a memory can be deleted."""
    timer = Timer(connection.endpoint.clock, inf, announce)

    async def look(_: set[str]) -> tuple[Reply, set[str]]:
        asked_at = timer.now()
        memory = await connection.control.get_memory(memory_id)
        reply = Reply({}, None, asked_at, timer.now(), 1)
        return reply, set() if memory.status in _CHANGING else {"the memory to be active"}

    now = timer.now()
    asked = Reply({}, None, now, now, 0)
    with holding(timer.clock):
        await watch(timer, {"the memory to be active": asked}, look)
