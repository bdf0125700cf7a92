"""Amazon Bedrock AgentCore Memory for asyncio: turns, events, long-term records."""

from typing import TYPE_CHECKING

from agentcore_memory_async._lazy import importing
from agentcore_memory_async._version import __version__

if TYPE_CHECKING:
    from agentcore_memory_async._wire.ids import decode_actor_id, encode_actor_id, encode_session_id
    from agentcore_memory_async._wire.messages import to_message
    from agentcore_memory_async.actor import AsyncActor
    from agentcore_memory_async.background import BackgroundWork
    from agentcore_memory_async.buffer import MessageBuffer
    from agentcore_memory_async.context import Context, Provenance, RetrievalConfig, TurnResult
    from agentcore_memory_async.control import AsyncMemoryControl, MemoryWait
    from agentcore_memory_async.errors import (
        AccessDeniedError,
        AgentCoreMemoryError,
        AnswerMismatchError,
        BatchError,
        BlockingCallWarning,
        CertificateError,
        ClientTokenInUseError,
        ClosedError,
        ConflictError,
        DecodeError,
        ExtractionError,
        ExtractionFailedError,
        ExtractionTimeoutError,
        ForkedError,
        InvalidInputError,
        MemoryDiffersWarning,
        MemoryFailedError,
        MemoryTimeoutError,
        NotFoundError,
        OutcomeUnknownError,
        QuotaExceededError,
        ServiceError,
        ServiceUnavailableError,
        ThrottledError,
        TransportError,
        TransportTimeoutError,
        UnreadableItemWarning,
        UnsentError,
        UnsentTurnsError,
        UnwrittenNamespaceWarning,
        ValidationError,
        WrongLoopError,
    )
    from agentcore_memory_async.extraction import ExtractionPoller
    from agentcore_memory_async.filters import Filter, where
    from agentcore_memory_async.forgetting import Forgetting
    from agentcore_memory_async.logs import BotocoreLogFilter
    from agentcore_memory_async.manager import AsyncMemorySessionManager
    from agentcore_memory_async.models import (
        ActorSummary,
        BatchResult,
        BlobPayload,
        Branch,
        BranchSummary,
        Conversation,
        ConversationalMessage,
        ConversationBranch,
        ConversationTree,
        Deleted,
        Event,
        Exchange,
        Exchanges,
        Explanation,
        ExportReport,
        ExtractionJob,
        ExtractionJobMessage,
        ForgettingReport,
        ForgettingStep,
        HistoryEvent,
        HistoryMessage,
        HistoryRecord,
        ImportProgress,
        JsonPayload,
        Memory,
        MemoryDifference,
        MemoryRecord,
        MemoryRecordUpdate,
        MemoryStrategy,
        MemorySummary,
        MessageRole,
        NewMemoryRecord,
        NotCovered,
        OperationUsage,
        Origin,
        RecordOutcome,
        Remaining,
        SessionSummary,
        Turn,
        Usage,
    )
    from agentcore_memory_async.policies import PollPolicy, RetryPolicy, ServiceLimits
    from agentcore_memory_async.recording import RecordedTurn
    from agentcore_memory_async.session import AsyncMemorySession
    from agentcore_memory_async.strategies import (
        CustomStrategy,
        EpisodicOverride,
        EpisodicReflection,
        EpisodicStrategy,
        IndexedKey,
        MetadataField,
        NamespaceKey,
        NewStrategy,
        PromptOverride,
        ReflectionOverride,
        SelfManaged,
        SemanticOverride,
        SemanticStrategy,
        StrategyChange,
        StreamDelivery,
        SummaryOverride,
        SummaryStrategy,
        UserPreferenceOverride,
        UserPreferenceStrategy,
    )
    from agentcore_memory_async.sync import (
        Actor,
        BlockingBackgroundWork,
        BlockingExport,
        BlockingExtractionFailedError,
        BlockingExtractionPoller,
        BlockingForgetting,
        BlockingImport,
        BlockingMemoryWait,
        BlockingMessageBuffer,
        BlockingRecordedTurn,
        MemoryControl,
        MemorySession,
        MemorySessionManager,
    )
    from agentcore_memory_async.telemetry import Telemetry
    from agentcore_memory_async.transfer import Export, Import

__all__ = (
    "AccessDeniedError",
    "Actor",
    "ActorSummary",
    "AgentCoreMemoryError",
    "AnswerMismatchError",
    "AsyncActor",
    "AsyncMemoryControl",
    "AsyncMemorySession",
    "AsyncMemorySessionManager",
    "BackgroundWork",
    "BatchError",
    "BatchResult",
    "BlobPayload",
    "BlockingBackgroundWork",
    "BlockingCallWarning",
    "BlockingExport",
    "BlockingExtractionFailedError",
    "BlockingExtractionPoller",
    "BlockingForgetting",
    "BlockingImport",
    "BlockingMemoryWait",
    "BlockingMessageBuffer",
    "BlockingRecordedTurn",
    "BotocoreLogFilter",
    "Branch",
    "BranchSummary",
    "CertificateError",
    "ClientTokenInUseError",
    "ClosedError",
    "ConflictError",
    "Context",
    "Conversation",
    "ConversationBranch",
    "ConversationTree",
    "ConversationalMessage",
    "CustomStrategy",
    "DecodeError",
    "Deleted",
    "EpisodicOverride",
    "EpisodicReflection",
    "EpisodicStrategy",
    "Event",
    "Exchange",
    "Exchanges",
    "Explanation",
    "Export",
    "ExportReport",
    "ExtractionError",
    "ExtractionFailedError",
    "ExtractionJob",
    "ExtractionJobMessage",
    "ExtractionPoller",
    "ExtractionTimeoutError",
    "Filter",
    "Forgetting",
    "ForgettingReport",
    "ForgettingStep",
    "ForkedError",
    "HistoryEvent",
    "HistoryMessage",
    "HistoryRecord",
    "Import",
    "ImportProgress",
    "IndexedKey",
    "InvalidInputError",
    "JsonPayload",
    "Memory",
    "MemoryControl",
    "MemoryDifference",
    "MemoryDiffersWarning",
    "MemoryFailedError",
    "MemoryRecord",
    "MemoryRecordUpdate",
    "MemorySession",
    "MemorySessionManager",
    "MemoryStrategy",
    "MemorySummary",
    "MemoryTimeoutError",
    "MemoryWait",
    "MessageBuffer",
    "MessageRole",
    "MetadataField",
    "NamespaceKey",
    "NewMemoryRecord",
    "NewStrategy",
    "NotCovered",
    "NotFoundError",
    "OperationUsage",
    "Origin",
    "OutcomeUnknownError",
    "PollPolicy",
    "PromptOverride",
    "Provenance",
    "QuotaExceededError",
    "RecordOutcome",
    "RecordedTurn",
    "ReflectionOverride",
    "Remaining",
    "RetrievalConfig",
    "RetryPolicy",
    "SelfManaged",
    "SemanticOverride",
    "SemanticStrategy",
    "ServiceError",
    "ServiceLimits",
    "ServiceUnavailableError",
    "SessionSummary",
    "StrategyChange",
    "StreamDelivery",
    "SummaryOverride",
    "SummaryStrategy",
    "Telemetry",
    "ThrottledError",
    "TransportError",
    "TransportTimeoutError",
    "Turn",
    "TurnResult",
    "UnreadableItemWarning",
    "UnsentError",
    "UnsentTurnsError",
    "UnwrittenNamespaceWarning",
    "Usage",
    "UserPreferenceOverride",
    "UserPreferenceStrategy",
    "ValidationError",
    "WrongLoopError",
    "__version__",
    "decode_actor_id",
    "encode_actor_id",
    "encode_session_id",
    "to_message",
    "where",
)

_HOMES = {
    "_wire.ids": "decode_actor_id encode_actor_id encode_session_id",
    "_wire.messages": "to_message",
    "actor": "AsyncActor",
    "background": "BackgroundWork",
    "buffer": "MessageBuffer",
    "context": "Context Provenance RetrievalConfig TurnResult",
    "control": "AsyncMemoryControl MemoryWait",
    "errors": """
        AccessDeniedError AgentCoreMemoryError AnswerMismatchError BatchError
        BlockingCallWarning CertificateError ClientTokenInUseError ClosedError ConflictError
        DecodeError ExtractionError ExtractionFailedError ExtractionTimeoutError ForkedError
        InvalidInputError MemoryDiffersWarning MemoryFailedError MemoryTimeoutError
        NotFoundError OutcomeUnknownError QuotaExceededError ServiceError
        ServiceUnavailableError ThrottledError TransportError TransportTimeoutError
        UnreadableItemWarning UnsentError UnsentTurnsError UnwrittenNamespaceWarning
        ValidationError WrongLoopError
    """,
    "extraction": "ExtractionPoller",
    "filters": "Filter where",
    "forgetting": "Forgetting",
    "logs": "BotocoreLogFilter",
    "manager": "AsyncMemorySessionManager",
    "models": """
        ActorSummary BatchResult BlobPayload Branch BranchSummary Conversation
        ConversationalMessage ConversationBranch ConversationTree Deleted Event Exchange
        Exchanges Explanation ExportReport ExtractionJob ExtractionJobMessage
        ForgettingReport ForgettingStep HistoryEvent HistoryMessage HistoryRecord
        ImportProgress JsonPayload Memory MemoryDifference MemoryRecord MemoryRecordUpdate
        MemoryStrategy MemorySummary MessageRole NewMemoryRecord NotCovered OperationUsage
        Origin RecordOutcome Remaining SessionSummary Turn Usage
    """,
    "policies": "PollPolicy RetryPolicy ServiceLimits",
    "recording": "RecordedTurn",
    "session": "AsyncMemorySession",
    "strategies": """
        CustomStrategy EpisodicOverride EpisodicReflection EpisodicStrategy IndexedKey
        MetadataField NamespaceKey NewStrategy PromptOverride ReflectionOverride SelfManaged
        SemanticOverride SemanticStrategy StrategyChange StreamDelivery SummaryOverride
        SummaryStrategy UserPreferenceOverride UserPreferenceStrategy
    """,
    "sync": """
        Actor BlockingBackgroundWork BlockingExport BlockingExtractionFailedError
        BlockingExtractionPoller BlockingForgetting BlockingImport BlockingMemoryWait
        BlockingMessageBuffer BlockingRecordedTurn MemoryControl MemorySession
        MemorySessionManager
    """,
    "telemetry": "Telemetry",
    "transfer": "Export Import",
}
"""Public names by the modules that they are imported from at their first use."""


if not TYPE_CHECKING:  # a type checker would take it for an attribute of any name
    __getattr__, __dir__ = importing(__name__, _HOMES)
