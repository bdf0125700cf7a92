"""Import and export: the work; `models` has what is brought in and taken out."""

from agentcore_memory_async._operations.exporting import Export
from agentcore_memory_async._operations.importing import Import

__all__ = ("Export", "Import")
