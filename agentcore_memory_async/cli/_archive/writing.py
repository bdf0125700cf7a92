"""
Archives as they are written.

The file has another name until it is whole. What is in it then survives the process: an export that
was killed goes on after the last line that can be read.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections import Counter
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any, NoReturn

from attrs import define, evolve, field

from agentcore_memory_async._wire.transfer import history_record
from agentcore_memory_async.cli._archive.lines import (
    Archive,
    ArchiveError,
    Header,
    Manifest,
    begin,
    left_out_line,
    read_line,
)
from agentcore_memory_async.cli._exit_codes import FAILED, WRONG_USAGE, CommandError
from agentcore_memory_async.errors import UnreadableItemWarning
from agentcore_memory_async.models import Conversation, MemoryRecord
from agentcore_memory_async.transfer import history_to_json

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path

    from agentcore_memory_async.models import ExportReport, HistoryRecord, SessionSummary

_fcntl: Any = None
with suppress(ImportError):  # not on Windows
    import fcntl

    _fcntl = fcntl


@define
class ArchiveWriter:
    """
    An archive that is being written.

    Attributes:
        file: Where its lines go.
        archive: What is in it so far.
        sessions: Actor and session ids of the conversations that an earlier run has written.
        records: Digests of the records that an earlier run has written, and their numbers.
    """

    file: IO[bytes]
    archive: Archive
    sessions: set[tuple[str, str]] = field(factory=set[tuple[str, str]])
    records: Counter[bytes] = field(factory=Counter[bytes])

    def know(self, item: Conversation | HistoryRecord | None) -> None:
        """Note an item that an earlier run has written."""
        if isinstance(item, Conversation):
            self.sessions.add((item.actor_id, item.session_id))
        elif item is not None:
            self.records[_digest(item)] += 1

    def has(self, found: SessionSummary | MemoryRecord) -> bool:
        """Return whether an earlier run has written it; each record that it has is found once."""
        if not isinstance(found, MemoryRecord):
            return (found.actor_id, found.session_id) in self.sessions
        digest = _digest(history_record(found))
        self.records[digest] -= 1
        return self.records[digest] >= 0

    def write(self, item: Conversation | HistoryRecord) -> None:
        """Write a conversation or a record."""
        self._write(history_to_json(item).encode() + b"\n", item)

    def leave_out(self, reasons: Iterable[str]) -> None:
        """Write what could not be read; what an earlier run wrote of it is not repeated."""
        for reason in reasons:
            if reason not in self.archive.left_out:
                self.archive.left_out.append(reason)
                self._write(left_out_line(reason), None)

    def finish(self, report: ExportReport) -> Manifest:
        """Write the manifest, and return it."""
        manifest = self.archive.sums.manifest(datetime.now(UTC), report.not_covered)
        self.file.write(manifest.to_line())
        self.file.flush()
        return manifest

    def _write(self, line: bytes, item: Conversation | HistoryRecord | None) -> None:
        self.file.write(line)
        self.file.flush()
        self.archive.sums.add(line, item)


def begin_writing(file: IO[bytes], header: Header) -> ArchiveWriter:
    """Write the first line of an archive to *file*, and return what writes the others."""
    line = header.to_line()
    file.write(line)
    file.flush()
    return ArchiveWriter(file, begin(line))


@contextmanager
def part_of(path: Path, header: Header) -> Generator[ArchiveWriter]:
    """
    Write *path* under another name, which it loses after the block if the archive is whole then.

    What an earlier run has written stays.

    Raises:
        CommandError: *path* is there already, an earlier run exported something else, or another
            one is under way.
        OSError: The file can't be written.
    """
    _check_free(path)
    part = path.with_name(f"{path.name}.part")
    with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        _lock(file, part)
        _check_free(path)  # another export may just have ended
        writer = _resume(file, part, header)
        yield writer
        os.fsync(file.fileno())
        if _fcntl is not None:
            part.replace(path)  # while it is locked: nobody goes on with what is whole
    if _fcntl is None:
        part.replace(path)  # Windows renames no open file


def _check_free(path: Path) -> None:
    if path.exists():
        _refuse(f"{path} exists; give another name, or remove it")


def _lock(file: IO[bytes], part: Path) -> None:
    if _fcntl is None:
        return
    try:
        _fcntl.flock(file, _fcntl.LOCK_EX | _fcntl.LOCK_NB)
    except BlockingIOError:
        message = f"another export is writing {part}; wait for it, or give another name"
        raise CommandError(message, FAILED) from None


def _resume(file: IO[bytes], part: Path, header: Header) -> ArchiveWriter:
    """Return what writes the lines after those that are in *file*; the torn last one goes."""
    first = file.readline()
    if not first.endswith(b"\n"):
        if first and not header.to_line().startswith(first[:8]):
            _refuse(f"{part} is in the way, and not of an export; give another name, or remove it")
        file.seek(0)
        file.truncate()
        return begin_writing(file, header)
    try:
        archive = begin(first)
    except ArchiveError:
        archive = None
    if archive is None or not archive.header.is_same_export(header):
        _refuse(f"{part} is of another export; give another name, or remove it")
    writer = ArchiveWriter(file, archive)
    end = len(first)
    with suppress(ArchiveError):  # torn, or the manifest of a run that was killed before its end
        for number, line in enumerate(file, 2):
            writer.know(read_line(archive, line, number))
            end += len(line)
    file.seek(end)
    file.truncate()
    return writer


@contextmanager
def unreadable_items() -> Generator[list[str]]:
    """Yield a list into which the reasons come why items could not be read, as they are told."""
    reasons: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always", UnreadableItemWarning)
        tell = warnings.showwarning

        def note(message: Warning | str, category: type[Warning], *more: Any, **named: Any) -> None:
            if issubclass(category, UnreadableItemWarning):
                reasons.append(str(message))
            tell(message, category, *more, **named)

        warnings.showwarning = note
        yield reasons


def _digest(record: HistoryRecord) -> bytes:
    """Return a digest of what a list shows of a record, which is all but its expiry."""
    data = json.loads(history_to_json(evolve(record, expires_at=None)))
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).digest()


def _refuse(message: str) -> NoReturn:
    raise CommandError(message, WRONG_USAGE)
