"""Moving a memory: ``export`` and ``import``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from agentcore_memory_async.cli._command import Call, add

if TYPE_CHECKING:
    from typer import Typer


def register(app: Typer) -> None:
    """Add the commands to *app*."""
    add(
        app,
        export,
        examples=(
            "agentcore-memory export chat.jsonl -m chat-a1B2c3D4e5",
            "agentcore-memory export anna.jsonl --actor anna --namespace '/facts/{actorId}/'",
        ),
    )
    add(
        app,
        import_,
        examples=(
            "agentcore-memory import chat.jsonl -m other-a1B2c3D4e5 --dry-run",
            "agentcore-memory import chat.jsonl -m other-a1B2c3D4e5 --map-actor anna=user-17",
            "agentcore-memory export - -m chat-1 | agentcore-memory import - -m other-1",
        ),
    )


async def export(
    call: Call,
    file: Annotated[str, Argument(metavar="FILE", help="File to write; - for stdout.")],
    actor: Annotated[
        list[str] | None,
        Option(metavar="ID", help="Actor to export, repeatable; the whole memory if omitted."),
    ] = None,
    namespace: Annotated[
        list[str] | None,
        Option(
            metavar="TEMPLATE",
            help="With --actor: template of the namespaces of their records, repeatable.",
        ),
    ] = None,
) -> int:
    """
    Write all conversations and records into a file.

    The same command goes on where it was interrupted or killed. Until it is done, the file ends
    with .part. The exit status is 1 if items could not be read; the file says which.
    """
    from agentcore_memory_async.cli._archive.exporting import write_archive

    return await write_archive(call, file, actor or (), namespace or ())


async def import_(
    call: Call,
    file: Annotated[str, Argument(metavar="FILE", help="What export wrote; - for stdin.")],
    map_actor: Annotated[
        list[str] | None,
        Option(
            metavar="OLD=NEW",
            help="New id of an actor, and of its segment in namespaces, repeatable; @FILE for a "
            "file with a line of that each.",
        ),
    ] = None,
    map_namespace: Annotated[
        list[str] | None,
        Option(metavar="OLD=NEW", help="New prefix of namespaces, repeatable; or @FILE."),
    ] = None,
    extract: Annotated[
        bool,
        Option(
            "--extract/--no-extract",
            help="Whether the service extracts records from the messages; the archive has its own.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, Option("--dry-run", help="Check the archive and say what would be written.")
    ] = False,
    yes: Annotated[
        bool, Option("--yes", help="Import into the memory of the export without a question.")
    ] = False,
) -> int:
    """
    Read what export wrote into a memory.

    The whole archive is checked before anything is sent. The same command goes on where it was
    interrupted or killed, and nothing is stored twice.
    """
    from agentcore_memory_async.cli._archive.importing import read_archive

    return await read_archive(
        call,
        file,
        map_actor or (),
        map_namespace or (),
        extract=extract,
        dry_run=dry_run,
        yes=yes,
    )
