"""The values that go in and come out: messages, events, turns, exchanges, branches, records."""

from typing import TYPE_CHECKING

from agentcore_memory_async._lazy import importing

if TYPE_CHECKING:
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
    from agentcore_memory_async._models.usage import OperationUsage, Usage

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
    "OperationUsage",
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
    "Usage",
)

_HOMES = {
    "_models.actors": "ActorSummary SessionSummary",
    "_models.base": "JsonValue",
    "_models.batches": "BatchResult MemoryRecordUpdate NewMemoryRecord RecordOutcome RecordStatus",
    "_models.branches": "BranchSummary ConversationBranch ConversationTree",
    "_models.contents": "Episode Fact Preference RecordContent Reflection Summary Topic",
    "_models.events": "Branch Event Turn",
    "_models.exchanges": "Exchange Exchanges",
    "_models.explanations": "Explanation",
    "_models.forgetting": "Deleted ForgettingReport ForgettingStep NotCovered Remaining",
    "_models.jobs": "ExtractionJob ExtractionJobMessage",
    "_models.memories": "Memory MemoryDifference MemoryStrategy MemorySummary",
    "_models.messages": "BlobPayload ConversationalMessage JsonPayload MessageRole",
    "_models.origins": "Origin",
    "_models.records": "MemoryRecord MetadataValue",
    "_models.transfer": """
        Conversation ExportReport HistoryEvent HistoryMessage HistoryRecord ImportProgress
    """,
    "_models.usage": "OperationUsage Usage",
}
"""Names by the modules that they are imported from at their first use."""


if not TYPE_CHECKING:  # a type checker would take it for an attribute of any name
    __getattr__, __dir__ = importing(__name__, _HOMES)
