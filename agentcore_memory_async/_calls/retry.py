"""
One call, tried until it has an answer or a reason to stop.

A write has three outcomes: acknowledged (returns), rejected (raises what the service said: never
stored) or unknown (``OutcomeUnknownError``: an answer was lost, so it may have been stored).
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from agentcore_memory_async._calls.absence import Absence, is_absent
from agentcore_memory_async._calls.attempts import Call, may_have_run
from agentcore_memory_async._calls.endable import EndableWaits
from agentcore_memory_async._calls.flow_control import Admission, Outcome, Permit
from agentcore_memory_async._calls.settling import is_rejected, settle_by_answer
from agentcore_memory_async._calls.tally import Tally, log_retry
from agentcore_memory_async._calls.wait_clock import Held
from agentcore_memory_async._calls.write import CREATE_EVENT, log_cancelled
from agentcore_memory_async._loop_time import loop_time
from agentcore_memory_async._redaction import sent_texts
from agentcore_memory_async._service_errors import leave_out
from agentcore_memory_async._threads import run_apart
from agentcore_memory_async._transport.base import track_send_state
from agentcore_memory_async._wire.echoes import check_answer
from agentcore_memory_async.errors import (
    AgentCoreMemoryError,
    ClosedError,
    ForkedError,
    InvalidInputError,
    OutcomeUnknownError,
    ServiceError,
    WrongLoopError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agentcore_memory_async._calls.observer import Observer
    from agentcore_memory_async._calls.rate_limit import SlidingWindowLimiter, TokenBucket
    from agentcore_memory_async._calls.service_clock import ServiceClock
    from agentcore_memory_async._calls.settling import Settle
    from agentcore_memory_async._calls.wait_clock import WaitClock
    from agentcore_memory_async._calls.write import Write
    from agentcore_memory_async._transport.base import Answer, Transport
    from agentcore_memory_async._transport.lifecycle import Lifecycle
    from agentcore_memory_async.policies import RetryPolicy

T = TypeVar("T")

MISTAKES = (ClosedError, ForkedError, InvalidInputError, WrongLoopError)
"""What is raised instead of sending anything."""


class _DeadlineReached(Exception):  # noqa: N818 - never raised beyond this module
    """The deadline of a call has come; its state says what that means for it."""


class Retrier:
    """
    Sends requests through the transport, under a policy.

    Args:
        transport: Seam to the network.
        lifecycle: Whether requests may be sent at all.
        hint: Returns what to do next about an error of the service.
        max_concurrency: Largest number of requests of one operation under way.
        clock: Notes the dates of the answers.
        wait_clock: The clock of waits; each call holds it.
        observer: Follows operations and calls, if there is one.

    Attributes:
        observer: As given.
        tally: Counts the calls.
    """

    def __init__(
        self,
        transport: Transport,
        lifecycle: Lifecycle,
        hint: Callable[[ServiceError], str],
        max_concurrency: int,
        clock: ServiceClock,
        wait_clock: WaitClock,
        observer: Observer | None = None,
    ) -> None:
        self._transport = transport
        self._lifecycle = lifecycle
        self._hint = hint
        self._max_concurrency = max_concurrency
        self._clock = clock
        self._wait_clock = wait_clock
        self._admissions: dict[str, Admission] = {}
        self._running = 0
        self._idle: anyio.Event | None = None
        self.waits: EndableWaits = EndableWaits("manager")  # those of calls and between them
        self._absence = Absence()
        # Without a state: processes that go on from one snapshot would all wait equally long.
        self._random: random.Random = random.SystemRandom()
        self.observer = observer
        self.tally: Tally = Tally(observer)

    def running(self) -> Held:
        """Count a call in the block, if anything may be sent: closing waits for it."""
        self._lifecycle.check()
        return Held(self)

    def hold(self) -> None:
        """Count a call, which holds the clock of waits."""
        self.count()
        self._wait_clock.hold()

    def release(self) -> None:
        """Count it no longer."""
        self._wait_clock.release()
        self.uncount()

    def count(self) -> None:
        """Count a call that may begin while the manager closes."""
        self._running += 1

    def uncount(self) -> None:
        """Count it no longer."""
        self._running -= 1
        if not self._running and self._idle is not None:
            self._idle.set()

    async def pace(self, operation: str, clock: WaitClock, *buckets: TokenBucket) -> None:
        """Wait until *buckets* let a request of *operation* be sent; raise where nothing may be."""
        self._lifecycle.check()
        waited_s = 0.0
        for bucket in buckets:
            waited_s += await bucket.take(clock, self.waits)
        self.tally.paced(operation, waited_s)

    async def read(
        self,
        operation: str,
        params: Mapping[str, Any],
        reader: Callable[[Answer], T],
        policy: RetryPolicy,
    ) -> T:
        """Send a request that changes nothing, and read its answer."""
        call = Call(operation, params, policy, policy.read_deadline, is_read=True)
        with self.running():
            return await self._try(call, reader, loop_time() + call.deadline_s)

    async def write(
        self, write: Write, reader: Callable[[Answer], T], limiter: SlidingWindowLimiter
    ) -> T:
        """Send a frozen request until its outcome is known; inside of `running`."""
        policy, large = write.policy, write.is_large
        limit_s = policy.write_deadline
        call = Call(CREATE_EVENT, write.request, policy, limit_s, limiter, large=large)
        try:
            return await self._try(call, reader, write.deadline)
        except Exception as error:
            # Also when closed meanwhile, or a hook has a bug: what may have been stored needs a
            # token to settle it.
            if is_rejected(error) or not (write.in_doubt or call.may_have_run):
                raise
            raise write.unknown(call.attempts) from error

    async def change(
        self,
        operation: str,
        params: Mapping[str, Any],
        reader: Callable[[Answer], T],
        policy: RetryPolicy,
        *,
        settle: Settle[T] = settle_by_answer,
        client_token: str | None = None,
    ) -> T:
        """
        Send a request that does the same once or twice, until its outcome is known.

        It is a request with a client token, or one that sets or deletes.

        Args:
            operation: Wire name.
            params: Members of the request.
            reader: Reads its answer.
            policy: How long and how often it is tried.
            settle: Judges what came last, where an earlier attempt may have made the change.
            client_token: Token that its caller knows it by; that of the request if omitted.
        """
        call = Call(operation, params, policy, policy.write_deadline, client_token=client_token)
        with self.running():
            try:
                last: T | Exception = await self._try(call, reader, loop_time() + call.deadline_s)
            except Exception as error:
                if not call.may_have_run:
                    raise
                last = error
            except BaseException:
                if call.may_have_run and call.client_token is not None:
                    log_cancelled(operation, call.client_token)
                raise
        if not isinstance(last, Exception) and not call.may_have_run:
            return last
        unknown = OutcomeUnknownError(operation, call.client_token, call.attempts, params)
        return settle(last, unknown)

    async def drain(self, timeout_s: float) -> None:
        """Wait until no call runs, or for *timeout_s* seconds; then no call waits or sends."""
        try:
            with anyio.move_on_after(timeout_s):
                while self._running:
                    self._idle = anyio.Event()
                    await self._idle.wait()
        finally:
            self.waits.end()

    async def _try(self, call: Call, reader: Callable[[Answer], T], deadline: float) -> T:
        with self.tally.counting(call):
            admission = self._admission(call.operation)
            while True:
                try:
                    return await self._attempt(call, admission, reader, deadline)
                except _DeadlineReached:
                    break
                except AgentCoreMemoryError as error:
                    call.failed(error)
                    if not call.may_go_on(error):
                        break
                    wait_s = call.wait_s(error, admission.failures, self._random)
                    ends_at = self._absence.ends_at if is_absent(error) else deadline
                    if loop_time() + wait_s >= min(ends_at, deadline):
                        break  # the next attempt would come after the deadline
                    log_retry(call, error, wait_s)
                except MISTAKES:
                    call.not_sent()
                    raise
                await self.waits.sleep(wait_s)
            raise await self._final_error(call)

    async def _final_error(self, call: Call) -> AgentCoreMemoryError:
        """Return what a call raises that is not tried again."""
        final = call.final_error()
        if isinstance(final, ServiceError):
            final.attempts = call.attempts
            texts = sent_texts(call.params)
            await run_apart(leave_out, final, texts, large=call.is_large)
            final.hint = final.hint or self._hint(final)
        return final

    def _admission(self, operation: str) -> Admission:
        admission = self._admissions.get(operation)
        if admission is None:
            admission = self._admissions[operation] = Admission(self._max_concurrency, self.waits)
        return admission

    async def _attempt(
        self, call: Call, admission: Admission, reader: Callable[[Answer], T], deadline: float
    ) -> T:
        """Send one request once it is admitted, and read its answer."""
        if call.limiter is not None:
            now = loop_time()
            if wait_s := call.limiter.wait_s(now):
                wait_s = min(wait_s, deadline - now)
                self.tally.paced(call.operation, wait_s)
                await self.waits.sleep(wait_s)
                if now + wait_s >= deadline:
                    raise _DeadlineReached
        is_retry = call.is_retry_after_failure
        permit = await admission.admit(deadline, call.limiter, is_retry=is_retry)
        if permit is None:
            raise _DeadlineReached
        if permit.waited_s:
            self.tally.paced(call.operation, permit.waited_s)
        try:
            return await self._admitted(call, permit, reader, deadline)
        finally:
            call.collector.resume()  # out here, where the JSON of the answer is gone
            admission.ended(permit)

    async def _admitted(
        self, call: Call, permit: Permit, reader: Callable[[Answer], T], deadline: float
    ) -> T:
        """Send one request, and read its answer."""
        self.waits.check()
        now = loop_time()
        ends_at = min(deadline, now + call.policy.attempt_timeout)
        call.sending(ends_at - now)
        was_seen = True
        try:
            with anyio.CancelScope(deadline=ends_at):
                answer = await self._send(call)
                result = await run_apart(reader, answer, large=answer.is_large or call.is_large)
                permit.outcome = Outcome.ANSWERED
                call.answered()
                return result
            raise TimeoutError if ends_at < deadline else _DeadlineReached
        except (AgentCoreMemoryError, TimeoutError) as error:
            lost = error if isinstance(error, AgentCoreMemoryError) else call.timed_out()
            permit.outcome = call.outcome_of(lost)
            was_seen = not is_absent(lost)
            if lost is error:
                raise
            raise lost from None
        finally:
            if call.limiter is not None and was_seen:
                call.limiter.ended(loop_time())

    async def _send(self, call: Call) -> Answer:
        """Send one request, and date its answer."""
        self._absence.check(call.operation)
        sent_at = self._wait_clock.now()
        earlier_at = self._clock.sending(call.event_token, sent_at)
        try:
            with track_send_state(call.send_state):
                answer = await self._transport(call.operation, call.params)
            checked = call.operation, call.params, answer.body
            await run_apart(check_answer, *checked, large=answer.is_large)
        except BaseException as error:
            self._absence.note(error)
            refused = isinstance(error, AgentCoreMemoryError) and not may_have_run(error)
            if earlier_at is None and (refused or not call.send_state.sent):
                self._clock.not_taken(call.event_token)
            raise
        first_at = sent_at if earlier_at is None else earlier_at
        return self._clock.answered(answer, first_at, self._wait_clock.now())
