"""The loop thread begins and ends: no thread and no caller is left behind."""

from __future__ import annotations

import asyncio
import concurrent.futures
import errno
import gc
import itertools
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import anyio
import pytest

from agentcore_memory_async._sync import loop_thread
from agentcore_memory_async._sync.loop_thread import Call, LoopThread
from agentcore_memory_async.errors import ClosedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from types import FrameType


class Interrupted(threading.Event):
    """An event whose waiter gets a Ctrl-C once the thread runs."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait, then raise."""
        super().wait(timeout)
        raise KeyboardInterrupt


def test_an_interrupted_start_ends_the_thread() -> None:
    """The thread whose starter gave up is stopped."""
    thread = LoopThread()
    thread._ready = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        thread.start()
    thread._thread.join(10)
    assert not thread._thread.is_alive()


@pytest.mark.parametrize("line", range(1, 41))
def test_an_interrupt_at_any_line_of_a_start_leaves_nothing_open(
    line: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No loop is left to a finalizer, which would warn of it, and no thread runs on."""
    lines, ignored, before = itertools.count(1), list[object](), sys.gettrace()
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)

    def interrupt(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename == threading.__file__:
            return None  # its locks do not survive that
        if event == "line" and next(lines) == line:
            raise KeyboardInterrupt
        return interrupt

    made = list[LoopThread]()

    def start() -> None:
        made.append(LoopThread())
        made[0].start()

    sys.settrace(interrupt)
    try:
        start()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    if made and made[0]._thread.ident is not None:
        if made[0].usable:  # there was no such line
            made[0].stop()
        made[0]._thread.join(10)
        assert not made[0]._thread.is_alive()
    made.clear()
    gc.collect()
    assert [] == ignored


def test_a_loop_that_can_not_be_made_is_told_to_the_starter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Too many open files, for one, leave nobody waiting."""

    def fail() -> asyncio.AbstractEventLoop:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(loop_thread, "_new_loop", fail)
    with ThreadPoolExecutor(1) as threads:
        starting = threads.submit(lambda: LoopThread().start())
        with pytest.raises(OSError, match="Too many open files"):
            starting.result(10)


def test_a_loop_that_ends_before_its_first_call_is_waited_for_no_longer() -> None:
    """A root that is cancelled at once leaves no starter waiting."""

    class Failing(LoopThread):
        async def _root(self) -> None:
            raise asyncio.CancelledError

    thread = Failing()
    starter = threading.Thread(target=thread.start, daemon=True)
    starter.start()
    starter.join(10)
    assert not starter.is_alive()
    with pytest.raises(ClosedError):
        thread.call(partial(anyio.sleep, 0))


def test_a_call_that_never_began_is_ended_with_the_thread() -> None:
    """A callback that cancels all tasks of the loop leaves no caller waiting."""
    thread = LoopThread()
    thread.start()
    blocked, may_end, errors = threading.Event(), threading.Event(), list[BaseException]()

    def end() -> None:
        blocked.set()
        may_end.wait()
        for task in asyncio.all_tasks(thread._loop):
            task.cancel()

    def call() -> None:
        try:
            thread.call(partial(anyio.sleep, 0))
        except ClosedError as error:
            errors.append(error)

    thread.post(end)
    blocked.wait()
    caller = threading.Thread(target=call, daemon=True)
    caller.start()
    while not thread.calls:
        pass  # until it waits for the loop
    may_end.set()
    caller.join(10)
    assert [ClosedError] == [type(error) for error in errors]


def test_a_call_that_is_cancelled_before_it_begins_is_over() -> None:
    """Its caller does not wait, and its function never runs."""
    thread = LoopThread()
    ran = list[int]()

    async def run() -> None:
        ran.append(1)

    call = Call(thread, run)
    call.cancel()
    assert call.finished
    thread.start()
    try:
        thread.post(call.begin)
        thread.call(partial(anyio.sleep, 0))
        assert [] == ran
    finally:
        thread.stop()


def test_a_call_that_is_cancelled_before_its_first_step_is_over() -> None:
    """Its task exists, but its function never runs."""
    thread = LoopThread()
    thread.start()
    ran = list[int]()

    async def run() -> None:
        ran.append(1)

    call = Call(thread, run)

    def begin_and_cancel() -> None:
        call.begin()
        call.cancel()

    try:
        thread.post(begin_and_cancel)
        assert call.wait(10)
        with pytest.raises(ClosedError):
            call.outcome()
        assert [] == ran
    finally:
        thread.stop()


def test_a_call_that_comes_while_the_thread_ends_is_over() -> None:
    """Its caller gets an error at once, though the thread still waits for another call."""
    thread = LoopThread()
    thread.start()
    hanging, ending, may_end = threading.Event(), threading.Event(), threading.Event()

    async def end_late() -> None:
        hanging.set()
        try:
            await anyio.sleep_forever()
        finally:
            ending.set()
            with anyio.CancelScope(shield=True):
                while not may_end.is_set():
                    await anyio.sleep(0)

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(thread.call, end_late)
        hanging.wait(10)
        thread.post(thread._stop)
        ending.wait(10)
        try:
            with pytest.raises(ClosedError):
                threads.submit(thread.call, partial(anyio.sleep, 0)).result(10)
            assert not first.done()
        finally:
            may_end.set()
        with pytest.raises(concurrent.futures.CancelledError):
            first.result(10)


def test_a_call_cleans_up_when_the_thread_ends() -> None:
    """Its shielded cleanup is waited for, and then its caller gets the cancellation."""
    thread = LoopThread()
    thread.start()
    cleaned, hanging = list[int](), threading.Event()

    async def hang() -> None:
        hanging.set()
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                for _ in range(20):
                    await anyio.sleep(0)
                cleaned.append(1)

    with ThreadPoolExecutor(1) as threads:
        caller = threads.submit(thread.call, hang)
        hanging.wait(10)
        thread.stop()
        assert [1] == cleaned
        with pytest.raises(concurrent.futures.CancelledError):
            caller.result(10)


def test_the_caller_frees_no_task() -> None:
    """Python ignores a Ctrl-C that comes in a callback of the freed task, so none runs there."""
    thread = LoopThread()
    thread.start()
    kept, freed_by = set[weakref.ref[Any]](), set[int]()

    def note(_: object) -> None:
        freed_by.add(threading.get_ident())

    async def run() -> None:
        kept.add(weakref.ref(cast("Any", asyncio.current_task()), note))

    try:
        for _ in range(1000):
            thread.call(run)
    finally:
        thread.stop()
    assert {thread._thread.ident} == freed_by


def test_tasks_of_others_clean_up_when_the_thread_ends() -> None:
    """A task that somebody's call left on the loop is cancelled, and gets the time to clean up."""
    thread = LoopThread()
    thread.start()
    kept, cleaned = list[asyncio.Task[None]](), list[int]()

    async def rest() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            for _ in range(20):
                await asyncio.sleep(0)
            cleaned.append(1)

    async def leave() -> None:
        kept.append(asyncio.get_running_loop().create_task(rest()))
        await asyncio.sleep(0)

    thread.call(leave)
    thread.stop()
    assert [1] == cleaned


def test_generators_of_others_clean_up_when_the_thread_ends() -> None:
    """An asynchronous generator that somebody's call left in the middle is closed."""
    thread = LoopThread()
    thread.start()
    cleaned = list[int]()

    async def generate() -> AsyncGenerator[int]:
        try:
            yield 1
        finally:
            cleaned.append(1)

    generator = generate()

    async def begin() -> int:
        return await anext(generator)

    assert 1 == thread.call(begin)
    thread.stop()
    assert [1] == cleaned
