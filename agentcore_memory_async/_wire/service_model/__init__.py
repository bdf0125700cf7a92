"""
The service models that this package ships, in the layout of botocore's data directory.

``data/`` holds the memory operations of the data plane, ``bedrock-agentcore``, and of the control
plane, ``bedrock-agentcore-control``, without prose, their paginators and endpoint rules,
``partitions``, and ``endpoints``, which are made of these. They come from the botocore that
``data/source.json`` names, so every botocore, however old, can send what that one can.
``python -m agentcore_memory_async._wire.service_model`` makes them anew.
"""

from __future__ import annotations

import functools
import json
from typing import Any, cast

SERVICE = "bedrock-agentcore"
"""Name of the data plane: events, records, extraction jobs."""
CONTROL = "bedrock-agentcore-control"
"""Name of the control plane: memories, their strategies and tags."""
API_VERSIONS = {SERVICE: "2024-02-28", CONTROL: "2023-06-05"}
"""Version of the shipped model, by service."""
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
"""Wire names of the memory operations of the data plane."""
CONTROL_OPERATIONS = (
    "CreateMemory",
    "DeleteMemory",
    "GetMemory",
    "ListMemories",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
    "UpdateMemory",
)
"""Wire names of the memory operations of the control plane."""
OPERATIONS_BY_SERVICE = {SERVICE: OPERATIONS, CONTROL: CONTROL_OPERATIONS}
"""Wire names of the operations that are shipped, by service."""
SERVICE_FILES = ("service-2", "paginators-1", "endpoint-rule-set-1")
"""Files of each service, by botocore's names."""
SHARED_FILES = ("endpoints", "partitions")
"""Files that all services share."""


def path_of(name: str, service: str = SERVICE) -> str:
    """Return the path of a file below ``data``, without ``.json``."""
    return name if name in SHARED_FILES else f"{service}/{API_VERSIONS[service]}/{name}"


@functools.cache
def read_text(name: str, service: str = SERVICE) -> str:
    """
    Return the file *name* of *service* as text.

    The first call reads a file: make it in a thread where an event loop runs.
    """
    import pkgutil  # importlib.resources would be 15 modules

    content = pkgutil.get_data(__name__, f"data/{path_of(name, service)}.json")
    return cast("bytes", content).decode()


def read(name: str, service: str = SERVICE) -> dict[str, Any]:
    """Return the parsed file *name* of *service*, a new object at each call."""
    parsed: dict[str, Any] = json.loads(read_text(name, service))
    return parsed
