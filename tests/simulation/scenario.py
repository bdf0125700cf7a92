"""
One run of the simulation: tasks that write to sessions through one manager, from one seed.

All randomness of the tasks, the service and the client comes from the seed, so the same seed
replays the same run.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest import mock
from uuid import UUID

import anyio
from aiobotocore.session import AioSession
from attrs import define

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    ClientTokenInUseError,
    ConversationalMessage,
    InvalidInputError,
    JsonPayload,
    MessageRole,
    OutcomeUnknownError,
    RetryPolicy,
    ServiceError,
    TransportError,
    UnsentError,
)
from tests._virtual_time import VirtualTimeLoop
from tests.simulation.history import End, History, Verdict, Write, check
from tests.simulation.memory_service import MemoryService, Wall

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

    from agentcore_memory_async import AsyncMemorySession
    from agentcore_memory_async.buffer import MessageBuffer

MEMORY = "simulated-a1B2c3D4e5"
SESSIONS = 6
HASTY = RetryPolicy(write_deadline=2.0, read_deadline=2.0, attempt_timeout=1.0)
ONCE = RetryPolicy(max_attempts=1)
IMPORTED = datetime(2020, 1, 1, 12, 30, tzinfo=UTC)
"""Time of all imported turns, as in exports that show minutes only."""


@define
class Settings:
    """
    Size and severity of a run.

    Attributes:
        turns: Number of turns to write.
        fault_share: Share of requests that get a fault.
        cancel_share: Share of calls that are cancelled.
    """

    turns: int = 10_000
    fault_share: float = 0.2
    cancel_share: float = 0.1


@define
class Report:
    """Result of a run."""

    seed: int
    verdict: Verdict
    history: History
    service: MemoryService
    trace: str
    lasted_s: float

    def line(self) -> str:
        """Return the result as one line."""
        ends = self.history.ends()
        return (
            f"seed {self.seed}: {len(self.history.writes)} turns, "
            f"{self.service.asked.total()} requests, {self.service.met.total()} faults, "
            f"{ends['acknowledged']} acknowledged, {ends['rejected']} rejected, "
            f"{ends['cancelled']} cancelled for good, "
            f"{sum(write.resolved for write in self.history.writes)} resolved "
            f"(slowest {self.history.slowest_resolve_s:.1f} s), {self.lasted_s:.0f} s simulated, "
            f"trace {self.trace}"
        )


def under(session: AsyncMemorySession, policy: RetryPolicy | None) -> AsyncMemorySession:
    """Return a view of *session* with *policy*; with None, *session* itself."""
    return session if policy is None else session.with_options(retry=policy)


@contextlib.contextmanager
def seeded_tokens(source: random.Random) -> Iterator[None]:
    """Draw client tokens from *source* inside the block."""

    def draw() -> str:
        return str(UUID(int=source.getrandbits(128), version=4))

    module = "agentcore_memory_async"
    with (
        mock.patch(f"{module}._calls.writer.random_id", draw),
        mock.patch(f"{module}.buffer.random_id", draw),
    ):
        yield


@contextlib.asynccontextmanager
async def opened(
    service: MemoryService, seed: int = 0, **options: Any
) -> AsyncIterator[AsyncMemorySessionManager]:
    """Open a manager with real aiobotocore on *service*; its jitter comes from *seed*."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    if "aws_session" not in options:
        options["aws_session"] = AioSession()
        options["aws_session"].set_credentials("AKIDSIMULATED", "secret")
    manager = AsyncMemorySessionManager(
        MEMORY,
        "us-west-2",
        endpoint_url="http://simulated.invalid",
        config=service.config(),
        **options,
    )
    manager._core.retrier._random = random.Random(seed)
    with loop.standing():
        await manager.open()
    try:
        yield manager
    finally:
        await manager.aclose()


def run_virtually(main: Callable[[], Coroutine[object, object, Report]]) -> Report:
    """Run *main* in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main())


def simulate(seed: int, settings: Settings | None = None) -> Report:
    """Run one seed and check the result."""
    return run_virtually(Scenario(seed, settings or Settings()).run)


class Scenario:
    """The tasks of one run."""

    def __init__(self, seed: int, settings: Settings) -> None:
        self._seed = seed
        self._settings = settings
        self._random = random.Random(f"{seed} scenario")
        self._service = MemoryService(seed)
        self._service.session_rate = 5.0
        self._history = History()
        self._left = settings.turns
        self._wall = Wall(lambda: 0.0)

    async def run(self) -> Report:
        """Write all turns under faults, resolve unknown outcomes, and check the result."""
        self._wall = Wall(asyncio.get_running_loop().time)
        service = self._service
        with seeded_tokens(random.Random(f"{self._seed} tokens")):
            async with opened(service, self._seed, clock=self._wall) as manager:
                sessions = [
                    await manager.create_memory_session(f"actor{n // 2}", f"s{n}", verify=False)
                    for n in range(SESSIONS)
                ]
                service.fault_share = self._settings.fault_share
                async with anyio.create_task_group() as tasks:
                    for session in sessions:
                        for _ in range(self._random.randint(1, 4)):
                            tasks.start_soon(self._work, session)
                service.fault_share = 0.0
                await anyio.sleep(20)  # lets delayed requests arrive
                for session in sessions:
                    await self._settle(session)
                for session in sessions:
                    await self._compare(session)
        if asyncio.all_tasks() != {asyncio.current_task()}:
            self._history.violations.append("a task is left over")
        for write in self._history.writes:
            service.note(write.number, write.end.value, write.event_id)
        return Report(
            seed=self._seed,
            verdict=check(self._history, service),
            history=self._history,
            service=service,
            trace=service.trace,
            lasted_s=asyncio.get_running_loop().time(),
        )

    async def _work(self, session: AsyncMemorySession) -> None:
        """Perform random actions until all turns are written."""
        draw = self._random
        while self._left > 0:
            kind = draw.random()
            if kind < 0.008:
                await self._buffer(session)
            elif kind < 0.02:
                await self._read(session)
            else:
                await self._write(session)
            if draw.random() < 0.01:
                self._wall.set_back_s += draw.choice([0.0, 0.5, 5.0])
            if draw.random() < 0.1:
                await anyio.sleep(draw.uniform(0, 0.5))

    async def _write(self, session: AsyncMemorySession) -> None:
        self._left -= 1
        draw = self._random
        token = f"own-token-{self._left:09d}" if draw.random() < 0.5 else None
        write = self._history.begin(_key(session), token=token)
        policy = draw.choice([None, None, HASTY, ONCE])
        write.is_message = draw.random() < 0.9
        write.imported = draw.random() < 0.1
        message = ConversationalMessage(write.text, MessageRole.USER)
        item = message if write.is_message else JsonPayload({"n": write.text})

        async def call() -> str:
            event = await under(session, policy).add_turns(
                [item], client_token=token, timestamp=IMPORTED if write.imported else None
            )
            return event.event_id

        await self._end(write, call, self._cancel_after())
        if write.end is End.UNKNOWN and draw.random() < 0.3:
            await self._resolve(session, write, self._cancel_after())

    def _cancel_after(self) -> float | None:
        if self._random.random() >= self._settings.cancel_share:
            return None
        return self._random.choice([0.05, 0.5, 3.0]) * self._random.random()

    async def _end(
        self, write: Write, call: Callable[[], Coroutine[Any, Any, str]], cancel_s: float | None
    ) -> None:
        """Make a call and record its outcome."""
        with anyio.move_on_after(cancel_s) as scope:
            try:
                write.event_id = await call()
                write.end = End.ACKNOWLEDGED
            except OutcomeUnknownError as error:
                write.end, write.error = End.UNKNOWN, error
            except (ClientTokenInUseError, ServiceError, TransportError):
                write.end = End.REJECTED
        if scope.cancelled_caught:
            write.end = End.CANCELLED
        write.ended_at = anyio.current_time()

    async def _resolve(
        self, session: AsyncMemorySession, write: Write, cancel_s: float | None = None
    ) -> None:
        """Resolve *write*, whose outcome is unknown or which was cancelled."""
        in_doubt = write.error or write.token
        assert in_doubt is not None
        with anyio.move_on_after(cancel_s):
            try:
                policy = self._random.choice([None, HASTY])
                event = await under(session, policy).resolve(in_doubt)
            except OutcomeUnknownError as error:
                write.error = error
            except ClientTokenInUseError:
                write.end = End.REJECTED
            else:
                write.end, write.event_id, write.resolved = End.ACKNOWLEDGED, event.event_id, True

    async def _settle(self, session: AsyncMemorySession) -> None:
        """Resolve all unknown outcomes, after the faults have ended."""
        for write in self._history.writes:
            if write.key != _key(session) or write.end not in {End.UNKNOWN, End.CANCELLED}:
                continue
            if write.error is None and write.token is None:
                continue
            if write.buffer is not None:
                continue
            began = anyio.current_time()
            await self._resolve(session, write)
            if write.end in {End.UNKNOWN, End.CANCELLED}:
                # A hasty policy may not have had the time to learn that the token is in use.
                await self._resolve(session, write)
            lasted_s = anyio.current_time() - began
            self._history.slowest_resolve_s = max(lasted_s, self._history.slowest_resolve_s)

    async def _read(self, session: AsyncMemorySession) -> None:
        """Read the newest turns; they must include the last acknowledged one."""
        self._history.reads += 1
        stored = {text: event for event in self._events(session) for text in event.texts}
        mine = [
            write.text
            for write in self._history.writes[-200:]
            if write.key == _key(session) and write.end is End.ACKNOWLEDGED and write.is_message
        ]
        try:
            turns = await session.get_last_k_turns(100)
        except (ServiceError, TransportError, ValueError):
            return
        stamps = [turn.timestamp for turn in turns]
        if stamps != sorted(stamps):
            self._history.violations.append(f"turns of {session.session_id} are not in order")
        given = {turn.text for turn in turns}
        if mine:
            ours = stored[mine[-1]].stamp_ms
            newer = sum(
                len(event.texts) for event in self._events(session) if event.stamp_ms >= ours
            )
            if newer <= 100 and mine[-1] not in given:
                self._history.violations.append(f"{session.session_id} did not give {mine[-1]}")

    async def _compare(self, session: AsyncMemorySession) -> None:
        """List all events; they must equal those that the service stores."""
        listed = [event.event_id for event in await session.list_events()]
        stored = sorted((event.event_id for event in self._events(session)), reverse=True)
        if listed != stored:
            self._history.violations.append(f"{session.session_id} lists other events")

    def _events(self, session: AsyncMemorySession) -> list[Any]:
        return list(self._service.sessions.get(_key(session), []))

    async def _buffer(self, session: AsyncMemorySession) -> None:
        """Write some turns through a buffer, and leave its block in a random way."""
        draw = self._random
        count = min(draw.randint(1, 40), max(1, self._left))
        self._left -= count
        self._history.buffers += 1
        number = self._history.buffers
        leave_s = draw.uniform(0, 5) if draw.random() < 0.3 else None
        buffer = session.buffered(
            max_messages=draw.choice([1, 5, 30, 100]),
            max_delay=draw.choice([0.0, 0.1, 1.0]),
            max_pending=draw.choice([1, 10, 1000]),
            close_timeout=draw.choice([0.0, 1.0, 10.0]),
        )
        taken: list[Write] = []
        raised: list[UnsentError] = []

        async def use() -> None:
            try:
                async with buffer:
                    await self._fill(session, buffer, number, count, taken)
            except UnsentError as error:
                raised.append(error)

        await self._cancelled(use, leave_s)
        unsent = raised[0] if raised else buffer.unsent_error
        await self._end_buffer(session, taken, unsent)

    async def _cancelled(
        self, use: Callable[[], Coroutine[Any, Any, None]], after_s: float | None
    ) -> None:
        """Cancel *use* after a while: by a scope, by a timeout, or repeatedly by its task."""
        draw = self._random
        way = draw.choice(["scope", "timeout", "task"])
        if way == "scope":
            with anyio.move_on_after(after_s):
                await use()
        elif way == "timeout":
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(after_s):
                    await use()
        else:
            async with asyncio.TaskGroup() as tasks:
                task = tasks.create_task(use())
                if after_s is not None:
                    for _ in range(draw.randint(1, 4)):
                        asyncio.get_running_loop().call_later(after_s, task.cancel)
                        after_s += draw.choice([0.0, 0.05, 1.0]) * draw.random()

    async def _fill(
        self,
        session: AsyncMemorySession,
        buffer: MessageBuffer,
        number: int,
        count: int,
        taken: list[Write],
    ) -> None:
        draw = self._random
        for _ in range(count):
            write = self._history.begin(_key(session), buffer=number)
            write.end = End.REJECTED  # until the buffer takes it
            message = ConversationalMessage(write.text, MessageRole.USER)
            with anyio.move_on_after(self._cancel_after()) as scope:
                await buffer.add(message)
                write.end = End.RUNNING
                taken.append(write)
            if scope.cancelled_caught and write.end is End.RUNNING:
                self._history.violations.append("add() was cancelled after it took the message")
            if draw.random() < 0.02:
                with anyio.move_on_after(self._cancel_after()):
                    await buffer.flush()
                    for earlier in taken:
                        earlier.end = End.ACKNOWLEDGED

    async def _end_buffer(
        self, session: AsyncMemorySession, taken: list[Write], unsent: UnsentError | None
    ) -> None:
        """Record the outcome of each message, and resolve the batch that may have been stored."""
        count = len(unsent.messages) if unsent else 0
        if unsent and [message.text for message in unsent.messages] != [
            write.text for write in taken[len(taken) - count :]
        ]:
            self._history.violations.append("unsent does not name the last messages")
        for write in taken[: len(taken) - count]:
            write.end = End.ACKNOWLEDGED
        left = taken[len(taken) - count :]
        for write in left:
            if write.end is End.ACKNOWLEDGED:
                self._history.violations.append("flush() returned before all was stored")
            write.end = End.REJECTED
        if unsent is not None and unsent.client_token is not None:
            await self._settle_batch(session, unsent, left[: unsent.batch_size])
            left = left[unsent.batch_size :]
        if left and self._random.random() < 0.5:
            await self._send_again(session, left)

    async def _settle_batch(
        self, session: AsyncMemorySession, unsent: UnsentError, batch: list[Write]
    ) -> None:
        """Resolve the batch of unknown outcome that a buffer reported."""
        while True:
            try:
                await session.resolve(unsent)
            except OutcomeUnknownError:
                continue
            except ClientTokenInUseError:
                return
            except InvalidInputError:
                self._history.violations.append("the token of an unsent batch is unknown")
            break
        for write in batch:
            write.end, write.resolved = End.ACKNOWLEDGED, True

    async def _send_again(self, session: AsyncMemorySession, writes: list[Write]) -> None:
        """Write the messages that a buffer reported as unsent, until they are acknowledged."""
        messages = [ConversationalMessage(write.text, MessageRole.USER) for write in writes]
        token = f"again-{writes[0].number:09d}"
        while True:
            try:
                await session.add_turns(messages, client_token=token)
            except ClientTokenInUseError:
                token += "-more"
                continue
            except (OutcomeUnknownError, ServiceError, TransportError):
                continue
            break
        for write in writes:
            write.end = End.ACKNOWLEDGED


def _key(session: AsyncMemorySession) -> tuple[str, str]:
    return session.actor_id, session.session_id
