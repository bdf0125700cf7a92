"""What ``export`` does."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from agentcore_memory_async._models.base import Model
from agentcore_memory_async.cli._archive.lines import GOING_ON, STANDARD, Header
from agentcore_memory_async.cli._archive.writing import (
    ArchiveWriter,
    begin_writing,
    part_of,
    unreadable_items,
)
from agentcore_memory_async.cli._exit_codes import DONE, FAILED, WRONG_USAGE, CommandError
from agentcore_memory_async.cli._output import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentcore_memory_async.cli._archive.lines import Manifest
    from agentcore_memory_async.cli._command import Call
    from agentcore_memory_async.manager import AsyncMemorySessionManager
    from agentcore_memory_async.models import NotCovered


@frozen
class Exported(Model):
    """
    What ``export`` tells when it is done; the members are those of the manifest.

    Attributes:
        file: Name of the file.
        memory_id: Id of the memory.
        region: Region of the memory.
        conversations: Number of conversations.
        messages: Number of messages and other events in them.
        records: Number of records.
        left_out: Number of items that could not be read.
        not_covered: Templates under which records of the actors cannot be told from others'.
        sha256: Checksum of the archive.
    """

    file: str
    memory_id: str
    region: str
    conversations: int
    messages: int
    records: int
    left_out: int
    not_covered: tuple[NotCovered, ...]
    sha256: str


_EXPORTED: tuple[Column[Exported], ...] = (
    Column("File", lambda done: done.file),
    Column("Memory", lambda done: f"{done.memory_id} ({done.region})"),
    Column("Conversations", lambda done: f"{done.conversations:,}"),
    Column("Messages", lambda done: f"{done.messages:,}"),
    Column("Records", lambda done: f"{done.records:,}"),
    Column("Left out", lambda done: f"{done.left_out:,}"),
    Column("SHA-256", lambda done: done.sha256),
)
"""What is shown of an export that is done."""


async def write_archive(
    call: Call, file: str, actor: Sequence[str], namespace: Sequence[str]
) -> int:
    """
    Write an archive, and return the exit status.

    Args:
        call: Call of the command.
        file: Name of the file, or that of stdout.
        actor: Actors to export; everything if there are none.
        namespace: Templates of the namespaces of their records.

    Raises:
        CommandError: An argument does not go with the others, or the file is in the way.
    """
    if bool(actor) != bool(namespace):
        message = "give --actor and --namespace together, such as --namespace '/facts/{actorId}/'"
        raise CommandError(message, WRONG_USAGE)
    async with call.connection.manager(allow_hierarchical_actor_ids=True) as manager:
        header = Header(
            memory_id=call.connection.memory_id,
            region=manager._client.region,  # noqa: SLF001 - of this package
            endpoint_url=manager._client.endpoint_url,  # noqa: SLF001 - of this package
            actor_ids=tuple(actor) if actor else None,
            namespaces=tuple(namespace) if namespace else None,
            begun_at=datetime.now(UTC),
        )
        if file == STANDARD:
            manifest = await _write(call, manager, begin_writing(sys.stdout.buffer, header))
        else:
            with part_of(Path(file), header) as writer:
                if count := len(writer.archive.sums.lines) - 1:
                    call.output.note(f"going on after {count:,} lines of {file}.part")
                try:
                    manifest = await _write(call, manager, writer)
                except BaseException:
                    call.output.note(f"not everything is in {file}.part; {GOING_ON}")
                    raise
    for each in manifest.not_covered:
        call.output.note(f"not exported: {each.what}: {each.reason}")
    if file != STANDARD:
        done = Exported(
            file=file,
            memory_id=header.memory_id,
            region=header.region,
            conversations=manifest.conversations,
            messages=manifest.messages,
            records=manifest.records,
            left_out=manifest.left_out,
            not_covered=manifest.not_covered,
            sha256=manifest.sha256,
        )
        call.output.details(done, _EXPORTED)
    return FAILED if manifest.left_out else DONE


async def _write(call: Call, manager: AsyncMemorySessionManager, writer: ArchiveWriter) -> Manifest:
    """Write everything that is not there yet, and return the manifest."""
    header, sums = writer.archive.header, writer.archive.sums
    work = manager.export(header.actor_ids, namespaces=header.namespaces, skip=writer.has)
    with unreadable_items() as reasons, call.output.progress("exporting") as update:
        async for item in work:
            _leave_out(writer, reasons)
            writer.write(item)
            text = f"{sums.conversations:,} conversations, {sums.records:,} records"
            update(text, sums.conversations + sums.records, None)
        _leave_out(writer, reasons)
    return writer.finish(await work)


def _leave_out(writer: ArchiveWriter, reasons: list[str]) -> None:
    writer.leave_out(reasons)
    reasons.clear()
