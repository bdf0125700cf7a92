"""Ctrl-C and exit, each in a process of its own."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sync.conftest import Script

starts_no_threads_at_exit = pytest.mark.skipif(
    (3, 12, 0) <= sys.version_info < (3, 12, 2), reason="CPython's gh-113964, mended in 3.12.2"
)
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and fork are of POSIX")


@posix
class TestCtrlC:
    """Ctrl-C cancels what the main thread waits for, and is then raised."""

    def test_cancels_waits_and_rises(self, run: Callable[[str], Script]) -> None:
        """
        The coroutine cleans up before ``KeyboardInterrupt`` is raised, and the facade
        still works.
        """
        script = run("""
            import threading
            from tests.sync.sync_toys import Toy
            toy = Toy("toy")
            toy.echo("a")
            def tell():
                toy.inner.hanging.wait()
                print("ready")
            threading.Thread(target=tell).start()
            try:
                toy.hang()
            except KeyboardInterrupt:
                print(toy.inner.log, toy.inner.running)
            print(toy.echo("goes on"))
        """)
        assert script.wait_for_line() == "ready"
        script.process.send_signal(signal.SIGINT)
        ran = script.finish()
        assert (ran.stderr, ran.stdout.splitlines()) == (
            "",
            ["['opening', 'open', 'cleaned up'] 0", "goes on"],
        )

    @pytest.mark.parametrize("task", ["main", "child"])
    def test_inside_asyncio_run(self, run: Callable[[str], Script], task: str) -> None:
        """
        The first Ctrl-C inside ``asyncio.run`` cancels the call, whatever task it blocks, and the
        program ends with ``KeyboardInterrupt``.
        """
        script = run(f"""
            import asyncio, threading, warnings
            warnings.simplefilter("ignore")
            from tests.sync.sync_toys import Toy
            toy = Toy("toy")
            def tell():
                toy.inner.hanging.wait()
                print("ready")
            threading.Thread(target=tell).start()
            async def block():
                toy.hang()
            async def main():
                if {task == "child"}:
                    await asyncio.create_task(block())
                else:
                    await block()
            try:
                asyncio.run(main())
            except KeyboardInterrupt:
                print(toy.inner.log, toy.inner.running, toy.echo("goes on"))
        """)
        assert script.wait_for_line() == "ready"
        script.process.send_signal(signal.SIGINT)
        ran = script.finish()
        expected = "['opening', 'open', 'cleaned up'] 0 goes on"
        assert (ran.stderr, ran.stdout.strip()) == ("", expected)

    def test_inside_asyncio_run_at_each_line(self, run: Callable[[str], Script]) -> None:
        """A Ctrl-C inside ``asyncio.run`` cancels the call, wherever the main thread is in it."""
        ran = run("""
            import asyncio, signal, sys, warnings
            from agentcore_memory_async._sync.loop_thread import Call, LoopThread
            from tests.sync.sync_toys import Toy
            warnings.simplefilter("ignore")
            toy = Toy("toy")
            toy.echo("a")
            async def block(number):
                places = []
                def trace(frame, event, arg):
                    if frame.f_code not in (LoopThread._post.__code__, Call.wait.__code__):
                        return None
                    if event == "line" and len(places) < number:
                        places.append((frame.f_code.co_name, frame.f_lineno))
                        if len(places) == number:
                            signal.raise_signal(signal.SIGINT)
                    return trace
                sys.settrace(trace)
                try:
                    toy.hang()
                finally:
                    sys.settrace(None)
                    reached.append(places[-1])
            reached = []
            while len(set(reached)) == len(reached):  # until it waits, line by line in a circle
                try:
                    asyncio.run(block(len(reached) + 1))
                except KeyboardInterrupt:
                    assert toy.inner.running == 0
            print(sorted({name for name, _ in reached}), toy.echo("goes on"))
        """).finish()
        assert (ran.stderr, ran.stdout.strip()) == ("", "['_post', 'wait'] goes on")

    def test_uncaught(self, run: Callable[[str], Script]) -> None:
        """An uncaught Ctrl-C ends the script as usual, and everything is closed."""
        script = run("""
            import atexit, threading
            from tests.sync.sync_toys import Toy
            toy = Toy("toy")
            def tell():
                toy.inner.hanging.wait()
                print("ready")
            threading.Thread(target=tell).start()
            log = toy.inner.log
            from agentcore_memory_async._sync import loop_thread
            atexit.unregister(loop_thread._at_exit)
            atexit.register(lambda: print(log))
            atexit.register(loop_thread._at_exit)
            toy.hang()
        """)
        assert script.wait_for_line() == "ready"
        script.process.send_signal(signal.SIGINT)
        ran = script.finish()
        assert ran.stdout.strip() == "['opening', 'open', 'cleaned up', 'closed']"
        assert ran.stderr.splitlines()[-1] == "KeyboardInterrupt"
        assert ran.returncode in (-signal.SIGINT, 130)

    def test_other_threads_go_on(self, run: Callable[[str], Script]) -> None:
        """Only the main thread's call is cancelled."""
        script = run("""
            import anyio, threading
            from tests.sync.sync_toys import Toy
            toy, other = Toy("toy"), Toy("other")
            event = other.call_back(anyio.Event)
            found = []
            def work():
                print("ready")
                other.wait_for(event)
                found.append("done")
            thread = threading.Thread(target=work)
            try:
                thread.start()
                toy.hang()
            except KeyboardInterrupt:
                other.call_back(event.set)
            thread.join()
            print(found)
        """)
        assert script.wait_for_line() == "ready"
        script.process.send_signal(signal.SIGINT)
        ran = script.finish()
        assert (ran.stderr, ran.stdout.strip()) == ("", "['done']")

    def test_ends_an_iterator(self, run: Callable[[str], Script]) -> None:
        """An interrupted iterator has ended, as a generator would."""
        script = run("""
            import anyio, threading
            from tests.sync.sync_toys import Toy
            toy = Toy("toy")
            events = toy.call_back(lambda: [anyio.Event() for _ in range(2)])
            toy.call_back(events[0].set)
            numbers = toy.drip(events)
            found = [next(numbers)]
            def tell():
                toy.inner.hanging.wait()
                print("ready")
            threading.Thread(target=tell).start()
            try:
                next(numbers)
            except KeyboardInterrupt:
                print(found, list(numbers))
        """)
        assert script.wait_for_line() == "ready"
        script.process.send_signal(signal.SIGINT)
        ran = script.finish()
        assert (ran.stderr, ran.stdout.strip()) == ("", "[0] []")

    def test_100_random_moments(self, run: Callable[[str], Script]) -> None:
        """Ctrl-C at any moment is raised, leaves nothing running, and the next call works."""
        ran = run("""
            import random, signal
            from tests.sync.sync_toys import Toy
            seed = 4
            moments = random.Random(seed)
            toy = Toy("toy")
            toy.echo("a")
            rose = 0
            for number in range(100):
                fresh = Toy(str(number))
                signal.signal(signal.SIGALRM, signal.default_int_handler)
                try:
                    signal.setitimer(signal.ITIMER_REAL, moments.uniform(0.0001, 0.006))
                    while True:
                        toy.echo("a")
                        if number % 2:
                            toy.hang()
                        fresh.echo("b")
                except KeyboardInterrupt:
                    rose += 1
                assert toy.echo("c") == "c"
                assert fresh.echo("d") == "d"
                assert toy.inner.running == 0
            print(rose)
        """).finish()
        assert (ran.stderr, ran.stdout.strip()) == ("", "100")

    def test_timeout_raised_while_the_loop_is_woken(self, run: Callable[[str], Script]) -> None:
        """A `TimeoutError` is an `OSError`, and not one of the socket that wakes the loop."""
        ran = run("""
            import signal
            from agentcore_memory_async._sync import loop_thread
            from tests.sync.sync_toys import Toy
            def out(*_): raise TimeoutError("late")
            signal.signal(signal.SIGALRM, out)
            toy = Toy("toy")
            toy.echo("a")
            loop = loop_thread._process.thread._loop
            class Ringing:
                def __init__(self, socket): self.socket, self.rings = socket, 1
                def __getattr__(self, name): return getattr(self.socket, name)
                def send(self, data):
                    self.socket.send(data)
                    self.rings -= 1
                    if self.rings == 0: signal.raise_signal(signal.SIGALRM)
            loop._csock = Ringing(loop._csock)
            try:
                toy.hang()
            except TimeoutError as error:
                print(error, toy.inner.running, toy.echo("b"))
        """).finish()
        assert (ran.stderr, ran.stdout.strip()) == ("", "late 0 b")

    def test_timeout_raised_by_a_signal(self, run: Callable[[str], Script]) -> None:
        """An exception that a signal handler raises cancels the call as well."""
        ran = run("""
            import os, signal, threading
            from tests.sync.sync_toys import Toy
            def out(*_): raise TimeoutError("late")
            signal.signal(signal.SIGALRM, out)
            toy = Toy("toy")
            def ring():
                toy.inner.hanging.wait()
                os.kill(os.getpid(), signal.SIGALRM)
            threading.Thread(target=ring).start()
            try:
                toy.hang()
            except TimeoutError as error:
                print(error, toy.inner.log[-1], toy.inner.running)
        """).finish()
        assert (ran.stderr, ran.stdout.strip()) == ("", "late cleaned up 0")


EXITS = {
    "the end": ("", 0, ""),
    "sys.exit": ("import sys; sys.exit(3)", 3, ""),
    "an exception": ("1 / 0", 1, "ZeroDivisionError: division by zero"),
    "the end of with": ("with toy: print(toy.echo('b'))", 0, ""),
    "sys.exit in with": ("with toy: import sys; sys.exit(3)", 3, ""),
    "an open iterator": ("numbers = toy.count(10); next(numbers)", 0, ""),
    "a cycle": ("toy.me = [toy]", 0, ""),
    "a closed loop of its own": ("import asyncio; asyncio.run(asyncio.sleep(0))", 0, ""),
}


class TestExit:
    """Exit of the interpreter with facades that were not closed."""

    @pytest.mark.parametrize("how", EXITS)
    def test_left_open(self, run: Callable[[str], Script], how: str) -> None:
        """An open facade is closed at the end of a script, without a warning or delay."""
        code, status, last = EXITS[how]
        ran = run(f"""
            import atexit
            def report():
                entries = [entry for entry in log if "page" not in entry]
                print(entries, toys.running, [t.name for t in threading.enumerate()])
            atexit.register(report)  # runs last
            import threading
            from tests.sync.sync_toys import Toy
            toy = Toy("toy")
            toys, log = toy.inner, toy.inner.log
            toy.echo("a")
            {code}
        """).finish()
        assert ran.stdout.splitlines()[-1] == "['opening', 'open', 'closed'] 0 ['MainThread']"
        assert (ran.returncode, (ran.stderr.splitlines() or [""])[-1]) == (status, last)

    def test_never_used(self, run: Callable[[str], Script]) -> None:
        """A facade that was never called starts no thread."""
        ran = run("""
            import threading
            from tests.sync.sync_toys import Toy
            toy = Toy("toy")
            print(threading.active_count())
        """).finish()
        assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, "1", "")

    def test_threads_that_outlive_the_main_thread(self, run: Callable[[str], Script]) -> None:
        """Threads can call after the main thread has ended, and names are still looked up."""
        ran = run("""
            import asyncio, threading
            from tests.sync.sync_toys import Toy
            toy = Toy("toy")
            async def look_up():
                loop = asyncio.get_running_loop()
                return bool(await loop.getaddrinfo("localhost", 80))
            toy._backing.call("look_up", look_up)
            def work():
                threading.main_thread().join()
                print(toy.echo("a"), toy._backing.call("look_up", look_up), len(list(toy.count(9))))
            threading.Thread(target=work).start()
        """).finish()
        assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, "a True 9", "")

    @starts_no_threads_at_exit
    def test_executors_that_outlive_the_main_thread(self, run: Callable[[str], Script]) -> None:
        """Work that an executor still has at the exit is done."""
        ran = run("""
            import threading
            from concurrent.futures import ThreadPoolExecutor
            from tests.sync.sync_toys import Toy
            toy = Toy("toy")
            ended = threading.Event()
            threading._register_atexit(ended.set)  # runs when the main thread has ended
            def work(number):
                ended.wait()
                print(toy.echo(str(number)))
            executor = ThreadPoolExecutor(1)
            for number in range(3):
                executor.submit(work, number)
        """).finish()
        assert (ran.returncode, ran.stdout.split(), ran.stderr) == (0, ["0", "1", "2"], "")

    def test_a_facade_first_used_by_an_exit_handler(self, run: Callable[[str], Script]) -> None:
        """
        A facade whose first call is made by an exit handler works and is closed, also where no
        thread can be started any more, as in Python 3.12.0 and 3.12.1.
        """
        for starts_threads in (True, False):
            ran = run(f"""
                import asyncio, atexit, threading
                atexit.register(lambda: print(log))
                from tests.sync.sync_toys import Toy
                toy = Toy("toy")
                log = toy.inner.log
                async def look_up():
                    loop = asyncio.get_running_loop()
                    return bool(await loop.getaddrinfo("localhost", 80))
                def start(thread):
                    raise RuntimeError("can't create new thread at interpreter shutdown")
                def last():
                    if not {starts_threads}:
                        threading.Thread.start = start
                    print(toy.echo("a"), len(list(toy.count(9))))
                    print(toy._backing.call("look_up", look_up))
                    toy.call_back(refused)
                def refused():
                    try:
                        toy.echo("b")
                    except RuntimeError as error:
                        print("there instead" in str(error))
                atexit.register(last)
            """).finish()
            assert (ran.returncode, ran.stderr) == (0, "")
            first, second, third, last = ran.stdout.splitlines()
            assert (first, second, third) == ("a 9", "True", "True")
            assert last.endswith("'closed']")

    @starts_no_threads_at_exit
    def test_exit_handlers_can_call(self, run: Callable[[str], Script]) -> None:
        """An exit handler of a script can still store a turn."""
        ran = run("""
            import atexit
            from tests.sync.sync_toys import Toy
            toy = Toy("toy")
            atexit.register(lambda: print(toy.echo("goodbye")))
        """).finish()
        assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, "goodbye", "")

    def test_daemon_thread_with_a_call_in_flight(self, run: Callable[[str], Script]) -> None:
        """A daemon thread's call is cancelled and cleaned up at exit, without output."""
        ran = run("""
            import atexit, threading
            atexit.register(lambda: print(log, threading.active_count()))
            from tests.sync.sync_toys import Toy
            toy = Toy("toy")
            log = toy.inner.log
            threading.Thread(target=toy.hang, daemon=True).start()
            toy.inner.hanging.wait()
        """).finish()
        assert (ran.returncode, ran.stderr) == (0, "")
        log, _, count = ran.stdout.strip().rpartition(" ")
        assert (count, sorted(eval(log))) == ("2", ["cleaned up", "closed", "open", "opening"])

    def test_other_thread_with_a_call_in_flight(self, run: Callable[[str], Script]) -> None:
        """The exit waits for a thread that is not a daemon."""
        ran = run("""
            import anyio, threading
            from tests.sync.sync_toys import Toy
            toy = Toy("toy")
            event = toy.call_back(anyio.Event)
            def work():
                toy.wait_for(event)
                print("done")
            def release():
                threading.main_thread().join()
                toy.call_back(event.set)
            for target in (work, release):
                threading.Thread(target=target).start()
        """).finish()
        assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, "done", "")

    def test_closing_that_hangs_is_not_waited_for(self, run: Callable[[str], Script]) -> None:
        """Cleanup at exit has a time limit."""
        ran = run("""
            import anyio
            from agentcore_memory_async._sync import loop_thread
            loop_thread.LoopThread.stop.__defaults__ = (0.1,)
            from tests.sync.sync_toys import AsyncToy, Toy
            class Slow(AsyncToy):
                async def __aexit__(self, *error):
                    with anyio.CancelScope(shield=True):
                        await anyio.sleep_forever()
            toy = Toy("toy")
            toy._backing._resource = Slow("slow")
            toy.echo("a")
        """).finish()
        said = "at exit, closing took too long: what was being written is not known to be stored\n"
        assert (ran.returncode, ran.stderr) == (0, said)

    def test_lookup_that_hangs_is_not_waited_for(self, run: Callable[[str], Script]) -> None:
        """A name lookup that hangs does not delay the exit."""
        ran = run("""
            import asyncio, threading
            from tests.sync.sync_toys import Toy
            toy = Toy("toy")
            begun = threading.Event()
            def never():
                begun.set()
                threading.Event().wait()
            async def look_up():
                await asyncio.to_thread(never)
            work = lambda: toy._backing.call("look_up", look_up)
            threading.Thread(target=work, daemon=True).start()
            begun.wait()
        """).finish()
        assert (ran.returncode, ran.stderr) == (0, "")
