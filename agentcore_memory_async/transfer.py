"""Import and export: the work, and what is brought in and taken out."""

from agentcore_memory_async._models.transfer import (
    Conversation,
    ExportReport,
    HistoryEvent,
    HistoryMessage,
    HistoryRecord,
    ImportProgress,
)
from agentcore_memory_async._operations.exporting import Export
from agentcore_memory_async._operations.importing import Import

__all__ = (
    "Conversation",
    "Export",
    "ExportReport",
    "HistoryEvent",
    "HistoryMessage",
    "HistoryRecord",
    "Import",
    "ImportProgress",
)
