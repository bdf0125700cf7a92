"""Invalid values for single events, actors, jobs, ingested content and calls by wire names."""

from __future__ import annotations

from typing import Any

from agentcore_memory_async import BlobPayload
from tests.unit.bad_input import (
    ACTORS,
    CANARY,
    COUNTS,
    GOOD,
    MESSAGES,
    METADATA,
    NAIVE,
    NAN,
    SESSIONS,
    SIZES,
    STRATEGIES,
    TIMESTAMPS,
    TOKENS,
    VARIABLES,
    said,
)

RAW_EVENT = {"actorId": "a", "eventTimestamp": 1.0, "payload": []}
RAW_EVENTS: list[Any] = [
    None,
    5,
    CANARY,
    [CANARY],
    {},
    {CANARY: CANARY},
    {**RAW_EVENT, 5: CANARY},
    {**RAW_EVENT, "memoryId": "other-a1B2c3D4e5"},
    {**RAW_EVENT, "newMember": 1},
    {**RAW_EVENT, "actorId": CANARY},
    {**RAW_EVENT, "actorId": None},
    {**RAW_EVENT, "sessionId": "x" * 101},
    {**RAW_EVENT, "sessionId": ".."},
    {**RAW_EVENT, "eventTimestamp": NAIVE},
    {**RAW_EVENT, "eventTimestamp": CANARY},
    {**RAW_EVENT, "eventTimestamp": -0.001},
    {**RAW_EVENT, "eventTimestamp": NAN},
    {**RAW_EVENT, "eventTimestamp": 10**400},
    {**RAW_EVENT, "eventTimestamp": 253_402_300_800},
    {**RAW_EVENT, "payload": CANARY},
    {**RAW_EVENT, "payload": [{"json": {"content": 1}}] * 101},
    {**RAW_EVENT, "payload": [CANARY]},
    {**RAW_EVENT, "payload": [{}]},
    {**RAW_EVENT, "payload": [{"blob": CANARY, "json": {"content": CANARY}}]},
    {**RAW_EVENT, "payload": [{"blob": None}]},
    {**RAW_EVENT, "payload": [{"blob": {CANARY: b"canary"}}]},
    {**RAW_EVENT, "payload": [{"conversational": {"role": CANARY, "content": {"text": CANARY}}}]},
    {**RAW_EVENT, "payload": [{"conversational": {"role": "USER", "content": {"text": ""}}}]},
    {**RAW_EVENT, "metadata": {CANARY + "!": {"stringValue": "x"}}},
    {**RAW_EVENT, "metadata": {"k": {"stringValue": CANARY + "!"}}},
    {**RAW_EVENT, "metadata": [CANARY]},
    {**RAW_EVENT, "metadata": {f"k{n}": {"stringValue": "v"} for n in range(16)}},
    {**RAW_EVENT, "extractionMode": CANARY},
    {**RAW_EVENT, "clientToken": ""},
    {**RAW_EVENT, "clientToken": "t\ud83d"},
    {**RAW_EVENT, "branch": {"rootEventId": "1#a"}},
]
RAW_SEARCHES: list[Any] = [
    {},
    {"searchCriteria": {"searchQuery": CANARY * 1000}},
    {"searchCriteria": {"searchQuery": CANARY, "topK": 0}},
    {"searchCriteria": {"searchQuery": CANARY, "topK": 101}},
    {"searchCriteria": {"searchQuery": CANARY, "topK": True}},
    {"searchCriteria": {"searchQuery": CANARY, "topK": 1.5}},
    {"searchCriteria": {"searchQuery": CANARY, "metadataFilters": []}},
]
EVENT_IDS: list[Any] = [None, 5, "", "12", "#a", "1#", "1#x", "a/b", ".."]

CALLS: dict[str, tuple[list[Any], Any]] = {
    "get_event(event_id)": (EVENT_IDS, lambda s, x: s.get_event(x)),
    "delete_event(event_id)": (EVENT_IDS, lambda s, x: s.delete_event(x)),
    "list_actors(max_results)": (
        [x for x in COUNTS if x is not None],
        lambda s, x: s.manager.list_actors(max_results=x),
    ),
    "list_actors(page_size)": (SIZES, lambda s, x: s.manager.list_actors(page_size=x)),
    "iter_actors(page_size)": (SIZES, lambda s, x: anext(s.manager.iter_actors(page_size=x))),
    "list_actor_sessions(actor_id)": (ACTORS, lambda s, x: s.manager.list_actor_sessions(x)),
    "list_actor_sessions(has_events)": (
        [None, "no", 1],
        lambda s, x: s.manager.list_actor_sessions("a", has_events=x),
    ),
    "list_actor_sessions(max_results)": (
        [x for x in COUNTS if x is not None],
        lambda s, x: s.manager.list_actor_sessions("a", max_results=x),
    ),
    "list_actor_sessions(page_size)": (
        SIZES,
        lambda s, x: s.manager.list_actor_sessions("a", page_size=x),
    ),
    "iter_actor_sessions(page_size)": (
        SIZES,
        lambda s, x: anext(s.manager.iter_actor_sessions("a", page_size=x)),
    ),
    "list_sessions(has_events)": (
        [None, "no", 1],
        lambda s, x: s.get_actor().list_sessions(has_events=x),
    ),
    "list_sessions(max_results)": (
        [x for x in COUNTS if x is not None],
        lambda s, x: s.get_actor().list_sessions(max_results=x),
    ),
    "list_sessions(page_size)": (SIZES, lambda s, x: s.get_actor().list_sessions(page_size=x)),
    "iter_sessions(page_size)": (
        SIZES,
        lambda s, x: anext(s.get_actor().iter_sessions(page_size=x)),
    ),
    "list_memory_extraction_jobs(actor_id)": (
        ["other", *(x for x in ACTORS if x is not None)],
        lambda s, x: s.list_memory_extraction_jobs(actor_id=x),
    ),
    "list_memory_extraction_jobs(session_id)": (
        ["other", *SESSIONS],
        lambda s, x: s.list_memory_extraction_jobs(session_id=x),
    ),
    "list_memory_extraction_jobs(memory_strategy_id)": (
        STRATEGIES,
        lambda s, x: s.list_memory_extraction_jobs(memory_strategy_id=x),
    ),
    "list_memory_extraction_jobs(status)": (
        [5, "", "RUNNING", ["FAILED"]],
        lambda s, x: s.list_memory_extraction_jobs(status=x),
    ),
    "list_memory_extraction_jobs(max_results)": (
        [x for x in COUNTS if x is not None],
        lambda s, x: s.list_memory_extraction_jobs(max_results=x),
    ),
    "list_memory_extraction_jobs(page_size)": (
        [*SIZES, 51],
        lambda s, x: s.list_memory_extraction_jobs(page_size=x),
    ),
    "iter_memory_extraction_jobs(page_size)": (
        SIZES,
        lambda s, x: anext(s.iter_memory_extraction_jobs(page_size=x)),
    ),
    "start_memory_extraction_job(job_id)": (
        [None, 5, "", "j\ud83d"],
        lambda s, x: s.start_memory_extraction_job(x),
    ),
    "start_memory_extraction_job(client_token)": (
        TOKENS,
        lambda s, x: s.start_memory_extraction_job("job-1", client_token=x),
    ),
    "ingest_data(messages)": (
        [*MESSAGES, [BlobPayload(CANARY)], [said("canary " * 8000)] * 2],
        lambda s, x: s.ingest_data(x),
    ),
    "ingest_data(timestamp)": (TIMESTAMPS, lambda s, x: s.ingest_data(GOOD, timestamp=x)),
    "ingest_data(metadata)": (METADATA, lambda s, x: s.ingest_data(GOOD, metadata=x)),
    "ingest_data(namespace_variables)": (
        VARIABLES,
        lambda s, x: s.ingest_data(GOOD, namespace_variables=x),
    ),
    "ingest_data(client_token)": (TOKENS, lambda s, x: s.ingest_data(GOOD, client_token=x)),
    "call(operation)": (
        [None, 5, "", "GetMemory", "create_event", CANARY, ["CreateEvent"]],
        lambda s, x: s.manager.call(x, {}),
    ),
    "call(params)": (RAW_EVENTS, lambda s, x: s.manager.call("CreateEvent", x)),
    "call(params of a search)": (
        RAW_SEARCHES,
        lambda s, x: s.manager.call("RetrieveMemoryRecords", x),
    ),
    "call(actor_id of params)": (
        ["a/b"],
        lambda s, x: s.manager.call("ListSessions", {"actorId": x}),
    ),
}
