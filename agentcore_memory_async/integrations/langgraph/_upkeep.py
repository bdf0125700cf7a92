"""Threads as a whole: copied, and rid of what is no longer wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve

from agentcore_memory_async.errors import InvalidInputError
from agentcore_memory_async.integrations.langgraph._history import History
from agentcore_memory_async.integrations.langgraph._records import (
    CheckpointKey,
    CheckpointRecord,
    Record,
    Sealed,
    Version,
    WritesRecord,
)
from agentcore_memory_async.integrations.langgraph._threads import Replacement, StoredDocument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from agentcore_memory_async.integrations.langgraph._threads import Threads

STRATEGIES = ("keep_latest", "delete")
"""Strategies of pruning."""
COPIED = 500_000
"""Characters of records from which on a copy goes on with the next document."""
COPIED_RECORDS = 20
"""Records of a copied document, so that the newest checkpoint is read with few others."""

DELTA_COUNTERS = "counters_since_delta_snapshot"
"""Metadata that names the delta channels whose value the checkpoint does not have."""


class Upkeep:
    """
    Copies and prunes threads.

    Args:
        threads: The threads.
        load: Returns the value that a serializer wrote.
    """

    def __init__(self, threads: Threads, load: Callable[[Sealed], Any]) -> None:
        self._threads = threads
        self._load = load

    async def copy_thread(self, source: str, target: str) -> None:
        """Copy all records of a thread, oldest first."""
        stored = await self._threads.read_all(source)
        for records in in_parts([record for each in stored for record in each.records]):
            await self._threads.write_records(target, records)

    async def prune(self, thread_ids: Sequence[str], strategy: str) -> None:
        """Delete old checkpoints of threads, or all of them."""
        if strategy not in STRATEGIES:
            message = f"strategy is {strategy!r}; give one of {', '.join(STRATEGIES)}"
            raise InvalidInputError(message)
        for thread_id in thread_ids:
            if strategy == "delete":
                await self._threads.delete(thread_id)
            else:
                await self._threads.replace(thread_id, self._all_but_latest)

    async def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete the checkpoints of runs in all threads."""
        wanted = set(run_ids)

        def of_other_runs(stored: list[StoredDocument]) -> list[Replacement]:
            history = whole(stored)
            gone = {
                key
                for key, record in history.checkpoints.items()
                if self._load(record.metadata).get("run_id") in wanted
            }
            return replacements(stored, history, gone)

        for thread_id in await self._threads.thread_ids():
            await self._threads.replace(thread_id, of_other_runs)

    def _all_but_latest(self, stored: list[StoredDocument]) -> list[Replacement]:
        """Return what leaves the newest checkpoint of each namespace."""
        history = whole(stored)
        kept = set[CheckpointKey]()
        for namespace in {key[0] for key in history.checkpoints}:
            kept.update(self._needed(history, namespace))
        seen = {record.key for each in stored for record in each.records}
        return replacements(stored, history, seen - kept)

    def _needed(self, history: History, namespace: str) -> Iterator[CheckpointKey]:
        """Yield the newest checkpoint, and the ancestors that its delta channels are made from."""
        id_ = history.newest(namespace)
        left: set[str] | None = None
        while id_:
            found = history.find((namespace, id_))
            if found is None:
                return
            yield found.record.key
            if left is None:
                left = set(self._load(found.record.metadata).get(DELTA_COUNTERS) or ())
            left -= found.values.keys()
            if not left:
                return
            id_ = found.record.parent


def whole(stored: Iterable[StoredDocument]) -> History:
    """Return the history of a thread of which all was read, oldest first."""
    history = History()
    for each in reversed(list(stored)):
        for record in reversed(each.records):
            history.add(record)
    history.is_whole = True
    return history


def replacements(
    stored: Sequence[StoredDocument], history: History, gone: set[CheckpointKey]
) -> list[Replacement]:
    """
    Return what is to be written and deleted, so that checkpoints are gone and all else is whole.

    A value that one of those has, and that a later checkpoint needs, moves to the latter.
    """
    available = set[tuple[str, str, Version]]()
    result: list[Replacement] = []
    for each in stored:
        left: list[Record] = []
        for record in each.records:
            if record.key in gone:
                continue
            kept = record
            if isinstance(record, CheckpointRecord):
                kept = with_values(record, history, available)
                available.update(
                    (record.key[0], channel, version)
                    for channel, (version, _) in kept.values.items()
                )
            left.append(kept)
        if left != each.records:
            result.append(Replacement(each, left))
    return result


def with_values(
    record: CheckpointRecord, history: History, available: set[tuple[str, str, Version]]
) -> CheckpointRecord:
    """Return a checkpoint with those values that no other one has any more."""
    namespace = record.key[0]
    moved: dict[str, tuple[Version, Sealed]] = {}
    for channel, version in record.held.items():
        value = history.value(namespace, channel, version)
        if value is not None and (namespace, channel, version) not in available:
            moved[channel] = version, value
    if not moved:
        return record
    held = {channel: version for channel, version in record.held.items() if channel not in moved}
    return evolve(record, values={**record.values, **moved}, held=held)


def in_parts(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Yield records in lists that are of a moderate size each."""
    part: list[Record] = []
    characters = 0
    for record in records:
        part.append(record)
        characters += _size(record)
        if len(part) == COPIED_RECORDS or characters >= COPIED:
            yield part
            part, characters = [], 0
    if part:
        yield part


def _size(record: Record) -> int:
    """Return about how many characters of JSON the values in a record are."""
    if isinstance(record, WritesRecord):
        return sum(len(write.value[1]) for write in record.writes)
    values = (value for _, value in record.values.values())
    return sum(len(text) for _, text in (record.body, record.metadata, *values))
