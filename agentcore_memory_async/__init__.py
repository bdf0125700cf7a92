"""Amazon Bedrock AgentCore Memory for asyncio: turns, events, long-term records."""

from typing import TYPE_CHECKING

from agentcore_memory_async._version import __version__
from agentcore_memory_async._wire.ids import (
    decode_actor_id,
    encode_actor_id,
    encode_session_id,
)
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
from agentcore_memory_async.forgetting import (
    Deleted,
    Forgetting,
    ForgettingReport,
    ForgettingStep,
    NotCovered,
    Remaining,
)
from agentcore_memory_async.logs import BotocoreLogFilter
from agentcore_memory_async.manager import AsyncMemorySessionManager
from agentcore_memory_async.models import (
    ActorSummary,
    BatchResult,
    BlobPayload,
    Branch,
    BranchSummary,
    ConversationalMessage,
    ConversationBranch,
    ConversationTree,
    Event,
    Exchange,
    Exchanges,
    ExtractionJob,
    ExtractionJobMessage,
    JsonPayload,
    Memory,
    MemoryDifference,
    MemoryRecord,
    MemoryRecordUpdate,
    MemoryStrategy,
    MemorySummary,
    MessageRole,
    NewMemoryRecord,
    Origin,
    RecordOutcome,
    SessionSummary,
    Turn,
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
from agentcore_memory_async.transfer import (
    Conversation,
    Export,
    ExportReport,
    HistoryEvent,
    HistoryMessage,
    HistoryRecord,
    Import,
    ImportProgress,
)

if TYPE_CHECKING:
    from agentcore_memory_async.sync import (
        Actor,
        BlockingExport,
        BlockingExtractionFailedError,
        BlockingExtractionPoller,
        BlockingForgetting,
        BlockingImport,
        BlockingMemoryWait,
        MemoryControl,
        MemorySession,
        MemorySessionManager,
    )

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
    "BlockingCallWarning",
    "BlockingExport",
    "BlockingExtractionFailedError",
    "BlockingExtractionPoller",
    "BlockingForgetting",
    "BlockingImport",
    "BlockingMemoryWait",
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
    "ThrottledError",
    "TransportError",
    "TransportTimeoutError",
    "Turn",
    "TurnResult",
    "UnreadableItemWarning",
    "UnsentError",
    "UnsentTurnsError",
    "UnwrittenNamespaceWarning",
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

_LAZY_NAMES = {
    "Actor",
    "BlockingExport",
    "BlockingExtractionFailedError",
    "BlockingExtractionPoller",
    "BlockingForgetting",
    "BlockingImport",
    "BlockingMemoryWait",
    "MemoryControl",
    "MemorySession",
    "MemorySessionManager",
}
"""Names that are imported at their first use: async programs need no loop thread."""


if not TYPE_CHECKING:  # a type checker would take it for an attribute of any name

    def __getattr__(name: str) -> object:
        """Import a name of the sync facade when it is first used."""
        if name not in _LAZY_NAMES:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        from agentcore_memory_async import sync

        value: object = getattr(sync, name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        """Return the names of the module, those of the facade among them."""
        return sorted({*globals(), *__all__})
