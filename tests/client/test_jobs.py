"""Failed extraction jobs: listed by whose they are, and started again."""

from __future__ import annotations

from typing import Any

import pytest

from agentcore_memory_async import (
    AnswerMismatchError,
    ExtractionJob,
    ExtractionJobMessage,
    NotFoundError,
    OutcomeUnknownError,
    RetryPolicy,
    TransportError,
)
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import MEMORY, manager_on, pages, said

LIST, START = "ListMemoryExtractionJobs", "StartMemoryExtractionJob"
ONCE = RetryPolicy(max_attempts=1)


def wire_job(job_id: str = "job-1", **members: Any) -> dict[str, Any]:
    """Return a job as the service lists it."""
    messages = [{"eventId": "1#a", "messageIndex": 0}, {"eventId": "1#a", "messageIndex": 2}]
    return {
        "jobID": job_id,
        "messages": {"messagesList": messages},
        "status": "FAILED",
        "failureReason": "LTM_RATE_EXCEEDED",
        "strategyId": "facts-1",
        "actorId": "a",
        "sessionId": "s",
    } | members


@virtual_time
async def test_a_job_has_all_that_the_service_says() -> None:
    """A job has its ids, its reason and its messages; optional members may be absent or null."""
    transport = FakeTransport()
    bare = {"jobID": "job-2", "messages": {"messagesList": [{"eventId": "2#a"}]}, "actorId": None}
    other = wire_job("job-3", messages={"newKind": {}}, new=1)
    transport.reply(LIST, *pages("jobs", [wire_job()], [], [bare, other]))
    async with manager_on(transport) as manager:
        first, second, third = await manager.list_memory_extraction_jobs()
    messages = tuple(ExtractionJobMessage("1#a", index) for index in (0, 2))
    expected = "job-1", "facts-1", "a", "s", "FAILED", "LTM_RATE_EXCEEDED", messages
    assert ExtractionJob(*expected) == first
    assert ("1#a",) == first.event_ids
    assert ExtractionJob("job-2", None, "", "", "FAILED", "", (ExtractionJobMessage("2#a"),)) == (
        second
    )
    assert () == third.messages
    assert [{"memoryId": MEMORY, "maxResults": 50}] == transport.sent(LIST)[:1]


@virtual_time
async def test_a_view_asks_for_its_own_jobs() -> None:
    """The manager filters by what is given; an actor and a session fill in their ids."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        everything: dict[str, Any] = {"actor_id": "a", "session_id": "s", "memory_strategy_id": "f"}
        await manager.list_memory_extraction_jobs(status="FAILED", page_size=5, **everything)
        await manager.actor("a").list_memory_extraction_jobs()
        await manager.actor("a").list_memory_extraction_jobs(session_id="other")
        await session.list_memory_extraction_jobs(actor_id="a", memory_strategy_id="f")
        assert [] == [job async for job in session.iter_memory_extraction_jobs()]
    assert [
        {"actorId": "a", "sessionId": "s", "strategyId": "f", "status": "FAILED"},
        {"actorId": "a"},
        {"actorId": "a", "sessionId": "other"},
        {"actorId": "a", "sessionId": "s", "strategyId": "f"},
        {"actorId": "a", "sessionId": "s"},
    ] == [params["filter"] for params in transport.sent(LIST)]
    assert [5, 50, 50, 50, 50] == [params["maxResults"] for params in transport.sent(LIST)]


@pytest.mark.parametrize(
    "change", [{"actorId": "bob"}, {"sessionId": "s2"}, {"strategyId": "other-1"}], ids=str
)
@virtual_time
async def test_a_job_of_another_is_never_shown(change: dict[str, str]) -> None:
    """A page with a job of another actor, session or strategy is another request's."""
    transport = FakeTransport()
    wrong = {"jobs": [wire_job(), wire_job("job-2", **change)]}
    transport.reply(LIST, wrong, {"jobs": [wire_job()]}, wrong)
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        found = await session.list_memory_extraction_jobs(memory_strategy_id="facts-1")
        assert ["job-1"] == [job.job_id for job in found]
        with pytest.raises(AnswerMismatchError, match=next(iter(change))):
            await session.with_options(retry=ONCE).list_memory_extraction_jobs(
                memory_strategy_id="facts-1"
            )


@virtual_time
async def test_a_job_is_started_under_one_token() -> None:
    """All attempts have one token: the caller's, or a new one for each call."""
    transport = FakeTransport()
    transport.reply(START, *[TransportError(START, "connection lost", sent=True)] * 2)
    async with manager_on(transport) as manager:
        assert "job-1" == await manager.start_memory_extraction_job("job-1")
        await manager.start_memory_extraction_job("job-1", client_token="t")
        await manager.start_memory_extraction_job("job-1")
    tokens = [params["clientToken"] for params in transport.sent(START)]
    assert [{"jobId": "job-1"}] * 5 == [each["extractionJob"] for each in transport.sent(START)]
    assert (tokens[0], tokens[0], "t") == (tokens[1], tokens[2], tokens[3])
    assert 3 == len(set(tokens))


@virtual_time
async def test_a_lost_start_is_unknown_and_a_missing_job_is_not_found() -> None:
    """A start whose answers are lost may be made again; a job that does not exist is an error."""
    transport = FakeTransport()
    transport.reply(START, TransportError(START, "connection lost", sent=True))
    transport.reply(START, service_error(START, "ResourceNotFoundException", "no such job", 404))
    async with manager_on(transport) as manager:
        once = manager.with_options(retry=ONCE)
        with pytest.raises(OutcomeUnknownError) as caught:
            await once.start_memory_extraction_job("job-1")
        with pytest.raises(NotFoundError):
            await once.start_memory_extraction_job("job-1", client_token=caught.value.client_token)
    first, second = transport.sent(START)
    assert first == second


async def test_a_failed_job_of_the_service_is_listed_and_started() -> None:
    """A job that failed on the service is listed where it belongs, and leaves the list."""
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        service.fail_extraction("LTM_RATE_EXCEEDED", times=1)
        event = await session.add_turns([said("I only fly window seats.")])
        await service.drain(include_future=True)
        [job] = await session.list_memory_extraction_jobs()
        assert (event.event_id,) == job.event_ids
        assert [0] == [message.message_index for message in job.messages]
        assert [job] == await manager.list_memory_extraction_jobs(actor_id="a")
        assert [job] == await manager.actor("a").list_memory_extraction_jobs(session_id="s")
        assert [] == await manager.actor("b").list_memory_extraction_jobs()
        assert job.job_id == await session.start_memory_extraction_job(job.job_id)
        assert [] == await session.list_memory_extraction_jobs()
        with pytest.raises(NotFoundError):
            await session.start_memory_extraction_job(job.job_id)
