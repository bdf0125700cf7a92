"""Erasing what a memory has of a person: ``forget``."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated

from typer import Option

from agentcore_memory_async.cli._command import Call, add
from agentcore_memory_async.cli._commands.conversations import Actor
from agentcore_memory_async.cli._exit_codes import DONE, FAILED, WRONG_USAGE, CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typer import Typer

    from agentcore_memory_async._wire.forgetting import Target
    from agentcore_memory_async.cli._output import Output
    from agentcore_memory_async.manager import AsyncMemorySessionManager
    from agentcore_memory_async.models import ForgettingReport

_SETTLE_S = 180.0
"""Seconds until nothing more is expected, as of ``forget_actor``."""


def register(app: Typer) -> None:
    """Add the commands to *app*."""
    add(
        app,
        forget,
        examples=(
            "agentcore-memory forget user123",
            "agentcore-memory forget user123 --namespace /facts/{actorId}/ --yes --json",
        ),
    )


async def forget(
    call: Call,
    actor: Actor,
    namespace: Annotated[
        list[str] | None,
        Option(
            metavar="TEMPLATE",
            help="Where the actor's records are, such as /facts/{actorId}/; may be repeated. "
            "Without any, those of the memory's strategies.",
        ),
    ] = None,
    settle: Annotated[
        float,
        Option(metavar="S", help="Seconds without anything new until it is over."),
    ] = _SETTLE_S,
    yes: Annotated[bool, Option("--yes", metavar="", help="Delete without a question.")] = False,
) -> int:
    """
    Delete all events and records of an actor.

    It shows what there is, and asks. Stop writing for the actor first. It is safe to interrupt
    and to run again. It exits with 1 if anything remains.
    """
    from agentcore_memory_async._wire.forgetting import actor_targets

    call.output.require_consent(yes=yes)
    templates = namespace or await _templates(call)
    async with call.connection.manager(allow_hierarchical_actor_ids=True) as manager:
        is_path = "/" in actor or await _has_actors_below(manager, actor)
    async with call.connection.manager(allow_hierarchical_actor_ids=is_path) as manager:
        forgetting = manager.forget_actor(actor, namespaces=templates, settle=settle)
        if not yes:
            targets, _ = actor_targets(templates, actor, hierarchical=is_path)
            await _survey(call.output, manager, actor, targets)
        if not call.output.confirm("Delete all of it?", yes=yes):
            call.output.note("nothing was deleted")
            return FAILED
        with call.output.progress("forgetting") as update:
            async for step in forgetting:
                update(step.phase, step.done, step.total)
        report = await forgetting
    _show(call.output, report)
    return FAILED if report.remaining else DONE


async def _templates(call: Call) -> list[str]:
    """Return the templates of the memory's strategies."""
    async with call.connection.control() as control:
        memory = await control.get_memory(call.connection.memory_id)
    found = [
        template.replace("{memoryStrategyId}", strategy.memory_strategy_id)
        for strategy in memory.strategies
        for template in strategy.templates().values()
    ]
    if not found:
        message = (
            "no strategy of the memory writes anywhere; give --namespace TEMPLATE for records of "
            "deleted strategies or of your own, such as /facts/{actorId}/"
        )
        raise CommandError(message, WRONG_USAGE)
    return found


async def _has_actors_below(manager: AsyncMemorySessionManager, actor: str) -> bool:
    """Return whether an id such as ``alice/facts`` is below *actor*: so are its records then."""
    async with aclosing(manager.iter_actors()) as actors:
        async for each in actors:
            if each.actor_id.startswith(f"{actor}/"):
                return True
    return False


async def _survey(
    output: Output, manager: AsyncMemorySessionManager, actor: str, targets: Sequence[Target]
) -> None:
    """Show how much there is of an actor."""
    sessions = events = 0
    with output.progress("looking") as update:
        async for session in manager.iter_actor_sessions(actor):
            sessions += 1
            opened = await manager.create_memory_session(actor, session.session_id, verify=False)
            events += sum(branch.event_count for branch in await opened.list_branches())
            update("looking: events", events, None)
    output.note(f"actor {actor}: {events} event(s) in {sessions} session(s)")
    for target in targets:
        found = manager.iter_long_term_memory_records(target.prefix)
        count = sum([target.holds(record.namespace) async for record in found])
        output.note(f"below {target.prefix}: {count} record(s) of the actor")


def _show(output: Output, report: ForgettingReport) -> None:
    """Show a report."""
    if output.as_json:
        output.details(report, ())
        return
    output.line(f"deleted {report.deleted.events} event(s) and {report.deleted.records} record(s)")
    for left in report.remaining:
        output.line(f"remains: {left.kind} {left.item_id} in {left.place}: {left.reason}")
    for part in report.not_covered:
        output.line(f"not covered: {part.what}: {part.reason}")
    output.line(f"checked until {report.checked_until:%Y-%m-%d %H:%M:%S}Z")
