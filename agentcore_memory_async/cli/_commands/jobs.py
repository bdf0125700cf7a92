"""Extraction jobs that failed: ``jobs``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Option

from agentcore_memory_async.cli._command import Call, add
from agentcore_memory_async.cli._exit_codes import DONE, FAILED
from agentcore_memory_async.cli._output import Column

if TYPE_CHECKING:
    from typer import Typer

    from agentcore_memory_async.models import ExtractionJob

_JOB: tuple[Column[ExtractionJob], ...] = (
    Column("JOB", lambda job: job.job_id, is_id=True),
    Column("STRATEGY", lambda job: job.memory_strategy_id),
    Column("ACTOR", lambda job: job.actor_id),
    Column("SESSION", lambda job: job.session_id),
    Column("REASON", lambda job: job.reason),
    Column("EVENTS", lambda job: len(job.event_ids)),
)
"""What is shown of a job."""


def register(app: Typer) -> None:
    """Add the commands to *app*."""
    add(
        app,
        jobs,
        examples=(
            "agentcore-memory jobs",
            "agentcore-memory jobs --actor user123 --restart",
        ),
    )


async def jobs(
    call: Call,
    actor: Annotated[str | None, Option(metavar="ID", help="Only jobs of this actor.")] = None,
    session: Annotated[str | None, Option(metavar="ID", help="Only those of this session.")] = None,
    strategy: Annotated[
        str | None, Option(metavar="ID", help="Only those of the strategy of this id.")
    ] = None,
    restart: Annotated[
        bool,
        Option("--restart", metavar="", help="Start them again, and list those that were started."),
    ] = False,
) -> int:
    """List the extraction jobs that failed: why events gave no records."""
    from agentcore_memory_async.errors import NotFoundError

    empty = "no extraction job failed"
    async with call.connection.manager(allow_hierarchical_actor_ids=True) as manager:
        found = manager.iter_memory_extraction_jobs(
            actor_id=actor, session_id=session, memory_strategy_id=strategy
        )
        if not restart:
            await call.output.stream(found, _JOB, empty)
            return DONE
        failed = [job async for job in found]  # all of them first: a started one leaves the list
        started: list[ExtractionJob] = []
        with call.output.progress("starting") as update:
            for done, job in enumerate(failed, 1):
                try:
                    await manager.start_memory_extraction_job(job.job_id)
                except NotFoundError:  # somebody else has started it
                    call.output.note(f"job {job.job_id} is not there any more")
                else:
                    started.append(job)
                update("starting", done, len(failed))
        call.output.show(started, _JOB, empty)
        return DONE if len(started) == len(failed) else FAILED
