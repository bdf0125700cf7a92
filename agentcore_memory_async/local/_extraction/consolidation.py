"""
Consolidation of extracted records with those that exist.

A record with the same text as another in its namespace is skipped. A record that makes another
obsolete replaces it: the extractor decides that, for similar records of the same strategy with
the same values of the STRICTLY_CONSISTENT keys. A `Consolidator` decides instead what becomes of
all records of a result. Records of open messages are rewritten, except those that are unchanged.
"""

from __future__ import annotations

import json
import logging
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field, frozen

from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async.local._api.members import as_array, as_object, child
from agentcore_memory_async.local._language.words import tokens
from agentcore_memory_async.local._storage.namespaces import NamespaceQuery, fill
from agentcore_memory_async.local._storage.records import NewRecord
from agentcore_memory_async.local._storage.sessions import SessionKey
from agentcore_memory_async.local.extractor import (
    Change,
    ConsolidationRequest,
    Consolidator,
    Extraction,
)
from agentcore_memory_async.local.extractor_errors import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agentcore_memory_async.local._database.store import Transaction
    from agentcore_memory_async.local._storage.records import Record, Records
    from agentcore_memory_async.local.extractor import (
        ExtractionRequest,
        Extractor,
        Message,
        Strategy,
    )


_LOG = logging.getLogger("agentcore_memory_async.local")

_CONTENT = 16_000
"""Characters of a record at most: the service's limit."""
_SIMILAR = 5
"""Records that a new one is compared with."""
_NEWEST = 10
"""Newest records of a namespace that a consolidator gets, whatever words they have."""
_CONSOLIDATED = frozenset({"SEMANTIC", "USER_PREFERENCE", "REFLECTION"})
"""Kinds that a consolidator decides on; the others describe what only they describe."""


@define
class Result:
    """
    One request to the extractor, and later its outcome.

    Attributes:
        request: Request to the extractor.
        event_ids: Ids of the new events.
        variables: Namespace variables of the newest event.
        partition: Values of the STRICTLY_CONSISTENT keys, as metadata of the records.
        consistent_keys: The STRICTLY_CONSISTENT keys.
        contents: Texts of the records that are final.
        open_contents: Texts of the records of the open messages.
        settled: Number of messages, of history and messages, that are settled.
        existing: Records that a consolidator compares the final ones with.
        changes: Texts that a consolidator wants to be written, each with the record that it
            replaces, if any; None if no consolidator was asked.
        failure: Reason of a failed job; None for one that succeeded.
        job_id: Id of the job that is written if it fails.
    """

    request: ExtractionRequest
    event_ids: list[str]
    variables: Mapping[str, str]
    partition: Mapping[str, Any]
    consistent_keys: tuple[str, ...]
    contents: list[str] = field(factory=list[str])
    open_contents: list[str] = field(factory=list[str])
    settled: int = 0
    existing: list[Record] = field(factory=list["Record"])
    changes: list[tuple[str, Record | None]] | None = None
    failure: str | None = None
    job_id: str = field(factory=random_id)

    @property
    def key(self) -> SessionKey:
        """Session of the events."""
        return SessionKey(self.request.memory_id, self.request.actor_id, self.request.session_id)

    @property
    def kind(self) -> str:
        """Kind of the records: what the strategy extracts, or REFLECTION."""
        return self.request.kind

    @property
    def strategy(self) -> Strategy:
        """Strategy that extracts."""
        return self.request.strategy

    def take(self, contents: Iterable[str]) -> None:
        """
        Keep what the extractor returned.

        Raises:
            TypeError: It is not a sequence of strings.
            ValueError: It settles more messages than there are.
        """
        texts = list(contents)
        if isinstance(contents, str) or any(not isinstance(text, str) for text in texts):  # pyright: ignore[reportUnnecessaryIsInstance] - it is a user's
            message = f"extract() returned {type(contents).__name__}; return a sequence of str"
            raise TypeError(message)
        if not isinstance(contents, Extraction):
            summary = self.kind == "SUMMARIZATION"
            contents = Extraction((), texts) if summary else Extraction(texts)
        count = len(self.request.history) + len(self.request.messages)
        if not 0 <= contents.settled <= count:
            message = f"settled is {contents.settled}; there are {count} messages"
            raise ValueError(message)
        self.contents = [text for text in contents.records if text.strip()]
        self.open_contents = list(
            dict.fromkeys(text for text in contents.open_records if text.strip())
        )
        self.settled = contents.settled

    def consolidation_request(self) -> ConsolidationRequest:
        """Return the request to a consolidator."""
        texts = tuple(record.content for record in self.existing)
        return ConsolidationRequest(self.kind, self.strategy, tuple(self.contents), texts)

    def take_changes(self, changes: Iterable[Change]) -> None:
        """
        Keep what a consolidator returned.

        Raises:
            TypeError: It is not a sequence of changes.
            ValueError: A change replaces a record that the request does not have.
        """
        made: list[tuple[str, Record | None]] = []
        for change in changes:
            if not isinstance(change, Change):  # pyright: ignore[reportUnnecessaryIsInstance] - it is a user's
                message = f"consolidate() returned a {type(change).__name__}; return Change values"
                raise TypeError(message)
            if change.replaces is not None and not 0 <= change.replaces < len(self.existing):
                message = f"replaces is {change.replaces}; there are {len(self.existing)} records"
                raise ValueError(message)
            old = None if change.replaces is None else self.existing[change.replaces]
            if change.content.strip():
                made.append((change.content, old))
        self.changes = made

    def open_messages(self) -> tuple[Message, ...]:
        """Return the messages that stay open."""
        return (*self.request.history, *self.request.messages)[self.settled :]

    def fail(self, error: BaseException) -> None:
        """Keep the reason why the extractor failed, and log it; a user's error may have content."""
        self.failure = reason_of(error)
        _LOG.error(
            "extraction job %s of a %s strategy failed: %s", self.job_id, self.kind, self.failure
        )
        _LOG.debug("traceback of extraction job %s", self.job_id, exc_info=error)

    def reflection(self, episode: str) -> Result:
        """Return a result that is still empty for the reflection on one of the episodes."""
        request = evolve(self.request, kind="REFLECTION", episodes=(episode,))
        return Result(request, self.event_ids, self.variables, self.partition, self.consistent_keys)

    def namespace(self) -> str | None:
        """Return the namespace of the records; None, and a warning, where a value is missing."""
        values = dict(self.variables) | {
            "actorId": self.request.actor_id,
            "sessionId": self.request.session_id,
            "memoryStrategyId": self.strategy.strategy_id,
        }
        template = self.strategy.template
        if self.kind == "REFLECTION":
            template = self.strategy.reflection_template or template
        namespace = fill(template, values)
        if namespace is None:
            _LOG.warning(
                "NamespaceResolutionFailure: %s of strategy %s has variables that the event "
                "gives no values for; no record is made",
                template,
                self.strategy.strategy_id,
            )
        return namespace


@frozen
class Consolidation:
    """
    Writes results: adds, skips duplicates, replaces what new records make obsolete.

    Attributes:
        records: Records to add to.
        extractor: Decides which record replaces which.
        enabled: Add everything if False.
    """

    records: Records
    extractor: Extractor
    enabled: bool = True

    def find_existing(self, transaction: Transaction, result: Result, now_ms: int) -> list[Record]:
        """Return the records that a consolidator compares those of a result with."""
        namespace, memory_id = result.namespace(), result.key.memory_id
        if not self.enabled or namespace is None or result.kind not in _CONSOLIDATED:
            return []
        found: dict[str, Record] = {}
        for content in result.contents:
            for record in self.records.similar(
                transaction, memory_id, namespace, content, _SIMILAR
            ):
                found[record.record_id] = record
        newest = self.records.newest(
            transaction,
            memory_id,
            NamespaceQuery(exact=namespace),
            now_ms,
            strategy_id=result.strategy.strategy_id,
        )
        with closing(newest):
            found |= {record.record_id: record for record in islice(newest, _NEWEST)}
        return [
            record
            for record in found.values()
            if self._is_comparable(result, record) and not is_episode(record.content)
        ]

    def write(
        self,
        transaction: Transaction,
        result: Result,
        record_ids: tuple[str, ...],
        now_ms: int,
    ) -> tuple[str, ...]:
        """
        Write the records of a result.

        Args:
            transaction: The database.
            result: Result of a request.
            record_ids: Records that describe what was open before; the new ones replace them.
            now_ms: Time of the new records.

        Returns:
            Ids of the records that describe what is open now.
        """
        namespace, memory_id = result.namespace(), result.key.memory_id
        kept, replaced = self._take_apart(transaction, result, record_ids, namespace)
        if namespace is None:
            return tuple(sorted(kept))
        if result.changes is not None:
            for content, old in result.changes:
                self._change(transaction, result, namespace, content, old, now_ms)
        for content in result.contents if result.changes is None else ():
            if replaced.pop(content[:_CONTENT], None) is None:
                self._add(transaction, result, namespace, content, now_ms)
        for content in result.open_contents:
            record = replaced.pop(content[:_CONTENT], None)
            record_id = record and record.record_id
            record_id = record_id or self._add(transaction, result, namespace, content, now_ms)
            if record_id is not None:
                kept.add(record_id)
        for record in replaced.values() if self.enabled else ():
            self.records.remove(transaction, memory_id, record)
        return tuple(sorted(kept))

    def _take_apart(
        self,
        transaction: Transaction,
        result: Result,
        record_ids: tuple[str, ...],
        namespace: str | None,
    ) -> tuple[set[str], dict[str, Record]]:
        """
        Return ids of the records that still describe what is open, and those that are replaced.

        The replaced ones are by their contents. A record of another namespace is in neither once
        any message is settled: it may describe that one, so it is final.
        """
        kept: set[str] = set()
        replaced: dict[str, Record] = {}
        for record in self.records.find_all(transaction, result.key.memory_id, record_ids):
            if self._same_partition(result, record) and record.namespace == namespace:
                replaced[record.content] = record
            elif not result.settled or not self._same_partition(result, record):
                kept.add(record.record_id)
        return kept, replaced

    def _change(
        self,
        transaction: Transaction,
        result: Result,
        namespace: str,
        content: str,
        old: Record | None,
        now_ms: int,
    ) -> None:
        """Write what a consolidator wants, in place of *old* if that is still there."""
        memory_id = result.key.memory_id
        same = self.records.find_same_text(transaction, memory_id, namespace, content[:_CONTENT])
        same = same if same is not None and self._same_partition(result, same) else None
        if old is not None and (same is None or same.record_id != old.record_id):
            for record in self.records.find_all(transaction, memory_id, [old.record_id]):
                self.records.remove(transaction, memory_id, record)
        if same is None:
            new = _new(result, namespace, content)
            self.records.add(transaction, memory_id, new, now_ms)

    def _add(
        self, transaction: Transaction, result: Result, namespace: str, content: str, now_ms: int
    ) -> str | None:
        """Write a record and return its id; None if there is one with the same text."""
        memory_id = result.key.memory_id
        if self.enabled and result.kind != "SUMMARIZATION":
            same = self.records.find_same_text(transaction, memory_id, namespace, content)
            if same is not None and self._same_partition(result, same):
                return None
            for old in self.records.similar(transaction, memory_id, namespace, content, _SIMILAR):
                if self._replaces(result, content, old):
                    self.records.remove(transaction, memory_id, old)
        new = _new(result, namespace, content)
        return self.records.add(transaction, memory_id, new, now_ms)

    def _replaces(self, result: Result, new: str, old: Record) -> bool:
        return (
            self._is_comparable(result, old)
            and not isinstance(self.extractor, Consolidator)
            and self.extractor.replaces(result.kind, new, old.content)
        )

    def _is_comparable(self, result: Result, record: Record) -> bool:
        """Return whether a record is of the same strategy and the same consistent values."""
        return record.strategy_id == result.strategy.strategy_id and self._same_partition(
            result, record
        )

    def _same_partition(self, result: Result, record: Record) -> bool:
        """Return whether a record has the same values of the STRICTLY_CONSISTENT keys."""
        if not result.consistent_keys:
            return True
        metadata = as_object(json.loads(record.metadata or "{}"))
        return all(metadata.get(key) == result.partition.get(key) for key in result.consistent_keys)


def is_episode(content: str) -> bool:
    """Return whether a record is an episode; its namespace may be that of reflections, too."""
    return content.startswith("<episode>")


def _new(result: Result, namespace: str, content: str) -> NewRecord:
    return NewRecord(
        content=content[:_CONTENT],
        namespace=namespace,
        strategy_id=result.strategy.strategy_id,
        time_ms=result.request.messages[-1].time_ms,
        session_id=result.key.session_id,
        metadata={**_inferred(result.strategy, content), **result.partition} or None,
        expiry_days=result.strategy.expiry_days,
    )


def _inferred(strategy: Strategy, content: str) -> dict[str, Any]:
    """Return the metadata that can be inferred from a record: allowed values that it names."""
    found: dict[str, Any] = {}
    said = set(tokens(content))
    for key, entry in strategy.schema.items():
        if entry.get("extractionType") == "STRICTLY_CONSISTENT":
            continue
        config = child(child(entry, "extractionConfig"), "llmExtractionConfig")
        rules = child(config, "validation")
        for kind, member in (("stringValidation", "stringValue"), ("stringListValidation", "")):
            allowed = as_array(child(rules, kind).get("allowedValues"))
            named = [item for item in allowed if set(tokens(str(item))) <= said]
            if named:
                found[key] = {member: named[0]} if member else {"stringListValue": named[:5]}
    return found
