"""What comes while everything is closed at exit, and after it, each in a process of its own."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from tests.sync.test_processes import posix

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sync.conftest import Script


def test_calls_that_come_too_late(run: Callable[[str], Script]) -> None:
    """A daemon thread that calls after the close is left waiting; the main one is refused."""
    ran = run("""
        import atexit, threading
        from agentcore_memory_async.errors import ClosedError
        def late():
            closed.set()
            try:
                toy.echo("a")
            except ClosedError as error:
                print(error)
            thread.join(0.2)
            print(thread.is_alive())
        atexit.register(late)  # runs after everything is closed
        from tests.sync.sync_toys import Toy
        toy, closed = Toy("toy"), threading.Event()
        toy.echo("a")
        def work():
            closed.wait()
            toy.echo("b")
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
    """).finish()
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == [
        "the loop thread of the sync facade has ended; make a new manager",
        "True",
    ]


@posix
def test_ctrl_c_while_it_closes(run: Callable[[str], Script]) -> None:
    """A Ctrl-C ends the wait for cleanup at exit, with a line and not with a traceback."""
    script = run("""
        import anyio
        from tests.sync.sync_toys import AsyncToy, Toy
        class Slow(AsyncToy):
            async def __aexit__(self, *error):
                print("ready")
                await anyio.sleep_forever()
        toy = Toy("toy")
        toy._backing._resource = Slow("slow")
        toy.echo("a")
    """)
    assert script.wait_for_line() == "ready"
    script.process.send_signal(signal.SIGINT)
    ran = script.finish(4)
    assert (ran.returncode, ran.stderr) == (
        0,
        "at exit, interrupted: what was being written is not known to be stored\n",
    )
