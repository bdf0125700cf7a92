"""
The service model that this package ships, in the layout of botocore's data directory.

``data/`` holds the 16 memory operations of ``bedrock-agentcore`` without prose, their paginators
and endpoint rules, and ``endpoints`` and ``partitions`` cut down to what finding an endpoint needs.
They come from the botocore that ``data/source.json`` names, so every botocore, however old, can
send what that one can. ``python -m agentcore_memory_async._wire.service_model`` makes them anew.
"""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import Any

SERVICE = "bedrock-agentcore"
API_VERSION = "2024-02-28"
OPERATIONS = (
    "BatchCreateMemoryRecords",
    "BatchDeleteMemoryRecords",
    "BatchUpdateMemoryRecords",
    "CreateEvent",
    "DeleteEvent",
    "DeleteMemoryRecord",
    "GetEvent",
    "GetMemoryRecord",
    "IngestData",
    "ListActors",
    "ListEvents",
    "ListMemoryExtractionJobs",
    "ListMemoryRecords",
    "ListSessions",
    "RetrieveMemoryRecords",
    "StartMemoryExtractionJob",
)
"""The wire names of the memory operations."""

NAMES = {
    "service-2": f"{SERVICE}/{API_VERSION}/service-2",
    "paginators-1": f"{SERVICE}/{API_VERSION}/paginators-1",
    "endpoint-rule-set-1": f"{SERVICE}/{API_VERSION}/endpoint-rule-set-1",
    "endpoints": "endpoints",
    "partitions": "partitions",
}
"""What is there, by botocore's name of the kind, and its path below ``data`` without ``.json``."""


@functools.cache
def read_text(kind: str) -> str:
    """
    Give the file of *kind* (a key of `NAMES`) as text.

    It reads a file at its first call: call it in a thread where an event loop runs.
    """
    return (resources.files(__name__) / "data" / f"{NAMES[kind]}.json").read_text("utf-8")


def read(kind: str) -> dict[str, Any]:
    """Give the parsed file of *kind*, a new object at each call, as `read_text` does."""
    parsed: dict[str, Any] = json.loads(read_text(kind))
    return parsed
