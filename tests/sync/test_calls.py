"""Calls through the loop thread: results, errors, opening, closing, threads, loops."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import gc
import logging
import sys
import threading
import traceback
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from agentcore_memory_async._sync import loop_thread
from agentcore_memory_async.errors import BlockingCallWarning, ClosedError
from tests.sync.sync_toys import TENANT, AsyncToy, Toy


class TestOutcomes:
    """Results and errors of calls."""

    def test_result(self, toy: Toy) -> None:
        """A call returns the coroutine's result."""
        assert toy.echo("ab", times=2) == "abab"

    @pytest.mark.parametrize(
        "error", [ValueError("no"), SystemExit(3), KeyboardInterrupt(), StopIteration(4)]
    )
    def test_error(self, toy: Toy, error: BaseException) -> None:
        """A call raises any exception of the coroutine, and the loop continues."""
        with pytest.raises((type(error), RuntimeError)) as caught:
            toy.trouble(error)
        assert (error in (caught.value, caught.value.__cause__), toy.echo("a")) == (True, "a")

    def test_cancelled_by_itself(self, toy: Toy) -> None:
        """A coroutine that cancels itself ends only its own call."""
        with pytest.raises(concurrent.futures.CancelledError):
            toy.trouble(asyncio.CancelledError())
        assert toy.echo("a") == "a"

    def test_traceback_has_both_ends(self, toy: Toy) -> None:
        """A traceback shows the line that called and the line that failed."""
        with pytest.raises(ValueError, match="no") as caught:
            toy.trouble(ValueError("no"))
        names = [frame.name for frame in traceback.extract_tb(caught.tb)]
        assert (names[0], names[-1]) == ("test_traceback_has_both_ends", "trouble")

    def test_error_leaves_no_cycle(self, toy: Toy) -> None:
        """A handled error is freed without the garbage collector."""

        class CustomError(Exception):
            pass

        made: list[weakref.ref[CustomError]] = []

        def fail() -> None:
            error = CustomError()
            made.append(weakref.ref(error))
            try:
                raise error
            finally:
                del error

        gc.collect()
        gc.disable()
        try:
            with contextlib.suppress(CustomError):
                toy.call_back(fail)
            toy.echo("one more, so that the loop lets go")
            assert [gone() for gone in made] == [None]
        finally:
            gc.enable()

    def test_context_variables_come_along(self, toy: Toy) -> None:
        """The coroutine sees a copy of the caller's context variables."""

        def call() -> tuple[str, str]:
            TENANT.set("alice")
            return toy.tenant(), TENANT.get()

        assert (copy_context().run(call), TENANT.get()) == (("alice", "alice"), "nobody")


class TestOpening:
    """Opening of a facade at its first use."""

    def test_nothing_happens_before(self) -> None:
        """Creating a facade opens nothing."""
        assert Toy("toy").inner.log == []

    def test_opens_once(self, toy: Toy) -> None:
        """Calls share one opening."""
        toy.echo("a")
        toy.echo("b")
        assert toy.inner.log == ["opening", "open"]

    def test_64_threads_open_once(self, toy: Toy) -> None:
        """Concurrent first calls of many threads open the facade once."""
        start = threading.Barrier(64)

        def first(number: int) -> str:
            start.wait(10)
            return toy.echo(str(number))

        with ThreadPoolExecutor(64) as threads:
            found = list(threads.map(first, range(64)))
        assert (found, toy.inner.log) == ([str(i) for i in range(64)], ["opening", "open"])

    def test_failed_opening_raises_and_can_be_tried_again(self) -> None:
        """The call raises the error of opening, and the next call tries again."""
        toy = Toy("toy", fail=OSError("no network"))
        with pytest.raises(OSError, match="no network"):
            toy.echo("a")
        toy.inner.fail = None
        assert toy.echo("b") == "b"
        toy.close()

    def test_with_opens_and_closes(self) -> None:
        """``with`` opens the facade at its beginning and closes it at its end."""
        with Toy("toy") as toy:
            opened = list(toy.inner.log)
        assert (opened, toy.inner.log) == (["opening", "open"], ["opening", "open", "closed"])


class TestClosing:
    """Closing of a facade, explicitly or when it is freed."""

    def test_close_waits_and_can_be_repeated(self) -> None:
        """``close`` waits until the object is closed, and closing again does nothing."""
        toy = Toy("toy")
        toy.echo("a")
        toy.close()
        toy.close()
        assert toy.inner.log == ["opening", "open", "closed"]

    def test_closed_before_first_use(self) -> None:
        """A facade that was closed before its first use does not open."""
        toy = Toy("toy")
        toy.close()
        with pytest.raises(ClosedError, match="closed; create a new one"):
            toy.echo("a")
        assert toy.inner.log == []

    def test_error_of_closing_rises(self) -> None:
        """``close`` raises an error of closing once."""
        toy = Toy("toy")
        toy.echo("a")
        toy.inner.fail_at_close = OSError("lost")
        with pytest.raises(OSError, match="lost"):
            toy.close()
        toy.close()

    def test_many_threads_close_once(self) -> None:
        """Concurrent calls of ``close`` close the object once."""
        toy = Toy("toy")
        toy.echo("a")
        with ThreadPoolExecutor(8) as threads:
            for closing in [threads.submit(toy.close) for _ in range(8)]:
                closing.result()
        assert toy.inner.log == ["opening", "open", "closed"]

    def test_dropped_facade_is_closed(self) -> None:
        """An unreferenced facade is closed by the loop thread, without the garbage collector."""
        gc.collect()
        gc.disable()
        try:
            toy = Toy("toy")
            toy.echo("a")
            inner = toy.inner
            del toy
            Toy("other").echo("closing began before this")
            with Toy("another") as other:
                other.echo("and ended before this")
            assert inner.log == ["opening", "open", "closed"]
        finally:
            gc.enable()

    def test_1000_dropped_facades_leave_nothing(self) -> None:
        """Unreferenced facades leave no thread and no task."""
        with Toy("first") as first:
            first.echo("a")
            before = threading.active_count(), first.call_back(lambda: len(asyncio.all_tasks()))
            for number in range(1000):
                Toy(str(number)).echo("a")
            first.echo("a")
            first.echo("a")
            after = threading.active_count(), first.call_back(lambda: len(asyncio.all_tasks()))
        assert (before[0], True) == (after[0], after[1] <= before[1] + 3)  # type: ignore[operator]


class TestThreads:
    """Calls of any number of threads."""

    def test_64_threads_of_100_calls(self, toy: Toy) -> None:
        """Each of 6,400 calls of 64 threads gets its own answer."""

        def work(number: int) -> list[str]:
            return [toy.echo(f"{number}-{i}") for i in range(100)]

        with ThreadPoolExecutor(64) as threads:
            found = list(threads.map(work, range(64)))
        assert found == [[f"{number}-{i}" for i in range(100)] for number in range(64)]

    def test_all_facades_share_one_thread(self, toy: Toy) -> None:
        """All facades share one loop thread, which is a daemon."""
        with Toy("other") as other:
            found = {toy.call_back(threading.current_thread)}
            found.add(other.call_back(threading.current_thread))
        (thread,) = found
        assert isinstance(thread, threading.Thread)
        assert (thread.name, thread.daemon) == ("agentcore-memory-async", True)

    def test_lookups_run_in_daemon_threads(self, toy: Toy) -> None:
        """Work that the loop does in threads can't delay the exit."""

        async def where() -> bool:
            return await asyncio.to_thread(lambda: threading.current_thread().daemon)

        async def trouble() -> None:
            await asyncio.to_thread(int, "x")

        assert toy._backing.call("where", where)
        with pytest.raises(ValueError, match="invalid literal"):
            toy._backing.call("trouble", trouble)

    def test_many_lookups_share_few_threads(self, toy: Toy) -> None:
        """Name lookups have 16 threads, and more of them wait."""
        go_on = threading.Event()
        begun: list[int] = []

        def look_up() -> int:
            begun.append(threading.get_ident())
            go_on.wait()
            return begun[-1]

        async def names() -> int:
            async with anyio.create_task_group() as tasks:
                for _ in range(100):
                    tasks.start_soon(asyncio.to_thread, look_up)
                while len(begun) < 16:
                    await anyio.sleep(0.001)
                threads: Any = asyncio.get_running_loop()
                count = len(threads._default_executor._started)
                go_on.set()
            return count

        assert 16 == toy._backing.call("names", names)
        assert 100 == len(begun)

    def test_re_entry_is_refused(self, toy: Toy) -> None:
        """A call from the loop thread raises an error that names the coroutine to await."""
        with pytest.raises(RuntimeError, match=r"await AsyncToy\.echo there instead"):
            toy.call_back(lambda: toy.echo("a"))
        assert toy.echo("a") == "a"

    def test_logging_handler_on_the_loop_thread(self, toy: Toy) -> None:
        """
        A logging handler that calls the facade on the loop thread gets an error, not a
        deadlock.
        """
        found: list[str] = []

        class Storing(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                try:
                    toy.echo(record.getMessage())
                except RuntimeError as error:
                    found.append(str(error)[:11])

        logger = logging.getLogger("tests.sync")
        logger.addHandler(handler := Storing())
        try:
            toy.call_back(lambda: logger.warning("hello"))
        finally:
            logger.removeHandler(handler)
        assert found == ["this blocki"]

    def test_collector_on_the_loop_thread(self, toy: Toy) -> None:
        """Facades and iterators that are freed on the loop thread are closed there."""

        def drop() -> int:
            holder: list[object] = [held.pop()]
            holder.append(holder)
            del holder
            gc.collect()
            return 1

        other = Toy("other")
        inner = other.inner
        numbers = other.count(1000)
        next(numbers)
        held: list[object] = [(other, numbers)]
        del other, numbers
        toy.call_back(drop)
        with Toy("one more") as more:
            more.echo("a")
        assert (inner.running, inner.log[-1]) == (0, "closed")


class TestRunningLoop:
    """Calls from a thread with a running loop."""

    async def test_works_and_warns_once(self, toy: Toy) -> None:
        """The first call in a running loop warns at its line, and later ones do not."""
        line = traceback.extract_stack()[-1].lineno
        with pytest.warns(BlockingCallWarning) as caught:
            found = toy.echo("a"), toy.echo("b")
        (warning,) = caught
        location = (Path(warning.filename), warning.lineno)
        assert (found, location) == (("a", "b"), (Path(__file__), (line or 0) + 2))
        assert str(warning.message) == (
            "Toy.echo blocks the event loop that runs here, with everything else on it; "
            "await AsyncToy.echo of an AsyncMemorySessionManager instead"
        )

    async def test_iterator_warns_at_the_loop(self, toy: Toy) -> None:
        """An iterator warns where it is iterated."""
        with pytest.warns(BlockingCallWarning, match=r"AsyncToy\.count") as caught:
            assert list(toy.count(2)) == [0, 1]
        assert Path(caught[0].filename) == Path(__file__)

    @pytest.mark.parametrize("kernel", [None, object()])
    async def test_silent_in_a_notebook(
        self, toy: Toy, kernel: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A call in a notebook's cell, where a loop always runs, does not warn; IPython's does."""
        shell = SimpleNamespace(kernel=kernel)
        ipython = SimpleNamespace(get_ipython=lambda: shell)
        monkeypatch.setitem(sys.modules, "IPython", ipython)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert toy.echo("a") == "a"
        expected = [] if kernel else [BlockingCallWarning]
        assert expected == [warning.category for warning in caught]

    async def test_can_be_made_an_error(self, toy: Toy) -> None:
        """The warning as an error is raised at each call, before anything is sent."""
        with warnings.catch_warnings():
            warnings.simplefilter("error", BlockingCallWarning)
            for _ in range(2):
                with pytest.raises(BlockingCallWarning):
                    toy.echo("a")
        assert toy.inner.log == []

    def test_silent_without_a_loop(self, toy: Toy) -> None:
        """A call without a running loop does not warn."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert toy.echo("a") == "a"

    async def test_silent_in_a_worker_thread(self, toy: Toy) -> None:
        """A call in ``asyncio.to_thread`` does not warn."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert await asyncio.to_thread(toy.echo, "a") == "a"


class TestThreadDeath:
    """A loop thread that ends by force."""

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
    def test_waiting_calls_fail_and_new_facades_work(self) -> None:
        """Calls of an ended loop thread raise, and a new facade starts another thread."""
        toy = Toy("toy")
        thread = toy.call_back(threading.current_thread)
        with ThreadPoolExecutor(1) as threads:
            hanging = threads.submit(toy.hang)
            assert toy.inner.hanging.wait(10)

            def end() -> None:
                asyncio.get_running_loop().call_soon(_leave)

            toy.call_back(end)
            with pytest.raises((ClosedError, concurrent.futures.CancelledError)):
                hanging.result(10)
        assert isinstance(thread, threading.Thread)
        thread.join(10)
        assert toy.inner.log[2:] in (["cleaned up", "closed"], ["closed", "cleaned up"])
        with pytest.raises(ClosedError, match="has ended; make a new manager"):
            toy.echo("a")
        toy.close()
        with Toy("new") as new:
            assert new.echo("b") == "b"


def _leave() -> None:
    raise SystemExit


class TestRoundTrip:
    """The cost of a call."""

    def test_hop_is_cheap(self, toy: Toy) -> None:
        """A call makes one task, which has ended by the next call."""

        async def count() -> int:
            return len(asyncio.all_tasks())

        toy.echo("a")
        assert toy._backing.call("count", count) == toy._backing.call("count", count)


def test_process_state_is_made_anew_after_fork() -> None:
    """A forked child gets a new process state without the loop thread and its lock."""
    process = loop_thread._Process()
    process.thread, process.lock = loop_thread.loop_thread(), threading.RLock()  # type: ignore[assignment]
    process.forget()
    assert [process.thread, type(process.lock)] == [None, type(threading.Lock())]


def test_async_toy_needs_one_task() -> None:
    """The toy can't be closed by a task other than the one that opened it."""
    toy = AsyncToy("toy")
    with asyncio.Runner() as runner:  # each run is a task
        runner.run(toy.__aenter__())
        with pytest.raises(RuntimeError, match="cancel scope"):
            runner.run(toy.__aexit__())
