"""An executor whose threads no exit waits for."""

from __future__ import annotations

import concurrent.futures
import queue
import threading
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

P = ParamSpec("P")
T = TypeVar("T")


class DaemonExecutor(concurrent.futures.ThreadPoolExecutor):
    """
    Resolves names and reads files for the loop, in daemon threads.

    The standard executor accepts no work once the main thread has ended, although other threads may
    still call, and a lookup that hangs in it blocks the exit.
    """

    MAX_THREADS = 16
    """Largest number of threads; more calls wait in the queue."""

    def __init__(self) -> None:
        super().__init__(max_workers=1)  # the threads of the base class are never started
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._started: list[threading.Thread] = []

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run *fn* in one of the threads."""
        future: Future[T] = concurrent.futures.Future()

        def job() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(fn(*args, **kwargs))
                except BaseException as error:  # noqa: BLE001 - raised where it is awaited
                    future.set_exception(error)

        if not self._idle.acquire(blocking=False) and len(self._started) < self.MAX_THREADS:
            thread = threading.Thread(target=self._work, name="agentcore-memory-io", daemon=True)
            try:
                thread.start()
                self._started.append(thread)
            except RuntimeError:  # at exit Python 3.12 starts no threads: use those that run
                if not self._started:
                    job()
                    return future
        self._jobs.put(job)
        return future

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            del job
            self._idle.release()

    def shutdown(self, *args: Any, **options: Any) -> None:
        """End the threads after their present job; a closing loop never waits for them."""
        super().shutdown(*args, **options)
        for _ in self._started:
            self._jobs.put(None)
