"""The commands about long-term records, and about the jobs that should have made them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agentcore_memory_async.cli._exit_codes import FAILED, NOT_FOUND

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcore_memory_async.local import BlockingLocalMemoryService
    from tests.cli.conftest import Ran


@pytest.fixture
def extracted(service: BlockingLocalMemoryService, memory_id: str) -> None:
    """Have two facts extracted."""
    with service.manager(memory_id) as manager:
        session = manager.create_memory_session("alice", "chat001")
        session.add_turns(
            [
                {"role": "user", "content": "I live in Turin."},
                {"role": "user", "content": "I work as a nurse."},
            ]
        )
        service.drain()


@pytest.mark.usefixtures("extracted")
def test_records(run: Callable[..., Ran]) -> None:
    """Each is a row with its whole id, or an object with its content."""
    rows = run("records", "/facts/alice/").rows
    objects = run("records", "/facts/alice/", "--json").objects
    assert 2 == len(rows) == len(objects)
    assert {"The user lives in Turin.", "The user works as a nurse."} == {each[3] for each in rows}
    for row, found in zip(rows, objects, strict=True):
        assert [found["memory_record_id"], found["namespace"], found["content"]] == row[1:]


@pytest.mark.usefixtures("extracted")
def test_search(run: Callable[..., Ran]) -> None:
    """The best one comes first, with its score."""
    [row] = run("search", "Turin", "/facts/alice/", "-k", "1").rows
    [found] = run("search", "Turin", "/facts/alice/", "-k", "1", "--json").objects
    assert "The user lives in Turin." == row[3] == found["content"]
    assert f"{found['score']:.3f}" == row[0]
    nothing = run("search", "Turin", "/facts/alice/", "--min-score", "9")
    assert (0, "") == (nothing.code, nothing.out)


@pytest.mark.usefixtures("memory_id")
def test_no_records(run: Callable[..., Ran]) -> None:
    """A person is told where nothing is; a program gets nothing."""
    ran = run("records", "/facts/bob/")
    assert (0, "", "there are no records below /facts/bob/\n") == (ran.code, ran.out, ran.err)
    ran = run("records", "/facts/bob/", "--json")
    assert (0, "", "") == (ran.code, ran.out, ran.err)


@pytest.fixture
def failed(service: BlockingLocalMemoryService, memory_id: str) -> None:
    """Have an extraction fail, once."""
    service.fail_extraction("LTM_RATE_EXCEEDED", times=1)
    with service.manager(memory_id) as manager:
        session = manager.create_memory_session("alice", "chat001")
        session.add_turns([{"role": "user", "content": "I live in Turin."}])
        service.drain()


@pytest.mark.usefixtures("failed")
def test_jobs(run: Callable[..., Ran]) -> None:
    """Each failed job is a row with its reason, or an object."""
    [[job, strategy, actor, session, reason, events]] = run("jobs").rows
    assert ["alice", "chat001", "LTM_RATE_EXCEEDED", "1"] == [actor, session, reason, events]
    [found] = run("jobs", "--json").objects
    assert (job, strategy) == (found["job_id"], found["memory_strategy_id"])
    assert "no extraction job failed" in run("jobs", "--actor", "bob").err


@pytest.mark.usefixtures("failed")
def test_restarted_jobs(run: Callable[..., Ran], service: BlockingLocalMemoryService) -> None:
    """``--restart`` starts them all, and shows them; then there are records and no failed jobs."""
    [job] = run("jobs", "--json").objects
    assert [job] == run("jobs", "--restart", "--json").objects
    service.drain()
    assert "" == run("jobs", "--restart").out
    assert 1 == len(run("records", "/facts/alice/").rows)


@pytest.mark.usefixtures("failed")
def test_a_job_that_is_gone(run: Callable[..., Ran], service: BlockingLocalMemoryService) -> None:
    """It is noted, does not stop the others, and shows in the exit status."""
    service.fail("ResourceNotFoundException", operation="StartMemoryExtractionJob")
    ran = run("jobs", "--restart")
    assert (FAILED, "") == (ran.code, ran.out)
    assert "is not there any more" in ran.err
    assert NOT_FOUND == run("jobs", "-m", "missing-a1B2c3D4e5", "--restart").code
