"""The values that go in and come out: messages, events, turns, exchanges, branches, records."""

from agentcore_memory_async._models.actors import ActorSummary, SessionSummary
from agentcore_memory_async._models.base import JsonValue
from agentcore_memory_async._models.batches import (
    BatchResult,
    MemoryRecordUpdate,
    NewMemoryRecord,
    RecordOutcome,
    RecordStatus,
)
from agentcore_memory_async._models.branches import (
    BranchSummary,
    ConversationBranch,
    ConversationTree,
)
from agentcore_memory_async._models.contents import (
    Episode,
    Fact,
    Preference,
    RecordContent,
    Reflection,
    Summary,
    Topic,
)
from agentcore_memory_async._models.events import Branch, Event, Turn
from agentcore_memory_async._models.exchanges import Exchange, Exchanges
from agentcore_memory_async._models.explanations import Explanation
from agentcore_memory_async._models.forgetting import (
    Deleted,
    ForgettingReport,
    ForgettingStep,
    NotCovered,
    Remaining,
)
from agentcore_memory_async._models.jobs import ExtractionJob, ExtractionJobMessage
from agentcore_memory_async._models.memories import (
    Memory,
    MemoryDifference,
    MemoryStrategy,
    MemorySummary,
)
from agentcore_memory_async._models.messages import (
    BlobPayload,
    ConversationalMessage,
    JsonPayload,
    MessageRole,
)
from agentcore_memory_async._models.origins import Origin
from agentcore_memory_async._models.records import MemoryRecord, MetadataValue
from agentcore_memory_async._models.transfer import (
    Conversation,
    ExportReport,
    HistoryEvent,
    HistoryMessage,
    HistoryRecord,
    ImportProgress,
)

__all__ = (
    "ActorSummary",
    "BatchResult",
    "BlobPayload",
    "Branch",
    "BranchSummary",
    "Conversation",
    "ConversationBranch",
    "ConversationTree",
    "ConversationalMessage",
    "Deleted",
    "Episode",
    "Event",
    "Exchange",
    "Exchanges",
    "Explanation",
    "ExportReport",
    "ExtractionJob",
    "ExtractionJobMessage",
    "Fact",
    "ForgettingReport",
    "ForgettingStep",
    "HistoryEvent",
    "HistoryMessage",
    "HistoryRecord",
    "ImportProgress",
    "JsonPayload",
    "JsonValue",
    "Memory",
    "MemoryDifference",
    "MemoryRecord",
    "MemoryRecordUpdate",
    "MemoryStrategy",
    "MemorySummary",
    "MessageRole",
    "MetadataValue",
    "NewMemoryRecord",
    "NotCovered",
    "Origin",
    "Preference",
    "RecordContent",
    "RecordOutcome",
    "RecordStatus",
    "Reflection",
    "Remaining",
    "SessionSummary",
    "Summary",
    "Topic",
    "Turn",
)
