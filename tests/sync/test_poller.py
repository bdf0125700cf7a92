"""The extraction poller of the sync API: outcomes, iteration, failed jobs."""

from __future__ import annotations

from typing import Any

import pytest

from agentcore_memory_async import (
    ConversationalMessage,
    ExtractionFailedError,
    ExtractionTimeoutError,
    MessageRole,
    PollPolicy,
)
from agentcore_memory_async.sync import MemorySession, MemorySessionManager
from agentcore_memory_async.testing import FakeTransport

SOON = PollPolicy(
    poll_times_s=(0.01, 0.02), min_interval=0.01, max_interval=0.02, max_requests_per_second=None
)
RECORD: dict[str, Any] = {
    "memoryRecordId": "mem-" + "0" * 36,
    "content": {"text": "window"},
    "namespaces": ["/facts/user1/"],
    "createdAt": 1_767_225_700.0,
}
MESSAGES = [ConversationalMessage("I fly window", MessageRole.USER)]


def session_on(transport: FakeTransport) -> MemorySession:
    """Return a session that polls often."""
    manager = MemorySessionManager("chat-a1B2c3D4e5", transport=transport, polling=SOON)
    return manager.create_memory_session("user1", "chat1", verify=False)


def test_short_form_returns_the_records() -> None:
    """``wait_for_extraction`` returns the records since an event."""
    transport = FakeTransport()
    session = session_on(transport)
    event = session.add_turns(MESSAGES)
    empty: dict[str, Any] = {"memoryRecordSummaries": []}
    transport.reply("ListMemoryRecords", empty, {"memoryRecordSummaries": [RECORD]})

    found = session.wait_for_extraction("/facts/{actorId}/", since=event)

    assert [record.content for record in found] == ["window"]


def test_failed_jobs_can_be_started_again() -> None:
    """A failure raises the async poller's error, and the poller restarts its jobs."""
    transport = FakeTransport()
    session = session_on(transport)
    event = session.add_turns(MESSAGES)
    job = {
        "jobID": "job-1",
        "messages": {"messagesList": [{"eventId": event.event_id, "messageIndex": 0}]},
        "failureReason": "LTM_RATE_EXCEEDED",
        "sessionId": "chat1",
        "actorId": "user1",
    }
    transport.reply("ListMemoryExtractionJobs", {"jobs": [job]})
    poller = session.extraction_poller("/facts/{actorId}/", since=event, timeout=0.5)
    with pytest.raises(ExtractionFailedError) as caught:
        poller.wait()
    poller.restart(caught.value)
    sent = [each.params for each in transport.requests if each.operation.startswith("Start")]
    assert [params["extractionJob"] for params in sent] == [{"jobId": "job-1"}]

    transport.reply("ListMemoryRecords", {"memoryRecordSummaries": [RECORD]})
    assert [record.content for record in poller] == ["window"]


def test_manager_has_a_poller_too() -> None:
    """
    The manager's poller waits for any actor, and as a context manager takes its
    baseline on entry.
    """
    transport = FakeTransport()
    manager = MemorySessionManager("chat-a1B2c3D4e5", transport=transport, polling=SOON)
    with manager, manager.extraction_poller("/facts/", timeout=0.2) as poller:
        with pytest.raises(ExtractionTimeoutError):
            poller.wait()
        assert (poller.records, poller.done) == ([], False)
