"""What the service extracted: long-term records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from agentcore_memory_async._models.base import Model, size
from agentcore_memory_async._models.contents import RecordContent, parse_content
from agentcore_memory_async._models.origins import ORIGIN_KEY, Origin

MetadataValue = str | tuple[str, ...] | float | datetime
"""A value of a record's metadata: text, texts, a number or an aware time."""


@frozen
class MemoryRecord(Model):
    """
    A record that the service extracted: a fact, a preference, a summary, an episode.

    Attributes:
        namespace: Namespace that it is in.
        content: Text, as the service wrote it (preferences are JSON, summaries XML); ``text`` is
            what to read of it.
        score: How well it matches the query: higher is better, and it is not a percentage. None for
            a record that was listed; 0.0 for one that was found without a score.
        created_at: When the service wrote it, UTC.
        memory_record_id: Record id.
        memory_strategy_id: Id of the strategy that made it; None where the service names none.
        metadata: Metadata, the service's own keys (``x-amz-agentcore-memory-...``) among it. A
            value of an unknown kind is kept as it came.
        timestamp: Time of the conversation that it is from, UTC; None where the service says none.
        expires_at: When the service deletes it, UTC; None where it does not, or where the record
            was listed, since only ``get_memory_record`` shows it.
        extra: Members of the answer that this version does not know.
    """

    namespace: str
    content: str = field(repr=size)
    score: float | None
    created_at: datetime
    memory_record_id: str = ""
    memory_strategy_id: str | None = None
    metadata: Mapping[str, MetadataValue] = field(
        factory=dict[str, MetadataValue], repr=size, hash=False
    )
    timestamp: datetime | None = None
    expires_at: datetime | None = None
    extra: Mapping[str, Any] = field(factory=dict[str, Any], repr=size, hash=False)

    @property
    def origin(self) -> Origin | None:
        """From where it was learned; None where no origin was passed on to it."""
        source = self.metadata.get(ORIGIN_KEY)
        return Origin(source) if isinstance(source, str) else None

    @property
    def parsed(self) -> RecordContent | None:
        """
        What the content says: a fact, preference, summary, episode or reflection, by its form.

        None for JSON or XML of an unknown form.
        """
        return parse_content(self.content)

    @property
    def text(self) -> str:
        """
        What a person or a model should read.

        A preference's sentence, a summary without its tags, an episode's situation and outcome; the
        whole content where it has no known form.
        """
        parsed = self.parsed
        return self.content if parsed is None else parsed.text
