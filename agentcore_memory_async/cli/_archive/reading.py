"""Archives as they are read: checked whole, and only then imported."""

from __future__ import annotations

from collections import Counter
from typing import IO, TYPE_CHECKING

from attrs import define, field

from agentcore_memory_async._wire.transfer import check_importable
from agentcore_memory_async.cli._archive.lines import Archive, ArchiveError, begin, read_lines
from agentcore_memory_async.errors import InvalidInputError
from agentcore_memory_async.models import Conversation

if TYPE_CHECKING:
    from collections.abc import Generator

    from agentcore_memory_async.cli._archive.lines import Manifest
    from agentcore_memory_async.cli._archive.mapping import Renaming
    from agentcore_memory_async.models import HistoryRecord


@define
class Plan:
    """
    What an archive has, and what an import of it would write.

    Attributes:
        archive: What it says of itself.
        actors: Number of conversations by old and new actor id.
        namespaces: Number of records by old and new namespace.
        sessions: Actor and session id of each conversation, as they are to be, by its place among
            the items.
        longest: Most messages of one conversation.
        items: Number of conversations and records.
    """

    archive: Archive
    actors: Counter[tuple[str, str]] = field(factory=Counter[tuple[str, str]])
    namespaces: Counter[tuple[str, str]] = field(factory=Counter[tuple[str, str]])
    sessions: dict[int, tuple[str, str]] = field(factory=dict[int, "tuple[str, str]"])
    longest: int = 0
    items: int = 0
    _lines: dict[tuple[str, str], int] = field(factory=dict["tuple[str, str]", int])

    @property
    def manifest(self) -> Manifest:
        """
        The manifest of the archive.

        Raises:
            ValueError: While reading it: the archive has not been read to its end.
        """
        if self.archive.manifest is None:
            message = "the archive has not been read to its end"
            raise ValueError(message)
        return self.archive.manifest

    def add(self, number: int, item: Conversation | HistoryRecord, renaming: Renaming) -> None:
        """
        Add the item of a line.

        Raises:
            ArchiveError: It cannot be imported.
        """
        try:
            new = renaming.item(item)
            check_importable(new)
        except InvalidInputError as error:
            raise ArchiveError(number, error) from None
        if isinstance(item, Conversation) and isinstance(new, Conversation):
            session = new.actor_id, new.session_id
            if (first := self._lines.setdefault(session, number)) != number:
                text = (
                    f"session {new.session_id} of {new.actor_id} would have the conversation of "
                    f"line {first:,}, too; map the actors to different ones"
                )
                raise ArchiveError(number, text)
            self.sessions[self.items] = session
            self.actors[item.actor_id, new.actor_id] += 1
            self.longest = max(self.longest, len(item.messages))
        elif not isinstance(item, Conversation) and not isinstance(new, Conversation):
            self.namespaces[item.namespace, new.namespace] += 1
        self.items += 1


def plan_import(file: IO[bytes], renaming: Renaming) -> Plan:
    """
    Check an archive to its end, and return what an import of it would write.

    Raises:
        ArchiveError: A line is missing, was changed, or cannot be imported.
        CommandError: A name that is to be mapped does not occur.
    """
    file.seek(0)
    plan = Plan(begin(file.readline()))
    for number, item in read_lines(plan.archive, file):
        plan.add(number, item, renaming)
    renaming.check_used()
    return plan


def read_items(file: IO[bytes], renaming: Renaming) -> Generator[Conversation | HistoryRecord]:
    """
    Yield the conversations and records of an archive under their new names, in their order.

    Raises:
        ArchiveError: While iterating: the archive has changed since it was checked.
    """
    file.seek(0)
    archive = begin(file.readline())
    for _, item in read_lines(archive, file):
        yield renaming.item(item)
