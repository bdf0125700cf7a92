"""Import and export: the work, and files of it; `models` has what is brought in and taken out."""

from agentcore_memory_async._models.history_lines import history_from_json, history_to_json
from agentcore_memory_async._operations.exporting import Export
from agentcore_memory_async._operations.importing import Import

__all__ = ("Export", "Import", "history_from_json", "history_to_json")
