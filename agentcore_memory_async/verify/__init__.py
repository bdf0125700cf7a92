"""
Ask the service how it behaves, where nobody knows, and let the local service behave so.

``python -m agentcore_memory_async.verify`` asks, and writes a report that
``LocalMemoryService(profile=...)`` takes.
"""

from __future__ import annotations

from agentcore_memory_async.verify.verdicts import (
    Report,
    ReportError,
    Verdict,
    VerdictChange,
    find_changes,
    parse_report,
)

__all__ = ("Report", "ReportError", "Verdict", "VerdictChange", "find_changes", "parse_report")
