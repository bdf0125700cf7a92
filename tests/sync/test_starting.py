"""Starting the loop thread: a start that is interrupted leaves no thread behind."""

from __future__ import annotations

from threading import Event

import pytest

from agentcore_memory_async._sync.loop_thread import LoopThread


class Interrupted(Event):
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
