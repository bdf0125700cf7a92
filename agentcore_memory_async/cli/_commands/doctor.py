"""Finding what is wrong with a set-up: ``doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Option

from agentcore_memory_async.cli._command import Call, add
from agentcore_memory_async.cli._exit_codes import DONE, FAILED
from agentcore_memory_async.cli._output import Column

if TYPE_CHECKING:
    from typer import Typer

    from agentcore_memory_async.cli._doctor.findings import Finding

_COLUMNS: tuple[Column[Finding], ...] = (
    Column("CHECK", lambda finding: finding.check, is_id=True),
    Column("OUTCOME", lambda finding: finding.outcome, is_id=True),
    Column("FOUND", lambda finding: finding.found),
)
"""What is shown of a finding; cures have lines of their own, from which they can be copied."""


def register(app: Typer) -> None:
    """Add the commands to *app*."""
    add(
        app,
        doctor,
        examples=(
            'agentcore-memory doctor -m chat-a1B2c3D4e5 --namespace "/facts/{actorId}/"',
            "agentcore-memory doctor --json | jq 'select(.outcome == \"problem\")'",
        ),
    )


async def doctor(
    call: Call,
    namespace: Annotated[
        list[str] | None,
        Option(metavar="TEMPLATE", help="Namespace that a program reads; may be repeated."),
    ] = None,
    actor: Annotated[
        str | None,
        Option(metavar="ID", help="Actor to ask as, where a policy is limited to some."),
    ] = None,
    write: Annotated[
        bool, Option("--write", help="Try the actions that write, too, and remove what that wrote.")
    ] = False,
) -> int:
    """Find what is wrong with packages, settings, the memory and permissions, and the cure."""
    # Not at the top: the other commands need nothing of it.
    from agentcore_memory_async.cli._doctor.diagnosis import diagnose
    from agentcore_memory_async.cli._doctor.findings import has_problem
    from agentcore_memory_async.cli._doctor.seen import Asked

    connection = call.connection
    asked = Asked(
        memory=connection.memory,
        region=connection.region,
        profile=connection.profile,
        endpoint_url=connection.endpoint_url,
        namespaces=tuple(namespace or ()),
        actor_id=actor,
        write=write,
    )
    findings = await diagnose(asked)
    call.output.show(findings, _COLUMNS)
    for finding in findings:
        if finding.cure:
            call.output.line(f"{finding.check}: {finding.cure}")
    return FAILED if has_problem(findings) else DONE
