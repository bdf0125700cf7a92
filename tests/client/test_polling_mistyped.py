"""The text of a timeout names prefixes under which nothing was seen: they may be mistyped."""

from __future__ import annotations

import pickle

import pytest

from agentcore_memory_async import ExtractionTimeoutError, PollPolicy
from agentcore_memory_async.local import LocalMemoryService
from tests._virtual_time import virtual_time
from tests.client.doubles import said
from tests.client.extraction_service import (
    FACTS,
    ExtractionService,
    manager_on,
    session_of,
)

MISTYPED = "/fact/{actorId}/"
HINT = "mistyped prefix looks the same"


@pytest.mark.parametrize("since", [True, False])
@virtual_time
async def test_only_prefixes_without_any_record_are_named(since: bool) -> None:
    """A prefix is named if no record at all was seen there, be the others old or new."""
    service = ExtractionService()
    service.extract("/preferences/a/", -100.0, text="old")
    service.extract("/facts/a/", 5.0, text="new")
    prefixes = [FACTS, "/preferences/{actorId}/", MISTYPED]
    least = dict.fromkeys(prefixes, 1)
    async with manager_on(service) as manager:
        manager._core.polls.lister.created_filter.refused = True  # so that old records are seen
        session = await session_of(manager)
        event = await session.add_turns([said("x")])
        given = event if since else None
        poller = session.extraction_poller(prefixes, since=given, min_records=least, timeout=30)
        with pytest.raises(ExtractionTimeoutError) as caught:
            await poller
    error = caught.value
    assert error.unseen == ("/fact/a/",)
    assert f"no record at all was seen under /fact/a/, and a {HINT}" in str(error)
    assert pickle.loads(pickle.dumps(error)).unseen == error.unseen


@virtual_time
async def test_nothing_is_said_of_prefixes_with_records() -> None:
    """A timeout after too few records names no prefix as mistyped."""
    service = ExtractionService()
    service.extract("/facts/a/", 5.0, text="new")
    async with manager_on(service) as manager:
        session = await session_of(manager)
        with pytest.raises(ExtractionTimeoutError) as caught:
            await session.extraction_poller(FACTS, min_records=2, timeout=30)
    assert (caught.value.unseen, HINT in str(caught.value)) == ((), False)


@virtual_time
async def test_nothing_is_said_of_prefixes_that_could_not_be_listed() -> None:
    """A prefix that the service could not list is not called empty."""
    service = ExtractionService(throttles=1.0)
    async with manager_on(service) as manager:
        session = await session_of(manager)
        with pytest.raises(ExtractionTimeoutError) as caught:
            await session.extraction_poller(MISTYPED, timeout=30)
    assert (caught.value.unseen, HINT in str(caught.value)) == ((), False)


async def test_a_mistyped_prefix_on_the_local_service() -> None:
    """Waiting under ``/fact/`` in place of ``/facts/`` names the prefix."""
    policy = PollPolicy(poll_times_s=(0.1,), min_interval=0.1)
    async with (
        LocalMemoryService(extraction_delay=0) as service,
        service.manager("chat-a1B2c3D4e5", polling=policy) as manager,
    ):
        session = await manager.create_memory_session("user123", "chat001")
        event = await session.add_turns([said("I live in Turin.")])
        with pytest.raises(ExtractionTimeoutError, match=f"under /fact/user123/, and a {HINT}"):
            await session.wait_for_extraction(MISTYPED, since=event, timeout=0.5)
