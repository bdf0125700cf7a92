"""New events and records as they come: ``watch``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import anyio
from attrs import define, field
from typer import Argument, Option

from agentcore_memory_async.cli._command import Call, add
from agentcore_memory_async.cli._commands.conversations import Actor, content_of
from agentcore_memory_async.cli._output import Column

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from typer import Typer

    from agentcore_memory_async.manager import AsyncMemorySessionManager
    from agentcore_memory_async.models import Event, MemoryRecord
    from agentcore_memory_async.session import AsyncMemorySession

SESSIONS = 50
"""Sessions of an actor that are watched, the newest ones: each takes a request every time."""
EVENTS = 100
"""Newest events of a session that are looked at each time."""
LONGEST_S = 10_000_000.0
"""Longest time for which somebody watches, in seconds: 115 days, as of any wait."""
_EVENT: tuple[Column[Event], ...] = (
    Column("TIME", lambda event: event.timestamp, is_id=True),
    Column("KIND", lambda _: "event", is_id=True),
    Column("ID", lambda event: event.event_id, is_id=True),
    Column("WHERE", lambda event: event.session_id),
    Column("TEXT", content_of),
)
"""What is shown of an event."""
_RECORD: tuple[Column[MemoryRecord], ...] = (
    Column("TIME", lambda record: record.created_at, is_id=True),
    Column("KIND", lambda _: "record", is_id=True),
    Column("ID", lambda record: record.memory_record_id, is_id=True),
    Column("WHERE", lambda record: record.namespace),
    Column("TEXT", lambda record: record.text),
)
"""What is shown of a record."""


def register(app: Typer) -> None:
    """Add the commands to *app*."""
    add(
        app,
        watch,
        examples=(
            "agentcore-memory watch user123",
            "agentcore-memory watch user123 chat001 --prefix /facts/user123/ --for 60 --json",
        ),
    )


async def watch(
    call: Call,
    actor: Actor,
    session: Annotated[
        str | None, Argument(metavar="SESSION", help="Only this session; else the newest 50.")
    ] = None,
    prefix: Annotated[
        list[str] | None,
        Option(
            metavar="PREFIX",
            help="Where records are watched for; may be repeated. "
            "Without any, the actor's namespaces of the memory's strategies.",
        ),
    ] = None,
    interval: Annotated[
        float, Option(metavar="S", min=1, max=3600, help="Seconds between two looks.")
    ] = 5.0,
    seconds: Annotated[
        float,
        Option(
            "--for",
            metavar="S",
            min=0.001,
            max=LONGEST_S,
            show_default=False,
            help="End after these seconds.",
        ),
    ] = LONGEST_S,
) -> None:
    """Show new events and records of an actor as they come, until Ctrl-C."""
    from agentcore_memory_async.policies import PollPolicy

    prefixes = prefix or await _prefixes(call, actor)
    polling = PollPolicy(
        poll_times_s=(interval,), growth=0.0, min_interval=interval, max_interval=interval
    )
    async with call.connection.manager(
        allow_hierarchical_actor_ids=True, polling=polling
    ) as manager:
        events = EventWatch(manager, actor, session)
        await events.poll()  # what is there already is not new
        if not prefixes:
            call.output.note(
                f"watching the events of {actor}; no strategy of the memory files its records by "
                "actor, so give --prefix PATH for records"
            )
            await _show_events(call, events, interval, seconds)
            return
        poller = manager.extraction_poller(
            prefixes,
            timeout=seconds,
            until=lambda _: False,
            on_timeout="return",
        )
        async with poller, anyio.create_task_group() as group:
            call.output.note(f"watching {actor} and {', '.join(prefixes)}")
            group.start_soon(_show_events, call, events, interval, seconds)
            async for record in poller:
                call.output.show([record], _RECORD, headers=False)


async def _show_events(call: Call, events: EventWatch, interval: float, seconds: float) -> None:
    """Show new events until the time is over."""
    clock = call.connection.wait_clock
    end = clock.now() + seconds
    while clock.now() < end:
        await call.connection.rest(min(interval, end - clock.now()))
        call.output.show(await events.poll(), _EVENT, headers=False)


async def _prefixes(call: Call, actor: str) -> list[str]:
    """Return the prefixes of the memory's strategies for an actor; it may have none."""
    async with call.connection.control() as control:
        memory = await control.get_memory(call.connection.memory_id)
    templates = [
        template.replace("{memoryStrategyId}", strategy.memory_strategy_id)
        for strategy in memory.strategies
        for template in strategy.templates().values()
    ]
    found = [watched_prefix(template, actor) for template in templates]
    return list(dict.fromkeys(each for each in found if each.strip("/")))


def watched_prefix(template: str, actor: str) -> str:
    """Return the beginning of a template that is certain for *actor*; ``/`` where there is none."""
    certain = template.replace("{actorId}", actor).partition("{")[0]
    return certain if certain.endswith("/") else f"{certain.rpartition('/')[0]}/"


@define
class SeenEvents:
    """
    Events of a session that are not new.

    Attributes:
        ids: Their ids.
        since: Time of the oldest event that was looked at first; None where those were all.
    """

    ids: set[str] = field(factory=set[str])
    since: datetime | None = None

    def begin(self, found: Sequence[Event]) -> None:
        """Note what is there already; *found* are the newest events, newest first."""
        self.ids = {event.event_id for event in found}
        if len(found) == EVENTS:
            self.since = found[-1].timestamp

    def take_new(self, found: Sequence[Event]) -> list[Event]:
        """Return the new ones among *found*, which are not new from then on."""
        new = [
            event
            for event in found
            if event.event_id not in self.ids
            and (self.since is None or event.timestamp >= self.since)
        ]
        self.ids.update(event.event_id for event in new)
        return new


@define
class EventWatch:
    """
    Finds new events of an actor, on the main branches.

    An event is new if it was not there at the first poll, and is not older than what was looked at
    then: where one is deleted, an old one comes into sight.

    Attributes:
        manager: Open manager.
        actor_id: Actor id.
        session_id: The only session; None for the newest ones.
    """

    manager: AsyncMemorySessionManager
    actor_id: str
    session_id: str | None = None
    _seen: dict[str, SeenEvents] = field(factory=dict[str, SeenEvents], init=False)
    _has_polled: bool = field(default=False, init=False)

    async def poll(self) -> list[Event]:
        """Return the events that are new since the last poll, oldest first; none at the first."""
        new: list[Event] = []
        for session_id in await self._sessions():
            session = await self.manager.create_memory_session(
                self.actor_id, session_id, verify=False
            )
            found = await session.list_events(max_results=EVENTS, include_payloads=False)
            seen = self._seen.get(session_id)
            if seen is None:
                seen = self._seen[session_id] = SeenEvents()
                if not self._has_polled:
                    seen.begin(found)
            new += await _with_content(session, seen.take_new(found))
        self._has_polled = True
        return sorted(new, key=lambda event: event.timestamp)

    async def _sessions(self) -> list[str]:
        if self.session_id is not None:
            return [self.session_id]
        found = await self.manager.list_actor_sessions(self.actor_id)
        found.sort(key=lambda session: session.created_at, reverse=True)
        return [session.session_id for session in found[:SESSIONS]]


async def _with_content(session: AsyncMemorySession, events: Sequence[Event]) -> list[Event]:
    """Return *events* with their content, less those that were deleted meanwhile."""
    from agentcore_memory_async.errors import NotFoundError

    found: list[Event] = []
    for event in events:
        try:
            found.append(await session.get_event(event.event_id))
        except NotFoundError:
            continue
    return found
