"""
The lines of an archive: pure.

The first names the memory, so that the local service starts with an archive as with any other
seed. Then comes one of ``history_to_json`` for each conversation and record, with those between
that say what could not be read. The last is the manifest: what there is to be, and the checksums.
So a file that was cut off anywhere lacks it, and an export that was killed goes on after its last
whole line. The checksum of each line is cut to 16 digits: it says which line was changed, and that
of all lines proves that none was.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from attrs import define, evolve, field, frozen

from agentcore_memory_async._version import __version__
from agentcore_memory_async._wire.validation import short_memory_id
from agentcore_memory_async.cli._exit_codes import WRONG_USAGE, CommandError
from agentcore_memory_async.errors import InvalidInputError
from agentcore_memory_async.models import Conversation, NotCovered
from agentcore_memory_async.transfer import history_from_json

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from agentcore_memory_async.models import HistoryRecord

    Item = Conversation | HistoryRecord

FORMAT = 1
"""Version of the format of archives."""
STANDARD = "-"
"""File that stands for stdin or stdout."""
GOING_ON = "the same command goes on from here"
"""What can be done after an interruption."""
_HEADER, _LEFT_OUT, _MANIFEST = b'{"memory": ', b'{"left_out": ', b'{"manifest": '
"""How the lines begin that are no conversation or record."""
_DIGITS = 16
"""Digits of the checksum of one line."""


class ArchiveError(CommandError):
    """
    A file is no archive, or not as it was written; nothing was sent.

    Args:
        line: Number of the line, from 1.
        reason: What is wrong with it, and what to do next.
    """

    def __init__(self, line: int, reason: object) -> None:
        super().__init__(f"line {line:,}: {reason}", WRONG_USAGE)
        self.line = line


@frozen
class Header:
    """
    The first line of an archive: what it is an export of.

    Attributes:
        memory_id: Id of the memory.
        region: Region of the memory.
        endpoint_url: Where the service is.
        actor_ids: Actors that were exported; None for the whole memory.
        namespaces: Templates of the namespaces of their records; None for all of the memory.
        begun_at: When the export began, UTC.
        version: Version of the package that wrote it.
    """

    memory_id: str
    region: str
    endpoint_url: str
    actor_ids: tuple[str, ...] | None
    namespaces: tuple[str, ...] | None
    begun_at: datetime
    version: str = __version__

    def to_line(self) -> bytes:
        """Return the line."""
        said = {
            "format": FORMAT,
            "region": self.region,
            "endpoint_url": self.endpoint_url,
            "actor_ids": self.actor_ids,
            "namespaces": self.namespaces,
            "begun_at": self.begun_at.isoformat(),
            "version": self.version,
        }
        return _line({"memory": {"id": short_memory_id(self.memory_id)}, "archive": said})

    def is_same_export(self, other: Header) -> bool:
        """Return whether both are of the same data, whenever, and by whichever way and version."""
        mine = evolve(self, memory_id=short_memory_id(self.memory_id))
        return mine == evolve(
            other,
            memory_id=short_memory_id(other.memory_id),
            endpoint_url=self.endpoint_url,
            begun_at=self.begun_at,
            version=self.version,
        )


@frozen
class Manifest:
    """
    The last line of an archive: what is in it.

    Attributes:
        conversations: Number of conversations.
        messages: Number of messages and other events in them.
        records: Number of records.
        left_out: Number of items that could not be read.
        not_covered: Templates under which records of the actors cannot be told from others'.
        finished_at: When the export ended, UTC.
        lines: Beginning of the SHA-256 of each line before.
        lines_sha256: SHA-256 of all lines before.
        sha256: SHA-256 of the manifest without this member, and so of the whole archive.
    """

    conversations: int
    messages: int
    records: int
    left_out: int
    not_covered: tuple[NotCovered, ...]
    finished_at: datetime
    lines: tuple[str, ...] = field(repr=False)
    lines_sha256: str
    sha256: str = ""

    def to_line(self) -> bytes:
        """Return the line."""
        return _line({"manifest": {**self._members(), "sha256": self.sha256}})

    def _members(self) -> dict[str, Any]:
        return {
            "conversations": self.conversations,
            "messages": self.messages,
            "records": self.records,
            "left_out": self.left_out,
            "not_covered": [each.to_dict() for each in self.not_covered],
            "finished_at": self.finished_at.isoformat(),
            "lines": self.lines,
            "lines_sha256": self.lines_sha256,
        }

    def signed(self) -> Manifest:
        """Return it with its checksum."""
        return evolve(self, sha256=hashlib.sha256(_line(self._members())).hexdigest())


@define
class Sums:
    """
    Counts and checksums of the lines so far.

    Attributes:
        conversations: Number of conversations.
        messages: Number of messages and other events in them.
        records: Number of records.
        left_out: Number of items that could not be read.
        lines: Beginning of the checksum of each line.
    """

    conversations: int = 0
    messages: int = 0
    records: int = 0
    left_out: int = 0
    lines: list[str] = field(factory=list[str])
    _whole: Any = field(factory=hashlib.sha256)

    def add(self, line: bytes, item: Item | None) -> None:
        """Count a line; *item* is the conversation or record of it, if it is one."""
        self.lines.append(hashlib.sha256(line).hexdigest()[:_DIGITS])
        self._whole.update(line)
        if isinstance(item, Conversation):
            self.conversations += 1
            self.messages += len(item.messages)
        elif item is not None:
            self.records += 1
        elif line.startswith(_LEFT_OUT):
            self.left_out += 1

    def manifest(self, finished_at: datetime, not_covered: Sequence[NotCovered]) -> Manifest:
        """Return the manifest for the lines so far."""
        made = Manifest(
            conversations=self.conversations,
            messages=self.messages,
            records=self.records,
            left_out=self.left_out,
            not_covered=tuple(not_covered),
            finished_at=finished_at,
            lines=tuple(self.lines),
            lines_sha256=self._whole.hexdigest(),
        )
        return made.signed()


@define
class Archive:
    """
    What an archive says of itself, filled in as its lines are read.

    Attributes:
        header: Its first line.
        manifest: Its last line; None until that is read, and checked.
        left_out: What could not be read, each with the reason.
        sums: Counts and checksums of the lines so far.
    """

    header: Header
    manifest: Manifest | None = None
    left_out: list[str] = field(factory=list[str])
    sums: Sums = field(factory=Sums)


def left_out_line(reason: str) -> bytes:
    """Return the line that says what could not be read, and why."""
    return _line({"left_out": reason})


def begin(line: bytes) -> Archive:
    """
    Return the archive that a first line begins.

    Raises:
        ArchiveError: The line begins none, or one of another format.
    """
    if not line:
        raise ArchiveError(1, "the file is empty; give one that `export` wrote")
    archive = Archive(_read_header(line))
    archive.sums.add(line, None)
    return archive


def read_lines(archive: Archive, lines: Iterable[bytes]) -> Generator[tuple[int, Item]]:
    """
    Yield number and content of each conversation and record of the *lines* after the first one.

    Once it has ended without an error, the manifest was there, and every line is as it was written.

    Raises:
        ArchiveError: While iterating: a line is missing, was changed, or cannot be read.
    """
    number, ended = 1, 0
    for number, line in enumerate(lines, 2):
        if ended:
            raise ArchiveError(number, "it comes after the manifest; restore the file as it was")
        if line.startswith(_MANIFEST):
            _check_manifest(archive, line, number)
            ended = number
            continue
        item = read_line(archive, line, number)
        if item is not None:
            yield number, item
    if not ended:
        raise ArchiveError(
            number,
            "the file ends here without the manifest: it was cut off, or its export has not ended; "
            "copy it again, or run that export again",
        )


def read_line(archive: Archive, line: bytes, number: int) -> Item | None:
    """
    Count a line between the first one and the manifest, and return the item in it, if it is one.

    Raises:
        ArchiveError: The line cannot be read.
    """
    if not line.endswith(b"\n"):
        raise ArchiveError(number, "it was cut off; copy the file again, or run the export again")
    item: Item | None = None
    try:
        if line.startswith(_LEFT_OUT):
            archive.left_out.append(_text(json.loads(line).get("left_out")))
        else:
            item = history_from_json(line)
    except (InvalidInputError, ValueError, RecursionError) as error:
        text = error if isinstance(error, InvalidInputError) else "it is no line of an archive"
        raise ArchiveError(number, f"{text}; restore the file as it was") from None
    archive.sums.add(line, item)
    return item


def _check_manifest(archive: Archive, line: bytes, number: int) -> None:
    """Read the manifest, and check that it is that of the lines before."""
    try:
        manifest = _read_manifest(line)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        text = "the manifest cannot be read; restore the file as it was"
        raise ArchiveError(number, text) from None
    if line != manifest.signed().to_line():
        text = "the manifest is not as it was written; restore the file as it was"
        raise ArchiveError(number, text)
    sums, said = archive.sums, manifest.lines
    for place, (found, wanted) in enumerate(zip(sums.lines, said, strict=False), 1):
        if found != wanted:
            text = "it is not as it was written (its checksum differs); restore the file as it was"
            raise ArchiveError(place, text)
    if manifest != sums.manifest(manifest.finished_at, manifest.not_covered):
        text = f"the manifest is of {len(said):,} other lines; restore the file as it was"
        raise ArchiveError(number, text)
    archive.manifest = manifest


def _read_manifest(line: bytes) -> Manifest:
    data: dict[str, Any] = json.loads(line)["manifest"]
    return Manifest(
        conversations=data["conversations"],
        messages=data["messages"],
        records=data["records"],
        left_out=data["left_out"],
        not_covered=tuple(NotCovered(each["what"], each["reason"]) for each in data["not_covered"]),
        finished_at=datetime.fromisoformat(data["finished_at"]),
        lines=tuple(data["lines"]),
        lines_sha256=data["lines_sha256"],
        sha256=data["sha256"],
    )


def _read_header(line: bytes) -> Header:
    try:
        data: Any = json.loads(line) if line.startswith(_HEADER) and line.endswith(b"\n") else {}
        said, memory_id = data.get("archive", {}), data.get("memory", {}).get("id")
        if (found := said.get("format")) not in (None, FORMAT):
            version = _text(said.get("version"))[:20]
            text = (
                f"the archive is of format {str(found)[:20]}, and this version reads {FORMAT}; "
                f"import it with agentcore-memory-async {version}"
            )
            raise ArchiveError(1, text)
        return Header(
            memory_id=_text(memory_id),
            region=_text(said["region"]),
            endpoint_url=_text(said["endpoint_url"]),
            actor_ids=_texts(said["actor_ids"]),
            namespaces=_texts(said["namespaces"]),
            begun_at=datetime.fromisoformat(said["begun_at"]),
            version=_text(said["version"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ArchiveError(1, "it begins no archive; give a file that `export` wrote") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = "it is no text"
        raise TypeError(message)
    return value


def _texts(value: object) -> tuple[str, ...] | None:
    return None if value is None else tuple(map(_text, cast("list[object]", value)))


def _line(data: dict[str, Any]) -> bytes:
    return json.dumps(data).encode() + b"\n"
