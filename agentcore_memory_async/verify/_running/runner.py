"""A run: its memory, its probes one after the other, and the report."""

from __future__ import annotations

import importlib.metadata
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import anyio
from attrs import evolve

from agentcore_memory_async._calls.wait_clock import holding
from agentcore_memory_async._version import __version__
from agentcore_memory_async.models import Memory
from agentcore_memory_async.verify._asking.answers import duration, inconclusive
from agentcore_memory_async.verify._asking.desk import Desk
from agentcore_memory_async.verify._asking.reply import (
    LimitReachedError,
    NoAnswerError,
    OverPlanError,
    Reply,
)
from agentcore_memory_async.verify._asking.timer import Timer
from agentcore_memory_async.verify._asking.watching import LONGEST_S, duration_of, watch
from agentcore_memory_async.verify._probes.lags import known_times, settle_s
from agentcore_memory_async.verify._running.memory import (
    KEY,
    create,
    paths_of,
    targets_of,
    templates_of,
)
from agentcore_memory_async.verify._running.plan import actor_removal, memory_removal
from agentcore_memory_async.verify.verdicts import Report, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agentcore_memory_async.verify._probes import Observation, Probe
    from agentcore_memory_async.verify._running.connection import Connection
    from agentcore_memory_async.verify._running.plan import Removal
    from agentcore_memory_async.verify._running.state import State

PROVISIONING = "lags.provisioning"
"""Name of the verdict on how long a memory is made."""
_ROUNDS = 2
"""How often a probe is asked that gets no answer."""


class Run:
    """
    One run.

    Args:
        connection: Open clients.
        state: State, which is saved after each answer.
        probes: Probes to ask.
        longest_s: Longest time in seconds.
        announce: Called with a line of progress.
    """

    def __init__(
        self,
        connection: Connection,
        state: State,
        probes: Sequence[Probe],
        *,
        longest_s: float,
        announce: Callable[[str], None],
    ) -> None:
        self._connection = connection
        self._state = state
        self._probes = probes
        self._announce = announce
        clock = connection.endpoint.clock
        self._timer = Timer(clock, clock.now() + longest_s, announce)
        self._paths = 1
        self._failures: dict[str, str] = {}
        self._limit: LimitReachedError | None = None

    async def ask(self) -> None:
        """
        Make the memory, and ask all probes whose answers the state does not have.

        Requests for the removal of what it makes are kept beforehand. A limit that is reached ends
        it.

        Raises:
            AgentCoreMemoryError: The memory could not be made or read.
            NoAnswerError: The memory is not active in time.
        """
        state, meter = self._state, self._connection.meter
        try:
            with holding(self._timer.clock):
                memory = await self._memory()
                async with self._connection.manager(memory.memory_id) as manager:
                    targets = targets_of(memory, state.actor_id)
                    desk = Desk(
                        manager=manager,
                        send=self._connection.send,
                        meter=meter,
                        timer=self._timer,
                        wall=self._connection.wall,
                        actor_id=state.actor_id,
                        targets=targets,
                        paths=paths_of(targets, state.actor_id),
                        key=KEY,
                        owns_memory=state.named_memory is None,
                    )
                    for number, probe in enumerate(self._probes, start=1):
                        if probe.name not in state.observations:
                            await self._ask(desk, probe, f"[{number}/{len(self._probes)}]")
        except LimitReachedError as error:
            self._limit = error
            left = sum(probe.name not in state.observations for probe in self._probes)
            self._announce(f"{error}; {left} of {len(self._probes)} probes have no answer")
        finally:
            meter.reserve = 0
            self._save()

    @property
    def is_incomplete(self) -> bool:
        """Whether a limit was reached before all was asked."""
        return self._limit is not None

    async def _ask(self, desk: Desk, probe: Probe, place: str) -> None:
        """Ask one probe, twice if it gets no answer."""
        if probe.own_memory_only and not desk.owns_memory:
            self._failures[probe.name] = "it is asked only on a memory of the run's own"
            return
        for _ in range(_ROUNDS):
            before = desk.meter.total
            try:
                self._state.observations[probe.name] = await self._ask_once(desk, probe)
            except NoAnswerError as error:
                self._failures[probe.name] = str(error)
                self._announce(f"{place} {probe.name}: {error}")
                if isinstance(error, OverPlanError):
                    break
            else:
                requests = desk.meter.total - before
                answers = ", ".join(
                    f"{each.name.rpartition('.')[2]} {each.value}"
                    for each in self._verdicts_of(probe)
                )
                self._announce(f"{place} {probe.name} ({requests} requests): {answers}")
                break
        self._save()

    async def _ask_once(self, desk: Desk, probe: Probe) -> Observation:
        """Ask one probe; the state says beforehand what it may write, and then what it wrote."""
        state, meter = self._state, self._connection.meter
        desk.known = known_times(state.observations)
        calls = probe.planned_calls(len(desk.paths))
        desk.grant(calls)
        events, settled_at = state.events, state.settled_at
        written = meter.requests["CreateEvent"]
        state.events += calls.get("CreateEvent", 0)
        state.sessions += probe.sessions
        meter.reserve = self._removal().limit
        meter.require(1)
        state.settled_at = None
        self._save()
        known = state.observations
        try:
            seen = await _ask_for(probe, desk)
            known = known | {probe.name: seen}
        finally:
            state.events = events + meter.requests["CreateEvent"] - written
            until = self._connection.wall() + settle_s(probe, known)
            state.settled_at = max(settled_at or 0.0, until)
        return seen

    def _removal(self) -> Removal:
        """Return the cost of removing what the run has made, and what the next probe makes."""
        state = self._state
        if state.named_memory is None:
            return memory_removal(is_active=True)
        return actor_removal(
            events=state.events, sessions=state.sessions, paths=self._paths, settle_s=LONGEST_S
        )

    def _save(self) -> None:
        self._state.requests = self._connection.meter.total
        self._state.save()

    async def _memory(self) -> Memory:
        """Return the memory that was named, or make one and wait until it is active."""
        state, control = self._state, self._connection.control
        state.may_be_there = True
        state.save()
        if state.named_memory is not None:
            state.settled_at = self._connection.wall()  # nothing is written yet
            memory = await control.get_memory(state.named_memory)
            self._paths = len(templates_of(memory))
            return memory
        self._connection.meter.reserve = memory_removal(is_active=False).limit
        self._announce(f"making memory {state.memory_name}")
        sent_at = self._timer.now()
        with anyio.CancelScope(shield=True):  # whoever interrupts it waits for its id
            state.memory_id = (await create(self._connection, state)).memory_id
            state.save()
        memory_id, latest = str(state.memory_id), list[Memory]()
        answered_at = self._timer.now()

        async def look(_: set[str]) -> tuple[Reply, set[str]]:
            asked_at = self._timer.now()
            memory = await control.get_memory(memory_id)
            latest[:] = [memory]
            made = memory.status == "ACTIVE" and all(
                each.status in {None, "ACTIVE"} for each in memory.strategies
            )
            reply = Reply({}, None, asked_at, self._timer.now(), 1)
            return reply, {"memory"} if made else set()

        written = Reply({}, None, sent_at, answered_at, 1)
        seen = (await watch(self._timer, {"memory": written}, look))["memory"]
        if seen["after"] is None:
            message = f"the memory is {latest[0].status} after {LONGEST_S / 60:.0f} minutes"
            raise NoAnswerError(message)
        state.observations[PROVISIONING] = seen
        return latest[0]

    def report(self) -> Report:
        """Return the verdicts on all that was seen."""
        connection = self._connection
        verdicts = [self._provisioning()]
        for probe in self._probes:
            verdicts += self._verdicts_of(probe)
        return Report(
            service="aws" if connection.is_aws else "other",
            region=connection.region,
            measured_at=datetime.fromtimestamp(connection.wall(), UTC).isoformat(
                timespec="seconds"
            ),
            botocore=_version_of("botocore"),
            library=__version__,
            requests=connection.meter.total,
            verdicts=tuple(verdicts),
        )

    def _provisioning(self) -> Verdict:
        seen = self._state.observations.get(PROVISIONING)
        if seen is None:
            verdict = inconclusive(PROVISIONING, str(self._limit or "no memory was made"))
        else:
            verdict = evolve(duration(PROVISIONING, duration_of(seen)), evidence=seen)
        return evolve(verdict, question="How long is a memory being made?")

    def _verdicts_of(self, probe: Probe) -> list[Verdict]:
        seen = self._state.observations.get(probe.name)
        if seen is None:
            why = self._failures.get(probe.name) or str(self._limit or "it was not asked")
            verdicts = [inconclusive(name, why) for name in probe.answers]
        else:
            verdicts = [evolve(each, evidence=seen) for each in probe.decide(seen)]
        return [evolve(each, question=probe.question) for each in verdicts]


async def _ask_for(probe: Probe, desk: Desk) -> Observation:
    try:
        return await probe.ask(desk)
    except (KeyError, TypeError, AttributeError) as error:
        message = f"an answer is not as the service's model says: {type(error).__name__}"
        raise NoAnswerError(message) from error


def _version_of(distribution: str) -> str:
    with suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(distribution)
    return "unknown"
