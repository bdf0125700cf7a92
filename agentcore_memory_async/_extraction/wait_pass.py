"""One pass of a wait: it runs polls until there is something to hand to the caller."""

from __future__ import annotations

from copy import copy
from functools import partial
from math import inf
from typing import TYPE_CHECKING

import anyio

from agentcore_memory_async._calls.wait_clock import holding
from agentcore_memory_async._extraction.watches import JobWatch, RecordWatch
from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async.errors import (
    AgentCoreMemoryError,
    ExtractionFailedError,
    ExtractionTimeoutError,
)

if TYPE_CHECKING:
    from agentcore_memory_async._extraction.wait_state import WaitState, WaitWindow

TOGETHER_S = 0.5
"""How long a new record waits for polls under way at other targets, before it is handed out."""


class WaitPass:
    """
    One pass of a wait.

    Args:
        state: What is known of the wait.
        others: All passes of the poller that are under way: one for each task that waits for it.
        window: When the pass begins and ends.
        delivered: Number of records that the caller has.

    Attributes:
        window: When the pass begins and ends.
    """

    def __init__(
        self, state: WaitState, others: set[WaitPass], window: WaitWindow, delivered: int
    ) -> None:
        self.window = window
        self._state = state
        self._clock = state.clock
        self._others = others
        self._delivered = delivered
        self._found_at = inf
        self._error: Exception | None = None
        self._cause: Exception | None = None
        self._wake_up = anyio.Event()
        self._records: list[RecordWatch] = []
        self._jobs: list[JobWatch] = []

    @property
    def _watches(self) -> list[RecordWatch | JobWatch]:
        return [*self._records, *self._jobs]

    async def run(self) -> None:
        """Wait until there is something to hand out, running polls meanwhile."""
        with holding(self._clock):
            await self._run()
        if self._error is not None:
            raise self._error from self._cause

    async def _run(self) -> None:
        self._others.add(self)
        try:
            self._join()
            async with anyio.create_task_group() as group:
                while not self._is_over():
                    now = self._clock.now()
                    for watch in self._watches:
                        watch.ask(self.window, now)
                    if await self._is_time():
                        for watch in self._watches:
                            if watch.claim():
                                group.start_soon(watch.run)
                group.cancel_scope.cancel()
        finally:
            self._others.discard(self)
            for watch in self._watches:
                watch.leave()

    def fail(self, error: Exception, cause: Exception | None = None) -> None:
        """End with *error*."""
        self._error, self._cause = error, cause
        self._wake()

    def _wake(self) -> None:
        self._wake_up.set()

    def _join(self) -> None:
        state, deadline = self._state, self.window.deadline
        for target in state.options.targets:
            self._records.append(RecordWatch(state, target, deadline, self._wake))
        if state.jobs is not None and state.polls.jobs_refused is None:
            self._jobs.append(JobWatch(state, state.jobs, deadline, self._wake))

    async def _is_time(self) -> bool:
        """Wait until a poll has ended, or it is time to run one, or to decide something."""
        if any(watch.has_results for watch in self._watches):
            return False
        until = min(self.window.deadline, self._found_at + TOGETHER_S)
        until = min(until, *(watch.due_at for watch in self._watches))
        self._wake_up = anyio.Event()
        return await self._clock.wait(self._wake_up, until)

    def _is_over(self) -> bool:
        """Read the results of polls, and decide whether this pass is over."""
        now = self._clock.now()
        for watch in self._watches:
            error = watch.read(now)
            if isinstance(error, AgentCoreMemoryError):  # others raise the same one
                error = copy(error).with_traceback(error.__traceback__)
            if error is not None:
                self.fail(error)
        if self._error is None:
            try:
                if self._has_outcome(now):
                    return True
            except Exception as error:  # noqa: BLE001 - the error of until= is raised outside the group
                self.fail(error)
        if self._error is None and now >= self.window.deadline:
            self._time_out(now)
            return True
        return self._error is not None

    def _has_outcome(self, now: float) -> bool:
        """Return whether there is something to hand out, or to raise."""
        state, records = self._state, self._state.records
        if self.window.is_baseline:
            return records.has_baseline and not state.waits_for_jobs
        # At the deadline it no longer matters whether the other targets could be polled once more.
        if records.is_enough(confirmed=now < self.window.deadline):
            state.result = records.current
            return True
        if len(records.new) > self._delivered:
            # A poll that ends with this pass would have to be repeated.
            self._found_at = min(self._found_at, now)
            is_polling = any(watch.is_running for watch in self._records)
            return not is_polling or now >= min(self._found_at + TOGETHER_S, self.window.deadline)
        self._find_failure(now)
        return False

    def _find_failure(self, now: float) -> None:
        """End the wait where jobs failed, unless records may have come since."""
        state, jobs = self._state, self._state.jobs
        if jobs is None or not jobs.failed:
            return
        polled_at = min(state.records.polled_at(target) for target in state.options.targets)
        if polled_at < jobs.polled_at and now < self.window.deadline:
            return
        tokens = {job.job_id: random_id() for job in jobs.failed}
        for each in self._others:  # all who wait for this poller get it
            if not each.window.is_baseline:
                each.fail(
                    ExtractionFailedError(
                        state.options.namespaces,
                        jobs.failed,
                        state.records.current,
                        now - each.window.began,
                        restart=partial(state.polls.lister.start_jobs, tokens),
                    )
                )
        jobs.acknowledge()

    def _time_out(self, now: float) -> None:
        state, records = self._state, self._state.records
        # Where the service could not be asked, nobody knows that nothing came.
        is_silent = not records.errors and records.has_polled_all
        if state.options.returns_on_timeout and is_silent and not self.window.is_baseline:
            state.result = records.current
            return
        error = ExtractionTimeoutError(
            state.options.namespaces,
            records.current,
            now - self.window.began,
            records.polls,
            records.unseen,
        )
        if state.polls.jobs_refused is not None and state.jobs is not None:
            error.add_note(
                "Failed extraction jobs are not known: "
                f"{state.polls.jobs_refused.code} at ListMemoryExtractionJobs"
            )
        self.fail(error, next(iter(records.errors), None))
