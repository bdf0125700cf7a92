"""Batches of long-term records: what goes in, and what became of each record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal

from attrs import field, frozen

from agentcore_memory_async._models.base import Model, size
from agentcore_memory_async._models.records import MetadataValue

RecordStatus = Literal["SUCCEEDED", "FAILED", "UNKNOWN"]
"""What became of a record of a batch."""


@frozen(kw_only=True)
class NewMemoryRecord(Model):
    """
    A long-term record to be created, for ``batch_create_memory_records``.

    Attributes:
        namespace: Namespace that it is to be in, such as ``/facts/{actorId}/``; a session fills in
            ``{actorId}`` and ``{sessionId}``.
        content: Text, 1 to 16,000 characters.
        timestamp: Time of what it is from, aware, from 1970.
        memory_strategy_id: Id of the strategy that it counts as a record of; then the service keeps
            only the metadata of that strategy's schema.
        metadata: At most 20 entries: text of 1 to 256 letters, digits, whitespace and ``. _ : / =
            + @ -``, 1 to 5 texts of up to 64, or a finite number. The service keeps times, and keys
            that begin with ``x-amz-agentcore-memory-``, to itself.
        request_identifier: 1 to 80 letters, digits, ``-``, ``_``, by which the service names the
            record in its answer; made here of the content if omitted. With one of your own, a
            client token that is given again with other content is not noticed.
    """

    namespace: str
    content: str = field(repr=size)
    timestamp: datetime
    memory_strategy_id: str | None = None
    metadata: Mapping[str, MetadataValue] = field(
        factory=dict[str, MetadataValue], repr=size, hash=False
    )
    request_identifier: str | None = None


@frozen(kw_only=True)
class MemoryRecordUpdate(Model):
    """
    A change of a long-term record, for ``batch_update_memory_records``.

    What is None, or empty, stays as it is.

    Attributes:
        memory_record_id: Record id.
        timestamp: Time of what it is from, aware; the service requires it.
        content: New text, 1 to 16,000 characters.
        namespace: Namespace that it is moved to; filled in as that of a `NewMemoryRecord`.
        source_namespace: Namespace that it is in, where the permissions are limited to namespaces;
            filled in likewise.
        memory_strategy_id: Id of the strategy that it counts as a record of from now on.
        metadata: Metadata in place of the old; as that of a `NewMemoryRecord`.
    """

    memory_record_id: str
    timestamp: datetime
    content: str | None = field(default=None, repr=size)
    namespace: str | None = None
    source_namespace: str | None = None
    memory_strategy_id: str | None = None
    metadata: Mapping[str, MetadataValue] = field(
        factory=dict[str, MetadataValue], repr=size, hash=False
    )


@frozen
class RecordOutcome(Model):
    """
    What became of one record of a batch.

    Attributes:
        index: Its place among the records that were given, from 0.
        status: ``SUCCEEDED``, ``FAILED``, or ``UNKNOWN`` where no answer tells.
        memory_record_id: Record id; empty for a record that was not created.
        request_identifier: Identifier of a new record; None for updates and deletions.
        code: HTTP status of a failure; None where there is none. A deletion with 404 may have
            succeeded: an answer was lost, and the record is not found any more.
        message: Reason of a failure, as the service gave it, which may quote the record; empty
            where there is none.
    """

    index: int
    status: RecordStatus
    memory_record_id: str = ""
    request_identifier: str | None = None
    code: int | None = None
    message: str = field(default="", repr=size)


@frozen
class BatchResult(Model):
    """
    What became of the records of a batch.

    It has one outcome for each record that was given, in their order: ``len(result)`` counts them,
    and ``for outcome in result`` goes through them. It is true where all records succeeded.

    Attributes:
        outcomes: One for each record, in the order in which they were given.
        client_token: Token under which new records were sent; the same call again, with it, creates
            nothing twice. None for updates and deletions, which may be repeated as they are.
    """

    outcomes: tuple[RecordOutcome, ...]
    client_token: str | None = None

    def __len__(self) -> int:
        return len(self.outcomes)

    def __iter__(self) -> Iterator[RecordOutcome]:
        return iter(self.outcomes)

    def __bool__(self) -> bool:
        return len(self.succeeded) == len(self.outcomes)

    @property
    def succeeded(self) -> tuple[RecordOutcome, ...]:
        """Records that were created, changed or deleted."""
        return self._of("SUCCEEDED")

    @property
    def failed(self) -> tuple[RecordOutcome, ...]:
        """Records that were not, each with its reason."""
        return self._of("FAILED")

    @property
    def unknown(self) -> tuple[RecordOutcome, ...]:
        """Records of which no answer tells; the same call again settles them."""
        return self._of("UNKNOWN")

    def _of(self, status: RecordStatus) -> tuple[RecordOutcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.status == status)
