"""The local service without ``await``: on a thread of its own, beside that of the sync facade."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from agentcore_memory_async import ConversationalMessage, MessageRole
from agentcore_memory_async.errors import ServiceError
from agentcore_memory_async.local import (
    AutoClock,
    BlockingLocalMemoryService,
    LocalMemoryService,
    LocalServiceError,
)
from agentcore_memory_async.policies import RetryPolicy
from agentcore_memory_async.sync import MemorySessionManager

MEMORY = "chat-a1B2c3D4e5"
OSLO = [ConversationalMessage("I live in Oslo with my dog Rex.", MessageRole.USER)]


def _converse(service: BlockingLocalMemoryService) -> None:
    """Store a turn, wait for what is extracted, and read it back."""
    with service.manager(MEMORY) as manager:
        session = manager.create_memory_session("ann", "s1")
        with session.extraction_poller("/facts/{actorId}/", timeout=300) as poller:
            session.add_turns(OSLO)
            assert any("Oslo" in record.content for record in poller.wait())
        assert [OSLO[0].text] == [turn.text for turn in session.get_last_k_turns(k=1)]


def _threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == "agentcore-memory-async"]


def test_with_runs_it_for_the_facade() -> None:
    """``with LocalMemoryService()`` gives managers of the facade, and extracts meanwhile."""
    with LocalMemoryService() as service:
        assert isinstance(service, BlockingLocalMemoryService)
        assert isinstance(service.manager(MEMORY), MemorySessionManager)
        _converse(service)
        assert service.calls("CreateEvent")
        assert service.environment["AWS_ENDPOINT_URL_BEDROCK_AGENTCORE"] == service.endpoint_url
    with pytest.raises(RuntimeError, match="not open"):
        _ = service.endpoint_url


def test_it_ends_its_thread() -> None:
    """Closing ends the thread; opening again starts another one."""
    before = len(_threads())
    blocking = BlockingLocalMemoryService()
    for _ in range(2):
        with blocking as service:
            assert len(_threads()) == before + 1
            assert service.calls() == []
        assert len(_threads()) == before
    blocking.close()


def test_a_clock_of_a_test_works() -> None:
    """With an AutoClock a wait of minutes takes no real time."""
    with LocalMemoryService(clock=AutoClock(), extraction_delay=90) as service:
        _converse(service)


def test_faults_and_drain_are_there() -> None:
    """What tests need is called without ``await``."""
    with LocalMemoryService(extraction_delay=3_600) as service:
        manager = service.manager(MEMORY, retry=RetryPolicy(max_attempts=1))
        session = manager.create_memory_session("ann", "s1")
        service.fail("ValidationException", operation="CreateEvent", times=1)
        with pytest.raises(ServiceError):
            session.add_turns(OSLO)
        session.add_turns(OSLO)
        service.drain()
        assert session.list_long_term_memory_records("/facts/{actorId}/")


def test_an_error_at_the_start_is_raised() -> None:
    """A port that is taken is an error here too, and leaves no thread."""
    with LocalMemoryService() as service:
        port = int(service.endpoint_url.rpartition(":")[2])
        before = len(_threads())
        with pytest.raises(LocalServiceError, match="choose another port"):
            BlockingLocalMemoryService(port=port).open()
        with pytest.raises(RuntimeError, match="open already"):
            service.open()
        assert len(_threads()) == before


@pytest.mark.filterwarnings("ignore::agentcore_memory_async.errors.BlockingCallWarning")
async def test_it_works_where_a_loop_runs() -> None:
    """In a notebook the facade blocks the loop, and the service answers all the same."""
    with LocalMemoryService() as service:
        _converse(service)


def _run(script: str) -> tuple[int, str, str]:
    whole = f"from agentcore_memory_async.local import LocalMemoryService\n{script}"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", whole],
        capture_output=True,
        text=True,
        timeout=45,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_process_may_exit_without_closing() -> None:
    """It neither hangs nor says anything, and exit handlers may still use the service."""
    script = """
import atexit
service = LocalMemoryService().__enter__()
session = service.manager("chat-a1B2c3D4e5").create_memory_session("ann", "s1")
session.list_events()
atexit.register(lambda: print(session.list_events()))
"""
    assert (0, "[]\n", "") == _run(script)


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_a_forked_child_is_a_client() -> None:
    """It may call the service, closes nothing, and exits; the parent goes on."""
    script = """
import os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads
with LocalMemoryService() as service:
    manager = service.manager("chat-a1B2c3D4e5")
    child = os.fork()
    if not child:
        made = service.manager("chat-a1B2c3D4e5").create_memory_session("ann", "s1")
        print(made.list_events(), flush=True)
        service.close()
        sys.exit()
    assert os.waitpid(child, 0)[1] == 0
    print(manager.create_memory_session("ann", "s1").list_events(), flush=True)
"""
    assert (0, "[]\n[]\n", "") == _run(script)
