"""What one strategy made of a session's new events, and how it joins the records there are."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import attrs

from agentcore_memory_async.local._api.members import as_array, as_object, child
from agentcore_memory_async.local._language.words import tokens
from agentcore_memory_async.local._storage.namespaces import fill
from agentcore_memory_async.local._storage.records import NewRecord
from agentcore_memory_async.local.extractor_errors import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agentcore_memory_async.local._database.store import Transaction
    from agentcore_memory_async.local._storage.pending import SessionKey
    from agentcore_memory_async.local._storage.records import Record, Records
    from agentcore_memory_async.local.extractor import ExtractionRequest, Extractor, Strategy


_LOG = logging.getLogger("agentcore_memory_async.local")

_CONTENT = 16_000  # characters that a record has at most, as the service says
_ALIKE = 5  # records that a new one is compared with


@attrs.define
class Result:
    """
    What one strategy made of a session's new events.

    Attributes:
        request: What was asked for.
        events: The ids of the new events.
        variables: Of the newest one's namespaces.
        partition: The values of the STRICTLY_CONSISTENT keys, as metadata of its records.
        consistent_keys: Those keys.
        kind: Of its records: the request's, or REFLECTION.
        contents: The texts of the records.
        failure: Why there are none.
    """

    request: ExtractionRequest
    events: list[str]
    variables: Mapping[str, str]
    partition: Mapping[str, Any]
    consistent_keys: tuple[str, ...]
    kind: str = attrs.field(default=attrs.Factory(lambda self: self.request.kind, takes_self=True))
    contents: list[str] = attrs.field(factory=list[str])
    failure: str | None = None

    @property
    def key(self) -> SessionKey:
        """Memory, actor and session."""
        return (self.request.memory_id, self.request.actor_id, self.request.session_id)

    @property
    def strategy(self) -> Strategy:
        """Whose result it is."""
        return self.request.strategy

    def take(self, contents: Iterable[str]) -> None:
        """Keep what the extractor gave; TypeError where that is no texts."""
        texts = list(contents)
        if isinstance(contents, str) or any(not isinstance(text, str) for text in texts):  # pyright: ignore[reportUnnecessaryIsInstance]
            message = "an extractor gives a sequence of texts"
            raise TypeError(message)
        self.contents = [text for text in texts if text.strip()]

    def fail(self, error: Exception) -> None:
        """Keep why the extractor failed."""
        self.failure = reason_of(error)
        _LOG.error("the extractor failed for a %s strategy", self.kind, exc_info=error)

    def reflection(self) -> Result:
        """Return an empty result for the reflections on this one's episodes."""
        return attrs.evolve(self, kind="REFLECTION", contents=[], failure=None)

    def namespace(self) -> str | None:
        """Return where its records go; None, and a log entry, where a variable has no value."""
        _, actor_id, session_id = self.key
        values = dict(self.variables) | {
            "actorId": actor_id,
            "sessionId": session_id,
            "memoryStrategyId": self.strategy.strategy_id,
        }
        template = self.strategy.template
        if self.kind == "REFLECTION":
            template = self.strategy.reflection_template or template
        namespace = fill(template, values)
        if namespace is None:
            _LOG.warning(
                "NamespaceResolutionFailure: %s of strategy %s needs variables that the event has "
                "not; no record is made",
                template,
                self.strategy.strategy_id,
            )
        return namespace


@attrs.frozen
class Consolidation:
    """
    Writes results: adds, skips duplicates, replaces what new records make obsolete.

    Attributes:
        records: Where they go.
        extractor: Says what replaces what.
        enabled: Otherwise everything is added.
    """

    records: Records
    extractor: Extractor
    enabled: bool = True

    def write(self, transaction: Transaction, result: Result, now_ms: int) -> None:
        """Write a result in the database thread."""
        namespace = result.namespace()
        if namespace is None or not result.contents:
            return
        if result.kind == "SUMMARIZATION":
            self._write_summary(transaction, result, namespace, now_ms)
            return
        memory_id = result.key[0]
        gone: set[int] = set()
        for content in result.contents:
            if self.enabled:
                same = self.records.saying(transaction, memory_id, namespace, content)
                if same is not None and self._together(result, same):
                    continue
                for old in self.records.similar(transaction, memory_id, namespace, content, _ALIKE):
                    if old.seq not in gone and self._replaces(result, content, old):
                        gone.add(old.seq)
                        self.records.remove(transaction, memory_id, old)
            new = _new(result, namespace, content)
            self.records.add(transaction, memory_id, new, now_ms)

    def _write_summary(
        self, transaction: Transaction, result: Result, namespace: str, now_ms: int
    ) -> None:
        """Write the session's topics anew, those that are unchanged left as they are."""
        memory_id, _, session_id = result.key
        old = {
            record.content: record
            for record in self.records.of_session(
                transaction, memory_id, result.strategy.strategy_id, session_id
            )
            if record.namespace == namespace
        }
        for content in result.contents:
            if old.pop(content[:_CONTENT], None) is None:
                new = _new(result, namespace, content)
                self.records.add(transaction, memory_id, new, now_ms)
        if self.enabled:
            for record in old.values():
                self.records.remove(transaction, memory_id, record)

    def _replaces(self, result: Result, new: str, old: Record) -> bool:
        return (
            old.strategy_id == result.strategy.strategy_id
            and self._together(result, old)
            and self.extractor.replaces(result.kind, new, old.content)
        )

    def _together(self, result: Result, record: Record) -> bool:
        """Say whether a record has the same values of the STRICTLY_CONSISTENT keys."""
        if not result.consistent_keys:
            return True
        metadata = as_object(json.loads(record.metadata or "{}"))
        return all(metadata.get(key) == result.partition.get(key) for key in result.consistent_keys)


def _new(result: Result, namespace: str, content: str) -> NewRecord:
    return NewRecord(
        content=content[:_CONTENT],
        namespace=namespace,
        strategy_id=result.strategy.strategy_id,
        time_ms=result.request.messages[-1].time_ms,
        session_id=result.key[2],
        metadata={**_inferred(result.strategy, content), **result.partition} or None,
        expiry_days=result.strategy.expiry_days,
    )


def _inferred(strategy: Strategy, content: str) -> dict[str, Any]:
    """Return the metadata that can be read off a record: allowed values which it names."""
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
