"""Programs on the facade, each run in a process of its own by `run_scenario`."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import gc
import itertools
import multiprocessing
import os
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agentcore_memory_async import ClosedError, Conversation, ForkedError, HistoryMessage
from agentcore_memory_async.errors import BlockingCallWarning, ExtractionTimeoutError
from tests.sync.scenario_base import HELLO, PACE_S, STATUS, Program, ctrl_c_later, program, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agentcore_memory_async import Context

HISTORY = [
    HistoryMessage("Hello.", "user", datetime(2026, 1, 1, 0, n, tzinfo=UTC)) for n in range(3)
]
NOTHING_COMES = "/nothing/{actorId}/"


@program
def calls(this: Program) -> None:
    """Write and read, one call after the other."""
    this.ready()
    for _ in range(20):
        assert 1 == len(this.store().get_last_k_turns(k=3))


@program
def wait(this: Program) -> None:
    """Wait for records that never come."""
    this.ready()
    poller = this.session().extraction_poller(
        NOTHING_COMES, timeout=this.draw.uniform(0.5, 1), on_timeout="return"
    )
    # Entering reads what is there already, for which a lossy service may leave no time.
    with contextlib.suppress(ExtractionTimeoutError), poller:
        assert [] == poller.wait()


@program
def iterators(this: Program) -> None:
    """Iterate to the end, and leave iterators early: in each way that there is."""
    sessions = [this.store(50) for _ in range(2)]
    for _ in range(9):
        sessions[0].create_event("state", {"a": 1})
    this.ready()
    for number in range(this.draw.randint(5, 30)):
        iterator = sessions[number % 2].iter_events(page_size=2)
        way = this.draw.choice(["end", "break", "close", "cycle", "error", "keep"])
        if way == "end":
            assert len(list(iterator)) in (1, 10)
            continue
        next(iterator)
        if way == "close":
            iterator.close()
        elif way == "cycle":
            iterator.me = iterator  # type: ignore[attr-defined]
            del iterator
            gc.collect()
        elif way == "keep":
            globals()[f"kept{number}"] = iterator  # until the interpreter has gone
        elif way == "error":
            try:
                for _ in iterator:
                    raise ValueError
            except ValueError:
                pass


@program
def left_open(this: Program) -> None:
    """End without a close, with a session, an iterator and a poller."""
    this.ready()
    this.session().extraction_poller(NOTHING_COMES).__enter__()
    globals()["kept"] = this.store(3).iter_events(), this
    next(globals()["kept"][0])


@program
def sys_exit(this: Program) -> None:
    """Leave a buffer by ``sys.exit``."""
    this.ready()
    with this.session().buffered() as buffer:
        buffer.add(HELLO)
        say("kept", 1)
        say("done")
        sys.exit(STATUS["sys_exit"])


@program
def exception(this: Program) -> None:
    """End by an exception, with a turn that is half recorded."""
    this.ready()
    stream = this.session().record_turn("When?", this.chunks())
    next(stream)
    say("kept", 2)
    say("done")
    raise ValueError("planned")


@program
def buffered(this: Program) -> None:
    """Add to a buffer from several threads, and leave it."""
    this.ready()
    with this.session().buffered(max_delay=0.2) as buffer:

        def add() -> None:
            with contextlib.suppress(ClosedError):  # the main thread leaves the block by a Ctrl-C
                for _ in range(20):
                    buffer.add(HELLO)
                    time.sleep(PACE_S)

        threads = [threading.Thread(target=add) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        buffer.flush()
        say("stored", 60)
        buffer.add(HELLO)
    say("stored", 1)


@program
def buffer_never_left(this: Program) -> None:
    """End with a buffer that nobody left."""
    this.ready()
    buffer = this.session().buffered(max_delay=this.draw.choice([0.01, 60]))
    buffer.__enter__()
    globals()["kept"] = buffer
    for _ in range(30):
        buffer.add(HELLO)
        time.sleep(PACE_S)
    say("kept", 30)


@program
def recorded_turns(this: Program) -> None:
    """Record turns to their end and in part, and end within one."""
    this.ready()
    for count in (20, this.draw.randint(1, 19), this.draw.randint(1, 19)):
        stream = this.session().record_turn("When?", this.chunks())
        assert count == len(list(itertools.islice(stream, count)))
        say("kept", 2)
    globals()["kept"] = stream


@program
def background(this: Program) -> None:
    """Wait in the background, call back, and end with waits that go on."""
    this.ready()
    answered = threading.Event()

    def use(_: object) -> None:
        this.store()
        answered.set()

    work = this.manager.background()
    work.__enter__()
    poller = this.session().extraction_poller(NOTHING_COMES, timeout=0.5, on_timeout="return")
    work.wait(poller, then=use, on_error=use)
    work.wait(this.session().extraction_poller(NOTHING_COMES, timeout=600))
    assert answered.wait(20)
    globals()["kept"] = work


@program
def os_exit(this: Program) -> None:
    """End by ``os._exit`` while threads call."""
    this.ready()
    for _ in range(4):
        threading.Thread(target=lambda: [this.store() for _ in range(1000)], daemon=True).start()
    time.sleep(this.draw.uniform(0, 0.3))
    say("done")
    os._exit(0)


def _child(actor: str) -> None:
    """Store with a manager of one's own."""
    Program(actor, 0).store()


@program
def fork(this: Program) -> None:
    """Fork while other threads call: the child makes a manager of its own."""
    this.ready()
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            this.store()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(3):
            with ctrl_c_later():
                child = os.fork()
            if not child:
                _end_of_child(this, number)
            assert 0 == os.waitpid(child, 0)[1]
    finally:
        stop.set()
    for thread in threads:
        thread.join()


def _end_of_child(this: Program, number: int) -> None:
    """Be a forked child: what the parent opened is refused, and a new manager works."""
    try:
        this.store()
        os._exit(4)
    except ForkedError:
        _child(this.actor)
    if number == 2:
        sys.exit(0)
    os._exit(0)


def _pool(this: Program, kind: str) -> None:
    this.store()
    with ctrl_c_later():
        made = multiprocessing.get_context(kind).Pool(2)
    try:
        this.ready()
        made.map(_child, [this.actor] * 4)
    finally:
        with ctrl_c_later():  # a pool whose end is interrupted may wait for its workers forever
            made.terminate()


@program
def pool_of_forks(this: Program) -> None:
    """Let forked workers of multiprocessing store."""
    _pool(this, "fork")


@program
def pool_of_spawns(this: Program) -> None:
    """Let spawned workers of multiprocessing store."""
    _pool(this, "spawn")


@program
def threads_share(this: Program) -> None:
    """Call from many threads, and end while they do."""
    this.ready()
    for _ in range(this.draw.choice([4, 32])):
        threading.Thread(target=lambda: [this.store() for _ in range(5)]).start()


@program
def daemon_threads(this: Program) -> None:
    """End while daemon threads call, wait and iterate, without an end."""
    session = this.store(50)

    def iterate() -> None:
        while True:
            list(session.iter_events(page_size=1))

    def store() -> None:
        while True:
            this.store()

    def stay() -> None:
        with this.session().extraction_poller(NOTHING_COMES, timeout=600) as poller:
            poller.wait()

    this.ready()
    for target in (iterate, store, store, stay):
        threading.Thread(target=target, daemon=True).start()
    time.sleep(this.draw.uniform(0, 0.5))


@program
def executor(this: Program) -> None:
    """End with work that an executor still has, and a call of an exit handler."""
    this.ready()
    atexit.register(this.store)
    threads = ThreadPoolExecutor(4)
    for _ in range(20):
        threads.submit(this.store)


@program
def notebook(this: Program) -> None:
    """Call in cells, on the main thread's own running loop, as a kernel runs them."""
    warnings.simplefilter("ignore", BlockingCallWarning)
    this.ready()

    async def kernel() -> None:
        for _ in range(10):
            this.store()
            await asyncio.sleep(0)

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(kernel())
    finally:
        loop.close()


@program
def asyncio_run(this: Program) -> None:
    """Call inside ``asyncio.run``, whose Ctrl-C cancels the task."""
    warnings.simplefilter("ignore", BlockingCallWarning)
    this.ready()

    async def main() -> None:
        for _ in range(10):
            this.store()
            await asyncio.sleep(PACE_S)

    asyncio.run(main())


@program
def reentry(this: Program) -> None:
    """Call from callbacks, which works in threads and is refused on the facade's own."""
    this.ready()

    def answer(question: str, memories: Context) -> str:
        assert (question, 0) == ("When?", len(memories))
        this.store()
        return "Now."

    def source() -> Iterator[str]:
        this.store()
        yield "a"
        yield this.store().session_id

    def history() -> Iterator[Conversation]:
        for number in range(5):
            this.store()
            yield Conversation(this.actor, f"h{number}", HISTORY[:1])

    this.session().process_turn_with_llm("When?", answer, {})
    say("stored", 2)
    assert 2 == len(list(this.session().record_turn("When?", source())))
    say("kept", 2)
    this.manager.import_conversations(history(), extract=False).wait()
    say("stored", 5)

    refused = threading.Event()

    def call() -> None:
        try:
            this.store()
        except RuntimeError as error:
            if "there instead" in str(error):
                refused.set()

    this.manager.loop.call_soon_threadsafe(call)
    assert refused.wait(20)


@program
def transfer(this: Program) -> None:
    """Import conversations, and read them out."""
    this.ready()
    given = [Conversation(this.actor, f"h{number}", HISTORY) for number in range(20)]
    work = this.manager.import_conversations(given, extract=False)
    assert [1 for _ in work]
    say("stored", 3 * len(given))
    items = this.manager.export([this.actor], namespaces=["/facts/{actorId}/"])
    assert len(given) < len([each for each in items if isinstance(each, Conversation)])
