"""What ``import`` does."""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from attrs import frozen

from agentcore_memory_async._models.base import Model
from agentcore_memory_async._threads import run_in_thread
from agentcore_memory_async._wire.validation import short_memory_id
from agentcore_memory_async.cli._archive.journal import Journal
from agentcore_memory_async.cli._archive.lines import GOING_ON, STANDARD
from agentcore_memory_async.cli._archive.mapping import read_renaming
from agentcore_memory_async.cli._archive.reading import Plan, plan_import, read_items
from agentcore_memory_async.cli._exit_codes import DONE, FAILED
from agentcore_memory_async.cli._output import Column

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from datetime import datetime

    from agentcore_memory_async.cli._command import Call
    from agentcore_memory_async.manager import AsyncMemorySessionManager
    from agentcore_memory_async.models import Conversation, HistoryRecord, ImportProgress

EVENTS_PER_SECOND = 5
"""Events of one session that the service takes in a second."""


@frozen
class Renamed(Model):
    """
    What ``import --dry-run`` tells of an actor or a namespace.

    Attributes:
        kind: ``actor`` or ``namespace``.
        old: Actor id or namespace in the archive.
        new: What it becomes.
        items: Number of its conversations or records.
    """

    kind: str
    old: str
    new: str
    items: int


@frozen
class Imported(Model):
    """
    What ``import`` tells when it is done, or would write.

    Attributes:
        file: Name of the file.
        memory_id: Id of the memory; None where a dry run was given none.
        source_memory_id: Id of the memory that was exported.
        source_region: Region of that memory.
        exported_at: When the export ended, UTC.
        conversations: Number of conversations.
        messages: Number of messages and other events in them.
        records: Number of records.
        left_out: Number of items that the export could not read.
        extract: Whether the service extracts records from the messages.
        least_seconds: Seconds that storing the longest conversation takes at least.
        names: Actors and namespaces; of a dry run only.
    """

    file: str
    memory_id: str | None
    source_memory_id: str
    source_region: str
    exported_at: datetime
    conversations: int
    messages: int
    records: int
    left_out: int
    extract: bool
    least_seconds: int
    names: tuple[Renamed, ...] = ()


_IMPORTED: tuple[Column[Imported], ...] = (
    Column("File", lambda done: done.file),
    Column("From", lambda done: f"{done.source_memory_id} ({done.source_region})"),
    Column("Exported", lambda done: done.exported_at),
    Column("Into", lambda done: done.memory_id or "(no memory was given)"),
    Column("Conversations", lambda done: f"{done.conversations:,}"),
    Column("Messages", lambda done: f"{done.messages:,}"),
    Column("Records", lambda done: f"{done.records:,}"),
    Column("Left out", lambda done: f"{done.left_out:,}"),
    Column("Extraction", lambda done: "of all messages" if done.extract else "none"),
)
"""What is shown of an import that is done."""
_PLANNED: tuple[Column[Imported], ...] = (
    *_IMPORTED,
    Column("Takes at least", lambda done: f"{done.least_seconds:,} s"),
)
"""What is shown of an import that would be done."""
_RENAMED: tuple[Column[Renamed], ...] = (
    Column("KIND", lambda name: name.kind),
    Column("OLD", lambda name: name.old, is_id=True),
    Column("NEW", lambda name: name.new, is_id=True),
    Column("ITEMS", lambda name: name.items),
)
"""What is shown of names in a dry run."""


async def read_archive(
    call: Call,
    file: str,
    map_actor: Sequence[str],
    map_namespace: Sequence[str],
    *,
    extract: bool,
    dry_run: bool,
    yes: bool,
) -> int:
    """
    Import an archive, and return the exit status.

    Args:
        call: Call of the command.
        file: Name of the file, or that of stdin.
        map_actor: New ids of actors, as options.
        map_namespace: New prefixes of namespaces, as options.
        extract: Whether the service extracts records from the messages.
        dry_run: Whether to say what would be written, and write nothing.
        yes: Whether to import into the memory of the export without a question.

    Raises:
        CommandError: The archive is not as it was written, or an option does not go with it.
    """
    renaming = read_renaming(map_actor, map_namespace)
    target = call.connection.memory if dry_run else call.connection.memory_id
    with _opened(file) as archive:
        plan = await run_in_thread(plan_import, archive, renaming)
        for reason in plan.archive.left_out:
            call.output.note(f"not in the archive: {reason}")
        if not dry_run:
            async with call.connection.manager(allow_hierarchical_actor_ids=True) as manager:
                if not _agrees(call, manager, plan, yes=yes):
                    call.output.note("nothing was stored")
                    return FAILED
                journal = None
                if file != STANDARD:
                    journal = Journal.of(
                        Path(file),
                        {
                            "archive": plan.manifest.sha256,
                            "into": _place(call, manager),
                            "extract": extract,
                            "actors": dict(renaming.actors),
                            "namespaces": dict(renaming.namespaces),
                        },
                    )
                await _store(call, manager, plan, read_items(archive, renaming), journal, extract)
    done = _summary(file, target, plan, extract=extract, with_names=dry_run)
    call.output.details(done, _PLANNED if dry_run else _IMPORTED)
    if dry_run:
        call.output.note("this was a dry run: nothing was sent")
    renamed = [name for name in done.names if name.old != name.new]
    if renamed and not call.output.as_json:
        call.output.show(renamed, _RENAMED)
    return DONE


def _place(call: Call, manager: AsyncMemorySessionManager) -> list[str]:
    """Return which memory it is, and where."""
    client = manager._client  # noqa: SLF001 - of this package
    return [short_memory_id(call.connection.memory_id), client.region, client.endpoint_url]


def _agrees(call: Call, manager: AsyncMemorySessionManager, plan: Plan, *, yes: bool) -> bool:
    """Return whether somebody agrees, where what is stored may then be there twice."""
    header = plan.archive.header
    if _place(call, manager) != [header.memory_id, header.region, header.endpoint_url]:
        return True
    return call.output.confirm(
        "This memory was exported: what is still in it will be there twice. Import into it?",
        yes=yes,
    )


async def _store(
    call: Call,
    manager: AsyncMemorySessionManager,
    plan: Plan,
    items: Generator[Conversation | HistoryRecord],
    journal: Journal | None,
    extract: bool,
) -> None:
    """Store what is not stored yet."""
    stored = set[int]()
    if journal:
        stored = await _stored_before(call, manager, plan, journal)
        journal.open()
    work = manager.import_conversations(items, extract=extract, stored=stored)
    try:
        with call.output.progress("importing") as update:
            async for progress in work:
                if journal:
                    journal.note(progress.places)
                update(_text(progress), progress.messages, plan.manifest.messages)
    except BaseException:
        call.output.note(f"not everything is stored; {GOING_ON}")
        raise
    finally:
        if journal:
            journal.close()
    if journal:
        journal.remove()


async def _stored_before(
    call: Call, manager: AsyncMemorySessionManager, plan: Plan, journal: Journal
) -> set[int]:
    """Return the places of the items that an earlier run has stored, if they are there still."""
    stored = journal.read()
    known = stored & plan.sessions.keys()
    if known:
        actor_id, session_id = plan.sessions[max(known)]
        session = await manager.create_memory_session(actor_id, session_id, verify=False)
        if not await session.list_events(include_payloads=False, max_results=1):
            call.output.note(
                f"what {journal.path.name} says is stored is not in the memory; everything is sent "
                "again"
            )
            journal.remove()
            return set()
    if stored:
        call.output.note(f"going on: {len(stored):,} of {plan.items:,} items are stored")
    return stored


def _text(progress: ImportProgress) -> str:
    return (
        f"{progress.conversations:,} conversations, {progress.records:,} records, "
        f"{progress.per_second:,.0f} messages/s"
    )


def _summary(
    file: str, target: str | None, plan: Plan, *, extract: bool, with_names: bool
) -> Imported:
    header, manifest = plan.archive.header, plan.manifest
    names = [
        *(Renamed("actor", *pair, count) for pair, count in sorted(plan.actors.items())),
        *(Renamed("namespace", *pair, count) for pair, count in sorted(plan.namespaces.items())),
    ]
    return Imported(
        file=file,
        memory_id=target,
        source_memory_id=header.memory_id,
        source_region=header.region,
        exported_at=manifest.finished_at,
        conversations=manifest.conversations,
        messages=manifest.messages,
        records=manifest.records,
        left_out=manifest.left_out,
        extract=extract,
        least_seconds=plan.longest // EVENTS_PER_SECOND,
        names=tuple(names) if with_names else (),
    )


@contextmanager
def _opened(name: str) -> Generator[IO[bytes]]:
    """Open an archive; what comes from stdin is kept in a file, since it is checked first."""
    if name != STANDARD:
        with Path(name).open("rb") as file:
            yield file
        return
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        yield file
