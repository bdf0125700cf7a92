"""Forks, each in a process of its own."""

from __future__ import annotations

import copy
import pickle
import signal
from typing import TYPE_CHECKING

import pytest

from agentcore_memory_async import MemorySessionManager
from agentcore_memory_async.testing import FakeTransport
from tests.sync.test_processes import posix

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sync.conftest import Script

FORK = """
    import os, sys, warnings
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    from tests.sync.sync_toys import Toy
    from agentcore_memory_async.errors import ForkedError
    opened, fresh = Toy("opened"), Toy("fresh")
    numbers = opened.count(10)
    next(numbers), opened.echo("a")
    pid = os.fork()
    if not pid:
        for call in (lambda: opened.echo("b"), lambda: list(numbers)[5]):
            try:
                call()
            except ForkedError as error:
                print("forked", str(os.getppid()) in str(error))
        print(fresh.echo("fresh"), Toy("new").echo("new"))
        opened.close()
        numbers.close()
        del opened, numbers
        import gc; gc.collect()
        {end}
    assert os.waitpid(pid, 0)[1] == 0
    print(opened.echo("parent"), list(numbers))
    opened.close()
    print(opened.inner.log)
"""


@posix
class TestFork:
    """Forked children, which have no loop thread."""

    @pytest.mark.parametrize("end", ["os._exit(0)", "sys.exit(0)"])
    def test_child(self, run: Callable[[str], Script], end: str) -> None:
        """
        The parent's facade is refused in a child, a new one works, and the parent is
        unaffected.
        """
        ran = run(FORK.format(end=end)).finish()
        assert (ran.returncode, ran.stderr) == (0, "")
        assert ran.stdout.splitlines() == [
            "forked True",
            "forked True",
            "fresh new",
            f"parent {list(range(1, 10))}",
            "['opening', 'open', 'page 0', 'closed']",
        ]

    def test_while_other_threads_call(self, run: Callable[[str], Script]) -> None:
        """Forks during other threads' calls do not hang."""
        ran = run("""
            import os, threading, warnings
            warnings.filterwarnings("ignore", "This process .* is multi-thr", DeprecationWarning)
            from tests.sync.sync_toys import Toy
            toy, stop = Toy("toy"), threading.Event()
            def work():
                while not stop.is_set():
                    toy.echo("a")
                    Toy("more").echo("b")
            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            for _ in range(20):
                pid = os.fork()
                if not pid:
                    os._exit(0 if Toy("child").echo("c") == "c" else 1)
                assert os.waitpid(pid, 0)[1] == 0
            stop.set()
            for thread in threads:
                thread.join()
            print("done")
        """).finish()
        assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, "done", "")

    def test_multiprocessing(self, run: Callable[[str], Script]) -> None:
        """Forked workers of multiprocessing work and end quietly."""
        ran = run("""
            import multiprocessing, warnings
            warnings.filterwarnings("ignore", "This process .* is multi-thr", DeprecationWarning)
            from tests.sync.sync_toys import Toy
            def work(name):
                return Toy(name).echo("a")
            Toy("parent").echo("a")
            with multiprocessing.get_context("fork").Pool(2) as pool:
                print(pool.map(work, ["b", "c"]))
        """).finish()
        assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, "['a', 'a']", "")

    def test_a_manager_is_not_handed_over(self) -> None:
        """What belongs to a process is refused where multiprocessing would send it to another."""
        manager = MemorySessionManager("chat-a1B2c3D4e5", transport=FakeTransport())
        session = manager.create_memory_session("user1", "chat1", verify=False)
        for each in (manager, session, session.buffered()):
            for send in (pickle.dumps, copy.copy, copy.deepcopy):
                with pytest.raises(TypeError, match=f"{type(each).__name__} cannot be pickled or"):
                    send(each)


def test_a_script_that_hangs_is_killed(run: Callable[[str], Script]) -> None:
    """A script that hangs is killed and fails its test."""
    script = run("import threading; print('ready'); threading.Event().wait()")
    script.wait_for_line()
    with pytest.raises(pytest.fail.Exception, match=r"hangs:\n[^~]*wait"):
        script.finish(0.1)
    assert script.process.returncode in (-signal.SIGABRT, -getattr(signal, "SIGKILL", -1), 1)
